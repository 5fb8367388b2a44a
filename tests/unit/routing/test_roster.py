"""Who is on duty: across midnight, over ranges of days, and never two where one is meant."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.roster import Shift, check, on_duty, overlap

DAY = date(2026, 11, 23)
HOUR = 3600


def shift(
    person: str = "p1",
    start: int = 8 * HOUR,
    end: int = 16 * HOUR,
    *,
    first: date = DAY,
    days: int = 1,
    post: str = "",
    position: str = "DUTY_LEAD",
) -> Shift:
    last = first + timedelta(days=days - 1)
    return Shift(post, "" if post else position, person, first, last, start, end)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - wall clock


def faults(*shifts: Shift) -> list[str]:
    found = check(shifts, posts=["desk", "door"], positions=["DUTY_LEAD"], people=["p1", "p2"])
    return [fault.field for fault in found]


def test_a_day_shift_begins_at_its_start_and_is_over_at_its_end() -> None:
    day = shift()
    assert not day.covers(at(DAY, 7, 59))
    assert day.covers(at(DAY, 8))
    assert day.covers(at(DAY, 15, 59))
    assert not day.covers(at(DAY, 16))
    assert not day.covers(at(DAY + timedelta(days=1), 9))


def test_a_night_shift_reaches_into_the_morning_after_its_last_day() -> None:
    night = shift(start=22 * HOUR, end=6 * HOUR, days=2)
    assert night.covers(at(DAY, 22))
    assert night.covers(at(DAY + timedelta(days=1), 5, 59))
    assert night.covers(at(DAY + timedelta(days=2), 5, 59))
    assert not night.covers(at(DAY + timedelta(days=2), 6))
    assert not night.covers(at(DAY + timedelta(days=2), 22))
    assert not night.covers(at(DAY, 5))


def test_a_shift_may_end_at_midnight_and_may_last_a_whole_day() -> None:
    evening = shift(start=16 * HOUR, end=24 * HOUR)
    assert evening.covers(at(DAY, 23, 59))
    assert not evening.covers(at(DAY + timedelta(days=1), 0))
    assert shift(start=8 * HOUR, end=8 * HOUR).covers(at(DAY + timedelta(days=1), 7, 59))


def test_the_shift_that_is_on_is_found() -> None:
    shifts = [shift("p1"), shift("p2", 16 * HOUR, 24 * HOUR)]
    found = on_duty(shifts, at(DAY, 16))
    assert found is not None
    assert found.person_id == "p2"
    assert on_duty(shifts, at(DAY, 3)) is None


def test_a_position_has_one_person_at_a_time_a_post_may_have_several() -> None:
    assert faults(shift("p1"), shift("p2", 15 * HOUR, 20 * HOUR)) == ["shifts[1]"]
    assert faults(shift("p1"), shift("p2", 16 * HOUR, 20 * HOUR)) == []
    assert faults(shift("p1", post="desk"), shift("p2", post="desk")) == []


def test_nobody_stands_at_two_posts_at_once() -> None:
    assert faults(shift("p1", post="desk"), shift("p1", post="door")) == ["shifts[1]"]
    assert faults(shift("p1", post="desk"), shift("p1")) == []


def test_a_night_shift_meets_the_next_days_early_one() -> None:
    night = shift("p1", 22 * HOUR, 6 * HOUR)
    early = shift("p2", 5 * HOUR, 13 * HOUR, first=DAY + timedelta(days=1))
    assert faults(night, early) == ["shifts[1]"]
    assert faults(early, night) == ["shifts[0]"]


def test_strangers_and_contradictions_are_refused() -> None:
    assert faults(shift("p9")) == ["shifts[0].person_id"]
    assert faults(shift(post="gone")) == ["shifts[0].post_id"]
    assert faults(shift(position="GONE")) == ["shifts[0].position_id"]
    assert faults(shift(days=0)) == ["shifts[0].end_date"]
    assert faults(Shift("", "", "p1", DAY, DAY, 0, HOUR)) == ["shifts[0]"]
    assert faults(Shift("desk", "DUTY_LEAD", "p1", DAY, DAY, 0, HOUR)) == ["shifts[0]"]


hours = st.integers(0, 23)
any_shift = st.builds(
    lambda start, end, first, days: shift(
        start=start * HOUR, end=end * HOUR, first=DAY + timedelta(days=first), days=days
    ),
    hours,
    st.integers(0, 24),
    st.integers(0, 4),
    st.integers(1, 3),
)


@given(any_shift, any_shift)
def test_overlap_agrees_with_looking_at_every_half_hour(one: Shift, other: Shift) -> None:
    moments = [at(DAY, 0) + timedelta(minutes=30 * step) for step in range(48 * 10)]
    together = any(one.covers(moment) and other.covers(moment) for moment in moments)
    assert overlap(one, other) == overlap(other, one) == together
