"""What a site's calendar is made of, as it was published, and what is known of a day."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

# China's holidays and make-up days are known once the State Council has announced them; every
# other country's follow from its law.
ANNOUNCING_COUNTRY = "CN"

MINUTES_PER_DAY = 1440


class DayKind(StrEnum):
    WORKING_DAY = "WORKING_DAY"
    MAKEUP_DAY = "MAKEUP_DAY"
    REST_DAY = "REST_DAY"
    HOLIDAY = "HOLIDAY"
    CLOSURE = "CLOSURE"


WORKED = frozenset({DayKind.WORKING_DAY, DayKind.MAKEUP_DAY})


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Hours of a day, in minutes of its local clock: 0 ≤ start < end ≤ 1440."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days off on end, both included."""

    name: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Year:
    """What was announced for a year."""

    year: int
    source: str
    holidays: tuple[Holiday, ...]
    makeup_days: frozenset[date]


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which the site is closed, or only some hours of each of them."""

    name: str
    start: date
    end: date
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift's hours in minutes of the local clock; an end before its start is on the next day."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CalendarPlan:
    """A calendar as it was published. `week` has the windows of Monday (0) to Sunday (6)."""

    country: str
    week: tuple[tuple[Window, ...], ...]
    years: tuple[Year, ...]
    closures: tuple[Closure, ...] = ()
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """What a calendar knows of a day. `name` is of its holiday or closure."""

    date: date
    kind: DayKind
    windows: tuple[Window, ...]
    name: str
    provisional: bool

    @property
    def working(self) -> bool:
        return self.kind in WORKED
