"""Keys are stored wrapped, bound to their subject, and gone for good once destroyed."""

import os

import pytest

from backstop.operations.v1 import operations_service_pb2 as pb
from chassis.actor import service_actor
from chassis.sealing import Key, KeyDestroyed, KeyRing, NotAuthentic, SubjectKeys
from chassis.work import Work, run
from tests.integration.chassis import counting
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase

ACTOR = service_actor("intake")
ROOT = os.urandom(32)
SECRET = pb.Finding(detail="canary-7391")


@pytest.fixture
async def database(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE)


async def key_of(database: ServiceDatabase, keys: SubjectKeys, subject: str) -> Key:
    async def body(work: Work) -> Key:
        await work.lock(counting.SITE, subject)
        return await keys.subject_key(work, counting.SITE, subject)

    return await run(database.app, ACTOR, body)


async def test_what_was_sealed_opens_in_another_process(database: ServiceDatabase) -> None:
    keys = SubjectKeys(KeyRing(ROOT))
    key = await key_of(database, keys, "a")
    sealed = keys.ring.seal(key, SECRET)
    later = SubjectKeys(KeyRing(ROOT))
    assert (await key_of(database, later, "a")).key_id == key.key_id
    async with database.app.read(ACTOR) as connection:
        plain = await later.open_sealed(connection, sealed)
        with pytest.raises(NotAuthentic):
            await SubjectKeys(KeyRing(os.urandom(32))).open_sealed(connection, sealed)
    assert pb.Finding.FromString(plain) == SECRET


async def test_no_key_lies_in_the_table(database: ServiceDatabase) -> None:
    keys = SubjectKeys(KeyRing(ROOT))
    key = await key_of(database, keys, "a")
    found = await counting.rows(database.worker, "SELECT wrapped FROM sealing_keys")
    assert len(found) == 2
    assert all(key.secret not in row["wrapped"] for row in found)
    assert key.secret.hex() not in repr(key)


async def test_subjects_have_keys_of_their_own(database: ServiceDatabase) -> None:
    keys = SubjectKeys(KeyRing(ROOT))
    one, two = await key_of(database, keys, "a"), await key_of(database, keys, "b")
    sealed = keys.ring.seal(one, SECRET)
    with pytest.raises(NotAuthentic):
        keys.ring.open(two, sealed)
    forged = type(sealed)()
    forged.CopyFrom(sealed)
    forged.key_id = two.key_id
    with pytest.raises(NotAuthentic):
        keys.ring.open(one, forged)


async def test_a_destroyed_key_opens_nothing_and_is_not_made_again(
    database: ServiceDatabase,
) -> None:
    keys = SubjectKeys(KeyRing(ROOT))
    sealed = keys.ring.seal(await key_of(database, keys, "a"), SECRET)

    async def destroy(work: Work) -> bool:
        return await keys.destroy(work, "a")

    assert await run(database.app, ACTOR, destroy)
    assert not await run(database.app, ACTOR, destroy)
    async with database.app.read(ACTOR) as connection:
        with pytest.raises(KeyDestroyed):
            await keys.open_sealed(connection, sealed)
    with pytest.raises(KeyDestroyed):
        await key_of(database, keys, "a")


async def test_a_rolled_back_site_key_is_not_remembered(database: ServiceDatabase) -> None:
    keys = SubjectKeys(KeyRing(ROOT))

    async def fail(work: Work) -> None:
        await keys.subject_key(work, counting.SITE, "a")
        raise RuntimeError("a fault of the handler")

    with pytest.raises(RuntimeError):
        await run(database.app, ACTOR, fail)
    sealed = keys.ring.seal(await key_of(database, keys, "a"), SECRET)
    async with database.app.read(ACTOR) as connection:
        assert await SubjectKeys(KeyRing(ROOT)).open_sealed(connection, sealed)


async def test_concurrent_first_uses_of_a_site_agree(database: ServiceDatabase) -> None:
    rings = [SubjectKeys(KeyRing(ROOT)) for _ in range(6)]
    made = await counting.together(
        *(key_of(database, keys, f"s{index}") for index, keys in enumerate(rings))
    )
    assert all(isinstance(key, Key) for key in made), made
    sites = "SELECT count(*) FROM sealing_keys WHERE subject_id IS NULL"
    assert await counting.value(database.worker, sites) == 1
