"""A case's way: assigned, accepted, worked on by units, up the ladder, resolved and back."""

from datetime import datetime, timedelta

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.routing.conftest import SITE, Mine, directory

Task = rpc.DispatchWorkOrdersRequest.Task


def task(unit: str, now: datetime, *, lead: bool = False, hours: float = 48) -> Task:
    deadline = to_timestamp(now + timedelta(hours=hours))
    return Task(unit_id=unit, task="更换淋浴头", deadline_time=deadline, lead=lead)


async def dispatch(mine: Mine, case_id: str, *units: str) -> list[str]:
    """Sends tasks to units, the first of which leads; returns the work orders' ids."""
    now = await mine.now()
    tasks = [task(unit, now, lead=unit == units[0]) for unit in units]
    response = await mine.ask(
        "DispatchWorkOrders", rpc.DispatchWorkOrdersRequest(case_id=case_id, tasks=tasks)
    )
    return list(response.work_order_ids)


async def complete(mine: Mine, case_id: str, work_order_id: str) -> pb.Route:
    request = rpc.CompleteWorkOrderRequest(
        case_id=case_id, work_order_id=work_order_id, result="已更换"
    )
    return (await mine.ask("CompleteWorkOrder", request)).route  # type: ignore[no-any-return]


def seal(case_id: str, site: str = SITE) -> rpc.SealWorkOrdersRequest:
    return rpc.SealWorkOrdersRequest(case_id=case_id, site_id=site)


async def test_a_registered_case_comes_to_its_steward(mine: Mine) -> None:
    case_id = await mine.registered("joint-1")
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("li", "li")
    assert route.rule == pb.ASSIGNMENT_RULE_RESPONSIBILITY
    assert "李四(li)" in route.reasons[0]
    assert (route.version, route.level, route.sealed) == (1, 0, False)
    (assigned,) = await mine.facts(case_id)
    assert isinstance(assigned, facts.CaseAssigned)
    assert list(assigned.also_told) == ["zhao", "wang"]
    assert assigned.previous == ""


@pytest.mark.parametrize("unit", ["", "gone"])
async def test_a_case_of_no_known_unit_comes_to_the_duty_lead(mine: Mine, unit: str) -> None:
    route = await mine.route(await mine.registered(unit))
    assert (route.steward, route.rule) == ("sun", pb.ASSIGNMENT_RULE_DUTY_LEAD)


async def test_without_a_duty_lead_the_queue_has_it_and_a_dispatcher_takes_it(mine: Mine) -> None:
    vacant = directory()
    vacant.positions[0].holder = ""
    await mine.publish_directory(vacant)
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
    assert (await mine.refused("AssignCase", unknown)).reason == "PERSON_UNKNOWN"
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
        request = rpc.DispatchWorkOrdersRequest(case_id=case_id, tasks=tasks)
        assert (await mine.refused("DispatchWorkOrders", request)).reason == reason
    assert await mine.value("SELECT count(*) FROM work_orders") == 0


