"""Reads one queue, one message at a time and in order, and notices when nothing comes any more.

A consumer that the broker cancelled, or a connection that went silent, raises nothing: hence the
watch. A message is acknowledged only after it was handled; while a dependency is away it stays
in hand, because every return to the queue counts towards the broker's limit of deliveries.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelClosed, ChannelInvalidStateError

from chassis.broker import Broker
from chassis.failures import dependency_of, is_retryable
from chassis.topology import TopologyMissing
from chassis.workers import backoff, loop, wait_any

_log = structlog.get_logger(__name__)

PREFETCH = 3
_OPEN_SECONDS = 30.0
WATCH_SECONDS = 10.0
_RECONNECT_SECONDS = 1.0
# After so many quiet watches a consumer is made anew. A quorum queue that was deleted and declared
# again at once goes on counting the consumers of the old one, and checks messages out to them that
# never arrive, without a word to anyone (seen with RabbitMQ 3.10).
_QUIET_WATCHES = 6

# Handles one message. What it raises must show a dependency to be away; it is then called again.
MessageHandler = Callable[[AbstractIncomingMessage], Awaitable[None]]


class Inbox:
    """A worker that reads one queue, and reconnects for as long as it is told to run."""

    def __init__(
        self,
        broker: Broker,
        queue: str,
        handle: MessageHandler,
        *,
        prefetch: int = PREFETCH,
        watch: float = WATCH_SECONDS,
    ) -> None:
        self.name = f"inbox {queue}"
        self._broker = broker
        self._queue = queue
        self._handle = handle
        self._prefetch = prefetch
        self._watch = watch

    async def run(self, stop: asyncio.Event) -> None:
        """Reads until told to stop; the message in hand is finished and acknowledged first."""
        await loop(self.name, lambda: self._session(stop), stop=stop, poll=_RECONNECT_SECONDS)

    async def _session(self, stop: asyncio.Event) -> float | None:
        async with self._broker.connection(f"consume {self._queue}") as connection:
            lost = asyncio.Event()
            arrived = asyncio.Event()
            waiting: list[AbstractIncomingMessage] = []
            connection.close_callbacks.add(lambda *_: lost.set())

            async def arrive(message: AbstractIncomingMessage) -> None:
                # Deliveries are tasks of their own that start in order; so they queue in order.
                waiting.append(message)
                arrived.set()

            async with asyncio.timeout(_OPEN_SECONDS):
                channel = await connection.channel()
                channel.close_callbacks.add(lambda *_: lost.set())
                await channel.set_qos(prefetch_count=self._prefetch)
                queue = await self._open(channel)
                underlay = await channel.get_underlay_channel()
                # Before there is a consumer, or its cancellation could come unheard.
                underlay.on_consumer_cancel_callbacks.add(lambda *_: lost.set())
                await queue.consume(arrive)
            quiet = 0
            while not stop.is_set() and not lost.is_set():
                if waiting:
                    quiet = 0
                    await self._one(waiting.pop(0), stop, lost)
                    continue
                arrived.clear()
                await wait_any(stop, lost, arrived, timeout=self._watch)
                if stop.is_set() or lost.is_set() or waiting:
                    continue
                # Answers only over a living connection, and raises when the queue has gone.
                async with asyncio.timeout(self._watch):
                    await self._open(channel)
                quiet += 1
                if quiet == _QUIET_WATCHES:
                    break
            # Closing the channel gives back what was not handled; a cancel before that would
            # let another replica see later messages first.
        return None if stop.is_set() else 0.0

    async def _open(self, channel: AbstractChannel) -> AbstractQueue:
        try:
            return await channel.get_queue(self._queue, ensure=True)
        except ChannelClosed as error:
            raise TopologyMissing(
                f"queue {self._queue} can't be read; run the migrate command of a service"
            ) from error

    async def _one(
        self, message: AbstractIncomingMessage, stop: asyncio.Event, lost: asyncio.Event
    ) -> None:
        failures = 0
        while True:
            try:
                await self._handle(message)
                break
            except Exception as error:
                dependency = dependency_of(error)
                if dependency is None and not is_retryable(error):
                    raise
                failures += 1
                if failures == 1:
                    _log.warning("consumer_pauses", queue=self._queue, dependency=dependency)
                await wait_any(stop, lost, timeout=backoff(failures))
                if stop.is_set() or lost.is_set():
                    return
        if failures:
            _log.info("consumer_goes_on", queue=self._queue)
        try:
            await message.ack()
        except (AMQPError, ChannelInvalidStateError):
            # It will be delivered again, and found to be known.
            lost.set()


def delivery_count(message: AbstractIncomingMessage) -> int:
    """Returns how often a quorum queue has delivered the message before; 0 the first time."""
    value = message.headers.get("x-delivery-count", 0)
    return value if isinstance(value, int) else 0
