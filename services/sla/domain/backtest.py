"""What would have gone otherwise under other terms: a case played twice, clock beside clock.

Reminders and pauses are left out on both sides: they follow the others, and nobody answers for
them.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from services.sla.domain.acts import (
    Assigned,
    Deescalated,
    Escalated,
    Instructed,
    Logged,
    Registered,
)
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import ClockKind, Consequence
from services.sla.domain.policy import Policy, Profile, Terms
from services.sla.domain.replay import Simulation

_LEFT_OUT = (ClockKind.REMINDER, ClockKind.PAUSE)
_NAMES_SOMEONE = (Registered, Assigned, Escalated, Deescalated, Instructed)


class Grouping(StrEnum):
    """By what the clocks of a backtest are counted."""

    CLOCK = "CLOCK"
    UNIT = "UNIT"
    STEWARD = "STEWARD"


@dataclass(slots=True)
class Counts:
    """How much there was of each; `escalations` are climbs of the ladder."""

    clocks: int = 0
    warnings: int = 0
    breaches: int = 0
    escalations: int = 0

    def add(self, other: "Counts") -> None:
        """Adds what another has counted."""
        self.clocks += other.clocks
        self.warnings += other.warnings
        self.breaches += other.breaches
        self.escalations += other.escalations


@dataclass(slots=True)
class Sides:
    """What was counted under the present terms, and under the other ones."""

    before: Counts = field(default_factory=Counts)
    after: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answered for a case: its unit, its steward, and who had to move."""

    unit_id: str = ""
    steward: str = ""
    accountable: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A clock that would have gone otherwise, and who answered for its case at the deadline.

    A side is None where the clock would not have run.
    """

    case_id: str
    before: Clock | None
    after: Clock | None
    answering: Answering


class Tally:
    """What was counted so far, of any number of cases. It can be sent to another process."""

    __slots__ = ("_groups", "cases", "differences", "total")

    def __init__(self) -> None:
        self.cases = 0
        self.differences = 0
        self.total = Sides()
        self._groups: dict[Grouping, dict[str, Sides]] = {grouping: {} for grouping in Grouping}

    def groups(self, grouping: Grouping) -> Mapping[str, Sides]:
        """Returns what was counted by key, in the order of the keys."""
        return dict(sorted(self._groups[grouping].items()))

    def add(
        self, logged: Sequence[Logged], before: Simulation, after: Simulation
    ) -> list[Difference]:
        """Counts a case whose acts went these two ways; returns what differs, by deadline."""
        watch = _Watch(logged)
        differences = [] if after is before else list(_differences(before, after, watch))
        self.cases += 1
        self.differences += len(differences)
        self._count(before, watch, attrgetter("before"))
        self._count(after, watch, attrgetter("after"))
        return differences

    def merge(self, other: "Tally") -> None:
        """Counts what another has counted."""
        self.cases += other.cases
        self.differences += other.differences
        for mine, theirs in self._beside(other):
            mine.before.add(theirs.before)
            mine.after.add(theirs.after)

    def _beside(self, other: "Tally") -> Iterator[tuple[Sides, Sides]]:
        yield self.total, other.total
        for grouping in Grouping:
            for key, theirs in other._groups[grouping].items():  # noqa: SLF001 - its own kind
                yield self._group(grouping, key), theirs

    def _group(self, grouping: Grouping, key: str) -> Sides:
        found = self._groups[grouping].get(key)
        if found is None:
            found = self._groups[grouping][key] = Sides()
        return found

    def _count(
        self, simulation: Simulation, watch: "_Watch", side: Callable[[Sides], Counts]
    ) -> None:
        """Counts each clock for whoever answered for the case at its deadline."""
        for clock in simulation.clocks:
            if clock.kind in _LEFT_OUT:
                continue
            breached = clock.breach_time is not None
            for group in self._groups_of(clock.kind, watch.at(clock.due_time)):
                counts = side(group)
                counts.clocks += 1
                counts.warnings += clock.warned_count
                counts.breaches += breached
        # Whoever climbs by hand does so without a clock.
        causes = {
            verdict.fire_time: verdict.clock.kind
            for verdict in simulation.breaches
            if verdict.consequence is Consequence.LADDER
        }
        for time, _ in simulation.escalations:
            for group in self._groups_of(causes.get(time, ""), watch.at(time)):
                side(group).escalations += 1

    def _groups_of(self, kind: str, answering: Answering) -> tuple[Sides, ...]:
        return (
            self.total,
            self._group(Grouping.CLOCK, kind),
            self._group(Grouping.UNIT, answering.unit_id),
            self._group(Grouping.STEWARD, answering.steward),
        )


def alike(before: Terms, after: Terms, profile: Profile) -> bool:
    """Tells whether cases of this profile go the same way under both terms."""
    return (
        before.calendar.zone == after.calendar.zone
        and before.calendar.plan == after.calendar.plan
        and _rules(before.policy, profile) == _rules(after.policy, profile)
    )


def _rules(policy: Policy, profile: Profile) -> list[object]:
    return [policy.terms(kind, profile) for kind in ClockKind]


def _differences(before: Simulation, after: Simulation, watch: "_Watch") -> Iterator[Difference]:
    ours, theirs = _numbered(before.clocks), _numbered(after.clocks)
    found: list[tuple[datetime, datetime, str, Difference]] = []
    for key in ours.keys() | theirs.keys():
        was, would_be = ours.get(key), theirs.get(key)
        clock = was or would_be
        if clock is not None and _differ(was, would_be):
            answering = watch.at(clock.due_time)
            difference = Difference(before.case.case_id, was, would_be, answering)
            found.append((clock.due_time, clock.start_time, clock.clock_id, difference))
    for *_, difference in sorted(found, key=lambda one: one[:3]):
        yield difference


def _differ(was: Clock | None, would_be: Clock | None) -> bool:
    if was is None or would_be is None:
        return True
    return (
        was.due_time != would_be.due_time
        or was.state is not would_be.state
        or was.breach_time != would_be.breach_time
    )


def _numbered(clocks: Iterable[Clock]) -> dict[tuple[ClockKind, int, str, int], Clock]:
    """Returns the clocks by what they are for, told apart by the order of their start."""
    found: dict[tuple[ClockKind, int, str, int], Clock] = {}
    # They come in that order.
    for clock in clocks:
        if clock.kind not in _LEFT_OUT:
            number = 0
            while (key := (clock.kind, clock.cycle, clock.reference, number)) in found:
                number += 1
            found[key] = clock
    return found


class _Watch:
    """Who answered for a case, and when, as its acts tell."""

    __slots__ = ("_answering", "_times")

    def __init__(self, logged: Iterable[Logged]) -> None:
        self._times: list[datetime] = []
        self._answering: list[Answering] = []
        acts = (one.act for one in logged)
        named = [act for act in acts if isinstance(act, _NAMES_SOMEONE)]
        now = Answering()
        for act in sorted(named, key=attrgetter("time")):
            match act:
                case Registered():
                    now = replace(now, unit_id=act.unit_id)
                case Assigned():
                    now = Answering(act.unit_id or now.unit_id, act.steward, act.accountable)
                case Escalated() | Deescalated() | Instructed():
                    now = replace(now, accountable=act.accountable)
            self._times.append(act.time)
            self._answering.append(now)

    def at(self, deadline: datetime) -> Answering:
        """Returns who answered when a deadline passed, before anything followed from that.

        At first, where it had passed by then.
        """
        return self._answering[max(0, bisect_left(self._times, deadline) - 1)]
