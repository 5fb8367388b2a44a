"""procrastinate: jobs in PostgreSQL, deferred with schedule_at."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any

import psycopg_pool
import uvloop
from procrastinate import App, PsycopgConnector

from bench.timers import aio, wire

# By default it runs one job at a time and looks every 5 s, which is then what a scheduled job is
# late by at most.
CONCURRENCY = 20
POLL_SECONDS = 0.1

_pool: Any = None


async def fire(timer_id: int, due: float) -> None:
    async with _pool.connection() as connection:
        await connection.execute(
            "INSERT INTO fired VALUES (%s, to_timestamp(%s), clock_timestamp())", (timer_id, due)
        )


def make_app() -> Any:
    app = App(connector=PsycopgConnector(conninfo=os.environ[wire.DSN], max_size=CONCURRENCY + 4))
    app.task(name="fire")(fire)
    return app


async def client() -> None:
    app = make_app()

    async def prepare() -> None:
        await app.schema_manager.apply_schema_async()
        await app.connector.execute_query_async(wire.TABLE)

    async def arm(arming: wire.Arming) -> None:
        task = app.tasks["fire"]
        # batch_defer takes one time for all of its jobs; what it calls takes jobs with their own.
        for chunk in arming.chunks(1000):
            jobs = [
                task.configure(schedule_at=datetime.fromtimestamp(due, UTC)).make_new_job(
                    timer_id=timer_id, due=due
                )
                for timer_id, due in chunk
            ]
            await app.job_manager.batch_defer_jobs_async(jobs=jobs)

    async with app.open_async():
        await aio.serve(prepare, arm)


async def worker() -> None:
    global _pool
    app = make_app()
    pool = psycopg_pool.AsyncConnectionPool(
        os.environ[wire.DSN], min_size=4, max_size=CONCURRENCY, open=False
    )
    async with app.open_async(), pool as _pool:
        await aio.work(
            app.run_worker_async(
                concurrency=CONCURRENCY,
                fetch_job_polling_interval=POLL_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )


if __name__ == "__main__":
    uvloop.run(client() if sys.argv[1] == "client" else worker())
