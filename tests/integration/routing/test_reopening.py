"""What shows that a task is done, and opening it again when it isn't."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import grpc

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message, to_timestamp
from chassis.ids import new_id
from tests.integration.routing.conftest import SITE, Mine, directory, matrix
from tests.integration.routing.doing import complete, dispatch, findings, give_back, task

SHOWN = [
    pb.Evidence(name="照片", reference="nas:/2026/11/x.jpg", sha256="a" * 64),
    pb.Evidence(name="验收单", reference="档案 12-3"),
]


async def reopening(mine: Mine, case_id: str, order: str) -> rpc.ReopenWorkOrderRequest:
    return rpc.ReopenWorkOrderRequest(
        case_id=case_id,
        work_order_id=order,
        reason="又坏了",
        deadline_time=to_timestamp(await mine.now() + timedelta(days=4)),
        allow_rest_day=True,
    )


async def today(mine: Mine, ahead: int = 0) -> date:
    now = await mine.now()
    return now.astimezone(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=ahead)


async def seal(mine: Mine, case_id: str) -> None:
    request = rpc.SealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder="one")
    await mine.ask("SealWorkOrders", request, "service:intake")


async def test_what_shows_that_a_task_is_done_is_kept_and_told(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    request = rpc.CompleteWorkOrderRequest(
        case_id=case_id, work_order_id=order, result="已更换", evidence=SHOWN
    )
    (done,) = (await mine.ask("CompleteWorkOrder", request)).route.work_orders
    assert list(done.evidence) == SHOWN
    assert (await mine.ask("CompleteWorkOrder", request)).route.work_orders[0] == done
    assert list((await mine.route(case_id)).work_orders[0].evidence) == SHOWN
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderCompleted)
    assert list(told.evidence) == SHOWN
    wrong = rpc.CompleteWorkOrderRequest(
        case_id=case_id,
        work_order_id=order,
        result="x",
        evidence=[pb.Evidence(name="照片", reference="x", sha256="zz")],
    )
    assert (await mine.refused("CompleteWorkOrder", wrong)).reason == "INVALID_FIELD"


async def test_a_task_that_is_not_done_is_opened_again(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    request = await reopening(mine, case_id, order)
    early = await mine.refused("ReopenWorkOrder", request)
    assert (early.reason, early.metadata) == (
        "WORK_ORDER_WRONG_STATE",
        {"action": "ReopenWorkOrder", "state": "DISPATCHED"},
    )
    await complete(mine, case_id, order)
    for roles in ("HANDLER", "LEADER", "CLERK"):
        answer = await mine.refused("ReopenWorkOrder", request, roles, who="wang")
        assert answer.reason == "PERMISSION_DENIED"
    past = await reopening(mine, case_id, order)
    past.deadline_time.CopyFrom(to_timestamp(await mine.now()))
    assert (await mine.refused("ReopenWorkOrder", past)).reason == "DEADLINE_IN_PAST"

    request.ClearField("request_id")
    route = (await mine.ask("ReopenWorkOrder", request, "STEWARD", who="zhang")).route
    again = (await mine.ask("ReopenWorkOrder", request, "STEWARD", who="zhang")).route
    assert route == again == await mine.route(case_id)
    (opened,) = route.work_orders
    assert (opened.state, opened.lead) == (pb.WORK_ORDER_STATE_DISPATCHED, True)
    assert (opened.deadline_time, opened.reopen_count) == (request.deadline_time, 1)
    assert (opened.accepted_by, opened.completed_by, opened.result) == ("", "", "")
    assert not opened.HasField("complete_time")
    told = [f for f in await mine.facts(case_id) if isinstance(f, facts.WorkOrderReopened)]
    (fact,) = told
    assert fact.work_order == opened
    assert (fact.head, fact.reason, fact.reopened_by) == ("wang", "又坏了", "zhang")
    accept = rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=order)
    await mine.ask("AcceptWorkOrder", accept, "HANDLER", who="wang")
    assert await findings(mine) == []


async def test_one_leads_after_a_task_was_opened_again(mine: Mine) -> None:
    case_id = await mine.registered()
    (first,) = await dispatch(mine, case_id, "bathhouse")
    await complete(mine, case_id, first)
    (second,) = await dispatch(mine, case_id, "logistics")
    route = (await mine.ask("ReopenWorkOrder", await reopening(mine, case_id, first))).route
    assert [(o.work_order_id, o.lead) for o in route.work_orders] == [
        (first, False),
        (second, True),
    ]
    await complete(mine, case_id, first)
    await complete(mine, case_id, second)
    route = (await mine.ask("ReopenWorkOrder", await reopening(mine, case_id, first))).route
    assert [o.lead for o in route.work_orders] == [True, True]
    assert [o.reopen_count for o in route.work_orders] == [2, 0]


async def test_nothing_is_opened_while_a_case_is_sealed_or_solved(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await complete(mine, case_id, order)
    await seal(mine, case_id)
    sealed = await mine.refused("ReopenWorkOrder", await reopening(mine, case_id, order))
    assert sealed.reason == "WORK_ORDERS_SEALED"
    # A lapsed seal says nothing: intake does.
    await mine.advance(timedelta(seconds=121))
    mine.intake.away = True
    unknown = await mine.refused("ReopenWorkOrder", await reopening(mine, case_id, order))
    assert unknown.reason == "DEPENDENCY_UNAVAILABLE"
    mine.intake.away = False
    await mine.ask("ReopenWorkOrder", await reopening(mine, case_id, order))
    assert await mine.value("SELECT count(*) FROM seals") == 0
    await complete(mine, case_id, order)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    solved = await mine.refused("ReopenWorkOrder", await reopening(mine, case_id, order))
    assert (solved.code, solved.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "CASE_NOT_OPEN",
    )
    assert (await mine.route(case_id)).work_orders[0].reopen_count == 1


async def test_unknown_foreign_and_changed_cases_are_left_alone(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await complete(mine, case_id, order)
    count = len(await mine.facts(case_id))
    foreign = await mine.refused(
        "ReopenWorkOrder", await reopening(mine, case_id, order), site="gucheng"
    )
    assert (foreign.code, foreign.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
    changed = await reopening(mine, case_id, order)
    changed.expected_version = 1
    assert (await mine.refused("ReopenWorkOrder", changed)).reason == "VERSION_MISMATCH"
    unknown = await mine.refused("ReopenWorkOrder", await reopening(mine, case_id, new_id()))
    assert unknown.reason == "WORK_ORDER_NOT_FOUND"
    assert len(await mine.facts(case_id)) == count


async def test_a_unit_that_is_gone_gets_no_task(mine: Mine) -> None:
    without = directory()
    # The joint team ended yesterday; it stays in the list.
    without.units[2].end_date.CopyFrom(to_date_message(await today(mine, -1)))
    await mine.publish_directory(without)
    await mine.publish([one for one in matrix() if one.unit_id != "joint-1"])
    case_id = await mine.registered()
    request = rpc.DispatchWorkOrdersRequest(
        case_id=case_id, tasks=[task("joint-1", await mine.now())], allow_rest_day=True
    )
    answer = await mine.refused("DispatchWorkOrders", request)
    assert (answer.reason, answer.metadata) == ("WORK_ORDER_UNIT", {"unit_id": "joint-1"})


async def test_a_unit_dissolved_since_is_given_none_back(mine: Mine) -> None:
    done, back = await mine.registered(), await mine.registered()
    (finished,) = await dispatch(mine, done, "joint-1")
    await complete(mine, done, finished)
    (returned,) = await dispatch(mine, back, "joint-1")
    await give_back(mine, back, returned)
    without = directory()
    without.units[2].end_date.CopyFrom(to_date_message(await today(mine, -1)))
    await mine.publish_directory(without)
    answer = await mine.refused("ReopenWorkOrder", await reopening(mine, done, finished))
    assert (answer.code, answer.reason, answer.metadata) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "WORK_ORDER_UNIT",
        {"unit_id": "joint-1"},
    )
    ruling = rpc.RuleWorkOrderRequest(
        case_id=back, work_order_id=returned, kind=pb.RULING_KIND_UPHOLD, text="按职责分工"
    )
    answer = await mine.refused("RuleWorkOrder", ruling)
    assert (answer.reason, answer.metadata) == ("NO_SUCH_UNIT", {"unit_id": "joint-1"})
    ruling = rpc.RuleWorkOrderRequest(
        case_id=back,
        work_order_id=returned,
        kind=pb.RULING_KIND_REDISPATCH,
        unit_id="bathhouse",
        text="联建一队已撤销",
    )
    route = (await mine.ask("RuleWorkOrder", ruling)).route
    assert [one.unit_id for one in route.work_orders] == ["bathhouse"]


async def test_a_task_is_not_done_before_it_was_opened_again(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await mine.advance(timedelta(hours=1))
    earlier = await mine.now()
    await mine.advance(timedelta(hours=1))
    await complete(mine, case_id, order)
    await mine.ask("ReopenWorkOrder", await reopening(mine, case_id, order))
    request = rpc.CompleteWorkOrderRequest(
        case_id=case_id, work_order_id=order, result="x", complete_time=to_timestamp(earlier)
    )
    answer = await mine.refused("CompleteWorkOrder", request)
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("complete_time",))
    route = await complete(mine, case_id, order)
    assert route.work_orders[0].state == pb.WORK_ORDER_STATE_COMPLETED
    assert await findings(mine) == []
