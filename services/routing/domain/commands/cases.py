"""What callers ask about a case as a whole."""

from dataclasses import dataclass


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
class RecuseFromCase:
    """`person_id` is empty for the caller."""

    case_id: str
    expected_version: int
    person_id: str
    reason: str
    asked_by_reporter: bool = False
