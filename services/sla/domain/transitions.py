"""What each step in a case's life does to its clocks: one small function per act.

docs/glossary.md has the table of clocks that these functions carry out. All of them are total: what
comes late or for a case already closed changes nothing, because the services hear of one another
with delays.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from services.sla.domain import amending, firing, pausing
from services.sla.domain import clocks as rules
from services.sla.domain.acts import (
    Act,
    Amended,
    Answered,
    AnswerKind,
    Assigned,
    BegunAgain,
    CalledBack,
    Closed,
    Completed,
    Confirmed,
    Corrected,
    Deescalated,
    Dispatched,
    Elapsed,
    Escalated,
    Excused,
    Extended,
    Flagged,
    FlagKind,
    Instructed,
    Met,
    Moment,
    Paused,
    PromiseMoved,
    Registered,
    Rejected,
    Reopened,
    Resolved,
    Resumed,
    Returned,
    Ruled,
)
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import QUEUE, Case, Change, Docket, File
from services.sla.domain.kinds import CaseState, ClockKind, Counting
from services.sla.domain.policy import Terms

# What a level of the ladder owes carries its number; the grace of a work order carries its id.
_LEVEL = "level:"
# Who has a case that nobody follows.
_DISPATCH_ROOM = f"{QUEUE}DISPATCH_ROOM"

# What the reporter's word ends, whatever it is.
_WAITS_FOR_REPORTER = (ClockKind.CONFIRMATION, ClockKind.CALLBACK, ClockKind.SILENCE)
# What a new cycle leaves alone: work orders and reviews outlive a cycle, and settling decides about
# the reminder.
_OUTLIVES_CYCLE = (ClockKind.WORK_ORDER, ClockKind.REVIEW, ClockKind.REMINDER)


def apply(
    file: File | None,
    act: Act,
    terms: Terms,
    moment: Moment,
    site_id: str = "",
    case_id: str = "",
) -> Change:
    """Returns what an act does to a case; a case that isn't there yet begins with its registration.

    `site_id` and `case_id` are those of a case that begins. LookupError for any other act on a case
    that was never registered.
    """
    if file is None:
        if not isinstance(act, Registered):
            raise LookupError("an act on a case that was never registered")
        docket = Docket(File(new_case(case_id, site_id, act), ()), terms, moment)
        begin(docket, act)
    else:
        docket = Docket(file, terms, moment)
        if takes(file.case, act):
            step(docket, act)
    return docket.settle(act)


def takes(case: Case, act: Act) -> bool:
    """Tells whether an act can do anything to a case; to a closed one only its beginning again."""
    return case.state is not CaseState.CLOSED or isinstance(act, BegunAgain)


def new_case(case_id: str, site_id: str, act: Registered) -> Case:
    """Returns a case as it is registered, before its clocks start."""
    return Case(
        case_id,
        site_id,
        CaseState.OPEN,
        1,
        act.time,
        profile=act.profile,
        unit_id=act.unit_id,
        anonymous=act.anonymous,
    )


def begin(docket: Docket, act: Registered) -> None:
    """A new case owes its first reply and its plan."""
    _start_cycle(docket, act.clock_start or act.time)


def step(docket: Docket, act: Act) -> None:
    """Carries out an act on a registered case that takes it."""
    match act:
        case Elapsed():
            firing.fire_due(docket)
        case Answered():
            _answered(docket, act)
        case Assigned():
            _assigned(docket, act)
        case Dispatched():
            _dispatched(docket, act)
        case Reopened():
            _order_reopened(docket, act)
        case Completed():
            _completed(docket, act)
        case Resolved():
            _resolved(docket, act)
        case Confirmed():
            docket.stop(docket.live(*_WAITS_FOR_REPORTER, cycle=act.cycle), act.time)
        case Closed():
            _closed(docket, act)
        case Rejected() | BegunAgain():
            _begin_again(docket, act)
        case Corrected():
            docket.case = replace(docket.case, profile=act.profile, unit_id=act.unit_id)
        case Met():
            _met(docket, act)
        case Escalated():
            _escalated(docket, act)
        case Deescalated():
            _deescalated(docket, act)
        case Instructed():
            _instructed(docket, act)
        case Returned():
            _returned(docket, act)
        case Ruled() | Extended():
            amending.extend(docket, act)
        case PromiseMoved():
            amending.move_promise(docket, act)
        case CalledBack():
            _called_back(docket, act)
        case Flagged():
            _flagged(docket, act)
        case Paused():
            pausing.pause(docket, act)
        case Resumed():
            pausing.resume(docket, act)
        case Amended():
            amending.recount(docket, act.cause)
        case Registered() | Excused():
            # The one has happened, the other moves nothing.
            pass
        case _:
            assert_never(act)


def _answered(docket: Docket, act: Answered) -> None:
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
        docket.cancel(_not_breached(docket.live(ClockKind.RESOLUTION)), act.time)
        rule = docket.terms.policy.terms(ClockKind.RESOLUTION, case.profile)
        promise = rules.day_end(rule, docket.terms.calendar, act.promised_date)
        docket.start(ClockKind.RESOLUTION, act.time, act.answer_id, given=promise)
    if ClockKind.PROGRESS not in later:
        docket.start(ClockKind.PROGRESS, act.time, act.answer_id)


def _dispatched(docket: Docket, act: Dispatched) -> None:
    """Every work order has its deadline.

    On a case that is resolved, too: routing opens none there, so either it has heard before us that
    the reporter says no, or news of the work order's end is on its way.
    """
    for order in act.orders:
        docket.start(ClockKind.WORK_ORDER, act.time, order.work_order_id, given=order.deadline)


def _order_reopened(docket: Docket, act: Reopened) -> None:
    """A work order that was done is owed anew; what it took the first time stays on record.

    On a case that is resolved, too, as when it is dispatched.
    """
    docket.start(ClockKind.WORK_ORDER, act.time, act.work_order_id, given=act.deadline)


def _completed(docket: Docket, act: Completed) -> None:
    """A work order is done, and with it the grace that ran because it was late."""
    docket.stop(docket.live(ClockKind.WORK_ORDER, reference=act.work_order_id), act.time)
    needless = docket.live(ClockKind.ESCALATION, ClockKind.RULING, reference=act.work_order_id)
    docket.cancel(needless, act.time)


def _returned(docket: Docket, act: Returned) -> None:
    """The dispatch room owes a ruling."""
    if docket.case.state is CaseState.OPEN:
        docket.start(ClockKind.RULING, act.time, act.work_order_id)


def _resolved(docket: Docket, act: Resolved) -> None:
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


def _called_back(docket: Docket, act: CalledBack) -> None:
    """The reporter was reached; or wasn't, and must be called again."""
    case = docket.case
    if case.state is not CaseState.RESOLVED or act.cycle != case.cycle:
        return
    called = docket.live(ClockKind.CALLBACK)
    asked = docket.live(ClockKind.CONFIRMATION)
    docket.stop([*called, *(asked if act.reached else _not_breached(asked))], act.time)
    if not act.reached:
        docket.start(ClockKind.CALLBACK, act.time)


