"""From a commit here to a commit there: nothing is lost when connections are cut under it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import asyncpg
import pytest
from yarl import URL

from backstop.fact.v1 import fact_pb2
from backstop.operations.v1 import operations_service_pb2 as pb
from chassis import feed, quarantine, topology
from chassis.broker import Broker
from chassis.consumer import consumer, grave_digger
from chassis.failures import dependency_of
from chassis.gatekeeper import Gatekeeper
from chassis.handling import ReceivedFact
from chassis.relay import BATCH_BYTES, BATCH_FACTS, Relay, batches
from chassis.sweeper import Sweeper
from chassis.topology import TopologyMissing
from chassis.work import Work
from deploy.local.servers import Endpoints
from tests.integration.chassis import counting
from tests.integration.chassis.counting import applied, note, value
from tests.integration.chassis.running import running
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase
from tests.integration.proxy import Proxy, proxy_to
from tests.unit.chassis.facts import make_fact
from tests.waiting import eventually

BINDINGS = {"intake": ("sla",), "sla": ("intake",), "routing": ("intake",)}


@pytest.fixture
async def source(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE)


@pytest.fixture
async def target(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("sla", package=counting.PACKAGE)


@pytest.fixture
async def broker(broker_url: str) -> Broker:
    made = Broker(broker_url, "test")
    await made.declare(BINDINGS)
    return made


def gate_of(database: ServiceDatabase) -> Gatekeeper:
    return Gatekeeper(database.worker, {"intake": {pb.Finding: note}})


async def published(database: ServiceDatabase, position: int) -> None:
    async def there() -> bool:
        head = await value(database.worker, "SELECT position FROM relay_head")
        return head == position

    await eventually(there, what=f"the relay's head at {position}", seconds=40)


async def arrived(database: ServiceDatabase, count: int) -> None:
    async def there() -> bool:
        return len(await applied(database.worker)) >= count

    await eventually(there, what=f"{count} facts applied", seconds=40)


@asynccontextmanager
async def cuttable(broker: Broker, url: str) -> AsyncIterator[tuple[Broker, Proxy]]:
    """Yields the same broker behind a proxy."""
    address = URL(url)
    async with proxy_to(address.host or "127.0.0.1", address.port or 5672) as proxy:
        yield Broker(str(address.with_port(proxy.port)), "test"), proxy


async def cut_database(database: ServiceDatabase) -> None:
    """Ends every session of the service on its database."""
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
            database.name,
        )
    finally:
        await admin.close()


async def test_what_is_committed_here_is_applied_there(
    source: ServiceDatabase, target: ServiceDatabase, broker: Broker
) -> None:
    await counting.counted(source.app, "before", 3)
    async with running(Relay(source.worker, broker, BINDINGS), consumer(gate_of(target), broker)):
        await arrived(target, 3)
        await counting.counted(source.app, "after", 3)
        await arrived(target, 6)
        await published(source, 6)
    assert await applied(target.worker) == [
        ("intake", subject, version) for subject in ("before", "after") for version in (1, 2, 3)
    ]
    await counting.stamp_all(target.worker)
    assert await counting.findings(source.worker) == []
    assert await counting.findings(target.worker) == []


async def test_nothing_is_lost_while_connections_are_cut(
    source: ServiceDatabase, target: ServiceDatabase, broker: Broker, broker_url: str
) -> None:
    cuts = 0

    async def write() -> None:
        for index in range(200):
            while True:
                try:
                    await counting.counted(source.app, f"s{index % 9}", 1)
                    break
                except Exception as error:
                    # An absent database is all that may be seen.
                    if dependency_of(error) is None:
                        raise

    async def came() -> object:
        return await value_or_none(target, "SELECT count(*) FROM applied")

    async with (
        cuttable(broker, broker_url) as (shaky, proxy),
        running(
            Relay(source.worker, shaky, BINDINGS),
            Relay(source.worker, shaky, BINDINGS),
            consumer(gate_of(target), shaky),
            consumer(gate_of(target), shaky),
            Sweeper(gate_of(target), {}),
        ),
    ):
        writing = asyncio.create_task(write())
        for number in range(6):
            seen = await came()

            async def moved(seen: object = seen) -> bool:
                return writing.done() or await came() != seen

            await eventually(moved, what="something moved", seconds=40)
            if number % 3 == 2:
                await cut_database(target)
                await cut_database(source)
            cuts += proxy.cut()
        await writing
        total = await value_or_none(source, "SELECT count(*) FROM journal")
        assert isinstance(total, int)
        assert total >= 200
        await published(source, total)
        await arrived(target, total)
    found = await applied(target.worker)
    # More than the writer asked for where a commit's answer was lost: it counts again by itself.
    assert len(found) == len(set(found)) == total
    assert cuts > 0
    await counting.stamp_all(target.worker)
    assert await counting.findings(source.worker) == []
    assert await counting.findings(target.worker) == []


async def test_a_silent_connection_is_given_up(
    source: ServiceDatabase, target: ServiceDatabase, broker: Broker, broker_url: str
) -> None:
    async with (
        cuttable(broker, broker_url) as (shaky, proxy),
        running(
            Relay(source.worker, shaky, BINDINGS, patience=1.0),
            consumer(gate_of(target), shaky, watch=1.0),
        ),
    ):
        await counting.counted(source.app, "a", 1)
        await arrived(target, 1)
        proxy.silence()
        await counting.counted(source.app, "a", 1)

        async def reconnected() -> bool:
            return proxy.accepted >= 4

        await eventually(reconnected, what="both have come back", seconds=40)
        proxy.restore()
        await arrived(target, 2)


async def value_or_none(database: ServiceDatabase, query: str) -> object:
    """Reads a value, None while the database is being cut off."""
    try:
        return await value(database.worker, query)
    except Exception as error:
        if dependency_of(error) is None:
            raise
        return None


async def test_the_relay_stays_closed_until_every_queue_is_there(
    source: ServiceDatabase, broker_url: str
) -> None:
    broker = Broker(broker_url, "test")
    # One of the two queues that want intake's facts is missing.
    await broker.declare({"sla": ("intake",)})
    await counting.counted(source.app, "a", 1)
    relay = Relay(source.worker, broker, BINDINGS)
    async with running(relay):

        async def stamped() -> bool:
            return await value(source.worker, "SELECT count(*) FROM feed") == 1

        await eventually(stamped)
        async with broker.connection("look") as connection:
            with pytest.raises(TopologyMissing, match=r"backstop\.routing"):
                await topology.verify(await connection.channel(), "intake", BINDINGS)
        assert not relay.open
        assert await value(source.worker, "SELECT position FROM relay_head") == 0
        await broker.declare(BINDINGS)
        await published(source, 1)
        assert relay.open


async def test_a_lost_binding_is_asserted_again(source: ServiceDatabase, broker: Broker) -> None:
    async with broker.connection("look") as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(topology.queue_of("sla"))
        await queue.unbind(topology.EXCHANGE, "intake")
        await counting.counted(source.app, "a", 1)
        async with running(Relay(source.worker, broker, BINDINGS)):
            await published(source, 1)
        assert (await queue.declare()).message_count == 1


async def test_rewinding_sends_again_and_consumers_drop_what_they_know(
    source: ServiceDatabase, target: ServiceDatabase, broker: Broker
) -> None:
    await counting.counted(source.app, "a", 4)
    async with running(Relay(source.worker, broker, BINDINGS), consumer(gate_of(target), broker)):
        await arrived(target, 4)
        await published(source, 4)
        # The broker's disk is lost, and with it what one consumer had not read.
        await feed.rewind(source.worker, 0)
        await published(source, 4)
        await counting.counted(source.app, "a", 1)
        await arrived(target, 5)
    assert len(await applied(target.worker)) == 5


def test_batches_are_bounded() -> None:
    small = [make_fact("intake", f"s{n}", 1) for n in range(450)]
    cut = list(batches("intake", small))
    assert [count for count, _ in cut] == [200, 200, 50]
    large = [make_fact("intake", f"s{n}", 1, payload=b"x" * 100_000) for n in range(5)]
    cut = list(batches("intake", [*large, make_fact("intake", "z", 1, payload=b"x" * 600_000)]))
    assert [count for count, _ in cut] == [2, 2, 1, 1]
    assert all(len(body) <= BATCH_BYTES for count, body in cut[:-1])
    facts = [f for _, body in cut for f in fact_pb2.FactBatch.FromString(body).facts]
    assert facts[:5] == large
    assert BATCH_FACTS == 200


async def test_a_consumer_that_was_cancelled_comes_back(
    target: ServiceDatabase, broker: Broker
) -> None:
    async with running(consumer(gate_of(target), broker, watch=0.5)):
        await publish(broker, make_fact("intake", "a", 1))
        await arrived(target, 1)
        async with broker.connection("fault") as connection:
            channel = await connection.channel()
            # Deleting the queue cancels its consumers without an error.
            await (await channel.get_queue(topology.queue_of("sla"))).delete(
                if_unused=False, if_empty=False
            )
        await broker.declare(BINDINGS)
        await publish(broker, make_fact("intake", "a", 2))
        await arrived(target, 2)


async def test_stopping_finishes_the_batch_in_hand(target: ServiceDatabase, broker: Broker) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(work: Work, fact: ReceivedFact) -> None:
        begun.set()
        await go_on.wait()
        await note(work, fact)

    gatekeeper = Gatekeeper(target.worker, {"intake": {pb.Finding: slow}})
    stop = asyncio.Event()
    task = asyncio.create_task(consumer(gatekeeper, broker).run(stop))
    await publish(broker, make_fact("intake", "a", 1))
    async with asyncio.timeout(20):
        await begun.wait()
        stop.set()
        go_on.set()
        await task
    assert await applied(target.worker) == [("intake", "a", 1)]
    async with broker.connection("look") as connection:
        queue = await (await connection.channel()).get_queue(topology.queue_of("sla"))
        assert (await queue.declare()).message_count == 0


async def test_a_dead_letter_is_kept_and_can_be_replayed(
    target: ServiceDatabase, broker: Broker
) -> None:
    fact = make_fact("intake", "a", 1)
    async with broker.connection("fault") as connection:
        channel = await connection.channel()
        await publish(broker, fact)
        queue = await channel.get_queue(topology.queue_of("sla"))

        async def letter() -> aio_pika.abc.AbstractIncomingMessage | None:
            return await queue.get(fail=False)

        message = await eventually(letter)
        # As the broker does with a message that was delivered too often.
        await message.reject(requeue=False)
        gatekeeper = gate_of(target)
        async with running(grave_digger(gatekeeper, broker)):

            async def kept() -> bool:
                return await value(target.worker, "SELECT count(*) FROM quarantine") == 1

            await eventually(kept)
    reason = await value(target.worker, "SELECT reason FROM quarantine")
    assert reason == "DEAD_LETTERED"
    quarantine_id = await value(target.worker, "SELECT quarantine_id::text FROM quarantine")
    assert await quarantine.replay(gatekeeper, str(quarantine_id)) == 1
    assert await applied(target.worker) == [("intake", "a", 1)]


async def test_another_services_dead_letter_is_left_to_it(
    target: ServiceDatabase, broker: Broker
) -> None:
    async with broker.connection("fault") as connection:
        channel = await connection.channel()
        await publish(broker, make_fact("intake", "a", 1))
        queue = await channel.get_queue(topology.queue_of("routing"))

        async def letter() -> aio_pika.abc.AbstractIncomingMessage | None:
            return await queue.get(fail=False)

        await (await eventually(letter)).reject(requeue=False)
        grave = await channel.get_queue(topology.dead_queue_of("sla"))

        async def buried() -> bool:
            return (await grave.declare()).message_count == 1

        await eventually(buried)
        async with running(grave_digger(gate_of(target), broker)):

            async def emptied() -> bool:
                return (await grave.declare()).message_count == 0

            await eventually(emptied)
    assert await value(target.worker, "SELECT count(*) FROM quarantine") == 0


async def test_a_missing_policy_stops_with_the_command(broker: Broker, servers: Endpoints) -> None:
    await topology.check_policy(servers.management_url, broker.vhost, BINDINGS)
    with pytest.raises(TopologyMissing, match="rabbitmqctl set_policy"):
        await topology.check_policy(servers.management_url, broker.vhost, {"stranger": ()})
    with pytest.raises(TopologyMissing, match="can't be asked"):
        await topology.check_policy("http://127.0.0.1:9", broker.vhost, BINDINGS)


async def publish(broker: Broker, fact: fact_pb2.Fact) -> None:
    """Publishes a batch of one."""
    async with broker.connection("publish") as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(topology.EXCHANGE)
        body = fact_pb2.FactBatch(source=fact.source, facts=[fact]).SerializeToString()
        await exchange.publish(aio_pika.Message(body), routing_key=fact.source)
