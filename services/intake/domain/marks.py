"""What stands beside a case's course: flags, its pause, what was said of it and attached to it."""

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
    grade: str = ""
    sample_id: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that lies elsewhere: its address and the SHA-256 of its bytes, hexadecimal."""

    reference: str
    sha256: str
    media_type: str = ""
    size_bytes: int = 0
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Referral:
    """Another body has the matter; `result` is empty, `result_time` None until it is known.

    `version` is the case's version of the fact that told of it.
    """

    version: int
    cycle: int
    body: str
    reference: str
    reason: str
    referred_by: str
    refer_time: datetime
    result: str = ""
    result_recorded_by: str = ""
    result_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The reporter takes it back; `basis` is a Basis, and `counts` tells whether it is one."""

    cycle: int
    reason: str
    basis: str
    counts: bool
    withdraw_time: datetime


class ReviewDecision(StrEnum):
    UPHELD = "UPHELD"
    WORK_AGAIN = "WORK_AGAIN"


@dataclass(frozen=True, slots=True)
class Review:
    """What the director found after the second rejection; `verified_by` went and looked."""

    cycle: int
    decision: ReviewDecision
    findings: str
    verified_by: str
    reviewed_by: str
    review_time: datetime


class Visibility(StrEnum):
    INTERNAL = "INTERNAL"
    REPORTER = "REPORTER"


@dataclass(frozen=True, slots=True)
class Comment:
    """Something said about a case; `written_by` is empty for the reporter's own words."""

    visibility: Visibility
    text: str
    written_by: str
    by_reporter: bool
    comment_time: datetime
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """Several units met about a case (协调会)."""

    cycle: int
    meeting_time: datetime
    chaired_by: str
    participants: tuple[str, ...]
    unit_ids: tuple[str, ...]
    decisions: str
    next_date: date | None
    recorded_by: str
