"""Proposals for the category table."""

from datetime import datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.category_proposals import CategoryProposal

Q = load_queries("services.routing", "sql/category_proposals.sql")


async def load_proposal(
    connection: Connection, site_id: str, proposal_id: str
) -> CategoryProposal | None:
    """Returns a proposal of a site, decided or not."""
    row = await connection.fetchrow(Q.get_category_proposal, site_id, proposal_id)
    return None if row is None else _proposal(row)


async def find_proposal(
    connection: Connection, site_id: str, category_id: str, unit_id: str
) -> CategoryProposal | None:
    """Returns the one that waits for a decision about a category and a unit."""
    row = await connection.fetchrow(Q.find_category_proposal, site_id, category_id, unit_id)
    return None if row is None else _proposal(row)


async def list_proposals(connection: Connection, site_id: str) -> list[CategoryProposal]:
    """Returns those that wait, those of most rulings first."""
    return [_proposal(row) for row in await connection.fetch(Q.list_category_proposals, site_id)]


async def save_proposal(connection: Connection, proposal: CategoryProposal) -> None:
    """Adds a proposal, or the cases that speak for it since."""
    await connection.execute(
        Q.save_category_proposal,
        proposal.proposal_id,
        proposal.site_id,
        proposal.category_id,
        proposal.table_unit_id,
        proposal.unit_id,
        list(proposal.case_ids),
        proposal.first_time,
        proposal.last_time,
    )


async def decide_proposal(
    connection: Connection,
    proposal_id: str,
    *,
    taken_over: bool,
    reason: str,
    decided_by: str,
    decide_time: datetime,
) -> None:
    """Notes what became of a proposal."""
    decision = "TAKEN_OVER" if taken_over else "DECLINED"
    await connection.execute(
        Q.decide_category_proposal, proposal_id, decision, reason, decided_by, decide_time
    )


def _proposal(row: asyncpg.Record) -> CategoryProposal:
    return CategoryProposal(
        proposal_id=row["proposal_id"],
        site_id=row["site_id"],
        category_id=row["category_id"],
        table_unit_id=row["table_unit_id"],
        unit_id=row["unit_id"],
        case_ids=tuple(row["case_ids"]),
        first_time=row["first_time"],
        last_time=row["last_time"],
        decided=row["decision"] != "",
    )
