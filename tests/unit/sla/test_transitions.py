"""What each step of a case's life does to its clocks, one step at a time."""

from datetime import date, timedelta

import pytest

from services.sla.domain.acts import (
    AnswerKind,
    Closed,
    DispatchedOrder,
    Excused,
    Flagged,
    FlagKind,
    Registered,
)
from services.sla.domain.kinds import (
    CaseState,
    ClockKind,
    ClockState,
    Consequence,
    Counting,
    Threshold,
)
from services.sla.domain.transitions import apply
from tests.unit.sla.life import Life, at, ruled, with_rules


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
    off = ruled(ClockKind.PROGRESS, counting=Counting.OFF)
    life = Life(terms=with_rules({ClockKind.PROGRESS: off}))
    life.answer(AnswerKind.PROGRESS, at("11-23 11:00"))
    assert life.running() == {"REMINDER"}


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
        lambda life, time: life.flag(time),
        lambda life, time: life.pause(time, at("12-01 00:00")),
        lambda life, time: life.give_back("w-1", time),
        lambda life, time: life.call(time, reached=False),
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


def test_a_level_may_have_hours_instead_of_days() -> None:
    life = Life()
    life.escalate(1, at("11-23 16:00"), dwell=0, dwell_time=timedelta(hours=4))
    level = life.one(ClockKind.ESCALATION, "level:1")
    assert (level.due_time, level.rule.counting) == (at("11-24 10:00"), Counting.WORKING_TIME)
    assert life.change.case.level == 1


def test_an_answer_told_again_begins_nothing_again() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 4), answer_id="a-1")
    before = life.file
    change = life.answer(AnswerKind.PLAN, at("11-25 11:00"), date(2026, 12, 9), answer_id="a-1")
    assert change.clocks == ()
    assert life.file == before


def test_an_older_answer_heard_of_later_does_not_take_the_place_of_the_newer() -> None:
    life = Life()
    life.answer(AnswerKind.PROGRESS, at("11-24 11:00"), answer_id="a-2")
    heard = at("11-24 12:00")
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 4), answer_id="a-1", heard=heard)
    progress = life.one(ClockKind.PROGRESS)
    assert (progress.state, progress.reference) == (ClockState.RUNNING, "a-2")
    # Its promise is the only one there is.
    assert life.one(ClockKind.RESOLUTION).start_time == at("11-23 11:00")
    life.answer(AnswerKind.PLAN, at("11-23 10:00"), date(2026, 12, 1), answer_id="a-0", heard=heard)
    assert life.one(ClockKind.RESOLUTION).reference == "a-1"


def test_notes_may_be_owed_only_while_nothing_is_promised() -> None:
    instead = ruled(ClockKind.PROGRESS, off_while_promised=True)
    life = Life(terms=with_rules({ClockKind.PROGRESS: instead}))
    life.answer(AnswerKind.PROGRESS, at("11-23 11:00"))
    assert life.running() == {"PROGRESS"}
    life.answer(AnswerKind.PLAN, at("11-23 12:00"), date(2026, 11, 24))
    assert life.running() == {"RESOLUTION"}
    # A broken promise is still owed.
    life.fire(at("11-25 00:00"))
    life.answer(AnswerKind.PROGRESS, at("11-25 11:00"))
    assert life.running() == {"REMINDER"}


def test_the_same_work_order_is_not_owed_twice() -> None:
    life = Life()
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 18:00")))
    life.dispatch(at("11-23 11:00"), DispatchedOrder("w-1", at("11-26 18:00")))
    assert life.one(ClockKind.WORK_ORDER).due_time == at("11-25 18:00")


def test_completing_ends_the_wait_for_a_ruling() -> None:
    life = Life()
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 18:00")))
    life.give_back("w-1", at("11-23 11:00"))
    life.give_back("w-1", at("11-23 12:00"))
    life.complete("w-1", at("11-23 13:00"))
    assert life.one(ClockKind.RULING).state is ClockState.CANCELLED


