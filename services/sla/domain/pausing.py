"""A case's clocks stand still for a while: those that the policy lets, for this reason."""

from dataclasses import replace
from datetime import datetime

from services.sla.domain.acts import Paused, Resumed
from services.sla.domain.docket import CasePause, Docket
from services.sla.domain.kinds import CaseState, ClockKind, ClockState


def pause(docket: Docket, act: Paused) -> None:
    """What may stand still does, and a clock of its own runs until it has to end."""
    case = docket.case
    time = min(act.time, docket.moment.now)
    if case.state is not CaseState.OPEN or case.pause is not None or act.latest_end_time <= time:
        return
    # What is overdue, though nobody has noticed, doesn't stand still any more.
    paused = [
        clock
        for clock in docket.live()
        if clock.running and act.reason in clock.rule.pause_reasons and time < clock.due_time
    ]
    docket.pause(paused, time)
    docket.start(ClockKind.PAUSE, time, given=act.latest_end_time)
    docket.case = replace(
        case,
        pause=CasePause(
            reason=act.reason,
            words=act.words,
            approved_by=act.approved_by,
            start_time=time,
            latest_end_time=act.latest_end_time,
        ),
    )


def resume(docket: Docket, act: Resumed) -> None:
    """What stood still runs again, and the pause was ended as it should be."""
    if docket.case.pause is not None:
        docket.stop(docket.live(ClockKind.PAUSE), act.time)
        end(docket, act.time)


def end(docket: Docket, time: datetime) -> None:
    """What still stands still runs again, and the case is paused no longer."""
    pause = docket.case.pause
    if pause is None:
        return
    time = min(time, docket.moment.now, pause.latest_end_time)
    paused = [clock for clock in docket.live() if clock.state is ClockState.PAUSED]
    docket.resume(paused, time)
    docket.case = replace(docket.case, pause=None)
