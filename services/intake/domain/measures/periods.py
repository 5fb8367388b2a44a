"""Periods of local days: every measure is of one, and each site dates it by its own zone."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from chassis.errors import Refused
from services.intake.domain.times import OLDEST, end_of_day, local_day, start_of_day

LONGEST_DAYS = 5 * 366


@dataclass(frozen=True, slots=True)
class Period:
    """From 00:00 of the first local day to 24:00 of the last."""

    start_date: date
    end_date: date

    @property
    def days(self) -> int:
        """Returns how many days it has."""
        return (self.end_date - self.start_date).days + 1

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Returns its first instant at a site, and the first that is too late."""
        return start_of_day(self.start_date, zone), end_of_day(self.end_date, zone)

    def last_day(self, zone: ZoneInfo, now: datetime) -> date:
        """Returns the day on which a site's standing is looked at: the last, or today."""
        return min(self.end_date, local_day(now, zone))


def period(start_date: date, end_date: date, today: date) -> Period:
    """Returns the period; Refused PERIOD_INVALID for one that can't be measured."""
    problem = ""
    if end_date < start_date:
        problem = "it ends before it begins"
    elif (end_date - start_date).days >= LONGEST_DAYS:
        problem = "it is longer than five years"
    elif start_date < OLDEST.date() or end_date.year >= 9999:
        problem = "no calendar of a mine has these days"
    elif start_date > today:
        problem = "it has not begun"
    if problem:
        raise Refused("PERIOD_INVALID", problem=problem)
    return Period(start_date, end_date)


def month_of(year: int, month: int, *, back: int = 0) -> Period:
    """Returns a calendar month, `back` months before the named one."""
    year, month = divmod(year * 12 + month - 1 - back, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return Period(date(year, month + 1, 1), date(year, month + 1, last))
