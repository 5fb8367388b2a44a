"""Spans of days that a caller gives, and how long they may be."""

from datetime import date

from chassis.errors import Refused


def require_period(
    first: date, last: date, *, most_days: int, from_day: date | None = None
) -> None:
    """Raises Refused PERIOD_INVALID for days in the wrong order, too many or before `from_day`."""
    if last < first:
        raise Refused(
            "PERIOD_INVALID", problem=f"止于 {last}，早于 {first} (ends before it starts)"
        )
    if from_day is not None and first < from_day:
        raise Refused("PERIOD_INVALID", problem=f"{first} 已过 ({first} is over)")
    if (last - first).days >= most_days:
        raise Refused("PERIOD_INVALID", problem=f"多于 {most_days} 天 (more than {most_days} days)")
