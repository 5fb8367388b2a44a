"""Commands about a case, its route, and the facts of both, between messages and values."""

from collections.abc import Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import set_timestamp, to_timestamp
from services.routing.convert.common import (
    CAUSE,
    INSTRUCTION,
    RULE,
    WORK_ORDER_STATE,
    instant,
    opt_instant,
)
from services.routing.domain import commands
from services.routing.domain.route import (
    Answered,
    Assignment,
    Cause,
    Instruction,
    Route,
    RouteFile,
    Step,
)
from services.routing.domain.work_orders import Task, WorkOrder


def assign_case(request: rpc.AssignCaseRequest) -> commands.AssignCase:
    return commands.AssignCase(
        request.case_id, request.expected_version, request.steward, request.reason
    )


def accept_case(request: rpc.AcceptCaseRequest) -> commands.AcceptCase:
    return commands.AcceptCase(request.case_id, request.expected_version)


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


def instruct_case(request: rpc.InstructCaseRequest) -> commands.InstructCase:
    return commands.InstructCase(
        request.case_id,
        request.expected_version,
        Instruction(pb.InstructionKind.Name(request.kind).removeprefix(INSTRUCTION)),
        request.text,
    )


def seal_work_orders(request: rpc.SealWorkOrdersRequest) -> commands.SealWorkOrders:
    return commands.SealWorkOrders(request.case_id, request.site_id, request.holder)


def unseal_work_orders(request: rpc.UnsealWorkOrdersRequest) -> commands.UnsealWorkOrders:
    return commands.UnsealWorkOrders(request.case_id, request.site_id, request.holder)


def route_message(file: RouteFile, time: datetime) -> pb.Route:
    """Returns the route as it stands at `time`, on which the seal depends."""
    route = file.route
    message = pb.Route(
        case_id=route.case_id,
        site_id=route.site_id,
        unit_id=route.unit_id,
        steward=route.steward,
        accountable=route.accountable,
        rule=pb.AssignmentRule.Value(RULE + route.rule),
        assign_time=to_timestamp(route.assign_time),
        level=route.level,
        sealed=file.sealed(time),
        work_orders=[work_order_message(order) for order in file.work_orders],
        version=route.version,
        reasons=route.reasons,
    )
    set_timestamp(message.accept_time, route.accept_time)
    set_timestamp(message.instruct_time, route.answered.instruct_time if route.answered else None)
    return message


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
    )
    set_timestamp(message.complete_time, order.complete_time)
    return message


def case_assigned(route: Route, assignment: Assignment, previous: str) -> facts.CaseAssigned:
    return facts.CaseAssigned(
        case_id=route.case_id,
        unit_id=route.unit_id,
        steward=route.steward,
        accountable=route.accountable,
        rule=pb.AssignmentRule.Value(RULE + route.rule),
        reasons=assignment.reasons,
        previous=previous,
        assign_time=to_timestamp(route.assign_time),
        also_told=route.also_told,
    )


def case_accepted(route: Route, accept_time: datetime) -> facts.CaseAccepted:
    return facts.CaseAccepted(
        case_id=route.case_id,
        accepted_by=route.accepted_by,
        accept_time=to_timestamp(accept_time),
    )


def case_escalated(
    route: Route,
    step: Step,
    *,
    from_level: int,
    cause: Cause,
    reason: str,
    clock_id: str,
    fallback: bool,
    time: datetime,
) -> facts.CaseEscalated:
    return facts.CaseEscalated(
        case_id=route.case_id,
        from_level=from_level,
        to_level=step.level,
        position_id=step.position_id,
        accountable=route.accountable,
        cause=facts.EscalationCause.Value(CAUSE + cause),
        reason=reason,
        clock_id=clock_id,
        dwell_working_days=step.dwell_working_days,
        top=step.top,
        fallback=fallback,
        escalate_time=to_timestamp(time),
        cycle=route.cycle,
    )


def case_instructed(route: Route, answered: Answered) -> facts.CaseInstructed:
    return facts.CaseInstructed(
        case_id=route.case_id,
        level=route.level,
        kind=pb.InstructionKind.Value(INSTRUCTION + answered.kind),
        text=answered.text,
        instructed_by=answered.instructed_by,
        accountable=route.accountable,
        instruct_time=to_timestamp(answered.instruct_time),
        cycle=route.cycle,
    )


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
