"""What callers ask about sweeps."""

from dataclasses import dataclass
from datetime import date

from services.routing.domain.sweeps import Answer, Target


@dataclass(frozen=True, slots=True)
class OpenSweep:
    """A target without a site is of the case's own."""

    case_id: str
    defect: str
    targets: tuple[Target, ...]
    due_date: date


@dataclass(frozen=True, slots=True)
class AnswerSweepTask:
    sweep_id: str
    task_id: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class CloseSweep:
    sweep_id: str
    reason: str
