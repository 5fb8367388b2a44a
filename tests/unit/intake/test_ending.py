"""No end without its proof, what proves each, and how a case begins again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.errors import Refused
from services.intake.domain import commands, ending
from services.intake.domain.marks import (
    Callback,
    Comment,
    Pause,
    Referral,
    Review,
    ReviewDecision,
    Visibility,
    Withdrawal,
)
from services.intake.domain.rules import DEFAULTS, Rules
from services.intake.domain.transitions import Act
from services.intake.domain.values import (
    Basis,
    Case,
    CaseFile,
    CaseState,
    Confidentiality,
    Grade,
    Outcome,
)
from tests.unit.intake.examples import ACT, NOW, SPOKEN, answer, file, resolved_file

OPEN = (CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.IN_PROGRESS)
LATER = NOW + timedelta(hours=1)
UPHELD, AGAIN = ReviewDecision.UPHELD, ReviewDecision.WORK_AGAIN


def close(told: CaseFile, outcome: Outcome, *, rejections: int = 0, act: Act = ACT) -> Case:
    told = replace(told, case=replace(told.case, rejections=rejections))
    return ending.close(told, commands.CloseCase("", 0, outcome, ""), act, DEFAULTS)


def lacks(told: CaseFile, outcome: Outcome, *, rejections: int = 0, act: Act = ACT) -> str:
    """Returns what an end lacks; AssertionError when the case is closed."""
    with pytest.raises(Refused, match="END_NOT_PROVEN") as refused:
        close(told, outcome, rejections=rejections, act=act)
    assert refused.value.metadata["outcome"] == outcome
    return refused.value.metadata["missing"]


def reviewed(*decisions: ReviewDecision, cycle: int = 3, **changes: Any) -> CaseFile:
    told = resolved_file(cycle=3, **changes)
    reviews = tuple(Review(cycle, one, "属实", "v-1", "d-1", NOW) for one in decisions)
    return replace(told, reviews=reviews)


def called(day: int, *, reached: bool = False, cycle: int = 1, sample: str = "") -> Callback:
    instant = datetime(2026, 11, day, 1, 30, tzinfo=UTC)
    return Callback(cycle, reached, "u-1", instant, "", "", sample)


def withdrawn(basis: Basis, *, cycle: int = 1) -> Withdrawal:
    return Withdrawal(cycle, "不办了", basis, basis is not Basis.REPORTED, NOW)


def referral(result: str = "") -> Referral:
    time = NOW if result else None
    return Referral(4, 1, "样例供电公司", "GD-1", "外线", "d-1", SPOKEN, result, "", time)


# Ends --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "missing"),
    [
        (Outcome.SOLVED, "confirmation"),
        (Outcome.EXPLAINED, "resolution_with_this_outcome"),
        (Outcome.EXPLAINED_NOT_ACCEPTED, "second_rejection"),
        (Outcome.UNCONFIRMED, "callbacks"),
        (Outcome.REFERRED, "result_of_the_other_body"),
        (Outcome.DUPLICATE, "merge"),
        (Outcome.WITHDRAWN, "withdrawal"),
    ],
)
def test_no_end_without_its_proof(outcome: Outcome, missing: str) -> None:
    assert lacks(resolved_file(), outcome) == missing


@pytest.mark.parametrize("outcome", [Outcome.SOLVED, Outcome.EXPLAINED])
def test_what_is_confirmed_is_struck_off(outcome: Outcome) -> None:
    told = resolved_file(confirmed=True, basis=Basis.CODE, proposed_outcome=outcome)
    closed = close(told, outcome)
    assert (closed.state, closed.outcome, closed.close_time) == (CaseState.CLOSED, outcome, NOW)
    assert (closed.accountable, closed.next_wake_time) == ("", None)


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("outcome", [Outcome.SOLVED, Outcome.EXPLAINED, Outcome.UNCONFIRMED])
def test_what_rests_on_a_resolution_needs_one(state: CaseState, outcome: Outcome) -> None:
    with pytest.raises(Refused, match="WRONG_STATE"):
        close(file(state=state, confirmed=True, proposed_outcome=outcome), outcome)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one])
def test_what_is_closed_ends_once(outcome: Outcome) -> None:
    told = replace(
        reviewed(UPHELD, state=CaseState.CLOSED), withdrawals=(withdrawn(Basis.CODE, cycle=3),)
    )
    with pytest.raises(Refused, match="WRONG_STATE"):
        close(told, outcome, rejections=2)


@pytest.mark.parametrize("state", [*OPEN, CaseState.RESOLVED])
def test_what_was_rejected_twice_and_reviewed_ends_unsatisfied(state: CaseState) -> None:
    pause = Pause("FORCE_MAJEURE", "暴雨", "d-1", SPOKEN, None)
    told = reviewed(AGAIN, UPHELD, state=state, pause=pause, basis=Basis.REPORTED)
    closed = close(told, Outcome.EXPLAINED_NOT_ACCEPTED, rejections=2)
    assert (closed.grade, closed.basis, closed.confirmed) == (
        Grade.DISSATISFIED, Basis.NONE, False,
    )  # fmt: skip
    assert closed.pause is None


@pytest.mark.parametrize(
    ("told", "rejections", "missing"),
    [
        (reviewed(UPHELD), 1, "second_rejection"),
        (reviewed(), 2, "director_review"),
        (reviewed(UPHELD, cycle=2), 2, "director_review"),
        (reviewed(UPHELD, AGAIN), 2, "director_review"),
        (reviewed(UPHELD, confirmed=True), 2, "no_confirmation"),
        # What was done since, the director hasn't looked at.
        (reviewed(UPHELD, resolve_record_time=LATER), 2, "director_review"),
    ],
)
def test_nobody_is_declared_unconvinced_otherwise(
    told: CaseFile, rejections: int, missing: str
) -> None:
    assert lacks(told, Outcome.EXPLAINED_NOT_ACCEPTED, rejections=rejections) == missing


@pytest.mark.parametrize(
    ("calls", "proven"),
    [
        ((called(20), called(21), called(22)), True),
        ((called(20), called(21), called(21)), False),
        ((called(20), called(21), called(22, reached=True)), False),
        ((called(20), called(21), called(22, cycle=2)), False),
        ((called(20), called(21), called(22, sample="x")), False),
        # Whoever was reached has been asked: what was in vain before counts no longer.
        ((called(20), called(21), called(22), called(23, reached=True)), False),
        ((called(19, reached=True), called(20), called(21), called(22)), True),
    ],
)
def test_three_days_of_calls_in_vain_let_it_end_unconfirmed(
    calls: tuple[Callback, ...], proven: bool
) -> None:
    told = replace(resolved_file(basis=Basis.REPORTED, grade=Grade.SATISFIED), callbacks=calls)
    if not proven:
        assert lacks(told, Outcome.UNCONFIRMED) == "callbacks"
        return
    assert not close(told, Outcome.UNCONFIRMED).confirmed
    confirmed = replace(told, case=replace(told.case, confirmed=True))
    assert lacks(confirmed, Outcome.UNCONFIRMED) == "no_confirmation"


@pytest.mark.parametrize(("days", "proven"), [(14.99, False), (15, True), (40, True)])
def test_an_anonymous_reporter_has_time_to_speak(days: float, proven: bool) -> None:
    told = resolved_file(confidentiality=Confidentiality.ANONYMOUS)
    later = Act("d-1", NOW + timedelta(days=days))
    if proven:
        assert close(told, Outcome.UNCONFIRMED, act=later).outcome is Outcome.UNCONFIRMED
    else:
        assert lacks(told, Outcome.UNCONFIRMED, act=later) == "silence"


def test_silence_begins_when_the_resolution_was_put_on_record() -> None:
    told = resolved_file(
        confidentiality=Confidentiality.ANONYMOUS, resolve_time=NOW - timedelta(days=20)
    )
    assert lacks(told, Outcome.UNCONFIRMED) == "silence"
    later = Act("d-1", NOW + timedelta(days=15))
    assert close(told, Outcome.UNCONFIRMED, act=later).outcome is Outcome.UNCONFIRMED


def test_an_anonymous_reporter_who_has_said_something_is_not_silent() -> None:
    words = Comment(Visibility.REPORTER, "还没修", "", True, NOW + timedelta(days=10))
    note = replace(words, by_reporter=False, comment_time=NOW + timedelta(days=14))
    told = resolved_file(confidentiality=Confidentiality.ANONYMOUS)
    told = replace(told, comments=(words, note))
    early, late = (Act("d-1", NOW + timedelta(days=days)) for days in (20, 25))
    assert lacks(told, Outcome.UNCONFIRMED, act=early) == "silence"
    assert close(told, Outcome.UNCONFIRMED, act=late).outcome is Outcome.UNCONFIRMED
    # Calls are no proof where nobody could be called.
    calls = replace(told, callbacks=(called(20), called(21), called(22)))
    assert lacks(calls, Outcome.UNCONFIRMED, act=early) == "silence"


@pytest.mark.parametrize("state", [*OPEN, CaseState.RESOLVED])
def test_a_referral_ends_with_its_result_once_the_reporter_was_told(state: CaseState) -> None:
    told = file(answer(fed_back_time=NOW), state=state)
    done = replace(told, referrals=(referral(), referral("已修复")))
    assert close(done, Outcome.REFERRED).outcome is Outcome.REFERRED
    waiting = replace(told, referrals=(referral("已修复"), referral()))
    assert lacks(waiting, Outcome.REFERRED) == "result_of_the_other_body"
    untold = replace(done, answers=(answer(),))
    assert lacks(untold, Outcome.REFERRED) == "feedback"
    before = replace(done, answers=(answer(fed_back_time=SPOKEN),))
    assert lacks(before, Outcome.REFERRED) == "feedback"
    old = replace(done, case=replace(done.case, cycle=2))
    assert lacks(old, Outcome.REFERRED) == "result_of_the_other_body"


@pytest.mark.parametrize("state", [*OPEN, CaseState.RESOLVED])
@pytest.mark.parametrize("basis", [Basis.REPORTER, Basis.CODE, Basis.CALLBACK, Basis.REPORTED])
def test_a_withdrawal_that_counts_ends_it(state: CaseState, basis: Basis) -> None:
    told = replace(file(state=state), withdrawals=(withdrawn(basis),))
    if basis is Basis.REPORTED:
        assert lacks(told, Outcome.WITHDRAWN) == "withdrawal"
        return
    assert close(told, Outcome.WITHDRAWN).outcome is Outcome.WITHDRAWN
    old = replace(told, case=replace(told.case, cycle=2))
    assert lacks(old, Outcome.WITHDRAWN) == "withdrawal"


@pytest.mark.parametrize("later", ["words", "resolution"])
def test_what_comes_after_a_withdrawal_takes_it_back(later: str) -> None:
    words = Comment(Visibility.REPORTER, "还是要修", "", True, LATER)
    told = replace(file(), withdrawals=(withdrawn(Basis.CODE),))
    note = replace(told, comments=(replace(words, by_reporter=False),))
    assert close(note, Outcome.WITHDRAWN).outcome is Outcome.WITHDRAWN
    if later == "words":
        told = replace(told, comments=(words,))
    else:
        told = replace(told, case=resolved_file(resolve_record_time=LATER).case)
    assert lacks(told, Outcome.WITHDRAWN) == "withdrawal"
    # The same words say it anew.
    assert take_back(told, Basis.CODE).new


# Withdrawals -------------------------------------------------------------------------------------


def take_back(told: CaseFile, basis: Basis, reason: str = "不办了") -> ending.Withdrawn:
    return ending.withdraw(told, ending.WithdrawCase("", 0, reason), basis, ACT)


@pytest.mark.parametrize("state", [*OPEN, CaseState.RESOLVED])
def test_a_withdrawal_moves_nothing(state: CaseState) -> None:
    told = file(state=state)
    made = take_back(told, Basis.CODE)
    assert (made.case, made.new) == (told.case, True)
    assert (made.withdrawal.counts, made.withdrawal.basis) == (True, "CODE")
    assert not take_back(told, Basis.REPORTED).withdrawal.counts


@pytest.mark.parametrize(
    ("before", "basis", "reason", "new"),
    [
        (withdrawn(Basis.REPORTED), Basis.CALLBACK, "不办了", True),
        (withdrawn(Basis.REPORTED), Basis.REPORTED, "不办了", False),
        (withdrawn(Basis.REPORTED), Basis.REPORTED, "另有安排", True),
        (withdrawn(Basis.CODE), Basis.REPORTED, "另有安排", False),
        (withdrawn(Basis.CODE), Basis.REPORTER, "另有安排", False),
        (withdrawn(Basis.CODE, cycle=2), Basis.REPORTED, "不办了", True),
    ],
)
def test_what_counts_is_never_made_less(
    before: Withdrawal, basis: Basis, reason: str, new: bool
) -> None:
    told = replace(file(), withdrawals=(before,))
    assert take_back(told, basis, reason).new is new


def test_what_is_closed_is_not_withdrawn() -> None:
    with pytest.raises(Refused, match="WRONG_STATE"):
        take_back(file(state=CaseState.CLOSED), Basis.CODE)


# Reopening ---------------------------------------------------------------------------------------


def closed(outcome: Outcome = Outcome.SOLVED, **changes: Any) -> CaseFile:
    usual: dict[str, Any] = {
        "state": CaseState.CLOSED,
        "outcome": outcome,
        "close_time": NOW,
        "accountable": "",
        "next_wake_time": None,
        "confirmed": True,
        "grade": Grade.SATISFIED,
        "basis": Basis.CODE,
        "level": 3,
    }
    return resolved_file(**(usual | changes))


def test_a_reopened_case_begins_again_at_the_steward() -> None:
    later = Act("d-1", NOW + timedelta(days=400))
    made = ending.reopen(closed(), Basis.NONE, later, DEFAULTS)
    case = made.case
    assert made.previous_outcome is Outcome.SOLVED
    assert (case.state, case.cycle, case.reopen_count) == (CaseState.IN_PROGRESS, 2, 1)
    assert (case.outcome, case.close_time, case.resolve_time) == (Outcome.NONE, None, None)
    assert (case.grade, case.basis, case.confirmed) == (Grade.NONE, Basis.NONE, False)
    assert (case.accountable, case.level, case.cycle_start_time) == ("s-1", 0, later.time)
    assert case.next_wake_time is not None
    assert case.next_wake_time > later.time


@pytest.mark.parametrize("basis", [Basis.REPORTER, Basis.CODE])
@pytest.mark.parametrize(("days", "may"), [(0, True), (15, True), (15.001, False)])
def test_the_reporter_has_the_sites_days_to_reopen(basis: Basis, days: float, may: bool) -> None:
    act = Act("reporter:x", NOW + timedelta(days=days))
    if may:
        assert ending.reopen(closed(), basis, act, Rules(reopen_days=15)).case.cycle == 2
        return
    with pytest.raises(Refused, match="REOPEN_WINDOW_OVER") as refused:
        ending.reopen(closed(), basis, act, Rules(reopen_days=15))
    assert refused.value.metadata == {"days": "15"}


def test_what_the_director_upheld_is_reopened_by_the_dispatch_room_alone() -> None:
    told = closed(Outcome.EXPLAINED_NOT_ACCEPTED)
    with pytest.raises(Refused, match="REOPEN_NOT_ALLOWED"):
        ending.reopen(told, Basis.CODE, ACT, DEFAULTS)
    assert ending.reopen(told, Basis.NONE, ACT, DEFAULTS).case.open


@pytest.mark.parametrize("state", [*OPEN, CaseState.RESOLVED])
def test_only_what_is_closed_is_reopened(state: CaseState) -> None:
    with pytest.raises(Refused, match="WRONG_STATE"):
        ending.reopen(file(state=state), Basis.NONE, ACT, DEFAULTS)


# Referrals and reviews ---------------------------------------------------------------------------

REFER = ending.ReferCase("", 0, "样例供电公司", "GD-1", "外线")
RESULT = ending.RecordReferralResult("", 0, "已修复")


def test_a_referral_waits_for_its_result() -> None:
    made = ending.refer(file(cycle=2), REFER, ACT)
    assert (made.body, made.reference, made.cycle, made.referred_by) == (
        "样例供电公司", "GD-1", 2, ACT.by,
    )  # fmt: skip
    with pytest.raises(Refused, match="REFERRAL_MISSING"):
        ending.record_result(file(), RESULT, ACT)
    done = ending.record_result(replace(file(), referrals=(referral(),)), RESULT, ACT)
    assert (done.version, done.result, done.result_time) == (4, "已修复", NOW)
    with pytest.raises(Refused, match="REFERRAL_MISSING"):
        ending.record_result(replace(file(), referrals=(done,)), RESULT, ACT)


@pytest.mark.parametrize("state", [CaseState.RESOLVED, CaseState.CLOSED])
def test_what_is_done_is_not_referred(state: CaseState) -> None:
    told = replace(file(state=state), referrals=(referral(),))
    with pytest.raises(Refused, match="WRONG_STATE"):
        ending.refer(told, REFER, ACT)
    with pytest.raises(Refused, match="WRONG_STATE"):
        ending.record_result(told, RESULT, ACT)


def look(
    told: CaseFile, decision: ReviewDecision, *, rejections: int = 2, verifier: str = "v-1"
) -> ending.Reviewed:
    command = ending.ReviewCase("", 0, decision, "属实", verifier)
    people = frozenset({"v-1", "s-1", "d-1", "r-1", "m-1"})
    told = replace(told, case=replace(told.case, rejections=rejections))
    return ending.review(told, command, Act("d-1", NOW, "m-1"), people)


def test_a_review_leaves_what_it_upholds() -> None:
    for state in (*OPEN, CaseState.RESOLVED):
        told = resolved_file(state=state, cycle=3, rejections=2)
        made = look(told, UPHELD)
        assert (made.case, made.again) == (told.case, False)
        assert (made.review.cycle, made.review.reviewed_by, made.review.verified_by) == (
            3, "d-1", "v-1",
        )  # fmt: skip


def test_what_is_resolved_is_worked_on_again_and_what_is_in_hand_stays() -> None:
    made = look(resolved_file(cycle=3, reopen_count=2), AGAIN)
    assert made.again
    assert (made.case.state, made.case.cycle, made.case.reopen_count) == (
        CaseState.IN_PROGRESS, 4, 3,
    )  # fmt: skip
    # The review itself belongs to what it looked at.
    assert made.review.cycle == 3
    told = file(state=CaseState.IN_PROGRESS, cycle=3, rejections=2)
    stays = look(told, AGAIN)
    assert (stays.case, stays.again) == (told.case, False)


@pytest.mark.parametrize(
    ("told", "rejections", "verifier", "reason"),
    [
        (resolved_file(), 1, "v-1", "REVIEW_TOO_EARLY"),
        (resolved_file(state=CaseState.CLOSED), 2, "v-1", "WRONG_STATE"),
        (resolved_file(), 2, "x-9", "INVALID_FIELD"),
        (resolved_file(recused_persons=("r-1",)), 2, "r-1", "INVALID_FIELD"),
        (replace(resolved_file(), hands=frozenset({"s-1"})), 2, "s-1", "VERIFIER_HANDLED_CASE"),
        # Nobody verifies for themselves.
        (resolved_file(), 2, "d-1", "VERIFIER_HANDLED_CASE"),
        (resolved_file(), 2, "m-1", "VERIFIER_HANDLED_CASE"),
    ],
)
def test_a_review_is_refused(told: CaseFile, rejections: int, verifier: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        look(told, UPHELD, rejections=rejections, verifier=verifier)
