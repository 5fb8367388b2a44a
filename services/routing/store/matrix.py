"""The responsibility matrix in its tables: who answers for a unit, at an instant."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.answers import Answers, Instant, answers_of, responsible
from services.routing.domain.assignment import Responsible
from services.routing.domain.coverage import Held, stands_in
from services.routing.domain.days import Days
from services.routing.domain.decisions import Rule
from services.routing.domain.directory import Site
from services.routing.domain.matrix import Matrix, Published, Responsibility
from services.routing.domain.roles import DEFAULT_REQUIREMENTS, Role, UnitKind

Q = load_queries("services.routing", "sql/matrix.sql")


async def save_matrix(
    connection: Connection, matrix: Matrix, version: int, publish_time: datetime, published_by: str
) -> None:
    """Makes a matrix the one in force; rows that it has in common with the last one stay."""
    site_id = matrix.site_id
    in_force = await connection.fetch(Q.list_in_force, site_id)
    before = {_row(row): row["row_id"] for row in in_force}
    rows = set(matrix.responsibilities)
    gone = [row_id for row, row_id in before.items() if row not in rows]
    new = [row for row in matrix.responsibilities if row not in before]
    await connection.execute(
        Q.insert_matrix_version,
        site_id,
        version,
        matrix.leading_office,
        matrix.supporting_office,
        matrix.basis_document,
        publish_time,
        published_by,
    )
    await connection.execute(Q.end_responsibilities, site_id, version, gone)
    await connection.execute(
        Q.insert_responsibilities,
        site_id,
        version,
        [row.unit_id for row in new],
        [row.role.value for row in new],
        [row.person_id for row in new],
        [row.deputy for row in new],
        [row.start_date for row in new],
        [row.end_date for row in new],
    )


async def list_matrix(connection: Connection, site_id: str, version: int) -> list[Responsibility]:
    """Returns the rows of a version, by unit, role and first day."""
    return [_row(row) for row in await connection.fetch(Q.list_matrix, site_id, version)]


async def list_rows_of_unit(
    connection: Connection, site_id: str, unit_id: str, version: int
) -> list[Responsibility]:
    """Returns the rows of one unit in a version."""
    rows = await connection.fetch(Q.list_rows_of_unit, site_id, unit_id, version)
    return [_row(row) for row in rows]


async def load_published(connection: Connection, site_id: str, version: int) -> Published | None:
    """Returns the head of one version of a site's matrix."""
    row = await connection.fetchrow(Q.get_matrix_version, site_id, version)
    if row is None:
        return None
    return Published(
        version=row["version"],
        publish_time=row["publish_time"],
        leading_office=row["leading_office"],
        supporting_office=row["supporting_office"],
        basis_document=row["basis_document"],
        published_by=row["published_by"],
    )


async def load_instant(
    connection: Connection,
    site_id: str,
    at_time: datetime | None = None,
    known_time: datetime | None = None,
) -> Instant | None:
    """Returns the versions in force at an instant as known at another; None without the site.

    Without `at_time` now; without `known_time` as it was known then, and now of the future.
    """
    row = await connection.fetchrow(Q.get_instant, site_id, at_time, known_time)
    if row is None:
        return None
    return Instant(
        site_id=site_id,
        zone=ZoneInfo(row["time_zone"]),
        now_time=row["now_time"],
        at_time=row["at_time"],
        known_time=row["known_time"],
        matrix_version=row["matrix_version"],
        directory_version=row["directory_version"],
        present_directory_version=row["present_directory_version"],
        span_limit=row["span_limit"],
    )


async def list_answers(
    connection: Connection,
    site_id: str,
    unit_ids: Iterable[str],
    day: date,
    version: int,
    known: datetime | None = None,
) -> dict[str, Answers]:
    """Returns who answers for some units on a day, by a version and the directory in force.

    Absences count as known at an instant, or those that count now. Unknown units are left out.
    """
    rows = await connection.fetch(
        Q.list_holders, site_id, list(dict.fromkeys(unit_ids)), day, version, known
    )
    by_unit: dict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        by_unit[row["unit_id"]].append(row)
    return {unit_id: _answers(unit_id, rows, day) for unit_id, rows in by_unit.items()}


async def load_responsible(
    connection: Connection, site: Site, unit_id: str, time: datetime
) -> Responsible:
    """Returns who answers for a unit's cases now; call `hold_assignments` before."""
    if not unit_id:
        return Responsible()
    found = await list_responsible(connection, site, [unit_id], time)
    return found.get(unit_id, Responsible())


