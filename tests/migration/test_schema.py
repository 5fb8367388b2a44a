"""What must be true of every schema, whoever added the last table or statement."""

import ast
import re
from pathlib import Path

import asyncpg
import pytest

from chassis.migrations import migrate
from chassis.queries import load_queries
from tests.integration.conftest import DatabaseFor

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "sla", "notify")
# Tables of one row, about the process, or about all sites at once.
WITHOUT_SITE = {"suite_clock", "relay_head", "journal_pending", "schema_migrations", "templates"}


async def _owner(database_for: DatabaseFor, service: str) -> asyncpg.Connection:
    database = await database_for(service)
    return await asyncpg.connect(database.dsn("owner"), server_settings={"search_path": service})


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_has_a_site_and_forces_row_security(
    database_for: DatabaseFor, service: str
) -> None:
    connection = await _owner(database_for, service)
    rows = await connection.fetch(
        """
        SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
               EXISTS (SELECT FROM pg_attribute AS a
                       WHERE a.attrelid = c.oid AND a.attname = 'site_id') AS has_site
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind = 'r'
        """,
        service,
    )
    await connection.close()
    assert len(rows) > len(WITHOUT_SITE)
    open_tables = {row["name"] for row in rows if not (row["has_site"] and row["forced"])}
    assert open_tables <= WITHOUT_SITE


@pytest.mark.parametrize("service", SERVICES)
async def test_the_app_role_sees_its_sites_alone(database_for: DatabaseFor, service: str) -> None:
    database = await database_for(service)
    owner = await asyncpg.connect(database.dsn("worker"), server_settings={"search_path": service})
    await owner.execute(
        "INSERT INTO subjects (subject_id, site_id) VALUES ('a', 's1'), ('b', 's2')"
    )
    await owner.close()
    app = await asyncpg.connect(database.dsn("app"), server_settings={"search_path": service})
    try:
        assert await app.fetchval("SELECT count(*) FROM subjects") == 0
        async with app.transaction():
            await app.execute("SELECT set_config('backstop.sites', 's1', true)")
            assert [r["site_id"] for r in await app.fetch("SELECT site_id FROM subjects")] == ["s1"]
        async with app.transaction():
            await app.execute("SELECT set_config('backstop.sites', '*', true)")
            assert await app.fetchval("SELECT count(*) FROM subjects") == 2
        foreign = "INSERT INTO subjects (subject_id, site_id) VALUES ('c', 's2')"
        async with app.transaction():
            await app.execute("SELECT set_config('backstop.sites', 's2', true)")
            await app.execute(foreign.replace("'c'", "'d'"))
        await app.execute("SELECT set_config('backstop.sites', 's1', false)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(foreign)
    finally:
        await app.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_migrating_again_changes_nothing(database_for: DatabaseFor, service: str) -> None:
    database = await database_for(service)
    connection = await asyncpg.connect(
        database.dsn("owner"), server_settings={"search_path": service}
    )
    before = await connection.fetch("SELECT * FROM schema_migrations ORDER BY 1, 2")
    assert before
    await migrate(database.dsn("owner"), service, f"services.{service}")
    assert await connection.fetch("SELECT * FROM schema_migrations ORDER BY 1, 2") == before
    await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_every_statement_is_one_the_schema_takes(
    database_for: DatabaseFor, service: str
) -> None:
    database = await database_for(service)
    connection = await asyncpg.connect(
        database.dsn("worker"), server_settings={"search_path": service}
    )
    refused = []
    for package in ("chassis", f"services.{service}"):
        for path in _query_files(package):
            if path in _piece_files(package):  # tests/integration puts them together
                continue
            for query in load_queries(package, path):
                try:
                    await connection.prepare(query.sql)
                except asyncpg.PostgresError as error:
                    refused.append(f"{package} {path}: {query.name}: {error}")
    await connection.close()
    assert not refused


def _query_files(package: str) -> list[str]:
    folder = ROOT / package.replace(".", "/")
    return [
        str(path.relative_to(folder))
        for path in sorted((folder / "sql").glob("*.sql"))
        if path.name != "grants.sql"
    ]


def _piece_files(package: str) -> set[str]:
    """Returns the files that hold pieces of statements, and no whole ones."""
    folder = ROOT / package.replace(".", "/")
    return {
        path
        for source in folder.rglob("*.py")
        for path in re.findall(r'Pieces\.load\("([^"]+)"\)', source.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("package", ["chassis", *(f"services.{name}" for name in SERVICES)])
def test_every_statement_is_used_and_reads_no_clock(package: str) -> None:
    folder = ROOT / package.replace(".", "/")
    used = {
        node.attr
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    for path in _query_files(package):
        if path == "sql/fsck.sql":  # run by name from the file, all of it
            continue
        for query in load_queries(package, path):
            # Pieces are chosen by names that are put together, too.
            known = query.name in used or path in _piece_files(package)
            assert known, f"{path}: {query.name} is used nowhere"
            clock = re.search(r"\b(now\(\)|current_timestamp|clock_timestamp)", query.sql)
            allowed = package == "chassis"  # decision_time, and the guard that compares clocks
            assert clock is None or allowed, f"{path}: {query.name} reads a clock"
