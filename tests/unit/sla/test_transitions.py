"""What each step of a case's life does to its clocks, one step at a time."""

from datetime import date

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


def test_a_reminder_comes_at_the_next_midnight_whatever_the_day() -> None:
    # A Friday: nothing moves a reminder to the next working day.
    life = Life(at("11-20 09:00"))
    life.assign("", at("11-20 09:01"))
    midnights = []
    for day in ("11-21", "11-22", "11-23"):
        fired = life.fire(at(f"{day} 00:00")).fired
        midnights += [one.fire_time for one in fired if one.clock.kind is ClockKind.REMINDER]
    assert midnights == [at("11-21 00:00"), at("11-22 00:00"), at("11-23 00:00")]


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
