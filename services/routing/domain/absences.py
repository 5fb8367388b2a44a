"""Absences: days on which a person answers for nothing, and who stands in (请假, 出差)."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """Local days, both included. Without a `deputy` each row's own stands in.

    It counts from `record_time` on, until `cancel_time`.
    """

    absence_id: str
    site_id: str
    person_id: str
    start_date: date
    end_date: date
    deputy: str = ""
    reason: str = ""
    recorded_by: str = ""
    record_time: datetime | None = None
    cancel_time: datetime | None = None

    def holds(self, day: date) -> bool:
        """Tells whether the person is away on a day."""
        return self.start_date <= day <= self.end_date
