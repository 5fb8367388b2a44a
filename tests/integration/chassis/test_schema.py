"""Schemas, roles and migrations: what each role may do, and what stops a migration."""

from pathlib import Path

import asyncpg
import pytest

from chassis import migrations
from chassis.actor import Actor
from chassis.database import Database
from chassis.ids import new_id
from chassis.migrations import MigrationError, migrate, read_migrations
from chassis.work import once
from tests.integration.chassis import counting
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import Databases, role_dsn


async def test_two_services_schemas_refuse_each_other(databases: Databases) -> None:
    name = await databases.make({"intake": counting.PACKAGE, "sla": counting.PACKAGE})
    for kind in ("owner", "app", "worker"):
        dsn = role_dsn(databases.admin_dsn, name, f"backstop_intake_{kind}")
        connection = await asyncpg.connect(dsn)
        try:
            assert await connection.fetchval("SELECT count(*) FROM intake.subjects") == 0
            for statement in (
                "SELECT * FROM sla.subjects",
                "SELECT sla.decision_time()",
                "INSERT INTO sla.relay_head VALUES (true, 0)",
                "CREATE TABLE sla.mine ()",
                "CREATE TABLE public.mine ()",
                "SET ROLE backstop_sla_app",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_fsck_reads_all_sites_and_writes_nothing(databases: Databases) -> None:
    name = await databases.make({"intake": counting.PACKAGE})
    owner = role_dsn(databases.admin_dsn, name, "backstop_intake_app")
    database = await Database.open(owner, schema="intake", size=2)
    await counting.counted(database, "a", 1, site_id="one")
    await counting.counted(database, "b", 1, site_id="two")
    await database.close()
    connection = await asyncpg.connect(role_dsn(databases.admin_dsn, name, "backstop_fsck"))
    try:
        assert await connection.fetchval("SELECT count(*) FROM intake.counters") == 2
        for statement in (
            "DELETE FROM intake.counters",
            "UPDATE intake.relay_head SET position = 0",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_journal_can_only_be_added_to(database_for: DatabaseFor) -> None:
    database = await database_for("intake", package=counting.PACKAGE)
    await counting.counted(database.app, "a", 1)
    await counting.stamp_all(database.worker)
    for kind in ("app", "worker", "owner"):
        connection = await asyncpg.connect(
            database.dsn(kind), server_settings={"search_path": "intake"}
        )
        try:
            for statement in (
                "UPDATE journal SET payload = ''",
                "DELETE FROM journal",
                "TRUNCATE journal CASCADE",
                "UPDATE feed SET site_sequence = 7",
                "DELETE FROM feed",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_a_role_sees_the_sites_of_its_transaction_and_no_others(
    database_for: DatabaseFor,
) -> None:
    database = await database_for("intake", package=counting.PACKAGE)
    await counting.counted(database.app, "a", 1, site_id="one")
    await counting.counted(database.app, "b", 1, site_id="two")
    seen = {}
    for sites in ((), ("one",), ("one", "two"), ("*",), ("o",)):
        async with database.app.read(Actor("x", sites=frozenset(sites))) as connection:
            found = await connection.fetch("SELECT counter_id FROM counters ORDER BY 1")
            seen[sites] = [row["counter_id"] for row in found]
            assert len(await connection.fetch("SELECT * FROM journal")) == len(found)
    assert seen == {
        (): [], ("one",): ["a"], ("one", "two"): ["a", "b"], ("*",): ["a", "b"], ("o",): [],
    }  # fmt: skip
    async with database.app.connection() as connection:
        assert await connection.fetch("SELECT * FROM counters") == []


async def test_every_table_with_a_site_is_closed_by_site(database_for: DatabaseFor) -> None:
    database = await database_for("intake", package=counting.PACKAGE)
    open_tables = await counting.rows(
        database.worker,
        "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
        " WHERE relnamespace = 'intake'::regnamespace AND relkind = 'r' AND attname = 'site_id'"
        " AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS ("
        "   SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polname = 'own_sites'))",
    )
    assert open_tables == []


async def test_a_write_for_another_site_is_refused(database_for: DatabaseFor) -> None:
    database = await database_for("intake", package=counting.PACKAGE)
    with pytest.raises((asyncpg.InsufficientPrivilegeError, LookupError)):
        await once(database.app, counting.call(), counting.count("a", site_id="two"))
    await counting.counted(database.app, "b", 1, site_id="two")
    with pytest.raises(LookupError):
        await once(database.app, counting.call(), counting.count("b"))


async def test_migrating_again_changes_nothing(databases: Databases) -> None:
    name = await databases.make({"intake": counting.PACKAGE})
    owner = role_dsn(databases.admin_dsn, name, "backstop_intake_owner")
    assert await migrate(owner, "intake", counting.PACKAGE) == []


async def test_migrating_goes_on_beside_a_reader(databases: Databases) -> None:
    name = await databases.make({"intake": counting.PACKAGE})
    reader = await asyncpg.connect(role_dsn(databases.admin_dsn, name, "backstop_intake_worker"))
    owner = role_dsn(databases.admin_dsn, name, "backstop_intake_owner")
    try:
        async with reader.transaction():
            await reader.fetch("SELECT * FROM intake.journal")
            assert await migrate(owner, "intake", counting.PACKAGE) == []
    finally:
        await reader.close()


async def test_at_once_only_one_migrates(databases: Databases) -> None:
    name = await databases.make({})
    from tests.integration.databases import provision_for_tests

    await provision_for_tests(databases.admin_dsn, ["intake"], name)
    owner = role_dsn(databases.admin_dsn, name, "backstop_intake_owner")
    results = await counting.together(
        *(migrate(owner, "intake", counting.PACKAGE) for _ in range(4))
    )
    assert sorted(map(str, results)) == [
        "['chassis/0001_foundation', 'intake/0001_counters']", "[]", "[]", "[]",
    ]  # fmt: skip


@pytest.mark.parametrize("fault", ["changed", "vanished"])
async def test_a_changed_or_missing_file_stops_the_migration(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    name = await databases.make({"intake": counting.PACKAGE})
    owner = role_dsn(databases.admin_dsn, name, "backstop_intake_owner")

    def other(set_name: str, package: str) -> list[migrations.Migration]:
        known = read_migrations(set_name, package)
        if set_name == "chassis":
            return known
        if fault == "vanished":
            return []
        return [migrations.Migration(m.set, m.number, m.name, m.sql + " ") for m in known]

    monkeypatch.setattr(migrations, "read_migrations", other)
    with pytest.raises(MigrationError, match="0001_counters"):
        await migrate(owner, "intake", counting.PACKAGE)


async def test_a_failing_file_leaves_nothing_behind(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await databases.make({"intake": counting.PACKAGE})
    owner = role_dsn(databases.admin_dsn, name, "backstop_intake_owner")

    def more(set_name: str, package: str) -> list[migrations.Migration]:
        known = read_migrations(set_name, package)
        sql = "CREATE TABLE half (); SELECT 1 / 0;"
        extra = migrations.Migration("intake", 2, "half", sql)
        return known if set_name == "chassis" else [*known, extra]

    monkeypatch.setattr(migrations, "read_migrations", more)
    with pytest.raises(MigrationError, match="0002_half"):
        await migrate(owner, "intake", counting.PACKAGE)
    connection = await asyncpg.connect(owner)
    try:
        assert await connection.fetchval("SELECT to_regclass('intake.half')") is None
    finally:
        await connection.close()


def test_a_hole_in_the_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / f"holed_{new_id().replace('-', '')}"
    folder = package / "sql" / "migrations"
    folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    (folder / "0001_a.sql").write_text("SELECT 1")
    (folder / "0003_c.sql").write_text("SELECT 3")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MigrationError, match="numbered"):
        read_migrations("x", package.name)


async def test_the_clock_moves_in_demonstrations_only(databases: Databases) -> None:
    for demonstration in (True, False):
        name = await databases.make({"intake": counting.PACKAGE}, demonstration=demonstration)
        owner = await asyncpg.connect(role_dsn(databases.admin_dsn, name, "backstop_intake_owner"))
        try:
            move = owner.execute("UPDATE intake.suite_clock SET clock_offset = '1 hour'")
            if demonstration:
                await move
            else:
                with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
                    await move
            with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
                await owner.execute(
                    "UPDATE intake.suite_clock SET demonstration = NOT demonstration"
                )
        finally:
            await owner.close()
