"""How sla's clocks change on the case file, and which of their deadlines is the next."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.intake.domain.values import Case, Clock

# Those only remind, end a pause, or allow something.
_OWE_NOTHING = frozenset({"REMINDER", "REVIEW", "PAUSE", "SILENCE"})
# By these the window owes the reporter something.
_OWED_TO_THE_REPORTER = frozenset({"FIRST_REPLY", "PLAN", "PROGRESS", "RESOLUTION"})
_RUNNING = "RUNNING"
_BREACHED = "BREACHED"


def told(clocks: Iterable[Clock], new: Iterable[Clock]) -> tuple[Clock, ...]:
    """Returns a case's clocks once sla has told some of them; a breach once seen stays."""
    kept = {one.clock_id: one for one in clocks}
    for one in new:
        before = kept.get(one.clock_id)
        kept[one.clock_id] = one if before is None else _after(before, one)
    return tuple(
        sorted(
            kept.values(),
            key=lambda one: (one.cycle, one.start_time, one.due_time, one.clock_id),
        )
    )


def next_due(clocks: Iterable[Clock]) -> datetime | None:
    """Returns the earliest deadline that is owed; None where none is."""
    return min(
        (one.due_time for one in clocks if one.state == _RUNNING and one.kind not in _OWE_NOTHING),
        default=None,
    )


def overdue(case: Case, clocks: Iterable[Clock]) -> bool:
    """Tells an open case that is past a deadline of its cycle; as `overdue` of filters.sql."""
    return case.open and any(
        one.state == _BREACHED and one.cycle == case.cycle and one.kind not in _OWE_NOTHING
        for one in clocks
    )


def owed_to_reporter(case: Case, clocks: Iterable[Clock]) -> tuple[datetime | None, bool]:
    """Returns the deadline by which an open case's reporter is owed something, and if it is late.

    The earliest that was missed in this cycle and is still owed, else the next; None where none is.
    """
    if not case.open:
        return None, False
    owed = [one for one in clocks if one.kind in _OWED_TO_THE_REPORTER]
    missed = [one.due_time for one in owed if one.state == _BREACHED and one.cycle == case.cycle]
    if missed:
        return min(missed), True
    return min((one.due_time for one in owed if one.state == _RUNNING), default=None), False


def _after(before: Clock, one: Clock) -> Clock:
    return replace(
        before,
        due_time=one.due_time,
        state=one.state,
        provisional=one.provisional,
        breached=before.breached or one.breached,
        excused=one.excused,
    )
