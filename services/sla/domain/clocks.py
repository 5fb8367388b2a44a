"""One clock: when it is due, when it warns, and what its end says.

A due time is the first instant that is too late: 24:00 of a day is 00:00 of the next. So a clock is
met by whatever happened before its due time, and breaches at it, never earlier.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from hashlib import sha1
from operator import attrgetter
from typing import TypedDict, Unpack, assert_never
from uuid import UUID

from services.sla.domain import counting
from services.sla.domain.calendar import Calendar
from services.sla.domain.kinds import ClockKind, ClockState, Counting, DayEnd, WarningKind
from services.sla.domain.policy import ClockRule

# Names of clocks (RFC 9562, version 5), so that the same fact applied again makes the same clock.
_CLOCKS = UUID("0d6f3c52-6a1e-5c0b-9a0c-5b1f6f6f2a77").bytes

# What every cycle of a case owes from its first instant on.
CYCLE_BEGINS_WITH = (ClockKind.FIRST_REPLY, ClockKind.PLAN)

# Whose deadline is when they come again, or let others run again.
_OWES_NOTHING = (ClockKind.REMINDER, ClockKind.REVIEW, ClockKind.PAUSE, ClockKind.OUTREACH)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline, and whether it was counted through days not announced yet."""

    time: datetime
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A time during which a clock stood still; `end` is None while it does."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of a case, or of a unit's outreach. Times are aware and UTC; absent ones have not
    happened.

    `subject_id` is the case's id; of OUTREACH "outreach/<site>/<unit>". `given` is the deadline
    before any pause where the rule counts by GIVEN. `warn_time` is the next warning, None when none
    is to come; `warned_count` how many have been given, `warned_time` when the last one was. No
    clock gives more warnings than its rule has, nor one that isn't after `warned_time`.

    `state` says what happened; `breach_time` that the deadline was seen to pass, whenever that was
    noticed, and is never taken back: a clock can be MET and have one. REMINDER, REVIEW and OUTREACH
    stay RUNNING: their `breach_time` is the last time they fired, their `due_time` the next. An
    OUTREACH that a contact has ended has its first deadline again, as both of them.
    `born_breached`: its deadline had passed when it was first known here, so its breach, if it
    comes to one, is an alert.
    """

    clock_id: str
    subject_id: str
    site_id: str
    kind: ClockKind
    cycle: int
    reference: str
    start_time: datetime
    due_time: datetime
    state: ClockState
    provisional: bool
    policy_version: int
    calendar_version: int
    rule: ClockRule
    given: datetime | None = None
    pauses: tuple[Span, ...] = ()
    warn_time: datetime | None = None
    warned_count: int = 0
    warned_time: datetime | None = None
    breach_time: datetime | None = None
    stop_time: datetime | None = None
    born_breached: bool = False

    @property
    def running(self) -> bool:
        return self.state is ClockState.RUNNING

    @property
    def live(self) -> bool:
        """Tells whether anything can still happen to it."""
        return self.state in (ClockState.RUNNING, ClockState.PAUSED) or (
            self.state is ClockState.BREACHED and self.stop_time is None
        )

    @property
    def next_fire_time(self) -> datetime | None:
        """When it fires next: its next warning, or its deadline; None unless it runs."""
        if not self.running:
            return None
        return self.due_time if self.warn_time is None else min(self.warn_time, self.due_time)


class _Changes(TypedDict, total=False):
    due_time: datetime
    state: ClockState
    provisional: bool
    policy_version: int
    calendar_version: int
    rule: ClockRule
    given: datetime | None
    pauses: tuple[Span, ...]
    warn_time: datetime | None
    warned_count: int
    warned_time: datetime | None
    breach_time: datetime | None
    stop_time: datetime | None
    born_breached: bool


_NAMES = tuple(field.name for field in fields(Clock))
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_values_of = attrgetter(*_NAMES)


def changed(clock: Clock, **changes: Unpack[_Changes]) -> Clock:
    """Returns the clock with other values in these fields.

    As dataclasses.replace would, which takes three times as long: a backtest does this by the
    million.
    """
    values = list(_values_of(clock))
    for name, value in changes.items():
        values[_PLACES[name]] = value
    return Clock(*values)


def clock_id(subject_id: str, kind: ClockKind, cycle: int, reference: str, serial: int) -> str:
    """Returns the one id of these parts; `serial` is the subject's version before the clock."""
    name = f"{subject_id}\x1f{kind}\x1f{cycle}\x1f{reference}\x1f{serial}"
    # As uuid.uuid5 would, three times as fast.
    digits = sha1(_CLOCKS + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


# Counting -------------------------------------------------------------------------------------


def due(
    rule: ClockRule,
    calendar: Calendar,
    start: datetime,
    given: datetime | None = None,
    pauses: Sequence[Span] = (),
) -> Due:
    """Returns the deadline of a clock that started at `start` and stood still during `pauses`.

    A pause without an end is left out: until it ends nobody knows. A working day on which the clock
    stood still, if only in part, isn't counted; working time that it stood still isn't, either.
    ValueError where the rule counts nothing itself: LADDER, OFF, and GIVEN without a `given`.
    """
    match rule.counting:
        case Counting.WORKING_DAYS:
            skipping = paused_days(calendar, pauses).__contains__ if pauses else None
            day, provisional = calendar.add_working_days(
                calendar.local_day(start), rule.amount, skipping=skipping
            )
            return Due(day_end(rule, calendar, day), provisional)
        case Counting.SAME_DAY:
            day = calendar.local_day(start)
            by_hours = rule.day_end is DayEnd.CLOSE_OF_BUSINESS
            return Due(
                max(day_end(rule, calendar, day), start + rule.floor),
                by_hours and calendar.day(day).provisional,
            )
        case Counting.CALENDAR_DAYS:
            day, provisional = counting.add_calendar_days(
                calendar, calendar.local_day(start), rule.amount, paused_days(calendar, pauses)
            )
            return Due(day_end(rule, calendar, day), provisional)
        case Counting.WORKING_TIME:
            spans = [(span.start, span.end) for span in pauses if span.end is not None]
            amount = timedelta(seconds=rule.amount)
            return Due(*calendar.add_working_time(start, amount, without=spans))
        case Counting.GIVEN if given is not None:
            paused = paused_days(calendar, pauses)
            return Due(*counting.move_given(calendar, start, given, paused))
        case Counting.DAILY:
            return Due(calendar.end_of(calendar.local_day(start)))
        case Counting.GIVEN | Counting.LADDER | Counting.OFF:
            raise ValueError(f"a deadline can't be counted by {rule.counting}")
        case _:
            assert_never(rule.counting)


def day_end(rule: ClockRule, calendar: Calendar, day: date) -> datetime:
    """Returns the instant at which a day is over by this rule, in UTC."""
    if rule.day_end is DayEnd.CLOSE_OF_BUSINESS:
        return calendar.close_of_business(day)
    return calendar.end_of(day)


def paused_days(calendar: Calendar, pauses: Sequence[Span]) -> frozenset[date]:
    """Returns the site's days on which a clock stood still, if only in part.

    A pause that ends at 24:00 leaves alone the day that begins then.
    """
    days: set[date] = set()
    for span in pauses:
        if span.end is None:
            continue
        day, last = calendar.local_day(span.start), calendar.local_day(span.end)
        if calendar.end_of(last - _DAY) == span.end:
            last -= _DAY
        while day <= last:
            days.add(day)
            day += _DAY
    return frozenset(days)


def warn_points(
    rule: ClockRule, calendar: Calendar, start: datetime, due_time: datetime
) -> tuple[datetime, ...]:
    """Returns when it warns, in order; only points after its start and before its end."""
    points: set[datetime] = set()
    for warning in rule.warnings:
        match warning.kind:
            case WarningKind.WORKING_DAYS_BEFORE:
                point = calendar.working_days_before(due_time, int(warning.value))
            case WarningKind.SHARE:
                point = start + (due_time - start) * warning.value
            case WarningKind.SECONDS_BEFORE:
                point = due_time - timedelta(seconds=warning.value)
            case WarningKind.WORKING_TIME_SHARE:
                passed = calendar.working_time_between(start, due_time) * warning.value
                point, _ = calendar.add_working_time(start, passed)
            case _:
                assert_never(warning.kind)
        if start < point < due_time:
            points.add(point)
    return tuple(sorted(points))


# A clock's life -------------------------------------------------------------------------------


def start_clock(
    subject_id: str,
    site_id: str,
    kind: ClockKind,
    cycle: int,
    reference: str,
    serial: int,
    start: datetime,
    rule: ClockRule,
    calendar: Calendar,
    policy_version: int,
    given: datetime | None = None,
) -> Clock:
    """Returns a running clock with its deadline and its first warning."""
    deadline = due(rule, calendar, start, given)
    points = warn_points(rule, calendar, start, deadline.time)
    return Clock(
        clock_id=clock_id(subject_id, kind, cycle, reference, serial),
        subject_id=subject_id,
        site_id=site_id,
        kind=kind,
        cycle=cycle,
        reference=reference,
        start_time=start,
        due_time=deadline.time,
        state=ClockState.RUNNING,
        provisional=deadline.provisional,
        policy_version=policy_version,
        calendar_version=calendar.version,
        rule=rule,
        given=given,
        warn_time=_next_warning(rule, points, 0, None),
    )


def pause(clock: Clock, time: datetime) -> Clock:
    """Lets a running clock stand still from `time` on; from its start, if that is later."""
    span = Span(max(time, clock.start_time))
    return changed(clock, state=ClockState.PAUSED, pauses=(*clock.pauses, span))


def resume(clock: Clock, time: datetime, calendar: Calendar) -> Clock:
    """Lets a paused clock run again, its deadline and next warning counted anew."""
    pauses = _end_pause(clock, time)
    return _recount(
        changed(clock, state=ClockState.RUNNING, pauses=pauses), clock.rule, calendar, clock.given
    )


def amend(clock: Clock, rule: ClockRule, calendar: Calendar, given: datetime | None) -> Clock:
    """Counts a running or paused clock anew under other terms; warnings given stay given."""
    return _recount(clock, rule, calendar, given)


def warn(clock: Clock, now: datetime, calendar: Calendar) -> Clock:
    """Notes that a running clock has warned at `now`; the next warning is then the one to come."""
    rule, count = clock.rule, clock.warned_count + 1
    following: datetime | None = None
    if count < len(rule.warnings):
        points = warn_points(rule, calendar, counted_from(clock), clock.due_time)
        # After this one, not after now: those that were slept through are given one by one.
        following = _next_warning(rule, points, count, clock.warn_time)
    return changed(clock, warn_time=following, warned_count=count, warned_time=now)


def breach(clock: Clock) -> Clock:
    """Notes that a running clock's deadline has passed."""
    return changed(clock, state=ClockState.BREACHED, breach_time=clock.due_time, warn_time=None)


def rearm(clock: Clock, now: datetime, calendar: Calendar) -> Clock:
    """Notes that a clock that comes again fired at `now`, and counts from then to its next time."""
    fired = changed(clock, breach_time=now, warned_count=0, born_breached=False)
    return _recount(fired, clock.rule, calendar, clock.given)


def counted_from(clock: Clock) -> datetime:
    """Returns when its time began: its start, or when it last fired where it comes again."""
    if clock.breach_time is not None and clock.running:
        return clock.breach_time
    return clock.start_time


def stop(clock: Clock, time: datetime, calendar: Calendar) -> Clock:
    """Ends a live clock with a verdict; `time` is when the thing it waited for happened.

    What happened in time is in time, though it was heard of after the clock had fired; that it
    fired stays on record as `breach_time`. A deadline that passed before it could fire is put there
    too, and has no consequence any more. A pause that was never ended ends with it, and counts.
    """
    if clock.state is ClockState.PAUSED:
        if clock.pauses[-1].start < time:
            clock = resume(clock, time, calendar)
        else:
            # It hadn't begun when the clock ended.
            clock = changed(clock, pauses=clock.pauses[:-1])
    if time < clock.due_time:
        return changed(clock, state=ClockState.MET, stop_time=time, warn_time=None)
    return changed(
        clock,
        state=ClockState.MET_LATE,
        breach_time=clock.breach_time or clock.due_time,
        stop_time=time,
        warn_time=None,
    )


def cancel(clock: Clock, time: datetime) -> Clock:
    """Ends a live clock because the case went another way; one that has breached stays BREACHED.

    So does one whose deadline had passed by then unnoticed, which has no consequence any more.
    """
    if clock.state is ClockState.BREACHED:
        return changed(clock, stop_time=time)
    if clock.running and clock.due_time <= time and clock.kind not in _OWES_NOTHING:
        return changed(breach(clock), stop_time=time)
    pauses = _end_pause(clock, time) if clock.state is ClockState.PAUSED else clock.pauses
    return changed(clock, state=ClockState.CANCELLED, stop_time=time, pauses=pauses, warn_time=None)


def _end_pause(clock: Clock, time: datetime) -> tuple[Span, ...]:
    *before, last = clock.pauses
    return (*before, Span(last.start, max(time, last.start)))


def _recount(clock: Clock, rule: ClockRule, calendar: Calendar, given: datetime | None) -> Clock:
    start = counted_from(clock)
    deadline = due(rule, calendar, start, given, clock.pauses)
    points = warn_points(rule, calendar, start, deadline.time)
    return changed(
        clock,
        due_time=deadline.time,
        provisional=deadline.provisional,
        calendar_version=calendar.version,
        rule=rule,
        given=given,
        warn_time=_next_warning(rule, points, clock.warned_count, clock.warned_time),
    )


def _next_warning(
    rule: ClockRule, points: Sequence[datetime], count: int, after: datetime | None
) -> datetime | None:
    """Returns the next of a rule's points to be given after an instant, `count` having been given.

    Where more lie ahead than are left, those nearest to the deadline are given.
    """
    left = len(rule.warnings) - count
    ahead = [point for point in points if after is None or after < point]
    return ahead[-left:][0] if ahead and left > 0 else None
