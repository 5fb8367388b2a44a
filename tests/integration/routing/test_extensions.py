"""More time for a task: given, asked for, granted, declined."""

from datetime import timedelta

import grpc
from google.protobuf.message import Message

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.routing.conftest import Mine
from tests.integration.routing.doing import complete, dispatch, findings, give_back

DISPATCHED = pb.WORK_ORDER_STATE_DISPATCHED


async def extending(mine: Mine, case_id: str, order: str) -> rpc.ExtendWorkOrderRequest:
    later = to_timestamp(await mine.now() + timedelta(days=9))
    return rpc.ExtendWorkOrderRequest(
        case_id=case_id, work_order_id=order, deadline_time=later, reason="等配件"
    )


async def asking(
    mine: Mine, case_id: str, order: str, *, days: float = 9
) -> rpc.AskExtensionRequest:
    later = to_timestamp(await mine.now() + timedelta(days=days))
    return rpc.AskExtensionRequest(
        case_id=case_id,
        work_order_id=order,
        deadline_time=later,
        reason="等配件",
        allow_rest_day=True,
    )


def deciding(
    case_id: str, order: str, *, granted: bool = True, words: str = ""
) -> rpc.DecideExtensionRequest:
    return rpc.DecideExtensionRequest(
        case_id=case_id, work_order_id=order, granted=granted, words=words
    )


async def asked(mine: Mine, case_id: str, order: str) -> rpc.AskExtensionRequest:
    """The unit's head has asked for more time; returns what was asked."""
    request = await asking(mine, case_id, order)
    await mine.ask("AskExtension", request, "HANDLER", who="wang")
    return request


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


async def test_a_unit_asks_and_the_dispatch_room_grants(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    (before,) = (await mine.route(case_id)).work_orders
    request = await asking(mine, case_id, order)
    stranger = await mine.refused("AskExtension", request, "HANDLER", who="zhou")
    assert stranger.reason == "NOT_OF_THE_UNIT"
    for days, reason in ((1, "INVALID_FIELD"), (4000, "INVALID_FIELD")):
        wrong = await asking(mine, case_id, order, days=days)
        answer = await mine.refused("AskExtension", wrong, "HANDLER", who="wang")
        assert (answer.reason, answer.fields) == (reason, ("deadline_time",))
    nothing = await mine.refused("DecideExtension", deciding(case_id, order))
    assert (nothing.code, nothing.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "EXTENSION_NOT_ASKED",
    )

    request.ClearField("request_id")
    (waiting,) = (await mine.ask("AskExtension", request, "HANDLER", who="wang")).route.work_orders
    assert waiting.deadline_time == before.deadline_time
    assert waiting.extension.deadline_time == request.deadline_time
    assert (waiting.extension.reason, waiting.extension.asked_by) == ("等配件", "wang")
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderExtensionAsked)
    assert (told.work_order_id, told.unit_id, told.asked_by) == (order, "bathhouse", "wang")
    assert told.asked_deadline_time == request.deadline_time
    assert (told.deadline_time, told.reason) == (before.deadline_time, "等配件")

    own = await mine.refused("DecideExtension", deciding(case_id, order), who="wang")
    assert (own.code, own.reason) == (grpc.StatusCode.PERMISSION_DENIED, "OWN_EXTENSION")
    # Asked in time: it may be granted although the deadline is over by now.
    await mine.advance(timedelta(days=3))
    decision = deciding(case_id, order, words="不再延")
    (granted,) = (await mine.ask("DecideExtension", decision)).route.work_orders
    assert (await mine.ask("DecideExtension", decision)).route.work_orders[0] == granted
    assert granted.deadline_time == request.deadline_time
    assert not granted.HasField("extension")
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.WorkOrderExtended)
    assert (last.previous_deadline_time, last.deadline_time) == (
        before.deadline_time,
        request.deadline_time,
    )
    assert (last.reason, last.approved_by) == ("等配件（不再延）", "sun")
    assert await findings(mine) == []


