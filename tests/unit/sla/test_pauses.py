"""A case's clocks that stand still: which of them, until when, and what happens meanwhile."""

from datetime import date

import pytest

from services.sla.domain import acts
from services.sla.domain.acts import AnswerKind, DispatchedOrder, Paused
from services.sla.domain.clocks import Span
from services.sla.domain.docket import CasePause
from services.sla.domain.kinds import (
    AmendmentCause,
    CaseState,
    ClockKind,
    ClockState,
    Consequence,
    PauseReason,
)
from tests.unit.sla.life import Life, at, ruled, with_rules

FRIDAY = at("11-27 18:00")


def planned() -> Life:
    """Returns a case with a plan due on Thursday, and a work order due on Friday."""
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    life.dispatch(at("11-23 10:30"), DispatchedOrder("w-1", at("11-27 12:00")))
    return life


def test_what_the_policy_lets_stands_still_and_the_pause_has_a_clock_of_its_own() -> None:
    life = planned()
    change = life.pause(at("11-24 10:00"), FRIDAY)
    assert {clock.kind for clock in change.paused} == {ClockKind.PLAN, ClockKind.WORK_ORDER}
    assert all(clock.state is ClockState.PAUSED for clock in change.paused)
    assert change.case.pause == CasePause(
        PauseReason.FORCE_MAJEURE, "等停电检修", "p-9", at("11-24 10:00"), FRIDAY
    )
    pause = life.one(ClockKind.PAUSE)
    assert (pause.due_time, pause.warn_time) == (FRIDAY, at("11-26 18:00"))
    assert life.running() == {"PAUSE"}
    assert change.case.next_wake_time == at("11-26 18:00")


def test_only_clocks_that_may_for_the_reason_stand_still() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY, PauseReason.WAITING_FOR_REPORTER)
    # Who waits for the reporter can't let the unit wait.
    assert life.running() == {"PAUSE", "WORK_ORDER"}


def test_a_first_reply_never_stands_still() -> None:
    life = Life()
    life.pause(at("11-23 10:00"), FRIDAY)
    assert life.one(ClockKind.FIRST_REPLY).running
    assert life.one(ClockKind.PLAN).state is ClockState.PAUSED


def test_nothing_fires_while_it_stands_still() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), at("12-15 00:00"))
    fired = life.fire(at("12-10 00:00")).fired
    assert fired == ()


def test_resumed_clocks_have_new_deadlines() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    change = life.resume(at("11-25 09:00"))
    assert {clock.kind: clock.due_time for clock in change.resumed} == {
        # Tuesday and Wednesday weren't counted.
        ClockKind.PLAN: at("12-01 00:00"),
        ClockKind.WORK_ORDER: at("12-01 12:00"),
    }
    assert life.one(ClockKind.PAUSE).state is ClockState.MET
    assert change.case.pause is None
    assert [verdict.clock.kind for verdict in life.fire(at("12-01 00:00")).fired] == [
        # Its warning comes by the new deadline, too.
        ClockKind.WORK_ORDER,
        ClockKind.PLAN,
    ]


def test_a_pause_ends_of_itself_at_its_latest_end() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    # We slept for a while, which changes nothing about when the clocks ran on.
    change = life.fire(at("11-28 08:00"))
    assert [(v.clock.kind, v.consequence) for v in change.fired] == [
        (ClockKind.PAUSE, Consequence.RESUME)
    ]
    pause = life.one(ClockKind.PAUSE)
    assert (pause.state, pause.breach_time, pause.live) == (ClockState.BREACHED, FRIDAY, False)
    assert change.case.pause is None
    for clock in change.resumed:
        assert clock.pauses == (Span(at("11-24 10:00"), FRIDAY),)
    assert life.one(ClockKind.PLAN).due_time == at("12-03 00:00")


def test_what_ran_again_and_was_missed_is_found_in_the_same_breath() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    change = life.fire(at("12-04 08:00"))
    follows = [(v.clock.kind, v.fire_time, v.consequence) for v in change.fired]
    assert follows == [
        (ClockKind.PAUSE, FRIDAY, Consequence.RESUME),
        (ClockKind.PLAN, at("12-03 00:00"), Consequence.LADDER),
        (ClockKind.WORK_ORDER, at("12-03 12:00"), Consequence.HEAD_OF_UNIT),
    ]
    assert {clock.kind for clock in change.resumed} == {ClockKind.PLAN, ClockKind.WORK_ORDER}


def test_a_clock_that_starts_meanwhile_stands_still_from_its_start() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    change = life.answer(AnswerKind.PLAN, at("11-25 10:00"), date(2026, 12, 4))
    assert life.one(ClockKind.PLAN).state is ClockState.MET
    assert {clock.kind for clock in change.started} == {ClockKind.PROGRESS, ClockKind.RESOLUTION}
    for clock in change.started:
        assert (clock.state, clock.pauses) == (ClockState.PAUSED, (Span(at("11-25 10:00")),))
    assert change.paused == ()
    life.resume(at("11-25 15:00"))
    assert life.one(ClockKind.RESOLUTION).due_time == at("12-08 00:00")
    assert life.one(ClockKind.PROGRESS).due_time == at("12-03 00:00")


