"""What the facts of routing, sla and notify do to the case file, one transaction each.

What each says of the file is read in convert/replay_others.py. Every fact about a case also goes
on its timeline, those of types intake doesn't know included.
"""

from typing import TypeVar

from google.protobuf.message import Message

from backstop.notify.v1 import notify_facts_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_facts_pb2
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.intake.convert import facts as convert
from services.intake.convert import replay_others
from services.intake.domain.visibility import persons
from services.intake.store import cases, directory, facts

M = TypeVar("M", bound=Message)


async def on_directory_published(work: Work, fact: ReceivedFact) -> None:
    """Takes over the site's directory."""
    message = _read(fact, routing_facts_pb2.DirectoryPublished)
    await directory.save_directory(work.connection, convert.site_directory(message, fact.version))


async def on_case_assigned(work: Work, fact: ReceivedFact) -> None:
    """Shows who answers for the case."""
    message = _read(fact, routing_facts_pb2.CaseAssigned)
    await _apply(work, fact)
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
    await _apply(work, fact)
    await _hold(work, fact, message.accepted_by)


async def on_case_escalated(work: Work, fact: ReceivedFact) -> None:
    """Shows the level and who has it there."""
    message = _read(fact, routing_facts_pb2.CaseEscalated)
    await _apply(work, fact)
    await _hold(work, fact, message.accountable)


async def on_case_deescalated(work: Work, fact: ReceivedFact) -> None:
    """Shows the lower level and who has it there."""
    message = _read(fact, routing_facts_pb2.CaseDeescalated)
    await _apply(work, fact)
    await _hold(work, fact, message.decided_by, message.accountable)


async def on_person_recused(work: Work, fact: ReceivedFact) -> None:
    """Shows who may only read the case from now on; what they did to it stays theirs."""
    message = _read(fact, routing_facts_pb2.PersonRecused)
    await _apply(work, fact)
    await _hold(work, fact, message.recorded_by)


async def on_case_instructed(work: Work, fact: ReceivedFact) -> None:
    """Shows who must move after the level's answer."""
    message = _read(fact, routing_facts_pb2.CaseInstructed)
    await _apply(work, fact)
    await _hold(work, fact, message.instructed_by, message.accountable)


async def on_work_orders_dispatched(work: Work, fact: ReceivedFact) -> None:
    """Shows the units' tasks."""
    message = _read(fact, routing_facts_pb2.WorkOrdersDispatched)
    await _apply(work, fact)
    await _hold(work, fact, *message.heads)


async def on_work_order_accepted(work: Work, fact: ReceivedFact) -> None:
    """Shows that the unit took its task."""
    message = _read(fact, routing_facts_pb2.WorkOrderAccepted)
    await _apply(work, fact)
    await _hold(work, fact, message.accepted_by)


async def on_work_order_completed(work: Work, fact: ReceivedFact) -> None:
    """Shows that the unit has done its task."""
    message = _read(fact, routing_facts_pb2.WorkOrderCompleted)
    await _apply(work, fact)
    await _hold(work, fact, message.completed_by)


async def on_work_order_returned(work: Work, fact: ReceivedFact) -> None:
    """Shows that the unit has given its task back; a ruling is owed."""
    message = _read(fact, routing_facts_pb2.WorkOrderReturned)
    await _apply(work, fact)
    await _hold(work, fact, message.returned_by)


async def on_work_order_ruled(work: Work, fact: ReceivedFact) -> None:
    """Shows whose the task is now, and until when."""
    message = _read(fact, routing_facts_pb2.WorkOrderRuled)
    await _apply(work, fact)
    await _hold(work, fact, message.ruled_by, message.head)


async def on_work_order_reopened(work: Work, fact: ReceivedFact) -> None:
    """Shows the task as open again."""
    message = _read(fact, routing_facts_pb2.WorkOrderReopened)
    await _apply(work, fact)
    await _hold(work, fact, message.reopened_by, message.head)


