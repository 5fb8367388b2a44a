"""What each step in a case's life does to its clocks: one function per fact, one for the timer.

docs/glossary.md has the table of clocks that these functions carry out. All of them are total: what
comes late or for a case already closed changes nothing, because the services hear of one another
with delays.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.sla.domain import clocks as rules
from services.sla.domain.clocks import Clock, ClockKind, Due
from services.sla.domain.docket import Case, CaseState, Change, Docket, File, Moment
from services.sla.domain.policy import Terms

# What a level of the ladder owes carries its number; the grace of a work order carries its id.
_LEVEL = "level:"
# Accountable is a position that nobody holds: the dispatch-room queue has the case.
_VACANT = "position:"


class AnswerKind(StrEnum):
    FIRST_REPLY = "FIRST_REPLY"
    PLAN = "PLAN"
    PROGRESS = "PROGRESS"


@dataclass(frozen=True, slots=True)
class FedBackAnswer:
    """An answer that counts as fed back now; `time` is when the reporter got it."""

    cycle: int
    answer_id: str
    kind: AnswerKind
    promised_date: date | None
    time: datetime


@dataclass(frozen=True, slots=True)
class Resolution:
    """`fed_back_time` is None when the result has not been told in the same act."""

    time: datetime
    fed_back_time: datetime | None


@dataclass(frozen=True, slots=True)
class DispatchedOrder:
    work_order_id: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Level:
    """The level a case has come to in a cycle; `dwell_working_days` is 0 where none is owed."""

    cycle: int
    number: int
    dwell_working_days: int
    top: bool
    fallback: bool
    time: datetime


@dataclass(frozen=True, slots=True)
class Instruction:
    """A level's answer in a cycle, and who must move now."""

    cycle: int
    accountable: str
    time: datetime


def registered(
    case_id: str, site_id: str, occurred: datetime, terms: Terms, moment: Moment
) -> Change:
    """A new case owes its first reply and its plan."""
    case = Case(case_id, site_id, CaseState.OPEN, 1)
    docket = Docket(File(case, ()), terms, moment)
    _start_cycle(docket, occurred, terms)
    return docket.settle()


def answered(file: File, answer: FedBackAnswer, terms: Terms, moment: Moment) -> Change:
    """An answer reached the reporter: it stops what waited for it, and owes the next word."""
    docket = Docket(file, terms, moment)
    case = docket.case
    if case.state is CaseState.CLOSED:
        return docket.settle()
    docket.stop(docket.live(ClockKind.FIRST_REPLY, cycle=answer.cycle), answer.time)
    if answer.kind is AnswerKind.FIRST_REPLY:
        return docket.settle()
    waiting = docket.live(ClockKind.PLAN, ClockKind.PROGRESS, cycle=answer.cycle)
    docket.stop(waiting, answer.time)
    if case.state is CaseState.OPEN and answer.cycle == case.cycle:
        if answer.kind is AnswerKind.PLAN and answer.promised_date is not None:
            # A promise that has not passed gives way to the new one; a broken one stays owed.
            docket.cancel(_running(docket.live(ClockKind.RESOLUTION)), answer.time)
            due = rules.promise_due(terms, answer.promised_date)
            docket.start(ClockKind.RESOLUTION, answer.time, due, answer.answer_id)
        if terms.policy.progress_working_days:
            due = rules.working_days_due(terms, answer.time, terms.policy.progress_working_days)
            docket.start(ClockKind.PROGRESS, answer.time, due, answer.answer_id)
    return docket.settle()


def dispatched(
    file: File,
    orders: Iterable[DispatchedOrder],
    dispatch_time: datetime,
    terms: Terms,
    moment: Moment,
) -> Change:
    """Every work order has its deadline."""
    docket = Docket(file, terms, moment)
    if docket.case.state is CaseState.OPEN:
        for order in orders:
            due = Due(order.deadline)
            docket.start(ClockKind.WORK_ORDER, dispatch_time, due, order.work_order_id)
    return docket.settle()


def completed(
    file: File, work_order_id: str, time: datetime, terms: Terms, moment: Moment
) -> Change:
    """A work order is done, and with it the grace that ran because it was late."""
    docket = Docket(file, terms, moment)
    docket.stop(docket.live(ClockKind.WORK_ORDER, reference=work_order_id), time)
    docket.cancel(docket.live(ClockKind.ESCALATION, reference=work_order_id), time)
    return docket.settle()


