"""Absences in their table."""

from datetime import date, datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.absences import Absence

Q = load_queries("services.routing", "sql/absences.sql")


async def list_absences(connection: Connection, site_id: str, from_day: date) -> list[Absence]:
    """Returns the absences that count and touch a day or a later one, by their first days."""
    return [_absence(row) for row in await connection.fetch(Q.list_absences, site_id, from_day)]


async def list_known_absences(
    connection: Connection, site_id: str, from_day: date, known: datetime
) -> list[Absence]:
    """Returns the same as they were known at an instant."""
    rows = await connection.fetch(Q.list_absences_known, site_id, from_day, known)
    return [_absence(row) for row in rows]


async def load_absence(connection: Connection, site_id: str, absence_id: str) -> Absence | None:
    """Returns an absence, cancelled or not."""
    row = await connection.fetchrow(Q.get_absence, site_id, absence_id)
    return None if row is None else _absence(row)


async def insert_absence(connection: Connection, absence: Absence) -> None:
    """Raises asyncpg.ExclusionViolationError when the person is away on some of the days."""
    await connection.execute(
        Q.insert_absence,
        absence.absence_id,
        absence.site_id,
        absence.person_id,
        absence.start_date,
        absence.end_date,
        absence.deputy,
        absence.reason,
        absence.recorded_by,
        absence.record_time,
    )


async def cancel_absence(connection: Connection, absence_id: str, time: datetime) -> None:
    """Does nothing to one that is cancelled already."""
    await connection.execute(Q.cancel_absence, absence_id, time)


def _absence(row: asyncpg.Record) -> Absence:
    return Absence(
        absence_id=str(row["absence_id"]),
        site_id=row["site_id"],
        person_id=row["person_id"],
        start_date=row["start_date"],
        end_date=row["end_date"],
        deputy=row["deputy"],
        reason=row["reason"],
        recorded_by=row["recorded_by"],
        record_time=row["record_time"],
        cancel_time=row["cancel_time"],
    )
