"""What stands beside a case's course: flags, its pause, promises that were moved, callbacks."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class FlagKind(StrEnum):
    HAZARD = "HAZARD"
    LONG_STANDING = "LONG_STANDING"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that stands on a case; `leader` is in charge of a long-standing one, or empty."""

    kind: FlagKind
    reason: str
    leader: str
    flagged_by: str
    flag_time: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Why sla's clocks of a case stand still; `reason` is sla's name, without prefix."""

    reason: str
    words: str
    approved_by: str
    start_time: datetime
    latest_end_time: datetime | None


@dataclass(frozen=True, slots=True)
class PromiseMove:
    """A promised date that was moved before it had passed; both dates are the site's days."""

    answer_id: str
    previous_date: date
    promised_date: date
    reason: str
    approved_by: str
    move_time: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """Someone called the reporter about the result of a cycle."""

    cycle: int
    reached: bool
    called_by: str
    call_time: datetime
    words: str
