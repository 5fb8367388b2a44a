"""The timer worker: fires what is due, in batches, never early, in as many processes as there are.

It looks for due clocks without a lock, then locks their cases (passing over those in other hands),
reads the clocks again and lets the domain decide by the transaction's own time. A crash is a
rollback: there is no state in between, and so nothing to rescue.
"""

import asyncio
from functools import partial

from chassis.actor import service_actor
from chassis.clock import ClockGuard, decision_time
from chassis.database import Database
from chassis.work import Work, run
from chassis.workers import loop
from services.sla import handlers, store

# Batches looked at together, so that workers beside one another find work of their own.
_WINDOW = 4

# Due clocks whose cases are in other hands are looked at again after this; whoever holds a case
# is done with it within milliseconds.
_IN_OTHER_HANDS_SECONDS = 0.02


class TimerWorker:
    """Sleeps until the next clock is due, and fires it; run it beside the others of its kind."""

    def __init__(
        self, database: Database, guard: ClockGuard, *, batch_size: int, poll_seconds: float
    ) -> None:
        self._database = database
        self._guard = guard
        self._batch_size = batch_size
        self._poll_seconds = poll_seconds
        self._actor = service_actor(database.schema)

    async def run(self, stop: asyncio.Event) -> None:
        """Fires until told to stop, finishing the batch in hand."""
        wake = self._database.woken(handlers.TIMERS)
        await loop("timers", self.step, stop=stop, poll=self._poll_seconds, wake=wake)

    async def step(self) -> float | None:
        """Fires one batch; returns the seconds until there is something to do again."""
        if not self._guard.allowed:
            return None
        async with self._database.connection() as connection:
            now = await decision_time(connection)
            due = await store.list_due(connection, now, self._batch_size * _WINDOW)
            if not due:
                left = await store.time_to_next(connection)
                return None if left is None else max(0.0, left.total_seconds())
        fired = await run(self._database, self._actor, partial(self._fire, case_ids=due))
        return 0.0 if fired else _IN_OTHER_HANDS_SECONDS

    async def _fire(self, work: Work, case_ids: list[str]) -> int:
        if not self._guard.admits(work):
            return 0
        for start in range(0, len(case_ids), self._batch_size):
            fired = await handlers.fire_due(work, case_ids[start : start + self._batch_size])
            if fired:
                return fired
        return 0
