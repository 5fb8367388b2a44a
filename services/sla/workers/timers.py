"""The timer worker: fires what is due, in batches, never early, in as many processes as there are.

It looks for due clocks without a lock, then locks their cases and units (passing over those in
other hands), reads the clocks again and lets the domain decide by the transaction's own time. A
crash is a rollback: there is no state in between, and so nothing to rescue. A case that fails is
fired alone and set aside for a while, so that a fault in one case holds up no other's deadline.

Of a backlog two batches are in hand at a time: while the database writes one, the other is judged.

Nothing fires before the facts that waited in the queue have been heard: after an outage most of
them say that what is due was done in time.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial

import structlog
from prometheus_client import Counter, Histogram

from chassis.actor import service_actor
from chassis.clock import ClockGuard, decision_time
from chassis.database import Database
from chassis.failures import dependency_of, is_retryable
from chassis.inbox import InboxState
from chassis.work import Work, run
from chassis.workers import loop
from services.sla.handlers.facts import TIMERS
from services.sla.handlers.timers import fire_due
from services.sla.store.timers import list_due, time_to_next

_log = structlog.get_logger(__name__)

FIRED = Counter("backstop_timers_fired", "Warnings and deadlines that fired.")
FAILED = Counter("backstop_timers_failed", "Tries to fire a case's clocks that failed.")
# From the goal for the median to an outage of a day.
LATENESS_SECONDS = Histogram(
    "backstop_timer_lateness_seconds",
    "From when the oldest clock of a batch was to fire to its transaction.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 60, 3600, 86400),
)

# Batches looked for at once; those of which another worker has every case are passed over.
_BATCHES = 4
_LANES = 2

# Due clocks whose cases are in other hands are looked at again after this; whoever holds a case
# is done with it within milliseconds.
_IN_OTHER_HANDS_SECONDS = 0.02

# A case that can't be fired keeps nobody waiting: it is tried again after this, and logged again.
_SET_ASIDE_SECONDS = 60.0

# A broker that stays away must not stop deadlines for ever.
_MOST_HELD_SECONDS = 600.0


class TimerWorker:
    """Sleeps until the next clock is due, and fires it; run it beside the others of its kind."""

    def __init__(
        self,
        database: Database,
        guard: ClockGuard,
        inbox: InboxState,
        *,
        batch_size: int,
        poll_seconds: float,
    ) -> None:
        self._database = database
        self._guard = guard
        self._inbox = inbox
        self._batch_size = batch_size
        self._poll_seconds = poll_seconds
        self._actor = service_actor(database.schema)
        # Subjects that failed, and when on the monotonic clock they may be tried again.
        self._aside: dict[str, float] = {}
        # Firing without having heard what waits.
        self._deaf = False

    async def run(self, stop: asyncio.Event) -> None:
        """Fires until told to stop, finishing the batch in hand."""
        wake = self._database.woken(TIMERS)
        self._inbox.watch(wake)
        await loop("timers", self.step, stop=stop, poll=self._poll_seconds, wake=wake)

    async def step(self) -> float | None:
        """Fires what is due, some batches of it; returns the seconds until there is more to do."""
        if not (self._guard.allowed and self._has_heard()):
            return None
        aside = self._set_aside()
        async with self._database.connection() as connection:
            now = await decision_time(connection)
            due = await list_due(connection, now, self._batch_size * _BATCHES, aside)
            if not due:
                left = await time_to_next(connection, aside)
                return None if left is None else max(0.0, left.total_seconds())
        return 0.0 if await self._fire_all(due) else _IN_OTHER_HANDS_SECONDS

    async def _fire_all(self, due: Mapping[str, datetime]) -> int:
        subject_ids = list(due)
        size = self._batch_size
        batches = iter([subject_ids[n : n + size] for n in range(0, len(subject_ids), size)])

        async def lane() -> int:
            return sum([await self._fire(batch, due[batch[0]]) for batch in batches])

        lanes = [asyncio.create_task(lane()) for _ in range(_LANES)]
        try:
            return sum(await asyncio.gather(*lanes))
        finally:
            for task in lanes:
                task.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _fire(self, subject_ids: list[str], due_time: datetime) -> int:
        try:
            fired, time = await run(
                self._database, self._actor, partial(self._fire_batch, subject_ids=subject_ids)
            )
        except Exception as error:
            if dependency_of(error) or is_retryable(error):
                raise
            # One of them can't be fired. The others can.
            return await self._fire_alone(subject_ids)
        if fired:
            FIRED.inc(fired)
            LATENESS_SECONDS.observe((time - due_time).total_seconds())
        return fired

    async def _fire_batch(self, work: Work, subject_ids: list[str]) -> tuple[int, datetime]:
        fired = await fire_due(work, subject_ids) if self._guard.admits(work) else 0
        return fired, work.time

    async def _fire_alone(self, subject_ids: list[str]) -> int:
        fired = 0
        for subject_id in subject_ids:
            try:
                one, _ = await run(
                    self._database, self._actor, partial(self._fire_batch, subject_ids=[subject_id])
                )
                fired += one
            except Exception as error:
                if dependency_of(error) or is_retryable(error):
                    raise
                FAILED.inc()
                _log.error("timer_failed", subject_id=subject_id, exc_info=error)
                self._aside[subject_id] = time.monotonic() + _SET_ASIDE_SECONDS
        FIRED.inc(fired)
        return fired

    def _has_heard(self) -> bool:
        if self._inbox.caught_up:
            self._deaf = False
            return True
        if self._inbox.held_seconds <= _MOST_HELD_SECONDS:
            return False
        if not self._deaf:
            _log.warning("timers_fire_without_facts", held_seconds=self._inbox.held_seconds)
            self._deaf = True
        return True

    def _set_aside(self) -> list[str]:
        now = time.monotonic()
        self._aside = {
            subject_id: until for subject_id, until in self._aside.items() if until > now
        }
        return list(self._aside)
