"""Where a calendar's days come from before anyone at the site has touched them.

`chinesecalendar` knows what the State Council announced, make-up days included, up to the year its
release ends with; `holidays` knows the holidays fixed by law, of many countries and for any year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from types import MappingProxyType

import holidays
from chinese_calendar import constants

from services.sla.domain.days import ANNOUNCING_COUNTRY, CalendarPlan, Holiday, Window, Year

# Where the announced years of a default plan are from.
SEED_SOURCE = f"chinesecalendar {version('chinesecalendar')}"

_DAY = timedelta(days=1)
_OCTOBER, _DECEMBER = 10, 12
_NEW_YEAR = constants.Holiday.new_years_day.value
_CHINESE_NAMES: Mapping[str, str] = {item.value: item.chinese for item in constants.Holiday}

_OFFICE_DAY = (Window(8 * 60, 12 * 60), Window(14 * 60, 18 * 60))
# Monday to Friday, 08:00–12:00 and 14:00–18:00.
PLAIN_WEEK: tuple[tuple[Window, ...], ...] = (_OFFICE_DAY,) * 5 + ((),) * 2


def is_known(country: str) -> bool:
    """Tells whether the holidays of a country (ISO 3166-1 alpha-2) are known."""
    return len(country) == 2 and country in _countries()


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries())


@lru_cache(maxsize=1024)
def fixed_holidays(country: str, year: int) -> Mapping[date, str]:
    """Returns the holidays of a year by law, with their names, for years that nobody announced.

    Days off that the law itself gives for holidays on weekends are among them (in China 全国年节及
    纪念日放假办法, article 7); make-up days are not, since only an announcement makes them. Names
    are in Chinese for China, else in English where it is known. Empty where nothing is known.
    """
    if not is_known(country):
        return MappingProxyType({})
    wanted = "zh_CN" if country == ANNOUNCING_COUNTRY else "en_US"
    languages = getattr(holidays, country).supported_languages
    known = holidays.country_holidays(
        country, years=year, language=wanted if wanted in languages else None
    )
    # The package adds a year when it is asked for a day of it: what is kept must not change.
    return MappingProxyType({day: name for day, name in known.items() if day.year == year})


def announced_years() -> tuple[Year, ...]:
    """Returns the years whose announcement is known whole, in order."""
    return _announced()


def fitted(year: Year, week: Sequence[Sequence[Window]]) -> Year:
    """Returns the year without the make-up days that are worked anyway in such a week."""
    worked = frozenset(day for day in year.makeup_days if week[day.weekday()])
    return replace(year, makeup_days=year.makeup_days - worked) if worked else year


@lru_cache(maxsize=32)
def default_plan(country: str = ANNOUNCING_COUNTRY) -> CalendarPlan:
    """Returns the calendar that a site has before anyone publishes one."""
    years = announced_years() if country == ANNOUNCING_COUNTRY else ()
    return CalendarPlan(country, PLAIN_WEEK, years)


@lru_cache(maxsize=1)
def _announced() -> tuple[Year, ...]:
    # A release may hold the first days of a year whose announcement it doesn't know; every
    # announcement names days in October.
    whole = {day.year for day in constants.holidays if day.month == _OCTOBER}
    off: dict[int, list[Holiday]] = {year: [] for year in sorted(whole)}
    for day, key in sorted(constants.holidays.items()):
        notice = _notice_of(day, key, whole)
        if notice not in whole:
            continue
        name, known = _CHINESE_NAMES.get(key, key), off[notice]
        if known and known[-1].name == name and known[-1].end + _DAY == day:
            known[-1] = replace(known[-1], end=day)
        else:
            known.append(Holiday(name, day, day))
    worked: dict[int, set[date]] = {year: set() for year in whole}
    for day, key in constants.workdays.items():
        notice = _notice_of(day, key, whole)
        if notice in whole:
            worked[notice].add(day)
    return tuple(
        Year(year, SEED_SOURCE, tuple(known), frozenset(worked[year]))
        for year, known in off.items()
    )


def _notice_of(day: date, key: str, whole: set[int]) -> int:
    """Returns the year whose announcement a day is from.

    Days in December for New Year are announced with the year to come: filed there they are added
    with it to a site that has the old year already.
    """
    coming = day.month == _DECEMBER and key == _NEW_YEAR and day.year + 1 in whole
    return day.year + 1 if coming else day.year