def test_a_long_standing_case_is_reviewed_through_all_its_cycles() -> None:
    life = Life()
    life.flag(at("11-23 10:00"))
    assert life.one(ClockKind.REVIEW).due_time == at("12-01 00:00")
    assert life.flag(at("11-24 10:00")).clocks == ()
    life.resolve(at("11-24 11:00"))
    life.reject(at("11-25 10:00"))
    assert life.one(ClockKind.REVIEW).due_time == at("12-01 00:00")
    fired = life.fire(at("12-01 00:00")).fired
    assert Consequence.REVIEW in {verdict.consequence for verdict in fired}
    assert life.one(ClockKind.REVIEW).due_time == at("12-09 00:00")
    life.flag(at("12-01 10:00"), on=False)
    assert life.one(ClockKind.REVIEW).state is ClockState.CANCELLED
    assert not life.change.case.long_standing


def test_a_hazard_is_no_reason_for_a_review() -> None:
    life = Life()
    life.do(Flagged(FlagKind.HAZARD, set=True, time=at("11-23 10:00")), now=at("11-23 10:00"))
    assert "REVIEW" not in life.states()


def test_a_case_keeps_who_has_it() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"), "u-9")
    case = life.change.case
    assert (case.steward, case.accountable, case.unit_id) == ("p-7", "p-7", "u-9")
    life.assign("p-8", at("11-23 09:02"))
    assert life.change.case.unit_id == "u-9"
    life.escalate(2, at("11-23 10:00"))
    assert (life.change.case.level, life.change.case.accountable) == (2, "p-2")
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-24 11:00"))
    assert (life.change.case.level, life.change.case.accountable) == (0, "p-8")


def test_what_moves_nothing_is_an_act_all_the_same() -> None:
    life = Life()
    before = life.change.case
    act = Excused("clock", "不可抗力", "p-9")
    change = life.do(act, now=at("11-23 10:00"))
    assert (change.act, change.case, change.clocks) == (act, before, ())
    again = Registered(at("11-23 09:30"))
    assert life.do(again, now=at("11-23 10:00")).clocks == ()


def test_only_a_registration_begins_a_case() -> None:
    life = Life()
    with pytest.raises(LookupError, match="never registered"):
        apply(None, Closed(at("11-23 10:00")), life.terms, life.logged[0].moment)


def test_the_top_owes_nothing_whatever_time_it_has() -> None:
    life = Life()
    life.escalate(2, at("11-23 10:00"), dwell=1, top=True)
    assert "ESCALATION" not in life.states()


def test_an_instruction_ends_the_graces_of_late_work_orders() -> None:
    life = Life()
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 18:00")))
    life.fire(at("11-25 18:00"))
    life.instruct(at("11-26 10:00"))
    assert life.one(ClockKind.ESCALATION, "w-1").state is ClockState.CANCELLED
    # What it was for is still owed.
    assert life.one(ClockKind.WORK_ORDER).live


def test_who_has_a_level_in_anothers_place_has_until_the_same_deadline() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"), dwell=2)
    before = life.one(ClockKind.ESCALATION)
    change = life.escalate(1, at("11-23 15:00"), dwell=2, again=True, owner="p-7")
    assert life.one(ClockKind.ESCALATION) == before
    assert (change.case.accountable, change.case.level) == ("p-7", 1)
    assert change.case.level_time == at("11-23 10:00")
    assert not change.clocks


def test_nobody_in_the_place_of_the_recused_is_reminded_of() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"), dwell=2)
    life.escalate(
        1, at("11-23 15:00"), dwell=2, again=True, owner="position:INSPECTION", fallback=True
    )
    assert ClockKind.REMINDER in life.running()
    assert life.one(ClockKind.ESCALATION).due_time == at("11-26 00:00")


