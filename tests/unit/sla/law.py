"""The deadlines a second time, from the law's text and the State Council's notices alone.

Deliberately naive: days are walked one by one and working time minute by minute, in the wall-clock
time of the site; nothing is remembered, nothing is clever, and nothing is shared with the domain or
with the packages that it takes its holidays from. The notices of 2024 to 2026 were typed from their
announcements (deploy/samples/notices).

Civil Code of the PRC, article 201: where a period is counted in days, the day on which it begins is
not counted. Article 203: where the last day of a period is a legal holiday, the day after the
holiday is the last day; a period ends at 24:00 of its last day, or at the close of business where
there are hours of business.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

CHINA = ZoneInfo("Asia/Shanghai")
NOTICES = Path(__file__).parents[3] / "deploy" / "samples" / "notices"
YEARS = (2024, 2025, 2026)
HOURS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))

Pause = tuple[datetime, datetime]


def _read() -> tuple[dict[date, str], set[date]]:
    off: dict[date, str] = {}
    worked: set[date] = set()
    for year in YEARS:
        notice = yaml.safe_load((NOTICES / f"{year}.yaml").read_text(encoding="utf-8"))
        for holiday in notice["holidays"]:
            day = date.fromisoformat(holiday["start_date"])
            last = date.fromisoformat(holiday.get("end_date", holiday["start_date"]))
            while day <= last:
                off[day] = holiday["name"]
                day += timedelta(days=1)
        worked.update(date.fromisoformat(day) for day in notice["makeup_dates"])
    return off, worked


DAYS_OFF, MAKEUP_DAYS = _read()


def works(day: date) -> bool:
    """Is the day worked? Only asked of years whose notice is at hand."""
    assert day.year in YEARS, day
    if day in MAKEUP_DAYS:
        return True
    if day in DAYS_OFF:
        return False
    return day.isoweekday() <= 5


def midnight_after(day: date) -> datetime:
    """24:00 of the day in China."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), CHINA).astimezone(UTC)


def close_of(day: date) -> datetime:
    """18:00 of a day that is worked; of another its 24:00."""
    if not works(day):
        return midnight_after(day)
    return datetime.combine(day, datetime.min.time(), CHINA).astimezone(UTC) + timedelta(hours=18)


def day_in_china(instant: datetime) -> date:
    return instant.astimezone(CHINA).date()


def touched(day: date, pauses: Sequence[Pause]) -> bool:
    """Did a pause last through some moment of the day?"""
    begins = midnight_after(day - timedelta(days=1))
    ends = midnight_after(day)
    return any(
        (start < ends and end > begins) or (start == end and begins <= start < ends)
        for start, end in pauses
    )


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += timedelta(days=1)
        yield day


def same_day(start: datetime, floor: timedelta, *, business: bool = False) -> datetime:
    """The end of the day itself, worked or not; never sooner than the floor."""
    day = day_in_china(start)
    end = close_of(day) if business else midnight_after(day)
    return max(end, start + floor)


def working_days(
    start: datetime, count: int, pauses: Sequence[Pause] = (), *, business: bool = False
) -> datetime:
    """The end of the count-th day that is worked and was not touched by a pause."""
    left = count
    for day in _days_after(day_in_china(start)):
        if works(day) and not touched(day, pauses):
            left -= 1
        if left == 0:
            return close_of(day) if business else midnight_after(day)
    raise AssertionError


def calendar_days(start: datetime, count: int, pauses: Sequence[Pause] = ()) -> datetime:
    """The end of the count-th day not touched, or of the next worked one (article 203)."""
    left = count
    for day in _days_after(day_in_china(start)):
        if left > 0 and not touched(day, pauses):
            left -= 1
        if left == 0 and works(day) and not touched(day, pauses):
            return midnight_after(day)
    raise AssertionError


def working_time(start: datetime, minutes: int, pauses: Sequence[Pause] = ()) -> datetime:
    """The end of the last of so many whole minutes in working hours; `start` is on a minute."""
    now = start
    left = minutes
    while left > 0:
        local = now.astimezone(CHINA)
        minute = local.hour * 60 + local.minute
        at_work = works(local.date()) and any(a <= minute < b for a, b in HOURS)
        if at_work and not any(a <= now < b for a, b in pauses):
            left -= 1
        now += timedelta(minutes=1)
    return now


def promised(start: datetime, deadline: datetime, pauses: Sequence[Pause] = ()) -> datetime:
    """A given deadline, moved on by a worked day for every worked day that a pause touched.

    On a day off it moves, too, if that very day was touched: nothing ends while it stands still.
    """
    last = day_in_china(deadline - timedelta(microseconds=1))
    into_the_day = deadline - midnight_after(last - timedelta(days=1))
    day = day_in_china(start)
    owed = 0
    while True:
        if works(day) and touched(day, pauses):
            owed += 1
        if day == last:
            break
        day += timedelta(days=1)
    if owed == 0 and touched(last, pauses):
        owed = 1
    while owed > 0:
        day += timedelta(days=1)
        if works(day) and not touched(day, pauses):
            owed -= 1
    return midnight_after(day - timedelta(days=1)) + into_the_day
