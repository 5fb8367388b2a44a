"""Calendars between message and domain, whole in both directions."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TypeAlias

from google.type.date_pb2 import Date
from google.type.timeofday_pb2 import TimeOfDay

from backstop.sla.v1 import sla_calendar_pb2
from chassis.convert import set_timestamp, to_date, to_date_message
from chassis.errors import FieldViolation, Refused
from services.sla.domain.calendar import (
    Calendar,
    CalendarPlan,
    Closure,
    Holiday,
    Shift,
    Window,
    Year,
)
from services.sla.domain.days import ANNOUNCING_COUNTRY, MINUTES_PER_DAY
from services.sla.domain.seeds import PLAIN_WEEK

# Outside of these years nobody appeals, and arithmetic on days could leave what a day can be.
_FIRST_YEAR, _LAST_YEAR = 1900, 2900

# Days on end of one holiday or closure, at most.
_LONGEST = 400

_Week: TypeAlias = tuple[tuple[Window, ...], ...]


def plan_of(message: sla_calendar_pb2.Calendar) -> CalendarPlan:
    """Returns the calendar as a plan; whether that makes sense is `domain.calendar.check`'s.

    Raises Refused INVALID_FIELD for a day or time that no clock shows, a day outside the years 1900
    to 2900, hours with seconds, a closure with only one end of its hours, and a holiday or closure
    of more than 400 days.
    """
    return CalendarPlan(
        country=message.country or ANNOUNCING_COUNTRY,
        week=_week(message.week) if message.week else PLAIN_WEEK,
        years=tuple(
            _year(year, f"calendar.years[{index}]") for index, year in enumerate(message.years)
        ),
        closures=tuple(
            _closure(closure, f"calendar.closures[{index}]")
            for index, closure in enumerate(message.closures)
        ),
        shifts=tuple(
            _shift(shift, f"calendar.shifts[{index}]") for index, shift in enumerate(message.shifts)
        ),
    )


def calendar_message(
    site_id: str, calendar: Calendar, publish_time: datetime | None, published_by: str
) -> sla_calendar_pb2.Calendar:
    """Returns a site's calendar as published; `plan_of` of it is the calendar's plan again."""
    plan = calendar.plan
    message = sla_calendar_pb2.Calendar(
        site_id=site_id,
        version=calendar.version,
        country=plan.country,
        week=_week_messages(plan.week),
        years=map(_year_message, plan.years),
        closures=map(_closure_message, plan.closures),
        shifts=map(_shift_message, plan.shifts),
        published_by=published_by,
        time_zone=calendar.zone.key,
    )
    set_timestamp(message.publish_time, publish_time)
    return message


# In -------------------------------------------------------------------------------------------


def _week(messages: Iterable[sla_calendar_pb2.WeeklyWindow]) -> _Week:
    days: tuple[list[Window], ...] = tuple([] for _ in range(7))
    for index, message in enumerate(messages):
        window = _window(message, f"calendar.week[{index}]")
        for day in message.days:
            # google.type.DayOfWeek begins with MONDAY = 1.
            days[day - 1].append(window)
    return tuple(tuple(sorted(windows)) for windows in days)


def _year(message: sla_calendar_pb2.CalendarYear, field: str) -> Year:
    return Year(
        year=message.year,
        source=message.source,
        holidays=tuple(
            Holiday(holiday.name, *_days(holiday, f"{field}.holidays[{index}]"))
            for index, holiday in enumerate(message.holidays)
        ),
        makeup_days=frozenset(
            _day(day, f"{field}.makeup_dates[{index}]")
            for index, day in enumerate(message.makeup_dates)
        ),
    )


def _closure(message: sla_calendar_pb2.Closure, field: str) -> Closure:
    start, end = _days(message, field)
    starts, ends = message.HasField("start_time"), message.HasField("end_time")
    if starts != ends:
        missing = "end_time" if starts else "start_time"
        raise _invalid(f"{field}.{missing}", "hours have both a start and an end")
    return Closure(message.name, start, end, _window(message, field) if starts else None)


def _shift(message: sla_calendar_pb2.ShiftTime, field: str) -> Shift:
    window = _window(message, field)
    return Shift(message.name, window.start, window.end)


def _window(
    message: sla_calendar_pb2.WeeklyWindow | sla_calendar_pb2.Closure | sla_calendar_pb2.ShiftTime,
    field: str,
) -> Window:
    start = _minutes(message.start_time, f"{field}.start_time")
    if start == MINUTES_PER_DAY:
        raise _invalid(f"{field}.start_time", "24:00 is no time to start at")
    return Window(start, _minutes(message.end_time, f"{field}.end_time"))


def _minutes(value: TimeOfDay, field: str) -> int:
    minutes: int = value.hours * 60 + value.minutes
    in_range = 0 <= value.hours <= 24 and 0 <= value.minutes < 60 and minutes <= MINUTES_PER_DAY
    if not in_range or value.seconds or value.nanos:
        raise _invalid(field, "must be whole minutes from 00:00 to 24:00")
    return minutes


def _days(
    message: sla_calendar_pb2.Holiday | sla_calendar_pb2.Closure, field: str
) -> tuple[date, date]:
    start = _day(message.start_date, f"{field}.start_date")
    if not message.HasField("end_date"):
        return start, start
    end = _day(message.end_date, f"{field}.end_date")
    if (end - start).days >= _LONGEST:
        raise _invalid(f"{field}.end_date", f"must be within {_LONGEST} days")
    return start, end


def _day(value: Date, field: str) -> date:
    day = to_date(value, field)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise _invalid(field, f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _invalid(field: str, description: str) -> Refused:
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)


# Out ------------------------------------------------------------------------------------------


def _week_messages(week: _Week) -> list[sla_calendar_pb2.WeeklyWindow]:
    """Returns each window once, with all days of the week that have it."""
    days: dict[Window, list[int]] = {}
    for day, windows in enumerate(week, start=1):
        for window in windows:
            days.setdefault(window, []).append(day)
    return [
        sla_calendar_pb2.WeeklyWindow(
            days=days[window],
            start_time=_time_message(window.start),
            end_time=_time_message(window.end),
        )
        for window in days
    ]


def _year_message(year: Year) -> sla_calendar_pb2.CalendarYear:
    message = sla_calendar_pb2.CalendarYear(
        year=year.year,
        source=year.source,
        makeup_dates=map(to_date_message, sorted(year.makeup_days)),
    )
    for holiday in year.holidays:
        added = message.holidays.add(name=holiday.name)
        _set_days(added, holiday.start, holiday.end)
    return message


def _closure_message(closure: Closure) -> sla_calendar_pb2.Closure:
    message = sla_calendar_pb2.Closure(name=closure.name)
    _set_days(message, closure.start, closure.end)
    if closure.window is not None:
        message.start_time.CopyFrom(_time_message(closure.window.start))
        message.end_time.CopyFrom(_time_message(closure.window.end))
    return message


def _shift_message(shift: Shift) -> sla_calendar_pb2.ShiftTime:
    return sla_calendar_pb2.ShiftTime(
        name=shift.name,
        start_time=_time_message(shift.start),
        end_time=_time_message(shift.end),
    )


def _set_days(
    message: sla_calendar_pb2.Holiday | sla_calendar_pb2.Closure, start: date, end: date
) -> None:
    message.start_date.CopyFrom(to_date_message(start))
    message.end_date.CopyFrom(to_date_message(end))


def _time_message(minutes: int) -> TimeOfDay:
    return TimeOfDay(hours=minutes // 60, minutes=minutes % 60)