def test_a_level_that_had_answered_owes_it_anew_under_another_owner() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"))
    life.instruct(at("11-23 12:00"), "p-1")
    life.escalate(1, at("11-24 10:00"), again=True, owner="p-7")
    met, anew = life.all(ClockKind.ESCALATION)
    assert (met.state, anew.state) == (ClockState.MET, ClockState.RUNNING)
    assert anew.due_time == at("11-26 00:00")


def test_the_top_again_is_reminded_of_as_before() -> None:
    life = Life()
    life.escalate(3, at("11-23 10:00"), dwell=0, top=True)
    life.instruct(at("11-23 12:00"), "p-1")
    assert ClockKind.REMINDER not in life.running()
    life.escalate(3, at("11-24 10:00"), dwell=0, top=True, again=True)
    assert ClockKind.REMINDER in life.running()
    assert not life.all(ClockKind.ESCALATION)


def test_one_level_down_the_level_left_has_decided_and_the_one_below_owes() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"))
    life.escalate(2, at("11-24 10:00"), dwell=2)
    change = life.go_down(1, at("11-24 15:00"))
    first, second, again = life.all(ClockKind.ESCALATION)
    assert [first.state, second.state] == [ClockState.CANCELLED, ClockState.MET]
    assert (again.reference, again.state) == ("level:1", ClockState.RUNNING)
    assert again.due_time == at("11-26 00:00")
    case = change.case
    assert (case.level, case.accountable, case.level_time) == (1, "p-1", at("11-24 15:00"))
    assert ClockKind.REMINDER not in life.running()


def test_a_level_sent_down_too_late_is_late_on_record() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"))
    life.fire(at("11-25 08:00"))
    life.go_down(0, at("11-25 09:00"), dwell=0)
    assert life.one(ClockKind.ESCALATION).state is ClockState.MET_LATE


def test_down_to_the_steward_no_level_owes_anything() -> None:
    life = Life()
    life.escalate(3, at("11-23 10:00"), dwell=0, top=True)
    assert ClockKind.REMINDER in life.running()
    change = life.go_down(0, at("11-23 11:00"), dwell=0, accountable="p-8")
    case = change.case
    assert (case.level, case.level_time, case.accountable) == (0, None, "p-8")
    assert not case.at_ladder_end
    assert life.running() == {"FIRST_REPLY", "PLAN"}


def test_down_to_the_queue_is_reminded_of() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"))
    life.go_down(0, at("11-23 11:00"), dwell=0, accountable="position:DISPATCH_ROOM")
    assert ClockKind.REMINDER in life.running()


def test_a_vacant_level_that_a_case_went_down_to_is_reminded_of() -> None:
    life = Life()
    life.escalate(2, at("11-23 10:00"))
    change = life.go_down(1, at("11-23 11:00"), fallback=True, accountable="position:DISPATCH_ROOM")
    assert change.case.at_ladder_end
    assert {"REMINDER", "ESCALATION"} <= life.running()


def test_the_top_of_a_ladder_that_is_shorter_now_is_reminded_of() -> None:
    life = Life()
    life.escalate(3, at("11-23 10:00"))
    life.go_down(2, at("11-23 11:00"), dwell=0)
    assert "REMINDER" in life.running()
    assert "ESCALATION" not in life.running()


def test_a_level_may_have_hours_again_on_the_way_down() -> None:
    life = Life()
    life.escalate(2, at("11-23 10:00"))
    life.go_down(1, at("11-23 11:00"), dwell=0, dwell_time=timedelta(hours=4))
    (clock,) = (one for one in life.all(ClockKind.ESCALATION) if one.running)
    assert clock.due_time == at("11-23 17:00")


def test_a_way_down_of_a_cycle_gone_by_is_not_followed() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"))
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-23 12:00"))
    life.escalate(1, at("11-23 13:00"))
    change = life.go_down(0, at("11-23 14:00"), cycle=1)
    assert change.case.level == 1
    life.resolve(at("11-23 15:00"))
    change = life.go_down(0, at("11-23 16:00"), cycle=2)
    assert change.case.level == 1


