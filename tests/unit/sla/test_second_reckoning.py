"""The domain's deadlines against the second reckoning of `law`: the edges of every holiday of three
years, and whatever hypothesis finds between them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain import clocks
from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import Span
from services.sla.domain.kinds import ClockKind, Counting, DayEnd
from services.sla.domain.policy import DEFAULTS, ClockRule
from services.sla.domain.seeds import default_plan
from tests.unit.sla import law

CALENDAR = Calendar(law.CHINA, default_plan("CN"))
HOUR = timedelta(hours=1)


def china(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(
        day.year, day.month, day.day, hour, minute, second, tzinfo=law.CHINA
    ).astimezone(UTC)


def edges() -> Iterator[datetime]:
    """The instants at which calendars go wrong: around every day off and every make-up day."""
    for day in sorted({*law.DAYS_OFF, *law.MAKEUP_DAYS}):
        if (day - timedelta(days=1)) in law.DAYS_OFF and (day + timedelta(days=1)) in law.DAYS_OFF:
            continue
        if not date(2024, 1, 2) < day < date(2026, 12, 1):
            continue
        yield china(day - timedelta(days=1), 17, 59)
        yield china(day, 0)
        yield china(day, 10)
        yield china(day, 23, 59, 59)
        yield china(day + timedelta(days=1), 8)


EDGES = list(dict.fromkeys(edges()))

first_reply = DEFAULTS[ClockKind.FIRST_REPLY]
plan = DEFAULTS[ClockKind.PLAN]
progress = DEFAULTS[ClockKind.PROGRESS]
silence = DEFAULTS[ClockKind.SILENCE]
promise = DEFAULTS[ClockKind.RESOLUTION]


def due(
    rule: ClockRule,
    start: datetime,
    *pauses: law.Pause,
    given: datetime | None = None,
) -> datetime:
    spans = tuple(Span(a, b) for a, b in pauses)
    found = clocks.due(rule, CALENDAR, start, given, spans)
    assert not found.provisional
    return found.time


def working_time(minutes: int) -> ClockRule:
    return replace(progress, counting=Counting.WORKING_TIME, amount=minutes * 60)


def test_there_are_edges_enough() -> None:
    assert len(EDGES) >= 200
    assert len({instant.astimezone(law.CHINA).year for instant in EDGES}) == 3


@pytest.mark.parametrize("start", EDGES, ids=lambda i: i.astimezone(law.CHINA).isoformat())
def test_edge(start: datetime) -> None:
    """Every clock of a case that begins at an edge of the calendar."""
    assert due(first_reply, start) == law.same_day(start, 2 * HOUR)
    assert due(plan, start) == law.working_days(start, 3)
    assert due(progress, start) == law.working_days(start, 5)
    assert due(DEFAULTS[ClockKind.RULING], start) == law.working_days(start, 1)
    if start < china(date(2026, 12, 1), 0):
        assert due(silence, start) == law.calendar_days(start, 15)
    on_time = start.replace(second=0)
    assert due(working_time(8 * 60), on_time) == law.working_time(on_time, 8 * 60)
    business = replace(plan, day_end=DayEnd.CLOSE_OF_BUSINESS)
    assert due(business, start) == law.working_days(start, 3, business=True)


# An instant from which every walk stays within the notices, and a pause after it.
instants = st.integers(0, 1000 * 24 * 60 * 60).map(
    lambda seconds: china(date(2024, 1, 2), 0) + timedelta(seconds=seconds)
)
minutes = instants.map(lambda instant: instant.replace(second=0))
delays = st.timedeltas(timedelta(0), timedelta(days=9)).map(
    lambda delay: timedelta(minutes=delay // timedelta(minutes=1))
)


@st.composite
def paused(draw: st.DrawFn) -> tuple[datetime, list[law.Pause]]:
    start = draw(minutes)
    pauses: list[law.Pause] = []
    last = start
    for _ in range(draw(st.integers(0, 3))):
        begins = last + draw(delays)
        ends = begins + draw(delays) + timedelta(minutes=1)
        pauses.append((begins, ends))
        last = ends + timedelta(minutes=1)
    return start, pauses


@given(paused(), st.integers(1, 10))
def test_working_days_with_pauses(life: tuple[datetime, list[law.Pause]], count: int) -> None:
    start, pauses = life
    rule = replace(plan, amount=count)
    assert due(rule, start, *pauses) == law.working_days(start, count, pauses)


@given(paused(), st.integers(1, 20))
def test_calendar_days_with_pauses(life: tuple[datetime, list[law.Pause]], count: int) -> None:
    start, pauses = life
    rule = replace(silence, amount=count)
    assert due(rule, start, *pauses) == law.calendar_days(start, count, pauses)


@given(paused(), st.integers(1, 1000))
def test_working_time_with_pauses(life: tuple[datetime, list[law.Pause]], count: int) -> None:
    start, pauses = life
    assert due(working_time(count), start, *pauses) == law.working_time(start, count, pauses)


@given(paused(), st.integers(0, 15), st.integers(1, 24 * 60))
def test_promises_with_pauses(
    life: tuple[datetime, list[law.Pause]], days: int, minute: int
) -> None:
    start, pauses = life
    day = law.day_in_china(start) + timedelta(days=days)
    deadline = law.midnight_after(day - timedelta(days=1)) + timedelta(minutes=minute)
    if deadline <= start:
        return
    # A pause can begin only while the promise runs.
    begun: list[law.Pause] = []
    for pause in pauses:
        if pause[0] < law.promised(start, deadline, begun):
            begun.append(pause)
    assert due(promise, start, *begun, given=deadline) == law.promised(start, deadline, begun)


@given(instants)
def test_same_day_at_the_close_of_business(start: datetime) -> None:
    rule = replace(first_reply, day_end=DayEnd.CLOSE_OF_BUSINESS)
    assert due(rule, start) == law.same_day(start, 2 * HOUR, business=True)
