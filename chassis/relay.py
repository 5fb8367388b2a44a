"""Carries the feed to the broker: at least once, in order, and never by two at a time for long.

One session of the service holds an advisory lock, on a connection of its own, and with it the
right to stamp and to publish. Publishing happens outside of any transaction; the head moves only
after the broker has confirmed, by compare and set. A crash anywhere means sending again.
"""

import asyncio
from collections.abc import Iterator, Sequence

import structlog
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractExchange

from backstop.fact.v1 import fact_pb2
from chassis import feed, metrics, topology
from chassis.broker import Broker
from chassis.database import Connection, Database
from chassis.work import FACTS
from chassis.workers import loop, wait_any

_log = structlog.get_logger(__name__)

BATCH_FACTS = 200
BATCH_BYTES = 256 * 1024
# Read at a time and published with all confirms in flight.
_WINDOW_FACTS = 4000
_PUBLISH_SECONDS = 30.0
_OPEN_SECONDS = 30.0
_POLL_SECONDS = 1.0
_LEADER_POLL_SECONDS = 1.0


def batches(source: str, facts: Sequence[fact_pb2.Fact]) -> Iterator[tuple[int, bytes]]:
    """Cuts facts into messages of ≤ 200 facts and ≤ 256 KiB; yields (facts in it, body).

    A single fact above the limit travels alone.
    """
    held: list[fact_pb2.Fact] = []
    size = 0
    for fact in facts:
        # Tag and length of the repeated field.
        bytes_more = fact.ByteSize() + 6
        if held and (len(held) == BATCH_FACTS or size + bytes_more > BATCH_BYTES):
            yield len(held), fact_pb2.FactBatch(source=source, facts=held).SerializeToString()
            held, size = [], 0
        held.append(fact)
        size += bytes_more
    if held:
        yield len(held), fact_pb2.FactBatch(source=source, facts=held).SerializeToString()


class Relay:
    """A worker that stamps and publishes while its session holds the service's lock.

    The broker has `patience` seconds to confirm a window, then the connection is given up.
    """

    name = "relay"

    def __init__(
        self,
        database: Database,
        broker: Broker,
        bindings: topology.Bindings,
        *,
        poll: float = _POLL_SECONDS,
        patience: float = _PUBLISH_SECONDS,
    ) -> None:
        self._database = database
        self._broker = broker
        self._bindings = bindings
        self._poll = poll
        self._patience = patience
        self._source = database.schema
        self._stamped = asyncio.Event()
        self._open = False

    @property
    def open(self) -> bool:
        """Tells whether this process publishes now, every expected queue seen."""
        return self._open

    async def run(self, stop: asyncio.Event) -> None:
        """Waits for the lock, works while it holds it, until told to stop."""
        wake = self._database.woken(FACTS)
        await loop(self.name, lambda: self._lead(stop, wake), stop=stop, poll=_LEADER_POLL_SECONDS)

    async def _lead(self, stop: asyncio.Event, wake: asyncio.Event) -> float | None:
        connection = await self._database.dedicated()
        try:
            while not stop.is_set() and not await feed.try_lock(connection, self._source):
                await wait_any(stop, timeout=_LEADER_POLL_SECONDS)
            if stop.is_set():
                return None
            _log.info("relay_leads", source=self._source)
            await self._both(connection, stop, wake)
        finally:
            # Ends the session, and with it the lock, even when the server no longer answers.
            connection.terminate()
        return None

    async def _both(self, connection: Connection, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Stamps and publishes side by side, so that the feed grows while the broker is away."""
        publishing = asyncio.create_task(
            loop("relay_publish", lambda: self._session(stop), stop=stop, poll=self._poll)
        )
        try:
            await self._stamp(connection, stop, wake)
            # Told to stop: what is stamped is left to the next process.
            await publishing
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)

    async def _stamp(
        self, connection: Connection, stop: asyncio.Event, wake: asyncio.Event
    ) -> None:
        clock = asyncio.get_running_loop().time
        measured = -_POLL_SECONDS
        while not stop.is_set():
            wake.clear()
            count = await feed.stamp(connection, self._source)
            if count:
                self._stamped.set()
                self._database.wake(feed.STAMPED)
            if clock() - measured >= _POLL_SECONDS:
                measured = clock()
                lag = await feed.relay_lag(connection)
                metrics.RELAY_LAG_SECONDS.labels(source=self._source).set(lag.total_seconds())
            if count < feed.STAMP_LIMIT:
                await wait_any(stop, wake, timeout=self._poll)

    async def _session(self, stop: asyncio.Event) -> float | None:
        """Publishes over one connection until it fails or the process is told to stop."""
        async with self._broker.connection("publish") as connection:
            lost = asyncio.Event()
            connection.close_callbacks.add(lambda *_: lost.set())
            async with asyncio.timeout(_OPEN_SECONDS):
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                exchange = await self._checked(channel)
            self._set_open(True)
            try:
                while not stop.is_set() and not lost.is_set() and not channel.is_closed:
                    self._stamped.clear()
                    if not await self.publish(exchange):
                        await wait_any(stop, lost, self._stamped, timeout=self._poll)
            finally:
                self._set_open(False)
        return 0.0

    async def _checked(self, channel: AbstractChannel) -> AbstractExchange:
        await topology.verify(channel, self._source, self._bindings)
        return await channel.get_exchange(topology.EXCHANGE, ensure=True)

    async def publish(self, exchange: AbstractExchange) -> int:
        """Publishes one window of facts after the head; returns how many were confirmed.

        Raises what the first failing batch raised, after the head has moved over those before it.
        """
        window = await feed.read_unpublished(self._database, _WINDOW_FACTS)
        if not window.facts:
            return 0
        cut = list(batches(self._source, window.facts))
        async with asyncio.timeout(self._patience):
            # Tasks start in this order, and so do their frames.
            results = await asyncio.gather(
                *(self._send(exchange, body) for _, body in cut), return_exceptions=True
            )
        confirmed = 0
        failure: BaseException | None = None
        for (count, _), result in zip(cut, results, strict=True):
            if isinstance(result, BaseException):
                failure = result
                break
            confirmed += count
        if confirmed:
            await feed.move_head(self._database, window.head, window.positions[confirmed - 1])
            metrics.FACTS_PUBLISHED.labels(source=self._source).inc(confirmed)
        if failure is not None:
            raise failure
        return confirmed

    async def _send(self, exchange: AbstractExchange, body: bytes) -> None:
        message = Message(
            body,
            content_type="application/x-protobuf",
            type=fact_pb2.FactBatch.DESCRIPTOR.full_name,
            delivery_mode=DeliveryMode.PERSISTENT,
            app_id=self._source,
        )
        await exchange.publish(message, routing_key=self._source, mandatory=True)

    def _set_open(self, open_: bool) -> None:
        self._open = open_
        metrics.RELAY_OPEN.labels(source=self._source).set(int(open_))
        _log.info("relay_opened" if open_ else "relay_closed", source=self._source)
