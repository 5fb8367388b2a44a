"""What other terms would do: to clocks that run, and to verdicts that stay as they are.

Running clocks are counted as the job counts them that amends them (`amending.recount`).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from services.sla.domain import clocks as rules
from services.sla.domain.calendar import Calendar, CalendarPlan, Closure, Year
from services.sla.domain.clocks import Clock, Due
from services.sla.domain.kinds import AmendmentCause, ClockKind, ClockState, Counting
from services.sla.domain.policy import ClockRule, Policy, Profile, Terms

# Stretches of time, each from its first instant to the first that no longer belongs to it; in
# order, and apart from one another.
Stretches = tuple[tuple[datetime, datetime], ...]

# Of what is no case.
NO_PROFILE = Profile()

EVERYTHING: Stretches = ((datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)),)

# No verdict on anyone's work, or one that is given again and again.
_WITHOUT_VERDICT = (ClockKind.REMINDER, ClockKind.REVIEW, ClockKind.PAUSE)
_DAY = timedelta(days=1)


# Which days change ----------------------------------------------------------------------------


def changed_days(before: Calendar, after: Calendar) -> Stretches:
    """Returns the time in which two calendars may differ; nothing when no clock could tell.

    A deadline is the same under both unless its clock's time touches what is returned.
    """
    old, new = before.plan, after.plan
    if before.zone != after.zone or (old.country, old.week) != (new.country, new.week):
        return EVERYTHING
    days = sorted({*_of_years(old, new), *_of_closures(old, new)})
    return tuple(_stretches(after, days))


def _of_years(old: CalendarPlan, new: CalendarPlan) -> Iterator[date]:
    ours = {year.year: year for year in old.years}
    theirs = {year.year: year for year in new.years}
    for number in ours.keys() | theirs.keys():
        was, would_be = ours.get(number), theirs.get(number)
        if was is None or would_be is None:
            # All its days are known now, or no longer.
            yield from _days(date(number, 1, 1), date(number, 12, 31))
        holidays, makeup_days = _noticed(was)
        others, other_makeup_days = _noticed(would_be)
        yield from holidays ^ others
        yield from makeup_days ^ other_makeup_days


def _noticed(year: Year | None) -> tuple[frozenset[date], frozenset[date]]:
    if year is None:
        return frozenset(), frozenset()
    holidays = (day for holiday in year.holidays for day in _days(holiday.start, holiday.end))
    return frozenset(holidays), year.makeup_days


def _of_closures(old: CalendarPlan, new: CalendarPlan) -> Iterator[date]:
    for closure in {*map(_nameless, old.closures)} ^ {*map(_nameless, new.closures)}:
        yield from _days(closure.start, closure.end)


def _nameless(closure: Closure) -> Closure:
    return replace(closure, name="")


def _days(first: date, last: date) -> Iterator[date]:
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _stretches(calendar: Calendar, days: list[date]) -> Iterator[tuple[datetime, datetime]]:
    """Joins days, which are in order and each there once, to stretches of time."""
    first = 0
    for index, day in enumerate(days):
        if index + 1 == len(days) or days[index + 1] != day + _DAY:
            yield calendar.end_of(days[first] - _DAY), calendar.end_of(day)
            first = index + 1


def touches(clock: Clock, within: Stretches) -> bool:
    """Tells whether the time from a clock's start to its deadline touches one of the stretches."""
    index = bisect_right(within, clock.start_time, key=_end)
    return index < len(within) and within[index][0] < clock.due_time


def _end(stretch: tuple[datetime, datetime]) -> datetime:
    return stretch[1]


# What becomes of clocks -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs or stands still, with what a policy looks at.

    `promised`: a promised date of its case runs, or is owed.
    """

    clock: Clock
    profile: Profile = NO_PROFILE
    promised: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A running clock that would be due at another time. `breaches`: one that has passed."""

    clock: Clock
    due: Due
    breaches: bool


@dataclass(frozen=True, slots=True)
class Flipped:
    """A clock of the past, and what would have become of it."""

    clock: Clock
    due: Due
    state: ClockState


class Tally:
    """What other terms would do, counted clock by clock.

    `within` is where they can differ from those in force; of a policy, everywhere. `clocks` is for
    whoever knows how many there are.
    """

    __slots__ = (
        "_now",
        "_within",
        "breaching",
        "cause",
        "clocks",
        "flipped",
        "moved_earlier",
        "moved_later",
        "settled",
    )

    def __init__(self, cause: AmendmentCause, within: Stretches, now: datetime) -> None:
        self.cause = cause
        self._within = within
        self._now = now
        self.clocks = 0
        self.moved_later = 0
        self.moved_earlier = 0
        self.settled = 0
        self.breaching = 0
        self.flipped = 0

    def count(self, clocks: Iterable[Running], terms: Terms) -> Iterator[Moved]:
        """Counts clocks that run, and yields those whose deadline would be another."""
        for running in clocks:
            clock = running.clock
            if not touches(clock, self._within):
                continue
            due = self._due(running, terms)
            if due is None:
                continue
            if due.time == clock.due_time:
                self.settled += clock.provisional and not due.provisional
                continue
            if due.time > clock.due_time:
                self.moved_later += 1
            else:
                self.moved_earlier += 1
            breaches = clock.running and due.time <= self._now
            self.breaching += breaches
            yield Moved(clock, due, breaches)

    def judge(self, clocks: Iterable[Clock], calendar: Calendar) -> Iterator[Flipped]:
        """Counts verdicts of the past that would have been others, and yields them."""
        for clock in clocks:
            if clock.kind in _WITHOUT_VERDICT or not touches(clock, self._within):
                continue
            due = rules.due(clock.rule, calendar, clock.start_time, clock.given, clock.pauses)
            state = _verdict(clock, due.time, self._now)
            # Beside what the same question gives for its own deadline: a clock may have ended
            # before it could fire.
            if state is not _verdict(clock, clock.due_time, self._now):
                self.flipped += 1
                yield Flipped(clock, due, state)

    def _due(self, running: Running, terms: Terms) -> Due | None:
        """Returns the deadline under the terms; None for a clock that they leave alone, or end."""
        clock = running.clock
        rule = clock.rule
        if rule.counting is Counting.DAILY:
            return None
        if self.cause is AmendmentCause.POLICY:
            rule = _rule_now(terms.policy, running)
            if rule.counting is Counting.OFF or (rule.off_while_promised and running.promised):
                return None
        start = rules.counted_from(clock)
        return rules.due(rule, terms.calendar, start, clock.given, clock.pauses)


def _rule_now(policy: Policy, running: Running) -> ClockRule:
    clock = running.clock
    rule = policy.terms(clock.kind, running.profile)
    if rule.counting in (Counting.LADDER, Counting.GIVEN):
        # How long is said by the level, the promise, the task; no policy has it.
        return replace(rule, counting=clock.rule.counting, amount=clock.rule.amount)
    return rule


def _verdict(clock: Clock, due_time: datetime, now: datetime) -> ClockState:
    """Returns how an ended or breached clock stands with a deadline."""
    stop = clock.stop_time
    if stop is None:
        return ClockState.BREACHED if due_time <= now else ClockState.RUNNING
    if clock.state in (ClockState.MET, ClockState.MET_LATE):
        return ClockState.MET if stop < due_time else ClockState.MET_LATE
    # The case went another way, before the deadline or after it.
    return ClockState.BREACHED if due_time <= stop else ClockState.CANCELLED
