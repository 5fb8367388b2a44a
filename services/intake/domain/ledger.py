"""The ledger (台账): what stands in a row of it, and how its cases are counted.

A row is a case as it stands when it is read, whatever the period it was spoken in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.intake.domain.filters import Filter
from services.intake.domain.values import CaseKind, CaseState, Channel, Grade, Outcome


class Standing(StrEnum):
    """How a case counts in the ledger's sums; each counts once."""

    OPEN = "OPEN"
    OVERDUE = "OVERDUE"
    SOLVED = "SOLVED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Which part of a site's ledger is meant.

    `start` is the first instant, `end` the first one after it. Cases about one of the `callers`
    aren't there.
    """

    site_id: str
    zone: ZoneInfo
    start: datetime
    end: datetime
    callers: frozenset[str]
    category: str = ""
    solved_only: bool = False
    filter: Filter = field(default=Filter(None))


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the ledger.

    Names are empty for codes that the directory doesn't have any more. `first_reply_time` is when
    an answer first reached the reporter, in whichever cycle; `promised_date` that of the present
    cycle's last plan. `resolution` is what was declared in the present cycle, or what the director
    upheld: a case that was reopened has none, and neither outcome nor grade, until it is resolved
    again; `reopen_count` tells of it. `overdue` tells of an open case that a deadline of its
    present cycle has passed.
    """

    number: str
    case_id: str
    occurred_time: datetime
    record_time: datetime
    kind: CaseKind
    category: str
    category_name: str
    unit_id: str
    unit_name: str
    place: str
    channel: Channel
    text: str
    steward: str
    steward_name: str
    state: CaseState
    overdue: bool
    outcome: Outcome
    grade: Grade
    first_reply_time: datetime | None
    promised_date: date | None
    resolution: str
    resolve_time: datetime | None
    close_time: datetime | None
    level: int
    reopen_count: int
    breach_count: int
    late_entry: bool

    @property
    def standing(self) -> Standing:
        """How it counts: a resolved case that waits for the reporter's word is still open."""
        if self.state is not CaseState.CLOSED:
            return Standing.OVERDUE if self.overdue else Standing.OPEN
        return Standing.SOLVED if self.outcome is Outcome.SOLVED else Standing.ENDED


@dataclass(slots=True)
class Tally:
    """How many cases of each category stand how; as large as there are categories."""

    counts: dict[str, dict[Standing, int]] = field(default_factory=dict)

    def add(self, rows: Iterable[LedgerRow]) -> None:
        """Counts rows under their category's name, or its code where it has none any more."""
        for row in rows:
            category = row.category_name or row.category
            of_category = self.counts.setdefault(category, dict.fromkeys(Standing, 0))
            of_category[row.standing] += 1

    def categories(self) -> list[tuple[str, dict[Standing, int]]]:
        """Returns the categories, those with most cases first."""
        return sorted(self.counts.items(), key=lambda one: (-sum(one[1].values()), one[0]))
