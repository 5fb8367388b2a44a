"""The duty roster (值班表): who stands at a post or holds a position, at any instant.

A shift is the same span of wall-clock time on each day of a range; what counts are the instants
that it comes to in the site's time zone. Where clocks go back, a time that is shown twice is the
first of the two; where they go forward, one that is never shown is the moment of the change. So
shifts that follow one another on the clock leave no hole and never meet, whatever the clocks do.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from services.routing.domain.days import Days

DAY_SECONDS = 86_400
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

# From an instant up to another, which isn't in it any more.
Span: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Shift:
    """Exactly one of `post_id` and `position_id` is set; days are local, both included.

    Seconds count from local midnight; an end at or before the start is of the next day.
    """

    post_id: str
    position_id: str
    person_id: str
    start_date: date
    end_date: date
    start_second: int
    end_second: int

    @property
    def length(self) -> int:
        """Seconds from start to end, as the clock shows them."""
        seconds = self.end_second - self.start_second
        return seconds if seconds > 0 else seconds + DAY_SECONDS

    @property
    def place(self) -> str:
        """What is staffed, for people."""
        return self.post_id or self.position_id


@dataclass(frozen=True, slots=True)
class Roster:
    site_id: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Swap:
    """The shift of one person that begins on one local day is another's."""

    swap_id: str
    post_id: str
    position_id: str
    day: date
    start_second: int
    from_person_id: str
    to_person_id: str
    reason: str
    approved_by: str
    record_time: datetime


@dataclass(frozen=True, slots=True)
class Stint:
    """One day's shift of whoever has it after all swaps, in instants."""

    post_id: str
    position_id: str
    person_id: str
    day: date
    start_second: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """Who has a position or a post: by the roster, else as its standing holder."""

    person_id: str
    person_name: str
    by_roster: bool


@dataclass(frozen=True, slots=True)
class Attendance:
    """On which days people are at the site: {person: days}, and {person: days of an absence}."""

    days: Mapping[str, Days]
    absences: Mapping[str, Sequence[Days]] = field(default_factory=dict)

    def there(self, person_id: str, day: date) -> bool:
        """Tells whether somebody is of the site on a local day and not away."""
        days = self.days.get(person_id)
        if days is None or not days.holds(day):
            return False
        return not any(away.holds(day) for away in self.absences.get(person_id, ()))


@lru_cache(maxsize=65_536)
def instant(zone: ZoneInfo, day: date, second: int) -> datetime:
    """Returns when the clocks of a zone show a time of a day, in UTC.

    The first instant where they show it twice, the moment of the change where they never do.
    """
    first, second_time = _readings(zone, day, second)
    if first <= second_time:
        return first
    # Never shown: the clocks go forward somewhere between the two readings.
    early, late = second_time, first
    after = late.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + ((late - early) // _SECOND // 2) * _SECOND
        if middle.astimezone(zone).utcoffset() == after:
            late = middle
        else:
            early = middle
    return late


def is_shown(zone: ZoneInfo, day: date, second: int) -> bool:
    """Tells whether the clocks of a zone show a time of a day at all."""
    first, second_time = _readings(zone, day, second)
    return first <= second_time


def _readings(zone: ZoneInfo, day: date, second: int) -> tuple[datetime, datetime]:
    """Returns a wall-clock time as read before a change of the clocks, and as read after it."""
    local = datetime.combine(day, time.min, zone) + second * _SECOND
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def span_of(zone: ZoneInfo, day: date, start_second: int, end_second: int) -> Span:
    """Returns the instants between two times of the clock, of which the first is on a day."""
    end_day = day if end_second > start_second else day + _DAY
    return instant(zone, day, start_second), instant(zone, end_day, end_second)


def stints(
    shifts: Iterable[Shift], swaps: Iterable[Swap], zone: ZoneInfo, first: date, last: date
) -> list[Stint]:
    """Returns the shifts that begin on local days from `first` to `last`, swaps applied.

    In the order of the shifts, then of the days. Swaps are given oldest first; each takes the
    shift from whoever has it by then.
    """
    by_shift: dict[tuple[str, str, date, int], list[Swap]] = defaultdict(list)
    for swap in swaps:
        by_shift[swap.post_id, swap.position_id, swap.day, swap.start_second].append(swap)
    found: list[Stint] = []
    for shift in shifts:
        for ordinal in range(
            max(shift.start_date, first).toordinal(), min(shift.end_date, last).toordinal() + 1
        ):
            day = date.fromordinal(ordinal)
            person_id = shift.person_id
            key = shift.post_id, shift.position_id, day, shift.start_second
            for swap in by_shift.get(key, ()):
                if swap.from_person_id == person_id:
                    person_id = swap.to_person_id
            start, end = span_of(zone, day, shift.start_second, shift.end_second)
            found.append(
                Stint(
                    shift.post_id,
                    shift.position_id,
                    person_id,
                    day,
                    shift.start_second,
                    start,
                    end,
                )
            )
    return found


def on_duty(
    found: Iterable[Stint], attendance: Attendance, zone: ZoneInfo, moment: datetime
) -> list[Stint]:
    """Returns the stints that are on at an instant and whose people are there, in their order."""
    day = moment.astimezone(zone).date()
    return [
        stint
        for stint in found
        if stint.start <= moment < stint.end and attendance.there(stint.person_id, day)
    ]


def touched_days(stint: Stint, zone: ZoneInfo) -> list[date]:
    """Returns the local days on which a stint is on; that which begins when it ends isn't one."""
    day = stint.start.astimezone(zone).date()
    last = max(day, (stint.end - _SECOND).astimezone(zone).date())
    return [date.fromordinal(one) for one in range(day.toordinal(), last.toordinal() + 1)]


def presence(found: Iterable[Stint], attendance: Attendance, zone: ZoneInfo) -> Iterator[Span]:
    """Yields the instants at which somebody really is there, in no order; spans may overlap.

    Who is away or has left on a day is missing from its midnight to the next.
    """
    for stint in found:
        for day in touched_days(stint, zone):
            if attendance.there(stint.person_id, day):
                start = max(stint.start, instant(zone, day, 0))
                end = min(stint.end, instant(zone, day + _DAY, 0))
                if start < end:
                    yield start, end


def joined(spans: Iterable[Span]) -> list[Span]:
    """Returns the same instants as spans that neither meet nor touch, in their order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """Returns what is left of spans without others; both joined."""
    found: list[Span] = []
    at = 0
    for start, end in spans:
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        free, index = start, at
        while index < len(taken) and taken[index][0] < end:
            if free < taken[index][0]:
                found.append((free, taken[index][0]))
            free = max(free, taken[index][1])
            index += 1
        if free < end:
            found.append((free, end))
    return found


def swapped(found: Iterable[Stint], swap: Swap) -> tuple[Stint, Stint] | None:
    """Returns the stint that a swap concerns, as it is and as it becomes; None without one."""
    for stint in found:
        if (stint.post_id, stint.position_id, stint.day, stint.start_second, stint.person_id) == (
            swap.post_id,
            swap.position_id,
            swap.day,
            swap.start_second,
            swap.from_person_id,
        ):
            return stint, replace(stint, person_id=swap.to_person_id)
    return None
