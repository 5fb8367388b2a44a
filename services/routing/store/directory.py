"""The organisation of a site in its tables."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.days import Days
from services.routing.domain.directory import (
    Category,
    CategoryLadder,
    Directory,
    Level,
    Person,
    PlaceRule,
    Position,
    Post,
    Requirement,
    Rules,
    Site,
    Unit,
    Window,
)
from services.routing.domain.roles import Role, UnitKind

Q = load_queries("services.routing", "sql/directory.sql")


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


async def last_change_time(connection: Connection, site_id: str) -> datetime | None:
    """Returns from when on the last change of a site's lists counts, swaps and absences too."""
    time: datetime | None = await connection.fetchval(Q.last_change_time, site_id)
    return time


async def move_handover_date(connection: Connection, site_id: str, day: date) -> None:
    await connection.execute(Q.move_handover_date, site_id, day)


async def save_directory(
    connection: Connection, directory: Directory, version: int, today: date
) -> None:
    """Replaces a site's organisation."""
    site_id, rules = directory.site_id, directory.rules
    units, people, positions = directory.units, directory.people, directory.positions
    posts, categories = directory.posts, directory.categories
    await connection.execute(
        Q.save_site,
        site_id,
        directory.name,
        directory.number_prefix,
        directory.time_zone,
        version,
        today,
        rules.span_limit,
        rules.recurrence_days,
        list(rules.alternate_chain),
        windows_to_json(rules.steward_hours),
    )
    await connection.execute(Q.clear_directory, site_id)
    await connection.execute(
        Q.insert_units,
        site_id,
        [unit.unit_id for unit in units],
        [unit.name for unit in units],
        [unit.kind.value for unit in units],
        [unit.parent_id for unit in units],
        [unit.days.start for unit in units],
        [unit.days.end for unit in units],
    )
    await connection.execute(
        Q.insert_people,
        site_id,
        [person.person_id for person in people],
        [person.name for person in people],
        [person.unit_id for person in people],
        [person.days.start for person in people],
        [person.days.end for person in people],
        [person.group_code for person in people],
        [person.contact_ref for person in people],
    )
    await connection.execute(
        Q.insert_positions,
        site_id,
        [position.position_id for position in positions],
        [position.name for position in positions],
        [position.holder for position in positions],
        [position.outside for position in positions],
    )
    await connection.execute(
        Q.insert_posts,
        site_id,
        [post.post_id for post in posts],
        [post.name for post in posts],
        [post.place for post in posts],
        [post.unit_id for post in posts],
        [windows_to_json(post.windows) for post in posts],
    )
    await connection.execute(
        Q.insert_categories,
        site_id,
        [category.category_id for category in categories],
        [category.name for category in categories],
        [category.group_category_id for category in categories],
        [category.lead_unit_id for category in categories],
        [json.dumps(category.supporting_unit_ids) for category in categories],
    )
    await connection.execute(
        Q.insert_place_rules,
        site_id,
        [rule.place for rule in directory.place_rules],
        [rule.category_id for rule in directory.place_rules],
        [rule.unit_id for rule in directory.place_rules],
    )
    await connection.execute(
        Q.insert_role_requirements,
        site_id,
        [requirement.kind.value for requirement in directory.requirements],
        [json.dumps(requirement.roles) for requirement in directory.requirements],
    )
    ladders = (CategoryLadder("", directory.ladder), *directory.category_ladders)
    levels = [
        (ladder.category_id, number, level)
        for ladder in ladders
        for number, level in enumerate(ladder.levels, 1)
    ]
    await connection.execute(
        Q.insert_ladder,
        site_id,
        [category_id for category_id, _, _ in levels],
        [number for _, number, _ in levels],
        [level.position_id for _, _, level in levels],
        [level.dwell_working_days for _, _, level in levels],
        [int(level.dwell_working_time.total_seconds()) for _, _, level in levels],
    )


