"""Handovers between shifts, and what they listed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.handover import Change, Entry, Reckoning, Standing, order, reckon
from services.intake.domain.values import CaseState

Q = load_queries("services.intake", "sql/handover.sql")


@dataclass(frozen=True, slots=True)
class Handover:
    """A handover as it is on file; `incoming_sign_time` is None until who comes has signed."""

    handover_id: str
    site_id: str
    sequence: int
    outgoing: str
    prepare_time: datetime
    incoming: str
    incoming_sign_time: datetime | None
    note: str
    incoming_note: str
    reckoning: Reckoning
    at_risk: int
    promised_today: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a handover with what the case is called and about."""

    entry: Entry
    number: str
    text: str
    place: str
    unit_id: str
    urgent: bool = False
    hazard: bool = False
    about_persons: bool = False


async def load_last(connection: Connection, site_id: str) -> asyncpg.Record | None:
    """Returns the row of a site's last handover."""
    return await connection.fetchrow(Q.get_last, site_id)


async def list_left_open(connection: Connection, handover_id: str) -> frozenset[str]:
    """Returns the cases that a handover left open."""
    return frozenset(
        row["case_id"] for row in await connection.fetch(Q.list_left_open, handover_id)
    )


async def list_standing(
    connection: Connection, site_id: str, before: Iterable[str]
) -> tuple[list[Standing], frozenset[str]]:
    """Returns the open cases and those of `before`, and which of them a handover has listed."""
    rows = await connection.fetch(Q.list_standing, site_id, list(before))
    standing = [
        Standing(
            case_id=row["case_id"],
            state=CaseState(row["state"]),
            accountable=row["accountable"],
            due_time=row["due_time"],
            breached=row["breached"],
            promised_date=row["promised_date"],
            reopened=row["reopened"],
        )
        for row in rows
    ]
    return standing, frozenset(row["case_id"] for row in rows if row["seen"])


async def insert_handover(
    connection: Connection, made: Handover, lines: Sequence[Entry], open_before: int
) -> None:
    """Writes a handover with its lines."""
    await connection.execute(
        Q.insert_handover,
        made.handover_id,
        made.site_id,
        made.sequence,
        made.outgoing,
        made.prepare_time,
        made.incoming,
        made.note,
        open_before,
        [line.case_id for line in lines],
        [line.state for line in lines],
        [line.change for line in lines],
        [line.at_risk for line in lines],
        [line.promised_today for line in lines],
        [line.due_time for line in lines],
        [line.accountable for line in lines],
    )


async def sign_handover(
    connection: Connection, handover_id: str, sign_time: datetime, note: str
) -> None:
    """Writes the signature of whoever takes over."""
    await connection.execute(Q.sign_handover, handover_id, sign_time, note)


async def load_handover(connection: Connection, handover_id: str) -> Handover | None:
    """Returns a handover, None when it isn't there or out of sight."""
    row = await connection.fetchrow(Q.get_handover, handover_id)
    return None if row is None else _read_handover(row)


async def list_lines(
    connection: Connection, handover_id: str, callers: Iterable[str]
) -> list[Line]:
    """Returns a handover's lines, at risk first; none about a caller."""
    rows = await connection.fetch(Q.list_lines, handover_id, list(callers))
    lines = [
        Line(
            Entry(
                case_id=row["case_id"],
                state=CaseState(row["state"]),
                change=Change(row["change"]),
                at_risk=row["at_risk"],
                promised_today=row["promised_today"],
                due_time=row["due_time"],
                accountable=row["accountable"],
            ),
            row["number"],
            row["text"],
            row["place"],
            row["unit_id"],
            row["urgent"],
            row["hazard"],
            row["about_persons"],
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: order(line.entry))


async def list_handovers(
    connection: Connection, site_id: str, before: int, count: int
) -> list[Handover]:
    """Returns a site's handovers before a sequence, newest first."""
    rows = await connection.fetch(Q.list_handovers, site_id, before, count)
    return [_read_handover(row) for row in rows]


def _read_handover(row: asyncpg.Record) -> Handover:
    counts = {Change(name): count for name, count in json.loads(row["changes"] or "{}").items()}
    return Handover(
        handover_id=row["handover_id"],
        site_id=row["site_id"],
        sequence=row["sequence"],
        outgoing=row["prepared_by"],
        prepare_time=row["prepare_time"],
        incoming=row["incoming"],
        incoming_sign_time=row["incoming_sign_time"],
        note=row["note"],
        incoming_note=row["incoming_note"],
        reckoning=reckon(counts, row["open_before"]),
        at_risk=row["at_risk"],
        promised_today=row["promised_today"],
    )
