"""What the processes that run on an event loop have in common; needs no library of anyone's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench.timers import wire


async def serve(
    prepare: Callable[[], Awaitable[None]], arm: Callable[[wire.Arming], Awaitable[None]]
) -> None:
    """Prepares and arms as it is asked to, telling the seconds it took."""
    loop = asyncio.get_running_loop()
    asked = wire.commands()
    while command := await loop.run_in_executor(None, next, asked, None):
        begin = time.monotonic()
        if command["do"] == "prepare":
            await prepare()
        else:
            await arm(wire.Arming.of(command))
        wire.answer(seconds=time.monotonic() - begin)


async def work(running: Awaitable[Any]) -> None:
    """Runs a worker until the bench wants it to end; raises what the worker raised."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(running)

    def end() -> None:
        loop.call_soon_threadsafe(task.cancel)

    wire.until_closed(end)
    wire.answer(ready=True)
    try:
        await task
    except asyncio.CancelledError:
        return
