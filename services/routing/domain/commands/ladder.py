"""What callers ask about the ladder."""

from dataclasses import dataclass
from datetime import datetime

from services.routing.domain.route import Instruction


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """A level's order to a unit, until when."""

    unit_id: str
    deadline_time: datetime
    allow_rest_day: bool = False


@dataclass(frozen=True, slots=True)
class InstructCase:
    """`order` comes with ORDER only, which may also be without."""

    case_id: str
    expected_version: int
    kind: Instruction
    text: str
    order: UnitOrder | None = None


@dataclass(frozen=True, slots=True)
class DeescalateCase:
    case_id: str
    expected_version: int
    reason: str
