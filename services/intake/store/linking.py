"""Keeps the ties between cases."""

from collections.abc import Sequence

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.values import Case, Relation

Q = load_queries("services.intake", "sql/linking.sql")


async def hold_ties(connection: Connection, site_id: str) -> None:
    """Waits for whoever ties recurrences of the site, and holds it until the commit.

    Taken after the locks of subjects, never before.
    """
    await connection.execute(Q.hold_ties, site_id)


async def recurs_from(connection: Connection, case_id: str, origin_id: str) -> bool:
    """Tells whether a case recurs, over any number of steps, from another, or is that one."""
    found: bool = await connection.fetchval(Q.recurs_from, case_id, origin_id)
    return found


async def insert_link(
    connection: Connection, case: Case, linked_case_id: str, relation: Relation
) -> None:
    """Writes a tie."""
    await connection.execute(Q.insert_link, case.site_id, case.case_id, linked_case_id, relation)


async def delete_link(
    connection: Connection, case: Case, linked_case_id: str, relation: Relation
) -> None:
    """Takes a tie off."""
    await connection.execute(Q.delete_link, case.case_id, linked_case_id, relation)


async def list_followers(
    connection: Connection, master_id: str, after: str, count: int
) -> list[str]:
    """Returns the next duplicates of a case, by id."""
    rows = await connection.fetch(Q.list_followers, master_id, after, count)
    return [row["case_id"] for row in rows]


async def move_followers(
    connection: Connection, before_id: str, master_id: str, followers: Sequence[str]
) -> None:
    """Makes duplicates of one case duplicates of another."""
    await connection.execute(Q.move_followers, before_id, master_id, followers)


async def last_master(connection: Connection, case_id: str) -> str:
    """Returns the case that goes on in the end in a case's place, which may be itself."""
    found: str = await connection.fetchval(Q.last_master, case_id)
    return found
