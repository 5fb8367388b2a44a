"""What callers ask about contacts with units."""

from dataclasses import dataclass
from datetime import datetime

from services.routing.domain.outreach import Form


@dataclass(frozen=True, slots=True)
class RecordOutreach:
    """`together` tells that the units came as a list, of one meeting."""

    site_id: str
    unit_ids: tuple[str, ...]
    together: bool
    form: Form
    place: str
    heard: str
    outreach_time: datetime | None
    case_ids: tuple[str, ...]
    heard_count: int
