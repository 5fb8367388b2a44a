"""What becomes of a case that is resolved: confirmed, called about, rejected, silent."""

from datetime import date

from services.sla.domain.acts import (
    AnswerKind,
    Assigned,
    DispatchedOrder,
    Resolved,
)
from services.sla.domain.kinds import ClockKind, ClockState, Consequence
from tests.unit.sla.life import Life, at


def resolved(*, anonymous: bool = False) -> Life:
    life = Life(anonymous=anonymous)
    life.assign("p-7", at("11-23 09:01"))
    life.answer(AnswerKind.PLAN, at("11-23 10:00"))
    life.resolve(at("11-23 11:00"))
    return life


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
    life.assign("p-7", at("11-23 09:01"))
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
    life.assign("p-7", at("11-23 09:01"))
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    life.answer(AnswerKind.PROGRESS, at("11-25 10:00"), cycle=1)
    assert life.running() == {"FIRST_REPLY", "PLAN"}


def test_a_case_without_steward_is_back_on_the_queue_when_it_is_rejected() -> None:
    life = Life()
    life.assign("", at("11-23 09:01"))
    life.escalate(1, at("11-23 09:10"))
    assert "REMINDER" not in life.running()
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    assert life.running() == {"FIRST_REPLY", "PLAN", "REMINDER"}


def test_a_rejected_case_without_steward_is_back_at_the_position_that_had_it() -> None:
    union = "position:UNION"
    life = Life()
    life.do(Assigned("u-1", "", union, at("11-23 09:01")), now=at("11-23 09:01"))
    # Neither a level nor a vacant one is where it begins again.
    life.escalate(1, at("11-23 09:10"))
    life.escalate(2, at("11-23 09:20"), owner="position:DISPATCH_ROOM", fallback=True)
    life.resolve(at("11-23 11:00"))
    change = life.reject(at("11-25 09:00"))
    assert change.case.accountable == union
    assert life.running() == {"FIRST_REPLY", "PLAN", "REMINDER"}
    assert life.replayed().case == change.case
    # Another position has it by then.
    life.escalate(1, at("11-25 09:10"))
    life.go_down(0, at("11-25 09:20"), accountable="position:GROUP")
    life.escalate(1, at("11-25 09:30"))
    life.resolve(at("11-25 11:00"))
    assert life.reject(at("11-26 09:00"), cycle=3).case.accountable == "position:GROUP"


def test_a_case_with_a_steward_is_theirs_again_when_it_is_rejected() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.escalate(1, at("11-23 09:10"))
    life.instruct(at("11-23 09:20"), accountable="position:DISPATCH_ROOM")
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    assert life.running() == {"FIRST_REPLY", "PLAN"}


def test_resolving_ends_the_wait_for_a_ruling() -> None:
    life = Life()
    life.give_back("w-1", at("11-23 11:00"))
    life.resolve(at("11-23 12:00"))
    assert life.one(ClockKind.RULING).state is ClockState.CANCELLED


def test_who_is_reached_by_a_call_is_waited_for_no_longer() -> None:
    life = resolved()
    life.call(at("11-24 10:00"), reached=True)
    assert life.one(ClockKind.CONFIRMATION).state is ClockState.MET
    assert life.running() == {"REMINDER"}


def test_who_is_not_reached_is_called_again() -> None:
    life = resolved()
    life.call(at("11-24 10:00"), reached=False)
    # Someone called; now the next call is owed.
    assert life.one(ClockKind.CONFIRMATION).state is ClockState.MET
    assert life.one(ClockKind.CALLBACK).due_time == at("11-26 00:00")
    (again,) = life.fire(at("11-26 00:00")).fired
    assert again.consequence is Consequence.CALLBACK
    life.call(at("11-26 10:00"), reached=False)
    late, due = life.all(ClockKind.CALLBACK)
    assert (late.state, due.due_time) == (ClockState.MET_LATE, at("11-28 00:00"))
    life.confirm(at("11-26 11:00"))
    assert life.all(ClockKind.CALLBACK)[1].state is ClockState.MET


def test_an_unanswered_call_does_not_meet_a_word_already_overdue() -> None:
    life = resolved()
    life.fire(at("11-27 00:00"))
    life.call(at("11-27 10:00"), reached=False)
    assert life.one(ClockKind.CONFIRMATION).live
    life.call(at("11-27 11:00"), reached=True)
    assert life.one(ClockKind.CONFIRMATION).state is ClockState.MET_LATE


def test_a_call_about_a_cycle_gone_by_is_nothing() -> None:
    life = resolved()
    life.reject(at("11-24 09:00"))
    assert life.call(at("11-24 10:00"), reached=False, cycle=1).clocks == ()
    assert life.call(at("11-24 10:00"), reached=False, cycle=2).clocks == ()


def test_the_silence_of_somebody_anonymous_lets_the_case_be_closed() -> None:
    life = resolved(anonymous=True)
    silence = life.one(ClockKind.SILENCE)
    assert silence.due_time == at("12-09 00:00")
    fired = life.fire(at("12-09 00:00")).fired
    assert (ClockKind.SILENCE, Consequence.MAY_CLOSE) in {
        (verdict.clock.kind, verdict.consequence) for verdict in fired
    }
    assert life.one(ClockKind.SILENCE).live
    life.close(at("12-09 10:00"))
    assert not life.one(ClockKind.SILENCE).live


def test_nobody_waits_for_the_silence_of_a_named_reporter() -> None:
    assert "SILENCE" not in resolved().states()


def test_a_word_ends_the_silence() -> None:
    life = resolved(anonymous=True)
    life.confirm(at("11-24 10:00"))
    assert life.one(ClockKind.SILENCE).state is ClockState.MET
    life = resolved(anonymous=True)
    life.reject(at("11-24 10:00"))
    assert life.one(ClockKind.SILENCE).state is ClockState.MET


def test_an_old_rejection_moves_nothing() -> None:
    life = resolved()
    life.reject(at("11-24 10:00"))
    assert life.reject(at("11-24 11:00")).clocks == ()
    assert life.change.case.cycle == 2


def test_resolving_again_asks_nobody_again() -> None:
    life = resolved()
    life.confirm(at("11-24 10:00"))
    change = life.resolve(at("11-24 11:00"))
    assert change.clocks == ()
    assert life.running() == {"REMINDER"}


def test_a_rejection_ends_what_was_left_of_the_cycle() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    # The result has been told to nobody yet.
    life.do(Resolved(at("11-23 11:00"), None), now=at("11-23 11:00"))
    assert life.running() == {"FIRST_REPLY", "CONFIRMATION"}
    life.reject(at("11-23 12:00"))
    first, second = life.all(ClockKind.FIRST_REPLY)
    assert (first.state, second.state) == (ClockState.CANCELLED, ClockState.RUNNING)


def test_a_rejection_ends_a_pause() -> None:
    life = Life()
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-27 18:00")))
    life.pause(at("11-24 10:00"), at("12-10 00:00"))
    change = life.reject(at("11-24 11:00"))
    assert change.case.pause is None
    assert [clock.kind for clock in change.resumed] == [ClockKind.WORK_ORDER]
    assert life.one(ClockKind.PAUSE).state is ClockState.CANCELLED
