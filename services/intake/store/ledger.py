"""Reads the ledger, and the solved cases that may be shown in public."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import asyncpg

from chassis.actor import Actor
from chassis.database import Connection, Database
from chassis.queries import load_queries
from services.intake.domain.finding import text_grams
from services.intake.domain.ledger import Excerpt, LedgerRow
from services.intake.domain.publishing import SolvedCase
from services.intake.domain.times import OLDEST
from services.intake.domain.values import CaseKind, CaseState, Channel, Grade, Outcome
from services.intake.store.filters import compile_filter

Q = load_queries("services.intake", "sql/ledger.sql")

BATCH = 500
BEFORE_ALL = (OLDEST - timedelta(days=1), "")

_MARK = "true /* filter */"
# Placeholders of list_ledger itself; those of a filter come behind.
_OWN_PLACEHOLDERS = 9


async def list_ledger(
    connection: Connection, excerpt: Excerpt, after: tuple[datetime, str], count: int
) -> list[LedgerRow]:
    """Returns rows after `after` (occurred time, id), oldest first.

    Raises Refused FILTER_INVALID for a filter of words that nothing is left of.
    """
    compiled = compile_filter(excerpt.filter, _OWN_PLACEHOLDERS + 1, excerpt.zone, text_grams)
    rows = await connection.fetch(
        Q.list_ledger.replace(_MARK, compiled.sql),
        excerpt.site_id,
        excerpt.start,
        excerpt.end,
        excerpt.solved_only,
        excerpt.category,
        *after,
        sorted(excerpt.callers),
        count,
        *compiled.arguments,
    )
    return [read_ledger_row(row) for row in rows]


async def read_ledger(
    database: Database, actor: Actor, excerpt: Excerpt
) -> AsyncIterator[list[LedgerRow]]:
    """Yields the whole excerpt in batches of at most 500 rows, oldest first.

    Each batch is a transaction of its own, over before it is yielded: whoever is slow to take the
    rows holds neither a connection nor a snapshot. A case has one place in the order for good, so
    it comes once; of a case that changes meanwhile, its batch tells.
    """
    after = BEFORE_ALL
    while True:
        async with database.read(actor) as connection:
            rows = await list_ledger(connection, excerpt, after, BATCH)
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = rows[-1].occurred_time, rows[-1].case_id


async def list_people(connection: Connection, site_id: str) -> Mapping[str, str]:
    """Returns {code: name} of everybody whom the site's directory has ever had."""
    rows = await connection.fetch(Q.list_people, site_id)
    return {row["person_id"]: row["name"] for row in rows}


async def list_solved(
    connection: Connection,
    site_id: str,
    start: datetime,
    end: datetime,
    before: tuple[datetime, str],
    count: int,
) -> list[SolvedCase]:
    """Returns solved cases closed in [start, end) that may be shown in public, last closed first.

    They stand before `before` (close time, id) and still name everybody they name.
    """
    rows = await connection.fetch(Q.list_solved, site_id, start, end, *before, count)
    return [
        SolvedCase(
            case_id=row["case_id"],
            category_name=row["category_name"],
            text=row["text"],
            resolution=row["resolution"],
            occurred_time=row["occurred_time"],
            solve_time=row["solve_time"],
            close_time=row["close_time"],
        )
        for row in rows
    ]


def read_ledger_row(row: asyncpg.Record) -> LedgerRow:
    """Returns a row of list_ledger."""
    return LedgerRow(
        number=row["number"],
        case_id=row["case_id"],
        occurred_time=row["occurred_time"],
        record_time=row["record_time"],
        kind=CaseKind(row["kind"]),
        category=row["category"],
        category_name=row["category_name"],
        unit_id=row["unit_id"],
        unit_name=row["unit_name"],
        place=row["place"],
        channel=Channel(row["channel"]),
        text=row["text"],
        steward=row["steward"],
        steward_name=row["steward_name"],
        state=CaseState(row["state"]),
        overdue=row["overdue"],
        outcome=Outcome(row["outcome"]),
        grade=Grade(row["grade"]),
        first_reply_time=row["first_reply_time"],
        promised_date=row["promised_date"],
        resolution=row["resolution"],
        resolve_time=row["resolve_time"],
        close_time=row["close_time"],
        level=row["level"],
        reopen_count=row["reopen_count"],
        breach_count=row["breach_count"],
        late_entry=row["late_entry"],
    )
