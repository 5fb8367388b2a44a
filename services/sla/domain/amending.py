"""Deadlines that are moved while their clocks run: by an approval, a new calendar, a new policy.

What an approval moves after the deadline has passed begins anew, beside the breach on record.
"""

from dataclasses import replace
from datetime import datetime

from services.sla.domain import clocks as rules
from services.sla.domain.acts import Extended, PromiseMoved, Ruled
from services.sla.domain.clocks import Clock, Span
from services.sla.domain.docket import Docket
from services.sla.domain.kinds import AmendmentCause, ClockKind, ClockState, Counting
from services.sla.domain.policy import ClockRule


def move_promise(docket: Docket, act: PromiseMoved) -> None:
    """A promise that had not passed at that time is kept until another day."""
    for clock in docket.live(ClockKind.RESOLUTION, reference=act.answer_id):
        promise = rules.day_end(clock.rule, docket.terms.calendar, act.promised_date)
        if _is_open(clock, act.time):
            _give(docket, clock, promise, act.time, AmendmentCause.PROMISE_MOVED)
        elif act.time < clock.due_time < promise:
            _begin_anew(docket, clock, promise, act.time, clock.start_time)


def extend(docket: Docket, act: Extended | Ruled) -> None:
    """A task has another deadline, of a late one only by a ruling, which is waited for no more.

    A ruling that names the deadline that the task has already says nothing about it; an extension
    takes nothing from what pauses have added.
    """
    by_ruling = isinstance(act, Ruled)
    if by_ruling:
        docket.stop(docket.live(ClockKind.RULING, reference=act.work_order_id), act.time)
    given, time = act.deadline, min(act.time, docket.moment.now)
    if given is None:
        return
    for clock in docket.live(ClockKind.WORK_ORDER, reference=act.work_order_id):
        if by_ruling and given == clock.given:
            continue
        if _is_open(clock, time):
            cause = AmendmentCause.EXTENSION
            _give(docket, clock, given, time, cause, may_shorten=by_ruling)
        elif time < clock.due_time < given:
            _begin_anew(docket, clock, given, time, clock.start_time)
        elif by_ruling and clock.due_time <= time < given:
            _begin_anew(docket, clock, given, time, time)


def recount(docket: Docket, cause: AmendmentCause) -> None:
    """Everything that runs or stands still is counted again by the terms in force.

    Rules are the ones that the clocks began with, unless the policy itself is the cause.
    """
    for clock in docket.live():
        if clock.state is ClockState.BREACHED or clock.rule.counting is Counting.DAILY:
            continue
        rule = clock.rule
        if cause is AmendmentCause.POLICY:
            rule = _rule_now(docket, clock)
            if docket.is_off(rule):
                docket.cancel([clock], docket.moment.now)
                continue
        _amend(docket, clock, rule, clock.given, cause)
    if cause is AmendmentCause.POLICY and docket.case.long_standing:
        # They were off when it became one, or have been since.
        docket.start(ClockKind.REVIEW, docket.moment.now)


def _rule_now(docket: Docket, clock: Clock) -> ClockRule:
    rule = docket.terms.policy.terms(clock.kind, docket.case.profile)
    if rule.counting in (Counting.LADDER, Counting.GIVEN):
        # How long is said by the level, the promise, the task; no policy has it.
        return replace(rule, counting=clock.rule.counting, amount=clock.rule.amount)
    return rule


def _is_open(clock: Clock, time: datetime) -> bool:
    return clock.state is ClockState.PAUSED or (clock.running and time < clock.due_time)


def _begin_anew(
    docket: Docket, clock: Clock, given: datetime, time: datetime, start: datetime
) -> None:
    """Puts a clock with another deadline beside one that has passed, which is owed no longer.

    It starts where the other did if it was moved in time, and only heard of later: so what happened
    before counts.
    """
    docket.cancel([clock], time)
    for grace in docket.live(ClockKind.ESCALATION, reference=clock.reference):
        if grace.breach_time is None:
            # It may have begun after the news that makes it needless.
            docket.cancel([grace], max(time, grace.start_time))
    docket.start(clock.kind, start, clock.reference, given=given)


def _give(
    docket: Docket,
    clock: Clock,
    given: datetime,
    time: datetime,
    cause: AmendmentCause,
    *,
    may_shorten: bool = True,
) -> None:
    # Who gives it knows of the pauses so far: they don't move it once more.
    since = tuple(
        Span(max(time, span.start), span.end)
        for span in clock.pauses
        if span.end is None or time < span.end
    )
    _amend(docket, clock, clock.rule, given, cause, since, may_shorten=may_shorten)


def _amend(
    docket: Docket,
    clock: Clock,
    rule: ClockRule,
    given: datetime | None,
    cause: AmendmentCause,
    pauses: tuple[Span, ...] | None = None,
    *,
    may_shorten: bool = True,
) -> None:
    """Counts a clock again, and keeps it as it is where that changes nothing."""
    before = clock if pauses is None else rules.changed(clock, pauses=pauses)
    amended = rules.amend(before, rule, docket.terms.calendar, given)
    if (
        amended.due_time == clock.due_time
        and amended.provisional == clock.provisional
        and amended.warn_time == clock.warn_time
        and amended.rule == clock.rule
    ) or (amended.due_time < clock.due_time and not may_shorten):
        return
    # Its time ended before now, or before it came to stand still, and nobody could have known.
    passed = docket.moment.now
    if clock.state is ClockState.PAUSED:
        passed = min(passed, clock.pauses[-1].start)
    missed = amended.due_time <= passed and (clock.born_breached or passed < clock.due_time)
    amended = rules.changed(amended, born_breached=missed)
    if cause is AmendmentCause.POLICY:
        amended = rules.changed(amended, policy_version=docket.terms.policy.version)
    docket.amend(clock, amended, cause)
