"""What each step of a case's life does to its clocks, one step at a time."""

from dataclasses import replace
from datetime import date

import pytest

from services.sla.domain.clocks import ClockKind, ClockState, Consequence
from services.sla.domain.docket import CaseState
from services.sla.domain.transitions import AnswerKind, DispatchedOrder
from tests.unit.sla.life import TERMS, Life, at


def test_registering_starts_first_reply_and_plan() -> None:
    life = Life()
    assert life.running() == {"FIRST_REPLY", "PLAN"}
    assert life.one(ClockKind.FIRST_REPLY).due_time == at("11-24 00:00")
    assert life.one(ClockKind.PLAN).due_time == at("11-27 00:00")
    # The warning at half time of the first reply is what wakes somebody first.
    assert life.change.case.next_wake_time == at("11-23 16:30")


def test_the_same_registration_makes_the_same_clocks() -> None:
    assert Life().change == Life().change


def test_a_first_reply_stops_its_clock_alone() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 11:00"))
    assert life.states() == {"FIRST_REPLY": "MET", "PLAN": "RUNNING"}


def test_a_progress_note_stops_plan_and_owes_the_next_note() -> None:
    life = Life()
    life.answer(AnswerKind.PROGRESS, at("11-24 11:00"))
    assert life.states() == {"FIRST_REPLY": "MET_LATE", "PLAN": "MET", "PROGRESS": "RUNNING"}
    assert life.one(ClockKind.PROGRESS).due_time == at("12-02 00:00")
    life.answer(AnswerKind.PROGRESS, at("12-01 11:00"))
    progress = [c for c in life.clocks.values() if c.kind is ClockKind.PROGRESS]
    assert [clock.state for clock in progress] == ["MET", "RUNNING"]


def test_a_plan_owes_its_promise_until_midnight_of_the_promised_day() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 5))
    assert life.running() == {"RESOLUTION", "PROGRESS"}
    # A Saturday: promises aren't moved to a working day.
    assert life.one(ClockKind.RESOLUTION).due_time == at("12-06 00:00")
    assert life.one(ClockKind.RESOLUTION).warn_time == at("12-05 00:00")


def test_a_new_promise_takes_the_place_of_one_not_yet_broken() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 4))
    life.answer(AnswerKind.PLAN, at("11-30 11:00"), date(2026, 12, 11))
    promises = [c for c in life.clocks.values() if c.kind is ClockKind.RESOLUTION]
    assert [clock.state for clock in promises] == ["CANCELLED", "RUNNING"]


def test_a_broken_promise_stays_owed_beside_the_new_one() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 11, 24))
    life.fire(at("11-25 00:00"))
    life.answer(AnswerKind.PLAN, at("11-25 11:00"), date(2026, 12, 11))
    promises = [c for c in life.clocks.values() if c.kind is ClockKind.RESOLUTION]
    assert [clock.state for clock in promises] == ["BREACHED", "RUNNING"]
    life.resolve(at("11-27 11:00"))
    promises = [c for c in life.clocks.values() if c.kind is ClockKind.RESOLUTION]
    assert [clock.state for clock in promises] == ["MET_LATE", "MET"]


def test_a_policy_without_progress_clock_leaves_a_reminder_instead() -> None:
    life = Life()
    life.terms = replace(TERMS, policy=replace(TERMS.policy, progress_working_days=0))
    life.answer(AnswerKind.PROGRESS, at("11-23 11:00"))
    assert life.running() == {"REMINDER"}


def test_resolving_leaves_only_the_reporters_word() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 4))
    life.escalate(1, at("11-24 09:00"))
    life.resolve(at("11-24 10:00"))
    assert life.running() == {"CONFIRMATION"}
    assert life.one(ClockKind.CONFIRMATION).due_time == at("11-28 00:00")
    assert life.one(ClockKind.ESCALATION).state is ClockState.CANCELLED


