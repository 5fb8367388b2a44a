"""The days of the play: four ordinary weeks, so that it ends the same on whatever day it runs.

A holiday or a make-up Saturday in the middle would move deadlines relative to one another. So
the play begins on the first Monday from which the site's own calendar knows four plain weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from backstop.sla.v1 import sla_service_pb2
from ctl import clock, times
from ctl.connection import Client
from deploy.demo.story import Moment

WEEKS: Final = 4
_LONGEST_SEARCH_WEEKS: Final = 52


@dataclass(frozen=True, slots=True)
class Month:
    """Maps working days of the play to dates."""

    monday: date
    zone: ZoneInfo

    def day(self, number: int) -> date:
        """Returns the date of a working day, counted from 0."""
        if not 0 <= number < WEEKS * 5:
            raise ValueError(f"the play has working days 0 to {WEEKS * 5 - 1}, not {number}")
        return self.monday + timedelta(weeks=number // 5, days=number % 5)

    def instant(self, moment: Moment) -> datetime:
        """Returns the instant of a moment of the play."""
        return datetime.combine(self.day(moment.day), moment.at, self.zone)

    def end_of(self, number: int) -> datetime:
        """Returns 24:00 of a working day."""
        return datetime.combine(self.day(number) + timedelta(days=1), time(), self.zone)


async def find(operator: Client, site_id: str, zone: ZoneInfo) -> Month:
    """Asks sla for the first Monday to come with four plain weeks after it."""
    today = (await clock.decision_time(operator)).astimezone(zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    for _ in range(_LONGEST_SEARCH_WEEKS):
        if await _is_plain(operator, site_id, monday):
            return Month(monday, zone)
        monday += timedelta(weeks=1)
    raise LookupError(f"no {WEEKS} weeks without a holiday in the year after {today}")


async def _is_plain(operator: Client, site_id: str, monday: date) -> bool:
    for week in range(1, WEEKS + 1):
        request = sla_service_pb2.AddWorkingDaysRequest(
            site_id=site_id,
            start_date=times.date_message(monday - timedelta(days=1)),
            working_days=5 * week,
        )
        response = await operator.call("sla", operator.sla.AddWorkingDays, request)
        friday = monday + timedelta(weeks=week - 1, days=4)
        if times.show_date(response.date) != friday.isoformat():
            return False
    return True
