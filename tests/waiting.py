"""Waiting for a condition with a deadline, instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    condition: Callable[[], Awaitable[T | None]],
    *,
    seconds: float = 20.0,
    what: str = "condition",
    every: float = 0.02,
) -> T:
    """Returns the condition's first true value, looked for each `every` seconds.

    AssertionError with the last one when the time is over first.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = await condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about in {seconds} s; last: {value!r}")
        await asyncio.sleep(every)
