"""Wakes those who watch a site's feed: one listener in this process for all of them.

A watcher reads the feed by its own place in it, so nothing is kept for anyone: who reads slowly
has the reading before them, not a buffer behind them.
"""

import asyncio

from chassis.database import Database
from chassis.feed import STAMPED


class Pulse:
    """Beats whenever facts have been given their places in the feed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beat = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def next(self) -> asyncio.Event:
        """Returns the event that the next beat sets; take it before looking at the feed."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen(self._database.woken(STAMPED)))
        return self._beat

    async def _listen(self, stamped: asyncio.Event) -> None:
        while True:
            await stamped.wait()
            stamped.clear()
            beat, self._beat = self._beat, asyncio.Event()
            beat.set()

    async def close(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
