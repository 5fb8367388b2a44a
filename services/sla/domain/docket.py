"""The clocks of one case in one hand: what a fact or a deadline does to them, collected.

Every change ends with `settle`, which keeps the rule that no open case sleeps for ever: one without
another running clock, or without anybody to move it, is reminded of daily.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.sla.domain import clocks as rules
from services.sla.domain.clocks import Clock, ClockKind, ClockState, Consequence, Due, Threshold
from services.sla.domain.policy import Terms


class CaseState(StrEnum):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Case:
    """What sla knows of a case beside its clocks.

    `on_queue`: nobody but the dispatch-room queue answers for it now. `no_steward`: nor does anyone
    below the ladder, to whom a new cycle would bring it back. `level_time`: when it came to its
    level, None at the foot of the ladder. `at_ladder_end`: it lies at the top of the ladder or at a
    vacant level. `next_wake_time` is None once it is closed.
    """

    case_id: str
    site_id: str
    state: CaseState
    cycle: int
    on_queue: bool = False
    no_steward: bool = False
    level_time: datetime | None = None
    at_ladder_end: bool = False
    next_wake_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A case and those of its clocks to which something can still happen."""

    case: Case
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a change is made.

    `now` is the decision time; `known` is when the suite first knew of what led to the change, and
    so less than `now` by our own lateness; `serial` is the case's version before the change, which
    no other change of the case has.
    """

    now: datetime
    known: datetime
    serial: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """One firing of a clock, as it stands after it. `fire_time` is when it was to fire."""

    clock: Clock
    threshold: Threshold
    fire_time: datetime
    consequence: Consequence | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a case: its new state, and the clocks that stopped, started and fired."""

    case: Case
    stopped: tuple[Clock, ...]
    started: tuple[Clock, ...]
    fired: tuple[Verdict, ...]

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock to be stored, as it stands in the end."""
        last: dict[str, Clock] = {}
        for clock in (*(verdict.clock for verdict in self.fired), *self.stopped, *self.started):
            last[clock.clock_id] = clock
        return tuple(last.values())


class Docket:
    """Works on one file within one change; `settle` ends it and tells what was done."""

    __slots__ = ("_clocks", "_fired", "_moment", "_started", "_stopped", "_terms", "case")

    def __init__(self, file: File, terms: Terms, moment: Moment) -> None:
        self.case = file.case
        self._clocks = {clock.clock_id: clock for clock in file.clocks}
        self._terms = terms
        self._moment = moment
        self._started: list[str] = []
        self._stopped: list[str] = []
        self._fired: list[Verdict] = []

    def start(self, kind: ClockKind, start: datetime, due: Due, reference: str = "") -> None:
        """Starts a clock; one whose deadline had passed before anyone knew is born breached.

        Where only we are late, what met it may still be on its way: so it runs until the timer
        fires it. What a cycle begins with is born breached all the same; people can't have been
        told of a deadline that was over when its first clock began.
        """
        case = self.case
        clock = Clock(
            clock_id=rules.clock_id(case.case_id, kind, case.cycle, reference, self._moment.serial),
            case_id=case.case_id,
            site_id=case.site_id,
            kind=kind,
            cycle=case.cycle,
            reference=reference,
            start_time=start,
            due_time=due.time,
            state=ClockState.RUNNING,
            provisional=due.provisional,
            policy_version=self._terms.policy.version,
            warn_time=rules.warn_time(self._terms, kind, start, due.time),
        )
        if due.time <= self._moment.known:
            self._bear(clock)
            return
        if due.time <= self._moment.now and kind in rules.CYCLE_BEGINS_WITH:
            clock = replace(clock, born_breached=True)
        self._clocks[clock.clock_id] = clock
        self._started.append(clock.clock_id)

    def live(
        self, *kinds: ClockKind, cycle: int | None = None, reference: str | None = None
    ) -> list[Clock]:
        """Returns the live clocks of these kinds (all, when none is given), oldest first."""
        found = [
            clock
            for clock in self._clocks.values()
            if clock.live
            and (not kinds or clock.kind in kinds)
            and cycle in (None, clock.cycle)
            and reference in (None, clock.reference)
        ]
        return sorted(found, key=lambda clock: (clock.start_time, clock.kind, clock.clock_id))

    def stop(self, clocks: Iterable[Clock], time: datetime) -> None:
        """Ends clocks with a verdict: what they waited for happened at `time`.

        A time that a fast clock puts ahead of us counts as now.
        """
        for clock in clocks:
            self._end(rules.stop(clock, min(time, self._moment.now)))

    def cancel(self, clocks: Iterable[Clock], time: datetime) -> None:
        """Ends clocks without a verdict."""
        for clock in clocks:
            self._end(rules.cancel(clock, time))

    def fire_due(self) -> None:
        """Lets every clock fire that is due, oldest deadline first.

        A warning whose deadline has passed as well isn't given any more.
        """
        now = self._moment.now
        due = [
            (clock.due_time if clock.due_time <= now else fire_time, clock)
            for clock in self._clocks.values()
            if (fire_time := clock.next_fire_time) is not None and fire_time <= now
        ]
        for fire_time, clock in sorted(due, key=lambda pair: (pair[0], pair[1].clock_id)):
            if now < clock.due_time:
                self._fire(replace(clock, warned_time=now), Threshold.WARNING, fire_time)
            elif clock.kind is ClockKind.REMINDER:
                again = rules.reminder_due(self._terms, now).time
                reminded = replace(clock, breach_time=clock.due_time, due_time=again)
                self._fire(reminded, Threshold.DUE, fire_time, Consequence.REMINDER)
            elif clock.born_breached:
                self._bear(clock)
            else:
                self._breach(clock)

    def settle(self) -> Change:
        """Keeps the case awake, and returns all that was done to it."""
        reminders = self.live(ClockKind.REMINDER)
        if self._needs_reminder():
            if not reminders:
                now = self._moment.now
                self.start(ClockKind.REMINDER, now, rules.reminder_due(self._terms, now))
        else:
            self.cancel(reminders, self._moment.now)
        wake_times = [
            time for clock in self._clocks.values() if (time := clock.next_fire_time) is not None
        ]
        case = replace(self.case, next_wake_time=min(wake_times, default=None))
        return Change(
            case=case,
            stopped=self._last(self._stopped),
            started=self._last(self._started),
            fired=tuple(self._fired),
        )

    def _needs_reminder(self) -> bool:
        case = self.case
        if case.state is CaseState.CLOSED:
            return False
        if case.state is CaseState.OPEN and (case.on_queue or case.at_ladder_end):
            return True
        return not any(
            clock.running and clock.kind is not ClockKind.REMINDER
            for clock in self._clocks.values()
        )

    def _breach(self, clock: Clock) -> None:
        follows = rules.consequence(clock.kind)
        if follows is Consequence.LADDER and not self._may_climb(clock):
            follows = Consequence.ALERT
        breached = replace(clock, state=ClockState.BREACHED, breach_time=clock.due_time)
        self._fire(breached, Threshold.DUE, clock.due_time, follows)
        if follows is Consequence.HEAD_OF_UNIT:
            self._start_grace(clock)

    def _may_climb(self, clock: Clock) -> bool:
        # One silence climbs one level. What else is found late with it is only said, and so is what
        # was late before the case came to its level; routing holds it the same way.
        reached = self.case.level_time
        if reached is not None and clock.due_time <= reached:
            return False
        return not self._has_fired(Consequence.LADDER)

    def _bear(self, clock: Clock) -> None:
        """Makes a clock breached that was so when it was first known.

        Of several borne together the first alerts; the others are told of as they started. Someone
        calls the reporter all the same, since nothing else would.
        """
        breached = replace(
            clock, state=ClockState.BREACHED, breach_time=clock.due_time, born_breached=True
        )
        if clock.clock_id not in self._clocks:
            self._started.append(clock.clock_id)
        follows = rules.consequence_when_born(clock.kind)
        if not self._has_fired(follows, born=True):
            self._fire(breached, Threshold.DUE, clock.due_time, follows)
            return
        self._clocks[clock.clock_id] = breached
        if clock.clock_id not in self._started:
            self._started.append(clock.clock_id)

    def _has_fired(self, consequence: Consequence, *, born: bool = False) -> bool:
        return any(
            verdict.consequence is consequence and verdict.clock.born_breached == born
            for verdict in self._fired
        )

    def _start_grace(self, order: Clock) -> None:
        # The head of the unit is told only now, so the grace runs from now, however long ago the
        # deadline was.
        now = self._moment.now
        days = self._terms.policy.work_order_grace_working_days
        due = rules.working_days_due(self._terms, now, days)
        self.start(ClockKind.ESCALATION, now, due, order.reference)

    def _fire(
        self,
        clock: Clock,
        threshold: Threshold,
        fire_time: datetime,
        follows: Consequence | None = None,
    ) -> None:
        self._clocks[clock.clock_id] = clock
        self._fired.append(Verdict(clock, threshold, fire_time, follows))

    def _end(self, clock: Clock) -> None:
        self._clocks[clock.clock_id] = clock
        self._stopped.append(clock.clock_id)

    def _last(self, ids: list[str]) -> tuple[Clock, ...]:
        return tuple(self._clocks[clock_id] for clock_id in ids)
