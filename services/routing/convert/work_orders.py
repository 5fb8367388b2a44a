"""Commands about work orders and their seals, work orders, and their facts: messages and values."""

from collections.abc import Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import set_timestamp, to_timestamp
from services.routing.convert.common import RULING, WORK_ORDER_STATE, instant, opt_instant
from services.routing.domain import commands
from services.routing.domain.work_orders import Ruling, Task, WorkOrder


def dispatch_work_orders(request: rpc.DispatchWorkOrdersRequest) -> commands.DispatchWorkOrders:
    tasks = tuple(
        Task(
            task.unit_id,
            task.task,
            instant(task.deadline_time, f"tasks[{index}].deadline_time"),
            task.lead,
        )
        for index, task in enumerate(request.tasks)
    )
    return commands.DispatchWorkOrders(request.case_id, request.expected_version, tasks)


def accept_work_order(request: rpc.AcceptWorkOrderRequest) -> commands.AcceptWorkOrder:
    return commands.AcceptWorkOrder(
        request.case_id, request.expected_version, request.work_order_id
    )


def complete_work_order(request: rpc.CompleteWorkOrderRequest) -> commands.CompleteWorkOrder:
    return commands.CompleteWorkOrder(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        request.result,
        opt_instant(request.HasField("complete_time"), request.complete_time, "complete_time"),
    )


def return_work_order(request: rpc.ReturnWorkOrderRequest) -> commands.ReturnWorkOrder:
    return commands.ReturnWorkOrder(
        request.case_id, request.expected_version, request.work_order_id, request.reason
    )


def rule_work_order(request: rpc.RuleWorkOrderRequest) -> commands.RuleWorkOrder:
    return commands.RuleWorkOrder(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        Ruling(pb.RulingKind.Name(request.kind).removeprefix(RULING)),
        request.text,
        request.unit_id,
        opt_instant(request.HasField("deadline_time"), request.deadline_time, "deadline_time"),
    )


def extend_work_order(request: rpc.ExtendWorkOrderRequest) -> commands.ExtendWorkOrder:
    return commands.ExtendWorkOrder(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        instant(request.deadline_time, "deadline_time"),
        request.reason,
    )


def seal_work_orders(request: rpc.SealWorkOrdersRequest) -> commands.SealWorkOrders:
    return commands.SealWorkOrders(request.case_id, request.site_id, request.holder)


def unseal_work_orders(request: rpc.UnsealWorkOrdersRequest) -> commands.UnsealWorkOrders:
    return commands.UnsealWorkOrders(request.case_id, request.site_id, request.holder)


def work_order_message(order: WorkOrder) -> pb.WorkOrder:
    message = pb.WorkOrder(
        work_order_id=order.work_order_id,
        case_id=order.case_id,
        site_id=order.site_id,
        unit_id=order.unit_id,
        lead=order.lead,
        task=order.task,
        deadline_time=to_timestamp(order.deadline_time),
        state=pb.WorkOrderState.Value(WORK_ORDER_STATE + order.state),
        dispatch_time=to_timestamp(order.dispatch_time),
        accepted_by=order.accepted_by,
        completed_by=order.completed_by,
        result=order.result,
        return_count=order.return_count,
        return_reason=order.return_reason,
    )
    set_timestamp(message.complete_time, order.complete_time)
    return message


def work_orders_dispatched(
    case_id: str, orders: Sequence[WorkOrder], heads: Sequence[str]
) -> facts.WorkOrdersDispatched:
    return facts.WorkOrdersDispatched(
        case_id=case_id, work_orders=[work_order_message(order) for order in orders], heads=heads
    )


def work_order_accepted(order: WorkOrder, accept_time: datetime) -> facts.WorkOrderAccepted:
    return facts.WorkOrderAccepted(
        case_id=order.case_id,
        work_order_id=order.work_order_id,
        unit_id=order.unit_id,
        accepted_by=order.accepted_by,
        accept_time=to_timestamp(accept_time),
    )


def work_order_completed(
    order: WorkOrder, complete_time: datetime, open_count: int
) -> facts.WorkOrderCompleted:
    return facts.WorkOrderCompleted(
        case_id=order.case_id,
        work_order_id=order.work_order_id,
        unit_id=order.unit_id,
        completed_by=order.completed_by,
        result=order.result,
        complete_time=to_timestamp(complete_time),
        open_count=open_count,
    )


def work_order_returned(
    order: WorkOrder, returned_by: str, return_time: datetime
) -> facts.WorkOrderReturned:
    return facts.WorkOrderReturned(
        case_id=order.case_id,
        work_order_id=order.work_order_id,
        unit_id=order.unit_id,
        returned_by=returned_by,
        reason=order.return_reason,
        return_time=to_timestamp(return_time),
        ordinal=order.return_count,
    )


def work_order_ruled(
    order: WorkOrder, kind: Ruling, text: str, ruled_by: str, rule_time: datetime
) -> facts.WorkOrderRuled:
    return facts.WorkOrderRuled(
        case_id=order.case_id,
        work_order_id=order.work_order_id,
        kind=pb.RulingKind.Value(RULING + kind),
        text=text,
        ruled_by=ruled_by,
        rule_time=to_timestamp(rule_time),
        unit_id=order.unit_id,
        deadline_time=to_timestamp(order.deadline_time),
    )


def work_order_extended(
    order: WorkOrder, previous: datetime, reason: str, approved_by: str, extend_time: datetime
) -> facts.WorkOrderExtended:
    return facts.WorkOrderExtended(
        case_id=order.case_id,
        work_order_id=order.work_order_id,
        previous_deadline_time=to_timestamp(previous),
        deadline_time=to_timestamp(order.deadline_time),
        reason=reason,
        approved_by=approved_by,
        extend_time=to_timestamp(extend_time),
    )