async def test_the_dispatch_room_says_why_not(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    (before,) = (await mine.route(case_id)).work_orders
    await asked(mine, case_id, order)
    mute = await mine.refused("DecideExtension", deciding(case_id, order, granted=False))
    assert (mute.reason, mute.fields) == ("INVALID_FIELD", ("words",))
    request = deciding(case_id, order, granted=False, words="配件已到")
    (declined,) = (await mine.ask("DecideExtension", request)).route.work_orders
    assert declined == before
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.WorkOrderExtensionDeclined)
    assert (told.work_order_id, told.unit_id, told.words) == (order, "bathhouse", "配件已到")
    assert (told.declined_by, told.asked_by) == ("sun", "wang")
    again = await mine.refused("DecideExtension", deciding(case_id, order))
    assert again.reason == "EXTENSION_NOT_ASKED"


async def test_nothing_is_asked_for_after_the_deadline_or_without_the_task(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await mine.advance(timedelta(days=3))
    late = await mine.refused("AskExtension", await asking(mine, case_id, order))
    assert late.reason == "DEADLINE_HAS_PASSED"
    await give_back(mine, case_id, order)
    back = await mine.refused("AskExtension", await asking(mine, case_id, order))
    assert (back.reason, back.metadata["state"]) == ("WORK_ORDER_WRONG_STATE", "RETURNED")


async def test_what_settles_the_task_settles_the_question(mine: Mine) -> None:
    case_id = await mine.registered()
    given, back, done = [
        (await dispatch(mine, case_id, unit))[0]
        if unit == "bathhouse"
        else (
            await mine.ask("DispatchWorkOrders", await sending(mine, case_id, unit))
        ).work_order_ids[0]
        for unit in ("bathhouse", "logistics", "joint-1")
    ]
    for order in (given, back, done):
        await mine.ask("AskExtension", await asking(mine, case_id, order))
    longer = await extending(mine, case_id, given)
    longer.deadline_time.CopyFrom(to_timestamp(await mine.now() + timedelta(days=5)))
    await mine.ask("ExtendWorkOrder", longer)
    await give_back(mine, case_id, back)
    await complete(mine, case_id, done)
    route = await mine.route(case_id)
    assert not any(order.HasField("extension") for order in route.work_orders)
    for order in (given, back, done):
        answer = await mine.refused("DecideExtension", deciding(case_id, order), who="zhou")
        assert answer.reason == "EXTENSION_NOT_ASKED"
    assert await findings(mine) == []


async def sending(mine: Mine, case_id: str, unit: str) -> rpc.DispatchWorkOrdersRequest:
    """A task beside those there are."""
    later = to_timestamp(await mine.now() + timedelta(days=2))
    task = rpc.DispatchWorkOrdersRequest.Task(unit_id=unit, task="配合", deadline_time=later)
    return rpc.DispatchWorkOrdersRequest(case_id=case_id, tasks=[task], allow_rest_day=True)


async def test_unknown_foreign_and_changed_cases_are_left_alone(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await asked(mine, case_id, order)
    count = len(await mine.facts(case_id))
    calls: list[tuple[str, Message]] = [
        ("ExtendWorkOrder", await extending(mine, case_id, order)),
        ("AskExtension", await asking(mine, case_id, order)),
        ("DecideExtension", deciding(case_id, order)),
    ]
    for method, request in calls:
        foreign = await mine.refused(method, request, site="gucheng")
        assert (foreign.code, foreign.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
        fields = request.DESCRIPTOR.fields_by_name
        assert {"request_id", "expected_version", "work_order_id"} <= set(fields)
        request.ClearField("request_id")
        setattr(request, "expected_version", 1)  # noqa: B010 - a field of several messages
        assert (await mine.refused(method, request)).reason == "VERSION_MISMATCH"
        request.ClearField("request_id")
        request.ClearField("expected_version")
        setattr(request, "work_order_id", new_id())  # noqa: B010 - a field of several messages
        assert (await mine.refused(method, request)).reason == "WORK_ORDER_NOT_FOUND"
    assert len(await mine.facts(case_id)) == count
