"""When a clock warns, if it does."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import due, warn_points
from services.sla.domain.kinds import ClockKind, WarningKind
from services.sla.domain.policy import DEFAULTS, ClockRule, WarningPoint
from tests.unit.sla.plans import DEFAULT, calendars, instants, local

FIRST_REPLY = DEFAULTS[ClockKind.FIRST_REPLY]
PLAN = DEFAULTS[ClockKind.PLAN]
PROMISE = DEFAULTS[ClockKind.RESOLUTION]

lengths = st.timedeltas(timedelta(0), timedelta(days=12))


def warned(kind: WarningKind, value: float) -> ClockRule:
    return replace(PLAN, warnings=(WarningPoint(kind, value),))


def test_warning_points_of_the_worked_example() -> None:
    start = local("2026-11-23 09:00")
    first_reply = due(FIRST_REPLY, DEFAULT, start).time
    assert warn_points(FIRST_REPLY, DEFAULT, start, first_reply) == (local("2026-11-23 16:30"),)
    plan = due(PLAN, DEFAULT, start).time
    assert warn_points(PLAN, DEFAULT, start, plan) == (local("2026-11-26 00:00"),)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (WarningKind.SHARE, 0.25, "2026-11-24 09:00"),
        (WarningKind.WORKING_DAYS_BEFORE, 2, "2026-11-25 09:00"),
        (WarningKind.SECONDS_BEFORE, 1800, "2026-11-27 08:30"),
        # 32 hours are worked, 8 a day.
        (WarningKind.WORKING_TIME_SHARE, 0.5, "2026-11-25 09:00"),
    ],
)
def test_each_kind_of_warning(kind: WarningKind, value: float, expected: str) -> None:
    start, end = local("2026-11-23 09:00"), local("2026-11-27 09:00")
    assert warn_points(warned(kind, value), DEFAULT, start, end) == (local(expected),)


def test_a_work_order_warns_at_the_same_time_of_the_working_day_before() -> None:
    monday = local("2026-11-23 15:00")
    points = warn_points(PROMISE, DEFAULT, local("2026-11-18 08:00"), monday)
    assert points == (local("2026-11-20 15:00"),)


def test_no_warning_before_the_start() -> None:
    start, end = local("2026-11-23 09:00"), local("2026-11-23 15:00")
    assert warn_points(PROMISE, DEFAULT, start, end) == ()


def test_points_that_fall_together_are_one_and_all_are_in_order() -> None:
    start, end = local("2026-11-23 09:00"), local("2026-11-25 09:00")
    rule = replace(
        PLAN,
        warnings=(
            WarningPoint(WarningKind.SECONDS_BEFORE, 3600),
            WarningPoint(WarningKind.SHARE, 0.5),
            WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 1),
        ),
    )
    expected = (local("2026-11-24 09:00"), local("2026-11-25 08:00"))
    assert warn_points(rule, DEFAULT, start, end) == expected


points = st.one_of(
    st.builds(WarningPoint, st.just(WarningKind.SHARE), st.floats(0.01, 0.99)),
    st.builds(WarningPoint, st.just(WarningKind.WORKING_TIME_SHARE), st.floats(0.01, 0.99)),
    st.builds(WarningPoint, st.just(WarningKind.WORKING_DAYS_BEFORE), st.integers(1, 5)),
    st.builds(WarningPoint, st.just(WarningKind.SECONDS_BEFORE), st.integers(1, 500_000)),
)


@settings(deadline=None)
@given(st.lists(points, max_size=4), calendars, instants, lengths)
def test_warnings_lie_between_start_and_due_in_order(
    warnings: list[WarningPoint], calendar: Calendar, start: datetime, length: timedelta
) -> None:
    rule = replace(PLAN, warnings=tuple(warnings))
    found = warn_points(rule, calendar, start, start + length)
    assert len(found) <= len(warnings)
    assert list(found) == sorted(set(found))
    assert all(start < point < start + length for point in found)
