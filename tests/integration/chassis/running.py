"""Workers that run beside a test and are stopped with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.workers import Worker


@asynccontextmanager
async def running(*workers: Worker) -> AsyncIterator[None]:
    """Runs workers; told to stop at the end, they have ten seconds to come to it."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    try:
        yield
    finally:
        stop.set()
        _, late = await asyncio.wait(tasks, timeout=10)
        for task in late:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert not late, "a worker did not stop when it was told to"
    for result in results:
        if isinstance(result, BaseException):
            raise result
