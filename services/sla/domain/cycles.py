"""A cycle's end and the next one's beginning: the result, the reporter's word on it, the end."""

from dataclasses import replace
from datetime import datetime

from services.sla.domain import clocks as rules
from services.sla.domain import pausing
from services.sla.domain.acts import BegunAgain, CalledBack, Closed, Confirmed, Rejected, Resolved
from services.sla.domain.docket import QUEUE, Docket
from services.sla.domain.kinds import CaseState, ClockKind

# Who has a case that nobody follows.
_DISPATCH_ROOM = f"{QUEUE}DISPATCH_ROOM"

# What the reporter's word ends, whatever it is.
_WAITS_FOR_REPORTER = (ClockKind.CONFIRMATION, ClockKind.CALLBACK, ClockKind.SILENCE)

# What a new cycle leaves alone: work orders and reviews outlive a cycle, and settling decides about
# the reminder.
_OUTLIVES_CYCLE = (ClockKind.WORK_ORDER, ClockKind.REVIEW, ClockKind.REMINDER)


def start_cycle(docket: Docket, start: datetime) -> None:
    """A cycle owes its first reply and its plan from its first instant on."""
    for kind in rules.CYCLE_BEGINS_WITH:
        docket.start(kind, start)


def resolved(docket: Docket, act: Resolved) -> None:
    """The handlers are done: only the reporter's word is waited for."""
    if docket.case.state is not CaseState.OPEN:
        return
    if act.fed_back_time is not None:
        docket.stop(docket.live(ClockKind.FIRST_REPLY), act.fed_back_time)
    owed = docket.live(ClockKind.PLAN, ClockKind.PROGRESS, ClockKind.RESOLUTION)
    docket.stop(owed, act.time)
    docket.cancel(docket.live(ClockKind.ESCALATION, ClockKind.RULING), act.time)
    # A work order may stand still with the rest.
    docket.cancel(docket.live(ClockKind.PAUSE), act.time)
    pausing.end(docket, act.time)
    docket.case = replace(docket.case, state=CaseState.RESOLVED)
    docket.start(ClockKind.CONFIRMATION, act.time)
    if docket.case.anonymous:
        docket.start(ClockKind.SILENCE, act.time)


def confirmed(docket: Docket, act: Confirmed) -> None:
    """The reporter has given their word: it is waited for no longer."""
    docket.stop(docket.live(*_WAITS_FOR_REPORTER, cycle=act.cycle), act.time)


def called_back(docket: Docket, act: CalledBack) -> None:
    """The reporter was reached; or wasn't, and must be called again."""
    case = docket.case
    if case.state is not CaseState.RESOLVED or act.cycle != case.cycle:
        return
    called = docket.live(ClockKind.CALLBACK)
    asked = docket.live(ClockKind.CONFIRMATION)
    if not act.reached:
        asked = [clock for clock in asked if clock.breach_time is None]
    docket.stop([*called, *asked], act.time)
    if not act.reached:
        docket.start(ClockKind.CALLBACK, act.time)


def begin_again(docket: Docket, act: Rejected | BegunAgain) -> None:
    """The reporter says no, or a closed case is reopened: a new cycle, and all is owed from its
    start. What breached before stays on record.
    """
    if act.new_cycle <= docket.case.cycle:
        return
    docket.stop(docket.live(*_WAITS_FOR_REPORTER), act.time)
    others = [clock for clock in docket.live() if clock.kind not in _OUTLIVES_CYCLE]
    docket.cancel(others, act.time)
    pausing.end(docket, act.time)
    docket.case = replace(
        docket.case,
        state=CaseState.OPEN,
        cycle=act.new_cycle,
        accountable=docket.case.steward or docket.case.fallback or _DISPATCH_ROOM,
        level=0,
        level_time=None,
        at_ladder_end=False,
    )
    start_cycle(docket, act.time)
    if isinstance(act, BegunAgain) and docket.case.long_standing:
        # The mark outlives a close-out, its reviews don't.
        docket.start(ClockKind.REVIEW, act.time)


def closed(docket: Docket, act: Closed) -> None:
    """Nothing is owed any more; what was breached stays on record."""
    docket.cancel(docket.live(), act.time)
    docket.case = replace(docket.case, state=CaseState.CLOSED, pause=None)