def test_a_confirmed_case_is_reminded_of_until_it_is_closed() -> None:
    life = Life()
    life.resolve(at("11-23 10:00"))
    life.confirm(at("11-23 12:00"))
    assert life.one(ClockKind.CONFIRMATION).state is ClockState.MET
    assert life.running() == {"REMINDER"}
    change = life.close(at("11-23 13:00"))
    assert life.running() == set()
    assert change.case.next_wake_time is None


def test_rejection_starts_everything_again_in_a_new_cycle() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    assert life.one(ClockKind.CONFIRMATION).state is ClockState.MET
    new = [clock for clock in life.clocks.values() if clock.running]
    assert {(clock.kind, clock.cycle) for clock in new} == {
        (ClockKind.FIRST_REPLY, 2),
        (ClockKind.PLAN, 2),
    }
    assert {clock.due_time for clock in new} == {at("11-26 00:00"), at("12-01 00:00")}


def test_feeding_back_an_answer_of_the_old_cycle_stops_nothing_of_the_new() -> None:
    life = Life()
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    life.answer(AnswerKind.PROGRESS, at("11-25 10:00"), cycle=1)
    assert life.running() == {"FIRST_REPLY", "PLAN"}


def test_closing_ends_everything_and_erases_no_breach() -> None:
    life = Life()
    life.fire(at("11-24 00:00"))
    life.close(at("11-24 09:00"))
    first_reply = life.one(ClockKind.FIRST_REPLY)
    assert first_reply.state is ClockState.BREACHED
    assert first_reply.stop_time == at("11-24 09:00")
    assert life.one(ClockKind.PLAN).state is ClockState.CANCELLED
    assert not any(clock.live for clock in life.clocks.values())


@pytest.mark.parametrize(
    "late",
    [
        lambda life, time: life.answer(AnswerKind.PLAN, time, date(2026, 12, 1)),
        lambda life, time: life.resolve(time),
        lambda life, time: life.reject(time),
        lambda life, time: life.confirm(time),
        lambda life, time: life.escalate(1, time),
        lambda life, time: life.instruct(time),
        lambda life, time: life.assign("", time),
        lambda life, time: life.dispatch(time, DispatchedOrder("w-1", at("12-01 00:00"))),
        lambda life, time: life.fire(time),
    ],
)
def test_nothing_starts_on_a_closed_case(late: object) -> None:
    life = Life()
    life.close(at("11-23 10:00"))
    late(life, at("11-23 11:00"))  # type: ignore[operator]  # one of the lambdas above
    assert life.running() == set()
    assert life.change.case.state is CaseState.CLOSED
    assert life.change.case.next_wake_time is None


def test_work_orders_have_their_own_deadlines() -> None:
    life = Life()
    life.dispatch(
        at("11-23 10:00"),
        DispatchedOrder("w-1", at("11-25 18:00")),
        DispatchedOrder("w-2", at("12-08 00:00")),
    )
    life.complete("w-1", at("11-25 17:59"))
    assert life.one(ClockKind.WORK_ORDER, "w-1").state is ClockState.MET
    assert life.one(ClockKind.WORK_ORDER, "w-2").running


def test_a_late_work_order_goes_to_the_head_and_then_up_the_ladder() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 10))
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 18:00")))
    change = life.fire(at("11-25 18:00"))
    assert [verdict.consequence for verdict in change.fired] == [Consequence.HEAD_OF_UNIT]
    grace = life.one(ClockKind.ESCALATION, "w-1")
    assert grace.due_time == at("11-27 00:00")
    change = life.fire(at("11-27 00:00"))
    assert [verdict.consequence for verdict in change.fired] == [Consequence.LADDER]


def test_completing_a_late_work_order_ends_its_grace() -> None:
    life = Life()
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 18:00")))
    life.fire(at("11-25 18:00"))
    life.complete("w-1", at("11-26 09:00"))
    assert life.one(ClockKind.WORK_ORDER).state is ClockState.MET_LATE
    assert life.one(ClockKind.ESCALATION).state is ClockState.CANCELLED


