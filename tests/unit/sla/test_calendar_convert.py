"""Calendars as messages: whole in both directions, and no day or hour that doesn't exist."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from google.type import dayofweek_pb2
from google.type.date_pb2 import Date
from google.type.timeofday_pb2 import TimeOfDay
from hypothesis import given

from backstop.sla.v1.sla_calendar_pb2 import (
    Calendar as Message,
)
from backstop.sla.v1.sla_calendar_pb2 import (
    CalendarYear,
    Closure,
    Holiday,
    ShiftTime,
    WeeklyWindow,
)
from chassis.errors import Refused
from services.sla.convert.calendar import calendar_message, plan_of
from services.sla.domain import calendar as domain
from services.sla.domain.calendar import Calendar, CalendarPlan
from services.sla.domain.seeds import PLAIN_WEEK, default_plan
from tests.unit.sla.plans import SHANGHAI, hours, plans

DAY = Date(year=2027, month=2, day=5)


def at(hours: int, minutes: int = 0, seconds: int = 0, nanos: int = 0) -> TimeOfDay:
    return TimeOfDay(hours=hours, minutes=minutes, seconds=seconds, nanos=nanos)


def test_an_empty_calendar_is_chinas_plain_week() -> None:
    assert plan_of(Message(site_id="yuwu")) == CalendarPlan("CN", PLAIN_WEEK, ())


def test_everything_that_can_be_said() -> None:
    message = Message(
        site_id="yuwu",
        country="MN",
        week=[
            WeeklyWindow(
                days=[dayofweek_pb2.SATURDAY, dayofweek_pb2.MONDAY],
                start_time=at(14),
                end_time=at(24),
            ),
            WeeklyWindow(days=[dayofweek_pb2.MONDAY], start_time=at(8, 15), end_time=at(12)),
        ],
        years=[
            CalendarYear(
                year=2027,
                source="国办发明电〔2026〕样例",
                holidays=[
                    Holiday(name="春节", start_date=DAY, end_date=Date(year=2027, month=2, day=11)),
                    Holiday(name="清明", start_date=Date(year=2027, month=4, day=5)),
                ],
                makeup_dates=[Date(year=2027, month=2, day=14), Date(year=2026, month=12, day=27)],
            )
        ],
        closures=[
            Closure(name="检修", start_date=DAY),
            Closure(name="停电", start_date=DAY, start_time=at(0), end_time=at(9, 30)),
        ],
        shifts=[ShiftTime(name="夜班", start_time=at(22), end_time=at(6))],
    )
    plan = plan_of(message)
    first = date(2027, 2, 5)
    assert plan == CalendarPlan(
        country="MN",
        week=(hours((8.25, 12), (14, 24)), (), (), (), (), hours((14, 24)), ()),
        years=(
            domain.Year(
                2027,
                "国办发明电〔2026〕样例",
                (
                    domain.Holiday("春节", first, date(2027, 2, 11)),
                    domain.Holiday("清明", date(2027, 4, 5), date(2027, 4, 5)),
                ),
                frozenset({date(2027, 2, 14), date(2026, 12, 27)}),
            ),
        ),
        closures=(
            domain.Closure("检修", first, first),
            domain.Closure("停电", first, first, domain.Window(0, 570)),
        ),
        shifts=(domain.Shift("夜班", 22 * 60, 6 * 60),),
    )
    assert plan_of(calendar_message("yuwu", Calendar(SHANGHAI, plan), None, "")) == plan


def test_what_the_suite_adds() -> None:
    published = datetime(2026, 11, 23, 1, tzinfo=UTC)
    message = calendar_message(
        "yuwu", Calendar(SHANGHAI, default_plan(), 7), published, "dispatcher"
    )
    assert (message.site_id, message.version, message.country) == ("yuwu", 7, "CN")
    assert (message.published_by, message.time_zone) == ("dispatcher", "Asia/Shanghai")
    assert message.publish_time.ToDatetime(UTC) == published
    weekdays = [dayofweek_pb2.MONDAY, dayofweek_pb2.TUESDAY, dayofweek_pb2.WEDNESDAY]
    weekdays += [dayofweek_pb2.THURSDAY, dayofweek_pb2.FRIDAY]
    assert [list(window.days) for window in message.week] == [weekdays, weekdays]
    assert message.week[1].start_time == at(14)
    unpublished = calendar_message("yuwu", Calendar(SHANGHAI, default_plan()), None, "")
    assert not unpublished.HasField("publish_time")


def test_make_up_days_are_told_in_order() -> None:
    message = calendar_message("yuwu", Calendar(SHANGHAI, default_plan()), None, "")
    months = [day.month for day in message.years[-1].makeup_dates]
    assert months == [1, 2, 2, 5, 9, 10]


@given(plans())
def test_out_and_in_again_is_the_same(plan: CalendarPlan) -> None:
    message = calendar_message("yuwu", Calendar(SHANGHAI, plan), None, "")
    again = Message.FromString(message.SerializeToString())
    assert plan_of(again) == plan


def holiday(**fields: Date) -> Message:
    return Message(years=[CalendarYear(year=2027), CalendarYear(holidays=[Holiday(**fields)])])


def closure(**fields: Date | TimeOfDay) -> Message:
    return Message(closures=[Closure(name="检修", **fields)])


def window(start: TimeOfDay, end: TimeOfDay) -> Message:
    return Message(week=[WeeklyWindow(days=[dayofweek_pb2.MONDAY], start_time=start, end_time=end)])


def makeup(day: Date) -> Message:
    return Message(years=[CalendarYear(makeup_dates=[DAY, day])])


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (
            holiday(start_date=Date(year=2027, month=2, day=30)),
            "calendar.years[1].holidays[0].start_date",
        ),
        (
            holiday(start_date=DAY, end_date=Date(year=2027, month=13, day=1)),
            "calendar.years[1].holidays[0].end_date",
        ),
        (
            holiday(start_date=DAY, end_date=Date(year=2028, month=3, day=11)),
            "calendar.years[1].holidays[0].end_date",
        ),
        (makeup(Date()), "calendar.years[0].makeup_dates[1]"),
        (makeup(Date(year=2901, month=1, day=1)), "calendar.years[0].makeup_dates[1]"),
        (makeup(Date(year=1899, month=12, day=31)), "calendar.years[0].makeup_dates[1]"),
        (
            closure(start_date=DAY, end_date=Date(year=2028, month=3, day=11)),
            "calendar.closures[0].end_date",
        ),
        (closure(start_date=DAY, start_time=at(8)), "calendar.closures[0].end_time"),
        (closure(start_date=DAY, end_time=at(8)), "calendar.closures[0].start_time"),
        (
            closure(start_date=DAY, start_time=at(8), end_time=at(9, 0, 1)),
            "calendar.closures[0].end_time",
        ),
        (window(at(24), at(24)), "calendar.week[0].start_time"),
        (window(at(8), at(24, 1)), "calendar.week[0].end_time"),
        (window(at(8), at(25)), "calendar.week[0].end_time"),
        (window(at(8), at(9, 60)), "calendar.week[0].end_time"),
        (window(at(-1, 60), at(9)), "calendar.week[0].start_time"),
        (window(at(1, -30), at(9)), "calendar.week[0].start_time"),
        (window(at(8, 0, 0, 1), at(9)), "calendar.week[0].start_time"),
        (
            Message(shifts=[ShiftTime(name="夜班", start_time=at(24), end_time=at(6))]),
            "calendar.shifts[0].start_time",
        ),
    ],
)
def test_what_no_clock_shows_is_refused(message: Message, field: str) -> None:
    with pytest.raises(Refused) as caught:
        plan_of(message)
    refused = caught.value
    assert (refused.reason, refused.metadata) == ("INVALID_FIELD", {"field": field})
    assert [violation.field for violation in refused.fields] == [field]


@pytest.mark.parametrize("make", [holiday, closure])
def test_four_hundred_days_on_end_are_the_most(make: Callable[..., Message]) -> None:
    plan = plan_of(make(start_date=DAY, end_date=Date(year=2028, month=3, day=10)))
    lengths = [(span.end - span.start).days + 1 for span in plan.closures]
    lengths += [(off.end - off.start).days + 1 for year in plan.years for off in year.holidays]
    assert lengths == [400]
