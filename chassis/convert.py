"""The common protobuf types ↔ Python values, so that no service converts them its own way."""

from datetime import UTC, date, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from chassis.errors import FieldViolation, Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_timestamp(value: datetime) -> Timestamp:
    """Returns the timestamp of an aware datetime; ValueError for a naive one."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    delta = value - _EPOCH
    return Timestamp(seconds=delta.days * 86_400 + delta.seconds, nanos=delta.microseconds * 1_000)


def set_timestamp(field: Timestamp, value: datetime | None) -> None:
    """Writes a time into a message's field, leaves the field unset for None."""
    if value is not None:
        field.CopyFrom(to_timestamp(value))


def to_datetime(value: Timestamp, field: str = "time") -> datetime:
    """Returns the aware UTC datetime, cut to microseconds.

    Raises Refused INVALID_FIELD naming `field` for a time outside the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1_000)
    except OverflowError:
        raise _invalid(field, "a time outside the years 1 to 9999") from None


def opt_datetime(message_has: bool, value: Timestamp, field: str = "time") -> datetime | None:
    """Returns None when the message doesn't have the field, else as `to_datetime`."""
    return to_datetime(value, field) if message_has else None


def to_date_message(value: date) -> Date:
    """Returns the google.type.Date of a date."""
    return Date(year=value.year, month=value.month, day=value.day)


def to_date(value: Date, field: str = "date") -> date:
    """Returns the date; Refused INVALID_FIELD naming `field` when there is no such day."""
    try:
        return date(value.year, value.month, value.day)
    except ValueError:
        raise _invalid(field, "no such day") from None


def to_duration(value: timedelta) -> Duration:
    """Returns the protobuf duration of a timedelta."""
    duration = Duration()
    duration.FromTimedelta(value)
    return duration


def to_timedelta(value: Duration, field: str = "duration") -> timedelta:
    """Returns the timedelta, cut to microseconds; Refused INVALID_FIELD when out of range."""
    try:
        return timedelta(seconds=value.seconds, microseconds=value.nanos // 1_000)
    except OverflowError:
        raise _invalid(field, "a duration out of range") from None


def _invalid(field: str, description: str) -> Refused:
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)
