"""What the facts of routing, sla and notify do to the case file, one transaction each.

Every fact about a case also goes on its timeline, those of types intake doesn't know included.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from google.protobuf.message import Message

from backstop.notify.v1 import notify_facts_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import opt_datetime, to_datetime
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.intake.convert import facts as convert
from services.intake.domain import read_model
from services.intake.domain.values import WORK_ORDER_COMPLETED, Case
from services.intake.domain.visibility import persons
from services.intake.store import cases, directory, facts

M = TypeVar("M", bound=Message)

_ACCEPTED = "ACCEPTED"
_RETURNED = "RETURNED"

# sla's facts that tell of a case's clocks and of its next wake-up.
ClockFact: TypeAlias = (
    sla_facts_pb2.ClocksStarted
    | sla_facts_pb2.ClockDueSoon
    | sla_facts_pb2.ClockBreached
    | sla_facts_pb2.ClocksStopped
    | sla_facts_pb2.ClocksPaused
    | sla_facts_pb2.ClocksResumed
    | sla_facts_pb2.ClocksAmended
)


def _as_it_is(case: Case) -> Case:
    return case


async def on_directory_published(work: Work, fact: ReceivedFact) -> None:
    """Takes over the site's directory."""
    message = _read(fact, routing_facts_pb2.DirectoryPublished)
    await directory.save_directory(work.connection, convert.site_directory(message, fact.version))


async def on_case_assigned(work: Work, fact: ReceivedFact) -> None:
    """Shows who answers for the case."""
    message = _read(fact, routing_facts_pb2.CaseAssigned)
    await _apply(
        work,
        fact,
        lambda case: read_model.assigned(
            case, message.unit_id, message.steward, message.accountable, message.first_reply_by
        ),
    )
    await _hold(
        work,
        fact,
        message.steward,
        message.accountable,
        message.first_reply_by,
        message.assigned_by,
        *message.also_told,
    )


async def on_case_accepted(work: Work, fact: ReceivedFact) -> None:
    """Shows that the steward took it."""
    message = _read(fact, routing_facts_pb2.CaseAccepted)
    await _apply(work, fact, read_model.accepted)
    await _hold(work, fact, message.accepted_by)


async def on_case_escalated(work: Work, fact: ReceivedFact) -> None:
    """Shows the level and who has it there."""
    message = _read(fact, routing_facts_pb2.CaseEscalated)
    await _apply(
        work,
        fact,
        lambda case: read_model.moved_to_level(
            case, message.cycle, message.to_level, message.accountable
        ),
    )
    await _hold(work, fact, message.accountable)


async def on_case_deescalated(work: Work, fact: ReceivedFact) -> None:
    """Shows the lower level and who has it there."""
    message = _read(fact, routing_facts_pb2.CaseDeescalated)
    await _apply(
        work,
        fact,
        lambda case: read_model.moved_to_level(
            case, message.cycle, message.to_level, message.accountable
        ),
    )
    await _hold(work, fact, message.decided_by, message.accountable)


async def on_person_recused(work: Work, fact: ReceivedFact) -> None:
    """Shows who may only read the case from now on; what they did to it stays theirs."""
    message = _read(fact, routing_facts_pb2.PersonRecused)
    await _apply(work, fact, lambda case: read_model.recused(case, message.person_id))
    await _hold(work, fact, message.recorded_by)


async def on_case_instructed(work: Work, fact: ReceivedFact) -> None:
    """Shows who must move after the level's answer."""
    message = _read(fact, routing_facts_pb2.CaseInstructed)
    await _apply(
        work, fact, lambda case: read_model.instructed(case, message.cycle, message.accountable)
    )
    await _hold(work, fact, message.instructed_by, message.accountable)


async def on_work_orders_dispatched(work: Work, fact: ReceivedFact) -> None:
    """Shows the units' tasks."""
    message = _read(fact, routing_facts_pb2.WorkOrdersDispatched)
    await _apply(work, fact, read_model.worked_on)
    orders = [convert.work_order(order) for order in message.work_orders]
    await facts.insert_work_orders(work.connection, fact.site_id, fact.subject_id, orders)
    await _hold(work, fact, *message.heads)


