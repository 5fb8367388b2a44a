"""When an entry is late: by the receiver's shift, else by the site's hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.intake.domain.lateness import (
    SHIFTS_AHEAD,
    SHIFTS_BEHIND,
    RosterShift,
    Span,
    is_late,
    spans,
)

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
HOUR = 3_600


def utc(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def shift(start: int, end: int, *days: date) -> RosterShift:
    first, last = days or (TODAY, TODAY)
    return RosterShift("c-1", first, last, start * HOUR, end * HOUR)


def test_a_shift_is_a_span_of_each_of_its_days() -> None:
    found = spans([shift(8, 16, TODAY, date(2026, 11, 24))], ZONE, NOW)
    assert found == [Span("c-1", utc(23, 0), utc(23, 8)), Span("c-1", utc(24, 0), utc(24, 8))]


@pytest.mark.parametrize(
    ("start", "end", "hours"), [(22, 6, 8), (8, 8, 24), (16, 24, 8), (0, 24, 24), (0, 0, 24)]
)
def test_a_shift_may_cross_midnight(start: int, end: int, hours: int) -> None:
    (found,) = spans([shift(start, end)], ZONE, NOW)
    assert found.end_time - found.start_time == timedelta(hours=hours)


def test_of_two_that_begin_at_once_the_longer_counts() -> None:
    assert spans([shift(8, 16), shift(8, 20), shift(8, 12)], ZONE, NOW) == [
        Span("c-1", utc(23, 0), utc(23, 12))
    ]


def test_a_shift_without_an_end_in_sight_is_bounded() -> None:
    found = spans([shift(8, 16, date(1990, 1, 1), date(9998, 12, 31))], ZONE, NOW)
    assert len(found) == (SHIFTS_BEHIND + SHIFTS_AHEAD).days + 1
    assert spans([shift(8, 16, date(1990, 1, 1), date(2026, 1, 1))], ZONE, NOW) == []


def test_a_shift_has_the_length_that_the_clock_gives_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    day = date(2026, 10, 25)
    (found,) = spans([shift(0, 8, day, day)], berlin, NOW)
    assert found.end_time - found.start_time == timedelta(hours=9)
    # An hour that there never was.
    gap = date(2026, 3, 29)
    assert spans([shift(2, 3, gap, gap)], berlin, datetime(2026, 4, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("recorded", "end", "late"),
    [
        (utc(23, 8), utc(23, 8), False),
        (utc(23, 8) + timedelta(microseconds=1), utc(23, 8), True),
        # After twelve hours, but before the end of a long shift.
        (utc(23, 14), utc(23, 15), False),
        (utc(23, 12), None, False),
        (utc(23, 12) + timedelta(microseconds=1), None, True),
    ],
)
def test_the_end_of_the_shift_decides_where_there_is_one(
    recorded: datetime, end: datetime | None, late: bool
) -> None:
    assert is_late(utc(23, 0), recorded, end, 12) is late
