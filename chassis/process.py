"""The life of a process: an event loop, signals that ask it to end, workers that outlive faults."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
import uvloop

from chassis import metrics
from chassis.workers import Worker, backoff, wait_any

_log = structlog.get_logger(__name__)


def run_until_signal(body: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    """Runs `body` on a uvloop; its event is set by SIGTERM or SIGINT. Returns its exit code."""

    async def with_signals() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _asked_to_end, stop, number)
        return await body(stop)

    return uvloop.run(with_signals())


def _asked_to_end(stop: asyncio.Event, number: signal.Signals) -> None:
    _log.info("stopping", signal=number.name)
    stop.set()


class WorkerGroup:
    """Workers that start and stop together.

    One that raises is logged and started again with growing pauses: the group ends only when it
    is told to, so that one faulty loop doesn't take the RPCs with it.
    """

    def __init__(self, name: str, workers: Sequence[Worker]) -> None:
        self._name = name
        self._workers = tuple(workers)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts every worker as a task of its own."""
        for worker in self._workers:
            name = worker_name(worker)
            task = asyncio.create_task(self._keep_running(name, worker), name=f"worker:{name}")
            self._tasks.append(task)

    async def stop(self, grace: float) -> None:
        """Tells the workers to finish what they hold; cancels those that need over `grace` s."""
        self._stop.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=grace)
        for task in late:
            _log.warning("worker_cancelled", worker=task.get_name(), group=self._name)
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_running(self, name: str, worker: Worker) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                await worker.run(self._stop)
            except Exception as error:  # noqa: BLE001 - logged, counted, and tried again
                failures += 1
                metrics.WORKERS_RESTARTED.labels(worker=name).inc()
                _log.error("worker_died", worker=name, failures=failures, exc_info=error)
                await wait_any(self._stop, timeout=backoff(failures))
            else:
                return


def worker_name(worker: Any) -> str:
    """Returns a worker's own name, or that of its class."""
    return str(getattr(worker, "name", type(worker).__name__))
