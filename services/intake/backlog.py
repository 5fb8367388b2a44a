"""Tells whether the suite is behind with intake's facts, so that live cases go before imports."""

import asyncio

from chassis import feed
from chassis.actor import service_actor
from chassis.database import Database

# The lag grows by a second in a second; looking more often shows nothing new.
FRESH_SECONDS = 1.0


class Backlog:
    """How long facts wait to be published; asked of the database at most once a second."""

    def __init__(self, worker: Database, threshold_seconds: float) -> None:
        self._worker = worker
        self._threshold = threshold_seconds
        self._lock = asyncio.Lock()
        self._looked = float("-inf")
        self._lag = 0.0

    async def behind(self) -> bool:
        """Tells whether the oldest fact that isn't published has waited for too long."""
        clock = asyncio.get_running_loop().time
        async with self._lock:
            if clock() - self._looked >= FRESH_SECONDS:
                async with self._worker.read(service_actor(self._worker.schema)) as connection:
                    self._lag = (await feed.relay_lag(connection)).total_seconds()
                self._looked = clock()
        return self._lag > self._threshold
