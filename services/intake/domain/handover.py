"""A change of shift: which cases are handed over, and how they follow from the time before.

The snapshot lists every open case. What was open in the one before and isn't any more must be
closed; what is open and wasn't there is new or was reopened. So a case that had vanished would
show, and three handovers in a row account for every case between them.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.intake.domain.values import CaseState

# About a shift and a half: what comes due within it can't wait for the shift after next.
RISK_AHEAD = timedelta(hours=12)


# As many as one message takes; the reckoning counts all.
LINES_SHOWN = 5_000


class Change(StrEnum):
    CARRIED = "CARRIED"
    NEW = "NEW"
    REOPENED = "REOPENED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as it stands at the handover.

    `breached` tells that a clock of its cycle has run out; `promised_date` is the last plan's.
    """

    case_id: str
    state: CaseState
    accountable: str
    due_time: datetime | None
    breached: bool
    promised_date: date | None
    reopened: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a handover."""

    case_id: str
    state: CaseState
    change: Change
    at_risk: bool
    promised_today: bool
    due_time: datetime | None
    accountable: str


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Cases open before and since; `balanced` when each of them is accounted for."""

    open_before: int
    registered: int
    reopened: int
    closed: int
    open_now: int

    @property
    def balanced(self) -> bool:
        return self.open_before + self.registered + self.reopened - self.closed == self.open_now


def entries(
    standing: Iterable[Standing],
    before: AbstractSet[str],
    seen: AbstractSet[str],
    now: datetime,
    today: date,
) -> list[Entry]:
    """Returns the lines of a handover.

    `standing` are the open cases, and those of `before` whatever became of them; `before` the
    cases that the last handover left open, `seen` those of `standing` that any has listed.
    """
    return [_entry(one, before, seen, now, today) for one in standing]


def order(line: Entry) -> tuple[bool, bool, float, str]:
    """Sorts lines: at risk first, then by what is due; those closed since come last."""
    due = line.due_time.timestamp() if line.due_time else float("inf")
    return line.change is Change.CLOSED, not line.at_risk, due, line.case_id


def reckon(counts: Mapping[Change, int], before: int) -> Reckoning:
    """Returns how the lines of a handover, counted by their change, follow from `before` cases."""
    told = {change: counts.get(change, 0) for change in Change}
    return Reckoning(
        open_before=before,
        registered=told[Change.NEW],
        reopened=told[Change.REOPENED],
        closed=told[Change.CLOSED],
        open_now=told[Change.CARRIED] + told[Change.NEW] + told[Change.REOPENED],
    )


def _entry(
    one: Standing, before: AbstractSet[str], seen: AbstractSet[str], now: datetime, today: date
) -> Entry:
    is_open = one.state is not CaseState.CLOSED
    due = one.due_time is not None and one.due_time < now + RISK_AHEAD
    return Entry(
        case_id=one.case_id,
        state=one.state,
        change=_change(one, before, seen),
        at_risk=is_open and (one.breached or due),
        promised_today=is_open and one.promised_date == today,
        due_time=one.due_time if is_open else None,
        accountable=one.accountable,
    )


def _change(one: Standing, before: AbstractSet[str], seen: AbstractSet[str]) -> Change:
    if one.state is CaseState.CLOSED:
        return Change.CLOSED
    if one.case_id in before:
        return Change.CARRIED
    return Change.REOPENED if one.case_id in seen or one.reopened else Change.NEW
