"""What both halves of the conversion need: enum names, and times that a calendar can bear."""

from datetime import date, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.timeofday_pb2 import TimeOfDay

from chassis.convert import to_date, to_datetime
from chassis.errors import FieldViolation, Refused

UNIT_KIND = "UNIT_KIND_"
ROLE = "RESPONSIBILITY_ROLE_"
RULE = "ASSIGNMENT_RULE_"
INSTRUCTION = "INSTRUCTION_KIND_"
WORK_ORDER_STATE = "WORK_ORDER_STATE_"
RULING = "RULING_KIND_"
FORM = "OUTREACH_FORM_"
CAUSE = "ESCALATION_CAUSE_"

DAY_SECONDS = 86_400

# Years within which every instant has a local day in every zone, with room to count.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


def opt_instant(has: bool, value: Timestamp, field: str) -> datetime | None:
    """Returns None when the message doesn't have the field.

    Raises Refused INVALID_FIELD for a time outside the years 1900 to 9000.
    """
    return instant(value, field) if has else None


def instant(value: Timestamp, field: str) -> datetime:
    """Returns the aware UTC datetime; Refused INVALID_FIELD outside the years 1900 to 9000."""
    time = to_datetime(value, field)
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise invalid(field, f"a time outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return time


def local_day(value: Date, field: str) -> date:
    """Returns the day; Refused INVALID_FIELD outside the years 1900 to 9000."""
    day = to_date(value, field)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise invalid(field, f"a day outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def invalid(field: str, description: str) -> Refused:
    """Returns the refusal of one field."""
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)


def second_of_day(value: TimeOfDay, field: str) -> int:
    """Returns seconds from midnight, 24:00 included; nanoseconds are dropped.

    Raises Refused INVALID_FIELD for a time that no clock shows.
    """
    seconds: int = value.hours * 3600 + value.minutes * 60 + value.seconds
    shown = 0 <= value.hours <= 24 and 0 <= value.minutes < 60 and 0 <= value.seconds < 60
    if not shown or seconds > DAY_SECONDS:
        raise invalid(field, "no such time of day")
    return seconds


def time_of_day(second: int) -> TimeOfDay:
    return TimeOfDay(hours=second // 3600, minutes=second // 60 % 60, seconds=second % 60)
