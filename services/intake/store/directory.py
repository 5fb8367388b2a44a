"""Keeps intake's copies of a site's directory."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.directory import Directory
from services.intake.domain.values import Site

Q = load_queries("services.intake", "sql/directory.sql")


def read_site(row: asyncpg.Record) -> Site:
    """Returns the site of a row that has the columns of `sites`."""
    return Site(row["site_id"], row["name"], row["number_prefix"], ZoneInfo(row["time_zone"]))


async def load_site(connection: Connection, site_id: str) -> Site | None:
    """Returns a site, None when it isn't in the copy or out of sight."""
    row = await connection.fetchrow(Q.get_site, site_id)
    return None if row is None else read_site(row)


async def save_directory(connection: Connection, directory: Directory) -> None:
    """Puts a directory in the place of the one before."""
    site = directory.site
    await connection.execute(
        Q.save_site, site.site_id, site.name, site.number_prefix, site.zone.key, directory.version
    )
    units, posts = directory.units, directory.posts
    await connection.execute(
        Q.save_units,
        site.site_id,
        [unit.unit_id for unit in units],
        [unit.name for unit in units],
        [unit.kind for unit in units],
        [unit.parent_id for unit in units],
    )
    await connection.execute(
        Q.save_posts,
        site.site_id,
        [post.post_id for post in posts],
        [post.name for post in posts],
        [post.place for post in posts],
    )
    for query, named in (
        (Q.save_people, directory.people),
        (Q.save_categories, directory.categories),
    ):
        await connection.execute(
            query,
            site.site_id,
            [one.code for one in named],
            [one.name for one in named],
            [one.belongs_to for one in named],
        )
    await connection.execute(
        Q.save_positions,
        site.site_id,
        [one.code for one in directory.positions],
        [one.name for one in directory.positions],
    )


async def list_names(
    connection: Connection, site_id: str, codes: Sequence[str]
) -> dict[tuple[str, str], str]:
    """Returns {(kind, code): name} of the codes that the site knows.

    Kinds are "person", "position", "unit", "post" and "category".
    """
    rows = await connection.fetch(Q.list_names, site_id, list(codes))
    return {(row["kind"], row["code"]): row["name"] for row in rows}
