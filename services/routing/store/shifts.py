"""Rosters and swaps in their tables, and what else decides who will be where."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.days import Days
from services.routing.domain.directory import Directory, Site
from services.routing.domain.roster import Attendance, Roster, Shift, Stint, Swap, stints
from services.routing.domain.roster_gaps import Staffing
from services.routing.store.directory import list_posts

Q = load_queries("services.routing", "sql/roster.sql")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands over a version of a roster; `previous` is the version before, 0 for none."""

    version: int
    publish_time: datetime
    published_by: str
    previous: int


@dataclass(frozen=True, slots=True)
class Register:
    """Some people of a site: their names, when they are there, and who stands in for the absent."""

    names: dict[str, str]
    attendance: Attendance
    deputies: dict[str, list[tuple[Days, str]]]

    def deputy(self, person_id: str, day: date) -> str:
        """Returns who stands in for somebody's absence on a day; empty without one."""
        away = self.deputies.get(person_id, ())
        return next((deputy for days, deputy in away if days.holds(day)), "")


async def save_roster(
    connection: Connection, roster: Roster, version: int, publish_time: datetime, published_by: str
) -> None:
    """Adds a roster and makes it the one in force."""
    shifts = roster.shifts
    await connection.execute(
        Q.insert_roster_version, roster.site_id, version, publish_time, published_by
    )
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


async def load_head(connection: Connection, site_id: str, version: int) -> Head | None:
    row = await connection.fetchrow(Q.get_roster_version, site_id, version)
    if row is None:
        return None
    return Head(version, row["publish_time"], row["published_by"], row["previous"])


async def list_roster(connection: Connection, site_id: str, version: int) -> tuple[Shift, ...]:
    """Returns the shifts of a version in their order, none for version 0."""
    return tuple(shift_of(row) for row in await connection.fetch(Q.list_roster, site_id, version))


async def list_swaps(
    connection: Connection, site_id: str, version: int, first: date, last: date
) -> list[Swap]:
    """Returns the swaps of a version on some local days, oldest first."""
    rows = await connection.fetch(Q.list_swaps, site_id, version, first, last)
    return [_swap(row) for row in rows]


async def list_roster_swaps(connection: Connection, site_id: str, version: int) -> list[Swap]:
    """Returns all swaps of a version, newest first."""
    return [_swap(row) for row in await connection.fetch(Q.list_roster_swaps, site_id, version)]


async def load_swap(connection: Connection, swap_id: str) -> Swap | None:
    row = await connection.fetchrow(Q.get_swap, swap_id)
    return None if row is None else _swap(row)


async def insert_swap(connection: Connection, site_id: str, version: int, swap: Swap) -> None:
    await connection.execute(
        Q.insert_swap,
        swap.swap_id,
        site_id,
        version,
        swap.post_id,
        swap.position_id,
        swap.day,
        swap.start_second,
        swap.from_person_id,
        swap.to_person_id,
        swap.reason,
        swap.approved_by,
        swap.record_time,
    )


async def load_register(
    connection: Connection,
    site_id: str,
    person_ids: Iterable[str],
    first: date,
    last: date,
    then: Directory | None = None,
) -> Register:
    """Returns those of the people whom the directory has, with absences of some local days.

    The directory in force, unless that of another instant is given.
    """
    names: dict[str, str] = {}
    days: dict[str, Days] = {}
    absences: dict[str, list[Days]] = defaultdict(list)
    deputies: dict[str, list[tuple[Days, str]]] = defaultdict(list)
    wanted = set(person_ids)
    if then is not None:
        for person in then.people:
            if person.person_id in wanted:
                names[person.person_id] = person.name
                days[person.person_id] = person.days
    query = Q.list_attendance if then is None else Q.list_away
    for row in await connection.fetch(query, site_id, sorted(wanted), first, last):
        person_id = row["person_id"]
        if then is None:
            names[person_id] = row["name"]
            days[person_id] = Days(row["start_date"], row["end_date"])
        if row["away_from"] is not None:
            away = Days(row["away_from"], row["away_to"])
            absences[person_id].append(away)
            deputies[person_id].append((away, row["deputy"]))
    return Register(names, Attendance(days, absences), deputies)


async def list_stints_around(
    connection: Connection, site: Site, swap: Swap
) -> tuple[list[Stint], list[Stint]]:
    """Returns the stints at the place and on the day of a swap, and those of who is to take it.

    The latter from the day before to the day after. By the roster in force, earlier swaps applied.
    """
    version = site.roster_version
    eve, morrow = swap.day - _DAY, swap.day + _DAY
    there = await connection.fetch(
        Q.list_shifts, site.site_id, version, swap.position_id, swap.post_id, swap.day, swap.day
    )
    theirs = await connection.fetch(
        Q.list_shifts_of, site.site_id, version, swap.to_person_id, eve, morrow
    )
    swaps = await list_swaps(connection, site.site_id, version, eve, morrow)
    return (
        stints([shift_of(row) for row in there], swaps, site.zone, swap.day, swap.day),
        stints([shift_of(row) for row in theirs], swaps, site.zone, eve, morrow),
    )


async def load_staffing(
    connection: Connection,
    site: Site,
    first: date,
    last: date,
    shifts: tuple[Shift, ...] | None = None,
) -> Staffing:
    """Returns all that decides who will be where on some local days.

    By the roster in force, or by the shifts of one that isn't published yet.
    """
    site_id, version = site.site_id, site.roster_version
    eve = first - _DAY
    swaps: list[Swap] = []
    if shifts is None:
        shifts = await list_roster(connection, site_id, version)
        swaps = await list_swaps(connection, site_id, version, eve, last)
    people = {shift.person_id for shift in shifts} | {swap.to_person_id for swap in swaps}
    register = await load_register(connection, site_id, people, eve, last + _DAY)
    return Staffing(
        zone=site.zone,
        posts=tuple(await list_posts(connection, site_id)),
        roster=Roster(site_id, shifts),
        swaps=tuple(swaps),
        attendance=register.attendance,
    )


def shift_of(row: asyncpg.Record) -> Shift:
    """Returns the shift that a row of the table holds."""
    return Shift(
        post_id=row["post_id"],
        position_id=row["position_id"],
        person_id=row["person_id"],
        start_date=row["start_date"],
        end_date=row["end_date"],
        start_second=row["start_second"],
        end_second=row["end_second"],
    )


def _swap(row: asyncpg.Record) -> Swap:
    return Swap(
        swap_id=row["swap_id"],
        post_id=row["post_id"],
        position_id=row["position_id"],
        day=row["day"],
        start_second=row["start_second"],
        from_person_id=row["from_person_id"],
        to_person_id=row["to_person_id"],
        reason=row["reason"],
        approved_by=row["approved_by"],
        record_time=row["record_time"],
    )
