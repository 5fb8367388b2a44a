"""Keeps what proves the ends of cases: withdrawals, referrals, reviews."""

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.marks import Referral, Review, Withdrawal
from services.intake.domain.values import Case

Q = load_queries("services.intake", "sql/ending.sql")


async def is_sampled(connection: Connection, sample_id: str, case_id: str) -> bool:
    """Tells whether a case was drawn with a sample in its present cycle; no sample has none."""
    if not sample_id:
        return False
    found: bool = await connection.fetchval(Q.is_sampled, sample_id, case_id)
    return found


async def insert_withdrawal(
    connection: Connection, case: Case, withdrawal: Withdrawal, version: int
) -> None:
    """Writes a withdrawal; `version` is the case's once it is recorded."""
    await connection.execute(
        Q.insert_withdrawal,
        case.case_id,
        version,
        case.site_id,
        withdrawal.cycle,
        withdrawal.reason,
        withdrawal.basis,
        withdrawal.counts,
        withdrawal.withdraw_time,
    )


async def insert_referral(
    connection: Connection, case: Case, referral: Referral, version: int
) -> None:
    """Writes a referral without its result; `version` is the case's once it is recorded."""
    await connection.execute(
        Q.insert_referral,
        case.case_id,
        version,
        case.site_id,
        referral.cycle,
        referral.body,
        referral.reference,
        referral.reason,
        referral.referred_by,
        referral.refer_time,
    )


async def save_referral_result(connection: Connection, case: Case, referral: Referral) -> None:
    """Writes what became of a referral."""
    await connection.execute(
        Q.save_referral_result,
        case.case_id,
        referral.version,
        referral.result,
        referral.result_recorded_by,
        referral.result_time,
    )


async def insert_review(connection: Connection, case: Case, review: Review, version: int) -> None:
    """Writes a review; `version` is the case's once it is recorded."""
    await connection.execute(
        Q.insert_review,
        case.case_id,
        version,
        case.site_id,
        review.cycle,
        review.decision,
        review.findings,
        review.verified_by,
        review.reviewed_by,
        review.review_time,
    )
