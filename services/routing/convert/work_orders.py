"""Commands about work orders and their seals, work orders, and their facts: messages and values."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import set_timestamp, to_timestamp
from services.routing.convert.common import (
    RULING,
    WORK_ORDER_STATE,
    instant,
    invalid,
    opt_instant,
)
from services.routing.domain.commands import work_orders as commands
from services.routing.domain.deadlines import Deadline
from services.routing.domain.surveys import Survey
from services.routing.domain.work_orders import Evidence, ExtensionAsked, Ruling, WorkOrder


def dispatch_work_orders(request: rpc.DispatchWorkOrdersRequest) -> commands.DispatchWorkOrders:
    tasks = tuple(
        commands.AskedTask(task.unit_id, task.task, _task_deadline(task, index), task.lead)
        for index, task in enumerate(request.tasks)
    )
    return commands.DispatchWorkOrders(
        request.case_id, request.expected_version, tasks, request.allow_rest_day
    )


def _task_deadline(task: rpc.DispatchWorkOrdersRequest.Task, index: int) -> Deadline:
    """Returns the deadline of a task; Refused INVALID_FIELD unless it is given in one way."""
    field = f"tasks[{index}].deadline_time"
    if task.HasField("deadline_time") == bool(task.working_days):
        raise invalid(field, "either this, or working_days")
    if task.working_days:
        return Deadline(None, f"tasks[{index}].working_days", task.working_days)
    return Deadline(instant(task.deadline_time, field), field)


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
        evidence_from(request.evidence),
    )


def reopen_work_order(request: rpc.ReopenWorkOrderRequest) -> commands.ReopenWorkOrder:
    return commands.ReopenWorkOrder(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        request.reason,
        Deadline(instant(request.deadline_time, "deadline_time")),
        request.allow_rest_day,
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


def hold_joint_meeting(request: rpc.HoldJointMeetingRequest) -> commands.HoldJointMeeting:
    deadline_time = opt_instant(
        request.HasField("deadline_time"), request.deadline_time, "deadline_time"
    )
    return commands.HoldJointMeeting(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        tuple(request.unit_ids),
        request.lead_unit_id,
        request.minutes,
        None if deadline_time is None else Deadline(deadline_time),
        request.allow_rest_day,
    )


def extend_work_order(request: rpc.ExtendWorkOrderRequest) -> commands.ExtendWorkOrder:
    return commands.ExtendWorkOrder(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        instant(request.deadline_time, "deadline_time"),
        request.reason,
    )


def ask_extension(request: rpc.AskExtensionRequest) -> commands.AskExtension:
    return commands.AskExtension(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        Deadline(instant(request.deadline_time, "deadline_time")),
        request.reason,
        request.allow_rest_day,
    )


def decide_extension(request: rpc.DecideExtensionRequest) -> commands.DecideExtension:
    return commands.DecideExtension(
        request.case_id,
        request.expected_version,
        request.work_order_id,
        request.granted,
        request.words,
    )


def record_joint_survey(request: rpc.RecordJointSurveyRequest) -> commands.RecordJointSurvey:
    return commands.RecordJointSurvey(
        request.case_id,
        request.expected_version,
        tuple(request.unit_ids),
        request.place,
        request.findings,
        opt_instant(request.HasField("survey_time"), request.survey_time, "survey_time"),
        evidence_from(request.evidence),
    )


def evidence_from(messages: Iterable[pb.Evidence]) -> tuple[Evidence, ...]:
    return tuple(Evidence(one.name, one.reference, one.sha256) for one in messages)


def evidence_messages(evidence: Iterable[Evidence]) -> list[pb.Evidence]:
    return [
        pb.Evidence(name=one.name, reference=one.reference, sha256=one.sha256) for one in evidence
    ]


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
        evidence=evidence_messages(order.evidence),
        reopen_count=order.reopen_count,
    )
    set_timestamp(message.complete_time, order.complete_time)
    if order.extension is not None:
        message.extension.CopyFrom(
            pb.ExtensionAsked(
                deadline_time=to_timestamp(order.extension.deadline_time),
                reason=order.extension.reason,
                asked_by=order.extension.asked_by,
                ask_time=to_timestamp(order.extension.ask_time),
            )
        )
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
        evidence=evidence_messages(order.evidence),
    )


def work_order_reopened(
    order: WorkOrder, head: str, reason: str, reopened_by: str, reopen_time: datetime
) -> facts.WorkOrderReopened:
    return facts.WorkOrderReopened(
        case_id=order.case_id,
        work_order=work_order_message(order),
        head=head,
        reason=reason,
        reopened_by=reopened_by,
        reopen_time=to_timestamp(reopen_time),
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
    order: WorkOrder,
    kind: Ruling,
    text: str,
    ruled_by: str,
    rule_time: datetime,
    *,
    head: str,
    previous_unit_id: str,
    meeting_unit_ids: Sequence[str] = (),
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
        head=head,
        task=order.task,
        lead=order.lead,
        previous_unit_id=previous_unit_id,
        meeting_unit_ids=meeting_unit_ids,
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


def work_order_extension_asked(
    order: WorkOrder, asked: ExtensionAsked
) -> facts.WorkOrderExtensionAsked:
    return facts.WorkOrderExtensionAsked(
        case_id=order.case_id,
        work_order_id=order.work_order_id,
        unit_id=order.unit_id,
        asked_deadline_time=to_timestamp(asked.deadline_time),
        deadline_time=to_timestamp(order.deadline_time),
        reason=asked.reason,
        asked_by=asked.asked_by,
        ask_time=to_timestamp(asked.ask_time),
    )


def work_order_extension_declined(
    order: WorkOrder, asked: ExtensionAsked, words: str, declined_by: str, decline_time: datetime
) -> facts.WorkOrderExtensionDeclined:
    return facts.WorkOrderExtensionDeclined(
        case_id=order.case_id,
        work_order_id=order.work_order_id,
        unit_id=order.unit_id,
        words=words,
        declined_by=declined_by,
        asked_by=asked.asked_by,
        decline_time=to_timestamp(decline_time),
    )


def joint_survey_recorded(survey: Survey) -> facts.JointSurveyRecorded:
    return facts.JointSurveyRecorded(
        case_id=survey.case_id,
        unit_ids=survey.unit_ids,
        place=survey.place,
        findings=survey.findings,
        evidence=evidence_messages(survey.evidence),
        recorded_by=survey.recorded_by,
        survey_time=to_timestamp(survey.survey_time),
    )
