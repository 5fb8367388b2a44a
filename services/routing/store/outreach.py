"""The log of contacts with units."""

from datetime import datetime

import asyncpg

from chassis.database import Connection
from services.routing.domain.outreach import Form, Outreach
from services.routing.store.directory import Q


async def insert_outreach(connection: Connection, outreach: Outreach) -> None:
    await connection.execute(
        Q.insert_outreach,
        outreach.outreach_id,
        outreach.site_id,
        outreach.unit_id,
        outreach.form.value,
        outreach.place,
        outreach.heard,
        outreach.done_by,
        outreach.outreach_time,
        outreach.record_time,
    )


async def load_outreach(connection: Connection, outreach_id: str) -> Outreach | None:
    row = await connection.fetchrow(Q.get_outreach, outreach_id)
    return None if row is None else _outreach(row)


async def list_outreach(
    connection: Connection, site_id: str, unit_id: str, after: tuple[datetime, str], limit: int
) -> list[Outreach]:
    """Returns the contacts older than a (time, id) key, newest first; of all units for ""."""
    rows = await connection.fetch(Q.list_outreach, site_id, unit_id, *after, limit)
    return [_outreach(row) for row in rows]


def _outreach(row: asyncpg.Record) -> Outreach:
    return Outreach(
        outreach_id=row["outreach_id"],
        site_id=row["site_id"],
        unit_id=row["unit_id"],
        form=Form(row["form"]),
        place=row["place"],
        heard=row["heard"],
        done_by=row["done_by"],
        outreach_time=row["outreach_time"],
        record_time=row["record_time"],
    )
