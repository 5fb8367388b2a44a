"""Spans of local days, both ends included; None stands for always."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Days:
    """From a first day to a last one."""

    start: date | None = None
    end: date | None = None

    def holds(self, day: date) -> bool:
        """Tells whether a day lies within."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    @property
    def ordered(self) -> bool:
        """Tells whether it doesn't end before it starts."""
        return self.start is None or self.end is None or self.start <= self.end


ALWAYS = Days()
