"""The site's duty lead (值班负责人): whether somebody is, at every instant from now on.

By the roster whoever has the shift and is there; else the standing holder of the position, or who
stands in for their absence. Nothing that a site decides may leave it without one where it had one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.routing.domain.absences import Absence
from services.routing.domain.days import Days
from services.routing.domain.roster import (
    Attendance,
    Shift,
    Span,
    Swap,
    instant,
    joined,
    presence,
    stints,
    without,
)

# So much time from then on a roster has to cover to stand for a holder who is gone for good.
ROSTERED = timedelta(days=14)

# How far ahead each day is looked at; no absence is longer.
AHEAD = timedelta(days=732)

_DAY = timedelta(days=1)

# Stands for "for ever": later than any day that a list may name.
_EVER = datetime(9100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DutyLead:
    """What decides who is duty lead.

    `holder` is empty while the position is vacant; `people` are the days on which each is at the
    site; absences are those that count. `shifts` and `swaps`, oldest first, are of the position:
    none where the site has no such position.
    """

    holder: str = ""
    people: Mapping[str, Days] = field(default_factory=dict)
    absences: Sequence[Absence] = ()
    shifts: Sequence[Shift] = ()
    swaps: Sequence[Swap] = ()


def is_held(lead: DutyLead, zone: ZoneInfo, from_time: datetime, until_time: datetime) -> bool:
    """Tells whether somebody is duty lead at every instant from one up to another."""
    spans = [*_standing(lead, zone, from_time), *_rostered(lead, zone, from_time, until_time)]
    return not without([(from_time, until_time)], joined(spans))


def is_lost(
    before: DutyLead, after: DutyLead, zone: ZoneInfo, now: datetime, ahead: timedelta = AHEAD
) -> bool:
    """Tells whether a site that had a duty lead wouldn't, now or at any later time.

    A standing holder who goes for good may, at whatever time, if the roster covers two weeks from
    then on; of one who is away for a while it covers all. What only the roster covers is compared
    for so much time `ahead`, by local days: somebody was duty lead all day, and nobody would be at
    some instant of it. So who has a duty lead by night only may change that.
    """
    stood, stands = _standing(before, zone, now), _standing(after, zone, now)
    gone = without(stood, stands)
    for start, end in gone:
        for_a_while = end - start <= AHEAD and any(again >= end for again, _ in stands)
        until = end if for_a_while else min(end, start + ROSTERED)
        if not is_held(after, zone, start, until):
            return True
    until = now + ahead
    # The usual case, without a look at the roster.
    if not without([(now, until)], stands):
        return False
    had = joined([*stood, *_rostered(before, zone, now, until)])
    have = joined([*stands, *_rostered(after, zone, now, until)])
    for hole in without(had, have):
        for day in _days(hole, zone, now, until):
            if not without([day], had) and without([day], gone) == [day]:
                return True
    return False


def _standing(lead: DutyLead, zone: ZoneInfo, now: datetime) -> list[Span]:
    """Returns from now on when the holder is there, or who stands in for their absence."""
    active = lead.people.get(lead.holder)
    if active is None:
        return []
    found = _present(lead, lead.holder, zone, now)
    own = _span(active, zone, now)
    for absence in lead.absences:
        if absence.person_id == lead.holder and absence.deputy:
            away = _span(Days(absence.start_date, absence.end_date), zone, now)
            # Nobody stands in for those who have left.
            found += _common(_common(own, away), _present(lead, absence.deputy, zone, now))
    return joined(found)


def _present(lead: DutyLead, person_id: str, zone: ZoneInfo, now: datetime) -> list[Span]:
    """Returns from now on when somebody is at the site and not away."""
    active = lead.people.get(person_id)
    if active is None:
        return []
    away = [
        span
        for absence in lead.absences
        if absence.person_id == person_id
        for span in _span(Days(absence.start_date, absence.end_date), zone, now)
    ]
    return without(_span(active, zone, now), joined(away))


def _rostered(
    lead: DutyLead, zone: ZoneInfo, from_time: datetime, until_time: datetime
) -> list[Span]:
    """Returns when somebody is on duty by the roster, between two instants."""
    if not lead.shifts:
        return []
    # The night before may reach into the first day.
    first = from_time.astimezone(zone).date() - _DAY
    found = stints(lead.shifts, lead.swaps, zone, first, until_time.astimezone(zone).date())
    absences: dict[str, list[Days]] = defaultdict(list)
    for absence in lead.absences:
        absences[absence.person_id].append(Days(absence.start_date, absence.end_date))
    there = joined(presence(found, Attendance(lead.people, absences), zone))
    return _common(there, [(from_time, until_time)])


def _days(hole: Span, zone: ZoneInfo, now: datetime, until: datetime) -> Iterator[Span]:
    """Yields the local days that a hole touches, but for what is over or too far ahead."""
    day = hole[0].astimezone(zone).date()
    while (start := max(now, instant(zone, day, 0))) < min(hole[1], until):
        day += _DAY
        yield start, min(until, instant(zone, day, 0))


def _span(days: Days, zone: ZoneInfo, now: datetime) -> list[Span]:
    """Returns the instants of local days from now on: one span, or none."""
    start = now if days.start is None else max(now, instant(zone, days.start, 0))
    end = _EVER if days.end is None else instant(zone, days.end + _DAY, 0)
    return [(start, end)] if start < end else []


def _common(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Returns what two lists of spans have in common; both joined."""
    return without(spans, without(spans, others))
