"""Lets concurrent registrations of one site share a commit, and keeps their faults apart.

While one transaction of a site is under way the next calls gather, and go together when it is
over: a lone call waits for nobody, and under load the counter's row is no queue of commits.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chassis.call import Call
from chassis.database import Database
from chassis.failures import dependency_of
from chassis.work import Receipt, Work, once, together
from services.intake.handlers.register import Appeal, Desk, register_cases

LARGEST_GROUP = 64


@dataclass(frozen=True, slots=True)
class _Waiting:
    appeal: Appeal
    result: "asyncio.Future[Receipt]"

    @property
    def key(self) -> tuple[str, str]:
        """Twins of one request must not meet in one transaction: the second is a replay."""
        return self.appeal.call.actor.subject, self.appeal.call.request_id


class Registrations:
    """Registers appeals, grouped by site; one transaction per site at a time in this process."""

    def __init__(self, app: Database, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._waiting: dict[str, list[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def register(self, appeal: Appeal) -> Receipt:
        """Returns the receipt once committed; raises what this appeal alone is to blame for."""
        site_id = appeal.command.site_id
        one = _Waiting(appeal, asyncio.get_running_loop().create_future())
        queue = self._waiting.get(site_id)
        if queue is not None:
            queue.append(one)
        else:
            self._waiting[site_id] = [one]
            task = asyncio.create_task(self._serve(site_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await one.result

    async def _serve(self, site_id: str) -> None:
        queue = self._waiting[site_id]
        try:
            while queue:
                await self._commit(site_id, _take(queue))
        finally:
            # Cancelled at a shutdown: whoever still waits is told, and nobody joins a dead queue.
            del self._waiting[site_id]
            for one in queue:
                one.result.cancel()

    async def _commit(self, site_id: str, group: list[_Waiting]) -> None:
        if len(group) < 2:
            for one in group:
                await self._alone(one)
            return
        appeals = {one.appeal.call: one.appeal for one in group}

        async def body(work: Work, calls: Sequence[Call]) -> list[Receipt]:
            chosen = [appeals[call] for call in calls]
            return await register_cases(work, chosen, self._desk)

        try:
            receipts = await together(self._app, site_id, list(appeals), body)
        except Exception as error:  # noqa: BLE001 - handed to the callers, one way or the other
            if dependency_of(error) is not None:
                # Nobody's fault; trying each alone would only wait once more for each.
                for one in group:
                    _fail(one, error)
                return
            for one in group:
                await self._alone(one)
            return
        for one, receipt in zip(group, receipts, strict=True):
            if not one.result.done():
                one.result.set_result(receipt)

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


def _take(queue: list[_Waiting]) -> list[_Waiting]:
    """Takes the next group off the queue; callers that have given up are left out."""
    group: dict[tuple[str, str], _Waiting] = {}
    left: list[_Waiting] = []
    for one in queue:
        if one.result.done():
            continue
        if len(group) < LARGEST_GROUP and one.key not in group:
            group[one.key] = one
        else:
            left.append(one)
    queue[:] = left
    return list(group.values())


def _fail(one: _Waiting, error: Exception) -> None:
    if not one.result.done():
        one.result.set_exception(error)
