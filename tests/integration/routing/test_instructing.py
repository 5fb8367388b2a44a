"""What a level answers where more than one case hangs on it: orders to units, ladders, shields."""

import uuid
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_timestamp
from services.routing.domain.route import SEAL_LEASE
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.doing import dispatch, instruct

ORDER = pb.INSTRUCTION_KIND_ORDER
TAKE_OVER = pb.INSTRUCTION_KIND_TAKE_OVER
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def at_level_1(mine: Mine) -> str:
    case_id = await mine.registered()
    await mine.breached(case_id)
    return case_id


async def about(mine: Mine, *persons: str) -> str:
    case_id = str(uuid.uuid4())
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id="bathhouse", about_persons=persons
    )
    await mine.hear("intake", case_id, message)
    return case_id


async def order(
    mine: Mine, case_id: str, unit_id: str = "bathhouse", deadline: datetime | None = None
) -> rpc.InstructCaseRequest:
    """An order to a unit, in two days unless told; the day is meant, whatever it is."""
    return rpc.InstructCaseRequest(
        request_id=str(uuid.uuid4()),
        case_id=case_id,
        kind=ORDER,
        text="更换淋浴头并回报",
        unit_id=unit_id,
        deadline_time=to_timestamp(deadline or await mine.now() + timedelta(days=2)),
        allow_rest_day=True,
    )


async def test_an_order_to_a_unit_is_its_task_at_once(mine: Mine) -> None:
    case_id = await at_level_1(mine)
    request = await order(mine, case_id)
    for _ in range(2):
        # The second time it is the same request, and the same work order.
        route = (await mine.ask("InstructCase", request)).route
        (task,) = route.work_orders
    assert (task.unit_id, task.task, task.lead) == ("bathhouse", "更换淋浴头并回报", True)
    assert task.deadline_time == request.deadline_time
    assert (route.level, route.accountable) == (1, "zhang")
    said, sent = (await mine.facts(case_id))[-2:]
    assert isinstance(said, facts.CaseInstructed)
    assert isinstance(sent, facts.WorkOrdersDispatched)
    assert (said.kind, said.text, said.accountable) == (ORDER, "更换淋浴头并回报", "zhang")
    assert [one.work_order_id for one in sent.work_orders] == [task.work_order_id]
    assert sent.heads == ["wang"]


async def test_an_order_beside_a_task_does_not_lead(mine: Mine) -> None:
    case_id = await at_level_1(mine)
    await dispatch(mine, case_id, "bathhouse")
    route = (await mine.ask("InstructCase", await order(mine, case_id, "logistics"))).route
    assert {task.unit_id: task.lead for task in route.work_orders} == {
        "bathhouse": True,
        "logistics": False,
    }


async def test_an_order_names_unit_and_deadline_or_neither(mine: Mine) -> None:
    case_id = await at_level_1(mine)
    no_deadline = await order(mine, case_id)
    no_deadline.ClearField("deadline_time")
    assert (await mine.refused("InstructCase", no_deadline)).fields == ("deadline_time",)
    no_unit = await order(mine, case_id, "")
    answer = await mine.refused("InstructCase", no_unit)
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("unit_id",))
    for kind in (TAKE_OVER, pb.INSTRUCTION_KIND_CANNOT_BE_DONE, pb.INSTRUCTION_KIND_SEND_DOWN):
        other = await order(mine, case_id)
        other.kind = kind
        answer = await mine.refused("InstructCase", other)
        assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("unit_id",))
        other.unit_id = ""
        assert (await mine.refused("InstructCase", other)).fields == ("deadline_time",)
    assert not (await mine.route(case_id)).HasField("instruct_time")


async def test_an_order_that_no_unit_can_have_is_no_answer_either(mine: Mine) -> None:
    case_id = await at_level_1(mine)
    count = len(await mine.facts(case_id))
    nowhere = await order(mine, case_id, "nowhere")
    assert (await mine.refused("InstructCase", nowhere)).reason == "WORK_ORDER_UNIT"
    past = await order(mine, case_id, deadline=await mine.now() - timedelta(minutes=1))
    assert (await mine.refused("InstructCase", past)).reason == "DEADLINE_IN_PAST"
    assert len(await mine.facts(case_id)) == count
    assert not (await mine.route(case_id)).HasField("instruct_time")


