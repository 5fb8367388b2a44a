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
from services.intake.domain.room import Entry, check_room, check_text
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
    """`new` is False for what adds nothing to a withdrawal that stands."""

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


def close(file: CaseFile, command: CloseCase, act: Act, rules: Rules) -> Case:
    """Struck off.

    Raises Refused WRONG_STATE, and END_NOT_PROVEN, naming what is missing.
    """
    case, outcome = file.case, command.outcome
    waits = outcome in _AFTER_RESOLUTION
    require(case, "CloseCase", *((CaseState.RESOLVED,) if waits else NOT_CLOSED))
    lacks = missing(file, outcome, act.time, rules)
    if lacks:
        raise Refused("END_NOT_PROVEN", outcome=outcome, missing=lacks)
    return struck_off(case, outcome, act.time)


def missing(file: CaseFile, outcome: Outcome, time: datetime, rules: Rules) -> str:
    """Returns what an end lacks, in the words of END_NOT_PROVEN; empty for a proven one."""
    match outcome:
        case Outcome.SOLVED | Outcome.EXPLAINED:
            return _missing_confirmation(file.case, outcome)
        case Outcome.EXPLAINED_NOT_ACCEPTED:
            return _missing_review(file)
        case Outcome.UNCONFIRMED:
            return _missing_silence(file, time, rules)
        case Outcome.REFERRED:
            return _missing_result(file)
        case Outcome.WITHDRAWN:
            return "" if any(one.counts for one in _withdrawals(file)) else "withdrawal"
        case _:
            return "merge"


def withdraw(file: CaseFile, command: WithdrawCase, basis: Basis, act: Act) -> Withdrawn:
    """The reporter takes it back, or someone says so for them; the case stays as it is.

    What is only reported doesn't count, and takes nothing from what does. Raises Refused
    WRONG_STATE and TOO_MANY_ENTRIES.
    """
    case = file.case
    require(case, "WithdrawCase", *NOT_CLOSED)
    withdrawal = Withdrawal(case.cycle, command.reason, basis, basis.counts, act.time)
    known = any(
        one.counts or (one.basis, one.reason) == (basis, command.reason)
        for one in _withdrawals(file)
    )
    if not known:
        check_room(file, Entry.WITHDRAWALS, command.reason)
    return Withdrawn(case, withdrawal, new=not known)


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
    """Another body has the matter; its version is given when it is recorded.

    Raises Refused WRONG_STATE and TOO_MANY_ENTRIES.
    """
    case = file.case
    require(case, "ReferCase", *IN_HAND)
    check_room(file, Entry.REFERRALS, command.body, command.reference, command.reason)
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
    """What became of the last referral is known.

    Raises Refused WRONG_STATE, TOO_MANY_ENTRIES, and REFERRAL_MISSING without one.
    """
    require(file.case, "RecordReferralResult", *IN_HAND)
    if not file.referrals or file.referrals[-1].result:
        raise Refused("REFERRAL_MISSING")
    check_text(file, command.result)
    return replace(
        file.referrals[-1],
        result=command.result,
        result_recorded_by=act.by,
        result_time=act.time,
    )


def review(file: CaseFile, command: ReviewCase, act: Act, people: AbstractSet[str]) -> Reviewed:
    """The director decides on what was rejected twice; what is resolved is worked on again.

    `people` are those of the site's directory among the named. Raises Refused WRONG_STATE,
    REVIEW_TOO_EARLY, INVALID_FIELD, VERIFIER_HANDLED_CASE and TOO_MANY_ENTRIES.
    """
    case = file.case
    require(case, "ReviewCase", *NOT_CLOSED)
    if case.rejections < REJECTIONS_NEEDED:
        raise Refused("REVIEW_TOO_EARLY", rejections=case.rejections)
    _check_verifier(file, command.verified_by, act, people)
    check_room(file, Entry.REVIEWS, command.findings)
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


def _missing_review(file: CaseFile) -> str:
    if file.case.rejections < REJECTIONS_NEEDED:
        return "second_rejection"
    # Whatever was declared done since, the director hasn't looked at.
    resolved = file.case.resolve_record_time
    present = [
        one
        for one in file.reviews
        if one.cycle == file.case.cycle and (resolved is None or one.review_time >= resolved)
    ]
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
    # Not from when it was done: nobody could speak of it before it was known here.
    since = max((case.resolve_record_time or case.cycle_start_time, *heard))
    return "" if time >= since + timedelta(days=rules.silence_days) else "silence"


def _missing_result(file: CaseFile) -> str:
    last = file.referrals[-1] if file.referrals else None
    if last is None or last.cycle != file.case.cycle or last.result_time is None:
        return "result_of_the_other_body"
    told = file.last_fed_back_time
    return "" if told is not None and told >= last.result_time else "feedback"


def _withdrawals(file: CaseFile) -> list[Withdrawal]:
    """Returns those of this cycle that stand: no word of the reporter's and no result followed."""
    after = [one.comment_time for one in file.comments if one.by_reporter]
    if file.case.resolve_record_time is not None:
        after.append(file.case.resolve_record_time)
    return [
        one
        for one in file.withdrawals
        if one.cycle == file.case.cycle and all(time <= one.withdraw_time for time in after)
    ]


def _check_verifier(file: CaseFile, verifier: str, act: Act, people: AbstractSet[str]) -> None:
    problem = "" if verifier in people else "is nobody of the site's directory"
    if verifier in file.case.shielded:
        problem = "may not have the case in hand"
    if problem:
        violation = FieldViolation("verified_by", problem)
        raise Refused("INVALID_FIELD", fields=[violation], field="verified_by")
    # Whoever decides on a verification hasn't made it independently.
    if verifier in file.hands | act.persons:
        raise Refused("VERIFIER_HANDLED_CASE", person_id=verifier)