async def test_a_repeated_dispatch_gives_the_same_work_orders(mine: Mine) -> None:
    case_id = await mine.registered()
    request = rpc.DispatchWorkOrdersRequest(
        case_id=case_id, request_id="dispatch-1", tasks=[task("bathhouse", await mine.now())]
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


async def test_a_seal_refuses_open_work_orders_and_new_ones(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    answer = await mine.refused("SealWorkOrders", seal(case_id), "service:intake")
    assert (answer.reason, answer.metadata) == ("WORK_ORDERS_OPEN", {"count": "1"})
    await complete(mine, case_id, order)
    await mine.ask("SealWorkOrders", seal(case_id), "service:intake")
    assert (await mine.route(case_id)).sealed
    more = rpc.DispatchWorkOrdersRequest(
        case_id=case_id, tasks=[task("bathhouse", await mine.now())]
    )
    assert (await mine.refused("DispatchWorkOrders", more)).reason == "WORK_ORDERS_SEALED"
    unseal = rpc.UnsealWorkOrdersRequest(case_id=case_id, site_id=SITE)
    await mine.ask("UnsealWorkOrders", unseal, "service:intake")
    await mine.ask("UnsealWorkOrders", unseal, "service:intake")
    assert not (await mine.route(case_id)).sealed
    assert await dispatch(mine, case_id, "bathhouse")


async def test_a_seal_is_over_after_two_minutes(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.ask("SealWorkOrders", seal(case_id), "service:intake")
    await mine.advance(timedelta(seconds=119))
    assert (await mine.route(case_id)).sealed
    await mine.ask("SealWorkOrders", seal(case_id), "service:intake")
    await mine.advance(timedelta(seconds=119))
    assert (await mine.route(case_id)).sealed
    await mine.advance(timedelta(seconds=2))
    assert not (await mine.route(case_id)).sealed


async def test_a_case_not_heard_of_yet_can_be_sealed(mine: Mine) -> None:
    case_id = new_id()
    await mine.ask("SealWorkOrders", seal(case_id), "service:intake")
    message = intake.CaseRegistered(case_id=case_id, site_id=SITE, unit_id="bathhouse")
    await mine.hear("intake", case_id, message)
    assert (await mine.route(case_id)).sealed
    wrong = await mine.refused("SealWorkOrders", seal(case_id, "gucheng"), "service:intake")
    assert wrong.reason == "ROUTE_NOT_FOUND"


async def test_people_and_other_services_do_not_seal(mine: Mine) -> None:
    case_id = await mine.registered()
    for roles in ("DIRECTOR", "service:sla"):
        answer = await mine.refused("SealWorkOrders", seal(case_id), roles)
        assert answer.code == grpc.StatusCode.PERMISSION_DENIED


async def test_a_resolved_case_takes_nothing_until_it_is_rejected(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    assert (await mine.route(case_id)).sealed
    unseal = rpc.UnsealWorkOrdersRequest(case_id=case_id, site_id=SITE)
    await mine.ask("UnsealWorkOrders", unseal, "service:intake")
    assert (await mine.route(case_id)).sealed
    for method, request in (
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
        assert (await mine.refused(method, request)).reason == "CASE_NOT_OPEN"
    await mine.breached(case_id)
    rejected = intake.CaseRejected(case_id=case_id, cycle=1, new_cycle=2)
    await mine.hear("intake", case_id, rejected)
    route = await mine.route(case_id)
    assert (route.sealed, route.level, route.accountable) == (False, 0, "zhang")
    assert await dispatch(mine, case_id, "bathhouse")


async def test_a_closed_case_stays_closed(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.hear("intake", case_id, intake.CaseClosed(case_id=case_id))
    request = rpc.AcceptCaseRequest(case_id=case_id)
    assert (await mine.refused("AcceptCase", request)).reason == "CASE_NOT_OPEN"
    await mine.breached(case_id)
    assert (await mine.route(case_id)).level == 0


async def test_breaches_take_a_case_up_to_the_top_and_no_further(mine: Mine) -> None:
    case_id = await mine.registered()
    for _ in range(5):
        await mine.breached(case_id)
    risen = [f for f in await mine.facts(case_id) if isinstance(f, facts.CaseEscalated)]
    assert [(f.from_level, f.to_level, f.position_id, f.accountable) for f in risen] == [
        (0, 1, "DUTY_LEAD", "sun"),
        (1, 2, "DIRECTOR", "zhou"),
        (2, 3, "LEADING_GROUP", "position:LEADING_GROUP"),
    ]
    assert [(f.dwell_working_days, f.top, f.fallback) for f in risen] == [
        (1, False, False),
        (2, False, False),
        (0, True, True),
    ]
    assert {f.cause for f in risen} == {facts.ESCALATION_CAUSE_BREACH}
    assert risen[0].reason == "初步回复超期"
    assert (await mine.route(case_id)).accountable == "position:LEADING_GROUP"


async def test_what_is_no_matter_of_the_ladder_leaves_it_alone(mine: Mine) -> None:
    case_id = await mine.registered()
    for consequence in (
        sla_pb2.CONSEQUENCE_HEAD_OF_UNIT,
        sla_pb2.CONSEQUENCE_CALLBACK,
        sla_pb2.CONSEQUENCE_REMINDER,
        sla_pb2.CONSEQUENCE_ALERT,
    ):
        await mine.breached(case_id, consequence=consequence)
    assert (await mine.route(case_id)).level == 0


async def test_asking_for_it_takes_a_case_up_with_the_askers_words(mine: Mine) -> None:
    case_id = await mine.registered()
    asked = intake.CaseEscalationRequested(case_id=case_id, reason="超出权限")
    await mine.hear("intake", case_id, asked)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.cause, last.reason) == (facts.ESCALATION_CAUSE_MANUAL, "超出权限")


async def test_an_unanswered_level_moves_on_an_answered_one_does_not(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    reached = await mine.now()
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=reached)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.to_level, last.cause) == (2, facts.ESCALATION_CAUSE_DWELL)
    # The clock of the level before comes late.
    await mine.breached(
        case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=reached - timedelta(hours=1)
    )
    assert (await mine.route(case_id)).level == 2
    order = rpc.InstructCaseRequest(
        case_id=case_id, kind=pb.INSTRUCTION_KIND_ORDER, text="三日内办结"
    )
    answered = (await mine.ask("InstructCase", order, "LEADER", who="zhou")).route
    assert (answered.accountable, answered.level) == ("zhang", 2)
    assert answered.HasField("instruct_time")
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION)
    assert (await mine.route(case_id)).level == 2
    twice = rpc.InstructCaseRequest(case_id=case_id, kind=pb.INSTRUCTION_KIND_ORDER, text="x")
    answer = await mine.refused("InstructCase", twice)
    assert (answer.reason, answer.metadata) == ("NO_INSTRUCTION_OWED", {"level": "2"})


async def test_a_late_unit_takes_its_case_up_even_after_an_answer(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, reference=order)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.cause, last.reason) == (facts.ESCALATION_CAUSE_BREACH, "工单超期")


async def test_a_level_that_takes_over_keeps_the_case(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    take = rpc.InstructCaseRequest(
        case_id=case_id, kind=pb.INSTRUCTION_KIND_TAKE_OVER, text="我来办"
    )
    route = (await mine.ask("InstructCase", take, who="sun")).route
    assert (route.accountable, route.steward) == ("sun", "zhang")
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseInstructed)
    assert (last.accountable, last.instructed_by, last.level) == ("sun", "sun", 1)


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
    assert kinds == ["CaseAssigned", "CaseEscalated"]
    route = await mine.route(case_id)
    assert (route.sealed, route.level) == (False, 0)
