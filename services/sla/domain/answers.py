"""An answer that reached the reporter: what it ends, and what it promises."""

from services.sla.domain import clocks as rules
from services.sla.domain.acts import Answered, AnswerKind
from services.sla.domain.docket import Docket
from services.sla.domain.kinds import CaseState, ClockKind


def answered(docket: Docket, act: Answered) -> None:
    """An answer reached the reporter: it stops what waited for it, and owes the next word."""
    case = docket.case
    docket.stop(docket.live(ClockKind.FIRST_REPLY, cycle=act.cycle), act.time)
    followed = docket.live(ClockKind.PROGRESS, ClockKind.RESOLUTION, cycle=act.cycle)
    if act.kind is AnswerKind.FIRST_REPLY or any(
        # An answer told again begins nothing again.
        clock.reference == act.answer_id
        for clock in followed
    ):
        return
    # Nor does one that is older than what is followed now, though it is heard of later.
    newer = [clock for clock in followed if act.time < clock.start_time]
    waiting = docket.live(ClockKind.PLAN, ClockKind.PROGRESS, cycle=act.cycle)
    docket.stop([clock for clock in waiting if clock not in newer], act.time)
    if case.state is not CaseState.OPEN or act.cycle != case.cycle:
        return
    later = {clock.kind for clock in newer}
    if (
        act.kind is AnswerKind.PLAN
        and act.promised_date is not None
        and ClockKind.RESOLUTION not in later
    ):
        # A promise that has not passed gives way to the new one; a broken one stays owed.
        promises = docket.live(ClockKind.RESOLUTION)
        docket.cancel([clock for clock in promises if clock.breach_time is None], act.time)
        rule = docket.terms.policy.terms(ClockKind.RESOLUTION, case.profile)
        promise = rules.day_end(rule, docket.terms.calendar, act.promised_date)
        docket.start(ClockKind.RESOLUTION, act.time, act.answer_id, given=promise)
    if ClockKind.PROGRESS not in later:
        docket.start(ClockKind.PROGRESS, act.time, act.answer_id)
