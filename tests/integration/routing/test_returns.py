"""Tasks given back, ruled on, settled by a joint meeting."""

import asyncio
from datetime import timedelta

import asyncpg
import grpc
import pytest
from google.protobuf.message import Message

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.queries import load_queries
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.doing import (
    complete,
    dispatch,
    findings,
    give_back,
    given_back_twice,
)

DISPATCHED = pb.WORK_ORDER_STATE_DISPATCHED
RETURNED = pb.WORK_ORDER_STATE_RETURNED
UPHOLD = pb.RULING_KIND_UPHOLD
REDISPATCH = pb.RULING_KIND_REDISPATCH
LEAD = pb.RULING_KIND_LEAD
MEETING = pb.RULING_KIND_JOINT_MEETING


def returning(case_id: str, order: str) -> rpc.ReturnWorkOrderRequest:
    return rpc.ReturnWorkOrderRequest(case_id=case_id, work_order_id=order, reason="不归我们管")


def ruling(
    case_id: str, order: str, kind: "pb.RulingKind.ValueType" = UPHOLD, unit: str = ""
) -> rpc.RuleWorkOrderRequest:
    return rpc.RuleWorkOrderRequest(
        case_id=case_id, work_order_id=order, kind=kind, unit_id=unit, text="按职责分工"
    )


def meeting(case_id: str, order: str, *units: str, lead: str = "") -> rpc.HoldJointMeetingRequest:
    return rpc.HoldJointMeetingRequest(
        case_id=case_id,
        work_order_id=order,
        unit_ids=units or ("bathhouse", "joint-1"),
        lead_unit_id=lead or "joint-1",
        minutes="由联建一队牵头",
    )


async def test_a_unit_gives_its_task_back(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    before = await mine.route(case_id)
    stranger = await mine.refused(
        "ReturnWorkOrder", returning(case_id, order), "HANDLER", who="zhao"
    )
    assert (stranger.code, stranger.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "NOT_OF_THE_UNIT",
    )
    back = returning(case_id, order)
    route = (await mine.ask("ReturnWorkOrder", back, "HANDLER", who="wang")).route
    assert route == await mine.route(case_id)
    (task,) = route.work_orders
    assert (task.state, task.return_count, task.return_reason) == (RETURNED, 1, "不归我们管")
    assert task.deadline_time == before.work_orders[0].deadline_time
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderReturned)
    assert (told.work_order_id, told.unit_id, told.ordinal) == (order, "bathhouse", 1)
    assert (told.returned_by, told.reason) == ("wang", "不归我们管")

    seal = rpc.SealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder="one")
    answer = await mine.refused("SealWorkOrders", seal, "service:intake")
    assert (answer.reason, answer.metadata) == ("WORK_ORDERS_OPEN", {"count": "1"})
    for method, request in (
        ("AcceptWorkOrder", rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=order)),
        (
            "CompleteWorkOrder",
            rpc.CompleteWorkOrderRequest(case_id=case_id, work_order_id=order, result="x"),
        ),
        ("ReturnWorkOrder", returning(case_id, order)),
    ):
        answer = await mine.refused(method, request)
        assert (answer.reason, answer.metadata) == (
            "WORK_ORDER_WRONG_STATE",
            {"action": method, "state": "RETURNED"},
        )


