"""An explanation never tells another story than the clock: same days, same deadline, or none."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import Due, Span, due
from services.sla.domain.explain import Explanation, explain
from services.sla.domain.kinds import ClockKind, Consequence, Counting, DayEnd
from services.sla.domain.policy import ClockRule
from tests.unit.sla.plans import DEFAULT, calendars, instants, local

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
HALF = timedelta(minutes=30)


def rule(counting: Counting, amount: int = 0, **terms: object) -> ClockRule:
    return replace(ClockRule(counting, Consequence.LADDER, amount), **terms)  # type: ignore[arg-type]


counted_rules = st.one_of(
    st.builds(
        rule,
        st.sampled_from([Counting.WORKING_DAYS, Counting.CALENDAR_DAYS]),
        st.integers(1, 30),
        day_end=st.sampled_from(DayEnd),
    ),
    st.builds(
        rule,
        st.just(Counting.WORKING_TIME),
        st.integers(1, 400).map(lambda quarters: quarters * 900),
    ),
)
pauses_from = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 300)), max_size=3)


def spans_of(start: datetime, drawn: list[tuple[int, int]]) -> list[Span]:
    return [Span(start + at * HALF, start + (at + length) * HALF) for at, length in drawn]


def without_names(text: str, explanation: Explanation) -> str:
    for name in sorted({day.name for day in explanation.days}, key=len, reverse=True):
        text = text.replace(name, "") if name else text
    return text


def assert_sound(explanation: Explanation, calendar: Calendar, start: datetime) -> None:
    days = [day.date for day in explanation.days]
    assert days[0] == calendar.local_day(start)
    assert all(later - earlier == DAY for earlier, later in pairwise(days))
    # Punctuation is full-width in Chinese, but for the colon of a clock. Names are as they are.
    for text in (explanation.summary_zh, *(day.zh for day in explanation.days)):
        own = without_names(text, explanation)
        assert own.endswith("。") and not re.search(r"[,;!?()]|:(?!\d\d)|\.", own), own
    for text in (explanation.summary_en, *(day.en for day in explanation.days)):
        own = without_names(text, explanation)
        assert own.endswith(".") and not re.search(r"[，。：；！？（）、]", own), own
    assert explanation.due.provisional == any(day.provisional for day in explanation.days)


@given(counted_rules, calendars, instants, pauses_from)
def test_what_is_counted_ends_on_the_due_day(
    terms: ClockRule, calendar: Calendar, start: datetime, drawn: list[tuple[int, int]]
) -> None:
    spans = spans_of(start, drawn)
    deadline = due(terms, calendar, start, None, spans)
    explanation = explain(terms, calendar, start, None, spans, deadline, ClockKind.PLAN)
    assert explanation.due == deadline
    if "未逐日列出" not in explanation.summary_zh:
        assert_sound(explanation, calendar, start)
        ordinals = [day.ordinal for day in explanation.days if day.ordinal]
        assert ordinals == list(range(1, len(ordinals) + 1))
        if terms.counting is Counting.WORKING_TIME:
            counted = sum((day.counted_time for day in explanation.days), timedelta(0))
            assert counted == timedelta(seconds=terms.amount)
        else:
            assert len(ordinals) == terms.amount
    last = explanation.days[-1]
    assert last.ordinal
    assert last.date == calendar.local_day(deadline.time - INSTANT)


@given(calendars, instants, st.integers(-100, 1500), st.booleans(), pauses_from)
def test_what_is_given_moves_to_the_due_day(
    calendar: Calendar, start: datetime, ahead: int, whole: bool, drawn: list[tuple[int, int]]
) -> None:
    terms, promised = rule(Counting.GIVEN), start + ahead * HALF
    if whole:
        promised = calendar.end_of(calendar.local_day(promised))
    spans = spans_of(start, drawn)
    deadline = due(terms, calendar, start, promised, spans)
    explanation = explain(terms, calendar, start, promised, spans, deadline, ClockKind.WORK_ORDER)
    ordinals = [day.ordinal for day in explanation.days if day.ordinal]
    assert ordinals == list(range(1, len(ordinals) + 1))
    assert bool(ordinals) == (deadline.time != promised)
    if deadline.time > start:
        assert explanation.days[-1].date == calendar.local_day(deadline.time - INSTANT)
    if ordinals:
        assert explanation.days[-1].ordinal == len(ordinals)


@given(calendars, instants, st.integers(0, 24), st.sampled_from(DayEnd))
def test_the_same_day_is_told_of_every_start(
    calendar: Calendar, start: datetime, floor: int, day_end: DayEnd
) -> None:
    terms = rule(Counting.SAME_DAY, floor=timedelta(hours=floor), day_end=day_end)
    deadline = due(terms, calendar, start)
    explanation = explain(terms, calendar, start, None, (), deadline, ClockKind.FIRST_REPLY)
    assert explanation.days[0].date == calendar.local_day(start)
    if deadline.time > start:
        assert explanation.days[-1].date == calendar.local_day(deadline.time - INSTANT)


@pytest.mark.parametrize(
    ("terms", "start", "given_until"),
    [
        (rule(Counting.WORKING_DAYS, 3), "2026-11-23 09:00", None),
        (rule(Counting.CALENDAR_DAYS, 3), "2026-11-23 09:00", None),
        (rule(Counting.WORKING_TIME, 3600), "2026-11-23 09:00", None),
        (rule(Counting.SAME_DAY, floor=timedelta(hours=2)), "2026-11-23 09:00", None),
        (rule(Counting.GIVEN), "2026-11-23 09:00", "2026-11-27 00:00"),
    ],
)
@pytest.mark.parametrize("off_by", [-DAY, DAY, timedelta(seconds=-1), timedelta(seconds=1)])
def test_a_deadline_that_the_count_does_not_come_to_is_not_explained(
    terms: ClockRule, start: str, given_until: str | None, off_by: timedelta
) -> None:
    began, until = local(start), local(given_until) if given_until else None
    deadline = due(terms, DEFAULT, began, until)
    wrong = Due(deadline.time + off_by)
    with pytest.raises(ValueError, match="deadline"):
        explain(terms, DEFAULT, began, until, (), wrong, ClockKind.PLAN)


@pytest.mark.parametrize("counting", [Counting.LADDER, Counting.OFF, Counting.GIVEN])
def test_where_nothing_is_counted_nothing_is_explained(counting: Counting) -> None:
    start = local("2026-11-23 09:00")
    with pytest.raises(ValueError, match="nothing is counted"):
        explain(rule(counting), DEFAULT, start, None, (), Due(start + DAY), ClockKind.ESCALATION)


def test_a_deadline_out_of_sight_is_refused() -> None:
    start, end = local("2026-11-23 09:00"), local("2526-11-23 09:00")
    with pytest.raises(OverflowError):
        explain(rule(Counting.GIVEN), DEFAULT, start, end, (), Due(end), ClockKind.WORK_ORDER)
