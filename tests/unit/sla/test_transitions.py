"""What each step of a case's life does to its clocks, one step at a time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.sla.domain import transitions as steps
from services.sla.domain.clocks import ClockKind, ClockState, Consequence, Threshold
from services.sla.domain.docket import CaseState, Moment
from services.sla.domain.transitions import AnswerKind, DispatchedOrder, FedBackAnswer
from tests.unit.sla.life import CASE, MONDAY, TERMS, Life, at


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
        lambda life, time: life.assign("position:DISPATCH_ROOM", time),
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
    change = life.fire(at("11-25 00:00"))
    reminder = life.one(ClockKind.REMINDER)
    assert (reminder.running, reminder.due_time) == (True, at("11-26 00:00"))
    assert Consequence.REMINDER in {verdict.consequence for verdict in change.fired}
    life.instruct(at("11-25 10:00"))
    assert life.one(ClockKind.REMINDER).state is ClockState.CANCELLED


def test_the_queue_is_reminded_of_until_somebody_has_the_case() -> None:
    life = Life()
    life.assign("position:DISPATCH_ROOM", at("11-23 09:01"))
    assert "REMINDER" in life.running()
    life.assign("p-7", at("11-23 10:00"))
    assert "REMINDER" not in life.running()


def test_an_escalation_of_a_cycle_gone_by_is_not_followed() -> None:
    life = Life()
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    life.escalate(1, at("11-25 08:59"))
    assert "ESCALATION" not in life.running()


def test_warnings_and_breaches_fire_once_and_never_early() -> None:
    life = Life()
    assert life.fire(at("11-23 16:29:59.999999")).fired == ()
    (warning,) = life.fire(at("11-23 16:30")).fired
    assert (warning.threshold, warning.clock.kind) == (Threshold.WARNING, ClockKind.FIRST_REPLY)
    assert life.fire(at("11-23 23:59:59.999999")).fired == ()
    (breach,) = life.fire(at("11-24 00:00")).fired
    assert breach.consequence is Consequence.LADDER
    assert breach.clock.breach_time == at("11-24 00:00")
    assert life.fire(at("11-24 00:00")).fired == ()


def test_what_was_slept_through_fires_oldest_first_without_stale_warnings() -> None:
    life = Life()
    now = at("12-01 08:00")
    fired = life.fire(now).fired
    assert [(verdict.clock.kind, verdict.fire_time) for verdict in fired] == [
        (ClockKind.FIRST_REPLY, at("11-24 00:00")),
        (ClockKind.PLAN, at("11-27 00:00")),
    ]
    assert all(verdict.threshold is Threshold.DUE for verdict in fired)
    assert life.running() == {"REMINDER"}


def test_reminders_slept_through_are_not_made_up_for() -> None:
    life = Life()
    life.answer(AnswerKind.PROGRESS, at("11-23 11:00"))
    life.fire(at("12-05 08:00"))
    assert life.one(ClockKind.REMINDER).due_time == at("12-08 00:00")
    (reminder,) = life.fire(at("12-20 08:00")).fired
    assert reminder.fire_time == at("12-08 00:00")
    assert reminder.clock.due_time == at("12-21 00:00")


def test_entered_after_the_deadline_is_born_breached_with_one_alert() -> None:
    life = Life(MONDAY, known=at("12-01 09:00"))
    assert life.states() == {
        "FIRST_REPLY": "BREACHED",
        "PLAN": "BREACHED",
        "REMINDER": "RUNNING",
    }
    (alert,) = life.change.fired
    assert (alert.clock.kind, alert.consequence) == (ClockKind.FIRST_REPLY, Consequence.ALERT)
    assert alert.clock.born_breached
    assert life.fire(at("12-01 09:00")).fired == ()


def test_our_own_lateness_is_an_ordinary_breach() -> None:
    # Recorded in time, handled a day later: nobody's clock was born breached.
    moment = Moment(now=at("11-24 10:00"), known=at("11-23 09:05"), serial=0)
    change = steps.registered(CASE, "yuwu", MONDAY, TERMS, moment)
    assert not any(clock.born_breached for clock in change.clocks)
    assert change.case.next_wake_time is not None
    assert change.case.next_wake_time <= moment.now


def test_an_answer_in_time_that_is_heard_of_late_is_in_time() -> None:
    life = Life()
    answer = FedBackAnswer(1, "a-1", AnswerKind.FIRST_REPLY, None, at("11-23 18:00"))
    heard = Moment(now=at("11-24 08:00"), known=at("11-24 07:00"), serial=life.serial)
    life.keep(steps.answered(life.file, answer, TERMS, heard))
    assert life.one(ClockKind.FIRST_REPLY).state is ClockState.MET


def test_a_breach_that_fired_stands_although_the_answer_was_in_time() -> None:
    life = Life()
    life.fire(at("11-24 00:00"))
    answer = FedBackAnswer(1, "a-1", AnswerKind.FIRST_REPLY, None, at("11-23 18:00"))
    life.keep(steps.answered(life.file, answer, TERMS, life.moment(at("11-24 08:00"))))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.breach_time) == (ClockState.MET_LATE, at("11-24 00:00"))


def test_an_answer_at_the_due_time_is_late() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-24 00:00"))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.breach_time) == (ClockState.MET_LATE, at("11-24 00:00"))


def test_a_stop_ahead_of_us_counts_as_now() -> None:
    life = Life()
    now = at("11-23 23:58")
    answer = FedBackAnswer(1, "a-1", AnswerKind.FIRST_REPLY, None, now + timedelta(minutes=4))
    life.keep(steps.answered(life.file, answer, TERMS, life.moment(now)))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.stop_time) == (ClockState.MET, now)
