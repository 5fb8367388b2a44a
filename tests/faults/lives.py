"""Lives of cases as stubborn clients play them: every call repeated until it is answered."""

import uuid
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_pb2 as intake
from backstop.intake.v1 import intake_registration_pb2
from backstop.intake.v1 import intake_service_pb2 as intake_rpc
from backstop.routing.v1 import routing_service_pb2 as routing_rpc
from tests.harness import SITE, Caller, until

TOLD = intake.Feedback(way=intake.FEEDBACK_WAY_TOLD)


async def live(caller: Caller, number: int, deadline: Timestamp) -> str:
    """Plays one case to its close-out; returns its id. Fails if any step can't be brought home."""

    async def insist(method: Any, request: Any, who: str) -> Any:
        if "request_id" in request.DESCRIPTOR.fields_by_name:
            request.request_id = str(uuid.uuid4())
        return await caller.insist(method, request, who)

    registered = await insist(
        caller.intake.RegisterCase,
        intake_registration_pb2.RegisterCaseRequest(
            site_id=SITE,
            text=f"第 {number} 件诉求",
            channel=intake.CHANNEL_WINDOW,
            unit_id="bathhouse",
            reporter=intake.Reporter(
                kind=intake.REPORTER_KIND_EMPLOYEE, name="样例·职工", phone="13900000000"
            ),
        ),
        "clerk",
    )
    case_id: str = registered.case.case_id

    async def assigned() -> bool:
        got = await insist(
            caller.intake.GetCase, intake_rpc.GetCaseRequest(case_id=case_id), "dispatcher"
        )
        return bool(got.case.steward)

    await until(assigned, f"case {number} is assigned", 60, every=0.1)
    await insist(
        caller.routing.AcceptCase, routing_rpc.AcceptCaseRequest(case_id=case_id), "steward-3"
    )
    await insist(
        caller.intake.AnswerCase,
        intake_rpc.AnswerCaseRequest(
            case_id=case_id, kind=intake.ANSWER_KIND_FIRST_REPLY, text="已安排", feedback=TOLD
        ),
        "steward-3",
    )
    dispatched = await insist(
        caller.routing.DispatchWorkOrders,
        routing_rpc.DispatchWorkOrdersRequest(
            case_id=case_id,
            tasks=[
                routing_rpc.DispatchWorkOrdersRequest.Task(
                    unit_id="logistics", task="采购", lead=True, deadline_time=deadline
                ),
                routing_rpc.DispatchWorkOrdersRequest.Task(
                    unit_id="bathhouse", task="更换", deadline_time=deadline
                ),
            ],
            allow_rest_day=True,
        ),
        "steward-3",
    )
    for work_order in dispatched.work_order_ids:
        await insist(
            caller.routing.CompleteWorkOrder,
            routing_rpc.CompleteWorkOrderRequest(
                case_id=case_id, work_order_id=work_order, result="完成"
            ),
            "dispatcher",
        )
    await insist(
        caller.intake.ResolveCase,
        intake_rpc.ResolveCaseRequest(
            case_id=case_id, resolution="办结", outcome=intake.OUTCOME_SOLVED
        ),
        "steward-3",
    )
    await insist(
        caller.intake.ConfirmCase,
        intake_rpc.ConfirmCaseRequest(case_id=case_id, grade=intake.GRADE_SATISFIED),
        "support",
    )
    await insist(
        caller.intake.CloseCase,
        intake_rpc.CloseCaseRequest(case_id=case_id, outcome=intake.OUTCOME_SOLVED),
        "dispatcher",
    )
    return case_id
