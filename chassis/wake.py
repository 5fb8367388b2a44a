"""Waking sleepers across processes without slowing commits down.

NOTIFY inside a transaction takes a lock that serialises all commits of the database. So it is
sent after the commit, from a connection of its own use, and at most every 50 ms per process;
sleepers in this very process are woken at once. Whoever sleeps also polls, so a lost notification
costs time and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakSet

import structlog

_log = structlog.get_logger(__name__)

_INTERVAL = 0.05
_FIRST_RETRY = 0.2
_LAST_RETRY = 5.0


def channel_of(schema: str, topic: str) -> str:
    """Returns the name of the NOTIFY channel of a topic."""
    return f"backstop_{schema}_{topic}"


# Ears of this process by place, which is one database's schema, however many pools lead there.
_ears: dict[str, "WeakSet[Ear]"] = {}


class Bell:
    """Sends wake-ups, many of them in one statement."""

    def __init__(
        self, place: str, schema: str, send: Callable[[list[str]], Awaitable[None]]
    ) -> None:
        self._place = place
        self._schema = schema
        self._send = send
        self._waiting: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._last = -_INTERVAL
        self.sent_count = 0

    def ring(self, topic: str) -> None:
        """Asks for a wake-up of the topic; sent at once or with the next round."""
        channel = channel_of(self._schema, topic)
        for ear in _ears.get(self._place, ()):
            ear.hear(channel)
        self._waiting.add(channel)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._rounds())

    async def _rounds(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                await asyncio.sleep(max(0.0, self._last + _INTERVAL - loop.time()))
                channels, self._waiting = sorted(self._waiting), set()
                self._last = loop.time()
                try:
                    await self._send(channels)
                    self.sent_count += 1
                except Exception as error:  # noqa: BLE001 - see below
                    # The sleepers' poll stands behind; a failing bell must not fail a commit.
                    _log.info("wake_not_sent", error=type(error).__name__)
        finally:
            self._task = None

    async def close(self) -> None:
        """Stops ringing; what was not sent is left to the poll."""
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class Ear:
    """Listens on a connection of its own, and opens it again when it is lost."""

    def __init__(self, place: str, schema: str, connect: Callable[[], Awaitable[Any]]) -> None:
        self._schema = schema
        _ears.setdefault(place, WeakSet()).add(self)
        self._connect = connect
        self._events: dict[str, list[asyncio.Event]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def event(self, topic: str) -> asyncio.Event:
        """Returns a new event set with each wake-up of the topic."""
        event = asyncio.Event()
        self._events.setdefault(channel_of(self._schema, topic), []).append(event)
        self._changed.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen())
        return event

    async def _listen(self) -> None:
        retry = _FIRST_RETRY
        while True:
            connection: Any = None
            try:
                connection = await self._connect()
                await self._hold(connection)
            except Exception as error:  # noqa: BLE001 - the poll stands behind until it is back
                _log.info("listening_interrupted", error=type(error).__name__)
            finally:
                if connection is not None and not connection.is_closed():
                    connection.terminate()
            await asyncio.sleep(retry)
            retry = min(_LAST_RETRY, retry * 2)

    async def _hold(self, connection: Any) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        heard: set[str] = set()
        while not lost.is_set() and not connection.is_closed():
            self._changed.clear()
            for channel in set(self._events) - heard:
                await connection.add_listener(channel, self._on_notify)
                heard.add(channel)
            # Whatever happened while nobody listened is looked at now.
            for events in self._events.values():
                for event in events:
                    event.set()
            waits = [
                asyncio.ensure_future(lost.wait()),
                asyncio.ensure_future(self._changed.wait()),
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    def _on_notify(self, _: Any, __: int, channel: str, ___: object) -> None:
        self.hear(channel)

    def hear(self, channel: str) -> None:
        """Sets the events of a channel; for threads of the event loop only."""
        for event in self._events.get(channel, ()):
            event.set()

    async def close(self) -> None:
        """Stops listening and closes the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
