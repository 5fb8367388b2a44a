"""When a clock is due: the worked examples, a second implementation, and what must always hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import Due, Span, due, paused_days
from services.sla.domain.kinds import ClockKind, Counting, DayEnd
from services.sla.domain.policy import DEFAULTS, ClockRule
from tests.unit.sla import naive
from tests.unit.sla.plans import DEFAULT, calendars, instants, local

FIRST_REPLY = DEFAULTS[ClockKind.FIRST_REPLY]
PLAN = DEFAULTS[ClockKind.PLAN]
PROMISE = DEFAULTS[ClockKind.RESOLUTION]
SILENCE = DEFAULTS[ClockKind.SILENCE]
HOUR = timedelta(hours=1)

# Drawing a calendar may take its time.
unhurried = settings(deadline=None)

# Occurred, first reply due, plan due, whether the plan's is provisional: Asia/Shanghai, the default
# policy; why, in the words of the domain's table.
EXAMPLES = [
    pytest.param(*row[:4], id=row[4])
    for row in [
        ("2026-11-23 09:00", "2026-11-24 00:00", "2026-11-27 00:00", False, "Tue Wed Thu"),
        ("2026-11-20 23:59:30", "2026-11-21 01:59:30", "2026-11-26 00:00", False, "floor of 2 h"),
        ("2026-11-22 10:00", "2026-11-23 00:00", "2026-11-26 00:00", False, "a Sunday"),
        ("2026-09-30 10:00", "2026-10-01 00:00", "2026-10-11 00:00", False, "National Day"),
        ("2026-02-13 18:30", "2026-02-14 00:00", "2026-02-26 00:00", False, "Spring Festival"),
        ("2026-04-30 08:00", "2026-05-01 00:00", "2026-05-09 00:00", False, "Labour Day"),
        ("2026-05-09 10:00", "2026-05-10 00:00", "2026-05-14 00:00", False, "a make-up day itself"),
        (
            "2026-09-18 10:00",
            "2026-09-19 00:00",
            "2026-09-23 00:00",
            False,
            "through a make-up day",
        ),
        ("2026-12-29 08:00", "2026-12-30 00:00", "2027-01-05 00:00", True, "into an unknown year"),
    ]
]


@pytest.mark.parametrize(("occurred", "first_reply", "plan", "provisional"), EXAMPLES)
def test_worked_examples(occurred: str, first_reply: str, plan: str, provisional: bool) -> None:
    start = local(occurred)
    assert due(FIRST_REPLY, DEFAULT, start) == Due(local(first_reply))
    assert due(PLAN, DEFAULT, start) == Due(local(plan), provisional)


def test_due_times_are_in_utc() -> None:
    start = local("2026-11-23 09:00")
    for rule in (PLAN, working_time(8 * HOUR), SILENCE):
        assert due(rule, DEFAULT, start).time.tzinfo is UTC


def working_time(amount: timedelta) -> ClockRule:
    return replace(PLAN, counting=Counting.WORKING_TIME, amount=int(amount.total_seconds()))


def calendar_days(count: int) -> ClockRule:
    return replace(SILENCE, amount=count)


def by_hours(rule: ClockRule) -> ClockRule:
    return replace(rule, day_end=DayEnd.CLOSE_OF_BUSINESS)


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        pytest.param("2026-11-23 09:00", 7, "2026-12-01 00:00", id="a Monday"),
        # The 15th day is a Sunday.
        pytest.param("2026-11-21 09:00", 15, "2026-12-08 00:00", id="ends on a rest day"),
        pytest.param("2026-09-24 09:00", 8, "2026-10-09 00:00", id="ends in National Day"),
        # 20 September 2026 is a Sunday that is worked.
        pytest.param("2026-09-05 09:00", 15, "2026-09-21 00:00", id="ends on a make-up day"),
    ],
)
def test_calendar_days(start: str, count: int, expected: str) -> None:
    assert due(calendar_days(count), DEFAULT, local(start)) == Due(local(expected))


def test_calendar_days_ask_only_for_the_day_they_end_on() -> None:
    # Through all of 2027, which nobody has announced, to a day of a year that is.
    plan = DEFAULT.plan
    years = (*plan.years, replace(plan.years[-1], year=2028, holidays=(), makeup_days=frozenset()))
    calendar = Calendar(DEFAULT.zone, replace(plan, years=years))
    start = local("2026-12-31 09:00")
    assert due(calendar_days(368), calendar, start) == Due(local("2028-01-04 00:00"))
    assert due(calendar_days(30), calendar, start).provisional


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-23 09:00", 8, "2026-11-24 09:00"),
        # The end of a window is reached at its end.
        ("2026-11-23 08:00", 8, "2026-11-23 18:00"),
        ("2026-11-23 17:00", 1, "2026-11-23 18:00"),
        ("2026-11-23 17:00", 2, "2026-11-24 09:00"),
        ("2026-11-27 19:00", 4, "2026-11-30 12:00"),
    ],
)
def test_working_time(start: str, hours: int, expected: str) -> None:
    assert due(working_time(hours * HOUR), DEFAULT, local(start)) == Due(local(expected))


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-23 09:00", "2026-11-23 18:00"),
        ("2026-11-23 16:00", "2026-11-23 18:00"),
        ("2026-11-23 16:30", "2026-11-23 18:30"),
        ("2026-11-23 23:30", "2026-11-24 01:30"),
        # A Sunday has no hours that could close.
        ("2026-11-22 09:00", "2026-11-23 00:00"),
    ],
)
def test_the_same_day_ends_at_the_close_of_business(start: str, expected: str) -> None:
    assert due(by_hours(FIRST_REPLY), DEFAULT, local(start)) == Due(local(expected))


def test_working_days_end_at_the_close_of_business_where_it_is_said() -> None:
    start = local("2026-11-23 09:00")
    assert due(by_hours(PLAN), DEFAULT, start) == Due(local("2026-11-26 18:00"))


def test_a_given_deadline_is_as_given_rest_day_or_not() -> None:
    sunday = local("2026-11-30 00:00")
    assert due(PROMISE, DEFAULT, local("2026-11-23 09:00"), sunday) == Due(sunday)


@pytest.mark.parametrize("counting", [Counting.LADDER, Counting.OFF, Counting.GIVEN])
def test_what_counts_nothing_itself_is_an_error(counting: Counting) -> None:
    with pytest.raises(ValueError, match=counting):
        due(replace(PLAN, counting=counting), DEFAULT, local("2026-11-23 09:00"))


# Pauses ---------------------------------------------------------------------------------------


def stood_still(start: str, end: str | None) -> Span:
    return Span(local(start), None if end is None else local(end))


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-24 10:00", "2026-11-24 10:01", [24]),
        ("2026-11-24 10:00", "2026-11-25 00:00", [24]),
        ("2026-11-24 00:00", "2026-11-25 00:00:01", [24, 25]),
        ("2026-11-24 23:59", "2026-11-27 09:00", [24, 25, 26, 27]),
        ("2026-11-24 10:00", None, []),
    ],
)
def test_days_touched_by_a_pause(start: str, end: str | None, days: list[int]) -> None:
    found = paused_days(DEFAULT, [stood_still(start, end)])
    assert sorted(day.day for day in found) == days


def test_each_working_day_touched_moves_a_deadline_by_one() -> None:
    start = local("2026-11-23 09:00")
    # Tuesday and Wednesday, each in part; due on Thursday otherwise.
    pauses = [stood_still("2026-11-24 17:00", "2026-11-25 09:00")]
    assert due(PLAN, DEFAULT, start, None, pauses).time == local("2026-12-01 00:00")
    given = local("2026-11-26 15:00")
    assert due(PROMISE, DEFAULT, start, given, pauses).time == local("2026-11-30 15:00")
    # The same day twice is one day.
    twice = [*pauses, stood_still("2026-11-25 10:00", "2026-11-25 11:00")]
    assert due(PLAN, DEFAULT, start, None, twice).time == local("2026-12-01 00:00")


def test_a_weekend_that_is_paused_moves_no_promise_unless_it_ends_on_it() -> None:
    start = local("2026-11-23 09:00")
    weekend = [stood_still("2026-11-28 09:00", "2026-11-29 18:00")]
    monday, sunday = local("2026-12-01 00:00"), local("2026-11-30 00:00")
    assert due(PROMISE, DEFAULT, start, monday, weekend).time == monday
    assert due(PROMISE, DEFAULT, start, sunday, weekend).time == monday


def test_a_period_of_calendar_days_does_not_end_on_a_paused_day() -> None:
    # The 7th day, a Saturday, moves to Monday, and stands still on it.
    start = local("2026-11-21 09:00")
    pauses = [stood_still("2026-11-30 10:00", "2026-11-30 12:00")]
    assert due(calendar_days(7), DEFAULT, start, None, pauses).time == local("2026-12-02 00:00")


def test_working_time_of_a_pause_is_made_up_for() -> None:
    start = local("2026-11-23 09:00")
    pauses = [stood_still("2026-11-23 11:00", "2026-11-23 15:00")]
    moved = due(working_time(3 * HOUR), DEFAULT, start, None, pauses)
    assert moved.time == local("2026-11-23 16:00")


# What must always hold ------------------------------------------------------------------------

# Any instant from which the naive model stays within the announced years.
announced = st.timedeltas(
    timedelta(0), datetime(2026, 10, 1, tzinfo=UTC) - datetime(2004, 1, 2, tzinfo=UTC)
).map(lambda passed: datetime(2004, 1, 2, tzinfo=UTC) + passed)


@unhurried
@given(announced)
def test_agrees_with_the_naive_first_reply(occurred: datetime) -> None:
    assert due(FIRST_REPLY, DEFAULT, occurred).time == naive.first_reply_due(occurred)


@unhurried
@given(announced, st.integers(1, 30))
def test_agrees_with_the_naive_working_days(start: datetime, count: int) -> None:
    rule = replace(PLAN, amount=count)
    assert due(rule, DEFAULT, start) == Due(naive.working_days_due(start, count), provisional=False)


def anywhere(rules: st.SearchStrategy[ClockRule]) -> st.SearchStrategy[ClockRule]:
    return st.builds(replace, rules, day_end=st.sampled_from(DayEnd))


pausable = anywhere(
    st.one_of(
        st.builds(lambda count: replace(PLAN, amount=count), st.integers(1, 12)),
        st.builds(calendar_days, st.integers(1, 20)),
        st.builds(
            lambda minutes: working_time(timedelta(minutes=minutes)), st.integers(1, 40 * 60)
        ),
    )
)
counted = st.one_of(
    pausable,
    anywhere(
        st.builds(
            lambda floor: replace(FIRST_REPLY, floor=floor),
            st.timedeltas(timedelta(0), timedelta(days=1)),
        )
    ),
    st.just(DEFAULTS[ClockKind.REMINDER]),
)
lengths = st.timedeltas(timedelta(0), timedelta(days=12))


@unhurried
@given(counted, calendars, instants, lengths)
def test_what_starts_later_is_never_due_earlier(
    rule: ClockRule, calendar: Calendar, start: datetime, later: timedelta
) -> None:
    assert due(rule, calendar, start).time <= due(rule, calendar, start + later).time


@unhurried
@given(counted, calendars, instants)
def test_a_deadline_is_not_before_its_start_and_keeps_the_floor(
    rule: ClockRule, calendar: Calendar, start: datetime
) -> None:
    deadline = due(rule, calendar, start).time
    assert deadline >= start + rule.floor
    assert deadline > start or rule.counting is Counting.SAME_DAY
    if rule.counting is Counting.WORKING_DAYS:
        last = calendar.local_day(deadline - timedelta(microseconds=1))
        assert calendar.is_working(last)
        assert (last - calendar.local_day(start)).days >= rule.amount


@st.composite
def paused_lives(draw: st.DrawFn) -> tuple[datetime, list[Span]]:
    """Draws a start and pauses after it, which don't overlap."""
    start = draw(instants)
    pauses, last = [], start
    for _ in range(draw(st.integers(0, 4))):
        begins = last + draw(lengths)
        last = begins + draw(lengths)
        pauses.append(Span(begins, last))
    return start, pauses


