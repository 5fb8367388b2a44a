"""Cases, as far as messages need them."""

from collections.abc import Iterable

from chassis.database import Connection
from chassis.queries import load_queries
from services.notify.domain.cases import CaseState, CaseView

Q = load_queries("services.notify", "sql/cases.sql")


async def insert_case(connection: Connection, case: CaseView) -> None:
    """Begins to follow a case."""
    await connection.execute(
        Q.insert_case,
        case.case_id,
        case.site_id,
        case.number,
        case.category,
        case.place,
        case.unit_id,
        case.urgent,
        case.confidentiality,
        case.has_phone,
        case.has_email,
        case.receiver,
        case.steward,
        case.accountable,
        case.leader,
        case.accepted,
        case.level,
        case.cycle,
        case.state.value,
        case.first_reply_by,
        sorted(case.shielded),
        case.fallback,
    )


async def load_case(connection: Connection, case_id: str) -> CaseView:
    """Returns what is known of a case.

    LookupError when nothing is: a fact came before the one it follows from, which is a fault.
    """
    case = await find_case(connection, case_id)
    if case is None:
        raise LookupError(f"the case {case_id} is not known")
    return case


async def find_case(connection: Connection, case_id: str) -> CaseView | None:
    """Returns what is known of a case, None when nothing is."""
    row = await connection.fetchrow(Q.load_case, case_id) if case_id else None
    if row is None:
        return None
    given = {"state": CaseState(row["state"]), "shielded": frozenset(row["shielded"])}
    return CaseView(**{**row, **given})


async def save_case(connection: Connection, case: CaseView) -> None:
    """Keeps what a fact changed about a case."""
    await connection.execute(
        Q.save_case,
        case.case_id,
        case.steward,
        case.accountable,
        case.leader,
        case.accepted,
        case.level,
        case.cycle,
        case.state.value,
        case.late_until,
        case.late_by,
        case.first_reply_by,
        sorted(case.shielded),
        case.fallback,
    )


async def amend_case(connection: Connection, case: CaseView, about_persons: Iterable[str]) -> None:
    """Keeps what was amended of a case, and whom it is about as well from now on."""
    await connection.execute(
        Q.amend_case,
        case.case_id,
        case.category,
        case.place,
        case.unit_id,
        case.urgent,
        case.has_phone,
        case.has_email,
        sorted(about_persons),
        sorted(case.shielded),
    )
