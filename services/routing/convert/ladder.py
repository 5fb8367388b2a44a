"""What happens on the ladder between its messages and values."""

from collections.abc import Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_duration, to_timestamp
from chassis.errors import ENGLISH
from services.routing.convert.common import CAUSE, INSTRUCTION, instant, invalid
from services.routing.domain.commands import ladder as commands
from services.routing.domain.fallbacks import Fallback
from services.routing.domain.ladder import Step
from services.routing.domain.route import Cause, Instruction, Route, on_position


def instruct_case(request: rpc.InstructCaseRequest) -> commands.InstructCase:
    """Refused INVALID_FIELD for a unit without a deadline, or the other way round, or no order."""
    return commands.InstructCase(
        request.case_id,
        request.expected_version,
        Instruction(pb.InstructionKind.Name(request.kind).removeprefix(INSTRUCTION)),
        request.text,
        _order(request),
    )


def _order(request: rpc.InstructCaseRequest) -> commands.UnitOrder | None:
    given = request.HasField("deadline_time")
    if not request.unit_id and not given:
        return None
    if request.kind != pb.INSTRUCTION_KIND_ORDER:
        field = "unit_id" if request.unit_id else "deadline_time"
        raise invalid(field, "comes with an order only")
    if not request.unit_id:
        raise invalid("unit_id", "is required with a deadline")
    if not given:
        raise invalid("deadline_time", "is required with a unit")
    deadline = instant(request.deadline_time, "deadline_time")
    return commands.UnitOrder(request.unit_id, deadline, request.allow_rest_day)


def deescalate_case(request: rpc.DeescalateCaseRequest) -> commands.DeescalateCase:
    return commands.DeescalateCase(request.case_id, request.expected_version, request.reason)


def case_escalated(
    route: Route,
    step: Step,
    *,
    from_level: int,
    cause: Cause,
    reason: str,
    clock_id: str,
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
        fallback=on_position(route.accountable),
        escalate_time=to_timestamp(time),
        cycle=route.cycle,
    )
    if step.dwell_working_time:
        message.dwell_working_time.CopyFrom(to_duration(step.dwell_working_time))
    return message


def case_instructed(route: Route, accountable: str) -> facts.CaseInstructed:
    """`route` is still at the level that answered; `accountable` moves after all that follows."""
    answered = route.answered
    if answered is None:
        raise ValueError(f"level {route.level} of {route.case_id} has not answered")
    return facts.CaseInstructed(
        case_id=route.case_id,
        level=route.level,
        kind=pb.InstructionKind.Value(INSTRUCTION + answered.kind),
        text=answered.text,
        instructed_by=answered.instructed_by,
        accountable=accountable,
        instruct_time=to_timestamp(answered.instruct_time),
        cycle=route.cycle,
    )


def case_deescalated(
    route: Route, step: Step, *, from_level: int, reason: str, decided_by: str, time: datetime
) -> facts.CaseDeescalated:
    message = facts.CaseDeescalated(
        case_id=route.case_id,
        from_level=from_level,
        to_level=step.level,
        position_id=step.position_id,
        accountable=route.accountable,
        reason=reason,
        decided_by=decided_by,
        dwell_working_days=step.dwell_working_days,
        fallback=on_position(route.accountable),
        deescalate_time=to_timestamp(time),
        cycle=route.cycle,
    )
    if step.dwell_working_time:
        message.dwell_working_time.CopyFrom(to_duration(step.dwell_working_time))
    return message


def fallbacks(found: Sequence[Fallback], language: str) -> rpc.ListFallbacksResponse:
    """Returns the cases with owners of last resort, in their order."""
    return rpc.ListFallbacksResponse(
        fallbacks=[
            rpc.ListFallbacksResponse.Fallback(
                case_id=one.case_id,
                accountable=one.accountable,
                level=one.level,
                since_time=to_timestamp(one.since),
                working_days=one.working_days,
                overlong=one.overlong,
                reason=one.en if language == ENGLISH else one.zh,
            )
            for one in found
        ],
        overlong_count=sum(one.overlong for one in found),
    )
