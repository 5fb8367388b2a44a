"""Every directory as it was published, and when which list of a site was."""

from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from backstop.routing.v1 import routing_pb2 as pb
from chassis.database import Connection
from services.routing.convert.directory import directory_from, directory_message
from services.routing.domain.directory import Directory
from services.routing.domain.publications import Publication, SiteList, Summary
from services.routing.store.directory import Q

# So many publications are listed.
MOST_PUBLICATIONS = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """A version: `directory` as it was in force, `source` without what it inherited."""

    version: int
    publish_time: datetime
    published_by: str
    template_version: int
    directory: Directory
    source: Directory


async def save_version(
    connection: Connection,
    document: pb.Directory,
    source: Directory,
    version: int,
    template_version: int,
    publish_time: datetime,
    published_by: str,
) -> None:
    """Keeps a version; `document` is what is in force by it."""
    await connection.execute(
        Q.insert_directory_version,
        document.site_id,
        version,
        publish_time,
        published_by,
        template_version,
        document.SerializeToString(deterministic=True),
        directory_message(source).SerializeToString(deterministic=True),
    )


async def load_version(connection: Connection, site_id: str, version: int) -> Kept | None:
    row = await connection.fetchrow(Q.get_directory_version, site_id, version)
    return None if row is None else _kept(row)


async def load_version_until(connection: Connection, site_id: str, version: int) -> Kept | None:
    """Returns a version, or the last one before it: numbers may be left out."""
    row = await connection.fetchrow(Q.get_directory_version_until, site_id, version)
    return None if row is None else _kept(row)


async def load_version_at(connection: Connection, site_id: str, time: datetime) -> Kept | None:
    """Returns the version in force at an instant, the first one before that."""
    row = await connection.fetchrow(Q.get_directory_version_at, site_id, time)
    return None if row is None else _kept(row)


async def has_shifts(connection: Connection, site_id: str, version: int, day: date) -> bool:
    """Tells whether a roster has shifts that begin on a day, the one before it, or later."""
    return bool(await connection.fetchval(Q.has_shifts, site_id, version, day))


async def list_publications(
    connection: Connection, site_id: str, which: SiteList
) -> list[Publication]:
    """Returns when a list was published, newest first, the last 500."""
    queries = {
        SiteList.DIRECTORY: Q.list_directory_publications,
        SiteList.MATRIX: Q.list_matrix_publications,
        SiteList.ROSTER: Q.list_roster_publications,
    }
    rows = await connection.fetch(queries[which], site_id, MOST_PUBLICATIONS)
    return [Publication(row["version"], row["publish_time"], row["published_by"]) for row in rows]


async def list_summaries(connection: Connection) -> list[Summary]:
    """Returns the sites in sight, by their codes."""
    return [Summary(**dict(row)) for row in await connection.fetch(Q.list_site_summaries)]


def _kept(row: asyncpg.Record) -> Kept:
    directory = directory_from(pb.Directory.FromString(row["document"]))
    source = directory
    if row["source"] != row["document"]:
        source = directory_from(pb.Directory.FromString(row["source"]))
    return Kept(
        version=row["version"],
        publish_time=row["publish_time"],
        published_by=row["published_by"],
        template_version=row["template_version"],
        directory=directory,
        source=source,
    )