def test_a_clock_heard_of_late_stands_still_since_the_pause_unless_it_was_over_by_then() -> None:
    life = planned()
    life.pause(at("12-01 10:00"), at("12-08 00:00"))
    life.answer(AnswerKind.PROGRESS, at("11-30 10:00"), heard=at("12-02 09:00"))
    progress = life.one(ClockKind.PROGRESS)
    assert progress.pauses == (Span(at("12-01 10:00")),)
    late = acts.Dispatched((DispatchedOrder("w-2", at("12-01 09:00")),), at("11-30 10:00"))
    life.do(late, now=at("12-02 09:00"), known=at("11-30 10:00"))
    assert life.one(ClockKind.WORK_ORDER, "w-2").running


def test_an_answer_ends_a_clock_that_stands_still() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    life.answer(AnswerKind.PROGRESS, at("11-26 10:00"))
    plan = life.one(ClockKind.PLAN)
    assert (plan.state, plan.pauses[-1].end) == (ClockState.MET, at("11-26 10:00"))
    # The case is still paused, and so is the next note.
    assert life.change.case.pause is not None
    assert life.one(ClockKind.PROGRESS).state is ClockState.PAUSED


def test_an_answer_after_the_latest_end_is_judged_by_the_clock_that_ran_again() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), at("11-25 00:00"))
    # Tuesday alone didn't count: due at the end of Friday, however long nobody fired.
    life.answer(AnswerKind.PROGRESS, at("11-30 10:00"))
    plan = life.one(ClockKind.PLAN)
    assert (plan.state, plan.due_time) == (ClockState.MET_LATE, at("11-28 00:00"))


def test_resuming_after_the_latest_end_changes_nothing_about_it() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), at("11-25 00:00"))
    life.resume(at("11-30 10:00"))
    assert life.one(ClockKind.PAUSE).state is ClockState.MET_LATE
    assert life.one(ClockKind.PLAN).due_time == at("11-28 00:00")


def test_resolving_ends_the_pause() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    change = life.resolve(at("11-25 10:00"))
    assert change.case.pause is None
    assert life.one(ClockKind.PLAN).state is ClockState.MET
    assert life.one(ClockKind.PAUSE).state is ClockState.CANCELLED
    # A work order that is still open runs on.
    assert [clock.kind for clock in change.resumed] == [ClockKind.WORK_ORDER]
    assert life.one(ClockKind.WORK_ORDER).due_time == at("12-01 12:00")
    assert life.one(ClockKind.CONFIRMATION).running


def test_closing_ends_what_stands_still() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    change = life.close(at("11-25 10:00"))
    assert change.case.pause is None
    assert not any(clock.live for clock in life.clocks.values())
    assert life.one(ClockKind.PLAN).state is ClockState.CANCELLED


@pytest.mark.parametrize(
    ("time", "latest"),
    [
        pytest.param("11-24 11:00", "11-30 18:00", id="paused already"),
        pytest.param("11-24 10:00", "11-24 10:00", id="no time at all"),
    ],
)
def test_a_pause_that_can_not_be_moves_nothing(time: str, latest: str) -> None:
    life = planned()
    if latest != time:
        life.pause(at("11-24 10:00"), FRIDAY)
    before = life.file
    change = life.pause(at(time), at(latest))
    assert change.clocks == ()
    assert life.file == before


def test_a_resolved_case_is_not_paused() -> None:
    life = planned()
    life.resolve(at("11-24 09:00"))
    change = life.pause(at("11-24 10:00"), FRIDAY)
    assert (change.clocks, change.case.pause) == ((), None)
    assert change.case.state is CaseState.RESOLVED


def test_nothing_is_resumed_that_does_not_stand_still() -> None:
    assert planned().resume(at("11-24 10:00")).clocks == ()


def test_what_is_overdue_does_not_stand_still() -> None:
    life = planned()
    # Nobody has fired it yet.
    life.pause(at("11-28 10:00"), at("12-10 00:00"))
    assert life.one(ClockKind.PLAN).running
    (breach, *_) = life.fire(at("11-28 10:00")).fired
    assert (breach.clock.kind, breach.fire_time) == (ClockKind.PLAN, at("11-27 00:00"))


def test_a_pause_ahead_of_us_begins_now() -> None:
    life = planned()
    act = Paused(PauseReason.FORCE_MAJEURE, at("11-24 10:05"), FRIDAY)
    life.do(act, now=at("11-24 10:00"))
    assert life.one(ClockKind.PLAN).pauses == (Span(at("11-24 10:00")),)


def test_the_ladder_does_not_stand_still() -> None:
    life = planned()
    life.escalate(1, at("11-24 09:00"))
    life.pause(at("11-24 10:00"), FRIDAY)
    assert life.one(ClockKind.ESCALATION).running


def test_a_case_paused_again_counts_each_day_once() -> None:
    life = planned()
    life.pause(at("11-24 09:00"), FRIDAY)
    life.resume(at("11-24 10:00"))
    life.pause(at("11-24 15:00"), FRIDAY)
    life.resume(at("11-24 16:00"))
    assert life.one(ClockKind.PLAN).due_time == at("11-28 00:00")
    assert len(life.one(ClockKind.PLAN).pauses) == 2
    assert [clock.state for clock in life.all(ClockKind.PAUSE)] == ["MET", "MET"]


def test_a_policy_that_lets_nothing_be_paused_leaves_what_stands_still() -> None:
    life = planned()
    life.pause(at("11-24 10:00"), FRIDAY)
    never = with_rules({ClockKind.PLAN: ruled(ClockKind.PLAN, pause_reasons=(), amount=4)})
    life.amend(never, at("11-24 11:00"), AmendmentCause.POLICY)
    assert life.one(ClockKind.PLAN).state is ClockState.PAUSED
    life.resume(at("11-24 15:00"))
    assert life.one(ClockKind.PLAN).due_time == at("12-01 00:00")
