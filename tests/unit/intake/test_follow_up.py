"""Promises that are moved, marks that are put on and taken off, calls that are counted."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.errors import Refused
from services.intake.domain import commands, follow_up, read_model, transitions
from services.intake.domain.marks import Callback, FlagKind, Pause, PromiseMove
from services.intake.domain.rules import Rules
from services.intake.domain.transitions import Act
from services.intake.domain.values import (
    Answer,
    AnswerKind,
    CaseFile,
    CaseState,
    Confidentiality,
    Grade,
    Outcome,
)
from tests.unit.intake.examples import (
    ACT,
    NOW,
    SPOKEN,
    TOLD,
    ZONE,
    answer,
    case,
    file,
    resolved_file,
)

# NOW is noon of Mon 2026-11-23 at the mine.
TODAY = date(2026, 11, 23)
PROMISED = date(2026, 12, 3)
OPEN = (CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.IN_PROGRESS)


def plan(answer_id: str = "p-1", promised: date = PROMISED, *, cycle: int = 1) -> Answer:
    return answer(answer_id=answer_id, kind=AnswerKind.PLAN, promised_date=promised, cycle=cycle)


def move(promised: date, answer_id: str = "") -> commands.MovePromise:
    return commands.MovePromise("", 0, answer_id, promised, "等配件")


def mark(flag: FlagKind, *, on: bool = True, leader: str = "") -> commands.FlagCase:
    return commands.FlagCase("", 0, flag, on, "顶板渗水", leader)


def call(*, reached: bool, at: datetime | None = None) -> commands.RecordCallback:
    return commands.RecordCallback("", 0, reached, "无人接听", at)


def called(day: int, *, reached: bool = False, cycle: int = 1, hour: int = 1) -> Callback:
    """A call on a day of November; the mine is eight hours ahead of the hour given."""
    return Callback(cycle, reached, "u-1", datetime(2026, 11, day, hour, 30, tzinfo=UTC), "")


# Promises ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", OPEN)
def test_the_last_plan_of_the_cycle_gets_the_new_date(state: CaseState) -> None:
    told = file(plan("p-0", date(2026, 11, 30)), plan(), answer(), state=state)
    moved = follow_up.move_promise(told, move(date(2026, 12, 10)), ACT)
    assert (moved.answer.answer_id, moved.answer.promised_date) == ("p-1", date(2026, 12, 10))
    assert (moved.move.previous_date, moved.move.promised_date) == (PROMISED, date(2026, 12, 10))
    assert (moved.move.approved_by, moved.move.reason) == (ACT.by, "等配件")
    assert moved.move.move_time == NOW
    assert moved.case.promise_move_count == 1
    assert moved.case.state is state


def test_a_plan_that_is_named_is_the_one_moved_and_may_come_earlier() -> None:
    told = file(plan("p-0", date(2026, 11, 30)), plan(), promise_move_count=2)
    moved = follow_up.move_promise(told, move(TODAY, "p-0"), ACT)
    assert (moved.answer.answer_id, moved.move.previous_date) == ("p-0", date(2026, 11, 30))
    assert moved.case.promise_move_count == 3


@pytest.mark.parametrize(
    ("promised", "now", "may"),
    [
        (TODAY, NOW, True),
        # 23:59:59 and 24:00 of the promised day, at the mine.
        (TODAY, datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC), True),
        (TODAY, datetime(2026, 11, 23, 16, 0, tzinfo=UTC), False),
        (date(2026, 11, 22), NOW, False),
    ],
)
def test_a_promise_is_moved_before_it_has_passed_and_not_after(
    promised: date, now: datetime, may: bool
) -> None:
    told = file(plan(promised=promised))
    if may:
        assert follow_up.move_promise(told, move(PROMISED), Act("d-1", now)).move.move_time == now
        return
    with pytest.raises(Refused, match="PROMISE_HAS_PASSED") as refused:
        follow_up.move_promise(told, move(PROMISED), Act("d-1", now))
    assert refused.value.metadata == {"promised_date": promised.isoformat()}


@pytest.mark.parametrize(
    ("told", "command", "reason"),
    [
        (file(plan()), move(date(2026, 11, 22)), "PROMISE_IN_PAST"),
        (file(plan()), move(PROMISED), "PROMISE_NOT_MOVED"),
        (file(plan()), move(date(2040, 1, 1)), "INVALID_FIELD"),
        (file(), move(PROMISED), "NO_PROMISE"),
        (file(answer()), move(PROMISED), "NO_PROMISE"),
        (file(answer()), move(PROMISED, "a-1"), "NO_PROMISE"),
        (file(plan(), cycle=2), move(date(2026, 12, 10)), "NO_PROMISE"),
        (file(plan(), cycle=2), move(date(2026, 12, 10), "p-1"), "NO_PROMISE"),
        (file(plan()), move(date(2026, 12, 10), "p-9"), "ANSWER_NOT_FOUND"),
        (file(plan(), state=CaseState.RESOLVED), move(date(2026, 12, 10)), "WRONG_STATE"),
        (file(plan(), state=CaseState.CLOSED), move(date(2026, 12, 10)), "WRONG_STATE"),
    ],
)
def test_no_promise_is_moved_otherwise(
    told: CaseFile, command: commands.MovePromise, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        follow_up.move_promise(told, command, ACT)


def moved_before(count: int, answer_id: str = "p-1") -> tuple[PromiseMove, ...]:
    return (PromiseMove(answer_id, TODAY, PROMISED, "等配件", "d-1", NOW),) * count


@pytest.mark.parametrize(("moves", "limit", "may"), [(1, 2, True), (2, 2, False), (2, 3, True)])
def test_the_promises_of_a_cycle_are_moved_as_often_as_the_site_allows(
    moves: int, limit: int, may: bool
) -> None:
    told = replace(file(plan()), promise_moves=moved_before(moves))
    rules = Rules(promise_moves=limit)
    later = move(date(2026, 12, 10))
    if may:
        assert follow_up.move_promise(told, later, ACT, rules).move.promised_date.day == 10
        return
    with pytest.raises(Refused, match="TOO_MANY_MOVES") as refused:
        follow_up.move_promise(told, later, ACT, rules)
    assert refused.value.metadata == {"limit": str(limit)}


def test_a_new_cycle_has_moves_of_its_own() -> None:
    told = replace(
        file(plan("p-0"), plan("p-1", cycle=2), cycle=2),
        promise_moves=moved_before(5, "p-0") + moved_before(1, "p-1"),
    )
    later = move(date(2026, 12, 10))
    assert follow_up.move_promise(told, later, ACT, Rules(promise_moves=2)).move.answer_id == "p-1"


# Flags -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [*OPEN, CaseState.RESOLVED])
def test_a_mark_is_put_on_and_taken_off(state: CaseState) -> None:
    put = follow_up.flag(file(state=state), mark(FlagKind.HAZARD), ACT)
    (flag,) = put.case.flags
    assert put.new
    assert (flag.kind, flag.reason, flag.flagged_by, flag.flag_time) == (
        FlagKind.HAZARD, "顶板渗水", ACT.by, NOW,
    )  # fmt: skip
    off = follow_up.flag(CaseFile(put.case, ZONE), mark(FlagKind.HAZARD, on=False), ACT)
    assert off.new
    assert off.case.flags == ()
    assert off.case.state is state


def test_what_stands_already_is_nothing_new_but_another_leader_is() -> None:
    put = follow_up.flag(file(), mark(FlagKind.LONG_STANDING, leader="ld-1"), ACT)
    told = CaseFile(put.case, ZONE)
    later = Act("d-2", NOW + timedelta(days=1))
    again = follow_up.flag(told, mark(FlagKind.LONG_STANDING, leader="ld-1"), later)
    assert not again.new
    assert again.case == put.case
    other = follow_up.flag(told, mark(FlagKind.LONG_STANDING, leader="ld-2"), later)
    assert other.new
    assert [(one.leader, one.flagged_by) for one in other.case.flags] == [("ld-2", "d-2")]
    both = follow_up.flag(told, mark(FlagKind.HAZARD), later)
    assert [one.kind for one in both.case.flags] == [FlagKind.HAZARD, FlagKind.LONG_STANDING]
    assert not follow_up.flag(file(), mark(FlagKind.HAZARD, on=False), ACT).new


def test_what_is_struck_off_gets_no_mark() -> None:
    with pytest.raises(Refused, match="WRONG_STATE"):
        follow_up.flag(file(state=CaseState.CLOSED), mark(FlagKind.HAZARD), ACT)


# Callbacks ---------------------------------------------------------------------------------------


def waiting(*calls: Callback, **changes: Any) -> CaseFile:
    """A case that waits for its reporter, with these calls; s-1 and c-1 have handled it."""
    begun = datetime(2026, 11, 20, 1, tzinfo=UTC)
    told = resolved_file(**{"resolve_time": begun, "resolve_record_time": begun} | changes)
    return CaseFile(told.case, ZONE, callbacks=calls, hands=frozenset({"s-1", "c-1"}))


CALLER = Act("u-1", NOW)


def test_calls_in_vain_are_counted_by_their_local_days() -> None:
    first = follow_up.call_back(waiting(), call(reached=False), CALLER)
    assert (first.unanswered_days, first.callback.call_time) == (1, NOW)
    before = (
        called(20),
        called(20, hour=8),
        # 23:30 of the 21st and 00:30 of the 22nd, at the mine.
        called(21, hour=15),
        called(21, hour=16),
        called(18, reached=True),
        called(19, cycle=2),
    )
    again = follow_up.call_back(waiting(*before), call(reached=False), CALLER)
    # The 20th, the 21st, the 22nd and today; neither the one reached nor another cycle's.
    assert again.unanswered_days == 4
    same_day = follow_up.call_back(waiting(called(23)), call(reached=False), CALLER)
    assert same_day.unanswered_days == 1


def test_a_call_that_was_answered_counts_no_day() -> None:
    made = follow_up.call_back(waiting(called(20)), call(reached=True), CALLER)
    # Nor do those in vain before it count any longer.
    assert (made.unanswered_days, made.callback.reached) == (0, True)
    assert made.case == waiting().case


@pytest.mark.parametrize("state", [*OPEN, CaseState.CLOSED])
def test_only_a_result_is_asked_about(state: CaseState) -> None:
    with pytest.raises(Refused, match="WRONG_STATE"):
        follow_up.call_back(waiting(state=state), call(reached=True), CALLER)


@pytest.mark.parametrize(
    ("told", "command", "who", "reason"),
    [
        (waiting(), call(reached=True), "s-1", "CALLER_HANDLED_CASE"),
        (
            waiting(confidentiality=Confidentiality.ANONYMOUS),
            call(reached=False),
            "u-1",
            "REPORTER_ANONYMOUS",
        ),
        (waiting(), call(reached=True, at=NOW + timedelta(hours=1)), "u-1", "TIME_IN_FUTURE"),
        (
            waiting(),
            call(reached=True, at=datetime(2026, 11, 20, 0, 54, tzinfo=UTC)),
            "u-1",
            "INVALID_FIELD",
        ),
        # Resolved on the 20th, it is said; nobody could know of it before it was entered.
        (
            waiting(resolve_record_time=NOW),
            call(reached=False, at=datetime(2026, 11, 21, 1, tzinfo=UTC)),
            "u-1",
            "INVALID_FIELD",
        ),
        # Entered more than three days after the call.
        (
            waiting(resolve_record_time=datetime(2026, 11, 10, 1, tzinfo=UTC)),
            call(reached=False, at=NOW - timedelta(days=3, minutes=1)),
            "u-1",
            "INVALID_FIELD",
        ),
    ],
)
def test_a_call_is_refused(
    told: CaseFile, command: commands.RecordCallback, who: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        follow_up.call_back(told, command, Act(who, NOW))


def test_who_acts_for_a_hand_in_the_case_calls_nobody_about_it() -> None:
    with pytest.raises(Refused, match="CALLER_HANDLED_CASE"):
        follow_up.call_back(waiting(), call(reached=True), Act("u-1", NOW, "s-1"))


SAMPLE = "0190a5d0-0000-7000-8000-0000000000aa"


def closed(*calls: Callback) -> CaseFile:
    return waiting(*calls, state=CaseState.CLOSED, close_time=datetime(2026, 11, 22, 1, tzinfo=UTC))


def test_a_call_for_a_sample_counts_no_day() -> None:
    asked = replace(call(reached=False), sample_id=SAMPLE)
    made = follow_up.call_back(closed(), asked, CALLER, sampled=True)
    assert (made.unanswered_days, made.callback.sample_id) == (0, SAMPLE)
    graded = replace(call(reached=True), sample_id=SAMPLE, grade=Grade.DISSATISFIED)
    told = follow_up.call_back(closed(made.callback), graded, CALLER, sampled=True)
    assert (told.callback.grade, told.unanswered_days) == ("DISSATISFIED", 0)
    assert told.case == closed().case


@pytest.mark.parametrize(
    ("told", "at", "sampled", "who", "reason"),
    [
        (closed(), None, False, "u-1", "SAMPLE_NOT_FOUND"),
        (waiting(), None, True, "u-1", "WRONG_STATE"),
        (closed(), None, True, "s-1", "CALLER_HANDLED_CASE"),
        # After the resolution, before the closing.
        (closed(), datetime(2026, 11, 21, 1, tzinfo=UTC), True, "u-1", "INVALID_FIELD"),
    ],
)
def test_a_call_for_a_sample_is_refused(
    told: CaseFile, at: datetime | None, sampled: bool, who: str, reason: str
) -> None:
    asked = replace(call(reached=True, at=at), sample_id=SAMPLE)
    with pytest.raises(Refused, match=reason):
        follow_up.call_back(told, asked, Act(who, NOW), sampled=sampled)


# The pause, as the case file shows it ------------------------------------------------------------

PAUSE = Pause("FORCE_MAJEURE", "暴雨", "d-1", NOW, NOW + timedelta(days=3))


def test_a_pause_shows_until_it_is_over_or_the_case_resolved() -> None:
    paused = read_model.paused(case(), PAUSE)
    assert paused.pause == PAUSE
    joined = replace(PAUSE, start_time=NOW + timedelta(hours=1))
    assert read_model.paused(paused, joined).pause == PAUSE
    assert read_model.resumed(paused).pause is None
    told = CaseFile(paused, ZONE, answers=(answer(fed_back_time=SPOKEN),))
    resolve = commands.ResolveCase("", 0, "已更换", Outcome.SOLVED, TOLD, None)
    assert transitions.resolve(told, resolve, ACT).case.pause is None


@pytest.mark.parametrize("state", [CaseState.RESOLVED, CaseState.CLOSED])
def test_a_pause_that_was_on_its_way_comes_too_late(state: CaseState) -> None:
    assert read_model.paused(case(state=state), PAUSE).pause is None
