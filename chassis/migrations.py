"""Brings one service's schema to the state of the code, safely beside the code before it.

Two sets of files: the chassis' foundation, then the service's own. Each file is one transaction
and is remembered with its checksum; a file that changed or vanished after it was applied stops
everything, because nobody could say what the schema then is. Rights are applied again each time.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import asyncpg
import structlog

from chassis.database import Connection
from chassis.queries import load_queries

_log = structlog.get_logger(__name__)
_queries = load_queries("chassis", "sql/migrations.sql")

_FILE = re.compile(r"^(?P<number>[0-9]{4})_(?P<name>[a-z0-9_]+)\.sql$")
_ROLE = re.compile(r"(?<!:):(?P<word>schema|owner|app|worker|fsck)\b")

# Old code goes on working: a migration that can't get its lock soon lets go and tries again
# instead of making every query queue behind it.
_LOCK_TIMEOUT = "3s"
_LOCK_TRIES = 20

CHASSIS_SET = "chassis"


class MigrationError(Exception):
    """The schema can't be brought to the state of the code; the text says why."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of one set."""

    set: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, as hexadecimal text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def label(self) -> str:
        """How people call the file: "chassis/0001_foundation"."""
        return f"{self.set}/{self.number:04d}_{self.name}"


def read_migrations(set_name: str, package: str) -> list[Migration]:
    """Reads the files of a set in order; MigrationError unless they are numbered from 1 on."""
    found: list[Migration] = []
    folder = files(package).joinpath("sql", "migrations")
    for item in folder.iterdir() if folder.is_dir() else ():
        match = _FILE.match(item.name)
        if match is None:
            if item.name.endswith(".sql"):
                raise MigrationError(f"{package}: {item.name} is not called NNNN_name.sql")
            continue
        text = item.read_text(encoding="utf-8")
        found.append(Migration(set_name, int(match["number"]), match["name"], text))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"{package}: migrations are not numbered 0001, 0002, …")
    return found


def read_grants(package: str) -> str:
    """Returns the package's grants.sql, empty when it has none."""
    path = files(package).joinpath("sql", "grants.sql")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def fill_roles(sql: str, schema: str) -> str:
    """Puts the quoted names of schema and roles in place of :schema, :owner, :app, …"""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", schema):
        raise MigrationError(f"{schema!r} is no name for a schema")
    names = {
        "schema": f'"{schema}"',
        "owner": f'"backstop_{schema}_owner"',
        "app": f'"backstop_{schema}_app"',
        "worker": f'"backstop_{schema}_worker"',
        "fsck": '"backstop_fsck"',
    }
    return _ROLE.sub(lambda match: names[match["word"]], sql)


def check_applied(known: Sequence[Migration], applied: Sequence[asyncpg.Record]) -> None:
    """Raises MigrationError when an applied file changed, vanished, or is of a later release.

    A database of a later release is no place for old migrations: `serve` may run on it (old code,
    new schema), `migrate` may not.
    """
    files_by_key = {(migration.set, migration.number): migration for migration in known}
    for row in applied:
        migration = files_by_key.get((row["set"], row["number"]))
        label = f"{row['set']}/{row['number']:04d}_{row['name']}"
        if migration is None:
            raise MigrationError(f"{label} was applied and is missing here (a later release?)")
        if migration.checksum != row["checksum"]:
            raise MigrationError(f"{label} was changed after it was applied")


async def migrate(
    owner_dsn: str, schema: str, package: str, *, demonstration: bool = False
) -> list[str]:
    """Applies what is missing and all grants; returns the labels of the files applied now.

    One process at a time does so, others wait. `demonstration` counts only when the schema is
    made. Raises MigrationError.
    """
    sets = [*read_migrations(CHASSIS_SET, "chassis"), *read_migrations(schema, package)]
    connection = await asyncpg.connect(
        owner_dsn,
        command_timeout=600.0,
        server_settings={"search_path": schema, "lock_timeout": _LOCK_TIMEOUT},
    )
    try:
        return await _migrate(connection, schema, package, sets, demonstration)
    finally:
        await connection.close()


async def _migrate(
    connection: Connection,
    schema: str,
    package: str,
    known: Sequence[Migration],
    demonstration: bool,
) -> list[str]:
    # The wait for another migration isn't a wait for a table.
    await connection.execute(_queries.wait_for_lock)
    await connection.execute(_queries.lock, f"backstop migrate {schema}")
    await connection.execute(_queries.end_wait_for_lock)
    await connection.execute(_queries.make_table)
    applied = await connection.fetch(_queries.list_applied)
    check_applied(known, applied)
    done = {(row["set"], row["number"]) for row in applied}
    labels: list[str] = []
    for migration in known:
        if (migration.set, migration.number) in done:
            continue
        await _apply(connection, migration, demonstration)
        labels.append(migration.label)
        _log.info("migration_applied", schema=schema, migration=migration.label)
    grants = [read_grants("chassis"), read_grants(package)]
    await _patiently(connection, [fill_roles(sql, schema) for sql in grants if sql.strip()])
    return labels


async def _apply(connection: Connection, migration: Migration, demonstration: bool) -> None:
    async def remember() -> None:
        await connection.execute(
            _queries.add_applied,
            migration.set, migration.number, migration.name, migration.checksum,
        )  # fmt: skip
        if migration.set == CHASSIS_SET and migration.number == 1:
            await connection.execute(_queries.start_clock, demonstration)

    try:
        await _patiently(connection, [migration.sql], remember)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.label} failed: {error}") from error


async def _patiently(
    connection: Connection,
    scripts: Sequence[str],
    then: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Runs scripts in one transaction, again when a lock could not be had in time."""
    for left in reversed(range(_LOCK_TRIES)):
        try:
            async with connection.transaction():
                for script in scripts:
                    await connection.execute(script)
                if then is not None:
                    await then()
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if not left:
                raise MigrationError(f"a lock could not be had: {error}") from error
            await asyncio.sleep(0.5)
