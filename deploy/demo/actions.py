"""What the actors can do: a step of a story as the one call that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_pb2, intake_registration_pb2, intake_service_pb2
from backstop.routing.v1 import routing_pb2, routing_service_pb2, routing_sweeps_pb2
from ctl import choices, times
from ctl.connection import Client, new_request_id
from deploy.demo.stage import Stage, Told
from deploy.demo.story import Step, Story, StoryError


@dataclass(frozen=True, slots=True)
class Doing:
    """A step with those it needs: the stage, its story, whoever acts."""

    stage: Stage
    story: Story
    step: Step
    client: Client

    @property
    def told(self) -> Told:
        return self.stage.told[self.story.key]

    @property
    def case_id(self) -> str:
        return self.told.case_id

    def text(self, name: str) -> str:
        return self.step.text(name, self.stage.language)


Action = Callable[[Doing], Awaitable[None]]


async def register(doing: Doing) -> None:
    data = doing.step.data
    slip = f"{doing.stage.month.monday:%Y%m%d}-{data['slip']}" if "slip" in data else ""
    links = [
        intake_pb2.Link(
            case_id=doing.stage.told[key].case_id,
            relation=choices.parse(intake_pb2.Relation, relation, option="links"),
        )
        for key, relation in data.get("links", {}).items()
    ]
    request = intake_registration_pb2.RegisterCaseRequest(
        request_id=new_request_id(),
        site_id=doing.stage.site_id,
        text=doing.text("text"),
        channel=choices.parse(intake_pb2.Channel, data["channel"], option="channel"),
        reporter=_reporter(data["reporter"]),
        place=doing.text("place"),
        post_id=data.get("post", ""),
        unit_id=data.get("unit", ""),
        kind=choices.parse(intake_pb2.CaseKind, data.get("kind", ""), option="kind"),
        category=data["category"],
        occurred_time=_when(doing),
        slip_number=slip,
        links=links,
    )
    response = await doing.client.call("intake", doing.client.intake.RegisterCase, request)
    case = response.case
    doing.stage.told[doing.story.key] = Told(case.case_id, case.number, response.receipt_code)


async def accept(doing: Doing) -> None:
    request = routing_service_pb2.AcceptCaseRequest(
        request_id=new_request_id(), case_id=doing.case_id
    )
    await doing.client.call("routing", doing.client.routing.AcceptCase, request)


async def verify(doing: Doing) -> None:
    request = intake_service_pb2.VerifyCaseRequest(
        request_id=new_request_id(),
        case_id=doing.case_id,
        place=doing.text("place"),
        findings=doing.text("findings"),
        verify_time=_when(doing),
    )
    await doing.client.call("intake", doing.client.intake.VerifyCase, request)


_ANSWERS: Final = {
    "reply": intake_pb2.ANSWER_KIND_FIRST_REPLY,
    "plan": intake_pb2.ANSWER_KIND_PLAN,
    "progress": intake_pb2.ANSWER_KIND_PROGRESS,
}


async def answer(doing: Doing) -> None:
    promised = doing.step.data.get("promised")
    request = intake_service_pb2.AnswerCaseRequest(
        request_id=new_request_id(),
        case_id=doing.case_id,
        kind=_ANSWERS[doing.step.do],
        text=doing.text("text"),
        promised_date=times.date_message(
            None if promised is None else doing.stage.month.day(int(promised))
        ),
        feedback=_feedback(doing),
    )
    await doing.client.call("intake", doing.client.intake.AnswerCase, request)


async def feedback(doing: Doing) -> None:
    case = await doing.stage.case(doing.case_id)
    request = intake_service_pb2.FeedBackAnswerRequest(
        request_id=new_request_id(),
        case_id=doing.case_id,
        answer_id=case.answers[-1].answer_id,
        feedback=_feedback(doing),
    )
    await doing.client.call("intake", doing.client.intake.FeedBackAnswer, request)


async def escalate(doing: Doing) -> None:
    request = intake_service_pb2.EscalateCaseRequest(
        request_id=new_request_id(), case_id=doing.case_id, reason=doing.text("text")
    )
    await doing.client.call("intake", doing.client.intake.EscalateCase, request)


async def instruct(doing: Doing) -> None:
    request = routing_service_pb2.InstructCaseRequest(
        request_id=new_request_id(),
        case_id=doing.case_id,
        kind=choices.parse(routing_pb2.InstructionKind, doing.step.data["kind"], option="kind"),
        text=doing.text("text"),
    )
    await doing.client.call("routing", doing.client.routing.InstructCase, request)


async def dispatch(doing: Doing) -> None:
    tasks = [
        routing_service_pb2.DispatchWorkOrdersRequest.Task(
            unit_id=task["unit"],
            task=task["task"][doing.stage.language],
            deadline_time=times.stamp(doing.stage.month.end_of(int(task["deadline"]))),
            lead=index == 0,
        )
        for index, task in enumerate(doing.step.data["tasks"])
    ]
    request = routing_service_pb2.DispatchWorkOrdersRequest(
        request_id=new_request_id(), case_id=doing.case_id, tasks=tasks
    )
    await doing.client.call("routing", doing.client.routing.DispatchWorkOrders, request)


async def accept_order(doing: Doing) -> None:
    request = routing_service_pb2.AcceptWorkOrderRequest(
        request_id=new_request_id(), case_id=doing.case_id, work_order_id=await _order(doing)
    )
    await doing.client.call("routing", doing.client.routing.AcceptWorkOrder, request)


async def complete_order(doing: Doing) -> None:
    request = routing_service_pb2.CompleteWorkOrderRequest(
        request_id=new_request_id(),
        case_id=doing.case_id,
        work_order_id=await _order(doing),
        result=doing.text("result"),
    )
    await doing.client.call("routing", doing.client.routing.CompleteWorkOrder, request)


async def resolve(doing: Doing) -> None:
    request = intake_service_pb2.ResolveCaseRequest(
        request_id=new_request_id(),
        case_id=doing.case_id,
        resolution=doing.text("text"),
        outcome=intake_pb2.OUTCOME_SOLVED,
        feedback=_feedback(doing),
    )
    await doing.client.call("intake", doing.client.intake.ResolveCase, request)


async def confirm(doing: Doing) -> None:
    request = intake_service_pb2.ConfirmCaseRequest(
        request_id=new_request_id(),
        case_id=doing.case_id,
        grade=choices.parse(intake_pb2.Grade, doing.step.data["grade"], option="grade"),
        words=doing.text("words"),
        receipt_code=doing.told.receipt_code if doing.step.by == "receipt" else "",
    )
    await doing.client.call("intake", doing.client.intake.ConfirmCase, request)


async def reject(doing: Doing) -> None:
    request = intake_service_pb2.RejectCaseRequest(
        request_id=new_request_id(), case_id=doing.case_id, reason=doing.text("text")
    )
    await doing.client.call("intake", doing.client.intake.RejectCase, request)


async def close(doing: Doing) -> None:
    request = intake_service_pb2.CloseCaseRequest(
        request_id=new_request_id(), case_id=doing.case_id, outcome=intake_pb2.OUTCOME_SOLVED
    )
    await doing.client.call("intake", doing.client.intake.CloseCase, request)
    doing.told.closed = True


async def unseal(doing: Doing) -> None:
    request = intake_service_pb2.UnsealReporterRequest(
        request_id=new_request_id(), case_id=doing.case_id, reason=doing.text("text")
    )
    # What comes back is for the eyes of the one who asked; the play looks away.
    await doing.client.call("intake", doing.client.intake.UnsealReporter, request)


async def sweep(doing: Doing) -> None:
    """Looks for what one case was about elsewhere; the case that is found is this story's."""
    solved = doing.stage.told[doing.step.data["from"]]
    request = routing_sweeps_pb2.OpenSweepRequest(
        request_id=new_request_id(),
        case_id=solved.case_id,
        defect=doing.text("text"),
        targets=[
            routing_sweeps_pb2.SweepTarget(
                unit_id=target["unit"], place=target["place"][doing.stage.language]
            )
            for target in doing.step.data["targets"]
        ],
        due_date=times.date_message(doing.stage.month.day(int(doing.step.data["until"]))),
    )
    response = await doing.client.call("routing", doing.client.routing.OpenSweep, request)
    doing.stage.sweeps[doing.story.key] = response.sweep.sweep_id


