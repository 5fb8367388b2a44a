"""How the facts of routing, sla and notify show on the case file.

They only add to it: what intake itself has decided (resolved, closed) is never taken back by a
fact that was on its way, and what belongs to a cycle that is over moves nobody in the new one.
"""

from dataclasses import replace
from datetime import datetime

from services.intake.domain.marks import Pause
from services.intake.domain.transitions import advance
from services.intake.domain.values import Case, CaseState


def assigned(
    case: Case, unit_id: str, steward: str, accountable: str, first_reply_by: str = ""
) -> Case:
    """Routing has named who answers for the case; a new steward has yet to accept.

    `first_reply_by` owes the first reply in the steward's place; empty where nobody does.
    """
    moved = replace(
        case,
        unit_id=unit_id or case.unit_id,
        steward=steward,
        accepted=case.accepted and steward == case.steward,
        first_reply_by=first_reply_by,
    )
    return advance(_answers(moved, accountable), CaseState.ASSIGNED)


def accepted(case: Case) -> Case:
    """The steward took it, and owes the first reply from now on: work has begun."""
    return advance(replace(case, accepted=True, first_reply_by=""), CaseState.IN_PROGRESS)


def moved_to_level(case: Case, cycle: int, level: int, accountable: str) -> Case:
    """The case is one level higher or lower, unless that was in a cycle before."""
    if _is_over(case, cycle):
        return case
    return _answers(replace(case, level=level), accountable)


def instructed(case: Case, cycle: int, accountable: str) -> Case:
    """The level has answered; whoever it names must move now, unless the cycle is over."""
    if _is_over(case, cycle):
        return case
    return _answers(case, accountable)


def worked_on(case: Case) -> Case:
    """Units have tasks, or have looked together: work has begun."""
    return advance(case, CaseState.IN_PROGRESS)


def recused(case: Case, person_id: str) -> Case:
    """A person may read the case and do nothing with it any more."""
    if person_id in case.recused_persons:
        return case
    return replace(case, recused_persons=(*case.recused_persons, person_id))


def woken_at(case: Case, next_wake_time: datetime | None) -> Case:
    """sla tells when someone is reminded next; a closed case sleeps."""
    if not case.open or next_wake_time is None:
        return case
    return replace(case, next_wake_time=next_wake_time)


def paused(case: Case, pause: Pause) -> Case:
    """sla's clocks of the case stand still; of one that is resolved meanwhile, no longer.

    A clock that starts while the others stand still joins them, in the same pause.
    """
    if case.state in (CaseState.RESOLVED, CaseState.CLOSED):
        return case
    if case.pause is not None:
        pause = replace(pause, start_time=case.pause.start_time)
    return replace(case, pause=pause)


def resumed(case: Case) -> Case:
    """The clocks run again, or the pause has ended without any."""
    return replace(case, pause=None)


def planned(case: Case, count: int) -> Case:
    """Messages about the case are on their way."""
    return replace(case, deliveries_planned=case.deliveries_planned + count)


def sent(case: Case) -> Case:
    """A message about the case went out."""
    return replace(case, deliveries_sent=case.deliveries_sent + 1)


def _is_over(case: Case, cycle: int) -> bool:
    """A fact that doesn't tell its cycle (0) is taken for one of the first."""
    return max(cycle, 1) < case.cycle


def _answers(case: Case, accountable: str) -> Case:
    if not case.open or not accountable:
        return case
    return replace(case, accountable=accountable)
