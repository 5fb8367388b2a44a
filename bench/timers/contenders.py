"""Who is measured: the processes, what they need, and what they were set to."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

_FIRED: Final = """
SELECT timer_id, due, fired_at, pg_xact_commit_timestamp(xmin) AS committed
FROM fired WHERE timer_id >= $1 AND timer_id < $2
"""

_COUNT_FIRED: Final = "SELECT count(*) FROM fired WHERE timer_id >= $1 AND timer_id < $2"

# For case ids as clocks.py makes them: each case has one clock that can breach, once.
_BREACHED: Final = """
SELECT
    right(journal.subject_id, 12)::bigint AS timer_id, clocks.due_time AS due,
    journal.record_time AS fired_at, pg_xact_commit_timestamp(journal.xmin) AS committed
FROM sla.journal
JOIN sla.clocks ON clocks.subject_id = journal.subject_id AND clocks.kind = 'PLAN'
WHERE journal.type = 'backstop.sla.v1.ClockBreached'
    AND journal.subject_id >= 'case-' || lpad($1::bigint::text, 12, '0')
    AND journal.subject_id < 'case-' || lpad($2::bigint::text, 12, '0')
"""


_COUNT_BREACHED: Final = """
SELECT count(*) FROM sla.journal
WHERE type = 'backstop.sla.v1.ClockBreached'
    AND subject_id >= 'case-' || lpad($1::bigint::text, 12, '0')
    AND subject_id < 'case-' || lpad($2::bigint::text, 12, '0')
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """One scheduler. `packages` are those whose versions are told, the first its own.

    `firings` is a query that gives number, due time, time of the decision to fire and time of the
    commit of every firing of the timers numbered from $1 to below $2; `count` only counts them.
    """

    name: str
    title: str
    module: str
    packages: tuple[str, ...]
    settings: str
    arguments: tuple[str, ...] = ()
    # Its worker is the only process that can arm.
    arms_itself: bool = False
    uses_broker: bool = False
    # Seconds, where waiting for the usual bound is known to show nothing more.
    bound: float | None = None
    # Can be asked what looking costs, and bears as many as ours.
    looks: bool = False
    # To the goals: it must fire all, once, in time.
    held: bool = False
    python: str = ""
    firings: str = _FIRED
    count: str = _COUNT_FIRED

    def command(self, python: str, role: str) -> list[str]:
        return [self.python or python, "-m", self.module, role, *self.arguments]


_CELERY: Final = (
    "the tasks far ahead stand before the others in its queue; classic and durable, messages "
    "persistent; prefork with 2 processes (one a core), task_acks_late, no result backend; three "
    "processes, so shared memory counts three times"
)

OTHERS: Final = {
    contender.name: contender
    for contender in (
        Contender(
            "procrastinate",
            "procrastinate",
            "bench.timers.procrastinate_peer",
            ("procrastinate", "psycopg", "uvloop"),
            "`schedule_at`; concurrency 20 (default 1), fetch_job_polling_interval 0.1 s "
            "(default 5 s), listen_notify, successful jobs deleted; psycopg, uvloop",
        ),
        Contender(
            "pgqueuer",
            "pgqueuer",
            "bench.timers.pgqueuer_peer",
            ("pgqueuer", "asyncpg", "uvloop"),
            "`execute_after`; batch_size 100 (default 10), 20 connections; it sleeps until the "
            "next is due, 0.1 s at least; asyncpg, uvloop",
        ),
        Contender(
            "apscheduler",
            "APScheduler",
            "bench.timers.apscheduler_peer",
            ("apscheduler", "sqlalchemy", "psycopg"),
            "DateTrigger in SQLAlchemyJobStore; pool of 10 threads (default), "
            "misfire_grace_time None (default 1 s, after which a job is dropped); paused while "
            "it is armed, by its own process, because it doesn't see what others add",
            arms_itself=True,
        ),
        Contender(
            "celery",
            "Celery, default prefetch",
            "bench.timers.celery_peer",
            ("celery", "kombu", "psycopg"),
            f"`eta`; worker_prefetch_multiplier 4 (default); {_CELERY}",
            ("4",),
            bound=20.0,
            uses_broker=True,
        ),
        Contender(
            "celery-unlimited",
            "Celery, unlimited prefetch",
            "bench.timers.celery_peer",
            ("celery", "kombu", "psycopg"),
            f"`eta`; worker_prefetch_multiplier 0; {_CELERY}",
            ("0",),
            uses_broker=True,
        ),
    )
}


_SUITE: Final = ("asyncpg", "uvloop")
_WORKER: Final = "TimerWorker with its defaults, a pool of 4 connections"

OURS: Final = {
    contender.name: contender
    for contender in (
        Contender(
            "sla",
            "sla",
            "bench.timers.ours",
            _SUITE,
            f"{_WORKER}; armed by copying cases that the real code made",
            looks=True,
            held=True,
            python=sys.executable,
            firings=_BREACHED,
            count=_COUNT_BREACHED,
        ),
        Contender(
            "sla-relay",
            "sla, publishing",
            "bench.timers.ours",
            _SUITE,
            f"{_WORKER}; the relay in the same process stamps every fact and publishes it to "
            "quorum queues, confirmed",
            ("relay",),
            held=True,
            uses_broker=True,
            python=sys.executable,
            firings=_BREACHED,
            count=_COUNT_BREACHED,
        ),
        Contender(
            "sla-single",
            "sla, one at a time",
            "bench.timers.ours",
            _SUITE,
            "timer_batch_size 1 (default 500), as the others fire",
            ("single",),
            python=sys.executable,
            firings=_BREACHED,
            count=_COUNT_BREACHED,
        ),
    )
}