async def load_directory(connection: Connection, site: Site) -> Directory:
    """Returns the whole organisation of a site, what it inherits included."""
    site_id = site.site_id
    posts = await connection.fetch(Q.list_posts, site_id)
    place_rules = await connection.fetch(Q.list_place_rules, site_id)
    ladders = await list_ladders(connection, site_id)
    return Directory(
        site_id=site_id,
        name=site.name,
        number_prefix=site.number_prefix,
        time_zone=site.zone.key,
        units=tuple(await list_units(connection, site_id)),
        people=tuple(await list_people(connection, site_id)),
        positions=tuple(await list_positions(connection, site_id)),
        posts=tuple(_post(row) for row in posts),
        categories=tuple(await list_categories(connection, site_id)),
        ladder=ladders.pop("", ()),
        category_ladders=tuple(CategoryLadder(*ladder) for ladder in ladders.items()),
        place_rules=tuple(
            PlaceRule(row["place"], row["category_id"], row["unit_id"]) for row in place_rules
        ),
        requirements=tuple(await list_requirements(connection, site_id)),
        rules=site.rules,
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
    return [_position(row) for row in rows]


async def load_position(connection: Connection, site_id: str, position_id: str) -> Position | None:
    row = await connection.fetchrow(Q.get_position, site_id, position_id)
    return None if row is None else _position(row)


async def list_posts(connection: Connection, site_id: str) -> list[Post]:
    return [_post(row) for row in await connection.fetch(Q.list_posts, site_id)]


async def load_post(connection: Connection, site_id: str, post_id: str) -> Post | None:
    row = await connection.fetchrow(Q.get_post, site_id, post_id)
    return None if row is None else _post(row)


async def list_ladder(connection: Connection, site_id: str, category_id: str = "") -> list[Level]:
    """Returns a category's ladder from level 1 up, the site's own where it has none."""
    return [_level(row) for row in await connection.fetch(Q.list_ladder, site_id, category_id)]


async def list_ladders(connection: Connection, site_id: str) -> dict[str, tuple[Level, ...]]:
    """Returns all of a site's ladders by category, its own under ""."""
    ladders: dict[str, tuple[Level, ...]] = {}
    for row in await connection.fetch(Q.list_ladders, site_id):
        category_id = row["category_id"]
        ladders[category_id] = (*ladders.get(category_id, ()), _level(row))
    return ladders


async def list_categories(connection: Connection, site_id: str) -> list[Category]:
    return [
        Category(
            row["category_id"],
            row["name"],
            row["group_category_id"],
            row["lead_unit_id"],
            tuple(row["supporting_unit_ids"]),
        )
        for row in await connection.fetch(Q.list_categories, site_id)
    ]


async def list_requirements(connection: Connection, site_id: str) -> list[Requirement]:
    """Returns which roles units of a kind can't be without; empty where nobody said so."""
    return [
        Requirement(UnitKind(row["kind"]), tuple(Role(role) for role in row["roles"]))
        for row in await connection.fetch(Q.list_role_requirements, site_id)
    ]


def windows_to_json(windows: Iterable[Window]) -> str:
    """Returns windows as their column holds them."""
    return json.dumps(
        [
            {
                "start": window.start_second,
                "end": window.end_second,
                "weekdays": sorted(window.weekdays),
                "from": window.days.start and window.days.start.isoformat(),
                "to": window.days.end and window.days.end.isoformat(),
            }
            for window in windows
        ]
    )


def windows_from_json(text: str) -> tuple[Window, ...]:
    """Returns the windows that a column holds."""
    return tuple(
        Window(
            window["start"],
            window["end"],
            frozenset(window["weekdays"]),
            Days(_day(window["from"]), _day(window["to"])),
        )
        for window in json.loads(text)
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


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
        rules=Rules(
            span_limit=row["span_limit"],
            alternate_chain=tuple(row["alternate_chain"]),
            steward_hours=windows_from_json(row["steward_hours"]),
            recurrence_days=row["recurrence_days"],
        ),
    )


def _unit(row: asyncpg.Record) -> Unit:
    return Unit(
        row["unit_id"],
        row["name"],
        UnitKind(row["kind"]),
        row["parent_id"],
        Days(row["start_date"], row["end_date"]),
    )


def _person(row: asyncpg.Record) -> Person:
    return Person(
        row["person_id"],
        row["name"],
        row["unit_id"],
        Days(row["start_date"], row["end_date"]),
        row["group_code"],
        row["contact_ref"],
    )


def _position(row: asyncpg.Record) -> Position:
    return Position(row["position_id"], row["name"], row["holder"], row["outside"])


def _post(row: asyncpg.Record) -> Post:
    return Post(
        row["post_id"],
        row["name"],
        row["place"],
        row["unit_id"],
        windows_from_json(row["windows"]),
    )


def _level(row: asyncpg.Record) -> Level:
    return Level(
        row["position_id"],
        row["dwell_working_days"],
        timedelta(seconds=row["dwell_working_seconds"]),
    )
