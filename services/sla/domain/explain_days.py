"""The count behind a deadline, day by day, from the calendar alone.

It is walked here a second time, not asked of `clocks.due`: a walk that doesn't end at the deadline
it is to explain is refused, so an explanation never tells another story than the clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import count

from services.sla.domain.calendar import Calendar, Day, DayKind
from services.sla.domain.clocks import Due, Span, day_end, paused_days
from services.sla.domain.kinds import ClockKind, Counting
from services.sla.domain.policy import ClockRule

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_NOTHING = timedelta(0)
_MOST_DAYS = 50_000


class DayReason(StrEnum):
    """Why a day is counted or not."""

    WORKING_DAY = "WORKING_DAY"
    MAKEUP_DAY = "MAKEUP_DAY"
    EVENT = "EVENT"
    REST_DAY = "REST_DAY"
    HOLIDAY = "HOLIDAY"
    CLOSURE = "CLOSURE"
    PAUSED = "PAUSED"
    CALENDAR_DAY = "CALENDAR_DAY"


class Part(StrEnum):
    """What a day does for the deadline."""

    COUNTED = "COUNTED"
    # Left out; of clocks with a given deadline, which count nothing: just lies on the way.
    PASSED = "PASSED"
    # The period would end here, were it not a rest day (Civil Code, article 203).
    MOVED_ON = "MOVED_ON"
    # Stood still on, and so moves a given deadline on by a working day.
    DEFERS = "DEFERS"
    # The deadline lies on it though nothing is counted on it.
    DUE = "DUE"


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A local day between start and deadline. `ordinal` is 0 where it isn't counted.

    `part_paused`: the clock stood still on some of it, and counted the rest.
    """

    date: date
    ordinal: int
    reason: DayReason
    part: Part
    name: str = ""
    counted_time: timedelta = _NOTHING
    provisional: bool = False
    part_paused: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time. `ends` is the day that it is the end of, 24:00."""

    local: datetime
    ends: date | None


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that an explanation is put into words from.

    `by_floor`: the shortest time of a same-day clock is what decides.
    """

    kind: ClockKind
    rule: ClockRule
    start: Moment
    given: Moment | None
    due: Moment
    days: tuple[Reckoned, ...]
    by_floor: bool
    paused_now: bool
    provisional: bool

    @property
    def unknown_years(self) -> list[int]:
        return sorted({day.date.year for day in self.days if day.provisional})


@dataclass(frozen=True, slots=True)
class Run:
    """Days on end for the same reason."""

    first: date
    last: date
    reason: DayReason
    name: str

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1


def runs(days: Iterable[Reckoned]) -> list[Run]:
    """Returns the days put together where they follow each other for the same reason."""
    found: list[Run] = []
    for day in days:
        run = found[-1] if found else None
        if run is not None and (run.last + _DAY, run.reason, run.name) == (
            day.date,
            day.reason,
            day.name,
        ):
            found[-1] = replace(run, last=day.date)
        else:
            found.append(Run(day.date, day.date, day.reason, day.name))
    return found


def account_of(
    kind: ClockKind,
    rule: ClockRule,
    calendar: Calendar,
    start: datetime,
    given: datetime | None,
    pauses: Sequence[Span],
    due: Due,
) -> Account:
    """Returns the count that leads from `start` to the deadline.

    Raises ValueError where it doesn't lead there, or where the rule counts nothing (LADDER, OFF);
    OverflowError for a deadline more than 50 000 days away.
    """
    days = tuple(_reckon(rule, calendar, start, given, pauses, due.time))
    if not due.provisional:
        # Of days that were not looked at for the deadline nothing is to be known.
        days = tuple(replace(day, provisional=False) if day.provisional else day for day in days)
    same_day = rule.counting is Counting.SAME_DAY
    return Account(
        kind=kind,
        rule=rule,
        start=_moment(calendar, start),
        given=_moment(calendar, given) if given is not None else None,
        due=_moment(calendar, due.time),
        days=days,
        by_floor=same_day and due.time > day_end(rule, calendar, days[0].date),
        paused_now=any(span.end is None for span in pauses),
        provisional=due.provisional,
    )


def _moment(calendar: Calendar, instant: datetime) -> Moment:
    before = calendar.local_day(instant - _INSTANT)
    ends = before if instant == calendar.end_of(before) else None
    return Moment(instant.astimezone(calendar.zone), ends)


def _reckon(
    rule: ClockRule,
    calendar: Calendar,
    start: datetime,
    given: datetime | None,
    pauses: Sequence[Span],
    due: datetime,
) -> Iterator[Reckoned]:
    days = _days(calendar, start, due)
    match rule.counting:
        case Counting.WORKING_DAYS | Counting.CALENDAR_DAYS:
            if due != day_end(rule, calendar, days[-1].date):
                raise ValueError("the deadline isn't the end of its day")
            return _counted_days(rule, days, paused_days(calendar, pauses))
        case Counting.WORKING_TIME:
            return _counted_time(rule, calendar, days, start, due, pauses)
        case Counting.SAME_DAY:
            if due != max(day_end(rule, calendar, days[0].date), start + rule.floor):
                raise ValueError("the deadline is neither the end of the day nor the floor")
            return _same_day(days)
        case Counting.GIVEN if given is not None:
            last = calendar.local_day(given - _INSTANT)
            return _given(days, last, paused_days(calendar, pauses), moved=due != given)
        case Counting.DAILY:
            return iter([_reckoned(days[-1], 0, Part.DUE)])
        case _:
            raise ValueError(f"nothing is counted by {rule.counting}")


