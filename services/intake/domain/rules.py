"""What a site decides about its cases: its rules of the window, defaults filled in."""

from dataclasses import dataclass
from enum import StrEnum


class Numbering(StrEnum):
    """GAPLESS: registrations of a site take turns; BLOCKS: nobody waits, a crash skips numbers."""

    GAPLESS = "GAPLESS"
    BLOCKS = "BLOCKS"


@dataclass(frozen=True, slots=True)
class Rules:
    """A site's rules; the defaults are those of a site that has published none (version 0).

    Days count from the closing (`reopen_days`) or the resolution (`silence_days`), in 24 hours.
    """

    version: int = 0
    numbering: Numbering = Numbering.GAPLESS
    reopen_days: int = 15
    silence_days: int = 15
    unanswered_callbacks: int = 3
    promise_moves: int = 2
    entry_hours: int = 12
    hazard_phone: str = ""
    repeat_days: int = 90
    appeal_words: str = ""
    smallest_cell: int = 5


DEFAULTS = Rules()
