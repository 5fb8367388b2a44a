"""Tasks given back, ruled on, given more time."""

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
from tests.integration.routing.doing import complete, dispatch

DISPATCHED = pb.WORK_ORDER_STATE_DISPATCHED
RETURNED = pb.WORK_ORDER_STATE_RETURNED
UPHOLD = pb.RULING_KIND_UPHOLD
REDISPATCH = pb.RULING_KIND_REDISPATCH
LEAD = pb.RULING_KIND_LEAD


def returning(case_id: str, order: str) -> rpc.ReturnWorkOrderRequest:
    return rpc.ReturnWorkOrderRequest(case_id=case_id, work_order_id=order, reason="不归我们管")


def ruling(
    case_id: str, order: str, kind: "pb.RulingKind.ValueType" = UPHOLD, unit: str = ""
) -> rpc.RuleWorkOrderRequest:
    return rpc.RuleWorkOrderRequest(
        case_id=case_id, work_order_id=order, kind=kind, unit_id=unit, text="按职责分工"
    )


async def extending(mine: Mine, case_id: str, order: str) -> rpc.ExtendWorkOrderRequest:
    later = to_timestamp(await mine.now() + timedelta(days=9))
    return rpc.ExtendWorkOrderRequest(
        case_id=case_id, work_order_id=order, deadline_time=later, reason="等配件"
    )


async def give_back(mine: Mine, case_id: str, order: str) -> pb.Route:
    request = returning(case_id, order)
    response = await mine.ask("ReturnWorkOrder", request, "HANDLER", who="wang")
    return response.route  # type: ignore[no-any-return]


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
    route = await give_back(mine, case_id, order)
    assert route == await mine.route(case_id)
    (back,) = route.work_orders
    assert (back.state, back.return_count, back.return_reason) == (RETURNED, 1, "不归我们管")
    assert back.deadline_time == before.work_orders[0].deadline_time
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


async def test_a_task_goes_back_twice_and_no_more(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    for _ in range(2):
        accept = rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=order)
        await mine.ask("AcceptWorkOrder", accept, "HANDLER", who="wang")
        await give_back(mine, case_id, order)
        (upheld,) = (await mine.ask("RuleWorkOrder", ruling(case_id, order))).route.work_orders
        assert (upheld.state, upheld.unit_id, upheld.accepted_by) == (DISPATCHED, "bathhouse", "")
    answer = await mine.refused("ReturnWorkOrder", returning(case_id, order))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "WORK_ORDER_RETURNED_TWICE",
    )
    told = [f for f in await mine.facts(case_id) if isinstance(f, facts.WorkOrderReturned)]
    assert [fact.ordinal for fact in told] == [1, 2]
    await complete(mine, case_id, order)


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


async def test_more_time_is_given_before_the_deadline(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    (before,) = (await mine.route(case_id)).work_orders
    same = await extending(mine, case_id, order)
    same.deadline_time.CopyFrom(before.deadline_time)
    answer = await mine.refused("ExtendWorkOrder", same)
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("deadline_time",))
    request = await extending(mine, case_id, order)
    assert (await mine.refused("ExtendWorkOrder", request, "STEWARD", who="zhang")).reason == (
        "PERMISSION_DENIED"
    )
    request.ClearField("request_id")
    (extended,) = (await mine.ask("ExtendWorkOrder", request)).route.work_orders
    assert (extended.state, extended.deadline_time) == (DISPATCHED, request.deadline_time)
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderExtended)
    assert told.previous_deadline_time == before.deadline_time
    assert (told.deadline_time, told.reason) == (request.deadline_time, "等配件")
    assert told.approved_by == "sun"
    await mine.advance(timedelta(days=10))
    late = await mine.refused("ExtendWorkOrder", await extending(mine, case_id, order))
    assert (late.code, late.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "DEADLINE_HAS_PASSED",
    )
    await complete(mine, case_id, order)
    done = await mine.refused("ExtendWorkOrder", await extending(mine, case_id, order))
    assert done.reason == "WORK_ORDER_WRONG_STATE"


async def test_unknown_foreign_and_changed_cases_are_left_alone(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    count = len(await mine.facts(case_id))
    for method, request in (
        ("ReturnWorkOrder", returning(case_id, order)),
        ("RuleWorkOrder", ruling(case_id, order)),
        ("ExtendWorkOrder", await extending(mine, case_id, order)),
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
        ("ExtendWorkOrder", await extending(mine, case_id, order)),
    ]
    for method, request in calls:
        first = await mine.ask(method, request)
        again = await mine.ask(method, request)
        assert first == again
    kinds = [type(fact).__name__ for fact in await mine.facts(case_id)]
    assert kinds[-3:] == ["WorkOrderReturned", "WorkOrderRuled", "WorkOrderExtended"]
    assert len(kinds) == 5


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
