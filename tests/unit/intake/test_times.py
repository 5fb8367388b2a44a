"""Days are the site's, instants UTC, and nothing is believed that can't be."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.intake.domain import times
from tests.unit.intake.examples import NOW, SPOKEN, ZONE

INSTANTS = st.integers(min_value=31_536_000, max_value=200_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
ZONES = st.sampled_from(["Asia/Shanghai", "UTC", "America/St_Johns", "Pacific/Apia"])


@pytest.mark.parametrize(
    ("local", "wake"),
    [
        ("2026-11-23 09:00", "2026-11-24 00:00"),
        ("2026-11-23 22:00", "2026-11-24 00:00"),
        ("2026-11-23 22:30", "2026-11-24 00:30"),
        ("2026-11-23 23:59", "2026-11-24 01:59"),
        ("2026-11-24 00:00", "2026-11-25 00:00"),
    ],
)
def test_the_first_wake_up_is_the_end_of_the_day_with_a_floor(local: str, wake: str) -> None:
    instant = datetime.fromisoformat(local).replace(tzinfo=ZONE)
    assert times.first_wake(instant, ZONE) == datetime.fromisoformat(wake).replace(tzinfo=ZONE)


@given(INSTANTS, ZONES)
def test_a_wake_up_lies_two_hours_to_a_day_and_a_bit_ahead(instant: datetime, zone: str) -> None:
    ahead = times.first_wake(instant, ZoneInfo(zone)) - instant
    # A day that loses its midnight or gains an hour to summer time is at most 26 hours long.
    assert timedelta(hours=2) <= ahead <= timedelta(hours=26)


def test_a_time_is_believed_up_to_five_minutes_ahead() -> None:
    assert times.believed(None, NOW, "t") == NOW
    ahead = NOW + timedelta(minutes=5)
    assert times.believed(ahead, NOW, "t") == ahead
    with pytest.raises(Refused, match="TIME_IN_FUTURE"):
        times.believed(ahead + timedelta(microseconds=1), NOW, "t")


def test_nothing_happens_before_the_appeal() -> None:
    skewed = SPOKEN - timedelta(minutes=5)
    assert times.believed(skewed, NOW, "t", not_before=SPOKEN) == skewed
    with pytest.raises(Refused, match="INVALID_FIELD") as caught:
        times.believed(skewed - timedelta(seconds=1), NOW, "verify_time", not_before=SPOKEN)
    assert caught.value.fields[0].field == "verify_time"


def test_a_promise_is_for_today_or_later_at_the_site() -> None:
    late = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # 00:30 on the 24th at the mine
    assert times.kept_promise_day(date(2026, 11, 24), late, ZONE) == date(2026, 11, 24)
    with pytest.raises(Refused, match="PROMISE_IN_PAST"):
        times.kept_promise_day(date(2026, 11, 23), late, ZONE)
    with pytest.raises(Refused, match="INVALID_FIELD"):
        times.kept_promise_day(date(9999, 12, 31), late, ZONE)


@pytest.mark.parametrize("day", [date(2020, 1, 1), date(9999, 12, 31)])
def test_a_day_is_refused_by_the_name_that_the_request_gives_it(day: date) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for told, field in (((), "promised_date"), (("next_date",), "next_date")):
        with pytest.raises(Refused) as refused:
            times.kept_promise_day(day, now, ZONE, *told)
        assert refused.value.metadata["field"] == field
        assert [one.field for one in refused.value.fields] in ([], [field])


@pytest.mark.parametrize("day", [date.min, date.max, date(2026, 11, 23)])
def test_a_period_asked_for_always_has_instants(day: date) -> None:
    assert times.start_of_day(times.bounded(day), ZONE) < times.end_of_day(times.bounded(day), ZONE)
