"""One function per fact = one transaction: what happened to a case moves its clocks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2
from backstop.routing.v1 import routing_facts_pb2
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.sla import convert, store
from services.sla.domain import transitions
from services.sla.domain.docket import Change, File, Moment
from services.sla.domain.policy import Terms
from services.sla.domain.seeds import announced_years

# Wakes the timer worker, where something fires sooner than it would look.
TIMERS = "timers"
_SOON = timedelta(seconds=60)

M = TypeVar("M", bound=Message)
Transition = Callable[[File, Terms, Moment], Change]


async def on_directory_published(work: Work, fact: ReceivedFact) -> None:
    """Gives a site its zone, its first policy, and the days its calendar doesn't have yet."""
    directory = _read(fact, routing_facts_pb2.DirectoryPublished).directory
    time_zone = directory.time_zone or store.DEFAULT_TIME_ZONE
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("the directory's time zone is unknown") from error
    await store.save_site(work.connection, fact.site_id, directory.name, time_zone)
    await store.announce_years(work.connection, fact.site_id, announced_years())


async def on_case_registered(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, intake_facts_pb2.CaseRegistered)
    occurred = convert.registered_time(message, fact.occurred_time)
    terms = await _terms(work, fact.site_id)
    change = transitions.registered(
        fact.subject_id, fact.site_id, occurred, terms, _moment(work, fact)
    )
    await _keep(work, fact, change)


async def on_case_answered(work: Work, fact: ReceivedFact) -> None:
    await _on_feedback(work, fact, _read(fact, intake_facts_pb2.CaseAnswered))


async def on_case_fed_back(work: Work, fact: ReceivedFact) -> None:
    await _on_feedback(work, fact, _read(fact, intake_facts_pb2.CaseFedBack))


async def _on_feedback(
    work: Work,
    fact: ReceivedFact,
    message: intake_facts_pb2.CaseAnswered | intake_facts_pb2.CaseFedBack,
) -> None:
    answer = convert.fed_back_answer(message, fact.occurred_time)
    if answer is None:
        return
    await _apply(
        work, fact, lambda file, terms, moment: transitions.answered(file, answer, terms, moment)
    )


async def on_case_resolved(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, intake_facts_pb2.CaseResolved)
    done = convert.resolution(message, fact.occurred_time)
    await _apply(
        work, fact, lambda file, terms, moment: transitions.resolved(file, done, terms, moment)
    )


async def on_case_confirmed(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, intake_facts_pb2.CaseConfirmed)
    if not message.counts:
        return
    time = convert.confirm_time(message, fact.occurred_time)
    await _apply(
        work,
        fact,
        lambda file, terms, moment: transitions.confirmed(file, message.cycle, time, terms, moment),
    )


async def on_case_rejected(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, intake_facts_pb2.CaseRejected)
    time = convert.reject_time(message, fact.occurred_time)
    await _apply(
        work,
        fact,
        lambda file, terms, moment: transitions.rejected(
            file, message.new_cycle, time, terms, moment
        ),
    )


async def on_case_closed(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, intake_facts_pb2.CaseClosed)
    time = convert.close_time(message, fact.occurred_time)
    await _apply(
        work, fact, lambda file, terms, moment: transitions.closed(file, time, terms, moment)
    )


async def on_case_assigned(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, routing_facts_pb2.CaseAssigned)
    await _apply(
        work,
        fact,
        lambda file, terms, moment: transitions.assigned(
            file, message.steward, message.accountable, terms, moment
        ),
    )


async def on_case_escalated(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, routing_facts_pb2.CaseEscalated)
    level = convert.level(message, fact.occurred_time)
    await _apply(
        work, fact, lambda file, terms, moment: transitions.escalated(file, level, terms, moment)
    )


async def on_case_instructed(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, routing_facts_pb2.CaseInstructed)
    word = convert.instruction(message, fact.occurred_time)
    await _apply(
        work, fact, lambda file, terms, moment: transitions.instructed(file, word, terms, moment)
    )


async def on_work_orders_dispatched(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, routing_facts_pb2.WorkOrdersDispatched)
    orders = convert.dispatched_orders(message)
    await _apply(
        work,
        fact,
        lambda file, terms, moment: transitions.dispatched(
            file, orders, fact.occurred_time, terms, moment
        ),
    )


async def on_work_order_completed(work: Work, fact: ReceivedFact) -> None:
    message = _read(fact, routing_facts_pb2.WorkOrderCompleted)
    time = convert.complete_time(message, fact.occurred_time)
    await _apply(
        work,
        fact,
        lambda file, terms, moment: transitions.completed(
            file, message.work_order_id, time, terms, moment
        ),
    )


async def fire_due(work: Work, case_ids: list[str]) -> int:
    """Fires what is due on those of the cases that nobody else works on; returns how many fired.

    The clocks are read again under the lock, and judged by this transaction's time: whatever was
    seen before it may have been stopped or fired since.
    """
    connection = work.connection
    free = await store.lock_free(connection, case_ids)
    if not free:
        return 0
    await work.lock_existing(*free)
    files = await store.load_files(connection, free)
    terms = await store.load_terms(connection, *{file.case.site_id for file in files.values()})
    otherwise = store.default_terms()
    changes: list[Change] = []
    # In the order given, which is that of their deadlines.
    for file in (files[case_id] for case_id in case_ids if case_id in files):
        case = file.case
        moment = Moment(work.time, work.time, work.version(case.case_id))
        change = transitions.fired(file, terms.get(case.site_id, otherwise), moment)
        if change.fired:
            _record(work, change, work.time)
            changes.append(change)
    await store.save_changes(connection, changes)
    return sum(len(change.fired) for change in changes)


async def _apply(work: Work, fact: ReceivedFact, transition: Transition) -> None:
    files = await store.load_files(work.connection, [fact.subject_id])
    if fact.subject_id not in files:
        # Facts about a case name its registration among their causes, so the gate keeps them
        # until it has been applied; one that doesn't can't be judged.
        raise LookupError("a fact about a case that was never registered")
    terms = await _terms(work, fact.site_id)
    file = files[fact.subject_id]
    change = transition(file, terms, _moment(work, fact))
    # Most assignments, for one, move nothing.
    if change.clocks or change.case != file.case:
        await _keep(work, fact, change)


async def _keep(work: Work, fact: ReceivedFact, change: Change) -> None:
    await store.save_changes(work.connection, [change])
    _record(work, change, fact.occurred_time)
    wake_time = change.case.next_wake_time
    if wake_time is not None and wake_time < work.time + _SOON:
        work.wake(TIMERS)


def _record(work: Work, change: Change, happened: datetime) -> None:
    case = change.case
    for fact in convert.published(change, happened, work.time):
        work.record(
            case.case_id,
            case.site_id,
            fact.message,
            occurred_time=fact.occurred_time,
            fact_id=fact.fact_id,
        )


async def _terms(work: Work, site_id: str) -> Terms:
    found = await store.load_terms(work.connection, site_id)
    return found.get(site_id) or store.default_terms()


def _moment(work: Work, fact: ReceivedFact) -> Moment:
    # A source whose clock is ahead of ours knew of it no later than now.
    known = min(fact.record_time, work.time)
    return Moment(work.time, known, work.version(fact.subject_id))


def _read(fact: ReceivedFact, kind: type[M]) -> M:
    if not isinstance(fact.message, kind):
        raise TypeError(f"{fact.type} is not a {kind.DESCRIPTOR.name}")
    return fact.message
