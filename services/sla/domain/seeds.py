"""Where a calendar's days come from before anyone at the site has touched them.

`chinesecalendar` knows what the State Council announced, make-up days included, up to the year its
release ends with; `holidays` knows the holidays fixed by law for any year.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import holidays
from chinese_calendar import constants

# What `holidays` can say about China; outside of it only weekends are known.
_FIRST_YEAR, _LAST_YEAR = 1950, 2100
_OCTOBER = 10


@lru_cache(maxsize=64)
def fixed_holidays(year: int) -> frozenset[date]:
    """Returns the holidays of a year by law, for years that nobody has announced.

    Days off that the law itself gives for holidays on weekends are among them (全国年节及纪念日
    放假办法, article 7); make-up days are not, since only an announcement makes them.
    """
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return frozenset()
    return frozenset(holidays.country_holidays("CN", years=year))


def announced_years() -> Mapping[int, Mapping[date, bool]]:
    """Returns the announced years, each with its days that differ from the plain week.

    True = a worked weekend, False = a holiday on a weekday.
    """
    return _announced()


@lru_cache(maxsize=1)
def _announced() -> Mapping[int, Mapping[date, bool]]:
    years: dict[int, dict[date, bool]] = {}
    for day in constants.holidays:
        kept = years.setdefault(day.year, {})
        if day.weekday() < 5:
            kept[day] = False
    for day in constants.workdays:
        kept = years.setdefault(day.year, {})
        if day.weekday() >= 5:
            kept[day] = True
    # A release may hold the first days of a year whose announcement it doesn't know; every
    # announcement names days in October.
    whole = [year for year in sorted(years) if any(day.month == _OCTOBER for day in years[year])]
    return MappingProxyType({year: MappingProxyType(years[year]) for year in whole})