async def test_after_the_second_return_a_joint_meeting_decides_for_good(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    early = await mine.refused("HoldJointMeeting", meeting(case_id, order))
    assert early.reason == "WORK_ORDER_WRONG_STATE"
    accept = rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=order)
    await mine.ask("AcceptWorkOrder", accept, "HANDLER", who="wang")
    await give_back(mine, case_id, order)
    early = await mine.refused("HoldJointMeeting", meeting(case_id, order))
    assert (early.code, early.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "JOINT_MEETING_NOT_DUE",
    )
    (upheld,) = (await mine.ask("RuleWorkOrder", ruling(case_id, order))).route.work_orders
    assert (upheld.state, upheld.unit_id, upheld.accepted_by) == (DISPATCHED, "bathhouse", "")
    await give_back(mine, case_id, order)
    for kind, unit in ((UPHOLD, ""), (REDISPATCH, "joint-1"), (LEAD, "joint-1"), (MEETING, "x")):
        answer = await mine.refused("RuleWorkOrder", ruling(case_id, order, kind, unit))
        assert answer.reason == "JOINT_MEETING_NEEDED"
    told = [f for f in await mine.facts(case_id) if isinstance(f, facts.WorkOrderReturned)]
    assert [fact.ordinal for fact in told] == [1, 2]

    for request, reason in (
        (meeting(case_id, order, "bathhouse", "gone"), "NO_SUCH_UNIT"),
        (meeting(case_id, order, "bathhouse", "logistics"), "INVALID_FIELD"),
        (meeting(case_id, order, "joint-1"), "INVALID_FIELD"),
    ):
        assert (await mine.refused("HoldJointMeeting", request)).reason == reason
    late = meeting(case_id, order)
    late.deadline_time.CopyFrom(to_timestamp(await mine.now()))
    assert (await mine.refused("HoldJointMeeting", late)).reason == "DEADLINE_IN_PAST"
    for roles in ("STEWARD", "HANDLER"):
        answer = await mine.refused("HoldJointMeeting", meeting(case_id, order), roles, who="li")
        assert answer.reason == "PERMISSION_DENIED"

    request = meeting(case_id, order)
    route = (await mine.ask("HoldJointMeeting", request, "LEADER", who="zhou")).route
    again = (await mine.ask("HoldJointMeeting", request, "LEADER", who="zhou")).route
    assert route == again == await mine.route(case_id)
    (ruled,) = route.work_orders
    assert (ruled.state, ruled.unit_id, ruled.lead) == (DISPATCHED, "joint-1", True)
    assert (ruled.deadline_time, ruled.return_count) == (upheld.deadline_time, 2)
    rulings = [f for f in await mine.facts(case_id) if isinstance(f, facts.WorkOrderRuled)]
    assert [fact.kind for fact in rulings] == [UPHOLD, MEETING]
    last = rulings[-1]
    assert (last.text, last.ruled_by, last.unit_id) == ("由联建一队牵头", "zhou", "joint-1")
    assert (last.previous_unit_id, list(last.meeting_unit_ids)) == (
        "bathhouse",
        ["bathhouse", "joint-1"],
    )
    answer = await mine.refused("ReturnWorkOrder", returning(case_id, order))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "WORK_ORDER_RETURNED_TWICE",
    )
    assert await findings(mine) == []
    await complete(mine, case_id, order)


async def test_a_meeting_takes_the_lead_from_whoever_had_it(mine: Mine) -> None:
    case_id = await mine.registered()
    first, second = await dispatch(mine, case_id, "logistics", "bathhouse")
    await given_back_twice(mine, case_id, second)
    yielding = meeting(case_id, second, "logistics", "joint-1")
    yielding.deadline_time.CopyFrom(to_timestamp(await mine.now() + timedelta(days=20)))
    yielding.allow_rest_day = True
    route = (await mine.ask("HoldJointMeeting", yielding)).route
    assert [(o.work_order_id, o.lead) for o in route.work_orders] == [
        (first, False),
        (second, True),
    ]
    assert route.work_orders[1].deadline_time == yielding.deadline_time


async def test_a_ruling_tells_all_that_the_next_unit_has_to_know(mine: Mine) -> None:
    case_id = await mine.registered()
    first, second = await dispatch(mine, case_id, "logistics", "joint-1")
    await give_back(mine, case_id, second)
    answer = await mine.refused("RuleWorkOrder", ruling(case_id, second, MEETING, "bathhouse"))
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("kind",))
    await mine.ask("RuleWorkOrder", ruling(case_id, second, LEAD, "bathhouse"))
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderRuled)
    assert (told.head, told.task, told.lead) == ("wang", "更换淋浴头", True)
    assert (told.previous_unit_id, list(told.meeting_unit_ids)) == ("joint-1", [])
    await give_back(mine, case_id, first)
    await mine.ask("RuleWorkOrder", ruling(case_id, first))
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderRuled)
    assert (told.head, told.lead, told.previous_unit_id) == ("", False, "logistics")


async def test_another_unit_gets_the_task_with_another_deadline(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    assert (await mine.refused("RuleWorkOrder", ruling(case_id, order))).reason == (
        "WORK_ORDER_WRONG_STATE"
    )
    await give_back(mine, case_id, order)
    late = ruling(case_id, order)
    late.deadline_time.CopyFrom(to_timestamp(await mine.now()))
    for request, reason, field in (
        (ruling(case_id, order, REDISPATCH, "bathhouse"), "WORK_ORDER_SAME_UNIT", "unit_id"),
        (ruling(case_id, order, REDISPATCH, "gone"), "NO_SUCH_UNIT", "unit_id"),
        (ruling(case_id, order, REDISPATCH), "INVALID_FIELD", "unit_id"),
        (ruling(case_id, order, UPHOLD, "joint-1"), "INVALID_FIELD", "unit_id"),
        (late, "DEADLINE_IN_PAST", "deadline_time"),
    ):
        answer = await mine.refused("RuleWorkOrder", request)
        assert (answer.reason, answer.fields) == (reason, (field,))
    for roles in ("STEWARD", "HANDLER", "LEADER"):
        answer = await mine.refused("RuleWorkOrder", ruling(case_id, order), roles, who="wang")
        assert answer.reason == "PERMISSION_DENIED"
    request = ruling(case_id, order, REDISPATCH, "joint-1")
    request.deadline_time.CopyFrom(to_timestamp(await mine.now() + timedelta(days=5)))
    (ruled,) = (await mine.ask("RuleWorkOrder", request)).route.work_orders
    assert (ruled.state, ruled.unit_id, ruled.lead) == (DISPATCHED, "joint-1", True)
    assert ruled.deadline_time == request.deadline_time
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderRuled)
    assert (told.kind, told.unit_id, told.text) == (REDISPATCH, "joint-1", "按职责分工")
    assert (told.ruled_by, told.deadline_time) == ("sun", request.deadline_time)
    accept = rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=order)
    past = await mine.refused("AcceptWorkOrder", accept, "HANDLER", who="zhou")
    assert past.reason == "NOT_OF_THE_UNIT"
    accept.ClearField("request_id")
    await mine.ask("AcceptWorkOrder", accept, "HANDLER", who="li")


