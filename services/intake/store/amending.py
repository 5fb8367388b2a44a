"""Keeps what was amended: the case as registered, and its reporter, sealed."""

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain import grams
from services.intake.domain.values import Case
from services.intake.store.registrations import SealedReporter

Q = load_queries("services.intake", "sql/amending.sql")


async def amend_case(connection: Connection, case: Case) -> None:
    """Writes what was registered, as it is from now on, and what it is searched by."""
    searched = f"{case.text}\n{case.place}"
    await connection.execute(
        Q.amend_case,
        case.case_id,
        case.text,
        case.place,
        case.post_id,
        case.unit_id,
        case.category,
        case.kind,
        case.urgency,
        case.about_persons,
        case.reporter_kind,
        case.confidentiality,
        case.receiver,
        case.steward,
        case.accepted,
        case.accountable,
        case.first_reply_by,
        grams.normalise(searched),
        grams.grams(searched),
    )


async def replace_reporter(connection: Connection, case_id: str, reporter: SealedReporter) -> None:
    """Writes a sealed reporter in the place of the one before."""
    sealed = reporter.sealed
    await connection.execute(
        Q.replace_reporter,
        case_id,
        sealed.key_id,
        sealed.nonce,
        sealed.ciphertext,
        reporter.person_hash,
    )
