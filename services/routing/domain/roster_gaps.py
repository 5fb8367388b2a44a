"""Opened posts where nobody will be: their windows, less who really is there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from chassis.errors import Refused
from services.routing.domain.directory import Post, Window
from services.routing.domain.roster import (
    Attendance,
    Roster,
    Shift,
    Span,
    Swap,
    instant,
    joined,
    presence,
    span_of,
    stints,
    without,
)

# How far ahead is looked unless somebody asks, and at most.
USUAL_DAYS = 14
MOST_DAYS = 366
MOST_GAPS = 10_000

_DAY = timedelta(days=1)
# Days that are reckoned at once, so that a hopeless roster ends early.
_STRIDE = 31


@dataclass(frozen=True, slots=True)
class PostGap:
    """A window of a post, or a part of one, in which nobody is there."""

    post_id: str
    post_name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Staffing:
    """All that decides who will be where: a roster with its swaps, and who is there at all."""

    zone: ZoneInfo
    posts: tuple[Post, ...]
    roster: Roster
    swaps: tuple[Swap, ...]
    attendance: Attendance


def period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Returns the days to look at: the next 14 where nothing else is given.

    Raises Refused PERIOD_INVALID for days that are over, for none, and for more than a year.
    """
    first = first or today
    last = last or first + (USUAL_DAYS - 1) * _DAY
    if first < today:
        raise Refused("PERIOD_INVALID", problem=f"{first} 已过 ({first} is over)")
    if last < first:
        raise Refused(
            "PERIOD_INVALID", problem=f"止于 {last}，早于 {first} (ends before it starts)"
        )
    if (last - first).days >= MOST_DAYS:
        raise Refused("PERIOD_INVALID", problem=f"多于 {MOST_DAYS} 天 (more than {MOST_DAYS} days)")
    return first, last


def gaps(staffing: Staffing, start: datetime, end: datetime) -> list[PostGap]:
    """Returns the gaps from one instant up to another by their start, at most 10,000."""
    zone = staffing.zone
    open_posts = [post for post in staffing.posts if post.windows]
    shifts: dict[str, list[Shift]] = {post.post_id: [] for post in open_posts}
    for shift in staffing.roster.shifts:
        if shift.post_id in shifts:
            shifts[shift.post_id].append(shift)
    holes: dict[str, list[Span]] = {post.post_id: [] for post in open_posts}
    # A window or a shift that began the evening before reaches in.
    day, last = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
    while day <= last and sum(map(len, holes.values())) < MOST_GAPS:
        until = min(day + _STRIDE * _DAY, last + _DAY)
        within = max(start, instant(zone, day, 0)), min(end, instant(zone, until, 0))
        for post in open_posts:
            more = _holes(post, shifts[post.post_id], staffing, (day, until - _DAY), within)
            holes[post.post_id] = joined([*holes[post.post_id], *more])
        day = until
    named = {post.post_id: post.name for post in open_posts}
    found = [
        PostGap(post_id, named[post_id], *hole)
        for post_id, spans in holes.items()
        for hole in spans
    ]
    return sorted(found, key=lambda gap: (gap.start, gap.post_id))[:MOST_GAPS]


def openings(windows: Iterable[Window], zone: ZoneInfo, first: date, last: date) -> Iterator[Span]:
    """Yields the spans of windows that begin on local days from one to another; they may meet."""
    for window in windows:
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            if window.weekdays and day.weekday() not in window.weekdays:
                continue
            if window.days.holds(day):
                yield span_of(zone, day, window.start_second, window.end_second)


def _holes(
    post: Post, shifts: Sequence[Shift], staffing: Staffing, days: tuple[date, date], within: Span
) -> list[Span]:
    """Returns where nobody is at an opened post on some days, within a span of instants."""
    zone = staffing.zone
    first, last = days[0] - _DAY, days[1]
    opened = _cut(openings(post.windows, zone, first, last), within)
    if not opened:
        return []
    swaps = [swap for swap in staffing.swaps if swap.post_id == post.post_id]
    staffed = presence(stints(shifts, swaps, zone, first, last), staffing.attendance, zone)
    return without(joined(opened), joined(staffed))


def _cut(spans: Iterable[Span], within: Span) -> list[Span]:
    found = ((max(start, within[0]), min(end, within[1])) for start, end in spans)
    return [(start, end) for start, end in found if start < end]
