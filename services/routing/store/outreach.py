"""The log of contacts with units, and by when each should be heard of."""

from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.answers import Answers
from services.routing.domain.outreach import Clock, Contact, Form, Kept, Outreach, newest
from services.routing.domain.roles import Role

Q = load_queries("services.routing", "sql/outreach.sql")


async def insert_occasion(connection: Connection, contacts: Sequence[Outreach]) -> None:
    """Adds the contacts of one occasion, which differ in their ids and units only."""
    first = contacts[0]
    await connection.execute(
        Q.insert_outreach,
        first.site_id,
        [contact.outreach_id for contact in contacts],
        [contact.unit_id for contact in contacts],
        first.form.value,
        first.place,
        first.heard,
        first.done_by,
        first.outreach_time,
        first.record_time,
        first.occasion_id,
        list(first.case_ids),
        first.heard_count,
    )


async def list_occasion(connection: Connection, occasion_id: str) -> list[Outreach]:
    """Returns the contacts of an occasion in the order of their units."""
    rows = await connection.fetch(Q.list_occasion, occasion_id)
    return [_outreach(row) for row in rows]


async def list_outreach(
    connection: Connection, site_id: str, unit_id: str, after: tuple[datetime, str], limit: int
) -> list[Outreach]:
    """Returns the contacts older than a (time, id) key, newest first; of all units for ""."""
    rows = await connection.fetch(Q.list_outreach, site_id, unit_id, *after, limit)
    return [_outreach(row) for row in rows]


async def known_units(
    connection: Connection, site_id: str, unit_ids: Sequence[str]
) -> frozenset[str]:
    """Returns those units that the directory has."""
    rows = await connection.fetch(Q.list_known_units, site_id, list(unit_ids))
    return frozenset(row["unit_id"] for row in rows)


async def known_cases(
    connection: Connection, site_id: str, case_ids: Sequence[str]
) -> frozenset[str]:
    """Returns those cases that are the site's."""
    rows = await connection.fetch(Q.list_known_cases, site_id, list(case_ids))
    return frozenset(row["case_id"] for row in rows)


async def list_kept(connection: Connection, site_id: str, day: date, since: datetime) -> list[Kept]:
    """Returns how each unit of a day is kept in touch with, its steward left out."""
    return [_kept(row) for row in await connection.fetch(Q.list_kept, site_id, day, since)]


def with_steward(kept: Kept, answers: Answers | None) -> Kept:
    """Returns the same with who answers for the unit."""
    steward = answers.holder(Role.STEWARD) if answers else ""
    if not answers or not steward:
        return kept
    return Kept(
        kept.unit_id,
        kept.unit_name,
        steward,
        answers.names.get(steward, ""),
        kept.last,
        kept.contact_count,
        kept.case_count,
        kept.clock,
    )


async def start_clock(connection: Connection, site_id: str, unit_id: str, clock: Clock) -> None:
    """Puts a unit's clock in the place of the one before."""
    await connection.execute(
        Q.start_clock,
        site_id,
        unit_id,
        clock.clock_id,
        clock.start_time,
        clock.due_time,
        clock.breach_time,
    )


async def amend_clock(
    connection: Connection, site_id: str, unit_id: str, clock_id: str, due_time: datetime
) -> None:
    """Moves the deadline of a clock that hasn't been reported as overdue."""
    await connection.execute(Q.amend_clock, site_id, unit_id, clock_id, due_time)


async def breach_clock(
    connection: Connection, site_id: str, unit_id: str, clock_id: str, breach_time: datetime
) -> None:
    """Notes that a clock was reported as overdue, once."""
    await connection.execute(Q.breach_clock, site_id, unit_id, clock_id, breach_time)


async def stop_clock(connection: Connection, site_id: str, unit_id: str, clock_id: str) -> None:
    await connection.execute(Q.stop_clock, site_id, unit_id, clock_id)


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
        occasion_id=row["occasion_id"],
        case_ids=tuple(row["case_ids"]),
        heard_count=row["heard_count"],
    )


def _kept(row: asyncpg.Record) -> Kept:
    contact = raised = clock = None
    if row["outreach_time"] is not None:
        contact = Contact(row["outreach_time"], Form(row["form"]), row["done_by"])
    if row["register_time"] is not None:
        raised = Contact(row["register_time"], None, row["receiver"])
    if row["clock_id"] is not None:
        clock = Clock(row["clock_id"], row["start_time"], row["due_time"], row["breach_time"])
    return Kept(
        unit_id=row["unit_id"],
        unit_name=row["name"],
        steward="",
        steward_name="",
        last=newest(contact, raised),
        contact_count=row["contact_count"],
        case_count=row["case_count"],
        clock=clock,
    )
