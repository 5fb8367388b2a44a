"""What a calendar begins with: the notices that the package knows, and the holidays of the law."""

from dataclasses import replace
from datetime import date, timedelta

import chinese_calendar
import pytest
from chinese_calendar import constants

from services.sla.domain import seeds
from services.sla.domain.calendar import Calendar, DayKind, Holiday, check
from services.sla.domain.seeds import (
    PLAIN_WEEK,
    SEED_SOURCE,
    announced_years,
    default_plan,
    fitted,
    fixed_holidays,
    is_known,
)
from tests.unit.sla.plans import DEFAULT, SHANGHAI, hours

BY_YEAR = {year.year: year for year in announced_years()}


def test_every_announced_day_is_what_the_package_says() -> None:
    day = date(2004, 1, 1)
    while day.year in BY_YEAR:
        assert DEFAULT.is_working(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)
    assert day == date(2027, 1, 1)


def test_the_notice_of_2026() -> None:
    notice = BY_YEAR[2026]
    assert notice.source == SEED_SOURCE
    assert notice.holidays == tuple(
        Holiday(name, date(2026, *first), date(2026, *last))
        for name, first, last in [
            ("元旦", (1, 1), (1, 3)),
            ("春节", (2, 15), (2, 23)),
            ("清明", (4, 4), (4, 6)),
            ("劳动节", (5, 1), (5, 5)),
            ("端午", (6, 19), (6, 21)),
            ("中秋", (9, 25), (9, 27)),
            ("国庆节", (10, 1), (10, 7)),
        ]
    )
    assert notice.makeup_days == {
        date(2026, month, day)
        for month, day in [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
    }


def test_december_days_for_new_year_are_of_the_notice_to_come() -> None:
    assert Holiday("元旦", date(2022, 12, 31), date(2023, 1, 2)) in BY_YEAR[2023].holidays
    assert all(holiday.end.year == 2022 for holiday in BY_YEAR[2022].holidays)
    assert date(2007, 12, 29) in BY_YEAR[2008].makeup_days


def test_years_known_in_part_are_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a release that knows of the first days of a year, and of nothing else in it.
    partial = {date(2027, 1, 1): "New Year's Day", date(2026, 12, 31): "New Year's Day"}
    monkeypatch.setattr(constants, "holidays", {**constants.holidays, **partial})
    announced = seeds._announced.__wrapped__()
    assert [year.year for year in announced] == list(range(2004, 2027))
    assert announced[-1].holidays[-1] == Holiday("元旦", date(2026, 12, 31), date(2026, 12, 31))


def test_two_holidays_of_one_name_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = {date(2026, 10, 9): "National Day"}
    monkeypatch.setattr(constants, "holidays", {**constants.holidays, **apart})
    assert [holiday.start.day for holiday in seeds._announced.__wrapped__()[-1].holidays[-2:]] == [
        1,
        9,
    ]


def test_the_default_may_be_published() -> None:
    check(default_plan())
    check(default_plan("CL"))
    assert default_plan().country == "CN"
    assert default_plan().week == (hours((8, 12), (14, 18)),) * 5 + ((), ())
    assert default_plan("CL").years == ()


def test_holidays_of_the_law_have_names() -> None:
    china = fixed_holidays("CN", 2027)
    assert china[date(2027, 10, 1)] == "国庆节"
    assert china[date(2027, 2, 9)] == "春节（补假）"
    assert {day.year for day in china} == {2027}
    assert fixed_holidays("CL", 2026)[date(2026, 9, 18)] == "Independence Day"


def test_holidays_of_the_law_can_not_be_changed_by_asking() -> None:
    before = dict(fixed_holidays("CN", 2031))
    assert date(2032, 1, 1) not in fixed_holidays("CN", 2031)
    assert dict(fixed_holidays("CN", 2031)) == before


@pytest.mark.parametrize(("country", "year"), [("XX", 2026), ("CN", 2150), ("", 2026)])
def test_where_nothing_is_known_there_are_none(country: str, year: int) -> None:
    assert not fixed_holidays(country, year)


def test_countries_have_two_letters() -> None:
    assert is_known("CN") and is_known("MN") and is_known("CL")
    assert not is_known("CHN") and not is_known("XX") and not is_known("")


def test_a_notice_fits_a_week_with_saturdays() -> None:
    week = (*PLAIN_WEEK[:5], hours((8, 12)), ())
    notice = fitted(BY_YEAR[2026], week)
    assert notice.makeup_days == {date(2026, 1, 4), date(2026, 9, 20)}
    assert fitted(BY_YEAR[2026], PLAIN_WEEK) is BY_YEAR[2026]
    plan = default_plan()
    fitting = replace(plan, week=week, years=tuple(fitted(year, week) for year in plan.years))
    check(fitting)
    saturday = Calendar(SHANGHAI, fitting).day(date(2026, 2, 14))
    assert (saturday.kind, saturday.windows) == (DayKind.WORKING_DAY, week[5])
