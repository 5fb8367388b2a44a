"""What callers ask for, as values: one class per mutation. Absent times are None."""

from dataclasses import dataclass
from datetime import datetime

from services.routing.domain.directory import Directory
from services.routing.domain.matrix import Matrix
from services.routing.domain.outreach import Form
from services.routing.domain.roster import Roster
from services.routing.domain.route import Instruction
from services.routing.domain.work_orders import Ruling, Task


@dataclass(frozen=True, slots=True)
class PublishDirectory:
    expected_version: int
    directory: Directory


@dataclass(frozen=True, slots=True)
class PublishMatrix:
    expected_version: int
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class PublishRoster:
    expected_version: int
    roster: Roster


@dataclass(frozen=True, slots=True)
class AssignCase:
    case_id: str
    expected_version: int
    steward: str
    reason: str


@dataclass(frozen=True, slots=True)
class AcceptCase:
    case_id: str
    expected_version: int


@dataclass(frozen=True, slots=True)
class DispatchWorkOrders:
    case_id: str
    expected_version: int
    tasks: tuple[Task, ...]


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
class ExtendWorkOrder:
    case_id: str
    expected_version: int
    work_order_id: str
    deadline_time: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class InstructCase:
    case_id: str
    expected_version: int
    kind: Instruction
    text: str


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


@dataclass(frozen=True, slots=True)
class RecordOutreach:
    site_id: str
    unit_id: str
    form: Form
    place: str
    heard: str
    outreach_time: datetime | None
