"""The words of a case: its enums, its parts, and the file that holds them together.

Enum values are the proto's names without their prefix, so that tables, domain and API speak alike.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.intake.domain.marks import (
    Attachment,
    Callback,
    Comment,
    Flag,
    Meeting,
    Pause,
    PromiseMove,
    Referral,
    Review,
    Withdrawal,
)

# Owner of last resort: answers for a case until routing has named somebody.
DISPATCH_ROOM = "position:DISPATCH_ROOM"

# The category of what fits none of the site's; every site has it without listing it.
OTHER_CATEGORY = "OTHER"

# routing's name for the end of a work order.
WORK_ORDER_COMPLETED = "COMPLETED"


class Channel(StrEnum):
    PHONE = "PHONE"
    SITE_VISIT = "SITE_VISIT"
    MEETING = "MEETING"
    DESK = "DESK"
    WINDOW = "WINDOW"
    SLIP = "SLIP"
    SYSTEM = "SYSTEM"
    SELF_SERVICE = "SELF_SERVICE"


class CaseKind(StrEnum):
    GRIEVANCE = "GRIEVANCE"
    REQUEST = "REQUEST"
    SUGGESTION = "SUGGESTION"
    INQUIRY = "INQUIRY"


class ReporterKind(StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    EMPLOYEE = "EMPLOYEE"
    JOINT_TEAM = "JOINT_TEAM"
    CONTRACTOR = "CONTRACTOR"
    FAMILY = "FAMILY"
    OUTSIDER = "OUTSIDER"


class Confidentiality(StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    NAMED = "NAMED"
    CONFIDENTIAL = "CONFIDENTIAL"
    ANONYMOUS = "ANONYMOUS"


class Urgency(StrEnum):
    NORMAL = "NORMAL"
    URGENT = "URGENT"


class CaseState(StrEnum):
    REGISTERED = "REGISTERED"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class Outcome(StrEnum):
    NONE = ""
    SOLVED = "SOLVED"
    EXPLAINED = "EXPLAINED"
    EXPLAINED_NOT_ACCEPTED = "EXPLAINED_NOT_ACCEPTED"
    UNCONFIRMED = "UNCONFIRMED"
    REFERRED = "REFERRED"
    DUPLICATE = "DUPLICATE"
    WITHDRAWN = "WITHDRAWN"


class AnswerKind(StrEnum):
    FIRST_REPLY = "FIRST_REPLY"
    PLAN = "PLAN"
    PROGRESS = "PROGRESS"


class FeedbackWay(StrEnum):
    TOLD = "TOLD"
    LEFT = "LEFT"
    POSTED = "POSTED"
    ATTEMPT = "ATTEMPT"

    @property
    def counts(self) -> bool:
        """Tells whether the reporter has been reached this way; a try in vain is only a try."""
        return self is not FeedbackWay.ATTEMPT


class Grade(StrEnum):
    NONE = ""
    SATISFIED = "SATISFIED"
    MOSTLY_SATISFIED = "MOSTLY_SATISFIED"
    DISSATISFIED = "DISSATISFIED"


class Basis(StrEnum):
    """On what a confirmation rests."""

    NONE = ""
    REPORTER = "REPORTER"
    CODE = "CODE"
    CALLBACK = "CALLBACK"
    REPORTED = "REPORTED"

    @property
    def counts(self) -> bool:
        """Tells a word that is the reporter's own, by themselves or by an independent call."""
        return self in (Basis.REPORTER, Basis.CODE, Basis.CALLBACK)


