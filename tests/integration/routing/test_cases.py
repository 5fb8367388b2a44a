"""A case's way: assigned, accepted, worked on by units, closed."""

from datetime import timedelta

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.doing import complete, dispatch, task


async def test_a_registered_case_comes_to_its_steward(mine: Mine) -> None:
    case_id = await mine.registered("joint-1")
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("li", "li")
    assert route.rule == pb.ASSIGNMENT_RULE_RESPONSIBILITY
    assert "李四（li）" in route.reasons[0]
    assert (route.version, route.level, route.sealed) == (1, 0, False)
    (assigned,) = await mine.facts(case_id)
    assert isinstance(assigned, facts.CaseAssigned)
    assert list(assigned.also_told) == ["zhao", "wang"]
    assert assigned.previous == ""


@pytest.mark.parametrize("unit", ["", "gone"])
async def test_a_case_of_no_known_unit_comes_to_the_duty_lead(mine: Mine, unit: str) -> None:
    route = await mine.route(await mine.registered(unit))
    assert (route.steward, route.rule) == ("sun", pb.ASSIGNMENT_RULE_DUTY_LEAD)


async def test_without_a_duty_lead_the_queue_has_it_and_a_dispatcher_takes_it(bare: Mine) -> None:
    mine = bare
    vacant = directory()
    vacant.positions[0].holder = ""
    await mine.publish_directory(vacant)
    await mine.publish()
    case_id = await mine.registered("")
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("", "position:DISPATCH_ROOM")
    assert route.rule == pb.ASSIGNMENT_RULE_QUEUE
    stranger = await mine.refused("AcceptCase", rpc.AcceptCaseRequest(case_id=case_id), who="x")
    assert stranger.reason == "PERSON_UNKNOWN"
    taken = await mine.ask("AcceptCase", rpc.AcceptCaseRequest(case_id=case_id), who="zhou")
    assert (taken.route.steward, taken.route.accountable) == ("zhou", "zhou")
    assert taken.route.HasField("accept_time")
    kinds = [type(fact).__name__ for fact in await mine.facts(case_id)]
    assert kinds == ["CaseAssigned", "CaseAssigned", "CaseAccepted"]


async def test_a_case_of_a_site_without_a_directory_is_queued(bare: Mine) -> None:
    case_id = await bare.registered()
    assert (await bare.route(case_id)).accountable == "position:DISPATCH_ROOM"


async def test_only_the_steward_or_the_dispatch_room_accepts(mine: Mine) -> None:
    case_id = await mine.registered()
    request = rpc.AcceptCaseRequest(case_id=case_id)
    answer = await mine.refused("AcceptCase", request, "STEWARD", who="li")
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "NOT_THE_STEWARD",
    )
    accepted = await mine.ask(
        "AcceptCase", rpc.AcceptCaseRequest(case_id=case_id), "STEWARD", who="zhang"
    )
    assert accepted.route.version == 2
    again = await mine.ask("AcceptCase", rpc.AcceptCaseRequest(case_id=case_id))
    assert again.route == accepted.route
    assert [type(fact).__name__ for fact in await mine.facts(case_id)] == [
        "CaseAssigned",
        "CaseAccepted",
    ]


async def test_a_case_given_by_hand_has_to_be_accepted_anew(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.ask("AcceptCase", rpc.AcceptCaseRequest(case_id=case_id))
    request = rpc.AssignCaseRequest(case_id=case_id, steward="li", reason="熟悉情况")
    route = (await mine.ask("AssignCase", request)).route
    assert (route.steward, route.accountable) == ("li", "li")
    assert route.rule == pb.ASSIGNMENT_RULE_MANUAL
    assert not route.HasField("accept_time")
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseAssigned)
    assert last.previous == "zhang"
    unknown = rpc.AssignCaseRequest(case_id=case_id, steward="gone", reason="x")
    answer = await mine.refused("AssignCase", unknown)
    assert (answer.reason, answer.fields) == ("PERSON_UNKNOWN", ("steward",))
    stale = rpc.AssignCaseRequest(case_id=case_id, steward="li", reason="x", expected_version=1)
    assert (await mine.refused("AssignCase", stale)).reason == "VERSION_MISMATCH"


async def test_absent_and_foreign_cases_get_the_same_answer(mine: Mine) -> None:
    case_id = await mine.registered()
    for method, request in (
        ("GetRoute", rpc.GetRouteRequest(case_id=case_id)),
        ("AcceptCase", rpc.AcceptCaseRequest(case_id=case_id)),
        ("AssignCase", rpc.AssignCaseRequest(case_id=case_id, steward="li", reason="x")),
        (
            "DispatchWorkOrders",
            rpc.DispatchWorkOrdersRequest(
                case_id=case_id, tasks=[task("bathhouse", await mine.now())]
            ),
        ),
        (
            "InstructCase",
            rpc.InstructCaseRequest(case_id=case_id, kind=pb.INSTRUCTION_KIND_ORDER, text="x"),
        ),
    ):
        foreign = await mine.refused(method, request, site="gucheng")
        request.case_id = new_id()
        absent = await mine.refused(method, request)
        assert foreign.reason == absent.reason == "ROUTE_NOT_FOUND"
        assert foreign.code == absent.code == grpc.StatusCode.NOT_FOUND
    assert len(await mine.facts(case_id)) == 1