async def sweep_answer(doing: Doing) -> None:
    """A unit tells what it found; what was found becomes a case, by itself."""
    sweep_id = doing.stage.sweeps[doing.story.key]
    client = doing.client
    found = await client.call(
        "routing",
        client.routing.GetSweep,
        routing_sweeps_pb2.GetSweepRequest(sweep_id=sweep_id),
    )
    [task] = [one for one in found.sweep.tasks if one.unit_id == doing.step.data["unit"]]
    request = routing_sweeps_pb2.AnswerSweepTaskRequest(
        request_id=new_request_id(),
        sweep_id=sweep_id,
        task_id=task.task_id,
        finding=choices.parse(
            routing_sweeps_pb2.SweepFinding, doing.step.data["finding"], option="finding"
        ),
        words=doing.text("words"),
    )
    await client.call("routing", client.routing.AnswerSweepTask, request)
    if request.finding == routing_sweeps_pb2.SWEEP_FINDING_FOUND:
        case_id = await doing.stage.found_case(sweep_id, task.task_id)
        case = await doing.stage.case(case_id)
        doing.stage.told[doing.story.key] = Told(case_id, case.number, "")


ACTIONS: Final[Mapping[str, Action]] = {
    "accept": accept,
    "accept-order": accept_order,
    "close": close,
    "complete-order": complete_order,
    "confirm": confirm,
    "dispatch": dispatch,
    "escalate": escalate,
    "feedback": feedback,
    "instruct": instruct,
    "plan": answer,
    "progress": answer,
    "register": register,
    "reject": reject,
    "reply": answer,
    "resolve": resolve,
    "sweep": sweep,
    "sweep-answer": sweep_answer,
    "unseal": unseal,
    "verify": verify,
}