async def list_responsible(
    connection: Connection, site: Site, unit_ids: Iterable[str], time: datetime
) -> dict[str, Responsible]:
    """Returns the same of several units; unknown ones are left out."""
    day = site.matrix_day(time)
    found = await list_answers(connection, site.site_id, unit_ids, day, site.matrix_version)
    return {unit_id: responsible(answers) for unit_id, answers in found.items()}


async def load_heads(
    connection: Connection, site: Site, unit_ids: Sequence[str], time: datetime
) -> list[str]:
    """Returns the head of each unit, or who stands in; in their order, empty where nobody does."""
    day = site.matrix_day(time)
    found = await list_answers(connection, site.site_id, unit_ids, day, site.matrix_version)
    return [found[unit_id].holder(Role.HEAD) if unit_id in found else "" for unit_id in unit_ids]


async def load_all_heads(connection: Connection, site: Site, time: datetime) -> dict[str, str]:
    """Returns {unit: head, or who stands in} of all units that have one."""
    day = site.matrix_day(time)
    headed = await connection.fetch(Q.list_headed_units, site.site_id, day)
    found = await list_answers(
        connection, site.site_id, [row["unit_id"] for row in headed], day, site.matrix_version
    )
    heads = {unit_id: answers.holder(Role.HEAD) for unit_id, answers in found.items()}
    return {unit_id: head for unit_id, head in heads.items() if head}


async def answers_for(
    connection: Connection, site: Site, unit_id: str, person_id: str, time: datetime
) -> bool:
    """Tells whether a person answers for a unit now, in whatever role, or stands in."""
    day = site.matrix_day(time)
    found = await list_answers(connection, site.site_id, [unit_id], day, site.matrix_version)
    answers = found.get(unit_id)
    return answers is not None and any(held.person_id == person_id for held in answers.holders)


async def days_change(connection: Connection, site_id: str, after: date, until: date) -> bool:
    """Tells whether somebody else may answer on a day than on one before, by what is in force."""
    return bool(await connection.fetchval(Q.days_changed, site_id, after, until))


async def list_not_closed(
    connection: Connection, site_id: str, after: str, limit: int
) -> list[str]:
    """Returns the next cases of a site that aren't closed, by their ids."""
    rows = await connection.fetch(Q.list_not_closed, site_id, after, limit)
    return [row["case_id"] for row in rows]


async def list_presence(
    connection: Connection, site_id: str, person_ids: Iterable[str], day: date
) -> dict[str, tuple[bool, bool]]:
    """Returns {person: (at the site, away)} on a day, strangers included."""
    rows = await connection.fetch(Q.list_not_there, site_id, list(set(person_ids)), day)
    return {row["person_id"]: (row["there"], row["away"]) for row in rows}


async def count_cases(connection: Connection, site_id: str) -> list[tuple[str, str, Rule, int]]:
    """Returns (unit, steward, rule, number) of the cases not closed."""
    rows = await connection.fetch(Q.count_moving, site_id)
    return [(row["unit_id"], row["steward"], Rule(row["rule"]), row["count"]) for row in rows]


def _row(row: asyncpg.Record) -> Responsibility:
    return Responsibility(
        row["unit_id"],
        Role(row["role"]),
        row["person_id"],
        row["start_date"],
        row["end_date"],
        row["deputy"],
    )


def _answers(unit_id: str, rows: Sequence[asyncpg.Record], day: date) -> Answers:
    first = rows[0]
    if not Days(first["unit_start"], first["unit_end"]).holds(day):
        return Answers(unit_id, first["unit_name"])
    required = DEFAULT_REQUIREMENTS[UnitKind(first["kind"])]
    if first["required"] is not None:
        required = tuple(Role(role) for role in first["required"])
    held: list[Held] = []
    vacant: dict[Role, str] = {}
    names: dict[str, str] = {}
    for row in rows:
        if row["role"] is None:
            continue
        there, away = set(), set()
        for who in ("person", "deputy"):
            name, person_id = row[f"{who}_name"], row[f"{who}_id"]
            if name is None:
                continue
            names[person_id] = name
            if Days(row[f"{who}_start"], row[f"{who}_end"]).holds(day):
                there.add(person_id)
            if row[f"{who}_away"]:
                away.add(person_id)
        holder = stands_in(_row(row), there, away, row["deputy_id"] or "")
        if holder is None:
            vacant[Role(row["role"])] = row["person_id"]
        else:
            held.append(holder)
    return answers_of(unit_id, first["unit_name"], required, held, vacant=vacant, names=names)
