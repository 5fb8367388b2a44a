"""Times as people type and read them: in the site's zone, to the minute.

A time without a zone is the site's local time; what is shown always is.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import overload
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from ctl.failures import Problem

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# Whole days ahead, as a deadline is named: "+5d".
_DAYS_AHEAD = re.compile(r"\+(\d+)d")
_SPAN = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")


def zone(name: str) -> ZoneInfo:
    """Returns the zone of that name; Problem when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Problem(
            f"没有时区 {name} / no such time zone", field="BACKSTOPCTL_TIME_ZONE"
        ) from None


def parse_time(text: str, zone: ZoneInfo, *, option: str, now: datetime | None = None) -> datetime:
    """Reads "2026-11-23 09:30", "2026-11-23T09:30:00+08:00", a date alone = its 24:00, "+5d".

    Days ahead end at 24:00, as a date does; "+5d12h" is the instant that far ahead. `now` is what
    both count from, this computer's clock unless given.
    """
    start = now or datetime.now(UTC)
    try:
        if days := _DAYS_AHEAD.fullmatch(text.strip()):
            day = start.astimezone(zone).date() + timedelta(days=int(days[1]))
            return end_of(day, zone)
        if is_ahead(text):
            return start + parse_span(text.strip()[1:], option=option)
        if alone := date_alone(text):
            return end_of(alone, zone)
        value = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        example = "2026-11-23 09:30, 2026-11-23, +5d"
        raise Problem(f"不是时间 / not a time: {text!r} ({example})", field=option) from None
    return value if value.tzinfo else value.replace(tzinfo=zone)


def parse_start(text: str, zone: ZoneInfo, *, option: str) -> datetime:
    """Reads a time at which something begins: as `parse_time`, but a date alone is its 00:00."""
    alone = date_alone(text)
    return start_of(alone, zone) if alone else parse_time(text, zone, option=option)


def parse_date(text: str, *, option: str, today: date | None = None) -> date:
    """Reads "2026-11-23", and where `today` is known "+3d": so many days after it."""
    try:
        if today and (days := _DAYS_AHEAD.fullmatch(text.strip())):
            return today + timedelta(days=int(days[1]))
        return date.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise Problem(f"不是日期 / not a date: {text!r} (2026-11-23, +3d)", field=option) from None


def parse_span(text: str, *, option: str) -> timedelta:
    """Reads "3d", "12h", "1d6h", "90m"."""
    match = _SPAN.fullmatch(text.strip())
    if not text.strip() or match is None:
        raise Problem(f"不是时长 / not a span: {text!r} (1d12h, 90m)", field=option)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise Problem(f"时长太大 / too long a span: {text!r}", field=option) from None


def is_ahead(text: str) -> bool:
    """Tells whether a time counts from now: "+5d"."""
    return text.strip().startswith("+")


def date_alone(text: str) -> date | None:
    """Returns the date of a text that is one and nothing more; None of any other."""
    try:
        return date.fromisoformat(text.strip()) if _DATE.fullmatch(text.strip()) else None
    except ValueError:
        return None


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Returns 00:00 of a local day."""
    return datetime.combine(day, time(), zone)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Returns 24:00 of a local day: the first instant that is too late."""
    return datetime.combine(day + timedelta(days=1), time(), zone)


def stamp(value: datetime | None) -> Timestamp | None:
    """Returns the timestamp of an aware datetime; None stays None."""
    if value is None:
        return None
    message = Timestamp()
    message.FromDatetime(value.astimezone(UTC))
    return message


def moment(value: Timestamp) -> datetime:
    """Returns the aware datetime of a timestamp, in UTC."""
    return value.ToDatetime(tzinfo=UTC)


@overload
def date_message(value: date) -> Date: ...
@overload
def date_message(value: None) -> None: ...
@overload
def date_message(value: date | None) -> Date | None: ...
def date_message(value: date | None) -> Date | None:
    """Returns the google.type.Date of a date; None stays None."""
    return None if value is None else Date(year=value.year, month=value.month, day=value.day)


def show_time(value: Timestamp, zone: ZoneInfo) -> str:
    """Shows a time to the minute; an empty string for one that isn't set."""
    if value.seconds == 0 and value.nanos == 0:
        return ""
    return f"{moment(value).astimezone(zone):%Y-%m-%d %H:%M}"


def show_due(value: Timestamp, zone: ZoneInfo) -> str:
    """Shows a deadline as people say it: 00:00 of a day is 24:00 of the one before."""
    if value.seconds == 0 and value.nanos == 0:
        return ""
    local = moment(value).astimezone(zone)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def show_date(value: Date) -> str:
    """Shows a date; an empty string for one that isn't set."""
    return f"{value.year:04}-{value.month:02}-{value.day:02}" if value.year else ""
