"""Contacts with units (下基层服务): a log that is only added to, and how long ago the last was."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from chassis.errors import Refused
from services.routing.domain.work_orders import CLOCK_SKEW

# Longer ago nobody remembers what was heard.
LATEST_DAYS = 90
# Contacts and cases of so many days are counted.
COUNTED_DAYS = 90

_PREFIX = "outreach/"


class Form(StrEnum):
    VISIT = "VISIT"
    CALL = "CALL"
    MEETING = "MEETING"
    DESK_TALK = "DESK_TALK"


@dataclass(frozen=True, slots=True)
class Outreach:
    """One contact with a unit, and what was heard there.

    Units of one meeting share its `occasion_id`, the id of the first unit's contact.
    """

    outreach_id: str
    site_id: str
    unit_id: str
    form: Form
    place: str
    heard: str
    done_by: str
    outreach_time: datetime
    record_time: datetime
    occasion_id: str
    case_ids: tuple[str, ...] = ()
    # 0 when nobody counted.
    heard_count: int = 0

    def without(self, hidden: Collection[str]) -> "Outreach":
        """Returns it as those see it from whom some cases are hidden."""
        return replace(self, case_ids=tuple(one for one in self.case_ids if one not in hidden))


@dataclass(frozen=True, slots=True)
class Contact:
    """When and by whom a unit was heard of; `form` is None where it raised a case."""

    time: datetime
    form: Form | None
    by: str


@dataclass(frozen=True, slots=True)
class Clock:
    """By when sla wants a unit to be heard of; `breach_time` is set once it reported that."""

    clock_id: str
    start_time: datetime
    due_time: datetime
    breach_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """How a unit is kept in touch with."""

    unit_id: str
    unit_name: str
    steward: str
    steward_name: str
    last: Contact | None
    contact_count: int
    case_count: int
    clock: Clock | None

    @property
    def overtaken(self) -> bool:
        """Tells whether the unit was heard of since its clock began, which sla will find."""
        return (
            self.clock is not None
            and self.last is not None
            and self.last.time > self.clock.start_time
        )

    def overdue(self, now: datetime) -> bool:
        """Tells whether the unit should have been heard of by now and wasn't."""
        if self.clock is None or self.overtaken:
            return False
        return self.clock.breach_time is not None or self.clock.due_time <= now

    def due_time(self, now: datetime) -> datetime | None:
        """Returns by when it should be heard of; None where that isn't known."""
        if self.clock is None or (self.overtaken and self.clock.due_time <= now):
            return None
        return self.clock.due_time


def subject(site_id: str, unit_id: str) -> str:
    """Returns the subject of the facts about a unit's contacts."""
    return f"{_PREFIX}{site_id}/{unit_id}"


def is_unit(subject_id: str) -> bool:
    """Tells whether a subject is a unit's contacts, not a case."""
    return subject_id.startswith(_PREFIX)


def check_time(outreach_time: datetime, time: datetime) -> None:
    """Raises Refused TIME_IN_FUTURE and OUTREACH_TOO_LONG_AGO."""
    if outreach_time > time + CLOCK_SKEW:
        raise Refused("TIME_IN_FUTURE", field="outreach_time")
    if outreach_time < time - timedelta(days=LATEST_DAYS):
        raise Refused("OUTREACH_TOO_LONG_AGO", days=LATEST_DAYS)


def newest(*contacts: Contact | None) -> Contact | None:
    """Returns the last of contacts, the first given of those of one moment."""
    return max(filter(None, contacts), key=lambda contact: contact.time, default=None)


def in_order(units: Iterable[Kept], now: datetime) -> list[Kept]:
    """Returns overdue units first, then by their last contact: never, long ago, lately."""
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(
        units,
        key=lambda kept: (
            not kept.overdue(now),
            kept.last.time if kept.last else never,
            kept.unit_id,
        ),
    )
