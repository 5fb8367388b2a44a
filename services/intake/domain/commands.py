"""What callers ask for, as values: one class per mutation. Absent times are None."""

from dataclasses import dataclass
from datetime import date, datetime

from services.intake.domain.marks import Attachment, FlagKind
from services.intake.domain.values import (
    AnswerKind,
    CaseKind,
    Channel,
    FeedbackWay,
    Grade,
    Link,
    Outcome,
    Reporter,
    Urgency,
)


@dataclass(frozen=True, slots=True)
class RegisterCase:
    site_id: str
    text: str
    channel: Channel
    reporter: Reporter
    place: str
    post_id: str
    unit_id: str
    kind: CaseKind
    category: str
    urgency: Urgency
    occurred_time: datetime | None
    receiver: str
    slip_number: str
    links: tuple[Link, ...]
    about_persons: tuple[str, ...] = ()
    # Those of the case that it is split from.
    recused_persons: tuple[str, ...] = ()
    # Set when a sweep found it.
    sweep_id: str = ""
    sweep_task_id: str = ""
    # Made by a client that was offline; empty for one to be made here.
    case_id: str = ""
    external_ref: str = ""
    hazard: bool = False
    long_standing: bool = False
    leader: str = ""
    attachments: tuple[Attachment, ...] = ()
    suggested_duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenFeedback:
    """How the reporter was reached, or not, as the caller tells it."""

    way: FeedbackWay
    feedback_time: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class VerifyCase:
    case_id: str
    expected_version: int
    place: str
    findings: str
    verify_time: datetime | None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerCase:
    case_id: str
    expected_version: int
    kind: AnswerKind
    text: str
    promised_date: date | None
    feedback: GivenFeedback | None
    answer_time: datetime | None
    next_date: date | None = None


@dataclass(frozen=True, slots=True)
class FeedBackAnswer:
    case_id: str
    expected_version: int
    answer_id: str
    feedback: GivenFeedback


@dataclass(frozen=True, slots=True)
class MovePromise:
    """`answer_id` is empty for the last plan of the cycle."""

    case_id: str
    expected_version: int
    answer_id: str
    promised_date: date
    reason: str


@dataclass(frozen=True, slots=True)
class FlagCase:
    case_id: str
    expected_version: int
    flag: FlagKind
    set: bool
    reason: str
    leader: str


@dataclass(frozen=True, slots=True)
class EscalateCase:
    case_id: str
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True)
class ResolveCase:
    case_id: str
    expected_version: int
    resolution: str
    outcome: Outcome
    feedback: GivenFeedback | None
    resolve_time: datetime | None


@dataclass(frozen=True, slots=True)
class RecordCallback:
    case_id: str
    expected_version: int
    reached: bool
    words: str
    call_time: datetime | None
    grade: Grade = Grade.NONE
    # Set when a drawn sample asks for it.
    sample_id: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmCase:
    case_id: str
    expected_version: int
    grade: Grade
    words: str
    receipt_code: str


@dataclass(frozen=True, slots=True)
class RejectCase:
    case_id: str
    expected_version: int
    reason: str
    receipt_code: str


@dataclass(frozen=True, slots=True)
class CloseCase:
    case_id: str
    expected_version: int
    outcome: Outcome
    remark: str


@dataclass(frozen=True, slots=True)
class UnsealReporter:
    case_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PrepareHandover:
    site_id: str
    incoming: str
    note: str


@dataclass(frozen=True, slots=True)
class DrawSample:
    """The days are the site's, both included."""

    site_id: str
    start_date: date
    end_date: date
    count: int
    seed: int
