"""How sla's clocks change on the case file, and which of their deadlines is the next."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.intake.domain.values import Clock

# Those only remind, end a pause, or allow something.
_OWE_NOTHING = frozenset({"REMINDER", "REVIEW", "PAUSE", "SILENCE"})
_RUNNING = "RUNNING"


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


def _after(before: Clock, one: Clock) -> Clock:
    return replace(
        before,
        due_time=one.due_time,
        state=one.state,
        provisional=one.provisional,
        breached=before.breached or one.breached,
        excused=one.excused,
    )