def _begin_again(docket: Docket, act: Rejected | BegunAgain) -> None:
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
    _start_cycle(docket, act.time)
    if isinstance(act, BegunAgain) and docket.case.long_standing:
        # The mark outlives a close-out, its reviews don't.
        docket.start(ClockKind.REVIEW, act.time)


def _closed(docket: Docket, act: Closed) -> None:
    """Nothing is owed any more; what was breached stays on record."""
    docket.cancel(docket.live(), act.time)
    docket.case = replace(docket.case, state=CaseState.CLOSED, pause=None)


def _assigned(docket: Docket, act: Assigned) -> None:
    """Somebody answers for the case, or the queue does and is reminded daily."""
    docket.case = replace(
        docket.case,
        steward=act.steward,
        accountable=act.accountable,
        fallback=_fallback(docket.case, act.accountable),
        unit_id=act.unit_id or docket.case.unit_id,
    )


def _escalated(docket: Docket, act: Escalated) -> None:
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


def _deescalated(docket: Docket, act: Deescalated) -> None:
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


def _instructed(docket: Docket, act: Instructed) -> None:
    """The level has answered: its clock is met, and the graces of late work orders end with it.

    An answer of a cycle gone by comes too late for anything.
    """
    if act.cycle < docket.case.cycle:
        return
    docket.stop(_of_levels(docket), act.time)
    docket.cancel(_not_breached(docket.live(ClockKind.ESCALATION)), act.time)
    docket.case = replace(docket.case, accountable=act.accountable, at_ladder_end=False)


def _flagged(docket: Docket, act: Flagged) -> None:
    """A long-standing case is reviewed again and again, until it no longer is one."""
    if act.flag is not FlagKind.LONG_STANDING:
        return
    docket.case = replace(docket.case, long_standing=act.set)
    if act.set:
        docket.start(ClockKind.REVIEW, act.time)
    else:
        docket.cancel(docket.live(ClockKind.REVIEW), act.time)


def _met(docket: Docket, act: Met) -> None:
    """A meeting about a long-standing case is its review: the next one is owed from then on.

    Not one that was held before the review now running began, however late it is heard of.
    """
    reviews = [one for one in docket.live(ClockKind.REVIEW) if one.start_time < act.time]
    if reviews:
        docket.stop(reviews, act.time)
        docket.start(ClockKind.REVIEW, act.time)


def _start_cycle(docket: Docket, start: datetime) -> None:
    for kind in rules.CYCLE_BEGINS_WITH:
        docket.start(kind, start)


def _of_levels(docket: Docket) -> list[Clock]:
    escalations = docket.live(ClockKind.ESCALATION)
    return [clock for clock in escalations if clock.reference.startswith(_LEVEL)]


def _not_breached(clocks: Iterable[Clock]) -> list[Clock]:
    return [clock for clock in clocks if clock.breach_time is None]
