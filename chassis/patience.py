"""Waiting at start for what starts beside us, a bounded time and with a word in the log."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from chassis.failures import dependency_of
from chassis.workers import backoff, wait_any

T = TypeVar("T")

_log = structlog.get_logger(__name__)

# PostgreSQL's crash recovery and RabbitMQ's start take tens of seconds on a small box.
PATIENCE_SECONDS = 60.0


class StoppedWaiting(Exception):
    """The process was told to end while it waited."""


async def patiently(
    attempt: Callable[[], Awaitable[T]],
    *,
    stop: asyncio.Event | None = None,
    limit: float = PATIENCE_SECONDS,
) -> T:
    """Returns what `attempt` returns, trying again while a dependency is away.

    Raises the last error after `limit` seconds, any other error at once, and StoppedWaiting when
    `stop` is set meanwhile.
    """
    stop = stop or asyncio.Event()
    started = time.monotonic()
    failures = 0
    while True:
        try:
            return await attempt()
        except Exception as error:
            dependency = dependency_of(error)
            waited = time.monotonic() - started
            if dependency is None or waited >= limit:
                raise
            failures += 1
            if failures & (failures - 1) == 0:
                _log.warning(
                    "waiting_for_dependency",
                    dependency=dependency,
                    error=type(error).__name__,
                    waited_seconds=round(waited, 1),
                    limit_seconds=limit,
                )
        await wait_any(stop, timeout=min(backoff(failures), 2.0))
        if stop.is_set():
            raise StoppedWaiting
