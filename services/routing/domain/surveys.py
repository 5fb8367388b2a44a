"""Several departments looking together, at one visit (联合查勘)."""

from dataclasses import dataclass
from datetime import datetime

from services.routing.domain.work_orders import Evidence


@dataclass(frozen=True, slots=True)
class Survey:
    survey_id: str
    case_id: str
    site_id: str
    unit_ids: tuple[str, ...]
    place: str
    findings: str
    evidence: tuple[Evidence, ...]
    recorded_by: str
    survey_time: datetime