async def test_an_order_due_on_a_rest_day_has_to_be_meant(mine: Mine) -> None:
    case_id = await at_level_1(mine)
    today = (await mine.now()).astimezone(SHANGHAI).date()
    sunday = today + timedelta(days=13 - today.weekday())
    # 24:00 of Sunday is Sunday's, and midnight before it Saturday's.
    for days, date in ((1, sunday), (0, sunday - timedelta(days=1))):
        midnight = datetime.combine(sunday + timedelta(days=days), time(), SHANGHAI)
        request = await order(mine, case_id, deadline=midnight)
        request.allow_rest_day = False
        answer = await mine.refused("InstructCase", request)
        assert answer.reason == "DEADLINE_ON_REST_DAY"
        assert (answer.metadata["date"], answer.fields) == (date.isoformat(), ("deadline_time",))
    assert not (await mine.route(case_id)).HasField("instruct_time")
    request.allow_rest_day = True
    await mine.ask("InstructCase", request)
    assert len((await mine.route(case_id)).work_orders) == 1


async def test_without_sla_a_rest_day_is_not_seen(mine: Mine) -> None:
    case_id = await at_level_1(mine)
    today = (await mine.now()).astimezone(SHANGHAI).date()
    sunday = today + timedelta(days=13 - today.weekday())
    mine.sla.away = True
    noon = datetime.combine(sunday, time(12), SHANGHAI)
    request = await order(mine, case_id, deadline=noon)
    request.allow_rest_day = False
    await mine.ask("InstructCase", request)
    assert len((await mine.route(case_id)).work_orders) == 1


async def test_while_a_resolution_is_in_hand_no_order_goes_out(mine: Mine) -> None:
    case_id = await at_level_1(mine)
    seal = rpc.SealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder=str(uuid.uuid4()))
    await mine.ask("SealWorkOrders", seal, "service:intake")
    request = await order(mine, case_id)
    assert (await mine.refused("InstructCase", request)).reason == "WORK_ORDERS_SEALED"
    assert mine.intake.asked == 0
    # A lapsed one is intake's to tell about.
    await mine.advance(SEAL_LEASE + timedelta(seconds=1))
    mine.intake.state = intake_pb2.CASE_STATE_RESOLVED
    assert (await mine.refused("InstructCase", request)).reason == "CASE_NOT_OPEN"
    assert not (await mine.route(case_id)).HasField("instruct_time")
    mine.intake.state = intake_pb2.CASE_STATE_IN_PROGRESS
    await mine.ask("InstructCase", request)
    assert mine.intake.asked == 2
    # Nobody needs to be asked for an answer that orders nothing.
    other = await at_level_1(mine)
    await instruct(mine, other, "sun", "DISPATCHER")
    assert mine.intake.asked == 2


async def test_no_order_goes_to_a_unit_whose_head_it_is_about(mine: Mine) -> None:
    case_id = await about(mine, "wang")
    await mine.breached(case_id)
    answer = await mine.refused("InstructCase", await order(mine, case_id))
    assert (answer.reason, answer.metadata) == ("PERSON_SHIELDED", {"person_id": "wang"})
    assert not (await mine.route(case_id)).HasField("instruct_time")
    await mine.ask("InstructCase", await order(mine, case_id, "joint-1"))


async def test_a_category_has_a_ladder_of_its_own(mine: Mine) -> None:
    with_own = directory()
    with_own.category_ladders.add(
        category_id="BATHING",
        levels=[
            pb.LadderLevel(position_id="DIRECTOR", dwell_working_days=3),
            pb.LadderLevel(position_id="LEADING_GROUP", dwell_working_days=1),
        ],
    )
    await mine.publish_directory(with_own)
    case_id = str(uuid.uuid4())
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id="bathhouse", category="BATHING"
    )
    await mine.hear("intake", case_id, message)
    plain = await mine.registered()
    for one in (case_id, plain):
        for _ in range(3):
            await mine.breached(one)
    assert await climbed(mine, case_id) == [
        (1, "DIRECTOR", "zhou", 3),
        (2, "LEADING_GROUP", "position:DISPATCH_ROOM", 0),
    ]
    assert [level[1] for level in await climbed(mine, plain)] == [
        "DUTY_LEAD",
        "DIRECTOR",
        "LEADING_GROUP",
    ]
    # The category's top is no level that the site's own ladder ends with.
    request = rpc.InstructCaseRequest(case_id=case_id, kind=ORDER, text="x")
    answer = await mine.refused("InstructCase", request, "DISPATCHER", who="sun")
    assert (answer.reason, answer.metadata) == ("NOT_OF_THE_LEVEL", {"level": "2"})


async def climbed(mine: Mine, case_id: str) -> list[tuple[int, str, str, int]]:
    return [
        (fact.to_level, fact.position_id, fact.accountable, fact.dwell_working_days)
        for fact in await mine.facts(case_id)
        if isinstance(fact, facts.CaseEscalated)
    ]


