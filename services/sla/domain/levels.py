"""Who has a case, and what the levels of the ladder owe: an instruction each, in their time."""

from dataclasses import replace

from services.sla.domain.acts import Assigned, Deescalated, Escalated, Instructed
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import QUEUE, Case, Docket
from services.sla.domain.kinds import CaseState, ClockKind, Counting

# What a level of the ladder owes carries its number; the grace of a work order carries its id.
_LEVEL = "level:"


def assigned(docket: Docket, act: Assigned) -> None:
    """Somebody answers for the case, or the queue does and is reminded daily."""
    docket.case = replace(
        docket.case,
        steward=act.steward,
        accountable=act.accountable,
        fallback=_fallback(docket.case, act.accountable),
        unit_id=act.unit_id or docket.case.unit_id,
    )


def escalated(docket: Docket, act: Escalated) -> None:
    """The level that was reached owes an instruction; the one below no longer does.

    A level of a cycle gone by has nothing to do with this one, which began at the bottom. Who has
    a level in another's place, that one being recused, has until the same deadline.
    """
    case = docket.case
    if case.state is not CaseState.OPEN or act.cycle < case.cycle:
        return
    at_end = act.top or act.fallback
    if act.again and not act.top and _of_levels(docket):
        docket.case = replace(case, accountable=act.accountable, at_ladder_end=at_end)
        return
    docket.cancel(_of_levels(docket), act.time)
    docket.case = replace(
        case,
        accountable=act.accountable,
        level=act.number,
        level_time=act.time,
        at_ladder_end=at_end,
    )
    if not act.top:
        _start_level(docket, act)


def deescalated(docket: Docket, act: Deescalated) -> None:
    """The level that was left has decided; the one below owes an answer anew.

    One that has no time to answer in is the top of a ladder that has become shorter, and is
    reminded of.
    """
    case = docket.case
    if case.state is not CaseState.OPEN or act.cycle < case.cycle:
        return
    docket.stop(_of_levels(docket), act.time)
    top = act.number > 0 and not (act.dwell_working_days or act.dwell_working_time)
    docket.case = replace(
        case,
        accountable=act.accountable,
        level=act.number,
        level_time=act.time if act.number else None,
        at_ladder_end=top or act.fallback,
        fallback=case.fallback if act.number else _fallback(case, act.accountable),
    )
    if act.number:
        _start_level(docket, act)


def instructed(docket: Docket, act: Instructed) -> None:
    """The level has answered: its clock is met, and the graces of late work orders end with it.

    An answer of a cycle gone by comes too late for anything.
    """
    if act.cycle < docket.case.cycle:
        return
    docket.stop(_of_levels(docket), act.time)
    graces = docket.live(ClockKind.ESCALATION)
    docket.cancel([clock for clock in graces if clock.breach_time is None], act.time)
    docket.case = replace(docket.case, accountable=act.accountable, at_ladder_end=False)


def _fallback(case: Case, accountable: str) -> str:
    # A level that has the case hides which position is at the foot.
    return accountable if accountable.startswith(QUEUE) else case.fallback


def _start_level(docket: Docket, act: Escalated | Deescalated) -> None:
    seconds = int(act.dwell_working_time.total_seconds())
    if act.dwell_working_days or seconds:
        rule = replace(
            docket.terms.policy.terms(ClockKind.ESCALATION, docket.case.profile),
            counting=Counting.WORKING_TIME if seconds else Counting.WORKING_DAYS,
            amount=seconds or act.dwell_working_days,
        )
        docket.start(ClockKind.ESCALATION, act.time, f"{_LEVEL}{act.number}", rule=rule)


def _of_levels(docket: Docket) -> list[Clock]:
    escalations = docket.live(ClockKind.ESCALATION)
    return [clock for clock in escalations if clock.reference.startswith(_LEVEL)]