async def on_work_order_accepted(work: Work, fact: ReceivedFact) -> None:
    """Shows that the unit took its task."""
    message = _read(fact, routing_facts_pb2.WorkOrderAccepted)
    await _apply(work, fact, _as_it_is)
    await facts.move_work_order(work.connection, fact.subject_id, message.work_order_id, _ACCEPTED)
    await _hold(work, fact, message.accepted_by)


async def on_work_order_completed(work: Work, fact: ReceivedFact) -> None:
    """Shows that the unit has done its task."""
    message = _read(fact, routing_facts_pb2.WorkOrderCompleted)
    await _apply(work, fact, _as_it_is)
    await facts.move_work_order(
        work.connection, fact.subject_id, message.work_order_id, WORK_ORDER_COMPLETED
    )
    await _hold(work, fact, message.completed_by)


async def on_work_order_returned(work: Work, fact: ReceivedFact) -> None:
    """Shows that the unit has given its task back; a ruling is owed."""
    message = _read(fact, routing_facts_pb2.WorkOrderReturned)
    await _apply(work, fact, _as_it_is)
    await facts.move_work_order(work.connection, fact.subject_id, message.work_order_id, _RETURNED)
    await _hold(work, fact, message.returned_by)


async def on_work_order_ruled(work: Work, fact: ReceivedFact) -> None:
    """Shows whose the task is now, and until when."""
    message = _read(fact, routing_facts_pb2.WorkOrderRuled)
    await _apply(work, fact, _as_it_is)
    await facts.rule_work_order(
        work.connection,
        fact.subject_id,
        message.work_order_id,
        message.unit_id,
        opt_datetime(message.HasField("deadline_time"), message.deadline_time),
        # Facts of before tell it by their kind alone.
        leads=message.lead or message.kind == routing_pb2.RULING_KIND_LEAD,
    )
    await _hold(work, fact, message.ruled_by, message.head)


async def on_work_order_reopened(work: Work, fact: ReceivedFact) -> None:
    """Shows the task as open again."""
    message = _read(fact, routing_facts_pb2.WorkOrderReopened)
    await _apply(work, fact, _as_it_is)
    order = convert.work_order(message.work_order)
    await facts.reopen_work_order(work.connection, fact.subject_id, order)
    await _hold(work, fact, message.reopened_by, message.head)


async def on_work_order_extension_asked(work: Work, fact: ReceivedFact) -> None:
    """Nothing of the task changes until somebody decides."""
    message = _read(fact, routing_facts_pb2.WorkOrderExtensionAsked)
    await _apply(work, fact, _as_it_is)
    await _hold(work, fact, message.asked_by)


async def on_work_order_extension_declined(work: Work, fact: ReceivedFact) -> None:
    """The task keeps its deadline."""
    message = _read(fact, routing_facts_pb2.WorkOrderExtensionDeclined)
    await _apply(work, fact, _as_it_is)
    await _hold(work, fact, message.declined_by, message.asked_by)


async def on_joint_survey_recorded(work: Work, fact: ReceivedFact) -> None:
    """Departments went and looked together: work has begun, as by a verification."""
    message = _read(fact, routing_facts_pb2.JointSurveyRecorded)
    await _apply(work, fact, read_model.worked_on)
    await _hold(work, fact, message.recorded_by)


async def on_work_order_extended(work: Work, fact: ReceivedFact) -> None:
    """Shows the task's new deadline."""
    message = _read(fact, routing_facts_pb2.WorkOrderExtended)
    await _apply(work, fact, _as_it_is)
    deadline = to_datetime(message.deadline_time)
    await facts.extend_work_order(work.connection, fact.subject_id, message.work_order_id, deadline)
    await _hold(work, fact, message.approved_by)


async def on_clocks_started(work: Work, fact: ReceivedFact) -> None:
    """Shows clocks that began."""
    message = _read(fact, sla_facts_pb2.ClocksStarted)
    await _clocks(work, fact, message, message.clocks)


async def on_clock_due_soon(work: Work, fact: ReceivedFact) -> None:
    """Shows the clock and the next wake-up."""
    message = _read(fact, sla_facts_pb2.ClockDueSoon)
    await _clocks(work, fact, message, [message.clock])


async def on_clock_breached(work: Work, fact: ReceivedFact) -> None:
    """Shows the clock as breached; a pause's own clock ends the pause by it."""
    message = _read(fact, sla_facts_pb2.ClockBreached)
    await _clocks(work, fact, message, [message.clock], _unless_paused_by(message.clock))


