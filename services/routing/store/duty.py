"""Matrix and roster in their tables: who answers, and who is on duty, at an instant."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from chassis.database import Connection
from chassis.errors import Refused
from services.routing.domain.directory import DIRECTOR, DISPATCH_ROOM, DUTY_LEAD, Site
from services.routing.domain.matrix import (
    TOLD_AS_WELL,
    Matrix,
    Published,
    Responsibility,
    Role,
)
from services.routing.domain.roster import Duty, Roster, Shift, on_duty
from services.routing.domain.route import Responsible
from services.routing.store.directory import Q, load_person, load_position, load_post, load_unit

NOBODY = Duty("", "", by_roster=False)


async def save_matrix(
    connection: Connection, matrix: Matrix, version: int, publish_time: datetime
) -> None:
    """Adds a matrix and makes it the one in force."""
    rows = matrix.responsibilities
    await connection.execute(
        Q.insert_matrix_version,
        matrix.site_id,
        version,
        matrix.leading_office,
        matrix.supporting_office,
        matrix.basis_document,
        publish_time,
    )
    await connection.execute(
        Q.insert_responsibilities,
        matrix.site_id,
        version,
        [row.unit_id for row in rows],
        [row.role.value for row in rows],
        [row.person_id for row in rows],
        [row.start_date for row in rows],
        [row.end_date for row in rows],
    )


async def load_published(connection: Connection, site_id: str, time: datetime) -> Published | None:
    """Returns the head of the matrix in force at an instant, of the first one before that."""
    row = await connection.fetchrow(Q.get_matrix_version, site_id, time)
    if row is None:
        return None
    return Published(
        version=row["version"],
        publish_time=row["publish_time"],
        leading_office=row["leading_office"],
        supporting_office=row["supporting_office"],
        basis_document=row["basis_document"],
    )


async def list_responsibilities(
    connection: Connection, site_id: str, since_version: int, day: date
) -> list[Responsibility]:
    """Returns the rows not over before a day, of a version and those after it, newest first."""
    rows = await connection.fetch(Q.list_responsibilities, site_id, since_version, day)
    return [
        Responsibility(
            row["unit_id"], Role(row["role"]), row["person_id"], row["start_date"], row["end_date"]
        )
        for row in rows
    ]


async def load_responsible(
    connection: Connection, site: Site, unit_id: str, time: datetime
) -> Responsible:
    """Returns who answers for a unit's cases now; call `hold_assignments` before."""
    unit = await load_unit(connection, site.site_id, unit_id) if unit_id else None
    if unit is None:
        return Responsible()
    rows = await connection.fetch(Q.list_holders, site.site_id, [unit_id], site.matrix_day(time))
    held = {Role(row["role"]): row for row in rows}
    steward = held.get(Role.STEWARD)
    return Responsible(
        unit_name=unit.name,
        steward=steward["person_id"] if steward else "",
        steward_name=steward["person_name"] if steward else "",
        also_told=tuple(held[role]["person_id"] for role in TOLD_AS_WELL if role in held),
    )


async def load_heads(
    connection: Connection, site: Site, unit_ids: Sequence[str], time: datetime
) -> list[str]:
    """Returns the head of each unit, in their order; empty where none is known."""
    heads: dict[str, str] = defaultdict(str)
    rows = await connection.fetch(
        Q.list_holders, site.site_id, list(unit_ids), site.matrix_day(time)
    )
    for row in rows:
        if row["role"] == Role.HEAD:
            heads[row["unit_id"]] = row["person_id"]
    return [heads[unit_id] for unit_id in unit_ids]


async def answers_for(
    connection: Connection, site: Site, unit_id: str, person_id: str, time: datetime
) -> bool:
    """Tells whether the matrix names a person for a unit, in whatever role."""
    rows = await connection.fetch(Q.list_holders, site.site_id, [unit_id], site.matrix_day(time))
    return any(row["person_id"] == person_id for row in rows)


async def rows_change(connection: Connection, site_id: str, after: date, until: date) -> bool:
    """Tells whether the matrix in force says something else on a day than on one before."""
    return bool(await connection.fetchval(Q.days_changed, site_id, after, until))


async def save_roster(
    connection: Connection, roster: Roster, version: int, publish_time: datetime
) -> None:
    """Adds a roster and makes it the one in force."""
    shifts = roster.shifts
    await connection.execute(Q.insert_roster_version, roster.site_id, version, publish_time)
    await connection.execute(
        Q.insert_shifts,
        roster.site_id,
        version,
        [shift.post_id for shift in shifts],
        [shift.position_id for shift in shifts],
        [shift.person_id for shift in shifts],
        [shift.start_date for shift in shifts],
        [shift.end_date for shift in shifts],
        [shift.start_second for shift in shifts],
        [shift.end_second for shift in shifts],
    )


async def load_duty(
    connection: Connection, site: Site, position_id: str, time: datetime
) -> Duty | None:
    """Returns who holds a position at an instant: by the roster, else its standing holder.

    None when the site has no such position. A holder who has left the directory is nobody.
    """
    position = await load_position(connection, site.site_id, position_id)
    if position is None:
        return None
    found = await _by_roster(connection, site, position_id, "", time)
    if found is not None:
        return found
    if position.holder:
        person = await load_person(connection, site.site_id, position.holder)
        if person is not None:
            return Duty(person.person_id, person.name, by_roster=False)
    return NOBODY


async def load_duty_of_any(
    connection: Connection, site: Site, position_id: str, time: datetime
) -> Duty:
    """Returns who holds a position; for the dispatch room, its duty lead or else its director.

    Raises Refused POSITION_UNKNOWN.
    """
    duty = await load_duty(connection, site, position_id, time)
    if position_id == DISPATCH_ROOM and (duty is None or not duty.person_id):
        for other in (DUTY_LEAD, DIRECTOR):
            duty = await load_duty(connection, site, other, time)
            if duty is not None and duty.person_id:
                return duty
        return NOBODY
    if duty is None:
        raise Refused("POSITION_UNKNOWN", position_id=position_id)
    return duty


async def load_duty_at_post(
    connection: Connection, site: Site, post_id: str, time: datetime
) -> Duty:
    """Returns who stands at a post, the first of the roster when several do.

    Raises Refused POSITION_UNKNOWN.
    """
    if await load_post(connection, site.site_id, post_id) is None:
        raise Refused("POSITION_UNKNOWN", position_id=post_id)
    return await _by_roster(connection, site, "", post_id, time) or NOBODY


async def _by_roster(
    connection: Connection, site: Site, position_id: str, post_id: str, time: datetime
) -> Duty | None:
    local = site.local(time)
    rows = await connection.fetch(
        Q.list_shifts, site.site_id, position_id, post_id, local.date(), time
    )
    shift = on_duty([_shift(row) for row in rows], local)
    if shift is None:
        return None
    names = {row["person_id"]: row["person_name"] for row in rows}
    return Duty(shift.person_id, names[shift.person_id], by_roster=True)


def _shift(row: asyncpg.Record) -> Shift:
    return Shift(
        post_id=row["post_id"],
        position_id=row["position_id"],
        person_id=row["person_id"],
        start_date=row["start_date"],
        end_date=row["end_date"],
        start_second=row["start_second"],
        end_second=row["end_second"],
    )
