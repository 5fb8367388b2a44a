"""What came of measuring one scheduler; plain enough to be written as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.timers.measure import NOTHING, Account


@dataclass(frozen=True, slots=True)
class Burst:
    """Timers due at one instant. `rate` is per second, until the last was committed.

    Where not all fired within the bound, `rate` is that of those that did within it. What each
    cost is in milliseconds of a core.
    """

    armed: int
    fired: int
    seconds: float
    rate: float
    worker_ms_each: float
    servers_ms_each: float


@dataclass(frozen=True, slots=True)
class Steady:
    """Timers due one after the other; lateness in milliseconds, of the commit."""

    armed: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_percent: float


@dataclass(frozen=True, slots=True)
class Looks:
    """What a look costs that finds nothing due, in milliseconds; medians of several rounds."""

    armed: int
    medians_ms: tuple[float, ...]

    @property
    def quickest_ms(self) -> float:
        """That of the quickest round: what else the machine does only ever adds to it."""
        return min(self.medians_ms)


@dataclass(slots=True)
class Outcome:
    """Everything about one scheduler; shares of the cores are in percent of one."""

    name: str
    title: str
    settings: str
    # To the goals.
    held: bool
    versions: dict[str, str] = field(default_factory=dict)
    background: int = 0
    arming_rate: float = 0.0
    idle_worker_percent: float = 0.0
    idle_servers_percent: float = 0.0
    start_mib: float = 0.0
    armed_mib: float = 0.0
    highest_mib: float = 0.0
    bursts: list[Burst] = field(default_factory=list)
    steadies: list[Steady] = field(default_factory=list)
    looks: list[Looks] = field(default_factory=list)
    account: Account = NOTHING
    # Why something isn't there.
    notes: list[str] = field(default_factory=list)
    broke_off: bool = False
