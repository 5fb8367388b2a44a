"""What the facts of routing, sla and notify say of a case file, to keep it and to rebuild it.

Each type is read here and nowhere else, so that a file rebuilt from facts is the one on file.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias, get_args

from google.protobuf.message import Message

from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import opt_datetime, to_datetime
from services.intake.convert import facts as convert
from services.intake.domain import read_model, work_orders
from services.intake.domain.values import WORK_ORDER_COMPLETED, Case, Clock
from services.intake.domain.work_orders import Orders

_ACCEPTED = "ACCEPTED"
_RETURNED = "RETURNED"

# Facts that change the case alone, its work orders, its clocks.
CASE_FACTS: tuple[type[Message], ...] = (
    routing.CaseAssigned,
    routing.CaseAccepted,
    routing.CaseEscalated,
    routing.CaseDeescalated,
    routing.CaseInstructed,
    routing.PersonRecused,
    routing.JointSurveyRecorded,
    notify.DeliveriesPlanned,
    notify.DeliverySent,
)
ORDER_FACTS: tuple[type[Message], ...] = (
    routing.WorkOrdersDispatched,
    routing.WorkOrderAccepted,
    routing.WorkOrderCompleted,
    routing.WorkOrderReturned,
    routing.WorkOrderRuled,
    routing.WorkOrderReopened,
    routing.WorkOrderExtended,
)
ClockFact: TypeAlias = (
    sla.ClocksStarted
    | sla.ClockDueSoon
    | sla.ClockBreached
    | sla.ClocksStopped
    | sla.ClocksPaused
    | sla.ClocksResumed
    | sla.ClocksAmended
    | sla.BreachExcused
)
# By their full names, all those that change a case file.
TYPES: Mapping[str, type[Message]] = {
    kind.DESCRIPTOR.full_name: kind for kind in (*CASE_FACTS, *ORDER_FACTS, *get_args(ClockFact))
}


def case_after(case: Case, message: Message, occurred_time: datetime) -> Case:
    """Returns the case as a fact leaves it; one that says nothing of it leaves it as it was.

    `occurred_time` is the fact's.
    """
    match message:
        case routing.CaseAssigned():
            return read_model.assigned(
                case, message.unit_id, message.steward, message.accountable, message.first_reply_by
            )
        case routing.CaseAccepted():
            return read_model.accepted(case)
        case routing.CaseEscalated() | routing.CaseDeescalated():
            return read_model.moved_to_level(
                case, message.cycle, message.to_level, message.accountable
            )
        case routing.CaseInstructed():
            return read_model.instructed(case, message.cycle, message.accountable)
        case routing.PersonRecused():
            return read_model.recused(case, message.person_id)
        case routing.WorkOrdersDispatched() | routing.JointSurveyRecorded():
            return read_model.worked_on(case)
        case notify.DeliveriesPlanned():
            return read_model.planned(case, len(message.deliveries))
        case notify.DeliverySent():
            return read_model.sent(case)
        case _:
            return _after_clocks(case, message, occurred_time)


def orders_after(orders: Orders, message: Message) -> Orders:
    """Returns a case's work orders as a fact leaves them."""
    match message:
        case routing.WorkOrdersDispatched():
            return work_orders.dispatched(orders, map(convert.work_order, message.work_orders))
        case routing.WorkOrderAccepted():
            return work_orders.moved(orders, message.work_order_id, _ACCEPTED)
        case routing.WorkOrderCompleted():
            return work_orders.moved(orders, message.work_order_id, WORK_ORDER_COMPLETED)
        case routing.WorkOrderReturned():
            return work_orders.moved(orders, message.work_order_id, _RETURNED)
        case routing.WorkOrderRuled():
            return work_orders.ruled(
                orders,
                message.work_order_id,
                message.unit_id,
                opt_datetime(message.HasField("deadline_time"), message.deadline_time),
                # Facts of before tell it by their kind alone.
                leads=message.lead or message.kind == routing_pb2.RULING_KIND_LEAD,
            )
        case routing.WorkOrderReopened():
            return work_orders.reopened(orders, convert.work_order(message.work_order))
        case routing.WorkOrderExtended():
            return work_orders.extended(
                orders, message.work_order_id, to_datetime(message.deadline_time)
            )
        case _:
            return orders


def clocks_of(message: Message) -> tuple[Clock, ...] | None:
    """Returns the clocks that a fact tells of; None where it isn't about clocks."""
    match message:
        case (
            sla.ClocksStarted()
            | sla.ClocksStopped()
            | sla.ClocksPaused()
            | sla.ClocksResumed()
            | sla.ClocksAmended()
        ):
            return tuple(convert.clock(clock) for clock in message.clocks)
        case sla.ClockDueSoon() | sla.ClockBreached() | sla.BreachExcused():
            return (convert.clock(message.clock),)
        case _:
            return None


def _after_clocks(case: Case, message: Message, occurred_time: datetime) -> Case:
    """sla tells of the next wake-up, and of the pause."""
    match message:
        case sla.ClocksPaused():
            pause = convert.pause(message, occurred_time)
            case = case if pause is None else read_model.paused(case, pause)
        case sla.ClocksResumed():
            case = read_model.resumed(case)
        case sla.ClockBreached():
            case = _unless_paused_by(case, message.clock)
        case sla.ClocksStopped():
            case = _unless_paused_by(case, *message.clocks)
        case sla.ClocksStarted() | sla.ClockDueSoon() | sla.ClocksAmended():
            pass
        case _:
            return case
    wake = opt_datetime(message.HasField("next_wake_time"), message.next_wake_time)
    return read_model.woken_at(case, wake)


def _unless_paused_by(case: Case, *clocks: sla_pb2.Clock) -> Case:
    """A pause is over when its own clock has ended, whether any other stood still or not."""
    over = any(clock.kind == sla_pb2.CLOCK_KIND_PAUSE for clock in clocks)
    return read_model.resumed(case) if over else case
