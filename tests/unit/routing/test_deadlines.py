"""By when: what the calendar must be asked for, and what it settles."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chassis.errors import Refused
from services.routing.domain.deadlines import (
    NOTHING_TOLD,
    CalendarUnknown,
    Deadline,
    Told,
    settle,
)
from services.routing.domain.directory import Site

SHANGHAI = ZoneInfo("Asia/Shanghai")
SITE = Site("yuwu", "余吾", "YW", SHANGHAI, 1, 1, 0, date(2026, 11, 20))
# A Friday, 23:30 at the site; in London it is the afternoon.
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=SHANGHAI)


def asked(*deadlines: Deadline, allow: bool = False) -> CalendarUnknown:
    with pytest.raises(CalendarUnknown) as unknown:
        settle(deadlines, SITE, NOW, NOTHING_TOLD, allow_rest_day=allow)
    return unknown.value


def at(time: datetime, told: Told = NOTHING_TOLD, *, allow: bool = False) -> datetime:
    (found,) = settle([Deadline(time, "f")], SITE, NOW, told, allow_rest_day=allow)
    return found


def test_working_days_are_counted_from_the_sites_today() -> None:
    unknown = asked(Deadline(None, "f", 3), Deadline(MIDNIGHT, "g"))
    assert unknown.site_id == "yuwu"
    assert unknown.ends == {(FRIDAY, 3)}
    assert unknown.days == {FRIDAY}
    end = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    told = Told({(FRIDAY, 3): end}, {FRIDAY: True})
    both = [Deadline(None, "f", 3), Deadline(MIDNIGHT, "g")]
    assert settle(both, SITE, NOW, told, allow_rest_day=False) == [end, MIDNIGHT]


def test_a_deadline_at_midnight_is_of_the_day_that_ends() -> None:
    assert at(MIDNIGHT, Told({}, {FRIDAY: True})) == MIDNIGHT
    just_after = MIDNIGHT + timedelta(microseconds=1)
    with pytest.raises(Refused, match="DEADLINE_ON_REST_DAY") as refused:
        at(just_after, Told({}, {SATURDAY: False}))
    assert refused.value.metadata == {"date": "2026-11-21", "field": "f"}


def test_a_rest_day_that_is_meant_is_not_looked_up() -> None:
    saturday = MIDNIGHT + timedelta(hours=9)
    assert at(saturday, allow=True) == saturday
    assert asked(Deadline(None, "f", 1), Deadline(saturday, "g"), allow=True).days == frozenset()


def test_what_no_task_may_have_is_not_looked_up() -> None:
    for time in (NOW, NOW - timedelta(days=1), NOW + timedelta(days=3661)):
        assert at(time) == time


def test_only_what_is_open_still_is_asked() -> None:
    known = Told({(FRIDAY, 3): MIDNIGHT}, {FRIDAY: True})
    with pytest.raises(CalendarUnknown) as unknown:
        settle(
            [Deadline(None, "f", 3), Deadline(None, "g", 4), Deadline(MIDNIGHT, "h")],
            SITE,
            NOW,
            known,
            allow_rest_day=False,
        )
    assert unknown.value.ends == {(FRIDAY, 4)}
    assert unknown.value.days == frozenset()


def test_what_was_told_adds_up() -> None:
    both = Told({(FRIDAY, 1): MIDNIGHT}).beside(Told({}, {SATURDAY: False}))
    assert both == Told({(FRIDAY, 1): MIDNIGHT}, {SATURDAY: False})