async def test_units_get_their_tasks_and_report_them_done(mine: Mine) -> None:
    case_id = await mine.registered()
    first, second = await dispatch(mine, case_id, "bathhouse", "logistics")
    sent = (await mine.facts(case_id))[-1]
    assert isinstance(sent, facts.WorkOrdersDispatched)
    assert [order.work_order_id for order in sent.work_orders] == [first, second]
    assert [order.lead for order in sent.work_orders] == [True, False]
    assert list(sent.heads) == ["wang", ""]

    accept = rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=first)
    stranger = await mine.refused("AcceptWorkOrder", accept, "HANDLER", who="li")
    assert stranger.reason == "NOT_OF_THE_UNIT"
    above = await mine.refused("AcceptWorkOrder", accept, "HANDLER", who="zhao")
    assert above.reason == "NOT_OF_THE_UNIT"
    await mine.ask(
        "AcceptWorkOrder",
        rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=first),
        "HANDLER",
        who="wang",
    )
    again = rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=first)
    answer = await mine.refused("AcceptWorkOrder", again)
    assert (answer.reason, answer.metadata["state"]) == ("WORK_ORDER_WRONG_STATE", "ACCEPTED")

    # A person of a unit below may answer for the one above.
    done = rpc.CompleteWorkOrderRequest(case_id=case_id, work_order_id=second, result="已协调")
    await mine.ask("CompleteWorkOrder", done, "HANDLER", who="wang")
    route = await complete(mine, case_id, first)
    assert [order.state for order in route.work_orders] == [pb.WORK_ORDER_STATE_COMPLETED] * 2
    ends = (await mine.facts(case_id))[-2:]
    assert [end.open_count for end in ends if isinstance(end, facts.WorkOrderCompleted)] == [1, 0]
    unknown = rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=new_id())
    assert (await mine.refused("AcceptWorkOrder", unknown)).reason == "WORK_ORDER_NOT_FOUND"


async def test_wrong_tasks_are_refused(mine: Mine) -> None:
    case_id = await mine.registered()
    now = await mine.now()
    for tasks, reason in (
        ([task("bathhouse", now, lead=True), task("logistics", now, lead=True)], "WORK_ORDER_LEAD"),
        ([task("bathhouse", now), task("logistics", now)], "WORK_ORDER_LEAD"),
        ([task("bathhouse", now, lead=True), task("bathhouse", now)], "WORK_ORDER_UNIT"),
        ([task("gone", now)], "WORK_ORDER_UNIT"),
        ([task("bathhouse", now, hours=-1)], "DEADLINE_IN_PAST"),
        ([], "INVALID_FIELD"),
    ):
        request = rpc.DispatchWorkOrdersRequest(case_id=case_id, tasks=tasks, allow_rest_day=True)
        assert (await mine.refused("DispatchWorkOrders", request)).reason == reason
    assert await mine.value("SELECT count(*) FROM work_orders") == 0


async def test_a_repeated_dispatch_gives_the_same_work_orders(mine: Mine) -> None:
    case_id = await mine.registered()
    request = rpc.DispatchWorkOrdersRequest(
        case_id=case_id,
        request_id="dispatch-1",
        tasks=[task("bathhouse", await mine.now())],
        allow_rest_day=True,
    )
    first = await mine.ask("DispatchWorkOrders", request)
    again = await mine.ask("DispatchWorkOrders", request)
    assert first == again
    assert len(first.route.work_orders) == 1


async def test_a_completion_may_be_told_late_but_not_before_it_happened(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    now = await mine.now()
    request = rpc.CompleteWorkOrderRequest(
        case_id=case_id, work_order_id=order, result="x",
        complete_time=to_timestamp(now + timedelta(hours=1)),
    )  # fmt: skip
    assert (await mine.refused("CompleteWorkOrder", request)).reason == "TIME_IN_FUTURE"
    request.complete_time.CopyFrom(to_timestamp(now - timedelta(days=1)))
    request.ClearField("request_id")
    answer = await mine.refused("CompleteWorkOrder", request)
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("complete_time",))
    await mine.advance(timedelta(hours=5))
    request.complete_time.CopyFrom(to_timestamp(now + timedelta(hours=1)))
    request.ClearField("request_id")
    route = (await mine.ask("CompleteWorkOrder", request)).route
    assert route.work_orders[0].complete_time == to_timestamp(now + timedelta(hours=1))


async def test_a_closed_case_stays_closed(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.hear("intake", case_id, intake.CaseClosed(case_id=case_id))
    request = rpc.AcceptCaseRequest(case_id=case_id)
    assert (await mine.refused("AcceptCase", request)).reason == "CASE_NOT_OPEN"
    await mine.breached(case_id)
    assert (await mine.route(case_id)).level == 0


async def test_facts_delivered_twice_and_out_of_order_take_effect_once(mine: Mine) -> None:
    case_id = new_id()
    sent = [
        mine.fact("intake", case_id, message)
        for message in (
            intake.CaseRegistered(case_id=case_id, site_id=SITE, unit_id="bathhouse"),
            intake.CaseEscalationRequested(case_id=case_id, reason="x"),
            intake.CaseResolved(case_id=case_id, cycle=1),
            intake.CaseRejected(case_id=case_id, cycle=1, new_cycle=2),
        )
    ]
    await mine.gate.take([sent[2], sent[1], sent[2]], "intake")
    await mine.gate.take([sent[3], sent[0], sent[0], sent[1]], "intake")
    kinds = [type(fact).__name__ for fact in await mine.facts(case_id)]
    assert kinds == ["CaseAssigned", "CaseEscalated", "CaseAssigned"]
    route = await mine.route(case_id)
    assert (route.sealed, route.level) == (False, 0)