async def test_the_lead_goes_to_the_unit_that_the_ruling_names(mine: Mine) -> None:
    case_id = await mine.registered()
    first, second = await dispatch(mine, case_id, "logistics", "bathhouse")
    await give_back(mine, case_id, second)
    request = ruling(case_id, second, LEAD, "joint-1")
    route = (await mine.ask("RuleWorkOrder", request, "DIRECTOR")).route
    assert [(o.work_order_id, o.unit_id, o.lead) for o in route.work_orders] == [
        (first, "logistics", False),
        (second, "joint-1", True),
    ]
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderRuled)
    assert (told.kind, told.unit_id, told.deadline_time) == (
        LEAD,
        "joint-1",
        route.work_orders[1].deadline_time,
    )


async def test_unknown_foreign_and_changed_cases_are_left_alone(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    count = len(await mine.facts(case_id))
    for method, request in (
        ("ReturnWorkOrder", returning(case_id, order)),
        ("RuleWorkOrder", ruling(case_id, order)),
        ("HoldJointMeeting", meeting(case_id, order)),
    ):
        foreign = await mine.refused(method, request, site="gucheng")
        assert (foreign.code, foreign.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
        request.request_id, request.expected_version = "", 1
        assert (await mine.refused(method, request)).reason == "VERSION_MISMATCH"
        request.request_id, request.expected_version = "", 0
        request.work_order_id = new_id()
        assert (await mine.refused(method, request)).reason == "WORK_ORDER_NOT_FOUND"
    assert len(await mine.facts(case_id)) == count


async def test_a_repeated_call_does_it_once(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    calls: list[tuple[str, Message]] = [
        ("ReturnWorkOrder", returning(case_id, order)),
        ("RuleWorkOrder", ruling(case_id, order)),
    ]
    for method, request in calls:
        first = await mine.ask(method, request)
        again = await mine.ask(method, request)
        assert first == again
    kinds = [type(fact).__name__ for fact in await mine.facts(case_id)]
    assert kinds[-2:] == ["WorkOrderReturned", "WorkOrderRuled"]
    assert len(kinds) == 4


async def test_of_two_at_once_one_is_too_late(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    for method, requests in (
        ("ReturnWorkOrder", [returning(case_id, order) for _ in range(2)]),
        (
            "RuleWorkOrder",
            [ruling(case_id, order, REDISPATCH, u) for u in ("joint-1", "logistics")],
        ),
    ):
        results = await asyncio.gather(
            *(mine.ask(method, request) for request in requests), return_exceptions=True
        )
        failed = [result for result in results if isinstance(result, grpc.aio.AioRpcError)]
        assert len(failed) == 1
        assert failed[0].code() == grpc.StatusCode.FAILED_PRECONDITION
    kinds = [type(fact).__name__ for fact in await mine.facts(case_id)]
    assert kinds[-2:] == ["WorkOrderReturned", "WorkOrderRuled"]
    assert len(kinds) == 4


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE work_orders SET return_count = 2, state = 'RETURNED'",
        "UPDATE work_orders SET state = 'RETURNED', accepted_by = '', accept_time = NULL",
        "UPDATE work_orders SET return_count = 0, return_reason = ''",
    ],
)
async def test_the_checks_count_returns_and_rulings(mine: Mine, damage: str) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await give_back(mine, case_id, order)
    await mine.ask("RuleWorkOrder", ruling(case_id, order))
    check = load_queries("services.routing", "sql/fsck.sql").returns_not_of_the_journal
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        assert await owner.fetch(check) == []
        await owner.execute(damage)
        assert [row["subject_id"] for row in await owner.fetch(check)] == [case_id]
    finally:
        await owner.close()
