"""The feed is gapless and chained whoever writes, and fsck finds every way of tampering with it."""

import asyncio

import asyncpg
import pytest

from chassis.feed import read_subject, relay_lag, rewind, stamp, try_lock
from chassis.gate import unreadable
from chassis.work import once
from tests.integration.chassis import counting
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase
from tests.waiting import eventually


@pytest.fixture
async def database(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE)


async def test_stamping_beside_concurrent_writers_leaves_no_gap(database: ServiceDatabase) -> None:
    writing = asyncio.gather(
        *(
            counting.counted(database.app, f"s{index}", 25, site_id=f"site{index % 3}")
            for index in range(8)
        )
    )
    connection = await database.worker.dedicated()
    assert await try_lock(connection, "intake")
    rounds = stamped = 0
    while not writing.done() or await stamp_some(connection):
        stamped += await stamp(connection, "intake", 7)
        rounds += 1
        await asyncio.sleep(0)
    await writing
    await connection.close()
    assert rounds > 10
    assert await counting.value(database.worker, "SELECT count(*) FROM feed") == 200
    assert await counting.value(database.worker, "SELECT max(position) FROM feed") == 200
    assert await counting.findings(database.worker) == []
    backwards = await counting.rows(
        database.worker,
        "SELECT * FROM feed AS a JOIN journal AS ja ON ja.id = a.journal_id"
        " JOIN journal AS jb ON jb.subject_id = ja.subject_id"
        "   AND jb.subject_version = ja.subject_version + 1"
        " JOIN feed AS b ON b.journal_id = jb.id WHERE b.position < a.position",
    )
    assert backwards == []


async def stamp_some(connection: object) -> bool:
    """Stamps once more after the writers have ended; True while there was something."""
    return bool(await stamp(connection, "intake"))  # type: ignore[arg-type]


async def test_only_one_session_stamps(database: ServiceDatabase) -> None:
    one, two = await database.worker.dedicated(), await database.worker.dedicated()
    assert await try_lock(one, "intake")
    assert not await try_lock(two, "intake")
    await one.close()
    await eventually(lambda: try_lock(two, "intake"), what="the lock is free")
    await two.close()


async def test_a_subject_is_read_as_it_was_recorded(database: ServiceDatabase) -> None:
    await counting.counted(database.app, "a", 5)
    await counting.stamp_all(database.worker)
    await counting.counted(database.app, "a", 1)
    async with database.worker.connection() as connection:
        facts = await read_subject(connection, "intake", "a", 3, 100)
    # The sixth has no place yet.
    assert [fact.subject_version for fact in facts] == [3, 4, 5]
    assert [fact.site_sequence for fact in facts] == [3, 4, 5]
    assert all(not unreadable(fact, "intake") for fact in facts)


async def test_the_lag_is_the_age_of_the_oldest_unpublished(database: ServiceDatabase) -> None:
    async with database.worker.connection() as connection:
        assert (await relay_lag(connection)).total_seconds() == 0
        await counting.counted(database.app, "a", 1)
        first = await relay_lag(connection)
        await counting.stamp_all(database.worker)
        assert await relay_lag(connection) > first
        await connection.execute("UPDATE relay_head SET position = 1")
        assert (await relay_lag(connection)).total_seconds() == 0


async def test_rewinding_stays_within_the_feed(database: ServiceDatabase) -> None:
    await counting.counted(database.app, "a", 3)
    await counting.stamp_all(database.worker)
    assert await rewind(database.worker, 4) == (None, 3)
    assert await rewind(database.worker, 1) == (2, 3)


TAMPERING = {
    "edit": ("UPDATE journal SET payload = 'x' WHERE subject_version = 2", "journal_hash_differs"),
    "edit causes": (
        'UPDATE journal SET causes = \'[["a", "b", 1]]\' WHERE subject_version = 2',
        "journal_hash_differs",
    ),
    "edit with hash": (
        "UPDATE journal SET hash = sha256('x') WHERE subject_version = 2",
        "feed_chain_broken",
    ),
    "delete": ("DELETE FROM journal WHERE subject_version = 2", "feed_chain_broken"),
    "delete version": ("DELETE FROM journal WHERE subject_version = 2", "versions_not_dense"),
    "truncate": ("DELETE FROM feed WHERE position = 3", "feed_head_differs"),
    "truncate quietly": (
        """DELETE FROM feed WHERE position = 3;
        UPDATE feed_heads SET site_sequence = 2,
            site_hash = (SELECT site_hash FROM feed WHERE position = 2)""",
        "stamping_inconsistent",
    ),
    "cut out": ("DELETE FROM feed WHERE position = 2", "feed_has_gap"),
    "relay ahead": ("UPDATE relay_head SET position = 9", "relay_beyond_feed"),
    "move to site": ("UPDATE feed SET site_id = 'b' WHERE position = 3", "feed_site_differs"),
    "version": ("UPDATE subjects SET version = 7", "versions_not_dense"),
    "pending": ("INSERT INTO journal_pending VALUES (99)", "pending_without_fact"),
}


@pytest.mark.parametrize("name", TAMPERING)
async def test_tampering_is_found(database: ServiceDatabase, name: str) -> None:
    statement, check = TAMPERING[name]
    await counting.counted(database.app, "a", 3)
    await counting.stamp_all(database.worker)
    assert await counting.findings(database.worker) == []
    admin = await asyncpg.connect(
        database.admin_dsn, database=database.name, server_settings={"search_path": "intake"}
    )
    try:
        # As someone could who has the server's files in hand.
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(statement)
    finally:
        await admin.close()
    assert check in {finding.check for finding in await counting.findings(database.worker)}


async def test_causes_and_odd_texts_hash_the_same_in_sql(database: ServiceDatabase) -> None:
    from backstop.operations.v1 import operations_service_pb2 as pb
    from chassis.journal import Cause
    from chassis.work import Receipt, Work

    async def body(work: Work) -> Receipt:
        await work.lock(counting.SITE, "案件 1")
        causes = [Cause("sla", "余吾\"'\\", 3), Cause("routing", "x", 2**40)]
        version = work.record("案件 1", counting.SITE, pb.Finding(detail="é"), causes=causes)
        return Receipt("案件 1", version)

    await once(database.app, counting.call(), body)
    await counting.stamp_all(database.worker)
    assert await counting.findings(database.worker) == []
    async with database.worker.connection() as connection:
        (fact,) = await read_subject(connection, "intake", "案件 1", 1, 10)
    assert unreadable(fact, "intake") == ""
    assert [cause.subject_id for cause in fact.causes] == ["余吾\"'\\", "x"]