async def on_clocks_stopped(work: Work, fact: ReceivedFact) -> None:
    """Shows how clocks ended; with a pause's own clock the pause has."""
    message = _read(fact, sla_facts_pb2.ClocksStopped)
    await _clocks(work, fact, message, message.clocks, _unless_paused_by(*message.clocks))


async def on_clocks_paused(work: Work, fact: ReceivedFact) -> None:
    """Shows that clocks stand still, and why; whoever let them has a hand in the case."""
    message = _read(fact, sla_facts_pb2.ClocksPaused)
    pause = convert.pause(message, fact)
    await _clocks(
        work,
        fact,
        message,
        message.clocks,
        lambda case: case if pause is None else read_model.paused(case, pause),
    )
    await _hold(work, fact, message.approved_by)


async def on_clocks_resumed(work: Work, fact: ReceivedFact) -> None:
    """Shows clocks with the deadlines that they have after a pause."""
    message = _read(fact, sla_facts_pb2.ClocksResumed)
    await _clocks(work, fact, message, message.clocks, read_model.resumed)
    await _hold(work, fact)


async def on_clocks_amended(work: Work, fact: ReceivedFact) -> None:
    """Shows deadlines that were moved."""
    message = _read(fact, sla_facts_pb2.ClocksAmended)
    await _clocks(work, fact, message, message.clocks)


async def on_deliveries_planned(work: Work, fact: ReceivedFact) -> None:
    """Counts messages on their way."""
    message = _read(fact, notify_facts_pb2.DeliveriesPlanned)
    if message.case_id:
        count = len(message.deliveries)
        await _apply(work, fact, lambda case: read_model.planned(case, count))


async def on_delivery_sent(work: Work, fact: ReceivedFact) -> None:
    """Counts a message that went out."""
    if _read(fact, notify_facts_pb2.DeliverySent).case_id:
        await _apply(work, fact, read_model.sent)


async def on_other_fact(work: Work, fact: ReceivedFact) -> None:
    """Puts what changes nothing here on the timeline, if it is about a case at all."""
    if await cases.load_case(work.connection, fact.subject_id) is not None:
        await _note(work, fact)


async def _clocks(
    work: Work,
    fact: ReceivedFact,
    message: ClockFact,
    clocks: Sequence[sla_pb2.Clock],
    change: Callable[[Case], Case] = _as_it_is,
) -> None:
    """Shows clocks, the next wake-up, and what `change` makes of the case.

    A clock of no case, such as OUTREACH's of a unit, shows nowhere here.
    """
    if not message.case_id:
        return
    wake = opt_datetime(message.HasField("next_wake_time"), message.next_wake_time)
    await _apply(work, fact, lambda case: read_model.woken_at(change(case), wake))
    told = [convert.clock(clock) for clock in clocks]
    await facts.save_clocks(work.connection, fact.site_id, fact.subject_id, told)


def _unless_paused_by(*clocks: sla_pb2.Clock) -> Callable[[Case], Case]:
    """A pause is over when its own clock has ended, whether any other stood still or not."""
    over = any(clock.kind == sla_pb2.CLOCK_KIND_PAUSE for clock in clocks)
    return read_model.resumed if over else _as_it_is


async def _apply(work: Work, fact: ReceivedFact, change: Callable[[Case], Case]) -> None:
    """Changes the case and puts the fact on its timeline.

    Raises LookupError when intake has no such case: it speaks of a case that was never
    registered here, and belongs into the quarantine.
    """
    case = await cases.load_case(work.connection, fact.subject_id)
    if case is None:
        raise LookupError(f"{fact.type} about the unknown case {fact.subject_id}")
    changed = change(case)
    if changed != case:
        await cases.save_case(work.connection, changed)
    await _note(work, fact)


async def _hold(work: Work, fact: ReceivedFact, *told: str) -> None:
    """Keeps who has a hand in the case by this fact, whoever made it included."""
    found = persons((fact.actor.subject, *told))
    if found:
        await cases.add_hands(work.connection, fact.subject_id, fact.site_id, found)


async def _note(work: Work, fact: ReceivedFact) -> None:
    await facts.insert_step(work.connection, fact.site_id, fact.subject_id, convert.step(fact))


def _read(fact: ReceivedFact, kind: type[M]) -> M:
    if not isinstance(fact.message, kind):
        raise TypeError(f"{fact.type} where {kind.__name__} was expected")
    return fact.message
