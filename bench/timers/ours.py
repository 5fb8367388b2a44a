"""The suite's own timers: a real TimerWorker over a migrated sla schema, in a process of its own.

    python -m bench.timers.ours client|worker [relay] [single]

The worker is what `serve` runs, with its defaults; with the relay, the facts it records are also
stamped, published and confirmed, in the same process as in the service.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import uvloop

from bench.timers import clocks, wire
from chassis.broker import Broker
from chassis.clock import ClockGuard
from chassis.database import Database
from chassis.inbox import InboxState
from chassis.migrations import migrate
from chassis.process import WorkerGroup
from chassis.provision import provision, roles_of
from chassis.relay import Relay
from chassis.telemetry import configure_logging
from chassis.workers import Worker
from services.sla.settings import Settings
from services.sla.workers.timers import TimerWorker
from services.topology import BINDINGS

_SERVICE: Final = "sla"
# Of servers that are erased after the run.
_PASSWORD: Final = "bench"  # noqa: S105
_GRACE_SECONDS: Final = 10.0


def _role_dsn(kind: str) -> str:
    parts = urlsplit(os.environ[wire.DSN])
    address = parts.netloc.rpartition("@")[2]
    role = f"backstop_{_SERVICE}_{kind}"
    return parts._replace(netloc=f"{role}:{_PASSWORD}@{address}").geturl()


def _setting(name: str) -> Any:
    return Settings.model_fields[name].get_default()


async def _open() -> Database:
    return await Database.open(
        _role_dsn("worker"), schema=_SERVICE, size=max(2, _setting("pool_size") // 2)
    )


async def _timers(database: Database, batch_size: int) -> tuple[ClockGuard, TimerWorker]:
    """A timer worker as the service composes it, which waits for no facts."""
    guard = ClockGuard(database)
    await guard.look()
    worker = TimerWorker(
        database,
        guard,
        InboxState(caught_up=True),
        batch_size=batch_size,
        poll_seconds=_setting("timer_poll_seconds"),
    )
    return guard, worker


async def _prepare() -> None:
    admin_dsn = os.environ[wire.DSN]
    database = urlsplit(admin_dsn).path[1:]
    passwords = dict.fromkeys(roles_of([_SERVICE]), _PASSWORD)
    await provision(admin_dsn, [_SERVICE], passwords, database=database)
    await migrate(_role_dsn("owner"), _SERVICE, "services.sla", demonstration=False)
    await Broker(os.environ[wire.AMQP], _SERVICE).declare(BINDINGS)
    opened = await _open()
    try:
        await clocks.make_templates(opened)
    finally:
        await opened.close()


async def _look(rounds: int, count: int) -> list[float]:
    """Returns the median milliseconds of a look that finds nothing due, of each round."""
    opened = await _open()
    try:
        _, timers = await _timers(opened, _setting("timer_batch_size"))
        medians = []
        for _ in range(rounds):
            taken = []
            for _ in range(count):
                begun = time.perf_counter()
                delay = await timers.step()
                taken.append(1000 * (time.perf_counter() - begun))
                if delay == 0.0:
                    raise RuntimeError("something was due")
            medians.append(statistics.median(taken))
        return medians
    finally:
        await opened.close()


async def client() -> None:
    loop = asyncio.get_running_loop()
    asked = wire.commands()
    while command := await loop.run_in_executor(None, next, asked, None):
        begun = time.monotonic()
        medians: list[float] = []
        if command["do"] == "prepare":
            await _prepare()
        elif command["do"] == "look":
            medians = await _look(command["rounds"], command["count"])
        else:
            await clocks.arm(os.environ[wire.DSN], wire.Arming.of(command))
        wire.answer(seconds=time.monotonic() - begun, medians_ms=medians)


async def worker(manners: Collection[str]) -> None:
    opened = await _open()
    batch_size = 1 if "single" in manners else _setting("timer_batch_size")
    guard, timers = await _timers(opened, batch_size)
    workers: list[Worker] = [guard, timers]
    if "relay" in manners:
        workers.append(Relay(opened, Broker(os.environ[wire.AMQP], _SERVICE), BINDINGS))
    group = WorkerGroup("bench", workers)
    group.start()
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()

    def close() -> None:
        loop.call_soon_threadsafe(closed.set)

    wire.until_closed(close)
    wire.answer(ready=True)
    with suppress(asyncio.CancelledError):
        await closed.wait()
    await group.stop(_GRACE_SECONDS)
    await opened.close()


if __name__ == "__main__":
    configure_logging(_SERVICE, level="warning", stream=sys.stderr)
    if sys.argv[1] == "client":
        uvloop.run(client())
    else:
        uvloop.run(worker(sys.argv[2:]))
