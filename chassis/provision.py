"""Makes the database, its schemas and its roles, with rights so narrow that mistakes can't spread.

    python -m chassis.provision --admin-dsn-file FILE --passwords-dir DIR \\
        --services intake,routing

Idempotent: run it again to add a service or to change passwords. DIR holds one file per role,
named like the role. It is the only program that needs an administrator of the database server.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries

_queries = load_queries("chassis", "sql/provision.sql")

DATABASE = "backstop"
FSCK_ROLE = "backstop_fsck"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def roles_of(services: Sequence[str]) -> list[str]:
    """Returns every role of the suite: three per service and the one of fsck."""
    kinds = ("owner", "app", "worker")
    return [f"backstop_{service}_{kind}" for service in services for kind in kinds] + [FSCK_ROLE]


async def provision(
    admin_dsn: str,
    services: Sequence[str],
    passwords: Mapping[str, str],
    *,
    database: str = DATABASE,
) -> None:
    """Makes or repairs database, roles and schemas; `passwords` by role name.

    Raises ValueError for a name that is none and for a role without a password.
    """
    for name in (database, *services):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't be a name")
    missing = [role for role in roles_of(services) if not passwords.get(role)]
    if missing:
        raise ValueError(f"no password for {', '.join(missing)}")
    connection = await asyncpg.connect(admin_dsn, command_timeout=60.0)
    try:
        await connection.execute(_queries.lock)
        for role in roles_of(services):
            await _run(connection, _queries.make_role, role, passwords[role])
        if not await connection.fetchval(_queries.database_exists, database):
            await _run(connection, _queries.make_database, database)
        await _run(connection, _queries.close_database, database)
        for role in roles_of(services):
            await _run(connection, _queries.admit_role, database, role)
    finally:
        await connection.close()
    inside = await asyncpg.connect(admin_dsn, database=database, command_timeout=60.0)
    try:
        await inside.execute(_queries.lock)
        async with inside.transaction():
            await inside.execute(_queries.close_public)
            await inside.execute(_queries.make_extensions_schema)
            await inside.execute(_queries.make_btree_gist)
            for service in services:
                await _run(inside, _queries.make_schema, service, f"backstop_{service}_owner")
                for kind in ("owner", "app", "worker"):
                    role = f"backstop_{service}_{kind}"
                    await _run(inside, _queries.set_search_path, role, database, service)
                    await _run(inside, _queries.open_extensions, role)
    finally:
        await inside.close()


async def _run(connection: Connection, query: str, *arguments: str) -> None:
    """Lets the server put quoted names into a statement that takes no parameters, and runs it."""
    statement = await connection.fetchval(query, *arguments)
    if statement is not None:
        await connection.execute(statement)


def read_passwords(folder: Path, services: Sequence[str]) -> dict[str, str]:
    """Reads one file per role; FileNotFoundError names the file that isn't there."""
    return {
        role: (folder / role).read_text(encoding="utf-8").strip() for role in roles_of(services)
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; 0 when everything is in place."""
    parser = argparse.ArgumentParser(prog="python -m chassis.provision", description=__doc__)
    parser.add_argument(
        "--admin-dsn-file",
        type=Path,
        required=True,
        help="holds the administrator's address; a file, since command lines are seen by all",
    )
    parser.add_argument("--passwords-dir", type=Path, required=True)
    parser.add_argument("--services", required=True, help="names, separated by commas")
    parser.add_argument("--database", default=DATABASE)
    options = parser.parse_args(arguments)
    services = [name.strip() for name in options.services.split(",") if name.strip()]
    try:
        passwords = read_passwords(options.passwords_dir, services)
        admin_dsn = options.admin_dsn_file.read_text(encoding="utf-8").strip()
        asyncio.run(provision(admin_dsn, services, passwords, database=options.database))
    except (OSError, ValueError, asyncpg.PostgresError) as error:
        print(f"provision: {error}", file=sys.stderr)  # noqa: T201 - for whoever started it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
