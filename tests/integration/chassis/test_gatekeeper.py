"""The gate over PostgreSQL: once and in order, poison apart from the rest, gaps and forks."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import pytest

from backstop.fact.v1 import fact_pb2
from backstop.operations.v1 import operations_service_pb2 as pb
from chassis import quarantine
from chassis.errors import Refused
from chassis.gatekeeper import MAX_ATTEMPTS, Gatekeeper
from chassis.handling import Handlers, ReceivedFact
from chassis.sweeper import Sweeper
from chassis.work import Work
from tests.integration.chassis import counting
from tests.integration.chassis.counting import applied, note, rows, value
from tests.integration.chassis.sources import feed_of
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase
from tests.unit.chassis.facts import make_fact
from tests.waiting import eventually

HANDLERS: Handlers = {"sla": {pb.Finding: note}, "routing": {pb.Finding: note}}


@pytest.fixture
async def database(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE)


def batch(facts: Sequence[fact_pb2.Fact]) -> bytes:
    return fact_pb2.FactBatch(source=facts[0].source, facts=facts).SerializeToString()


async def quarantined(database: ServiceDatabase) -> list[asyncpg.Record]:
    return await rows(
        database.worker,
        "SELECT quarantine_id::text, source, subject_id, version, reason, detail FROM quarantine"
        " ORDER BY quarantine_time, quarantine_id",
    )


async def sweep_until_quiet(database: ServiceDatabase, sweeper: Sweeper) -> None:
    """Sweeps until nothing waits for another try."""

    async def quiet() -> bool:
        await sweeper.sweep()
        waiting = "SELECT count(*) = 0 FROM parked WHERE retry_time IS NOT NULL"
        return bool(await value(database.worker, waiting))

    await eventually(quiet, seconds=30, what="no fact waits for another try")


async def test_shuffled_and_tripled_between_two_replicas(database: ServiceDatabase) -> None:
    facts = {
        source: [
            make_fact(
                source, f"s{subject}", version,
                causes=[("sla", f"s{subject}", version)] if source == "routing" else [],
            )
            for subject in range(6)
            for version in range(1, 9)
        ]
        for source in ("sla", "routing")
    }  # fmt: skip
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    print(f"seed {seed}")
    deliveries: list[tuple[str, list[fact_pb2.Fact]]] = []
    for source, own in facts.items():
        tripled = own * 3
        dice.shuffle(tripled)
        deliveries += [(source, tripled[at : at + 13]) for at in range(0, len(tripled), 13)]
    dice.shuffle(deliveries)
    replicas = [Gatekeeper(database.worker, HANDLERS) for _ in range(2)]

    async def consume(replica: Gatekeeper) -> None:
        while deliveries:
            source, some = deliveries.pop()
            await replica.take_message(batch(some), source)

    await asyncio.gather(*(consume(replica) for replica in replicas))
    await Sweeper(replicas[0], {}).sweep()
    found = await applied(database.worker)
    assert sorted(found) == sorted(
        (f.source, f.subject_id, f.subject_version) for own in facts.values() for f in own
    )
    place = {address: index for index, address in enumerate(found)}
    for source, subject, version in found:
        if version > 1:
            assert place[source, subject, version - 1] < place[source, subject, version]
        if source == "routing":
            assert place["sla", subject, version] < place[source, subject, version]
    assert await value(database.worker, "SELECT count(*) FROM parked") == 0
    await counting.stamp_all(database.worker)
    assert await counting.findings(database.worker) == []


async def test_recorded_facts_follow_the_one_in_hand(database: ServiceDatabase) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    await gatekeeper.take([make_fact("sla", "a", 1)], "sla")
    (row,) = await rows(database.worker, "SELECT causes, actor, subject_version FROM journal")
    assert dict(row) == {
        "causes": '[["sla", "a", 1]]', "actor": "service:intake", "subject_version": 1,
    }  # fmt: skip


async def test_a_gap_parks_and_whoever_fills_it_applies_all(database: ServiceDatabase) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    facts = [make_fact("sla", "a", version) for version in range(1, 6)]
    await gatekeeper.take([facts[4], facts[2], facts[1]], "sla")
    assert await applied(database.worker) == []
    assert await value(database.worker, "SELECT count(*) FROM parked") == 3
    await gatekeeper.take([facts[0]], "sla")
    assert [version for _, _, version in await applied(database.worker)] == [1, 2, 3]
    await gatekeeper.take([facts[3]], "sla")
    assert [version for _, _, version in await applied(database.worker)] == [1, 2, 3, 4, 5]
    assert await value(database.worker, "SELECT count(*) FROM parked") == 0


async def test_poison_behind_a_fact_that_waited_ends_nothing(database: ServiceDatabase) -> None:
    async def poisoned(work: Work, fact: ReceivedFact) -> None:
        await note(work, fact)
        if (fact.subject_id, fact.version) == ("a", 2):
            raise RuntimeError("poison")

    gatekeeper = Gatekeeper(
        database.worker,
        {"sla": {pb.Finding: poisoned}, "routing": {pb.Finding: poisoned}},
        first_retry=timedelta(0),
    )
    waiting = [make_fact("sla", "a", 1, causes=[("routing", "b", 1)]), make_fact("sla", "a", 2)]
    await gatekeeper.take(waiting, "sla")
    async with asyncio.timeout(20):
        await gatekeeper.take([make_fact("routing", "b", 1)], "routing")
    assert await applied(database.worker) == [("routing", "b", 1), ("sla", "a", 1)]
    await sweep_until_quiet(database, Sweeper(gatekeeper, {}))
    (row,) = await quarantined(database)
    assert (row["subject_id"], row["version"], row["reason"]) == ("a", 2, "FAILED")


async def test_a_cause_on_another_subject_is_waited_for(database: ServiceDatabase) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    chain = [
        make_fact("routing", "a", 1, causes=[("sla", "b", 1)]),
        make_fact("sla", "b", 1, causes=[("routing", "c", 2)]),
        make_fact("routing", "c", 2),
    ]
    for fact in chain:
        await gatekeeper.take([fact], fact.source)
    assert await applied(database.worker) == []
    await gatekeeper.take([make_fact("routing", "c", 1)], "routing")
    assert await applied(database.worker) == [
        ("routing", "c", 1), ("routing", "c", 2), ("sla", "b", 1), ("routing", "a", 1),
    ]  # fmt: skip


async def test_a_wait_that_nobody_saw_end_is_swept(database: ServiceDatabase) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    await gatekeeper.take([make_fact("routing", "a", 1, causes=[("sla", "b", 1)])], "routing")
    # As when the cause was applied by a replica that looked before this one had parked.
    await gatekeeper.apply([make_fact("sla", "b", 1)])
    assert await applied(database.worker) == [("sla", "b", 1)]
    await Sweeper(gatekeeper, {}).sweep()
    assert await applied(database.worker) == [("sla", "b", 1), ("routing", "a", 1)]


async def test_poison_harms_its_subject_only_and_replays_after_the_fix(
    database: ServiceDatabase,
) -> None:
    failures: set[str] = set()
    handler = counting.failing_on("bad", failures=failures)
    gatekeeper = Gatekeeper(
        database.worker, {"sla": {pb.Finding: handler}}, first_retry=timedelta(0)
    )
    facts = [make_fact("sla", subject, v) for v in (1, 2, 3) for subject in ("bad", "good")]
    await gatekeeper.take(facts, "sla")
    assert [a for a in await applied(database.worker) if a[1] == "good"] == [
        ("sla", "good", 1), ("sla", "good", 2), ("sla", "good", 3),
    ]  # fmt: skip
    sweeper = Sweeper(gatekeeper, {})
    await sweep_until_quiet(database, sweeper)
    (row,) = await quarantined(database)
    assert (row["subject_id"], row["version"], row["reason"]) == ("bad", 1, "FAILED")
    assert row["detail"] == "RuntimeError"
    assert await value(database.worker, "SELECT count(*) FROM parked") == 2
    assert await value(database.worker, "SELECT count(*) FROM attempts") == 0
    # Delivered again, it stays where it is.
    await gatekeeper.take(facts, "sla")
    assert len(await quarantined(database)) == 1
    with pytest.raises(Refused, match="REPLAY_FAILED"):
        await quarantine.replay(gatekeeper, row["quarantine_id"])
    assert len(await quarantined(database)) == 1
    failures.clear()
    assert await quarantine.replay(gatekeeper, row["quarantine_id"]) == 3
    assert [a for a in await applied(database.worker) if a[1] == "bad"] == [
        ("sla", "bad", 1), ("sla", "bad", 2), ("sla", "bad", 3),
    ]  # fmt: skip
    assert await quarantined(database) == []
    with pytest.raises(Refused, match="NOT_IN_QUARANTINE"):
        await quarantine.replay(gatekeeper, row["quarantine_id"])


async def test_a_dropped_fact_is_passed_over(database: ServiceDatabase) -> None:
    failures: set[str] = set()
    handler = counting.failing_on("bad", failures=failures)
    gatekeeper = Gatekeeper(
        database.worker, {"sla": {pb.Finding: handler}}, first_retry=timedelta(0)
    )
    await gatekeeper.take([make_fact("sla", "bad", version) for version in (1, 2)], "sla")
    await sweep_until_quiet(database, Sweeper(gatekeeper, {}))
    (row,) = await quarantined(database)
    failures.clear()
    await quarantine.drop(gatekeeper, row["quarantine_id"], "seen to by hand")
    assert await applied(database.worker) == [("sla", "bad", 2)]
    assert await quarantined(database) == []
    await gatekeeper.take([make_fact("sla", "bad", 1)], "sla")
    assert await applied(database.worker) == [("sla", "bad", 2)]


async def test_every_try_is_counted_before_it_is_made(database: ServiceDatabase) -> None:
    class PowerCut(BaseException):
        """Ends the try as the end of the process would: nothing of ours runs after it."""

    async def crash(work: object, fact: object) -> None:
        raise PowerCut

    gatekeeper = Gatekeeper(database.worker, {"sla": {pb.Finding: crash}})
    body = batch([make_fact("sla", "a", 1), make_fact("sla", "b", 1, type_name="unknown.Type")])
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with pytest.raises(PowerCut):
            await gatekeeper.take_message(body, "sla", alone=True)
        counted = "SELECT attempt_count FROM attempts WHERE subject_id = 'a'"
        assert await value(database.worker, counted) == attempt
    await gatekeeper.take_message(body, "sla", alone=True)
    (row,) = await quarantined(database)
    assert (row["subject_id"], row["reason"]) == ("a", "FAILED")
    assert await value(database.worker, "SELECT version FROM gates WHERE subject_id = 'b'") == 1


async def test_an_absent_dependency_costs_no_try(database: ServiceDatabase) -> None:
    down = True

    async def sometimes(work: object, fact: object) -> None:
        if down:
            raise asyncpg.CannotConnectNowError("made up")

    gatekeeper = Gatekeeper(database.worker, {"sla": {pb.Finding: sometimes}})
    body = batch([make_fact("sla", "a", 1)])
    for _ in range(MAX_ATTEMPTS + 3):
        with pytest.raises(asyncpg.CannotConnectNowError):
            await gatekeeper.take_message(body, "sla", alone=True)
    down = False
    await gatekeeper.take_message(body, "sla", alone=True)
    assert await quarantined(database) == []
    assert await value(database.worker, "SELECT count(*) FROM attempts") == 0
    assert await value(database.worker, "SELECT version FROM gates") == 1


async def test_a_fork_is_put_aside_and_nothing_moves(database: ServiceDatabase) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    await gatekeeper.take([make_fact("sla", "a", 1), make_fact("sla", "a", 2)], "sla")
    fork = make_fact("sla", "a", 1, payload=pb.Finding(detail="other"))
    await gatekeeper.take([fork], "sla")
    await gatekeeper.take([fork], "sla")
    (row,) = await quarantined(database)
    assert (row["version"], row["reason"]) == (1, "FORK")
    assert len(await applied(database.worker)) == 2
    await gatekeeper.take([make_fact("sla", "a", 3)], "sla")
    assert len(await applied(database.worker)) == 3
    with pytest.raises(Refused, match="REPLAY_FAILED"):
        await quarantine.replay(gatekeeper, row["quarantine_id"])


async def test_what_cannot_be_read_is_put_aside(database: ServiceDatabase) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    await gatekeeper.take_message(b"\xff\xffno batch\x00", "sla")
    damaged = make_fact("sla", "a", 1)
    damaged.trace = "changed\x00"
    await gatekeeper.take([damaged, make_fact("sla", "b", 1)], "sla")
    await gatekeeper.take([make_fact("sla", "c", 1)], "routing")
    found = [
        (row["source"], row["subject_id"], row["reason"]) for row in await quarantined(database)
    ]
    assert found == [
        ("sla", "", "UNREADABLE"), ("sla", "a", "UNREADABLE"), ("routing", "c", "UNREADABLE"),
    ]  # fmt: skip
    assert await applied(database.worker) == [("sla", "b", 1)]
    # A good copy is welcome all the same.
    await gatekeeper.take([make_fact("sla", "a", 1)], "sla")
    assert await applied(database.worker) == [("sla", "b", 1), ("sla", "a", 1)]


async def test_unknown_types_are_skipped_unless_they_must_be_understood(
    database: ServiceDatabase,
) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    await gatekeeper.take(
        [
            make_fact("sla", "a", 1, type_name="later.Type"),
            make_fact("sla", "a", 2),
            make_fact("sla", "b", 1, type_name="later.Type", must_understand=True),
            make_fact("sla", "b", 2),
        ],
        "sla",
    )
    assert await applied(database.worker) == [("sla", "a", 2)]
    (row,) = await quarantined(database)
    assert (row["subject_id"], row["reason"]) == ("b", "UNKNOWN_TYPE")
    # A later release knows the type.
    knowing = Gatekeeper(database.worker, {"sla": {pb.Finding: note, fact_pb2.Fact: note}})
    assert await quarantine.replay(knowing, row["quarantine_id"]) == 2
    assert await applied(database.worker) == [("sla", "a", 2), ("sla", "b", 1), ("sla", "b", 2)]


async def test_a_fact_for_a_subject_of_another_site_is_put_aside(database: ServiceDatabase) -> None:
    gatekeeper = Gatekeeper(database.worker, HANDLERS)
    await gatekeeper.take([make_fact("sla", "a", 1)], "sla")
    foreign = make_fact("sla", "a", 2, site_id="other")
    await gatekeeper.take([foreign, make_fact("sla", "b", 1)], "sla")
    (row,) = await quarantined(database)
    assert (row["subject_id"], row["reason"]) == ("a", "UNREADABLE")
    await gatekeeper.take([make_fact("sla", "a", 2)], "sla")
    assert await applied(database.worker) == [("sla", "a", 1), ("sla", "b", 1), ("sla", "a", 2)]


async def test_a_batch_costs_a_fixed_number_of_statements(database: ServiceDatabase) -> None:
    counts = {}
    for size in (5, 100):
        statements: list[str] = []

        async def listen(work: object, fact: object, into: list[str] = statements) -> None:
            connection = work.connection  # type: ignore[attr-defined]
            if not into:
                connection.add_query_logger(lambda record: into.append(record.query))
                into.append("listening")

        gatekeeper = Gatekeeper(database.worker, {"sla": {pb.Finding: listen}})
        await gatekeeper.take([make_fact("sla", f"s{size}-{n}", 1) for n in range(size)], "sla")
        # What a new connection asks about types, and wake-ups, are not the batch's.
        counts[size] = len([s for s in statements if "*/" in s and "notify" not in s])
    assert counts[5] == counts[100] == 1, counts


async def test_a_gap_is_pulled_from_its_source(database: ServiceDatabase) -> None:
    facts = [make_fact("sla", "a", version) for version in (1, 2, 3)]
    async with feed_of(facts) as (channel, asked):
        gatekeeper = Gatekeeper(database.worker, HANDLERS)
        await gatekeeper.take([facts[2]], "sla")
        await gatekeeper.take([make_fact("routing", "b", 1, causes=[("sla", "a", 2)])], "routing")
        patient = Sweeper(gatekeeper, {"sla": channel}, gap=timedelta(minutes=5))
        await patient.sweep()
        assert asked == []
        sweeper = Sweeper(gatekeeper, {"sla": channel}, gap=timedelta(0))
        await sweeper.sweep()
        assert asked == [("a", 1)]
    assert await applied(database.worker) == [
        ("sla", "a", 1), ("sla", "a", 2), ("sla", "a", 3), ("routing", "b", 1),
    ]  # fmt: skip
    assert await value(database.worker, "SELECT count(*) FROM parked") == 0
