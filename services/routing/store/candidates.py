"""Who could have a case: what the tables know of people's lines, loads and units."""

from collections.abc import Collection, Iterable
from datetime import date

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.days import Days
from services.routing.domain.directory import Person, PlaceRule
from services.routing.domain.proposals import Steward, Workplace

Q = load_queries("services.routing", "sql/candidates.sql")


async def list_headed(
    connection: Connection, site_id: str, person_ids: Collection[str], day: date
) -> dict[str, str]:
    """Returns {unit: head} of the units that some people head on a day."""
    rows = await connection.fetch(Q.list_headed, site_id, list(person_ids), day)
    return {row["unit_id"]: row["person_id"] for row in rows}


async def list_subtree(
    connection: Connection, site_id: str, unit_ids: Collection[str]
) -> dict[str, str]:
    """Returns {unit: the one above} of some units and all below them."""
    rows = await connection.fetch(Q.list_subtree, site_id, list(unit_ids))
    return {row["unit_id"]: row["parent_id"] for row in rows}


async def list_people_of(
    connection: Connection, site_id: str, unit_ids: Collection[str]
) -> list[Person]:
    """Returns who belongs to some units."""
    rows = await connection.fetch(Q.list_people_of, site_id, list(unit_ids))
    return [Person(row["person_id"], row["name"], row["unit_id"]) for row in rows]


async def list_stewards(
    connection: Connection, site_id: str, day: date, others: Collection[str]
) -> list[Steward]:
    """Returns the stewards of a day with their open cases, and others with theirs.

    Those who have left or are away that day are left out.
    """
    rows = await connection.fetch(Q.list_stewards, site_id, day, list(others))
    return [Steward(row["person_id"], row["name"], row["open_count"]) for row in rows]


async def list_workplaces(
    connection: Connection, site_id: str, unit_ids: Iterable[str], day: date
) -> dict[str, Workplace]:
    """Returns those of some units that are there on a day, with the work orders they have open."""
    wanted = list(dict.fromkeys(unit_ids))
    counts = {
        row["unit_id"]: row["open_count"]
        for row in await connection.fetch(Q.count_open_work_orders, site_id, wanted)
    }
    return {
        row["unit_id"]: Workplace(row["unit_id"], row["name"], counts.get(row["unit_id"], 0))
        for row in await connection.fetch(Q.list_named_units, site_id, wanted)
        if Days(row["start_date"], row["end_date"]).holds(day)
    }


async def list_names(
    connection: Connection, site_id: str, codes: Collection[str]
) -> dict[tuple[str, str], str]:
    """Returns {(kind, code): name} of the units, people and positions that codes stand for.

    Kinds are "unit", "person" and "position".
    """
    rows = await connection.fetch(Q.list_names, site_id, list(codes))
    return {(row["kind"], row["code"]): row["name"] for row in rows}


async def list_place_rules(connection: Connection, site_id: str) -> list[PlaceRule]:
    """Returns whose the matters of places are, in the site's order."""
    rows = await connection.fetch(Q.list_places, site_id)
    return [PlaceRule(row["place"], row["category_id"], row["unit_id"]) for row in rows]
