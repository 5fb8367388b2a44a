"""Deadlines as callers give them, and what the site's calendar has to say about them.

A deadline in working days needs the calendar of sla; one that is given as an instant is checked
against its rest days. sla is asked between two transactions, never inside of one: the first says
what it needs to know, the second finds it told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from chassis.errors import Refused
from services.routing.domain.directory import Site
from services.routing.domain.work_orders import LONGEST_DEADLINE


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant, or else so many working days after today; `field` is where it was given."""

    time: datetime | None
    field: str = "deadline_time"
    working_days: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What sla's calendar answered.

    `ends` is (day, n) → 24:00 of the n-th working day after it; `working` is day → whether people
    work on it, true as well where nobody could be asked.
    """

    ends: Mapping[tuple[date, int], datetime] = field(default_factory=dict)
    working: Mapping[date, bool] = field(default_factory=dict)

    def beside(self, other: "Told") -> "Told":
        """Returns what both were told."""
        return Told({**self.ends, **other.ends}, {**self.working, **other.working})


NOTHING_TOLD = Told()


class CalendarUnknown(Exception):
    """A deadline depends on what a site's calendar says, and nobody has asked it yet."""

    def __init__(
        self, site_id: str, ends: frozenset[tuple[date, int]], days: frozenset[date]
    ) -> None:
        super().__init__(f"{len(ends) + len(days)} questions about the calendar of {site_id}")
        self.site_id = site_id
        self.ends = ends
        self.days = days


def settle(
    deadlines: Sequence[Deadline],
    site: Site,
    time: datetime,
    told: Told,
    *,
    allow_rest_day: bool,
) -> list[datetime]:
    """Returns the instants of the deadlines, in their order.

    Raises Refused DEADLINE_ON_REST_DAY for the first whose last day is one, unless that is meant,
    and CalendarUnknown as long as `told` leaves a question open. An instant that no task may have
    isn't looked up: whoever takes the deadlines refuses it.
    """
    today = site.local(time).date()
    ends = {(today, one.working_days) for one in deadlines if one.time is None}
    days = {} if allow_rest_day else _last_days(deadlines, site, time)
    missing = CalendarUnknown(
        site.site_id,
        frozenset(ends - told.ends.keys()),
        frozenset(set(days.values()) - told.working.keys()),
    )
    if missing.ends or missing.days:
        raise missing
    for name, day in days.items():
        if not told.working[day]:
            raise Refused("DEADLINE_ON_REST_DAY", date=day.isoformat(), field=name)
    return [one.time or told.ends[today, one.working_days] for one in deadlines]


def _last_days(deadlines: Sequence[Deadline], site: Site, time: datetime) -> dict[str, date]:
    """Returns the last local day of each given instant; one at 24:00 is of the day that ends."""
    return {
        one.field: site.local(one.time - timedelta(microseconds=1)).date()
        for one in deadlines
        if one.time is not None and time < one.time <= time + LONGEST_DEADLINE
    }
