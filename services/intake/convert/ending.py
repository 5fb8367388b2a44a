"""The ends of cases: requests → commands, what was said and decided → facts."""

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as rpc
from chassis.convert import set_timestamp, to_timestamp
from services.intake.convert import marks as marks_of
from services.intake.convert.enums import from_number, to_number
from services.intake.domain import commands, ending, marks, values
from services.intake.domain.transitions import Act


def withdraw_case(request: rpc.WithdrawCaseRequest) -> ending.WithdrawCase:
    return ending.WithdrawCase(request.case_id, request.expected_version, request.reason)


def reopen_case(request: rpc.ReopenCaseRequest) -> ending.ReopenCase:
    return ending.ReopenCase(request.case_id, request.expected_version, request.reason)


def refer_case(request: rpc.ReferCaseRequest) -> ending.ReferCase:
    return ending.ReferCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        body=request.body,
        reference=request.reference,
        reason=request.reason,
    )


def record_referral_result(
    request: rpc.RecordReferralResultRequest,
) -> ending.RecordReferralResult:
    return ending.RecordReferralResult(request.case_id, request.expected_version, request.result)


def review_case(request: rpc.ReviewCaseRequest) -> ending.ReviewCase:
    return ending.ReviewCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        decision=from_number(marks.ReviewDecision, request.decision),
        findings=request.findings,
        verified_by=request.verified_by,
    )


def case_closed(
    case: values.Case, command: commands.CloseCase, appeal_words: str
) -> facts.CaseClosed:
    """`appeal_words` go along with the end that the reporter hasn't accepted, and no other."""
    not_accepted = case.outcome is values.Outcome.EXPLAINED_NOT_ACCEPTED
    message = facts.CaseClosed(
        case_id=case.case_id,
        outcome=to_number(case.outcome),
        remark=command.remark,
        cycle=case.cycle,
        appeal_words=appeal_words if not_accepted else "",
    )
    set_timestamp(message.close_time, case.close_time)
    return message


def case_withdrawn(withdrawn: ending.Withdrawn) -> facts.CaseWithdrawn:
    withdrawal = withdrawn.withdrawal
    return facts.CaseWithdrawn(
        case_id=withdrawn.case.case_id,
        cycle=withdrawal.cycle,
        reason=withdrawal.reason,
        basis=to_number(values.Basis(withdrawal.basis)),
        counts=withdrawal.counts,
        withdraw_time=to_timestamp(withdrawal.withdraw_time),
    )


def case_reopened(
    case: values.Case, reason: str, basis: values.Basis, previous: values.Outcome, act: Act
) -> facts.CaseReopened:
    """`case` is the case after the reopening."""
    return facts.CaseReopened(
        case_id=case.case_id,
        cycle=case.cycle - 1,
        new_cycle=case.cycle,
        reason=reason,
        basis=to_number(basis),
        reopen_count=case.reopen_count,
        reopen_time=to_timestamp(act.time),
        previous_outcome=to_number(previous),
    )


def case_referred(case: values.Case, referral: marks.Referral) -> facts.CaseReferred:
    return facts.CaseReferred(
        case_id=case.case_id, cycle=case.cycle, referral=marks_of.referral(referral)
    )


def case_referral_resulted(
    case: values.Case, referral: marks.Referral
) -> facts.CaseReferralResulted:
    """The cycle is the present one; the referral's own may be another."""
    return facts.CaseReferralResulted(
        case_id=case.case_id, cycle=case.cycle, referral=marks_of.referral(referral)
    )


def case_reviewed(reviewed: ending.Reviewed) -> facts.CaseReviewed:
    return facts.CaseReviewed(
        case_id=reviewed.case.case_id, review=marks_of.review(reviewed.review)
    )
