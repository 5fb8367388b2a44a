"""Runs a service's invariants: named queries that return a row for everything that is broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from chassis.actor import service_actor
from chassis.database import Database
from chassis.queries import Queries, load_queries


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one invariant at one place."""

    check: str
    site_id: str
    subject_id: str
    detail: str


def load_checks(package: str) -> list[Queries]:
    """Reads the chassis' invariants and those in the package's own sql/fsck.sql, if it has any."""
    checks = [load_queries("chassis", "sql/fsck.sql")]
    if files(package).joinpath("sql/fsck.sql").is_file():
        checks.append(load_queries(package, "sql/fsck.sql"))
    return checks


async def check(database: Database, checks: Sequence[Queries]) -> list[Finding]:
    """Runs every check in one snapshot; empty is good. `database` must see all sites."""
    findings: list[Finding] = []
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await database.scope(connection, service_actor(database.schema))
        for queries in checks:
            for query in queries:
                rows = await connection.fetch(query.sql, timeout=600.0)
                findings += [
                    Finding(query.name, row["site_id"], row["subject_id"], row["detail"])
                    for row in rows
                ]
    return findings
