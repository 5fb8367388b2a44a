"""What can happen to a case, as sla knows it: the list of these is the case's whole history.

Every change of a case's clocks is an act applied to what was there before (`transitions.apply`),
and acts are only ever added to. So any clock can be computed again from them, as it stood at any
instant, or as it would stand under another policy.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from services.sla.domain.kinds import AmendmentCause, PauseReason
from services.sla.domain.policy import Profile

_NO_PROFILE = Profile()


class AnswerKind(StrEnum):
    FIRST_REPLY = "FIRST_REPLY"
    PLAN = "PLAN"
    PROGRESS = "PROGRESS"


class FlagKind(StrEnum):
    HAZARD = "HAZARD"
    LONG_STANDING = "LONG_STANDING"


@dataclass(frozen=True, slots=True)
class Registered:
    """The appeal was spoken at `time`; its clocks run from `clock_start`, from `time` when None."""

    time: datetime
    profile: Profile = _NO_PROFILE
    unit_id: str = ""
    anonymous: bool = False
    clock_start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that counts reached the reporter at `time`."""

    cycle: int
    answer_id: str
    kind: AnswerKind
    promised_date: date | None
    time: datetime


@dataclass(frozen=True, slots=True)
class PromiseMoved:
    """The promise of an answer was moved; `time` is when."""

    cycle: int
    answer_id: str
    promised_date: date
    time: datetime
    reason: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class DispatchedOrder:
    work_order_id: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Dispatched:
    orders: tuple[DispatchedOrder, ...]
    time: datetime


@dataclass(frozen=True, slots=True)
class Reopened:
    """A task that was reported done is owed again, until another deadline."""

    work_order_id: str
    deadline: datetime
    time: datetime


@dataclass(frozen=True, slots=True)
class Completed:
    work_order_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Returned:
    """A unit gave its task back; the task's own clock runs on."""

    work_order_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Ruled:
    """The dispatch room ruled on a return; `deadline` is the task's now, None = as before."""

    work_order_id: str
    time: datetime
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Extended:
    """A task was given more time, before its deadline."""

    work_order_id: str
    deadline: datetime
    time: datetime
    reason: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """`fed_back_time` is None when the result has not been told in the same act."""

    time: datetime
    fed_back_time: datetime | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The reporter's word, where it counts."""

    cycle: int
    time: datetime


@dataclass(frozen=True, slots=True)
class CalledBack:
    """Someone called the reporter about the result."""

    cycle: int
    reached: bool
    time: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    new_cycle: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    time: datetime


@dataclass(frozen=True, slots=True)
class BegunAgain:
    """A closed case is worked on again."""

    new_cycle: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was registered of a case is different from `time` on."""

    profile: Profile
    unit_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Met:
    """Several units met about a case."""

    time: datetime


@dataclass(frozen=True, slots=True)
class Flagged:
    flag: FlagKind
    set: bool
    time: datetime


@dataclass(frozen=True, slots=True)
class Assigned:
    unit_id: str
    steward: str
    accountable: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Escalated:
    """The level a case has come to in a cycle; both dwells are zero where none is owed.

    `again`: it was at that level before, which has another owner now, or owes an answer anew.
    """

    cycle: int
    number: int
    dwell_working_days: int
    top: bool
    fallback: bool
    time: datetime
    dwell_working_time: timedelta = timedelta(0)
    accountable: str = ""
    by_hand: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Deescalated:
    """The level a case went down to in a cycle, 0 = the steward; the dwells as in Escalated."""

    cycle: int
    number: int
    dwell_working_days: int
    fallback: bool
    time: datetime
    dwell_working_time: timedelta = timedelta(0)
    accountable: str = ""


@dataclass(frozen=True, slots=True)
class Instructed:
    """A level's answer in a cycle, and who must move now."""

    cycle: int
    accountable: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Paused:
    reason: PauseReason
    time: datetime
    latest_end_time: datetime
    words: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Resumed:
    time: datetime


@dataclass(frozen=True, slots=True)
class Amended:
    """The terms in force are others; with `POLICY` running clocks take their rules from them."""

    cause: AmendmentCause


@dataclass(frozen=True, slots=True)
class Excused:
    """A director's word on a breach; moves no clock."""

    clock_id: str
    reason: str
    excused_by: str


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time passed: what is due by now fires."""


Act: TypeAlias = (
    Registered
    | Answered
    | PromiseMoved
    | Dispatched
    | Reopened
    | Completed
    | Returned
    | Ruled
    | Extended
    | Resolved
    | Confirmed
    | CalledBack
    | Rejected
    | Closed
    | BegunAgain
    | Corrected
    | Met
    | Flagged
    | Assigned
    | Escalated
    | Deescalated
    | Instructed
    | Paused
    | Resumed
    | Amended
    | Excused
    | Elapsed
)


@dataclass(frozen=True, slots=True)
class Moment:
    """When an act is applied.

    `now` is the decision time; `known` is when the suite first knew of it, and so less than `now`
    by our own lateness; `serial` is the case's version before it, which no other change of the case
    has.
    """

    now: datetime
    known: datetime
    serial: int


@dataclass(frozen=True, slots=True)
class Logged:
    """An act as it stands in a case's list, with the terms it was applied under and who did it.

    `cause` is the name of the fact or command that it came from.
    """

    act: Act
    moment: Moment
    policy_version: int
    calendar_version: int
    actor: str
    cause: str
