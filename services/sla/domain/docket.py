"""The clocks of one case in one hand: what an act or a deadline does to them, collected.

Every change ends with `settle`, which keeps the rule that no open case sleeps for ever: one without
another running clock, or without anybody to move it, is reminded of daily.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.sla.domain import clocks as rules
from services.sla.domain.acts import Act, Moment
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import (
    AmendmentCause,
    CaseState,
    ClockKind,
    ClockState,
    Consequence,
    Counting,
    PauseReason,
    Threshold,
)
from services.sla.domain.policy import ClockRule, Profile, Terms

# Accountable is a position that nobody holds: the dispatch-room queue has the case.
QUEUE = "position:"

# Whose lateness is nobody's: they fire as ever, whenever they were first known.
_NEVER_BORN_BREACHED = (ClockKind.PAUSE, ClockKind.REVIEW, ClockKind.REMINDER)

_NO_PROFILE = Profile()


@dataclass(frozen=True, slots=True)
class CasePause:
    """Why, and until when at the latest, a case's clocks stand still."""

    reason: PauseReason
    words: str
    approved_by: str
    start_time: datetime
    latest_end_time: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """What sla knows of a case beside its clocks.

    `accountable` may be a position that nobody holds ("position:…"), or empty while nobody has
    been named; `fallback` is the last such position, which has the case at the foot of the ladder
    while there is no steward. `level_time` is when it came to its level, None at the foot of the
    ladder. `at_ladder_end`: it lies at the top of the ladder or at a vacant level. `next_wake_time`
    is None once it is closed.
    """

    case_id: str
    site_id: str
    state: CaseState
    cycle: int
    occurred_time: datetime
    profile: Profile = _NO_PROFILE
    unit_id: str = ""
    anonymous: bool = False
    long_standing: bool = False
    steward: str = ""
    accountable: str = ""
    fallback: str = ""
    level: int = 0
    level_time: datetime | None = None
    at_ladder_end: bool = False
    pause: CasePause | None = None
    next_wake_time: datetime | None = None

    @property
    def on_queue(self) -> bool:
        return self.accountable.startswith(QUEUE)


@dataclass(frozen=True, slots=True)
class File:
    """A case and those of its clocks to which something can still happen."""

    case: Case
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One firing of a clock, as it stands after it. `fire_time` is when it was to fire."""

    clock: Clock
    threshold: Threshold
    fire_time: datetime
    consequence: Consequence | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """A clock with its new deadline, and the one before."""

    clock: Clock
    previous_due_time: datetime
    cause: AmendmentCause


@dataclass(frozen=True, slots=True)
class Change:
    """What an act did to a case: its new state, and the clocks it moved.

    A clock may be in several of them; `clocks` has each once, as it stands in the end.
    """

    act: Act
    case: Case
    stopped: tuple[Clock, ...] = ()
    started: tuple[Clock, ...] = ()
    paused: tuple[Clock, ...] = ()
    resumed: tuple[Clock, ...] = ()
    amended: tuple[Amendment, ...] = ()
    fired: tuple[Verdict, ...] = ()

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock to be stored, as it stands in the end."""
        last: dict[str, Clock] = {}
        for clock in (
            *(verdict.clock for verdict in self.fired),
            *self.paused,
            *self.resumed,
            *(amendment.clock for amendment in self.amended),
            *self.stopped,
            *self.started,
        ):
            last[clock.clock_id] = clock
        return tuple(last.values())