def resolved(file: File, resolution: Resolution, terms: Terms, moment: Moment) -> Change:
    """The handlers are done: only the reporter's word is waited for."""
    docket = Docket(file, terms, moment)
    if docket.case.state is not CaseState.OPEN:
        return docket.settle()
    if resolution.fed_back_time is not None:
        docket.stop(docket.live(ClockKind.FIRST_REPLY), resolution.fed_back_time)
    owed = docket.live(ClockKind.PLAN, ClockKind.PROGRESS, ClockKind.RESOLUTION)
    docket.stop(owed, resolution.time)
    docket.cancel(docket.live(ClockKind.ESCALATION), resolution.time)
    docket.case = replace(docket.case, state=CaseState.RESOLVED)
    days = terms.policy.confirmation_working_days
    due = rules.working_days_due(terms, resolution.time, days)
    docket.start(ClockKind.CONFIRMATION, resolution.time, due)
    return docket.settle()


def confirmed(file: File, cycle: int, time: datetime, terms: Terms, moment: Moment) -> Change:
    """The reporter's word, where it counts."""
    docket = Docket(file, terms, moment)
    docket.stop(docket.live(ClockKind.CONFIRMATION, cycle=cycle), time)
    return docket.settle()


def rejected(file: File, new_cycle: int, time: datetime, terms: Terms, moment: Moment) -> Change:
    """The reporter says no: everything is owed again, from the start, in a new cycle."""
    docket = Docket(file, terms, moment)
    if docket.case.state is CaseState.CLOSED:
        return docket.settle()
    docket.stop(docket.live(ClockKind.CONFIRMATION), time)
    # Work orders outlive a cycle, and settling decides about the reminder.
    kept = (ClockKind.WORK_ORDER, ClockKind.REMINDER)
    docket.cancel([clock for clock in docket.live() if clock.kind not in kept], time)
    docket.case = replace(
        docket.case,
        state=CaseState.OPEN,
        cycle=new_cycle,
        on_queue=docket.case.no_steward,
        level_time=None,
        at_ladder_end=False,
    )
    _start_cycle(docket, time, terms)
    return docket.settle()


def closed(file: File, time: datetime, terms: Terms, moment: Moment) -> Change:
    """Nothing is owed any more; what was breached stays on record."""
    docket = Docket(file, terms, moment)
    docket.case = replace(docket.case, state=CaseState.CLOSED)
    docket.cancel(docket.live(), time)
    return docket.settle()


def assigned(file: File, steward: str, accountable: str, terms: Terms, moment: Moment) -> Change:
    """Somebody answers for the case, or the queue does and is reminded daily."""
    docket = Docket(file, terms, moment)
    on_queue = accountable.startswith(_VACANT)
    docket.case = replace(docket.case, on_queue=on_queue, no_steward=not steward)
    return docket.settle()


def escalated(file: File, level: Level, terms: Terms, moment: Moment) -> Change:
    """The level that was reached owes an instruction; the one below no longer does.

    A level of a cycle gone by has nothing to do with this one, which began at the bottom.
    """
    docket = Docket(file, terms, moment)
    case = docket.case
    if case.state is not CaseState.OPEN or level.cycle < case.cycle:
        return docket.settle()
    docket.cancel(_of_levels(docket), level.time)
    docket.case = replace(
        case,
        on_queue=False,
        level_time=level.time,
        at_ladder_end=level.top or level.fallback,
    )
    if level.dwell_working_days and not level.top:
        due = rules.working_days_due(terms, level.time, level.dwell_working_days)
        docket.start(ClockKind.ESCALATION, level.time, due, f"{_LEVEL}{level.number}")
    return docket.settle()


def instructed(file: File, word: Instruction, terms: Terms, moment: Moment) -> Change:
    """The level has answered: its clock is met, and the graces of late work orders end with it.

    An answer of a cycle gone by comes too late for anything.
    """
    docket = Docket(file, terms, moment)
    if word.cycle < docket.case.cycle:
        return docket.settle()
    docket.stop(_of_levels(docket), word.time)
    docket.cancel(_running(docket.live(ClockKind.ESCALATION)), word.time)
    on_queue = word.accountable.startswith(_VACANT)
    docket.case = replace(docket.case, on_queue=on_queue, at_ladder_end=False)
    return docket.settle()


def fired(file: File, terms: Terms, moment: Moment) -> Change:
    """Whatever is due by now fires; a file with nothing due is left as it is."""
    docket = Docket(file, terms, moment)
    docket.fire_due()
    return docket.settle()


def _start_cycle(docket: Docket, start: datetime, terms: Terms) -> None:
    docket.start(ClockKind.FIRST_REPLY, start, rules.first_reply_due(terms, start))
    docket.start(ClockKind.PLAN, start, rules.plan_due(terms, start))


def _of_levels(docket: Docket) -> list[Clock]:
    escalations = docket.live(ClockKind.ESCALATION)
    return [clock for clock in escalations if clock.reference.startswith(_LEVEL)]


def _running(clocks: Iterable[Clock]) -> list[Clock]:
    return [clock for clock in clocks if clock.running]