givens = st.timedeltas(timedelta(minutes=1), timedelta(days=40))


@unhurried
@given(st.one_of(pausable, st.just(PROMISE)), calendars, paused_lives(), givens, st.data())
def test_pausing_more_is_never_due_earlier(
    rule: ClockRule,
    calendar: Calendar,
    life: tuple[datetime, list[Span]],
    length: timedelta,
    data: st.DataObject,
) -> None:
    start, pauses = life
    given_time = start + length
    times = [
        due(rule, calendar, start, given_time, pauses[:count]).time
        for count in range(len(pauses) + 1)
    ]
    assert times == sorted(times)
    if pauses:
        # The last one longer, too.
        *before, last = pauses
        assert last.end is not None
        longer = Span(last.start, last.end + data.draw(lengths))
        assert due(rule, calendar, start, given_time, [*before, longer]).time >= times[-1]


@unhurried
@given(st.one_of(pausable, st.just(PROMISE)), calendars, paused_lives(), givens)
def test_nothing_is_due_while_it_stands_still(
    rule: ClockRule, calendar: Calendar, life: tuple[datetime, list[Span]], length: timedelta
) -> None:
    start, pauses = life
    happened: list[Span] = []
    for span in pauses:
        if due(rule, calendar, start, start + length, happened).time <= span.start:
            break
        happened.append(span)
        # It had time left, and has some still when it runs again.
        assert span.end is not None
        assert due(rule, calendar, start, start + length, happened).time > span.end


def test_another_zone_has_other_days() -> None:
    urumqi = Calendar(ZoneInfo("Asia/Urumqi"), DEFAULT.plan)
    late = local("2026-11-23 01:00")
    assert due(PLAN, urumqi, late).time == datetime(2026, 11, 25, 18, tzinfo=UTC)
    assert due(PLAN, DEFAULT, late).time == datetime(2026, 11, 26, 16, tzinfo=UTC)
