"""What callers ask about work orders."""

from dataclasses import dataclass
from datetime import datetime

from services.routing.domain.deadlines import Deadline
from services.routing.domain.work_orders import Evidence, Ruling


@dataclass(frozen=True, slots=True)
class AskedTask:
    """What one unit is to do; its deadline may be given in working days."""

    unit_id: str
    task: str
    deadline: Deadline
    lead: bool


@dataclass(frozen=True, slots=True)
class DispatchWorkOrders:
    case_id: str
    expected_version: int
    tasks: tuple[AskedTask, ...]
    allow_rest_day: bool = False


@dataclass(frozen=True, slots=True)
class AcceptWorkOrder:
    case_id: str
    expected_version: int
    work_order_id: str


@dataclass(frozen=True, slots=True)
class CompleteWorkOrder:
    case_id: str
    expected_version: int
    work_order_id: str
    result: str
    complete_time: datetime | None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ReopenWorkOrder:
    case_id: str
    expected_version: int
    work_order_id: str
    reason: str
    deadline: Deadline
    allow_rest_day: bool


@dataclass(frozen=True, slots=True)
class ReturnWorkOrder:
    case_id: str
    expected_version: int
    work_order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleWorkOrder:
    case_id: str
    expected_version: int
    work_order_id: str
    kind: Ruling
    text: str
    unit_id: str
    deadline_time: datetime | None


@dataclass(frozen=True, slots=True)
class HoldJointMeeting:
    """`deadline` is None where the task keeps the one it has."""

    case_id: str
    expected_version: int
    work_order_id: str
    unit_ids: tuple[str, ...]
    lead_unit_id: str
    minutes: str
    deadline: Deadline | None
    allow_rest_day: bool


@dataclass(frozen=True, slots=True)
class ExtendWorkOrder:
    case_id: str
    expected_version: int
    work_order_id: str
    deadline_time: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class AskExtension:
    case_id: str
    expected_version: int
    work_order_id: str
    deadline: Deadline
    reason: str
    allow_rest_day: bool


@dataclass(frozen=True, slots=True)
class DecideExtension:
    case_id: str
    expected_version: int
    work_order_id: str
    granted: bool
    words: str


@dataclass(frozen=True, slots=True)
class RecordJointSurvey:
    """`survey_time` is None for now."""

    case_id: str
    expected_version: int
    unit_ids: tuple[str, ...]
    place: str
    findings: str
    survey_time: datetime | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class DecideCategoryProposal:
    site_id: str
    proposal_id: str
    taken_over: bool
    reason: str


@dataclass(frozen=True, slots=True)
class SealWorkOrders:
    case_id: str
    site_id: str
    holder: str


@dataclass(frozen=True, slots=True)
class UnsealWorkOrders:
    case_id: str
    site_id: str
    holder: str
