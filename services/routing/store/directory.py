"""The organisation of a site in its tables."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.directory import (
    Category,
    Directory,
    Level,
    Person,
    Position,
    Post,
    Site,
    Unit,
    UnitKind,
)

Q = load_queries("services.routing")


async def hold_assignments(connection: Connection, site_id: str) -> None:
    """Keeps a site's matrix and directory from changing until commit; shared.

    Whoever assigns by them takes it first: a handover that follows a change then finds either
    the case, or the change found by the case.
    """
    await connection.execute(Q.hold_assignments, site_id)


async def stop_assignments(connection: Connection, site_id: str) -> None:
    """Waits for the holders above and keeps others out until commit; whoever changes takes it."""
    await connection.execute(Q.stop_assignments, site_id)


async def load_site(connection: Connection, site_id: str) -> Site | None:
    row = await connection.fetchrow(Q.get_site, site_id)
    return None if row is None else _site(row)


async def list_sites(connection: Connection) -> list[Site]:
    return [_site(row) for row in await connection.fetch(Q.list_sites)]


async def move_handover_date(connection: Connection, site_id: str, day: date) -> None:
    await connection.execute(Q.move_handover_date, site_id, day)


async def save_directory(
    connection: Connection, directory: Directory, version: int, today: date
) -> None:
    """Replaces a site's organisation."""
    site_id = directory.site_id
    await connection.execute(
        Q.save_site,
        site_id,
        directory.name,
        directory.number_prefix,
        directory.time_zone,
        version,
        today,
    )
    await connection.execute(Q.clear_directory, site_id)
    await connection.execute(
        Q.insert_units,
        site_id,
        [unit.unit_id for unit in directory.units],
        [unit.name for unit in directory.units],
        [unit.kind.value for unit in directory.units],
        [unit.parent_id for unit in directory.units],
    )
    await connection.execute(
        Q.insert_people,
        site_id,
        [person.person_id for person in directory.people],
        [person.name for person in directory.people],
        [person.unit_id for person in directory.people],
    )
    await connection.execute(
        Q.insert_positions,
        site_id,
        [position.position_id for position in directory.positions],
        [position.name for position in directory.positions],
        [position.holder for position in directory.positions],
    )
    await connection.execute(
        Q.insert_posts,
        site_id,
        [post.post_id for post in directory.posts],
        [post.name for post in directory.posts],
        [post.place for post in directory.posts],
    )
    await connection.execute(
        Q.insert_categories,
        site_id,
        [category.category_id for category in directory.categories],
        [category.name for category in directory.categories],
        [category.group_category_id for category in directory.categories],
        [category.lead_unit_id for category in directory.categories],
    )
    await connection.execute(
        Q.insert_ladder,
        site_id,
        [level.position_id for level in directory.ladder],
        [level.dwell_working_days for level in directory.ladder],
        [int(level.dwell_working_time.total_seconds()) for level in directory.ladder],
    )


async def load_directory(connection: Connection, site: Site) -> Directory:
    """Returns the whole organisation of a site."""
    posts = await connection.fetch(Q.list_posts, site.site_id)
    categories = await connection.fetch(Q.list_categories, site.site_id)
    return Directory(
        site_id=site.site_id,
        name=site.name,
        number_prefix=site.number_prefix,
        time_zone=site.zone.key,
        units=tuple(await list_units(connection, site.site_id)),
        people=tuple(await list_people(connection, site.site_id)),
        positions=tuple(await list_positions(connection, site.site_id)),
        posts=tuple(Post(row["post_id"], row["name"], row["place"]) for row in posts),
        categories=tuple(
            Category(row["category_id"], row["name"], row["group_category_id"], row["lead_unit_id"])
            for row in categories
        ),
        ladder=tuple(await list_ladder(connection, site.site_id)),
    )


async def list_units(connection: Connection, site_id: str) -> list[Unit]:
    return [_unit(row) for row in await connection.fetch(Q.list_units, site_id)]


async def load_unit(connection: Connection, site_id: str, unit_id: str) -> Unit | None:
    row = await connection.fetchrow(Q.get_unit, site_id, unit_id)
    return None if row is None else _unit(row)


async def list_people(connection: Connection, site_id: str) -> list[Person]:
    return [_person(row) for row in await connection.fetch(Q.list_people, site_id)]


async def load_person(connection: Connection, site_id: str, person_id: str) -> Person | None:
    row = await connection.fetchrow(Q.get_person, site_id, person_id)
    return None if row is None else _person(row)


async def list_positions(connection: Connection, site_id: str) -> list[Position]:
    rows = await connection.fetch(Q.list_positions, site_id)
    return [Position(row["position_id"], row["name"], row["holder"]) for row in rows]


async def load_position(connection: Connection, site_id: str, position_id: str) -> Position | None:
    row = await connection.fetchrow(Q.get_position, site_id, position_id)
    return None if row is None else Position(row["position_id"], row["name"], row["holder"])


async def load_post(connection: Connection, site_id: str, post_id: str) -> Post | None:
    row = await connection.fetchrow(Q.get_post, site_id, post_id)
    return None if row is None else Post(row["post_id"], row["name"], row["place"])


async def list_ladder(connection: Connection, site_id: str) -> list[Level]:
    rows = await connection.fetch(Q.list_ladder, site_id)
    return [
        Level(
            row["position_id"],
            row["dwell_working_days"],
            timedelta(seconds=row["dwell_working_seconds"]),
        )
        for row in rows
    ]


def _site(row: asyncpg.Record) -> Site:
    return Site(
        site_id=row["site_id"],
        name=row["name"],
        number_prefix=row["number_prefix"],
        zone=ZoneInfo(row["time_zone"]),
        directory_version=row["directory_version"],
        matrix_version=row["matrix_version"],
        roster_version=row["roster_version"],
        handover_date=row["handover_date"],
    )


def _unit(row: asyncpg.Record) -> Unit:
    return Unit(row["unit_id"], row["name"], UnitKind(row["kind"]), row["parent_id"])


def _person(row: asyncpg.Record) -> Person:
    return Person(row["person_id"], row["name"], row["unit_id"])
