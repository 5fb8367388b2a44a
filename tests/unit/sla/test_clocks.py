"""One clock, from its start to its end: warnings, verdicts, pauses, other deadlines."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain import clocks as rules
from services.sla.domain.clocks import Clock, Span
from services.sla.domain.kinds import ClockKind, ClockState, WarningKind
from services.sla.domain.policy import DEFAULTS, ClockRule, WarningPoint
from tests.unit.sla.plans import DEFAULT, local

MONDAY = local("2026-11-23 09:00")
# Due at the end of Thursday, warns at the end of Wednesday.
PLAN = DEFAULTS[ClockKind.PLAN]
TWICE = replace(
    PLAN,
    warnings=(
        WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 2),
        WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 1),
    ),
)


def started(rule: ClockRule = PLAN, start: datetime = MONDAY) -> Clock:
    return rules.start_clock("c-1", "yuwu", ClockKind.PLAN, 1, "", 7, start, rule, DEFAULT, 3)


def test_a_clock_starts_with_its_deadline_and_its_first_warning() -> None:
    clock = started(TWICE)
    assert clock.due_time == local("2026-11-27 00:00")
    assert clock.warn_time == local("2026-11-25 00:00")
    assert clock.next_fire_time == clock.warn_time
    assert (clock.state, clock.warned_count) == (ClockState.RUNNING, 0)
    assert (clock.policy_version, clock.calendar_version) == (3, DEFAULT.version)


@given(st.text(max_size=40), st.sampled_from(ClockKind), st.integers(1, 9), st.text(max_size=40))
def test_ids_are_of_version_five(subject: str, kind: ClockKind, cycle: int, reference: str) -> None:
    name = f"{subject}\x1f{kind}\x1f{cycle}\x1f{reference}\x1f12"
    namespace = UUID("0d6f3c52-6a1e-5c0b-9a0c-5b1f6f6f2a77")
    assert rules.clock_id(subject, kind, cycle, reference, 12) == str(uuid5(namespace, name))


def test_what_is_changed_is_what_dataclasses_would_replace() -> None:
    clock, span = started(), Span(MONDAY, None)
    changes = {"state": ClockState.PAUSED, "pauses": (span,), "warned_count": 2}
    expected = replace(clock, **changes)  # type: ignore[arg-type]
    changed = rules.changed(clock, state=ClockState.PAUSED, pauses=(span,), warned_count=2)
    assert changed == expected != clock


def test_after_a_warning_the_next_is_to_come() -> None:
    clock = rules.warn(started(TWICE), local("2026-11-25 00:00:02"), DEFAULT)
    assert (clock.warned_count, clock.warned_time) == (1, local("2026-11-25 00:00:02"))
    assert clock.next_fire_time == local("2026-11-26 00:00")
    clock = rules.warn(clock, local("2026-11-26 00:00"), DEFAULT)
    assert (clock.warned_count, clock.warn_time) == (2, None)
    assert clock.next_fire_time == clock.due_time


@pytest.mark.parametrize(
    ("time", "state", "breach"),
    [
        ("2026-11-26 23:59:59.999999", ClockState.MET, None),
        ("2026-11-27 00:00", ClockState.MET_LATE, "2026-11-27 00:00"),
        ("2026-12-27 00:00", ClockState.MET_LATE, "2026-11-27 00:00"),
    ],
)
def test_the_due_time_itself_is_too_late(time: str, state: ClockState, breach: str | None) -> None:
    clock = rules.stop(started(), local(time), DEFAULT)
    assert (clock.state, clock.stop_time) == (state, local(time))
    assert clock.breach_time == (breach and local(breach))
    assert (clock.live, clock.next_fire_time, clock.warn_time) == (False, None, None)


def test_a_breach_is_dated_by_its_deadline_and_never_taken_back() -> None:
    breached = rules.breach(started())
    assert (breached.state, breached.breach_time) == (ClockState.BREACHED, breached.due_time)
    assert breached.live
    in_time = rules.stop(breached, local("2026-11-26 10:00"), DEFAULT)
    assert (in_time.state, in_time.breach_time) == (ClockState.MET, breached.due_time)
    cancelled = rules.cancel(breached, local("2026-11-28 10:00"))
    assert (cancelled.state, cancelled.live) == (ClockState.BREACHED, False)


def test_a_paused_clock_fires_nothing_and_runs_on_later() -> None:
    paused = rules.pause(started(), local("2026-11-24 10:00"))
    assert (paused.next_fire_time, paused.live) == (None, True)
    # It isn't known yet by how much the deadline moves.
    assert paused.due_time == local("2026-11-27 00:00")
    resumed = rules.resume(paused, local("2026-11-25 00:00"), DEFAULT)
    assert resumed.due_time == local("2026-11-28 00:00")
    assert resumed.warn_time == local("2026-11-27 00:00")
    assert resumed.pauses == (Span(local("2026-11-24 10:00"), local("2026-11-25 00:00")),)


def test_warnings_are_numbered_and_none_comes_twice() -> None:
    clock = rules.warn(started(TWICE), local("2026-11-25 00:00"), DEFAULT)
    paused = rules.pause(clock, local("2026-11-25 10:00"))
    resumed = rules.resume(paused, local("2026-11-25 17:00"), DEFAULT)
    # The first would come again at the end of Wednesday, the second is a day later now.
    assert resumed.due_time == local("2026-11-28 00:00")
    assert resumed.warn_time == local("2026-11-27 00:00")


def test_a_warning_that_falls_on_an_instant_where_it_has_warned_is_not_given_again() -> None:
    clock = rules.warn(started(TWICE), local("2026-11-25 00:00"), DEFAULT)
    # A day before the new deadline is two days before the old one.
    shorter = rules.amend(clock, replace(TWICE, amount=2), DEFAULT, None)
    assert shorter.due_time == local("2026-11-26 00:00")
    assert (shorter.warned_count, shorter.warn_time) == (1, None)


def test_the_last_warning_is_not_lost_where_an_earlier_one_has_no_place_any_more() -> None:
    far, near = (WarningPoint(WarningKind.WORKING_DAYS_BEFORE, days) for days in (5, 1))
    rule = replace(PLAN, amount=7, warnings=(far, near))
    clock = rules.warn(started(rule), local("2026-11-26 00:00"), DEFAULT)
    # Five working days before lie before its start.
    shorter = rules.amend(clock, replace(rule, amount=4), DEFAULT, None)
    assert shorter.due_time == local("2026-11-28 00:00")
    assert shorter.warn_time == local("2026-11-27 00:00")
    # The same where the first had no place to begin with, and both have one now.
    clock = rules.warn(started(replace(rule, amount=3)), local("2026-11-26 00:00"), DEFAULT)
    longer = rules.amend(clock, replace(rule, amount=10), DEFAULT, None)
    assert (longer.due_time, longer.warn_time) == (
        local("2026-12-08 00:00"),
        local("2026-12-05 00:00"),
    )


def test_a_pause_ends_with_the_clock_and_counts() -> None:
    clock = rules.pause(started(), local("2026-11-24 10:00"))
    stopped = rules.stop(clock, local("2026-11-27 10:00"), DEFAULT)
    # Tuesday to Friday didn't count: Wednesday of the next week is the third working day.
    assert (stopped.state, stopped.due_time) == (ClockState.MET, local("2026-12-03 00:00"))
    assert stopped.pauses[-1].end == local("2026-11-27 10:00")


def test_a_pause_that_began_after_the_end_never_was() -> None:
    clock = rules.pause(started(), local("2026-11-24 10:00"))
    stopped = rules.stop(clock, local("2026-11-24 09:00"), DEFAULT)
    assert (stopped.state, stopped.pauses) == (ClockState.MET, ())
    assert stopped.due_time == local("2026-11-27 00:00")


def test_a_cancelled_clock_stands_still_no_longer() -> None:
    clock = rules.pause(started(), local("2026-11-24 10:00"))
    cancelled = rules.cancel(clock, local("2026-11-25 10:00"))
    assert (cancelled.state, cancelled.live) == (ClockState.CANCELLED, False)
    assert cancelled.pauses[-1].end == local("2026-11-25 10:00")


def test_what_had_passed_before_the_case_went_another_way_is_a_breach() -> None:
    at_its_end = rules.cancel(started(), local("2026-11-27 00:00"))
    assert (at_its_end.state, at_its_end.breach_time, at_its_end.stop_time) == (
        ClockState.BREACHED,
        local("2026-11-27 00:00"),
        local("2026-11-27 00:00"),
    )
    assert (at_its_end.live, at_its_end.next_fire_time, at_its_end.warn_time) == (False, None, None)
    before = rules.cancel(started(), local("2026-11-26 23:59:59.999999"))
    assert (before.state, before.breach_time) == (ClockState.CANCELLED, None)


@pytest.mark.parametrize(
    "kind", [ClockKind.REMINDER, ClockKind.REVIEW, ClockKind.PAUSE, ClockKind.OUTREACH]
)
def test_what_owes_nothing_at_its_deadline_is_cancelled_after_it(kind: ClockKind) -> None:
    clock = rules.cancel(replace(started(), kind=kind), local("2026-12-27 00:00"))
    assert (clock.state, clock.breach_time) == (ClockState.CANCELLED, None)


def test_a_pause_does_not_begin_before_its_clock() -> None:
    assert rules.pause(started(), local("2026-11-20 10:00")).pauses == (Span(MONDAY),)


def test_an_amended_clock_keeps_what_has_happened_to_it() -> None:
    clock = rules.warn(started(TWICE), local("2026-11-25 00:00"), DEFAULT)
    longer = replace(TWICE, amount=5)
    amended = rules.amend(clock, longer, DEFAULT, None)
    assert amended.due_time == local("2026-12-01 00:00")
    assert (amended.warned_count, amended.warn_time) == (1, local("2026-11-28 00:00"))
    assert amended.start_time == clock.start_time
    assert rules.amend(amended, longer, DEFAULT, None) == amended


def test_what_comes_again_counts_from_its_last_time() -> None:
    review = DEFAULTS[ClockKind.REVIEW]
    warns = replace(review, warnings=(WarningPoint(WarningKind.SHARE, 0.5),))
    clock = rules.start_clock("c-1", "yuwu", ClockKind.REVIEW, 1, "", 7, MONDAY, warns, DEFAULT, 1)
    assert clock.due_time == local("2026-12-01 00:00")
    clock = rules.warn(clock, local("2026-11-27 04:30"), DEFAULT)
    clock = rules.changed(clock, born_breached=True)
    again = rules.rearm(clock, local("2026-12-02 10:00"), DEFAULT)
    assert (again.state, again.breach_time) == (ClockState.RUNNING, local("2026-12-02 10:00"))
    # Only the last time was nobody's.
    assert not again.born_breached
    assert again.due_time == local("2026-12-10 00:00")
    assert (again.warned_count, again.warn_time) == (0, local("2026-12-06 05:00"))
    assert rules.amend(again, warns, DEFAULT, None) == again