async def test_in_the_place_of_an_accused_the_alternate_chain_has_the_level(mine: Mine) -> None:
    """No level is skipped, and from the one above on the ladder goes on as ever."""
    case_id = await about(mine, "sun")
    for _ in range(2):
        await mine.breached(case_id)
    assert await climbed(mine, case_id) == [
        (1, "DUTY_LEAD", "wu", 1),
        (2, "DIRECTOR", "zhou", 2),
    ]
    seen = await mine.ask("GetRoute", rpc.GetRouteRequest(case_id=case_id), who="zhang")
    assert seen.route.accountable == "zhou"


async def test_the_line_below_an_accused_has_no_level_either(mine: Mine) -> None:
    case_id = await about(mine, "zhou")
    for _ in range(3):
        await mine.breached(case_id)
    assert await climbed(mine, case_id) == [
        (1, "DUTY_LEAD", "wu", 1),
        (2, "DIRECTOR", "wu", 2),
        # Vacant; the dispatch room's queue isn't for such a case.
        (3, "LEADING_GROUP", "wu", 0),
    ]


async def test_when_all_are_accused_it_waits_outside_the_mine(mine: Mine) -> None:
    case_id = await about(mine, "sun", "wu", "zheng")
    await mine.breached(case_id)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.accountable, last.fallback) == ("position:GROUP_INSPECTION", True)


async def test_nobody_answers_for_a_case_about_themselves_or_one_above(mine: Mine) -> None:
    case_id = await about(mine, "zhou")
    await mine.breached(case_id)
    request = rpc.InstructCaseRequest(case_id=case_id, kind=TAKE_OVER, text="x")
    # Zhang has no position, but the director's role as well.
    for who, reason in (
        ("zhou", "ROUTE_NOT_FOUND"),
        ("sun", "CONFLICT_OF_INTEREST"),
        ("zhang", "CONFLICT_OF_INTEREST"),
    ):
        answer = await mine.refused("InstructCase", request, "LEADER DIRECTOR", who=who)
        assert (answer.reason, answer.metadata) == (reason, {"case_id": case_id})
    route = await instruct(mine, case_id, "wu", "LEADER", TAKE_OVER)
    assert (route.level, route.accountable) == (1, "wu")


async def test_a_role_is_no_way_round_the_line_below_an_accused(mine: Mine) -> None:
    """It is about the top, and nobody of the alternate chain is there: the level is vacant."""
    led = directory()
    for position in led.positions:
        if position.position_id == "LEADING_GROUP":
            position.holder = "li"
        elif position.position_id == "UNION":
            position.holder = ""
    await mine.publish_directory(led)
    case_id = await about(mine, "li", "zheng")
    await mine.breached(case_id)
    assert (await mine.route(case_id)).accountable == "position:GROUP_INSPECTION"
    take = rpc.InstructCaseRequest(case_id=case_id, kind=TAKE_OVER, text="x")
    down = rpc.DeescalateCaseRequest(case_id=case_id, reason="x")
    for method, request in (("InstructCase", take), ("DeescalateCase", down)):
        answer = await mine.refused(method, request, "DIRECTOR", who="zhao")
        assert (answer.reason, answer.metadata) == ("CONFLICT_OF_INTEREST", {"case_id": case_id})
    # Who has come to the chain since may, though the level isn't theirs yet.
    for position in led.positions:
        if position.position_id == "UNION":
            position.holder = "zhao"
    await mine.publish_directory(led)
    route = await instruct(mine, case_id, "zhao", "DIRECTOR", TAKE_OVER)
    assert (route.level, route.accountable) == (1, "zhao")
    explain = rpc.ExplainRouteRequest(case_id=case_id)
    decision = (await mine.ask("ExplainRoute", explain, "CLERK", who="wang")).decisions[-1]
    assert decision.steps[0].sentence.startswith("第1级已批示，由赵六（zhao）办理：")


async def test_another_owner_after_a_recusal_has_until_the_same_deadline(mine: Mine) -> None:
    """sla lets the level's clock run on; its breach takes the case up all the same."""
    case_id = await at_level_1(mine)
    reached = await mine.now()
    request = rpc.RecuseFromCaseRequest(case_id=case_id, reason="亲属")
    await mine.ask("RecuseFromCase", request, "DISPATCHER", who="sun")
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.from_level, last.to_level, last.accountable) == (1, 1, "wu")
    assert (last.dwell_working_days, last.top) == (1, False)
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=reached)
    assert (await mine.route(case_id)).level == 2


@pytest.mark.parametrize("text", ["", "x" * 2001])
async def test_words_are_needed_and_not_too_many(mine: Mine, text: str) -> None:
    case_id = await at_level_1(mine)
    request = rpc.InstructCaseRequest(case_id=case_id, kind=ORDER, text=text)
    assert (await mine.refused("InstructCase", request)).fields == ("text",)
