"""Loops beside the RPCs: woken early, polling behind, patient with what is down, never silent."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from chassis import metrics
from chassis.failures import dependency_of

_log = structlog.get_logger(__name__)

# A step returns the seconds until it wants to run again: 0 = at once (there is more to do),
# None = only when woken or at the next poll.
Step = Callable[[], Awaitable[float | None]]

_FIRST_BACKOFF_SECONDS = 0.2
_LONGEST_BACKOFF_SECONDS = 15.0


class Worker(Protocol):
    """Anything that runs beside the RPCs until told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, finishes what it holds, and returns."""
        ...


async def wait_any(*events: asyncio.Event, timeout: float | None) -> None:
    """Returns as soon as one of the events is set, or after `timeout` seconds."""
    if any(event.is_set() for event in events):
        return
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def loop(
    name: str,
    step: Step,
    *,
    stop: asyncio.Event,
    poll: float,
    wake: asyncio.Event | None = None,
) -> None:
    """Runs `step` until `stop` is set.

    Between steps it sleeps until `wake` is set, the step's own delay is over or `poll` seconds
    have passed. A dependency that is down is logged once per outage and waited for with growing
    pauses; any other error is logged with its stack, counted, and the step is tried again with
    the same pauses, so that a worker neither dies nor hides a fault.
    """
    failures = 0
    while not stop.is_set():
        if wake is not None:
            wake.clear()
        try:
            delay = await step()
        except Exception as error:  # noqa: BLE001 - reported below, whatever it is
            failures += 1
            _report(name, error, failures)
            await wait_any(stop, timeout=backoff(failures))
            continue
        if failures:
            _log.info("worker_recovered", worker=name, failures=failures)
            failures = 0
        pause = poll if delay is None else min(delay, poll)
        if pause > 0:
            await wait_any(stop, *(() if wake is None else (wake,)), timeout=pause)
        else:
            await asyncio.sleep(0)


def backoff(failures: int) -> float:
    """Returns the pause after that many failures in a row: doubling, bounded, with jitter."""
    doubled = _FIRST_BACKOFF_SECONDS * (1 << min(failures - 1, 16))
    longest = min(_LONGEST_BACKOFF_SECONDS, doubled)
    return longest * random.uniform(0.5, 1.0)


def _report(name: str, error: Exception, failures: int) -> None:
    metrics.WORKER_FAILURES.labels(worker=name).inc()
    dependency = dependency_of(error)
    if dependency is None:
        _log.error("worker_failed", worker=name, failures=failures, exc_info=error)
    elif failures == 1:
        _log.warning(
            "worker_dependency_unavailable",
            worker=name,
            dependency=dependency,
            error=type(error).__name__,
        )


class LoopWorker:
    """A worker made of one step, for services that need no more than `loop`."""

    def __init__(
        self, name: str, step: Step, *, poll: float, wake: asyncio.Event | None = None
    ) -> None:
        self.name = name
        self._step = step
        self._poll = poll
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        await loop(self.name, self._step, stop=stop, poll=self._poll, wake=self._wake)
