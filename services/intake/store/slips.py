"""Pads of numbered slips."""

from datetime import datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.slips import Pad

Q = load_queries("services.intake", "sql/slips.sql")


async def load_last_number(connection: Connection, site_id: str, prefix: str) -> int:
    """Returns the last number of a prefix that is printed or in use; 0 without any."""
    last: int = await connection.fetchval(Q.get_last_slip, site_id, prefix)
    return last


async def insert_pad(connection: Connection, pad: Pad) -> None:
    """Writes a pad."""
    await connection.execute(
        Q.insert_pad,
        pad.pad_id,
        pad.site_id,
        pad.prefix,
        pad.first,
        pad.last,
        pad.note,
        pad.issued_by,
        pad.issue_time,
    )


async def load_pad(connection: Connection, pad_id: str) -> Pad:
    """Returns a pad that is there, without telling what of it is used; else LookupError."""
    row = await connection.fetchrow(Q.get_pad, pad_id)
    if row is None:
        raise LookupError(pad_id)
    return _read(row, 0)


async def list_pads(
    connection: Connection, site_id: str, after: tuple[datetime, str] | None, count: int
) -> list[Pad]:
    """Returns pads of a site after a place, newest first."""
    time, pad_id = after or (None, None)
    rows = await connection.fetch(Q.list_pads, site_id, time, pad_id, count)
    return [_read(row, row["used"]) for row in rows]


def _read(row: asyncpg.Record, used: int) -> Pad:
    return Pad(
        pad_id=row["pad_id"],
        site_id=row["site_id"],
        prefix=row["prefix"],
        first=row["first_number"],
        last=row["last_number"],
        note=row["note"],
        issued_by=row["issued_by"],
        issue_time=row["issue_time"],
        used=used,
    )
