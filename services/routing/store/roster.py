"""Who holds a position or stands at a post at an instant, by the roster and besides it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import asyncpg

from chassis.database import Connection
from chassis.errors import Refused
from services.routing.domain.directory import (
    DIRECTOR,
    DISPATCH_ROOM,
    DUTY_LEAD,
    Directory,
    Person,
    Position,
    Site,
)
from services.routing.domain.duty_lead import DutyLead
from services.routing.domain.roster import Duty, on_duty, stints
from services.routing.store.absences import list_absences
from services.routing.store.directory import list_people, load_position, load_post
from services.routing.store.directory_versions import load_version
from services.routing.store.shifts import Q, list_swaps, load_register, shift_of

NOBODY = Duty("", "", by_roster=False)

_DAY = timedelta(days=1)


async def load_directory_then(
    connection: Connection, site: Site, time: datetime
) -> Directory | None:
    """Returns the directory in force at a past instant where it isn't the present one."""
    version = await connection.fetchval(Q.directory_version_at, site.site_id, time)
    if version == site.directory_version:
        return None
    kept = await load_version(connection, site.site_id, version)
    return None if kept is None else kept.directory


async def load_duty(
    connection: Connection,
    site: Site,
    position_id: str,
    time: datetime,
    then: Directory | None = None,
) -> Duty | None:
    """Returns who holds a position at an instant: by the roster, else its standing holder.

    None when the site has no such position. Who is away that day, or has left, holds nothing; for
    a standing holder who is away the absence's deputy does. For a past instant give the directory
    of `then` where it was another.
    """
    position = await _position(connection, site, position_id, then)
    if position is None:
        return None
    found = await _by_roster(connection, site, position_id, "", time, then)
    if found:
        return found[0]
    return await _standing(connection, site, position.holder, time, then) or NOBODY


async def load_duty_of_any(
    connection: Connection,
    site: Site,
    position_id: str,
    time: datetime,
    then: Directory | None = None,
) -> Duty:
    """Returns who holds a position; for the dispatch room, its duty lead or else its director.

    Raises Refused POSITION_UNKNOWN.
    """
    duty = await load_duty(connection, site, position_id, time, then)
    if position_id == DISPATCH_ROOM and (duty is None or not duty.person_id):
        for other in (DUTY_LEAD, DIRECTOR):
            duty = await load_duty(connection, site, other, time, then)
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
    found = await list_duties_at_post(connection, site, post_id, time)
    return found[0] if found else NOBODY


async def list_duties_at_post(
    connection: Connection,
    site: Site,
    post_id: str,
    time: datetime,
    then: Directory | None = None,
) -> list[Duty]:
    """Returns all who stand at a post, in the order of the roster; Refused POSITION_UNKNOWN."""
    if then is not None:
        known = any(post.post_id == post_id for post in then.posts)
    else:
        known = await load_post(connection, site.site_id, post_id) is not None
    if not known:
        raise Refused("POSITION_UNKNOWN", position_id=post_id)
    return await _by_roster(connection, site, "", post_id, time, then)


async def on_shift(connection: Connection, site: Site, person_id: str, time: datetime) -> bool:
    """Tells whether a shift of somebody is on at an instant, wherever, and they are there."""
    today = site.local(time).date()
    eve = today - _DAY
    version = await connection.fetchval(Q.version_at, site.site_id, time)
    rows = await connection.fetch(Q.list_shifts_of, site.site_id, version, person_id, eve, today)
    if not rows:
        return False
    swaps = await list_swaps(connection, site.site_id, version, eve, today)
    found = stints([shift_of(row) for row in rows], swaps, site.zone, eve, today)
    mine = [stint for stint in found if stint.person_id == person_id]
    register = await load_register(connection, site.site_id, [person_id], today, today)
    return bool(on_duty(mine, register.attendance, site.zone, time))


async def load_duty_lead(
    connection: Connection, site: Site, time: datetime, directory: Directory | None = None
) -> DutyLead:
    """Returns what decides who is duty lead from an instant on, by the roster in force.

    The directory in force, unless another is given.
    """
    position = await _position(connection, site, DUTY_LEAD, directory)
    if position is None:
        return DutyLead()
    if directory is None:
        people: Sequence[Person] = await list_people(connection, site.site_id)
    else:
        people = directory.people
    today = site.local(time).date()
    eve, version = today - _DAY, site.roster_version
    rows = await connection.fetch(
        Q.list_shifts, site.site_id, version, DUTY_LEAD, "", eve, date.max
    )
    return DutyLead(
        holder=position.holder,
        people={person.person_id: person.days for person in people},
        absences=await list_absences(connection, site.site_id, eve),
        shifts=[shift_of(row) for row in rows],
        swaps=await list_swaps(connection, site.site_id, version, eve, date.max) if rows else [],
    )


async def _position(
    connection: Connection, site: Site, position_id: str, then: Directory | None
) -> Position | None:
    if then is None:
        return await load_position(connection, site.site_id, position_id)
    return next((each for each in then.positions if each.position_id == position_id), None)


async def _standing(
    connection: Connection, site: Site, holder: str, time: datetime, then: Directory | None = None
) -> Duty | None:
    """Returns the standing holder, or who stands in for them; None when nobody is there."""
    if not holder:
        return None
    today = site.local(time).date()
    register = await load_register(connection, site.site_id, [holder], today, today, then)
    if not register.attendance.there(holder, today):
        days = register.attendance.days.get(holder)
        # Nobody stands in for those who have left.
        holder = register.deputy(holder, today) if days and days.holds(today) else ""
        if not holder:
            return None
        register = await load_register(connection, site.site_id, [holder], today, today, then)
        if not register.attendance.there(holder, today):
            return None
    return Duty(holder, register.names[holder], by_roster=False)


async def _by_roster(
    connection: Connection,
    site: Site,
    position_id: str,
    post_id: str,
    time: datetime,
    then: Directory | None,
) -> list[Duty]:
    """Returns who has a shift at a position or a post that is on, and is there."""
    today = site.local(time).date()
    eve = today - _DAY
    rows: Sequence[asyncpg.Record] = await connection.fetch(
        Q.list_shifts_at, site.site_id, position_id, post_id, today, time
    )
    if not rows:
        return []
    swaps = await list_swaps(connection, site.site_id, rows[0]["version"], eve, today)
    found = stints([shift_of(row) for row in rows], swaps, site.zone, eve, today)
    on = [stint for stint in found if stint.start <= time < stint.end]
    people = {stint.person_id for stint in on}
    register = await load_register(connection, site.site_id, people, today, today, then)
    return [
        Duty(stint.person_id, register.names[stint.person_id], by_roster=True)
        for stint in on_duty(on, register.attendance, site.zone, time)
    ]
