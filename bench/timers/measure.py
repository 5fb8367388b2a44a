"""What is made of the firings that a scheduler left in its database."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Firing:
    """One timer fired once. `decided` is when it was fired, `committed` when that was durable."""

    timer_id: int
    due: datetime
    decided: datetime
    committed: datetime

    @property
    def late(self) -> float:
        """Seconds from the due time to the commit."""
        return (self.committed - self.due).total_seconds()


@dataclass(frozen=True, slots=True)
class Account:
    """How many of the armed timers fired before their time, never, or more than once."""

    armed: int
    early: int
    missing: int
    doubled: int

    @property
    def sound(self) -> bool:
        """Tells whether each fired once, and none before its time."""
        return not (self.early or self.missing or self.doubled)

    def __add__(self, other: Account) -> Account:
        return Account(
            self.armed + other.armed,
            self.early + other.early,
            self.missing + other.missing,
            self.doubled + other.doubled,
        )


NOTHING = Account(0, 0, 0, 0)


def account(armed: int, firings: Sequence[Firing]) -> Account:
    """Checks firings of `armed` timers against what was asked."""
    times = Counter(firing.timer_id for firing in firings)
    return Account(
        armed,
        sum(firing.decided < firing.due for firing in firings),
        armed - len(times),
        sum(count - 1 for count in times.values()),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the smallest value that `share` of them don't exceed; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
