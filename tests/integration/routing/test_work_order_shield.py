"""The conflict shield around work orders: whose unit gets none, and who keeps their hands off."""

from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.routing.conftest import HEAD, Mine, matrix, row
from tests.integration.routing.doing import (
    complete,
    dispatch,
    findings,
    give_back,
    given_back_twice,
    registered,
    task,
)


async def dispatch_refused(mine: Mine, case_id: str, *units: str) -> tuple[str, dict[str, str]]:
    now = await mine.now()
    tasks = [task(unit, now, lead=unit == units[0]) for unit in units]
    request = rpc.DispatchWorkOrdersRequest(case_id=case_id, tasks=tasks, allow_rest_day=True)
    answer = await mine.refused("DispatchWorkOrders", request)
    return answer.reason, dict(answer.metadata)


async def test_a_unit_headed_by_whom_the_case_is_about_gets_no_task(mine: Mine) -> None:
    case_id = await registered(mine, "wang")
    refused = ("PERSON_SHIELDED", {"person_id": "wang"})
    assert await dispatch_refused(mine, case_id, "bathhouse") == refused
    # Not even beside others, and then none gets one.
    assert await dispatch_refused(mine, case_id, "logistics", "bathhouse") == refused
    assert await mine.value("SELECT count(*) FROM work_orders") == 0
    assert await dispatch(mine, case_id, "logistics")
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrdersDispatched)
    assert list(told.heads) == [""]


async def test_nor_does_a_unit_below_theirs(mine: Mine) -> None:
    await mine.publish(matrix(row("logistics", "zhao", HEAD)))
    case_id = await registered(mine, "zhao")
    for unit in ("bathhouse", "logistics"):
        reason, metadata = await dispatch_refused(mine, case_id, unit)
        assert reason == "PERSON_SHIELDED"
        assert metadata["person_id"] in ("zhao", "wang")
    assert await dispatch(mine, case_id, "joint-1")


async def test_no_ruling_and_no_meeting_sends_it_there(mine: Mine) -> None:
    case_id = await registered(mine, "wang")
    first, second = await dispatch(mine, case_id, "logistics", "joint-1")
    await give_back(mine, case_id, first)
    ruling = rpc.RuleWorkOrderRequest(
        case_id=case_id,
        work_order_id=first,
        kind=pb.RULING_KIND_REDISPATCH,
        unit_id="bathhouse",
        text="按职责分工",
    )
    answer = await mine.refused("RuleWorkOrder", ruling)
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "PERSON_SHIELDED",
    )
    await given_back_twice(mine, case_id, second)
    meeting = rpc.HoldJointMeetingRequest(
        case_id=case_id,
        work_order_id=second,
        unit_ids=["logistics", "bathhouse"],
        lead_unit_id="bathhouse",
        minutes="x",
    )
    assert (await mine.refused("HoldJointMeeting", meeting)).reason == "PERSON_SHIELDED"
    assert {o.state for o in (await mine.route(case_id)).work_orders} == {
        pb.WORK_ORDER_STATE_RETURNED
    }
    assert await mine.value("SELECT count(*) FROM category_proposals") == 0


async def recuse(mine: Mine, case_id: str, person_id: str) -> None:
    request = rpc.RecuseFromCaseRequest(case_id=case_id, person_id=person_id, reason="亲属")
    await mine.ask("RecuseFromCase", request, "DIRECTOR", who="zhou")


async def test_a_task_is_not_opened_again_for_a_head_recused_since(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await complete(mine, case_id, order)
    await recuse(mine, case_id, "wang")
    request = rpc.ReopenWorkOrderRequest(
        case_id=case_id,
        work_order_id=order,
        reason="又坏了",
        deadline_time=to_timestamp(await mine.now() + timedelta(days=4)),
        allow_rest_day=True,
    )
    answer = await mine.refused("ReopenWorkOrder", request)
    assert (answer.reason, answer.metadata) == ("PERSON_SHIELDED", {"person_id": "wang"})


@pytest.mark.parametrize("roles", ["HANDLER", "STEWARD DISPATCHER DIRECTOR"])
async def test_who_is_shielded_touches_no_work_order(mine: Mine, roles: str) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await recuse(mine, case_id, "wang")
    ids: dict[str, Any] = {"case_id": case_id, "work_order_id": order}
    later = to_timestamp(await mine.now() + timedelta(days=9))
    calls: list[tuple[str, Message]] = [
        ("AcceptWorkOrder", rpc.AcceptWorkOrderRequest(**ids)),
        ("CompleteWorkOrder", rpc.CompleteWorkOrderRequest(**ids, result="x")),
        ("ReturnWorkOrder", rpc.ReturnWorkOrderRequest(**ids, reason="x")),
        (
            "AskExtension",
            rpc.AskExtensionRequest(**ids, reason="x", deadline_time=later, allow_rest_day=True),
        ),
        (
            "RecordJointSurvey",
            rpc.RecordJointSurveyRequest(
                case_id=case_id, unit_ids=["bathhouse", "logistics"], place="x", findings="x"
            ),
        ),
    ]
    if "DIRECTOR" in roles:
        calls += [
            (
                "DispatchWorkOrders",
                rpc.DispatchWorkOrdersRequest(
                    case_id=case_id, tasks=[task("logistics", await mine.now())]
                ),
            ),
            (
                "RuleWorkOrder",
                rpc.RuleWorkOrderRequest(**ids, kind=pb.RULING_KIND_UPHOLD, text="x"),
            ),
            (
                "HoldJointMeeting",
                rpc.HoldJointMeetingRequest(
                    **ids,
                    unit_ids=["bathhouse", "logistics"],
                    lead_unit_id="logistics",
                    minutes="x",
                ),
            ),
            (
                "ExtendWorkOrder",
                rpc.ExtendWorkOrderRequest(**ids, deadline_time=later, reason="x"),
            ),
            ("DecideExtension", rpc.DecideExtensionRequest(**ids, granted=True)),
            (
                "ReopenWorkOrder",
                rpc.ReopenWorkOrderRequest(**ids, reason="x", deadline_time=later),
            ),
        ]
    count = len(await mine.facts(case_id))
    for method, request in calls:
        answer = await mine.refused(method, request, roles, who="wang")
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "CONFLICT_OF_INTEREST",
        ), method
    assert len(await mine.facts(case_id)) == count
    assert await findings(mine) == []
