"""Reads one queue, one message at a time and in order, and notices when nothing comes any more.

A consumer that the broker cancelled, or a connection that went silent, raises nothing: hence the
watch. A message is acknowledged only after it was handled; while a dependency is away it stays
in hand, because every return to the queue counts towards the broker's limit of deliveries.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractIncomingMessage,
    AbstractQueue,
)
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
# How often the queue is asked for its length until the inbox has caught up.
_LOOK_SECONDS = 1.0
# After an outage the sources' relays come back within as long again, and within this: they wait
# with doubled pauses of at most 15 s. Until then an empty queue proves nothing.
_SOURCES_RETURN_SECONDS = 20.0

# Handles one message. What it raises must show a dependency to be away; it is then called again.
MessageHandler = Callable[[AbstractIncomingMessage], Awaitable[None]]


class InboxState:
    """Whether a service has heard what waited for it: for whoever must not act before.

    It goes by the queue: what another replica has in hand at that moment isn't seen.
    `monotonic` are seconds that never jump; given by tests.
    """

    def __init__(
        self, *, caught_up: bool = False, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._caught_up = caught_up
        self._monotonic = monotonic
        self._since = monotonic()
        self._watchers: list[asyncio.Event] = []

    @property
    def caught_up(self) -> bool:
        """False from the start, and from every outage, until nothing waits any more."""
        return self._caught_up

    @property
    def held_seconds(self) -> float:
        """Seconds for which it hasn't been caught up; zero when it is."""
        return 0.0 if self._caught_up else self._monotonic() - self._since

    def watch(self, wake: asyncio.Event) -> None:
        """Sets the event from now on whenever the inbox has caught up."""
        self._watchers.append(wake)

    def set(self) -> None:
        """Notes that nothing waits."""
        self._caught_up = True
        for wake in self._watchers:
            wake.set()

    def clear(self) -> None:
        """Notes that something may wait; a second time changes nothing."""
        if self._caught_up:
            self._caught_up, self._since = False, self._monotonic()


class Inbox:
    """A worker that reads one queue, and reconnects for as long as it is told to run.

    `state` says whether it has caught up.
    """

    def __init__(
        self,
        broker: Broker,
        queue: str,
        handle: MessageHandler,
        *,
        prefetch: int = PREFETCH,
        watch: float = WATCH_SECONDS,
        state: InboxState | None = None,
    ) -> None:
        self.name = f"inbox {queue}"
        self.state = InboxState() if state is None else state
        self._broker = broker
        self._queue = queue
        self._handle = handle
        self._prefetch = prefetch
        self._watch = watch
        self._renewing = False
        # Of the last look, and when on the monotonic clock an empty queue begins to prove anything.
        self._seen_empty = False
        self._not_before = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Reads until told to stop; the message in hand is finished and acknowledged first."""
        await loop(self.name, lambda: self._session(stop), stop=stop, poll=_RECONNECT_SECONDS)

    async def _session(self, stop: asyncio.Event) -> float | None:
        renewed, self._renewing = self._renewing, False
        try:
            async with self._broker.connection(f"consume {self._queue}") as connection:
                self._renewing = await self._read(connection, stop, renewed=renewed)
                # Closing the channel gives back what was not handled; a cancel before that would
                # let another replica see later messages first.
        finally:
            # A consumer made anew out of caution missed nothing; whatever else ends may have.
            if not self._renewing:
                self.state.clear()
        return None if stop.is_set() else 0.0

    async def _read(
        self, connection: AbstractConnection, stop: asyncio.Event, *, renewed: bool
    ) -> bool:
        """Reads until the connection is lost; True when a new consumer is wanted."""
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
        if not renewed:
            self._back()
        heard = time.monotonic()
        looked = heard - self._watch
        while not stop.is_set() and not lost.is_set():
            if self.state.caught_up:
                next_look = max(heard, looked) + self._watch
            else:
                next_look = looked + min(self._watch, _LOOK_SECONDS)
            if waiting:
                await self._one(waiting.pop(0), stop, lost)
                heard = time.monotonic()
            elif (pause := next_look - time.monotonic()) > 0:
                arrived.clear()
                await wait_any(stop, lost, arrived, timeout=pause)
            else:
                # Answers only over a living connection, and raises when the queue has gone.
                async with asyncio.timeout(self._watch):
                    queue = await self._open(channel)
                looked = time.monotonic()
                if not waiting:
                    self._note(queue.declaration_result.message_count or 0)
                if looked - heard >= _QUIET_WATCHES * self._watch:
                    return True
        return False

    def _back(self) -> None:
        """Notes that messages come again, if they had ceased to."""
        self._seen_empty = False
        self._not_before = time.monotonic() + min(_SOURCES_RETURN_SECONDS, self.state.held_seconds)

    def _note(self, message_count: int) -> None:
        """Takes note of the queue's length at a moment when nothing is in hand.

        Twice empty: the broker may tell the length before it delivers what it has just taken off.
        """
        if self.state.caught_up:
            return
        empty = message_count == 0 and time.monotonic() >= self._not_before
        if empty and self._seen_empty:
            _log.info("caught_up", queue=self._queue, after=round(self.state.held_seconds, 1))
            self.state.set()
        self._seen_empty = empty

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
                if dependency is not None:
                    # Meanwhile the queue grows.
                    self.state.clear()
                if failures == 1:
                    _log.warning("consumer_pauses", queue=self._queue, dependency=dependency)
                await wait_any(stop, lost, timeout=backoff(failures))
                if stop.is_set() or lost.is_set():
                    return
        if failures:
            _log.info("consumer_goes_on", queue=self._queue)
            self._back()
        try:
            await message.ack()
        except (AMQPError, ChannelInvalidStateError):
            # It will be delivered again, and found to be known.
            lost.set()


def delivery_count(message: AbstractIncomingMessage) -> int:
    """Returns how often a quorum queue has delivered the message before; 0 the first time."""
    value = message.headers.get("x-delivery-count", 0)
    return value if isinstance(value, int) else 0