def _days(calendar: Calendar, start: datetime, due: datetime) -> list[Day]:
    """Returns the local days from the start's to the one the deadline belongs to; 24:00 belongs to
    the day before."""
    first, last = calendar.local_day(start), calendar.local_day(due - _INSTANT)
    if (last - first).days > _MOST_DAYS:
        raise OverflowError("too many days to tell them")
    # A promise may lie on a day that is over when it is given.
    length = max((last - first).days, 0) + 1
    return [calendar.day(first + day * _DAY) for day in range(length)]


def _counted_days(
    rule: ClockRule, days: Sequence[Day], paused: frozenset[date]
) -> Iterator[Reckoned]:
    calendar_days = rule.counting is Counting.CALENDAR_DAYS
    yield _reckoned(days[0], 0, Part.PASSED, DayReason.EVENT)
    counted = 0
    for day in days[1:]:
        # The last of calendar days must be worked, or it moves on (article 203).
        last = counted == rule.amount - 1
        if day.date in paused and (day.working or calendar_days):
            yield _reckoned(day, 0, Part.PASSED, DayReason.PAUSED)
        elif day.working:
            counted += 1
            yield _reckoned(day, counted, Part.COUNTED)
        elif calendar_days and not last:
            counted += 1
            yield _reckoned(day, counted, Part.COUNTED, DayReason.CALENDAR_DAY)
        else:
            yield _reckoned(day, 0, Part.MOVED_ON if calendar_days else Part.PASSED)
    _must(counted == rule.amount and (counted == 0 or days[-1].working))


def _counted_time(
    rule: ClockRule,
    calendar: Calendar,
    days: Sequence[Day],
    start: datetime,
    due: datetime,
    pauses: Sequence[Span],
) -> Iterator[Reckoned]:
    spans = sorted((span.start, span.end) for span in pauses if span.end is not None)
    touched = paused_days(calendar, pauses)
    ordinals, total = count(1), _NOTHING
    for index, day in enumerate(days):
        counted = sum(
            (
                _length_outside(max(opens, start), min(closes, due), spans)
                for opens, closes in calendar.windows_of(day.date)
            ),
            _NOTHING,
        )
        total += counted
        if counted:
            part_paused = day.date in touched
            worked = _reckoned(day, next(ordinals), Part.COUNTED)
            yield replace(worked, counted_time=counted, part_paused=part_paused)
        elif index == 0 and day.working:
            yield _reckoned(day, 0, Part.PASSED, DayReason.EVENT)
        elif day.working and (name := _closed(calendar, day)):
            yield replace(_reckoned(day, 0, Part.PASSED, DayReason.CLOSURE), name=name)
        else:
            stood_still = day.working and day.date in touched
            yield _reckoned(day, 0, Part.PASSED, DayReason.PAUSED if stood_still else None)
    _must(total == timedelta(seconds=rule.amount) and (not total or counted > _NOTHING))


def _length_outside(
    since: datetime, until: datetime, spans: Sequence[tuple[datetime, datetime]]
) -> timedelta:
    length = _NOTHING
    for start, end in spans:
        length += max(min(start, until) - since, _NOTHING)
        since = max(since, end)
    return length + max(until - since, _NOTHING)


def _closed(calendar: Calendar, day: Day) -> str:
    """Returns the name of the closure that took all of a working day's hours, if one did."""
    if day.windows:
        return ""
    names = (c.name for c in calendar.plan.closures if c.start <= day.date <= c.end)
    return next(names, "")


def _same_day(days: Sequence[Day]) -> Iterator[Reckoned]:
    yield _reckoned(days[0], 0, Part.PASSED if days[1:] else Part.DUE, DayReason.EVENT)
    for day in days[1:]:
        yield _reckoned(day, 0, Part.DUE if day is days[-1] else Part.PASSED)


def _given(
    days: Sequence[Day], last: date, paused: frozenset[date], *, moved: bool
) -> Iterator[Reckoned]:
    """A given deadline moves on by a working day for each that it stood still on.

    Standing still on the very day it is given for defers it, too, where that is a rest day and
    nothing else does.
    """
    if last < days[0].date:
        _must(not moved)
        yield _reckoned(days[0], 0, Part.PASSED, DayReason.EVENT)
        return
    owed = sum(day.working for day in days if day.date in paused and day.date <= last)
    rest_day_defers = not owed and last in paused
    owed += rest_day_defers
    made_up = 0
    for day in days:
        if day.date in paused and day.date > last:
            yield _reckoned(day, 0, Part.PASSED, DayReason.PAUSED if day.working else None)
        elif day.date in paused and (day.working or (rest_day_defers and day.date == last)):
            yield _reckoned(day, 0, Part.DEFERS, DayReason.PAUSED)
        elif day.date > last and day.working:
            made_up += 1
            yield _reckoned(day, made_up, Part.COUNTED)
        else:
            reason = DayReason.EVENT if day is days[0] else None
            yield _reckoned(day, 0, Part.DUE if day.date == last else Part.PASSED, reason)
    _must(made_up == owed and moved == bool(owed))
    _must(days[-1].date not in paused and days[-1].working if owed else days[-1].date == last)


def _reckoned(day: Day, ordinal: int, part: Part, reason: DayReason | None = None) -> Reckoned:
    return Reckoned(
        date=day.date,
        ordinal=ordinal,
        reason=reason or DayReason(day.kind),
        part=part,
        name=day.name if day.kind in (DayKind.HOLIDAY, DayKind.CLOSURE) else "",
        provisional=day.provisional,
    )


def _must(agrees: bool) -> None:
    if not agrees:
        raise ValueError("the count doesn't come to the deadline")
