"""An inbox knows when it has heard what waited for it, and when it may have missed something."""

import asyncio
import time
from collections.abc import Callable

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from yarl import URL

from chassis import topology
from chassis.broker import Broker
from chassis.inbox import Inbox, InboxState
from tests.integration.chassis.running import running
from tests.integration.proxy import proxy_to
from tests.waiting import eventually

BINDINGS = {"sla": ("intake",)}
QUEUE = topology.queue_of("sla")


@pytest.fixture
async def broker(broker_url: str) -> Broker:
    made = Broker(broker_url, "test")
    await made.declare(BINDINGS)
    return made


class Hands:
    """Handles messages while it is let, and fails while it is told to."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.begun = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()
        self.failing = False

    async def __call__(self, message: AbstractIncomingMessage) -> None:
        self.begun.set()
        if self.failing:
            raise ConnectionRefusedError(111, "made up")
        await self.free.wait()
        self.seen.append(message.body)


async def publish(broker: Broker, *bodies: bytes) -> None:
    async with broker.connection("publish") as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(topology.EXCHANGE)
        for body in bodies:
            await exchange.publish(aio_pika.Message(body), routing_key="intake")


async def until(condition: Callable[[], bool], what: str) -> None:
    async def met() -> bool:
        return condition()

    await eventually(met, what=what, seconds=40)


async def test_it_has_caught_up_when_all_that_waited_was_handled(broker: Broker) -> None:
    bodies = [b"%d" % number for number in range(8)]
    await publish(broker, *bodies)
    hands, heard = Hands(), asyncio.Event()
    hands.free.clear()
    inbox = Inbox(broker, QUEUE, hands)
    inbox.state.watch(heard)
    async with running(inbox):
        await hands.begun.wait()
        assert not inbox.state.caught_up
        hands.free.set()
        async with asyncio.timeout(20):
            await heard.wait()
        assert hands.seen == bodies
        assert inbox.state.caught_up


async def test_a_message_in_hand_is_not_behind_it(broker: Broker) -> None:
    await publish(broker, b"1")
    hands = Hands()
    hands.free.clear()
    inbox = Inbox(broker, QUEUE, hands, watch=0.1)
    async with running(inbox):
        await hands.begun.wait()
        async with broker.connection("look") as connection:
            queue = await (await connection.channel()).get_queue(QUEUE)
            assert (await queue.declare()).message_count == 0
        # Time enough for ten looks at an empty queue.
        enough = inbox.state.held_seconds + 1.0
        await until(lambda: inbox.state.held_seconds > enough or inbox.state.caught_up, "a second")
        assert not inbox.state.caught_up
        hands.free.set()
        await until(lambda: inbox.state.caught_up, "it has caught up")


async def test_a_lost_connection_takes_it_back(broker: Broker, broker_url: str) -> None:
    hands, heard = Hands(), asyncio.Event()
    address = URL(broker_url)
    async with proxy_to(address.host or "127.0.0.1", address.port or 5672) as proxy:
        inbox = Inbox(Broker(str(address.with_port(proxy.port)), "test"), QUEUE, hands)
        inbox.state.watch(heard)
        async with running(inbox):
            await until(heard.is_set, "it has caught up")
            heard.clear()
            hands.free.clear()
            proxy.cut()
            await publish(broker, b"missed")
            await hands.begun.wait()
            assert not inbox.state.caught_up
            hands.free.set()
            await until(heard.is_set, "it has caught up again")
            assert hands.seen == [b"missed"]


async def test_a_dependency_that_is_away_takes_it_back(broker: Broker) -> None:
    hands = Hands()
    inbox = Inbox(broker, QUEUE, hands)
    async with running(inbox):
        await until(lambda: inbox.state.caught_up, "it has caught up")
        hands.failing = True
        await publish(broker, b"1")
        await until(lambda: not inbox.state.caught_up, "it knows that the queue grows")
        hands.failing = False
        await until(lambda: inbox.state.caught_up, "it has caught up again")
        assert hands.seen == [b"1"]


async def test_a_consumer_made_anew_out_of_caution_takes_nothing_back(
    broker: Broker, broker_url: str
) -> None:
    heard = asyncio.Event()
    address = URL(broker_url)
    async with proxy_to(address.host or "127.0.0.1", address.port or 5672) as proxy:
        shaky = Broker(str(address.with_port(proxy.port)), "test")
        inbox = Inbox(shaky, QUEUE, Hands(), watch=0.1)
        inbox.state.watch(heard)
        async with running(inbox):
            await until(heard.is_set, "it has caught up")
            heard.clear()
            before = proxy.accepted
            await until(lambda: proxy.accepted >= before + 2, "it has come back twice")
            assert inbox.state.caught_up
            assert not heard.is_set()


async def test_after_an_outage_the_sources_have_as_long_to_come_back(broker: Broker) -> None:
    outage = 0.0
    state = InboxState(monotonic=lambda: time.monotonic() + outage)
    outage = 2.0
    start = time.monotonic()
    # It is made anew on the way.
    async with running(Inbox(broker, QUEUE, Hands(), watch=0.2, state=state)):
        await until(lambda: state.caught_up, "it has caught up")
        assert time.monotonic() - start >= 2.0
