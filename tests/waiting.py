"""Waiting for a condition with a deadline, instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    condition: Callable[[], Awaitable[T | None]], *, seconds: float = 20.0, what: str = "condition"
) -> T:
    """Returns the condition's first true value; AssertionError with the last one otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        value = await condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about in {seconds} s; last: {value!r}")
        await asyncio.sleep(0.02)
