"""How days are counted that a clock stood still on, where the calendar alone can't say."""

from datetime import UTC, date, datetime, timedelta

from services.sla.domain.calendar import Calendar

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def add_calendar_days(
    calendar: Calendar, day: date, count: int, paused: frozenset[date]
) -> tuple[date, bool]:
    """Returns the day that is `count` days later, or the next one worked; and if provisional.

    Days of a pause aren't counted, nor does the period end on one.
    """
    if not paused:
        day += count * _DAY
        count = 0
    while count:
        day += _DAY
        count -= day not in paused
    last = calendar.day(day)
    if last.working:
        return day, last.provisional
    day, unknown = calendar.add_working_days(day, 1, skipping=paused.__contains__)
    return day, unknown or last.provisional


def move_given(
    calendar: Calendar, start: datetime, given: datetime, paused: frozenset[date]
) -> tuple[datetime, bool]:
    """Returns a given deadline as many working days later as were paused before it; at its hour.

    The second is whether that is provisional. Without such days it is as given, rest day or not;
    only where it would end on a rest day of the pause itself, it waits for the next working day.
    """
    if not paused:
        return given, False
    # 24:00 belongs to the day that it ends.
    last = calendar.local_day(given - _INSTANT)
    first = calendar.local_day(start)
    before = [calendar.day(day) for day in paused if first <= day <= last]
    provisional = any(day.provisional for day in before)
    count = sum(day.working for day in before) or (last in paused)
    if not count:
        return given, provisional
    moved, unknown = calendar.add_working_days(last, count, skipping=paused.__contains__)
    provisional = provisional or unknown
    if calendar.end_of(last) == given:
        return calendar.end_of(moved), provisional
    hour = given.astimezone(calendar.zone).time()
    return datetime.combine(moved, hour, calendar.zone).astimezone(UTC), provisional
