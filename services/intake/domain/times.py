"""Instants and local days of a case: which given times are believed, and when it wakes up.

Days are the site's, instants UTC. Nothing here reads a clock.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chassis.errors import FieldViolation, Refused

# A caller's clock may be ahead of ours by this much (domain: "Two times").
CLOCK_SKEW = timedelta(minutes=5)

# A case is looked at again the day it came, but nobody is woken sooner than this.
WAKE_FLOOR = timedelta(hours=2)

# Times before this are typing errors, and days further off are no promises.
OLDEST = datetime(1970, 1, 2, tzinfo=UTC)
LONGEST_PROMISE = timedelta(days=5 * 366)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Returns the site's calendar day of an instant."""
    return instant.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Returns 00:00 of the site's day as a UTC instant."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Returns 24:00 of the site's day as a UTC instant: the first instant of the next."""
    return start_of_day(day + timedelta(days=1), zone)


def bounded(day: date) -> date:
    """Returns the nearest day that has an instant in every zone: for periods people ask about."""
    return min(max(day, date(1970, 1, 1)), date(9998, 12, 31))


def check_order(first: date, last: date) -> None:
    """Raises Refused PERIOD_INVALID for a period whose last day is before its first."""
    if last < first:
        raise Refused(
            "PERIOD_INVALID", problem=f"止于 {last}，早于 {first} (ends before it starts)"
        )


def first_wake(instant: datetime, zone: ZoneInfo) -> datetime:
    """Returns when a case that nobody has a clock for is looked at again.

    24:00 of the local day, but never sooner than two hours; sla's clocks replace it.
    """
    return max(end_of_day(local_day(instant, zone), zone), instant + WAKE_FLOOR)


def believed(
    given: datetime | None, now: datetime, field: str, *, not_before: datetime = OLDEST
) -> datetime:
    """Returns the time to keep: `now` when none was given.

    Raises Refused TIME_IN_FUTURE beyond five minutes of skew, and INVALID_FIELD before
    `not_before` (by more than the skew): what something follows from comes first.
    """
    if given is None:
        return now
    if given > now + CLOCK_SKEW:
        raise Refused("TIME_IN_FUTURE", field=field)
    if given < max(OLDEST, not_before - CLOCK_SKEW):
        raise Refused(
            "INVALID_FIELD",
            fields=[
                FieldViolation(
                    field, f"must not be before what it follows, {not_before:%Y-%m-%dT%H:%M:%SZ}"
                )
            ],
            field=field,
        )
    return given


def kept_promise_day(
    promised: date, now: datetime, zone: ZoneInfo, field: str = "promised_date"
) -> date:
    """Returns the promised day when it can be promised; `field` is what the request calls it.

    Raises Refused PROMISE_IN_PAST before today at the site, INVALID_FIELD beyond five years.
    """
    today = local_day(now, zone)
    if promised < today:
        raise Refused("PROMISE_IN_PAST", promised_date=promised.isoformat(), field=field)
    if promised > today + LONGEST_PROMISE:
        raise Refused(
            "INVALID_FIELD",
            fields=[FieldViolation(field, "must be within five years")],
            field=field,
        )
    return promised