class Docket:
    """Works on one file within one change; `settle` ends it and tells what was done."""

    __slots__ = (
        "_amended",
        "_fired",
        "_live",
        "_over",
        "_paused",
        "_resumed",
        "_started",
        "_stopped",
        "case",
        "moment",
        "terms",
    )

    def __init__(self, file: File, terms: Terms, moment: Moment) -> None:
        self.case = file.case
        self.terms = terms
        self.moment = moment
        self._live = {clock.clock_id: clock for clock in file.clocks}
        self._over: dict[str, Clock] = {}
        self._started: list[str] = []
        self._stopped: list[str] = []
        self._paused: list[str] = []
        self._resumed: list[str] = []
        self._amended: list[Amendment] = []
        self._fired: list[Verdict] = []

    def turn(self, moment: Moment) -> None:
        """Goes on to another moment, at which nothing has fired yet."""
        self.moment = moment
        self._fired = []

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock it has seen, as it stands now."""
        return (*self._over.values(), *self._live.values())

    @property
    def fired(self) -> Sequence[Verdict]:
        """What has fired at this moment."""
        return self._fired

    def start(
        self,
        kind: ClockKind,
        start: datetime,
        reference: str = "",
        *,
        given: datetime | None = None,
        rule: ClockRule | None = None,
    ) -> None:
        """Starts a clock by the policy's rule, or by another; none that is off, or runs already.

        One whose deadline had passed before anyone knew is born breached. Where only we are late,
        what met it may still be on its way: so it runs until the timer fires it. What a cycle
        begins with is born breached all the same; people can't have been told of a deadline that
        was over when its first clock began. While the case is paused, what may be stands still.
        """
        case, moment, terms = self.case, self.moment, self.terms
        if rule is None:
            rule = terms.policy.terms(kind, case.profile)
        if self.is_off(rule) or self._owes(kind, reference):
            return
        clock = rules.start_clock(
            case.case_id,
            case.site_id,
            kind,
            case.cycle,
            reference,
            moment.serial,
            start,
            rule,
            terms.calendar,
            terms.policy.version,
            given,
        )
        pause = case.pause
        if (
            pause is not None
            and pause.reason in rule.pause_reasons
            and pause.start_time < clock.due_time
            and start < pause.latest_end_time
        ):
            clock = rules.pause(clock, pause.start_time)
        elif clock.due_time <= moment.now and kind not in _NEVER_BORN_BREACHED:
            if clock.due_time <= moment.known:
                self.bear(clock)
                return
            if kind in rules.CYCLE_BEGINS_WITH:
                clock = rules.changed(clock, born_breached=True)
        self._put(clock)
        self._started.append(clock.clock_id)

    def is_off(self, rule: ClockRule) -> bool:
        """Tells whether a clock with this rule doesn't run now."""
        if rule.off_while_promised and self.live(ClockKind.RESOLUTION):
            return True
        return rule.counting is Counting.OFF

    def live(
        self, *kinds: ClockKind, cycle: int | None = None, reference: str | None = None
    ) -> list[Clock]:
        """Returns the live clocks of these kinds (all, when none is given), oldest first."""
        found = [
            clock
            for clock in self._live.values()
            if (not kinds or clock.kind in kinds)
            and (cycle is None or clock.cycle == cycle)
            and (reference is None or clock.reference == reference)
        ]
        if len(found) > 1:
            found.sort(key=order)
        return found

    def stop(self, clocks: Iterable[Clock], time: datetime) -> None:
        """Ends clocks with a verdict: what they waited for happened at `time`.

        A time that a fast clock puts ahead of us counts as now.
        """
        time = min(time, self.moment.now)
        for clock in clocks:
            self._end(rules.stop(self._run_again(clock, time), time, self.terms.calendar))

    def cancel(self, clocks: Iterable[Clock], time: datetime) -> None:
        """Ends clocks, with such a time, too, because the case went another way."""
        time = min(time, self.moment.now)
        for clock in clocks:
            self._end(rules.cancel(self._run_again(clock, time), time))

    def pause(self, clocks: Iterable[Clock], time: datetime) -> None:
        """Lets running clocks stand still."""
        for clock in clocks:
            self._put(rules.pause(clock, time))
            self._paused.append(clock.clock_id)

    def resume(self, clocks: Iterable[Clock], time: datetime) -> None:
        """Lets paused clocks run again."""
        for clock in clocks:
            self._put(rules.resume(clock, time, self.terms.calendar))
            self._resumed.append(clock.clock_id)

    def amend(self, clock: Clock, amended: Clock, cause: AmendmentCause) -> None:
        """Puts a clock with another deadline or rule in the place of a live one."""
        self._put(amended)
        self._amended.append(Amendment(amended, clock.due_time, cause))

    @property
    def next_fire_time(self) -> datetime | None:
        """When one of its clocks fires next, or None."""
        running = (clock for clock in self._live.values() if clock.running)
        return min((clock.warn_time or clock.due_time for clock in running), default=None)

    def fire(
        self,
        clock: Clock,
        threshold: Threshold,
        fire_time: datetime,
        follows: Consequence | None = None,
    ) -> None:
        """Notes that a clock fired, as it stands after that."""
        self._put(clock)
        self._fired.append(Verdict(clock, threshold, fire_time, follows))

    def bear(self, clock: Clock) -> None:
        """Makes a clock breached that was so when it was first known.

        Of several borne together the first alerts; the others are told of as they started.
        """
        breached = rules.changed(rules.breach(clock), born_breached=True)
        if clock.clock_id not in self._live:
            self._started.append(clock.clock_id)
        follows = self._follows_when_born(clock.rule)
        if not self.has_fired(follows, born=True):
            self.fire(breached, Threshold.DUE, clock.due_time, follows)
            return
        self._put(breached)
        if clock.clock_id not in self._started:
            self._started.append(clock.clock_id)

    def _follows_when_born(self, rule: ClockRule) -> Consequence:
        # An alert in place of a ladder. Who waits for a call waits for it all the same, since
        # nothing else would bring it; and a long-standing case has its reviews.
        follows = rule.on_breach
        if follows in (Consequence.CALLBACK, Consequence.MAY_CLOSE, Consequence.REPORT):
            return follows
        return Consequence.REPORT if self.case.long_standing else Consequence.ALERT

    def has_fired(self, consequence: Consequence, *, born: bool = False) -> bool:
        """Tells whether something fired with this consequence, born breached or not."""
        return any(
            verdict.consequence is consequence and verdict.clock.born_breached == born
            for verdict in self._fired
        )

    def settle(self, act: Act) -> Change:
        """Keeps the case awake, and returns all that the act did to it."""
        now = self.moment.now
        if not self._needs_reminder():
            self.cancel(self.live(ClockKind.REMINDER), now)
        else:
            self.start(ClockKind.REMINDER, now)
        wake_time = self.next_fire_time
        if wake_time != self.case.next_wake_time:
            self.case = replace(self.case, next_wake_time=wake_time)
        return Change(
            act=act,
            case=self.case,
            stopped=self._last(self._stopped),
            started=self._last(self._started),
            paused=self._last(self._paused),
            resumed=self._last(self._resumed),
            amended=tuple(self._amended),
            fired=tuple(self._fired),
        )

    def _needs_reminder(self) -> bool:
        case = self.case
        if case.state is CaseState.CLOSED:
            return False
        if case.state is CaseState.OPEN and (case.on_queue or case.at_ladder_end):
            return True
        return not any(
            clock.running and clock.kind is not ClockKind.REMINDER for clock in self._live.values()
        )

    def _owes(self, kind: ClockKind, reference: str) -> bool:
        return any(
            clock.kind is kind
            and clock.reference == reference
            and clock.state is not ClockState.BREACHED
            for clock in self._live.values()
        )

    def _run_again(self, clock: Clock, time: datetime) -> Clock:
        """Returns a clock as it would be at `time`, had its pause been ended when it had to be."""
        pause = self.case.pause
        if clock.state is ClockState.PAUSED and pause and pause.latest_end_time < time:
            return rules.resume(clock, pause.latest_end_time, self.terms.calendar)
        return clock

    def _end(self, clock: Clock) -> None:
        self._put(clock)
        self._stopped.append(clock.clock_id)

    def _put(self, clock: Clock) -> None:
        if clock.live:
            self._live[clock.clock_id] = clock
        else:
            self._live.pop(clock.clock_id, None)
            self._over[clock.clock_id] = clock

    def _last(self, ids: list[str]) -> tuple[Clock, ...]:
        return tuple(self._live.get(clock_id) or self._over[clock_id] for clock_id in ids)


def order(clock: Clock) -> tuple[datetime, ClockKind, str, str]:
    """Returns by what clocks are sorted: the oldest first."""
    return clock.start_time, clock.kind, clock.reference, clock.clock_id
