"""APScheduler 3: jobs with a DateTrigger in SQLAlchemyJobStore.

Its scheduler doesn't see what another process adds, so here the worker arms.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

import psycopg
import psycopg_pool
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from bench.timers import wire

# As many as by default.
THREADS = 10


@functools.cache
def pool() -> Any:
    return psycopg_pool.ConnectionPool(
        os.environ[wire.DSN], min_size=THREADS, max_size=THREADS, open=True
    )


def fire(timer_id: int, due: float) -> None:
    with pool().connection() as connection:
        connection.execute(
            "INSERT INTO fired VALUES (%s, to_timestamp(%s), clock_timestamp())", (timer_id, due)
        )


def make_scheduler() -> Any:
    url = os.environ[wire.DSN].replace("postgresql://", "postgresql+psycopg://", 1)
    return BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(url=url)},
        executors={"default": ThreadPoolExecutor(THREADS)},
        # By default what is more than a second late is dropped.
        job_defaults={"misfire_grace_time": None},
        timezone=UTC,
    )


def arm(scheduler: Any, arming: wire.Arming) -> None:
    # Each job would wake the scheduler.
    scheduler.pause()
    for timer_id, due in arming.timers():
        scheduler.add_job(
            "bench.timers.apscheduler_peer:fire",
            "date",
            run_date=datetime.fromtimestamp(due, UTC),
            args=(timer_id, due),
            id=str(timer_id),
        )
    scheduler.resume()


def client() -> None:
    for _ in wire.commands():
        with psycopg.connect(os.environ[wire.DSN]) as connection:
            connection.execute(wire.TABLE)
        wire.answer(seconds=0.0)


def worker() -> None:
    scheduler = make_scheduler()
    scheduler.start()
    wire.answer(ready=True)
    for command in wire.commands():
        begin = time.monotonic()
        arm(scheduler, wire.Arming.of(command))
        wire.answer(seconds=time.monotonic() - begin)
    scheduler.shutdown(wait=False)


if __name__ == "__main__":
    client() if sys.argv[1] == "client" else worker()
