"""Years that a site's calendar lacks: warned of before they begin, added once they are known."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from services.sla.domain.calendar import Calendar, CalendarPlan, Year
from services.sla.domain.days import ANNOUNCING_COUNTRY
from services.sla.domain.seeds import fitted

_DECEMBER = 12


def missing_years(calendar: Calendar, now: datetime) -> tuple[int, ...]:
    """Returns years that have begun or, from 1 December on, begin soon, and aren't announced.

    Only where years need an announcement; one without a single make-up day is none. A year gone by
    is nothing to wait for any more.
    """
    if calendar.plan.country != ANNOUNCING_COUNTRY:
        return ()
    today = calendar.local_day(now)
    wanted = range(today.year, today.year + 1 + (today.month == _DECEMBER))
    plan = calendar.plan
    # Where weekends are worked anyway, a year may be left without any.
    any_will_do = any(plan.week[5:])
    announced = {year.year for year in plan.years if year.makeup_days or any_will_do}
    return tuple(year for year in wanted if year not in announced)


def known_years(calendar: Calendar, now: datetime, seeds: Iterable[Year]) -> tuple[Year, ...]:
    """Returns those of the seeds that the calendar lacks, of this year or a later one.

    What a site left out of years gone by stays left out.
    """
    if calendar.plan.country != ANNOUNCING_COUNTRY:
        return ()
    today = calendar.local_day(now)
    announced = {year.year for year in calendar.plan.years}
    return tuple(year for year in seeds if year.year >= today.year and year.year not in announced)


def with_years(plan: CalendarPlan, years: Iterable[Year]) -> CalendarPlan:
    """Returns the plan with more years; those that it has stay as they are.

    Of the others, make-up days that the plan's week has worked anyway are none.
    """
    added = (fitted(year, plan.week) for year in years)
    return replace(plan, years=tuple(sorted((*plan.years, *added), key=lambda year: year.year)))


def monday_of(day: date) -> date:
    """Returns the first day of the day's week."""
    return date.fromordinal(day.toordinal() - day.weekday())
