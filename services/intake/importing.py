"""Works a stream of appeals off: no more at a time than can be borne, results in their order.

It reads no faster than results are taken, so that the sender's own flow control holds it back, and
not at all while the suite is behind.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from google.rpc import status_pb2

from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.call import call_context
from chassis.errors import Refused
from chassis.work import Receipt
from chassis.workers import wait_any

T = TypeVar("T")

# Eight groups that share a commit: enough to keep one in the making, few enough for live cases
# not to wait long behind them.
MOST_AT_ONCE = 256
LARGEST_CHUNK = 100
# How often it is looked whether the suite has caught up, and the sender told that it hasn't.
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one appeal: a receipt, or the status of its refusal."""

    request_id: str
    receipt: Receipt | None = None
    refused: status_pb2.Status = field(default_factory=status_pb2.Status)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Outcomes in the order of their appeals; none where the sender is only told of a pause."""

    outcomes: list[Outcome]
    throttled: bool = False


class _Pause:
    """Nothing is read for a while."""


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more is read, because of an error or because there is nothing more."""

    error: Exception | None


class Import:
    """One stream of appeals.

    When its sender leaves, what it has begun may be registered or not: it is no longer waited for,
    and only the group in the middle of its commit goes on. Sent again, a request_id never doubles.
    """

    def __init__(
        self,
        appeals: AsyncIterator[rpc.RegisterCaseRequest],
        register: Callable[[rpc.RegisterCaseRequest], Coroutine[Any, Any, Outcome]],
        behind: Callable[[], Awaitable[bool]],
    ) -> None:
        context = call_context()
        self._appeals = appeals
        self._register = register
        self._behind = behind
        self._draining = asyncio.Event() if context is None else context.draining
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._line: deque[asyncio.Task[Outcome] | _Pause | _End] = deque()
        self._more = asyncio.Event()

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """Yields outcomes as they come; raises what ends the stream before its time.

        That is DEPENDENCY_UNAVAILABLE when the server stops, or what is wrong with a message that
        can't be read; either after the outcomes of all that was read before.
        """
        reader = asyncio.create_task(self._read())
        try:
            while True:
                item = await self._first()
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    return
                if isinstance(item, _Pause):
                    yield Chunk([], throttled=True)
                    continue
                outcomes = [await item, *self._ready()]
                yield Chunk(outcomes)
                # Only now: what the sender hasn't taken holds up what it sends.
                for _ in outcomes:
                    self._room.release()
        finally:
            begun = [one for one in self._line if isinstance(one, asyncio.Task)]
            for task in (reader, *begun):
                task.cancel()
            await asyncio.gather(reader, *begun, return_exceptions=True)

    async def _first(self) -> "asyncio.Task[Outcome] | _Pause | _End":
        while not self._line:
            self._more.clear()
            await self._more.wait()
        return self._line.popleft()

    def _ready(self) -> list[Outcome]:
        """Takes what follows and is done already."""
        found: list[Outcome] = []
        while self._line and len(found) < LARGEST_CHUNK - 1:
            head = self._line[0]
            if not isinstance(head, asyncio.Task) or not head.done():
                break
            found.append(head.result())
            self._line.popleft()
        return found

    async def _read(self) -> None:
        try:
            while True:
                await self._unless_draining(self._room.acquire())
                await self._let_live_cases_go_first()
                appeal = await self._unless_draining(anext(self._appeals, None))
                if appeal is None:
                    self._add(_End(None))
                    return
                self._add(asyncio.create_task(self._register(appeal)))
        except Exception as error:  # noqa: BLE001 - raised by `chunks`, behind what was read
            self._add(_End(error))

    async def _let_live_cases_go_first(self) -> None:
        while await self._behind():
            if not any(isinstance(one, _Pause) for one in self._line):
                self._add(_Pause())
            await wait_any(self._draining, timeout=PAUSE_SECONDS)
            if self._draining.is_set():
                raise _stopping()

    async def _unless_draining(self, awaited: Awaitable[T]) -> T:
        """Awaits what may take for ever; raises once the server is about to stop."""
        work = asyncio.ensure_future(awaited)
        stopping = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise _stopping()
        finally:
            work.cancel()
            stopping.cancel()

    def _add(self, item: "asyncio.Task[Outcome] | _Pause | _End") -> None:
        self._line.append(item)
        self._more.set()


def _stopping() -> Refused:
    return Refused("DEPENDENCY_UNAVAILABLE", dependency="intake")
