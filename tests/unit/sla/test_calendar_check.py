"""Calendars that may not be published: each with the reason, the field and what it is about."""

from datetime import date, timedelta

import pytest
from hypothesis import given

from chassis.errors import Refused
from services.sla.domain.calendar import CalendarPlan, Closure, Window, check
from tests.unit.sla.plans import closed, hours, off, plan, plans, year

SPRING = off("春节", "2027-02-05", "2027-02-11")


def refusal(bad: CalendarPlan) -> tuple[str, str, dict[str, str]]:
    with pytest.raises(Refused) as caught:
        check(bad)
    refused = caught.value
    return refused.reason, refused.fields[0].field, refused.metadata


@pytest.mark.parametrize(
    ("bad", "reason", "field", "metadata"),
    [
        (
            plan(years=(year(2026), year(2027, SPRING, makeup=frozenset({date(2027, 2, 6)})))),
            "DAY_OFF_AND_WORKED",
            "calendar.years[1].makeup_dates",
            {"date": "2027-02-06"},
        ),
        (
            # Off by the notice of the year after.
            plan(
                years=(
                    year(2026, makeup=frozenset({date(2026, 12, 26)})),
                    year(2027, off("元旦", "2026-12-26", "2027-01-01")),
                )
            ),
            "DAY_OFF_AND_WORKED",
            "calendar.years[0].makeup_dates",
            {"date": "2026-12-26"},
        ),
        (
            plan(years=(year(2027, SPRING, off("元旦", "2026-02-06")),)),
            "DAY_OUTSIDE_ITS_YEAR",
            "calendar.years[0].holidays[1]",
            {"date": "2026-02-06", "year": "2027"},
        ),
        (
            plan(years=(year(2027, off("元旦", "2027-12-31", "2028-01-15")),)),
            "DAY_OUTSIDE_ITS_YEAR",
            "calendar.years[0].holidays[0]",
            {"date": "2028-01-15", "year": "2027"},
        ),
        (
            plan(years=(year(2027, makeup=frozenset({date(2026, 12, 13)})),)),
            "DAY_OUTSIDE_ITS_YEAR",
            "calendar.years[0].makeup_dates",
            {"date": "2026-12-13", "year": "2027"},
        ),
        (
            plan(years=(year(2027), year(2026), year(2027))),
            "YEAR_TWICE",
            "calendar.years[2].year",
            {"year": "2027"},
        ),
        (
            plan(years=(year(2027, makeup=frozenset({date(2027, 2, 8)})),)),
            "MAKEUP_DAY_IS_WORKED_ANYWAY",
            "calendar.years[0].makeup_dates",
            {"date": "2027-02-08"},
        ),
        (
            plan(week=(hours((8, 12), (11, 18)), *[()] * 6)),
            "WINDOWS_OVERLAP",
            "calendar.week",
            {"day": "MONDAY"},
        ),
        (
            plan(week=(*[()] * 6, (Window(720, 480),))),
            "PERIOD_ENDS_BEFORE_IT_STARTS",
            "calendar.week",
            {"name": "SUNDAY 12:00–08:00"},
        ),
        (
            plan(years=(year(2027, SPRING, off("春节", "2027-02-11", "2027-02-05")),)),
            "PERIOD_ENDS_BEFORE_IT_STARTS",
            "calendar.years[0].holidays[1]",
            {"name": "春节"},
        ),
        (
            plan(closures=(closed("2027-02-11", "2027-02-05"),)),
            "PERIOD_ENDS_BEFORE_IT_STARTS",
            "calendar.closures[0]",
            {"name": "检修"},
        ),
        (
            plan(closures=(closed("2027-02-11", window=Window(600, 600)),)),
            "PERIOD_ENDS_BEFORE_IT_STARTS",
            "calendar.closures[0]",
            {"name": "检修"},
        ),
        (plan(week=((),) * 7), "NO_WORKING_DAYS", "calendar.week", {}),
        (
            plan(week=((Window(480, 509),), (Window(480, 510),), *[()] * 5)),
            "NO_WORKING_DAYS",
            "calendar.week",
            {},
        ),
        (
            # All hours of all days: no less closed than without hours.
            plan(closures=(closed("2027-01-01", "2037-12-31", Window(480, 1080)),)),
            "INVALID_FIELD",
            "calendar.closures",
            {"field": "calendar.closures"},
        ),
        (
            # Mornings and afternoons apart, in closures that are not of the same days.
            plan(
                closures=(
                    closed("2020-01-01", "2037-12-31", Window(0, 720)),
                    closed("2027-01-01", "2047-12-31", Window(720, 1440)),
                )
            ),
            "INVALID_FIELD",
            "calendar.closures",
            {"field": "calendar.closures"},
        ),
        (
            # A quarter of an hour is left on each Monday.
            plan(
                week=(hours((8, 12)), *[()] * 6),
                closures=(closed("2027-01-01", "2037-12-31", Window(495, 720)),),
            ),
            "INVALID_FIELD",
            "calendar.closures",
            {"field": "calendar.closures"},
        ),
        (plan("XX"), "UNKNOWN_COUNTRY", "calendar.country", {"country": "XX"}),
        (
            plan(closures=(closed("2027-01-01", "2027-12-31"),) * 11),
            "INVALID_FIELD",
            "calendar.closures",
            {"field": "calendar.closures"},
        ),
    ],
)
def test_what_contradicts_itself_is_refused(
    bad: CalendarPlan, reason: str, field: str, metadata: dict[str, str]
) -> None:
    assert refusal(bad) == (reason, field, metadata)


def test_two_weeks_beside_its_year_are_a_notices() -> None:
    beside = year(2027, off("元旦", "2026-12-18"), off("元旦", "2028-01-14"))
    check(plan(years=(beside,)))


def test_an_hour_a_week_is_enough() -> None:
    check(plan(week=((Window(480, 510),), (Window(480, 510),), *[()] * 5)))


def test_closed_hours_that_leave_hours_close_no_day() -> None:
    check(plan(closures=(closed("2000-01-01", "2899-12-31", Window(480, 720)),)))


@pytest.mark.parametrize(("mondays", "fits"), [(4000, True), (4001, False)])
def test_days_closed_by_hours_are_counted_one_by_one(mondays: int, fits: bool) -> None:
    # Of each week only the Monday loses all its hours; the last day of all is a Monday.
    bad = plan(
        week=(hours((8, 12)), hours((8, 18)), *[()] * 5),
        closures=(
            Closure(
                "检修",
                date(2027, 1, 5),
                date(2027, 1, 4) + mondays * timedelta(weeks=1),
                Window(480, 720),
            ),
        ),
    )
    if fits:
        check(bad)
    else:
        assert refusal(bad)[:2] == ("INVALID_FIELD", "calendar.closures")


def test_windows_that_touch_do_not_overlap() -> None:
    check(plan(week=(hours((12, 18), (8, 12)), *[()] * 6)))


@given(plans())
def test_arbitrary_plans_of_these_tests_may_be_published(drawn: CalendarPlan) -> None:
    check(drawn)