class Relation(StrEnum):
    FOUND_BY_SWEEP = "FOUND_BY_SWEEP"
    RELATED = "RELATED"
    RECURRENCE_OF = "RECURRENCE_OF"
    DUPLICATE_OF = "DUPLICATE_OF"
    SPLIT_FROM = "SPLIT_FROM"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who raised it, as told. Lives in memory only; everywhere else it is sealed."""

    kind: ReporterKind
    confidentiality: Confidentiality
    name: str = ""
    person_code: str = ""
    phone: str = ""
    email: str = ""
    representative: "Representative | None" = None


@dataclass(frozen=True, slots=True)
class Representative:
    """Who speaks for the reporter; sealed like them."""

    name: str
    phone: str
    relation: str


@dataclass(frozen=True, slots=True)
class Link:
    """A tie to another case; `about` are the persons whom that one is about."""

    case_id: str
    relation: Relation
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """One try to reach the reporter; `answer_id` is empty when it told of the resolution."""

    way: FeedbackWay
    feedback_time: datetime
    note: str
    answer_id: str
    cycle: int
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Answer:
    answer_id: str
    kind: AnswerKind
    text: str
    promised_date: date | None
    answer_time: datetime
    answered_by: str
    cycle: int
    fed_back_time: datetime | None
    # When the reporter will hear again; only of a progress note.
    next_date: date | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    place: str
    findings: str
    verified_by: str
    verify_time: datetime
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """sla's clock as the case file shows it; `kind` and `state` are sla's names.

    A director may have `excused` its breach, which stays on record.
    """

    clock_id: str
    kind: str
    cycle: int
    reference: str
    start_time: datetime
    due_time: datetime
    state: str
    provisional: bool
    breached: bool
    excused: bool = False


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """routing's work order as the case file shows it; `state` is routing's name."""

    work_order_id: str
    unit_id: str
    lead: bool
    task: str
    dispatch_time: datetime
    deadline_time: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Case:
    """One appeal: intake's own record and what the other services' facts have added to it.

    `accepted` tells that the steward took it; `confirmed` that a confirmation which counts was
    given in this cycle, which began at `cycle_start_time`: when the reporter spoke, or said no.
    `rejections` are those of all cycles that were the reporter's own word. `resolve_time` is when
    it was done as told, `resolve_record_time` when that was put on record. `next_wake_time` is None
    only once the case is closed. `pause` is sla's, while it lasts; `flags` are in the order of
    their kinds. `version` is the number of facts intake has recorded about it.

    `about_persons` are those it is about: for them it isn't there. `recused_persons` have been
    taken out of its handling chain: they may read it. `first_reply_by` is whom routing named for
    the first reply, in the steward's place. `due_time` is the earliest deadline that is owed.
    """

    case_id: str
    site_id: str
    number: str
    state: CaseState
    kind: CaseKind
    category: str
    channel: Channel
    post_id: str
    place: str
    unit_id: str
    text: str
    urgency: Urgency
    reporter_kind: ReporterKind
    confidentiality: Confidentiality
    occurred_time: datetime
    record_time: datetime
    cycle_start_time: datetime
    receiver: str
    slip_number: str
    accountable: str
    next_wake_time: datetime | None
    steward: str = ""
    accepted: bool = False
    level: int = 0
    cycle: int = 1
    reopen_count: int = 0
    resolution: str = ""
    proposed_outcome: Outcome = Outcome.NONE
    outcome: Outcome = Outcome.NONE
    grade: Grade = Grade.NONE
    basis: Basis = Basis.NONE
    confirmed: bool = False
    rejections: int = 0
    resolve_time: datetime | None = None
    resolve_record_time: datetime | None = None
    close_time: datetime | None = None
    deliveries_planned: int = 0
    deliveries_sent: int = 0
    promise_move_count: int = 0
    pause: Pause | None = None
    flags: tuple[Flag, ...] = ()
    first_reply_by: str = ""
    about_persons: tuple[str, ...] = ()
    recused_persons: tuple[str, ...] = ()
    late_entry: bool = False
    external_system: str = ""
    external_ref: str = ""
    suggested_category: str = ""
    code_attempt: int = 0
    due_time: datetime | None = None
    version: int = 0

    @property
    def open(self) -> bool:
        """Not struck off yet."""
        return self.state is not CaseState.CLOSED

    @property
    def shielded(self) -> frozenset[str]:
        """Returns who may not have it in hand: those it is about, and the recused."""
        return frozenset((*self.about_persons, *self.recused_persons))


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that hangs on it; lists are oldest first. `zone` is the site's.

    `hands` are the persons who have had a hand in it: their word proves no result. `followers` are
    the cases that are duplicates of this one. `attachments` are the appeal's own. Within
    `repeat_days` of it other cases of its person are counted; 0 where none are, because it doesn't
    say by name and code whose it is.
    """

    case: Case
    zone: ZoneInfo
    answers: tuple[Answer, ...] = ()
    feedbacks: tuple[Feedback, ...] = ()
    verifications: tuple[Verification, ...] = ()
    work_orders: tuple[WorkOrder, ...] = ()
    clocks: tuple[Clock, ...] = ()
    links: tuple[Link, ...] = ()
    promise_moves: tuple[PromiseMove, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    referrals: tuple[Referral, ...] = ()
    reviews: tuple[Review, ...] = ()
    comments: tuple[Comment, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    followers: tuple[str, ...] = ()
    repeat_days: int = 0
    hands: frozenset[str] = frozenset()

    @property
    def first_reply_owed_by(self) -> str:
        """Who owes the first reply of this cycle; empty once the reporter was told something.

        The receiver until the steward has accepted (首接负责), or whom routing names in the
        steward's place; never one who may not have the case in hand.
        """
        case = self.case
        if not case.open or self.fed_back_in_cycle:
            return ""
        accepted = case.steward if case.accepted else ""
        owing = (case.first_reply_by, accepted, case.receiver, case.steward)
        return next((one for one in owing if one and one not in case.shielded), case.accountable)

    @property
    def fed_back_in_cycle(self) -> bool:
        """An answer of this cycle has reached the reporter, or its resolution has."""
        return self.last_fed_back_time is not None

    @property
    def last_fed_back_time(self) -> datetime | None:
        """When an answer of this cycle, or its resolution, last became known to the reporter."""
        cycle = self.case.cycle
        answered = [one.fed_back_time for one in self.answers if one.cycle == cycle]
        resolved = [
            one.feedback_time
            for one in self.feedbacks
            if one.cycle == cycle and not one.answer_id and one.way.counts
        ]
        return max((one for one in (*answered, *resolved) if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A case as a list has it, without what hangs on it; `overdue` as `clocks.overdue` says."""

    case: Case
    overdue: bool


@dataclass(frozen=True, slots=True)
class Site:
    """What intake keeps of a site to name and date its cases."""

    site_id: str
    name: str
    number_prefix: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case's history, its payload still in bytes."""

    source: str
    version: int
    type: str
    occurred_time: datetime
    record_time: datetime
    actor: str
    acting_for: str
    payload: bytes
