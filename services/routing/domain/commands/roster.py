"""What callers ask about the shifts of a roster."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SwapShift:
    """Exactly one of `post_id` and `position_id` is set; `day` is that on which it begins."""

    site_id: str
    post_id: str
    position_id: str
    day: date
    start_second: int
    from_person_id: str
    to_person_id: str
    reason: str