async def on_work_order_extension_asked(work: Work, fact: ReceivedFact) -> None:
    """Nothing of the task changes until somebody decides."""
    message = _read(fact, routing_facts_pb2.WorkOrderExtensionAsked)
    await _apply(work, fact)
    await _hold(work, fact, message.asked_by)


async def on_work_order_extension_declined(work: Work, fact: ReceivedFact) -> None:
    """The task keeps its deadline."""
    message = _read(fact, routing_facts_pb2.WorkOrderExtensionDeclined)
    await _apply(work, fact)
    await _hold(work, fact, message.declined_by, message.asked_by)


async def on_joint_survey_recorded(work: Work, fact: ReceivedFact) -> None:
    """Departments went and looked together: work has begun, as by a verification."""
    message = _read(fact, routing_facts_pb2.JointSurveyRecorded)
    await _apply(work, fact)
    await _hold(work, fact, message.recorded_by)


async def on_work_order_extended(work: Work, fact: ReceivedFact) -> None:
    """Shows the task's new deadline."""
    message = _read(fact, routing_facts_pb2.WorkOrderExtended)
    await _apply(work, fact)
    await _hold(work, fact, message.approved_by)


async def on_clocks(work: Work, fact: ReceivedFact) -> None:
    """Shows clocks, the next wake-up, and whether they stand still.

    A clock of no case, such as OUTREACH's of a unit, shows nowhere here.
    """
    message = fact.message
    if not isinstance(message, replay_others.ClockFact):
        raise TypeError(f"{fact.type} is none of sla's about clocks")
    if message.case_id:
        await _apply(work, fact)


async def on_clocks_paused(work: Work, fact: ReceivedFact) -> None:
    """Shows that clocks stand still, and why; whoever let them has a hand in the case."""
    message = _read(fact, sla_facts_pb2.ClocksPaused)
    await on_clocks(work, fact)
    await _hold(work, fact, message.approved_by)


async def on_clocks_resumed(work: Work, fact: ReceivedFact) -> None:
    """Shows clocks with the deadlines that they have after a pause."""
    await on_clocks(work, fact)
    await _hold(work, fact)


async def on_deliveries_planned(work: Work, fact: ReceivedFact) -> None:
    """Counts messages on their way."""
    if _read(fact, notify_facts_pb2.DeliveriesPlanned).case_id:
        await _apply(work, fact)


async def on_delivery_sent(work: Work, fact: ReceivedFact) -> None:
    """Counts a message that went out."""
    if _read(fact, notify_facts_pb2.DeliverySent).case_id:
        await _apply(work, fact)


async def on_other_fact(work: Work, fact: ReceivedFact) -> None:
    """Puts what changes nothing here on the timeline, if it is about a case at all."""
    if await cases.load_case(work.connection, fact.subject_id) is not None:
        await _note(work, fact)


async def _apply(work: Work, fact: ReceivedFact) -> None:
    """Changes the case, its work orders and its clocks, and puts the fact on its timeline.

    Raises LookupError when intake has no such case: it speaks of a case that was never
    registered here, and belongs into the quarantine.
    """
    connection, message = work.connection, fact.message
    case = await cases.load_case(connection, fact.subject_id)
    if case is None:
        raise LookupError(f"{fact.type} about the unknown case {fact.subject_id}")
    changed = replay_others.case_after(case, message, fact.occurred_time)
    if changed != case:
        await cases.save_case(connection, changed)
    await _note(work, fact)
    if isinstance(message, replay_others.ORDER_FACTS):
        orders = await facts.load_work_orders(connection, case.case_id)
        told = replay_others.orders_after(orders, message)
        new = [one for one in told if one not in orders]
        await facts.save_work_orders(connection, case.site_id, case.case_id, new)
    clocks = replay_others.clocks_of(message)
    if clocks is not None:
        await facts.save_clocks(connection, case.site_id, case.case_id, clocks)


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
