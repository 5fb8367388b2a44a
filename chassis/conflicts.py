"""Runs a transaction again when another one was in its way."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from chassis.failures import is_retryable

T = TypeVar("T")

# Conflicts pass when the other transaction is over; more tries than these mean a design fault.
CONFLICT_TRIES = 6


async def trying(attempt: Callable[[], Awaitable[T]]) -> T:
    """Returns what `attempt` returns, a transaction that is run again after a conflict."""
    for number in range(1, CONFLICT_TRIES):
        try:
            return await attempt()
        except asyncpg.UniqueViolationError as error:
            # A twin of this request committed while we worked: the next try replays it.
            if error.constraint_name != "requests_pkey":
                raise
        except Exception as error:
            if not is_retryable(error):
                raise
            await asyncio.sleep(random.uniform(0, 0.005 * 2**number))
    return await attempt()
