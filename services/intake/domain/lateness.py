"""When the entry of an appeal is late: by the receiver's shift, else by the site's hours.

Telephones are banned underground: what a slip says is typed in after the shift, and entry before
its end isn't late.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Older entries are refused or long-standing, which are never late; some days for the clocks of
# others. A roster of the coming year is known; what lies further off is published again by then.
SHIFTS_BEHIND = timedelta(days=100)
SHIFTS_AHEAD = timedelta(days=400)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RosterShift:
    """A person on duty for a span of each local day from the first to the last.

    Seconds count from local midnight, as the clock shows them; an end at or before the start is of
    the next day.
    """

    person_id: str
    start_date: date
    end_date: date
    start_second: int
    end_second: int


@dataclass(frozen=True, slots=True)
class Span:
    """A person on duty once, from an instant until another."""

    person_id: str
    start_time: datetime
    end_time: datetime


def spans(shifts: Iterable[RosterShift], zone: ZoneInfo, now: datetime) -> list[Span]:
    """Returns each time that somebody is on duty within the days around `now` that matter.

    Of two that begin at once, a post and a position at a time, the longer one. In order of person
    and start.
    """
    today = now.astimezone(zone).date()
    oldest, newest = today - SHIFTS_BEHIND, today + SHIFTS_AHEAD
    found: dict[tuple[str, datetime], datetime] = {}
    for shift in shifts:
        day = max(shift.start_date, oldest)
        while day <= min(shift.end_date, newest):
            start = _instant(day, shift.start_second, zone)
            last_day = day if shift.end_second > shift.start_second else day + _DAY
            end = _instant(last_day, shift.end_second, zone)
            key = shift.person_id, start
            # Where the clock is put forward a short shift may have no time at all.
            if end > start and end > found.get(key, start):
                found[key] = end
            day += _DAY
    return [Span(person, start, end) for (person, start), end in sorted(found.items())]


def is_late(
    occurred_time: datetime, record_time: datetime, shift_end: datetime | None, entry_hours: int
) -> bool:
    """Tells whether an appeal was entered late.

    `shift_end` is the end of the receiver's shift in which it was spoken; without one `entry_hours`
    count from the appeal. The end itself is still in time.
    """
    latest = shift_end or occurred_time + timedelta(hours=entry_hours)
    return record_time > latest


def _instant(day: date, second: int, zone: ZoneInfo) -> datetime:
    """Returns the instant at which the site's clock shows a second of a day; 86,400 is 24:00."""
    shown = datetime.combine(day, time(0)) + timedelta(seconds=second)
    return shown.replace(tzinfo=zone).astimezone(UTC)
