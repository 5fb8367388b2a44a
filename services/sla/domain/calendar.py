"""A site's days: which of them are worked, and when they end.

Deadlines are counted in working days of China, whose make-up days (调休) the State Council
announces year by year. Days of a year that isn't announced are judged by weekends and fixed
holidays, and whatever was counted through them is provisional.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.sla.domain.seeds import fixed_holidays

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of one site in its time zone.

    `exceptions` are the days of the `announced` years that differ from the plain week: True for a
    worked weekend, False for a holiday.
    """

    zone: ZoneInfo
    announced: frozenset[int]
    exceptions: Mapping[date, bool]

    def is_working(self, day: date) -> bool:
        """Tells whether the day is worked, as far as known."""
        if day.year in self.announced:
            return self.exceptions.get(day, day.weekday() < _SATURDAY)
        return day.weekday() < _SATURDAY and day not in fixed_holidays(day.year)

    def add_working_days(self, day: date, count: int) -> tuple[date, bool]:
        """Returns the day that is `count` working days later, and whether that is provisional.

        The day itself isn't counted (Civil Code, article 201); with 0 it is the answer. Provisional
        = a day on the way belongs to a year not announced. OverflowError at the year 9999.
        """
        provisional = False
        while count > 0:
            day += _DAY
            provisional = provisional or day.year not in self.announced
            if self.is_working(day):
                count -= 1
        return day, provisional

    def working_day_before(self, day: date) -> date:
        """Returns the last working day before the day."""
        day -= _DAY
        while not self.is_working(day):
            day -= _DAY
        return day

    def local_day(self, instant: datetime) -> date:
        """Returns the site's day that an instant falls into."""
        return instant.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """Returns 24:00 of the day, in UTC: the first instant that no longer belongs to it."""
        midnight = datetime.combine(day + _DAY, time(0), self.zone)
        return midnight.astimezone(UTC)

    def one_working_day_before(self, due: datetime) -> datetime:
        """Returns the same time of day on the working day before a due instant.

        24:00 counts as the end of its day, so a deadline at the end of Thursday gives the end of
        Wednesday.
        """
        local = due.astimezone(self.zone)
        if local.time() == time(0):
            return self.end_of(self.working_day_before(local.date() - _DAY))
        earlier = self.working_day_before(local.date())
        return datetime.combine(earlier, local.time(), self.zone).astimezone(UTC)
