"""Forgets what is promised to be kept no longer, so that tables of the past don't grow for ever."""

import asyncio
from datetime import timedelta

from chassis.actor import service_actor
from chassis.database import Database
from chassis.queries import load_queries
from chassis.work import Work, run
from chassis.workers import loop

_queries = load_queries("chassis")

# A caller may repeat a request for at least this long and be told what it did.
REQUESTS_KEPT = timedelta(days=90)
_POLL_SECONDS = 3600.0
_AT_ONCE = 1000


class Housekeeping:
    """A worker that deletes request rows older than 90 days, a thousand at a time."""

    name = "housekeeping"

    def __init__(self, database: Database, *, kept: timedelta = REQUESTS_KEPT) -> None:
        self._database = database
        self._kept = kept

    async def run(self, stop: asyncio.Event) -> None:
        """Looks every hour until told to stop."""
        await loop(self.name, self.step, stop=stop, poll=_POLL_SECONDS)

    async def step(self) -> float | None:
        """Forgets up to a thousand requests; returns 0.0 when there may be more."""

        async def purge(work: Work) -> str:
            oldest = work.time - self._kept
            return await work.connection.execute(_queries.purge_requests, oldest, _AT_ONCE)

        status = await run(self._database, service_actor(self._database.schema), purge)
        return 0.0 if status.endswith(f" {_AT_ONCE}") else None
