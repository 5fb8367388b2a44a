"""Lets concurrent registrations of one site share a commit, and keeps their faults apart.

While one transaction of a site is under way the next calls gather, and go together when it is
over: a lone call waits for nobody, and under load the counter's row is no queue of commits.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from chassis.call import Call
from chassis.database import Database
from chassis.failures import dependency_of
from chassis.work import Receipt, Work, once, together
from services.intake.handlers.register import Appeal, Blame, Desk, register_cases

LARGEST_GROUP = 64
# Fewer of batches and streams: a live call waits for at most one group of theirs.
LARGEST_OF_MANY = 32


@dataclass(frozen=True, slots=True)
class _Waiting:
    appeal: Appeal
    result: "asyncio.Future[Receipt]"

    @property
    def key(self) -> tuple[str, str]:
        """Twins of one request must not meet in one transaction: the second is a replay."""
        return self.appeal.call.actor.subject, self.appeal.call.request_id


@dataclass(slots=True)
class _Lane:
    """Those who wait, and the parts of groups that failed and are tried again apart."""

    largest: int
    waiting: list[_Waiting] = field(default_factory=list)
    parts: deque[list[_Waiting]] = field(default_factory=deque)

    def __bool__(self) -> bool:
        return bool(self.waiting or self.parts)

    def take(self) -> list[_Waiting]:
        """Takes the next group; callers that have given up are left out."""
        if self.parts:
            return [one for one in self.parts.popleft() if not one.result.done()]
        group: dict[tuple[str, str], _Waiting] = {}
        left: list[_Waiting] = []
        for one in self.waiting:
            if one.result.done():
                continue
            if len(group) < self.largest and one.key not in group:
                group[one.key] = one
            else:
                left.append(one)
        self.waiting[:] = left
        return list(group.values())

    def empty(self) -> list[_Waiting]:
        """Takes everyone, to be told that nobody serves them any more."""
        everyone = [*self.waiting, *(one for part in self.parts for one in part)]
        self.waiting.clear()
        self.parts.clear()
        return everyone


class _Queue:
    """One site's: live calls go before those of batches and streams, then each in turn."""

    def __init__(self) -> None:
        self.live = _Lane(LARGEST_GROUP)
        self.many = _Lane(LARGEST_OF_MANY)


class Registrations:
    """Registers appeals, grouped by site; one transaction per site at a time in this process."""

    def __init__(self, app: Database, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._waiting: dict[str, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def register(self, appeal: Appeal, *, of_many: bool = False) -> Receipt:
        """Returns the receipt once committed; raises what this appeal alone is to blame for.

        `of_many` tells that it is one of a batch or a stream: those let live calls go first.
        """
        site_id = appeal.command.site_id
        one = _Waiting(appeal, asyncio.get_running_loop().create_future())
        queue = self._waiting.get(site_id)
        if queue is None:
            queue = self._waiting[site_id] = _Queue()
            task = asyncio.create_task(self._serve(site_id, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        (queue.many if of_many else queue.live).waiting.append(one)
        return await one.result

    async def _serve(self, site_id: str, queue: _Queue) -> None:
        lanes = (queue.live, queue.many)
        try:
            while any(lanes):
                # In turn: neither starves the other, and neither's faults hold the other up.
                for lane in lanes:
                    group = lane.take()
                    lane.parts.extendleft(reversed(await self._commit(site_id, group)))
        finally:
            # Cancelled at a shutdown: whoever still waits is told, and nobody joins a dead queue.
            del self._waiting[site_id]
            for one in (*queue.live.empty(), *queue.many.empty()):
                one.result.cancel()

    async def _commit(self, site_id: str, group: list[_Waiting]) -> list[list[_Waiting]]:
        """Answers a group, or returns the parts of it that are to be tried apart."""
        if len(group) < 2:
            for one in group:
                await self._alone(one)
            return []
        appeals = {one.appeal.call: one.appeal for one in group}

        async def body(work: Work, calls: Sequence[Call]) -> list[Receipt]:
            chosen = [appeals[call] for call in calls]
            return await register_cases(work, chosen, self._desk)

        try:
            receipts = await together(self._app, site_id, list(appeals), body)
        except Blame as blame:
            # Alone, the guilty may turn out to be a replay; it is for `once` to tell.
            guilty = [one for one in group if one.appeal.call in blame.calls]
            rest = [one for one in group if one.appeal.call not in blame.calls]
            return [rest, *([one] for one in guilty)]
        except Exception as error:  # noqa: BLE001 - handed to the callers, one way or the other
            if dependency_of(error) is not None:
                # Nobody's fault; trying each apart would only wait once more for each.
                for one in group:
                    _fail(one, error)
                return []
            # The database doesn't tell whose fault it is.
            half = len(group) // 2
            return [group[:half], group[half:]]
        for one, receipt in zip(group, receipts, strict=True):
            if not one.result.done():
                one.result.set_result(receipt)
        return []

    async def _alone(self, one: _Waiting) -> None:
        try:
            receipt = await once(self._app, one.appeal.call, partial(self._one, one.appeal))
        except Exception as error:  # noqa: BLE001 - it is the caller's, and raised there
            _fail(one, error)
            return
        if not one.result.done():
            one.result.set_result(receipt)

    async def _one(self, appeal: Appeal, work: Work) -> Receipt:
        return (await register_cases(work, [appeal], self._desk))[0]


def _fail(one: _Waiting, error: Exception) -> None:
    if not one.result.done():
        one.result.set_exception(error)
