"""What callers ask about who is away."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class RecordAbsence:
    site_id: str
    person_id: str
    start_date: date
    end_date: date
    deputy: str
    reason: str


@dataclass(frozen=True, slots=True)
class CancelAbsence:
    site_id: str
    absence_id: str
