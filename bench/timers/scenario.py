"""What is armed, and when it is due: the same for all, but for the sizes that are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.timers.wire import Arming

# Numbers of timers, by what they are for; the second burst goes on where the first ended.
WARM_UP_FIRST: Final = 0
BURST_FIRST: Final = 1_000_000
STEADY_FIRST: Final = 5_000_000
BACKGROUND_FIRST: Final = 100_000_000

_FAR_SECONDS: Final = 400 * 86400.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything. Times are in seconds."""

    # Of the others; ours are `ours_background`.
    background: int
    # In this order, one after the other: what looking costs is measured at each.
    ours_background: tuple[int, ...]
    burst: int
    # A further one is begun only while those before took less than `bursts_seconds`.
    bursts: int
    bursts_seconds: float
    # How long what is due is waited for.
    bound: float
    steady_rate: int
    steady_seconds: float
    idle_seconds: float
    # Who isn't begun with by then isn't measured.
    run_seconds: float
    polls: int
    contenders: tuple[str, ...]

    @property
    def steady(self) -> int:
        return round(self.steady_rate * self.steady_seconds)


LONG: Final = Sizes(
    background=5_000,
    ours_background=(10_000, 1_000_000),
    burst=10_000,
    bursts=1,
    bursts_seconds=0.0,
    bound=30.0,
    steady_rate=200,
    steady_seconds=10.0,
    idle_seconds=3.0,
    run_seconds=600.0,
    polls=300,
    contenders=(
        "sla",
        "sla-relay",
        "procrastinate",
        "pgqueuer",
        "apscheduler",
        "celery",
        "celery-unlimited",
    ),
)

SHORT: Final = Sizes(
    background=500,
    ours_background=(500, 5_000),
    burst=300,
    bursts=1,
    bursts_seconds=0.0,
    bound=15.0,
    steady_rate=100,
    steady_seconds=2.0,
    idle_seconds=1.0,
    run_seconds=60.0,
    polls=50,
    contenders=("sla", "procrastinate"),
)


def warm_up(now: float) -> Arming:
    """A few, so that whoever is measured has its connections open."""
    return Arming(WARM_UP_FIRST, 50, now + 1.0)


def background(count: int, now: float, first: int = 0) -> Arming:
    """Timers that nobody will see fire, a second apart, from more than a year ahead."""
    return Arming(BACKGROUND_FIRST + first, count, now + _FAR_SECONDS + first, 1.0)


def burst(sizes: Sizes, number: int, now: float, lead: float) -> Arming:
    """All due at one instant, `lead` seconds ahead: as long as arming them takes."""
    return Arming(BURST_FIRST + number * sizes.burst, sizes.burst, now + lead)


def steady(sizes: Sizes, number: int, now: float, lead: float) -> Arming:
    """One after the other, evenly."""
    return Arming(
        STEADY_FIRST + number * sizes.steady, sizes.steady, now + lead, 1.0 / sizes.steady_rate
    )
