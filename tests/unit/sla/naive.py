"""The rules for due times a second time, written as plainly as they can be read.

Day by day and by the public question of `chinesecalendar`, in local times of a zone that never
changes; shares nothing with the domain but the words.
"""

from datetime import UTC, date, datetime, timedelta, timezone

import chinese_calendar

CHINA = timezone(timedelta(hours=8))


def is_working(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


def end_of_local_day(instant: datetime) -> datetime:
    local = instant.astimezone(CHINA)
    while True:
        local += timedelta(minutes=1)
        local = local.replace(second=0, microsecond=0)
        if (local.hour, local.minute) == (0, 0):
            return local.astimezone(UTC)


def first_reply_due(occurred: datetime) -> datetime:
    midnight = end_of_local_day(occurred)
    two_hours_later = occurred + timedelta(hours=2)
    return max(midnight, two_hours_later)


def working_days_due(start: datetime, count: int) -> datetime:
    day = start.astimezone(CHINA).date()
    worked: list[date] = []
    while len(worked) < count:
        day = date.fromordinal(day.toordinal() + 1)
        if is_working(day):
            worked.append(day)
    following = date.fromordinal(day.toordinal() + 1)
    midnight = datetime(following.year, following.month, following.day, tzinfo=CHINA)
    return midnight.astimezone(UTC)
