"""Which days another calendar changes, and which clocks those touch."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain import clocks
from services.sla.domain.calendar import (
    Calendar,
    CalendarPlan,
    Closure,
    Holiday,
    Shift,
    Window,
    Year,
)
from services.sla.domain.clocks import Span
from services.sla.domain.kinds import (
    ClockKind,
    Counting,
    DayEnd,
    WarningKind,
)
from services.sla.domain.policy import (
    DEFAULTS,
    ClockRule,
    WarningPoint,
)
from services.sla.domain.preview import (
    EVERYTHING,
    Stretches,
    changed_days,
    touches,
)
from tests.unit.sla.test_preview import (
    BASE,
    CHINA,
    DAY,
    IN_FORCE,
    a_clock,
    at,
    calendar,
    closed,
    without_year,
)


def test_the_same_calendar_changes_nothing() -> None:
    assert changed_days(IN_FORCE, calendar()) == ()


def test_a_closure_changes_its_days() -> None:
    assert changed_days(IN_FORCE, closed(date(2026, 5, 6), date(2026, 5, 7))) == (
        (at("2026-05-06 00:00"), at("2026-05-08 00:00")),
    )


def test_days_apart_are_stretches_of_their_own() -> None:
    other = calendar(
        closures=(Closure("检修", date(2026, 5, 6), date(2026, 5, 6)),) * 2
        + (Closure("检修", date(2026, 5, 8), date(2026, 5, 8)),)
    )
    assert changed_days(IN_FORCE, other) == (
        (at("2026-05-06 00:00"), at("2026-05-07 00:00")),
        (at("2026-05-08 00:00"), at("2026-05-09 00:00")),
    )


def test_names_and_shifts_change_no_day() -> None:
    renamed = tuple(
        replace(year, source="", holidays=tuple(replace(one, name="假") for one in year.holidays))
        for year in BASE.years
    )
    assert changed_days(IN_FORCE, calendar(years=renamed)) == ()
    assert changed_days(IN_FORCE, calendar(shifts=(Shift("早班", 360, 840),))) == ()
    assert changed_days(closed(date(2026, 5, 6)), closed(date(2026, 5, 6), name="停电")) == ()


def test_hours_of_a_closure_change_its_days() -> None:
    day = date(2026, 5, 6)
    other = calendar(closures=(Closure("停电", day, day, Window(480, 600)),))
    assert changed_days(IN_FORCE, other) == ((at("2026-05-06 00:00"), at("2026-05-07 00:00")),)


def test_a_year_that_is_announced_changes_whole() -> None:
    added = Year(
        2031, "样例", (Holiday("元旦", date(2030, 12, 30), date(2031, 1, 1)),), frozenset()
    )
    other = calendar(years=(*BASE.years, added))
    assert changed_days(IN_FORCE, other) == ((at("2030-12-30 00:00"), at("2032-01-01 00:00")),)


def test_a_year_that_is_corrected_changes_by_the_days_that_differ() -> None:
    (year,) = (known for known in BASE.years if known.year == 2026)
    more = replace(
        year,
        holidays=(*year.holidays, Holiday("矿庆", date(2026, 7, 1), date(2026, 7, 1))),
        makeup_days=year.makeup_days | {date(2026, 7, 4)},
    )
    other = calendar(years=(*without_year(BASE, 2026), more))
    assert changed_days(IN_FORCE, other) == (
        (at("2026-07-01 00:00"), at("2026-07-02 00:00")),
        (at("2026-07-04 00:00"), at("2026-07-05 00:00")),
    )


@pytest.mark.parametrize(
    "other",
    [
        calendar(week=((Window(480, 720),),) * 7),
        calendar(country="DE"),
        Calendar(ZoneInfo("Asia/Urumqi"), BASE, 2),
    ],
    ids=["week", "country", "zone"],
)
def test_what_concerns_every_day_changes_everything(other: Calendar) -> None:
    assert changed_days(IN_FORCE, other) == EVERYTHING


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


spans = st.tuples(days, st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1] * DAY))


closures = st.builds(
    lambda span, window: Closure("检修", span[0], span[1], window),
    spans,
    st.none() | st.just(Window(480, 600)) | st.just(Window(900, 1440)),
)


years = st.builds(
    lambda year, off, worked: Year(
        year,
        "样例",
        tuple(Holiday("假", *span) for span in off),
        frozenset(day for day in worked if day.weekday() >= 5),
    ),
    st.sampled_from([2026, 2027]),
    st.lists(spans, max_size=3),
    st.lists(days, max_size=3),
)


@st.composite
def plans(draw: st.DrawFn) -> CalendarPlan:
    known: Mapping[int, Year] = {year.year: year for year in BASE.years if year.year >= 2025}
    drawn = {year.year: year for year in draw(st.lists(years, max_size=2))}
    together = {**known, **drawn}
    if draw(st.booleans()):
        together.pop(2026, None)
    return replace(
        BASE,
        years=tuple(together[year] for year in sorted(together)),
        closures=tuple(draw(st.lists(closures, max_size=2))),
    )


rules = st.builds(
    ClockRule,
    counting=st.sampled_from([Counting.SAME_DAY, Counting.WORKING_DAYS, Counting.CALENDAR_DAYS]),
    on_breach=st.just(DEFAULTS[ClockKind.PLAN].on_breach),
    amount=st.integers(1, 12),
    day_end=st.sampled_from(DayEnd),
    warnings=st.just(
        (
            WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 1),
            WarningPoint(WarningKind.WORKING_TIME_SHARE, 0.5),
        )
    ),
) | st.builds(
    ClockRule,
    counting=st.sampled_from([Counting.WORKING_TIME, Counting.GIVEN]),
    on_breach=st.just(DEFAULTS[ClockKind.PLAN].on_breach),
    amount=st.integers(60, 300_000),
    warnings=st.just((WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 3),)),
)


instants = st.timedeltas(timedelta(0), timedelta(days=700)).map(
    lambda since: at("2026-01-05 00:00") + since
)


# Looking up the law's holidays of a year takes a while, once.
@settings(deadline=None)
@given(plans(), plans(), rules, instants, st.floats(0.1, 20), st.floats(0, 10), st.floats(0, 5))
def test_a_clock_outside_of_the_changed_days_is_the_same_under_both(
    old: CalendarPlan,
    new: CalendarPlan,
    rule: ClockRule,
    start: datetime,
    given_days: float,
    pause_after: float,
    pause_days: float,
) -> None:
    before, after = Calendar(CHINA, old), Calendar(CHINA, new)
    pause = Span(start + pause_after * DAY, start + (pause_after + pause_days) * DAY)
    deadline = start + given_days * DAY
    was = clocks.due(rule, before, start, deadline, (pause,))
    clock = a_clock(start, was.time)
    if touches(clock, changed_days(before, after)):
        return
    assert clocks.due(rule, after, start, deadline, (pause,)) == was
    assert clocks.warn_points(rule, after, start, was.time) == clocks.warn_points(
        rule, before, start, was.time
    )


def test_a_clock_touches_what_it_shares_an_instant_with() -> None:
    within: Stretches = (
        (at("2026-05-06 00:00"), at("2026-05-07 00:00")),
        (at("2026-06-06 00:00"), at("2026-06-07 00:00")),
    )
    for start, due, expected in (
        ("2026-05-01 00:00", "2026-05-06 00:00", False),
        ("2026-05-01 00:00", "2026-05-06 00:01", True),
        ("2026-05-06 23:59", "2026-05-09 00:00", True),
        ("2026-05-07 00:00", "2026-05-09 00:00", False),
        ("2026-05-08 00:00", "2026-06-06 12:00", True),
        ("2026-05-08 00:00", "2026-07-06 12:00", True),
        ("2026-06-07 00:00", "2026-07-06 12:00", False),
    ):
        assert touches(a_clock(at(start), at(due)), within) is expected, start
    assert not touches(a_clock(at("2026-05-06 10:00"), at("2026-05-07 10:00")), ())