def test_each_level_has_its_dwell_and_one_follows_the_other() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"), dwell=1)
    assert life.one(ClockKind.ESCALATION, "level:1").due_time == at("11-25 00:00")
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 11:00"))
    change = life.fire(at("11-25 00:00"))
    assert (ClockKind.ESCALATION, Consequence.LADDER) in {
        (verdict.clock.kind, verdict.consequence) for verdict in change.fired
    }
    life.escalate(2, at("11-25 00:00:01"), dwell=2)
    first = life.one(ClockKind.ESCALATION, "level:1")
    assert (first.state, first.live) == (ClockState.BREACHED, False)
    assert life.one(ClockKind.ESCALATION, "level:2").due_time == at("11-28 00:00")
    life.instruct(at("11-26 10:00"))
    assert life.one(ClockKind.ESCALATION, "level:2").state is ClockState.MET


def test_the_top_and_a_vacant_level_are_reminded_of_daily() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"), dwell=1, fallback=True)
    assert life.running() == {"FIRST_REPLY", "PLAN", "ESCALATION", "REMINDER"}
    life.escalate(2, at("11-23 11:00"), dwell=0, top=True)
    assert life.running() == {"FIRST_REPLY", "PLAN", "REMINDER"}
    change = life.fire(at("11-24 00:00"))
    reminder = life.one(ClockKind.REMINDER)
    assert (reminder.running, reminder.due_time) == (True, at("11-25 00:00"))
    assert Consequence.REMINDER in {verdict.consequence for verdict in change.fired}
    life.instruct(at("11-25 10:00"))
    assert life.one(ClockKind.REMINDER).state is ClockState.CANCELLED


def test_the_queue_is_reminded_of_until_somebody_has_the_case() -> None:
    life = Life()
    life.assign("", at("11-23 09:01"))
    assert "REMINDER" in life.running()
    life.assign("p-7", at("11-23 10:00"))
    assert "REMINDER" not in life.running()


def test_a_reminder_comes_at_the_next_midnight_whatever_the_day() -> None:
    # A Friday: nothing moves a reminder to the next working day.
    life = Life(at("11-20 09:00"))
    life.assign("", at("11-20 09:01"))
    midnights = []
    for day in ("11-21", "11-22", "11-23"):
        fired = life.fire(at(f"{day} 00:00")).fired
        midnights += [one.fire_time for one in fired if one.clock.kind is ClockKind.REMINDER]
    assert midnights == [at("11-21 00:00"), at("11-22 00:00"), at("11-23 00:00")]


def test_a_case_without_steward_is_back_on_the_queue_when_it_is_rejected() -> None:
    life = Life()
    life.assign("", at("11-23 09:01"))
    life.escalate(1, at("11-23 09:10"))
    assert "REMINDER" not in life.running()
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    assert life.running() == {"FIRST_REPLY", "PLAN", "REMINDER"}


def test_a_case_with_a_steward_is_theirs_again_when_it_is_rejected() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.escalate(1, at("11-23 09:10"))
    life.instruct(at("11-23 09:20"), accountable="position:DISPATCH_ROOM")
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    assert life.running() == {"FIRST_REPLY", "PLAN"}


def test_an_escalation_of_a_cycle_gone_by_is_not_followed() -> None:
    life = Life()
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    # Which cycle it belongs to is not told by its time: clocks of two services differ.
    change = life.escalate(1, at("11-25 09:01"), cycle=1)
    assert "ESCALATION" not in life.running()
    assert not change.clocks
    life.escalate(1, at("11-25 08:59"), cycle=2)
    assert "ESCALATION" in life.running()


def test_an_instruction_of_a_cycle_gone_by_is_not_followed() -> None:
    life = Life()
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    life.escalate(1, at("11-25 10:00"), cycle=2, dwell=0, top=True)
    change = life.instruct(at("11-25 10:01"), cycle=1)
    assert not change.clocks
    assert life.change.case.at_ladder_end
    life.instruct(at("11-25 10:02"), cycle=2)
    assert not life.change.case.at_ladder_end
