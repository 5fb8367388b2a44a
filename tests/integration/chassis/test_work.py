"""Requests are done once, facts exist exactly with the state they tell of, order is the lock's."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from backstop.operations.v1 import operations_service_pb2 as pb
from chassis.actor import Actor, service_actor
from chassis.call import Call
from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work, once, run, together
from tests.integration.chassis import counting
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase


@pytest.fixture
async def database(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE)


async def test_a_repeated_request_is_replayed(database: ServiceDatabase) -> None:
    call = counting.call()
    first = await once(database.app, call, counting.count("a"))
    again = await once(database.app, call, counting.count("a"))
    assert first == Receipt("a", 1, "1")
    assert again == Receipt("a", 1, "1", replayed=True)
    assert await counting.value(database.worker, "SELECT value FROM counters") == 1
    assert await counting.value(database.worker, "SELECT count(*) FROM journal") == 1


async def test_the_same_id_with_another_body_is_refused(database: ServiceDatabase) -> None:
    request_id = new_id()
    await once(database.app, counting.call(request_id), counting.count("a"))
    other = counting.call(request_id, fingerprint=b"other")
    with pytest.raises(Refused) as refused:
        await once(database.app, other, counting.count("a"))
    assert refused.value.reason == "REQUEST_ID_REUSED"


async def test_another_caller_may_use_the_same_id(database: ServiceDatabase) -> None:
    request_id = new_id()
    await once(database.app, counting.call(request_id), counting.count("a"))
    other = Actor("P002", sites=frozenset({counting.SITE}))
    receipt = await once(database.app, counting.call(request_id, actor=other), counting.count("a"))
    assert receipt == Receipt("a", 2, "2")


async def test_concurrent_twins_take_effect_once(database: ServiceDatabase) -> None:
    call = counting.call()
    # Subjects of their own, so that nothing but the request row holds the twins apart.
    receipts = await asyncio.gather(
        *(once(database.app, call, counting.count(f"a{index}")) for index in range(8))
    )
    assert [receipt.replayed for receipt in receipts].count(False) == 1
    assert len({receipt.subject_id for receipt in receipts}) == 1
    assert await counting.value(database.worker, "SELECT count(*) FROM counters") == 1
    assert await counting.value(database.worker, "SELECT count(*) FROM journal") == 1
    assert await counting.findings(database.worker) == []


def only_first(subject: str, started: Sequence[asyncio.Event]) -> counting.Body:
    """Returns a body that refuses to count twice, and begins only when its twins have begun."""
    entering = iter(started)

    async def body(work: Work) -> Receipt:
        event = next(entering, None)
        if event is not None:
            event.set()
        for one in started:
            await one.wait()
        await work.lock(counting.SITE, subject)
        work.expect(subject, 0)
        if work.version(subject):
            raise Refused("VERSION_MISMATCH", expected=0, actual=work.version(subject))
        return await counting.count(subject)(work)

    return body


async def test_a_twin_that_finds_its_own_deed_done_is_replayed(database: ServiceDatabase) -> None:
    call = counting.call()
    body = only_first("a", [asyncio.Event(), asyncio.Event()])
    async with asyncio.timeout(20):
        receipts = await asyncio.gather(*(once(database.app, call, body) for _ in range(2)))
    assert sorted(receipt.replayed for receipt in receipts) == [False, True]
    assert [receipt.version for receipt in receipts] == [1, 1]


async def test_a_refusal_of_another_request_stays_one(database: ServiceDatabase) -> None:
    body = only_first("a", [asyncio.Event(), asyncio.Event()])
    async with asyncio.timeout(20):
        results = await counting.together(
            *(once(database.app, counting.call(), body) for _ in range(2))
        )
    (refused,) = (result for result in results if isinstance(result, Refused))
    assert refused.reason == "VERSION_MISMATCH"
    # With the same id and another body it is that which is told.
    call = counting.call()
    body = only_first("b", [asyncio.Event(), asyncio.Event()])
    async with asyncio.timeout(20):
        results = await counting.together(
            once(database.app, call, body),
            once(database.app, counting.call(call.request_id, fingerprint=b"other"), body),
        )
    (refused,) = (result for result in results if isinstance(result, Refused))
    assert refused.reason == "REQUEST_ID_REUSED"


async def test_a_group_replays_what_a_twin_has_done_meanwhile(database: ServiceDatabase) -> None:
    twin, other = counting.call(), counting.call()
    started = [asyncio.Event(), asyncio.Event()]
    alone = only_first("a", started)

    async def both(work: Work, fresh: Sequence[Call]) -> list[Receipt]:
        receipts = []
        for call in fresh:
            if call is twin:
                receipts.append(await alone(work))
            else:
                work.create(counting.SITE, call.request_id)
                version = work.record(call.request_id, counting.SITE, pb.Finding(), call=call)
                receipts.append(Receipt(call.request_id, version))
        return receipts

    async def held(work: Work) -> Receipt:
        # Has the lock before the group asks for it.
        await work.lock(counting.SITE, "a")
        return await alone(work)

    async with asyncio.timeout(20):
        first, (again, new) = await asyncio.gather(
            once(database.app, twin, held),
            together(database.app, counting.SITE, [twin, other], both),
        )
    assert (first.replayed, again.replayed, new.replayed) == (False, True, False)
    assert again.subject_id == "a"
    assert new.subject_id == other.request_id


async def test_a_caller_that_lost_the_site_does_not_do_it_twice(database: ServiceDatabase) -> None:
    request_id = new_id()
    await once(database.app, counting.call(request_id), counting.count("a"))
    without = counting.call(request_id, actor=Actor("P001", sites=frozenset({"other"})))
    assert (await once(database.app, without, counting.count("a"))).replayed


async def test_a_refusal_leaves_nothing(database: ServiceDatabase) -> None:
    call = counting.call()

    async def refuse(work: Work) -> Receipt:
        await counting.count("a")(work)
        raise Refused("VERSION_MISMATCH")

    with pytest.raises(Refused):
        await once(database.app, call, refuse)
    for table in ("counters", "journal", "journal_pending", "requests", "subjects"):
        assert await counting.value(database.worker, f"SELECT count(*) FROM {table}") == 0
    assert not (await once(database.app, call, counting.count("a"))).replayed


async def test_versions_are_dense_under_concurrent_writers(database: ServiceDatabase) -> None:
    tasks = [
        once(database.app, counting.call(), counting.count(f"s{index % 3}")) for index in range(60)
    ]
    receipts = await asyncio.gather(*tasks)
    for subject in ("s0", "s1", "s2"):
        versions = sorted(r.version for r in receipts if r.subject_id == subject)
        assert versions == list(range(1, 21))
    ids = await counting.rows(
        database.worker, "SELECT subject_id, subject_version FROM journal ORDER BY id"
    )
    for subject in ("s0", "s1", "s2"):
        in_order = [row["subject_version"] for row in ids if row["subject_id"] == subject]
        assert in_order == list(range(1, 21))
    assert await counting.findings(database.worker) == []


async def test_opposite_orders_do_not_deadlock(database: ServiceDatabase) -> None:
    def both(*subjects: str) -> counting.Body:
        async def body(work: Work) -> Receipt:
            await work.lock(counting.SITE, *subjects)
            for subject in subjects:
                work.record(subject, counting.SITE, pb.Finding())
            return Receipt(subjects[0], work.version(subjects[0]))

        return body

    async with asyncio.timeout(20):
        await asyncio.gather(
            *(
                once(database.app, counting.call(), both(*order))
                for _ in range(20)
                for order in (("a", "b", "c"), ("c", "b", "a"))
            )
        )
    assert await counting.value(database.worker, "SELECT min(version) FROM subjects") == 40


async def test_what_others_hold_is_passed_over(database: ServiceDatabase) -> None:
    await counting.counted(database.app, "a", 1)
    await counting.counted(database.app, "b", 2)

    async def body(work: Work) -> None:
        assert await work.lock_free("b", "a", "unknown") == {"b": counting.SITE}
        assert work.version("b") == 2
        with pytest.raises(LookupError):
            work.version("a")

    service = service_actor("intake")
    async with database.worker.transaction(service) as connection:
        await connection.execute("SELECT FROM subjects WHERE subject_id = 'a' FOR UPDATE")
        async with asyncio.timeout(10):
            await run(database.worker, service, body)


async def test_expected_version(database: ServiceDatabase) -> None:
    await counting.counted(database.app, "a", 2)

    def expecting(version: int) -> counting.Body:
        async def body(work: Work) -> Receipt:
            await work.lock(counting.SITE, "a")
            work.expect("a", version)
            return Receipt("a", work.version("a"))

        return body

    for version in (0, 2):
        assert (await once(database.app, counting.call(), expecting(version))).version == 2
    with pytest.raises(Refused) as refused:
        await once(database.app, counting.call(), expecting(1))
    assert refused.value.metadata == {"expected": "1", "actual": "2"}


async def test_a_deadlock_is_tried_again(database: ServiceDatabase) -> None:
    tries = 0

    async def body(work: Work) -> Receipt:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise asyncpg.DeadlockDetectedError("made up")
        return await counting.count("a")(work)

    assert (await once(database.app, counting.call(), body)).version == 1
    assert tries == 3


async def test_a_group_gives_each_its_receipt_and_replays_the_known(
    database: ServiceDatabase,
) -> None:
    known = counting.call()
    await once(database.app, known, counting.count("known"))
    calls = [counting.call(actor=Actor(f"P{n}", sites=frozenset({"*"}))) for n in range(5)]
    calls.insert(2, known)

    async def body(work: Work, fresh: object) -> list[Receipt]:
        receipts = []
        assert isinstance(fresh, list)
        for call in fresh:
            assert isinstance(call, Call)
            work.create(counting.SITE, call.request_id)
            version = work.record(call.request_id, counting.SITE, pb.Finding(), call=call)
            receipts.append(Receipt(call.request_id, version))
        return receipts

    receipts = await together(database.app, counting.SITE, calls, body)
    assert [receipt.replayed for receipt in receipts] == [False, False, True, False, False, False]
    assert receipts[2].subject_id == "known"
    again = await together(database.app, counting.SITE, calls, body)
    assert all(receipt.replayed for receipt in again)
    assert [r.subject_id for r in again] == [r.subject_id for r in receipts]
    actors = await counting.rows(database.worker, "SELECT DISTINCT actor FROM journal ORDER BY 1")
    assert [row["actor"] for row in actors] == ["P0", "P001", "P1", "P2", "P3", "P4"]
    assert await counting.findings(database.worker) == []


async def test_a_group_is_closed_to_who_may_not_see_the_site(database: ServiceDatabase) -> None:
    stranger = counting.call(actor=Actor("P9", sites=frozenset({"other"})))

    async def body(work: Work, fresh: object) -> list[Receipt]:
        raise AssertionError("must not run")

    with pytest.raises(PermissionError):
        await together(database.app, counting.SITE, [counting.call(), stranger], body)


async def test_a_subject_must_be_locked(database: ServiceDatabase) -> None:
    async def body(work: Work) -> None:
        work.record("a", counting.SITE, pb.Finding())

    with pytest.raises(LookupError):
        await run(database.worker, service_actor("intake"), body)


async def test_a_mutation_costs_as_few_round_trips_as_it_can(database: ServiceDatabase) -> None:
    statements: list[str] = []

    async def logged(work: Work) -> Receipt:
        work.connection.add_query_logger(lambda record: statements.append(record.query))
        return await counting.count("a")(work)

    await counting.counted(database.app, "a", 1)
    await once(database.app, counting.call(), logged)
    # Before them BEGIN and the one that opens the work. A wake-up may follow the commit.
    names = [statement.split("*/")[0] for statement in statements if "notify" not in statement]
    assert names == ["/* lock_subjects ", names[1], "/* flush_work ", "COMMIT;"], names
    assert names[1].startswith("INSERT INTO counters")


async def test_a_commit_wakes_who_listens_in_another_pool(database: ServiceDatabase) -> None:
    woken = database.worker.woken("facts")
    listening = database.worker.woken("other")
    async with asyncio.timeout(10):
        await listening.wait()
        woken.clear()
        await once(database.app, counting.call(), counting.count("a"))
        await woken.wait()


async def test_wake_ups_are_debounced(database: ServiceDatabase) -> None:
    start = asyncio.get_running_loop().time()
    await counting.counted(database.app, "a", 100)
    took = asyncio.get_running_loop().time() - start
    assert database.app._bell.sent_count <= 2 + took * 20
