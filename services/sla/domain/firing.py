"""What follows when time passes: warnings, breaches, and what comes again."""

from dataclasses import replace
from datetime import datetime

from services.sla.domain import clocks as rules
from services.sla.domain import pausing
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Docket
from services.sla.domain.kinds import CaseState, ClockKind, Consequence, Counting, Threshold


def fire_due(docket: Docket) -> None:
    """Lets every clock fire that is due, oldest deadline first.

    A warning whose deadline has passed as well isn't given any more.
    """
    now = docket.moment.now
    # What fires may let others run again, which are due, too.
    while due := [clock for clock in docket.live() if _is_due(clock, now)]:
        _fire(docket, min(due, key=lambda clock: _fire_time(clock, now)))


def _is_due(clock: Clock, now: datetime) -> bool:
    return clock.running and (clock.warn_time or clock.due_time) <= now


def _fire_time(clock: Clock, now: datetime) -> datetime:
    """Returns when a clock that fires now was to fire."""
    if clock.warn_time is None or clock.due_time <= now:
        return clock.due_time
    return clock.warn_time


def _fire(docket: Docket, clock: Clock) -> None:
    now, calendar = docket.moment.now, docket.terms.calendar
    time = _fire_time(clock, now)
    if now < clock.due_time:
        docket.fire(rules.warn(clock, now, calendar), Threshold.WARNING, time)
    elif clock.kind in (ClockKind.REMINDER, ClockKind.REVIEW):
        again = rules.rearm(clock, now, calendar)
        docket.fire(again, Threshold.DUE, time, clock.rule.on_breach)
    elif clock.kind is ClockKind.PAUSE:
        over = rules.changed(rules.breach(clock), stop_time=clock.due_time)
        docket.fire(over, Threshold.DUE, time, clock.rule.on_breach)
        pausing.end(docket, clock.due_time)
    elif clock.born_breached:
        docket.bear(clock)
    else:
        _breach(docket, clock)


def _breach(docket: Docket, clock: Clock) -> None:
    follows = clock.rule.on_breach
    if (follows is Consequence.LADDER and not _may_climb(docket, clock)) or (
        # A task may outlive the work on its case: nobody is to be sent after it then.
        clock.kind is ClockKind.WORK_ORDER
        and docket.case.state is not CaseState.OPEN
        and follows in (Consequence.LADDER, Consequence.HEAD_OF_UNIT)
    ):
        follows = Consequence.ALERT
    docket.fire(rules.breach(clock), Threshold.DUE, clock.due_time, follows)
    if follows is Consequence.HEAD_OF_UNIT:
        _start_grace(docket, clock)


def _may_climb(docket: Docket, clock: Clock) -> bool:
    # One silence climbs one level. What else is found late with it is only said, and so is what
    # was late before the case came to its level; routing holds it the same way.
    reached = docket.case.level_time
    if reached is not None and clock.due_time <= reached:
        return False
    return not docket.has_fired(Consequence.LADDER)


def _start_grace(docket: Docket, order: Clock) -> None:
    # The head of the unit is told only now, so the grace runs from now, however long ago the
    # deadline was.
    rule = replace(
        docket.terms.policy.terms(ClockKind.ESCALATION, docket.case.profile),
        counting=Counting.WORKING_DAYS,
        amount=order.rule.grace_working_days,
    )
    docket.start(ClockKind.ESCALATION, docket.moment.now, order.reference, rule=rule)
