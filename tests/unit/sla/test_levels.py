"""Levels of the ladder: what each owes, up, down and in another's place."""

from datetime import date, timedelta

from services.sla.domain.acts import (
    AnswerKind,
    DispatchedOrder,
)
from services.sla.domain.kinds import (
    ClockKind,
    ClockState,
    Consequence,
    Counting,
)
from tests.unit.sla.life import Life, at


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
