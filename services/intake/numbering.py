"""Gives running numbers in blocks, for sites that would rather skip numbers than wait for them.

A block is reserved in a transaction of its own, so that no registration holds the counter's row
while it commits. What a process hasn't given when it ends, or gave to a registration that failed,
is skipped for good. Two processes have different blocks: no number is given twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from chassis.actor import service_actor
from chassis.database import Database
from chassis.work import Work, run
from services.intake.store import registrations

BLOCK = 20


@dataclass(slots=True)
class _Store:
    """What is left of a site's block of a day; `lock` is held while another is fetched."""

    day: date
    left: list[int] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Numbers:
    """The blocks of one process. `worker` is another pool than that of the registrations.

    They wait here with a connection in hand; were the blocks fetched over the same pool, all of
    them could wait for each other.
    """

    def __init__(self, worker: Database) -> None:
        self._worker = worker
        self._stores: dict[str, _Store] = {}

    async def take(self, site_id: str, day: date, count: int) -> Sequence[int]:
        """Returns `count` numbers of a site's local day, ascending; some may lie in between."""
        store = self._stores.get(site_id)
        if store is None or store.day < day:
            store = self._stores[site_id] = _Store(day)
        elif store.day > day:
            # A registration of the day before that commits after midnight: a rare one.
            return await self._reserve(site_id, day, count)
        async with store.lock:
            if len(store.left) < count:
                store.left += await self._reserve(site_id, day, max(BLOCK, count))
            given, store.left = store.left[:count], store.left[count:]
        return given

    async def _reserve(self, site_id: str, day: date, count: int) -> list[int]:
        async def body(work: Work) -> int:
            return await registrations.take_numbers(
                work.connection, site_id, day, count, blocks=True
            )

        first = await run(self._worker, service_actor(self._worker.schema), body)
        return list(range(first, first + count))
