"""Work over many subjects, in steps that each commit, so that a crash loses no more than one.

A fact that concerns thousands of subjects only adds a job; a worker takes it up, ≤ 500 subjects
per transaction, and keeps the place it has come to with the same commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import asyncpg
import structlog

from chassis import metrics
from chassis.actor import service_actor
from chassis.database import Database
from chassis.failures import dependency_of, is_retryable
from chassis.queries import load_queries
from chassis.work import JOBS, Work, run
from chassis.workers import loop

_log = structlog.get_logger(__name__)
_queries = load_queries("chassis", "sql/jobs.sql")

MAX_SUBJECTS_PER_STEP = 500
_POLL_SECONDS = 2.0
_FIRST_DELAY = timedelta(seconds=1)
_LAST_DELAY = timedelta(minutes=5)


@dataclass(slots=True)
class Job:
    """A job in a worker's hand; its row is locked.

    `cursor` is where the last step ended, empty at first. A step may set `done` and `total`.
    """

    job_id: str
    site_id: str
    kind: str
    payload: bytes
    cursor: str
    done: int
    total: int


# Does the next ≤ 500 subjects and returns the new cursor, or None when nothing is left.
JobStep: TypeAlias = Callable[[Work, Job], Awaitable[str | None]]


class JobRunner:
    """A worker that runs the steps of open jobs, taking turns between jobs."""

    def __init__(
        self, database: Database, steps: Mapping[str, JobStep], *, poll: float = _POLL_SECONDS
    ) -> None:
        self._database = database
        self._steps = dict(steps)
        self._poll = poll
        self._actor = service_actor(database.schema)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until told to stop, finishing the step in hand."""
        if self._steps:
            wake = self._database.woken(JOBS)
            await loop("jobs", self.step, stop=stop, poll=self._poll, wake=wake)

    async def step(self) -> float | None:
        """Runs one step of one job; returns 0.0 when there may be more, None when none is due."""
        taken: list[str] = []
        try:
            kind = await run(self._database, self._actor, lambda work: self._one(work, taken))
        except Exception as error:
            if not taken or dependency_of(error) or is_retryable(error):
                raise
            _log.error("job_step_failed", job_id=taken[-1], exc_info=error)
            await self._delay(taken[-1])
            return 0.0
        if kind is None:
            return None
        metrics.JOB_STEPS.labels(kind=kind).inc()
        return 0.0

    async def _one(self, work: Work, taken: list[str]) -> str | None:
        row = await work.connection.fetchrow(_queries.take_job, work.time, list(self._steps))
        if row is None:
            return None
        taken.append(row["job_id"])
        job = _job(row)
        cursor = await self._steps[job.kind](work, job)
        if cursor is None:
            await work.connection.execute(
                _queries.finish_job, job.job_id, job.done, job.total, work.time
            )
        else:
            await work.connection.execute(
                _queries.advance_job, job.job_id, cursor, job.done, job.total, work.time
            )
            work.wake(JOBS)
        return job.kind

    async def _delay(self, job_id: str) -> None:
        async def delay(work: Work) -> None:
            row = await work.connection.fetchrow(_queries.lock_job, job_id)
            if row is not None:
                pause = min(_LAST_DELAY, _FIRST_DELAY * 2 ** min(row["failure_count"], 16))
                await work.connection.execute(_queries.delay_job, job_id, work.time + pause)

        await run(self._database, self._actor, delay)


def _job(row: asyncpg.Record) -> Job:
    return Job(
        job_id=row["job_id"],
        site_id=row["site_id"],
        kind=row["kind"],
        payload=row["payload"],
        cursor=row["cursor"],
        done=row["done_count"],
        total=row["total_count"],
    )
