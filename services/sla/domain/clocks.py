"""One clock: when it is due, when it warns, and what its end says.

A due time is the first instant that is too late: 24:00 of a day is 00:00 of the next. So a clock is
met by whatever happened before its due time, and breaches at it, never earlier.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID, uuid5

from services.sla.domain.policy import Terms

# Names of clocks (RFC 9562, version 5), so that the same fact applied again makes the same clock.
_CLOCKS = UUID("0d6f3c52-6a1e-5c0b-9a0c-5b1f6f6f2a77")


class ClockKind(StrEnum):
    FIRST_REPLY = "FIRST_REPLY"
    PLAN = "PLAN"
    PROGRESS = "PROGRESS"
    RESOLUTION = "RESOLUTION"
    WORK_ORDER = "WORK_ORDER"
    CONFIRMATION = "CONFIRMATION"
    ESCALATION = "ESCALATION"
    REMINDER = "REMINDER"


# What every cycle of a case owes from its first instant on.
CYCLE_BEGINS_WITH = (ClockKind.FIRST_REPLY, ClockKind.PLAN)


class ClockState(StrEnum):
    RUNNING = "RUNNING"
    BREACHED = "BREACHED"
    MET = "MET"
    MET_LATE = "MET_LATE"
    CANCELLED = "CANCELLED"


class Consequence(StrEnum):
    LADDER = "LADDER"
    HEAD_OF_UNIT = "HEAD_OF_UNIT"
    CALLBACK = "CALLBACK"
    REMINDER = "REMINDER"
    ALERT = "ALERT"


class Threshold(StrEnum):
    """A point at which a clock fires."""

    WARNING = "WARNING"
    DUE = "DUE"


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline, and whether it was counted through days not announced yet."""

    time: datetime
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of a case. Times are aware and UTC; absent ones have not happened.

    `state` says what happened; `breach_time` that the deadline was seen to pass, whenever that was
    noticed, and is never taken back: a clock can be MET and have one. A REMINDER stays RUNNING: its
    `breach_time` is the last time it fired, its `due_time` the next. `born_breached`: its deadline
    had passed when it was first known here, so its breach, if it comes to one, is an alert.
    """

    clock_id: str
    case_id: str
    site_id: str
    kind: ClockKind
    cycle: int
    reference: str
    start_time: datetime
    due_time: datetime
    state: ClockState
    provisional: bool
    policy_version: int
    warn_time: datetime | None = None
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
        return self.running or (self.state is ClockState.BREACHED and self.stop_time is None)

    @property
    def next_fire_time(self) -> datetime | None:
        """When it fires next: its warning while that is to come, then its deadline."""
        if not self.running:
            return None
        if self.warn_time is not None and self.warned_time is None:
            return self.warn_time
        return self.due_time


def clock_id(case_id: str, kind: ClockKind, cycle: int, reference: str, serial: int) -> str:
    """Returns the one id of these parts; `serial` is the case's version before the clock."""
    return str(uuid5(_CLOCKS, "\x1f".join((case_id, kind, str(cycle), reference, str(serial)))))


def first_reply_due(terms: Terms, occurred: datetime) -> Due:
    """24:00 of the day of the appeal, worked or not, but never sooner than the policy's floor."""
    calendar = terms.calendar
    midnight = calendar.end_of(calendar.local_day(occurred))
    return Due(max(midnight, occurred + terms.policy.first_reply_floor))


def working_days_due(terms: Terms, start: datetime, count: int) -> Due:
    """24:00 of the count-th working day after the day of the start, which isn't counted."""
    calendar = terms.calendar
    day, provisional = calendar.add_working_days(calendar.local_day(start), count)
    return Due(calendar.end_of(day), provisional)


def plan_due(terms: Terms, occurred: datetime) -> Due:
    """24:00 of the third working day (by default) after the day of the appeal."""
    return working_days_due(terms, occurred, terms.policy.plan_working_days)


def promise_due(terms: Terms, promised: date) -> Due:
    """24:00 of the promised day, worked or not."""
    return Due(terms.calendar.end_of(promised))


def reminder_due(terms: Terms, now: datetime) -> Due:
    """The next 24:00, the first time and every other; days slept through are not made up for."""
    return Due(terms.calendar.end_of(terms.calendar.local_day(now)))


def warn_time(terms: Terms, kind: ClockKind, start: datetime, due: datetime) -> datetime | None:
    """When the clock warns; None where that would be before its start, and for reminders."""
    match kind:
        case ClockKind.REMINDER:
            return None
        case ClockKind.FIRST_REPLY | ClockKind.ESCALATION:
            point = start + (due - start) / 2
        case (
            ClockKind.PLAN
            | ClockKind.PROGRESS
            | ClockKind.RESOLUTION
            | ClockKind.WORK_ORDER
            | ClockKind.CONFIRMATION
        ):
            point = terms.calendar.one_working_day_before(due)
        case _:
            assert_never(kind)
    return point if start < point < due else None


def consequence(kind: ClockKind) -> Consequence:
    """What follows when a clock of this kind breaches in the ordinary way."""
    match kind:
        case (
            ClockKind.FIRST_REPLY
            | ClockKind.PLAN
            | ClockKind.PROGRESS
            | ClockKind.RESOLUTION
            | ClockKind.ESCALATION
        ):
            return Consequence.LADDER
        case ClockKind.WORK_ORDER:
            return Consequence.HEAD_OF_UNIT
        case ClockKind.CONFIRMATION:
            return Consequence.CALLBACK
        case ClockKind.REMINDER:
            return Consequence.REMINDER
        case _:
            assert_never(kind)


def consequence_when_born(kind: ClockKind) -> Consequence:
    """What follows when it had breached before it was known: an alert in place of a ladder.

    A reporter who waits for a call waits for it all the same.
    """
    return Consequence.CALLBACK if kind is ClockKind.CONFIRMATION else Consequence.ALERT


def stop(clock: Clock, time: datetime) -> Clock:
    """Ends a live clock with a verdict; `time` is when the thing it waited for happened.

    What happened in time is in time, though it was heard of after the clock had fired; that it
    fired stays on record as `breach_time`. A deadline that passed before it could fire is put there
    too, and has no consequence any more.
    """
    if time < clock.due_time:
        return replace(clock, state=ClockState.MET, stop_time=time)
    breach_time = clock.breach_time or clock.due_time
    return replace(clock, state=ClockState.MET_LATE, breach_time=breach_time, stop_time=time)


def cancel(clock: Clock, time: datetime) -> Clock:
    """Ends a live clock without a verdict; one that has breached stays BREACHED, no longer owed."""
    if clock.running:
        return replace(clock, state=ClockState.CANCELLED, stop_time=time)
    return replace(clock, stop_time=time)
