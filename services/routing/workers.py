"""The loop that follows the days: rows of the matrix begin and end at local midnight.

Nobody publishes anything then, and yet open cases have to change hands.
"""

import asyncio
from functools import partial

from chassis.actor import service_actor
from chassis.clock import CLOCK, ClockGuard, decision_time
from chassis.database import Database
from chassis.work import Work, run
from chassis.workers import loop
from services.routing.handlers.jobs import follow_the_day
from services.routing.store import directory as sites


class DayWorker:
    """Starts a site's handover when its local day has changed; run it in any number."""

    def __init__(self, database: Database, guard: ClockGuard, *, poll_seconds: float) -> None:
        self._database = database
        self._guard = guard
        self._poll_seconds = poll_seconds
        self._actor = service_actor(database.schema)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until told to stop, finishing the site in hand."""
        wake = self._database.woken(CLOCK)
        await loop("days", self.step, stop=stop, poll=self._poll_seconds, wake=wake)

    async def step(self) -> float | None:
        """Looks at every site once."""
        if not self._guard.allowed:
            return None
        async with self._database.connection() as connection:
            now = await decision_time(connection)
            known = await sites.list_sites(connection)
        for site in known:
            if site.local(now).date() > site.handover_date:
                await run(self._database, self._actor, partial(self._follow, site_id=site.site_id))
        return None

    async def _follow(self, work: Work, site_id: str) -> None:
        # A day that a lying clock has brought forward couldn't be taken back.
        if self._guard.admits(work):
            await follow_the_day(work, site_id)
