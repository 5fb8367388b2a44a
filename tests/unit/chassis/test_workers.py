"""Loops wake early, poll behind, outlive faults and end when told to."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chassis import metrics
from chassis.patience import StoppedWaiting, patiently
from chassis.process import WorkerGroup
from chassis.workers import LoopWorker, backoff, loop, wait_any

Step = Callable[[], Awaitable[float | None]]


class Steps:
    """A step that does what it is told, in order, and then sets `done`."""

    def __init__(self, *plan: float | Exception | None) -> None:
        self._plan = list(plan)
        self.taken = 0
        self.begun = asyncio.Event()
        self.done = asyncio.Event()

    async def __call__(self) -> float | None:
        self.taken += 1
        self.begun.set()
        if not self._plan:
            self.done.set()
            return None
        now = self._plan.pop(0)
        if isinstance(now, Exception):
            raise now
        return now


async def run_until_done(step: Steps, wake: asyncio.Event | None = None) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(loop("test", step, stop=stop, poll=600, wake=wake))
    async with asyncio.timeout(10):
        await step.done.wait()
        stop.set()
        await task


async def test_zero_means_more_to_do() -> None:
    step = Steps(0.0, 0.0, 0.0)
    await run_until_done(step)
    assert step.taken == 4


async def test_own_delay_comes_before_the_poll() -> None:
    await run_until_done(Steps(0.01))


async def test_waking_comes_before_the_poll() -> None:
    wake = asyncio.Event()
    step = Steps(None)
    stop = asyncio.Event()
    task = asyncio.create_task(loop("test", step, stop=stop, poll=600, wake=wake))
    async with asyncio.timeout(10):
        await step.begun.wait()
        wake.set()
        await step.done.wait()
        stop.set()
        await task
    assert step.taken == 2


async def test_waking_during_a_step_is_not_lost() -> None:
    wake = asyncio.Event()
    seen = 0
    done = asyncio.Event()

    async def step() -> float | None:
        nonlocal seen
        seen += 1
        if seen == 1:
            wake.set()
        else:
            done.set()
        return None

    stop = asyncio.Event()
    task = asyncio.create_task(loop("test", step, stop=stop, poll=600, wake=wake))
    async with asyncio.timeout(10):
        await done.wait()
        stop.set()
        await task


async def test_faults_are_counted_and_tried_again() -> None:
    counter = metrics.WORKER_FAILURES.labels(worker="test")
    before = counter._value.get()
    await run_until_done(Steps(ValueError("boom"), ConnectionRefusedError(111, "refused")))
    assert counter._value.get() == before + 2


async def test_stop_ends_the_pause_after_a_fault() -> None:
    stop = asyncio.Event()
    failing = asyncio.Event()

    async def step() -> float | None:
        failing.set()
        raise ValueError("boom")

    task = asyncio.create_task(loop("test", step, stop=stop, poll=600))
    async with asyncio.timeout(10):
        await failing.wait()
        stop.set()
        await task


def test_pauses_grow_and_are_bounded() -> None:
    assert all(0.1 <= backoff(1) <= 0.2 for _ in range(100))
    assert all(7.5 <= backoff(failures) <= 15.0 for failures in range(8, 2_000, 97))


async def test_wait_any_leaves_no_task_behind() -> None:
    event = asyncio.Event()
    before = len(asyncio.all_tasks())
    await wait_any(event, asyncio.Event(), timeout=0.001)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


class Dying:
    """A worker that dies as often as it is told, then runs until stopped."""

    name = "dying"

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        self.alive = asyncio.Event()
        self.ended = False

    async def run(self, stop: asyncio.Event) -> None:
        if self.deaths:
            self.deaths -= 1
            raise ValueError("boom")
        self.alive.set()
        await stop.wait()
        self.ended = True


async def test_worker_that_dies_is_started_again() -> None:
    worker = Dying(2)
    group = WorkerGroup("test", [worker])
    group.start()
    async with asyncio.timeout(10):
        await worker.alive.wait()
        await group.stop(5)
    assert worker.ended


async def test_worker_that_never_ends_is_cancelled_after_the_grace() -> None:
    class Stubborn:
        cancelled = False

        async def run(self, stop: asyncio.Event) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                Stubborn.cancelled = True
                raise

    group = WorkerGroup("test", [Stubborn(), LoopWorker("idle", Steps(), poll=600)])
    group.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await group.stop(0.05)
    assert Stubborn.cancelled


async def test_patience_waits_for_a_dependency() -> None:
    attempts = 0

    async def attempt() -> str:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise ConnectionRefusedError(111, "refused")
        return "open"

    async with asyncio.timeout(10):
        assert await patiently(attempt) == "open"
    assert attempts == 3


async def test_patience_is_bounded() -> None:
    async def attempt() -> None:
        raise ConnectionRefusedError(111, "refused")

    with pytest.raises(ConnectionRefusedError):
        await patiently(attempt, limit=0.0)


async def test_patience_doesnt_wait_for_what_never_heals() -> None:
    async def attempt() -> None:
        raise PermissionError(13, "denied")

    with pytest.raises(PermissionError):
        await patiently(attempt)


async def test_stop_ends_the_patience() -> None:
    stop = asyncio.Event()
    stop.set()

    async def attempt() -> None:
        raise ConnectionRefusedError(111, "refused")

    with pytest.raises(StoppedWaiting):
        await patiently(attempt, stop=stop)
