"""How a case ends, and begins again: every end with its proof, and what proves it.

Nothing ends by itself: each end is asked for by the dispatch room, and refused by name of what is
missing. Each function takes the file as it stands under its lock.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.errors import FieldViolation, Refused
from services.intake.domain.commands import CloseCase
from services.intake.domain.follow_up import unanswered_days
from services.intake.domain.marks import Referral, Review, ReviewDecision, Withdrawal
from services.intake.domain.rules import Rules
from services.intake.domain.transitions import (
    IN_HAND,
    NOT_CLOSED,
    Act,
    begin_cycle,
    require,
    struck_off,
)
from services.intake.domain.values import (
    Basis,
    Case,
    CaseFile,
    CaseState,
    Confidentiality,
    Outcome,
)

# The director looks at what was rejected this often (domain: "After a second rejection").
REJECTIONS_NEEDED = 2

# Ends that rest on what followed a resolution; the others may come before one.
_AFTER_RESOLUTION = frozenset({Outcome.SOLVED, Outcome.EXPLAINED, Outcome.UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class WithdrawCase:
    case_id: str
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReopenCase:
    case_id: str
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReferCase:
    case_id: str
    expected_version: int
    body: str
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordReferralResult:
    case_id: str
    expected_version: int
    result: str


@dataclass(frozen=True, slots=True)
class ReviewCase:
    case_id: str
    expected_version: int
    decision: ReviewDecision
    findings: str
    verified_by: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """`new` is False for what adds nothing to a withdrawal of this cycle."""

    case: Case
    withdrawal: Withdrawal
    new: bool = True


@dataclass(frozen=True, slots=True)
class Reopened:
    """`previous_outcome` is what it had been closed as; NONE for one that was resolved only."""

    case: Case
    previous_outcome: Outcome


@dataclass(frozen=True, slots=True)
class Reviewed:
    """`again` tells that a new cycle begins with the review."""

    case: Case
    review: Review
    again: bool


def close(file: CaseFile, command: CloseCase, act: Act, rules: Rules, rejections: int) -> Case:
    """Struck off; `rejections` are those of all its cycles.

    Raises Refused WRONG_STATE, and END_NOT_PROVEN, naming what is missing.
    """
    case, outcome = file.case, command.outcome
    waits = outcome in _AFTER_RESOLUTION
    require(case, "CloseCase", *((CaseState.RESOLVED,) if waits else NOT_CLOSED))
    lacks = missing(file, outcome, act.time, rules, rejections)
    if lacks:
        raise Refused("END_NOT_PROVEN", outcome=outcome, missing=lacks)
    return struck_off(case, outcome, act.time)


def missing(file: CaseFile, outcome: Outcome, time: datetime, rules: Rules, rejections: int) -> str:
    """Returns what an end lacks, in the words of END_NOT_PROVEN; empty for a proven one."""
    match outcome:
        case Outcome.SOLVED | Outcome.EXPLAINED:
            return _missing_confirmation(file.case, outcome)
        case Outcome.EXPLAINED_NOT_ACCEPTED:
            return _missing_review(file, rejections)
        case Outcome.UNCONFIRMED:
            return _missing_silence(file, time, rules)
        case Outcome.REFERRED:
            return _missing_result(file)
        case Outcome.WITHDRAWN:
            return "" if _withdrawn(file) else "withdrawal"
        case _:
            return "merge"


def withdraw(file: CaseFile, command: WithdrawCase, basis: Basis, act: Act) -> Withdrawn:
    """The reporter takes it back, or someone says so for them; the case stays as it is.

    What is only reported doesn't count, and takes nothing from what does. Raises Refused
    WRONG_STATE.
    """
    case = file.case
    require(case, "WithdrawCase", *NOT_CLOSED)
    real = basis is not Basis.REPORTED
    withdrawal = Withdrawal(case.cycle, command.reason, basis, real, act.time)
    said = [one for one in file.withdrawals if one.cycle == case.cycle]
    known = any((one.basis, one.reason) == (basis, command.reason) for one in said)
    return Withdrawn(case, withdrawal, new=not (_withdrawn(file) or known))


def reopen(file: CaseFile, basis: Basis, act: Act, rules: Rules) -> Reopened:
    """Closed no more: in progress, in a new cycle, back at the steward's level.

    `basis` is NONE for the dispatch room, which may at any time. Raises Refused WRONG_STATE, and
    for the reporter REOPEN_NOT_ALLOWED and REOPEN_WINDOW_OVER.
    """
    case = file.case
    require(case, "ReopenCase", CaseState.CLOSED)
    if basis is not Basis.NONE:
        if case.outcome is Outcome.EXPLAINED_NOT_ACCEPTED:
            raise Refused("REOPEN_NOT_ALLOWED", outcome=case.outcome)
        closed = case.close_time or case.cycle_start_time
        if act.time > closed + timedelta(days=rules.reopen_days):
            raise Refused("REOPEN_WINDOW_OVER", days=rules.reopen_days)
    return Reopened(begin_cycle(file, act), case.outcome)


def refer(file: CaseFile, command: ReferCase, act: Act) -> Referral:
    """Another body has the matter; its version is given when it is recorded."""
    case = file.case
    require(case, "ReferCase", *IN_HAND)
    return Referral(
        version=0,
        cycle=case.cycle,
        body=command.body,
        reference=command.reference,
        reason=command.reason,
        referred_by=act.by,
        refer_time=act.time,
    )


def record_result(file: CaseFile, command: RecordReferralResult, act: Act) -> Referral:
    """What became of the last referral is known; raises Refused REFERRAL_MISSING without one."""
    require(file.case, "RecordReferralResult", *IN_HAND)
    if not file.referrals or file.referrals[-1].result:
        raise Refused("REFERRAL_MISSING")
    return replace(
        file.referrals[-1],
        result=command.result,
        result_recorded_by=act.by,
        result_time=act.time,
    )


def review(
    file: CaseFile, command: ReviewCase, act: Act, people: AbstractSet[str], rejections: int
) -> Reviewed:
    """The director decides on what was rejected twice; what is resolved is worked on again.

    `people` are those of the site's directory among the named. Raises Refused WRONG_STATE,
    REVIEW_TOO_EARLY, INVALID_FIELD and VERIFIER_HANDLED_CASE.
    """
    case = file.case
    require(case, "ReviewCase", *NOT_CLOSED)
    if rejections < REJECTIONS_NEEDED:
        raise Refused("REVIEW_TOO_EARLY", rejections=rejections)
    _check_verifier(file, command.verified_by, act, people)
    made = Review(
        cycle=case.cycle,
        decision=command.decision,
        findings=command.findings,
        verified_by=command.verified_by,
        reviewed_by=act.by,
        review_time=act.time,
    )
    again = command.decision is ReviewDecision.WORK_AGAIN and case.state is CaseState.RESOLVED
    return Reviewed(begin_cycle(file, act) if again else case, made, again)


def _missing_confirmation(case: Case, outcome: Outcome) -> str:
    if outcome is not case.proposed_outcome:
        return "resolution_with_this_outcome"
    return "" if case.confirmed else "confirmation"


def _missing_review(file: CaseFile, rejections: int) -> str:
    if rejections < REJECTIONS_NEEDED:
        return "second_rejection"
    present = [one for one in file.reviews if one.cycle == file.case.cycle]
    if not present or present[-1].decision is not ReviewDecision.UPHELD:
        return "director_review"
    return "no_confirmation" if file.case.confirmed else ""


def _missing_silence(file: CaseFile, time: datetime, rules: Rules) -> str:
    case = file.case
    if case.confirmed:
        return "no_confirmation"
    if case.confidentiality is not Confidentiality.ANONYMOUS:
        return "" if unanswered_days(file) >= rules.unanswered_callbacks else "callbacks"
    heard = [one.comment_time for one in file.comments if one.by_reporter]
    since = max((case.resolve_time or case.cycle_start_time, *heard))
    return "" if time >= since + timedelta(days=rules.silence_days) else "silence"


def _missing_result(file: CaseFile) -> str:
    if not file.referrals or not file.referrals[-1].result:
        return "result_of_the_other_body"
    return "" if file.fed_back_in_cycle else "feedback"


def _withdrawn(file: CaseFile) -> bool:
    return any(one.counts and one.cycle == file.case.cycle for one in file.withdrawals)


def _check_verifier(file: CaseFile, verifier: str, act: Act, people: AbstractSet[str]) -> None:
    problem = "" if verifier in people else "is nobody of the site's directory"
    if verifier in file.case.shielded:
        problem = "may not have the case in hand"
    if problem:
        violation = FieldViolation("verified_by", problem)
        raise Refused("INVALID_FIELD", fields=[violation], field="verified_by")
    # Whoever decides on a verification hasn't made it independently.
    if verifier in file.hands or verifier == act.by:
        raise Refused("VERIFIER_HANDLED_CASE", person_id=verifier)
