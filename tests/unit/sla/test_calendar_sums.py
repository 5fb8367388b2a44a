"""Sums of working days and hours: counting undoes adding, and asking day by day agrees."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain.calendar import Calendar
from tests.unit.sla.plans import calendars, days, instants

DAY = timedelta(days=1)


@given(calendars, days, st.integers(1, 60))
def test_adding_working_days_and_counting_them(calendar: Calendar, day: date, count: int) -> None:
    later, _ = calendar.add_working_days(day, count)
    assert calendar.is_working(later)
    assert calendar.working_days_between(day, later) == count
    assert calendar.working_days_between(day, later - DAY) == count - 1
    before = calendar.working_day_before(later, count)
    # Back on a rest day's last working day, as there is none to begin from.
    assert before == (day if calendar.is_working(day) else calendar.working_day_before(day))


@given(calendars, days, st.integers(0, 60))
def test_working_days_by_asking_every_day(calendar: Calendar, day: date, count: int) -> None:
    later, provisional = calendar.add_working_days(day, count)
    way = [day + number * DAY for number in range(1, (later - day).days + 1)]
    assert sum(calendar.is_working(d) for d in way) == count
    assert provisional == any(calendar.day(d).provisional for d in way)


@given(calendars, instants, st.integers(0, 200))
def test_adding_working_time_and_measuring_it(
    calendar: Calendar, start: datetime, halves: int
) -> None:
    amount = halves * timedelta(minutes=30)
    end, _ = calendar.add_working_time(start, amount)
    assert calendar.working_time_between(start, end) == amount
    # And no sooner.
    if amount:
        assert calendar.working_time_between(start, end - timedelta(seconds=1)) < amount


@given(calendars, instants, st.integers(0, 30 * 48))
def test_working_time_by_looking_at_the_clock_every_half_hour(
    calendar: Calendar, start: datetime, halves: int
) -> None:
    step, counted = timedelta(minutes=30), 0
    for number in range(halves):
        wall = (start + number * step).astimezone(calendar.zone)
        minute = wall.hour * 60 + wall.minute
        counted += any(
            window.start <= minute < window.end for window in calendar.day(wall.date()).windows
        )
    assert calendar.working_time_between(start, start + halves * step) == counted * step


@given(
    calendars,
    instants,
    st.integers(1, 100),
    st.lists(st.tuples(st.integers(-50, 600), st.integers(0, 200)), max_size=4),
)
def test_working_time_left_out_is_made_up_for(
    calendar: Calendar, start: datetime, halves: int, drawn: list[tuple[int, int]]
) -> None:
    half = timedelta(minutes=30)
    amount = halves * half
    spans = [(start + since * half, start + (since + length) * half) for since, length in drawn]
    end, _ = calendar.add_working_time(start, amount, without=spans)
    assert end >= calendar.add_working_time(start, amount)[0]
    outside = [
        start + number * half
        for number in range((end - start) // half)
        if not any(since <= start + number * half < until for since, until in spans)
    ]
    counted = sum(
        (calendar.working_time_between(at, at + half) for at in outside), timedelta(0)
    ) + calendar.working_time_between(start + ((end - start) // half) * half, end)
    assert counted == amount
