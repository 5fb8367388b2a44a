"""pgqueuer: jobs in PostgreSQL, enqueued with execute_after."""

from __future__ import annotations

import os
import struct
import sys
import time
from datetime import timedelta
from typing import Any

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.queries import Queries

from bench.timers import aio, wire

# By default 10 are taken at a time. It sleeps until the next is due, but never less than 0.1 s;
# that isn't a setting.
BATCH = 100
CONNECTIONS = 20
_PAYLOAD = struct.Struct("!qd")


async def client() -> None:
    async with asyncpg.create_pool(os.environ[wire.DSN], min_size=1, max_size=2) as pool:
        queries = Queries(AsyncpgPoolDriver(pool))

        async def prepare() -> None:
            await queries.install()
            await pool.execute(wire.TABLE)

        async def arm(arming: wire.Arming) -> None:
            for chunk in arming.chunks(1000):
                # It takes a time from now on, and adds its own now to it a moment later.
                now = time.time()
                await queries.enqueue(
                    ["fire"] * len(chunk),
                    [_PAYLOAD.pack(timer_id, due) for timer_id, due in chunk],
                    [0] * len(chunk),
                    [timedelta(seconds=due - now) for _, due in chunk],
                )

        await aio.serve(prepare, arm)


async def worker() -> None:
    pool = await asyncpg.create_pool(os.environ[wire.DSN], min_size=4, max_size=CONNECTIONS)
    async with pool:
        queuer = PgQueuer.from_asyncpg_pool(pool)

        async def fire(job: Any) -> None:
            timer_id, due = _PAYLOAD.unpack(job.payload)
            await pool.execute(
                "INSERT INTO fired VALUES ($1, to_timestamp($2), clock_timestamp())", timer_id, due
            )

        queuer.entrypoint("fire")(fire)
        await aio.work(queuer.run(batch_size=BATCH))


if __name__ == "__main__":
    uvloop.run(client() if sys.argv[1] == "client" else worker())