def test_sent_down_by_an_instruction_the_level_is_met_once() -> None:
    life = Life()
    life.escalate(2, at("11-23 10:00"))
    life.instruct(at("11-23 11:00"), "p-1")
    life.go_down(1, at("11-23 11:00"))
    states = [clock.state for clock in life.all(ClockKind.ESCALATION)]
    assert states == [ClockState.MET, ClockState.RUNNING]


def test_a_task_opened_again_has_its_new_deadline() -> None:
    life = Life()
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 12:00")))
    life.complete("w-1", at("11-24 12:00"))
    life.reopen_order("w-1", at("11-24 15:00"), at("11-27 12:00"))
    done, anew = life.all(ClockKind.WORK_ORDER)
    assert done.state is ClockState.MET
    assert (anew.reference, anew.start_time) == ("w-1", at("11-24 15:00"))
    assert (anew.due_time, anew.state) == (at("11-27 12:00"), ClockState.RUNNING)
    change = life.fire(at("11-27 12:00"))
    consequences = [one.consequence for one in change.fired if one.clock.kind is anew.kind]
    assert consequences == [Consequence.HEAD_OF_UNIT]


def test_a_late_task_opened_again_keeps_its_lateness_on_record() -> None:
    life = Life()
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-23 12:00")))
    life.fire(at("11-23 12:00"))
    life.complete("w-1", at("11-23 14:00"))
    life.reopen_order("w-1", at("11-23 15:00"), at("11-25 12:00"))
    states = [clock.state for clock in life.all(ClockKind.WORK_ORDER)]
    assert states == [ClockState.MET_LATE, ClockState.RUNNING]


def resolved_with_a_task() -> Life:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 12:00")))
    life.complete("w-1", at("11-23 12:00"))
    life.resolve(at("11-23 13:00"))
    return life


def test_a_task_heard_of_before_the_rejection_has_its_deadline_all_the_same() -> None:
    life = resolved_with_a_task()
    life.reopen_order("w-1", at("11-23 14:00"), at("11-27 12:00"))
    life.dispatch(at("11-23 14:00"), DispatchedOrder("w-2", at("11-27 18:00")))
    _, anew = life.all(ClockKind.WORK_ORDER, "w-1")
    other = life.one(ClockKind.WORK_ORDER, "w-2")
    life.reject(at("11-23 13:59"))
    # Told again, they are owed once.
    life.reopen_order("w-1", at("11-23 14:00"), at("11-27 12:00"))
    assert life.clocks[anew.clock_id] == anew
    assert life.clocks[other.clock_id] == other
    assert [anew.due_time, other.due_time] == [at("11-27 12:00"), at("11-27 18:00")]
    assert life.running() == {"FIRST_REPLY", "PLAN", "WORK_ORDER"}
    assert len(life.all(ClockKind.WORK_ORDER)) == 3
    change = life.fire(at("11-27 12:00"))
    assert [
        (one.clock.clock_id, one.consequence)
        for one in change.fired
        if one.clock.kind is ClockKind.WORK_ORDER and one.threshold is Threshold.DUE
    ] == [(anew.clock_id, Consequence.HEAD_OF_UNIT)]
    history = life.replayed()
    assert history.case == life.change.case
    assert {clock.clock_id: clock for clock in history.clocks} == life.clocks


def test_no_task_of_a_closed_case_is_owed() -> None:
    life = resolved_with_a_task()
    life.close(at("11-23 13:30"))
    life.reopen_order("w-1", at("11-23 14:00"), at("11-27 12:00"))
    life.dispatch(at("11-23 14:00"), DispatchedOrder("w-2", at("11-27 18:00")))
    assert life.running() == set()
    assert len(life.all(ClockKind.WORK_ORDER)) == 1
