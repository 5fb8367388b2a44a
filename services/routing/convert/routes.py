"""Commands about a case's route, the route, and the facts of both, between messages and values."""

from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import set_timestamp, to_duration, to_timestamp
from services.routing.convert.common import CAUSE, INSTRUCTION, RULE
from services.routing.convert.work_orders import work_order_message
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


def assign_case(request: rpc.AssignCaseRequest) -> commands.AssignCase:
    return commands.AssignCase(
        request.case_id, request.expected_version, request.steward, request.reason
    )


def accept_case(request: rpc.AcceptCaseRequest) -> commands.AcceptCase:
    return commands.AcceptCase(request.case_id, request.expected_version)


def instruct_case(request: rpc.InstructCaseRequest) -> commands.InstructCase:
    return commands.InstructCase(
        request.case_id,
        request.expected_version,
        Instruction(pb.InstructionKind.Name(request.kind).removeprefix(INSTRUCTION)),
        request.text,
    )


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
    message = facts.CaseEscalated(
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
    if step.dwell_working_time:
        message.dwell_working_time.CopyFrom(to_duration(step.dwell_working_time))
    return message


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
