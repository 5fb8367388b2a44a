"""How a case came to whoever has it, step by step, for people who ask why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Rule(StrEnum):
    """By what rule a case came to whoever has it."""

    RESPONSIBILITY = "RESPONSIBILITY"
    DEPUTY = "DEPUTY"
    POST = "POST"
    DUTY_LEAD = "DUTY_LEAD"
    ALTERNATE = "ALTERNATE"
    QUEUE = "QUEUE"
    MANUAL = "MANUAL"
    HANDOVER = "HANDOVER"


class StepOutcome(StrEnum):
    """What became of one who could have had the case."""

    TAKEN = "TAKEN"
    NOBODY = "NOBODY"
    ABSENT = "ABSENT"
    SHIELDED = "SHIELDED"
    NOTED = "NOTED"


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One step; `candidate` is a person or "position:<id>", and may be empty."""

    rule: Rule
    candidate: str
    outcome: StepOutcome
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Who had the case from then on, at which level, and why."""

    accountable: str
    rule: Rule
    level: int
    steps: tuple[RouteStep, ...]
    decided_by: str
    decide_time: datetime
    handover_note: str = ""