# What routing does; everything else is intake's.
ROUTING: Final = frozenset(
    {
        "accept",
        "accept-order",
        "complete-order",
        "dispatch",
        "instruct",
        "sweep",
        "sweep-answer",
    }
)


def _when(doing: Doing) -> Timestamp | None:
    """The step's own time, where it happened before it was entered."""
    if "when" not in doing.step.data:
        return None
    day = doing.stage.month.day(doing.step.moment.day)
    at = time.fromisoformat(doing.step.data["when"])
    return times.stamp(datetime.combine(day, at, doing.stage.month.zone))


def _feedback(doing: Doing) -> intake_pb2.Feedback | None:
    if "told" not in doing.step.data:
        return None
    return intake_pb2.Feedback(
        way=choices.parse(intake_pb2.FeedbackWay, doing.step.data["told"], option="told"),
        note=doing.text("note"),
    )


def _reporter(data: Mapping[str, Any]) -> intake_pb2.Reporter:
    confidentiality = intake_pb2.CONFIDENTIALITY_UNSPECIFIED
    if data.get("anonymous") == "true":
        confidentiality = intake_pb2.CONFIDENTIALITY_ANONYMOUS
    elif data.get("confidential") == "true":
        confidentiality = intake_pb2.CONFIDENTIALITY_CONFIDENTIAL
    return intake_pb2.Reporter(
        kind=choices.parse(intake_pb2.ReporterKind, data.get("kind", "EMPLOYEE"), option="kind"),
        confidentiality=confidentiality,
        name=data.get("name", ""),
        person_code=data.get("person_code", ""),
        phone=data.get("phone", ""),
    )


async def _order(doing: Doing) -> str:
    """Id of the unit's work order that isn't done yet."""
    client = doing.stage.client("dispatcher")
    request = routing_service_pb2.GetRouteRequest(case_id=doing.case_id)
    response = await client.call("routing", client.routing.GetRoute, request)
    found = [
        order.work_order_id
        for order in response.route.work_orders
        if order.unit_id == doing.step.data["unit"]
        and order.state != routing_pb2.WORK_ORDER_STATE_COMPLETED
    ]
    if len(found) != 1:
        raise StoryError(
            f"{doing.story.key}: {len(found)} open work orders of {doing.step.data['unit']}"
        )
    return found[0]
