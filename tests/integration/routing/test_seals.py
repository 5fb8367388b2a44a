"""Seals: who holds them, how long they last, and what a lapsed one means."""

from datetime import timedelta

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.ids import new_id
from services.routing.peers import Cases
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.doing import complete, dispatch, task

LAPSED = timedelta(seconds=121)


async def seal(mine: Mine, case_id: str, holder: str = "one") -> None:
    request = rpc.SealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder=holder)
    await mine.ask("SealWorkOrders", request, "service:intake")


async def unseal(mine: Mine, case_id: str, holder: str = "one") -> None:
    request = rpc.UnsealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder=holder)
    await mine.ask("UnsealWorkOrders", request, "service:intake")


async def dispatch_refused(mine: Mine, case_id: str, request_id: str = "") -> str:
    """Tries to send a task and returns the reason of the refusal."""
    request = rpc.DispatchWorkOrdersRequest(
        case_id=case_id,
        request_id=request_id,
        tasks=[task("bathhouse", await mine.now())],
        allow_rest_day=True,
    )
    return (await mine.refused("DispatchWorkOrders", request)).reason


async def seals(mine: Mine) -> int:
    return int(await mine.value("SELECT count(*) FROM seals"))


async def test_a_seal_refuses_open_work_orders_and_new_ones(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    request = rpc.SealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder="one")
    answer = await mine.refused("SealWorkOrders", request, "service:intake")
    assert (answer.reason, answer.metadata) == ("WORK_ORDERS_OPEN", {"count": "1"})
    await complete(mine, case_id, order)
    await seal(mine, case_id)
    assert (await mine.route(case_id)).sealed
    assert await dispatch_refused(mine, case_id) == "WORK_ORDERS_SEALED"
    await unseal(mine, case_id)
    await unseal(mine, case_id)
    assert not (await mine.route(case_id)).sealed
    assert await dispatch(mine, case_id, "bathhouse")
    assert mine.intake.asked == 0


async def test_whoever_lost_takes_back_only_their_own_seal(mine: Mine) -> None:
    case_id = await mine.registered()
    await seal(mine, case_id, "winner")
    await seal(mine, case_id, "loser")
    await unseal(mine, case_id, "loser")
    assert (await mine.route(case_id)).sealed
    assert await dispatch_refused(mine, case_id) == "WORK_ORDERS_SEALED"
    await unseal(mine, case_id, "winner")
    assert not (await mine.route(case_id)).sealed


async def test_a_holder_that_seals_twice_renews_its_two_minutes(mine: Mine) -> None:
    case_id = await mine.registered()
    await seal(mine, case_id)
    await mine.advance(timedelta(seconds=119))
    assert (await mine.route(case_id)).sealed
    await seal(mine, case_id)
    await mine.advance(timedelta(seconds=119))
    assert (await mine.route(case_id)).sealed
    await mine.advance(timedelta(seconds=2))
    assert not (await mine.route(case_id)).sealed
    assert await seals(mine) == 1


async def test_after_a_lapsed_seal_intake_says_whether_the_case_is_in_hand(mine: Mine) -> None:
    case_id = await mine.registered()
    await seal(mine, case_id, "one")
    await seal(mine, case_id, "two")
    await mine.advance(LAPSED)
    for state in (intake_pb2.CASE_STATE_RESOLVED, intake_pb2.CASE_STATE_CLOSED):
        mine.intake.state = state
        assert await dispatch_refused(mine, case_id) == "CASE_NOT_OPEN"
    assert await seals(mine) == 2
    mine.intake.state = intake_pb2.CASE_STATE_IN_PROGRESS
    asked = mine.intake.asked
    (order,) = await dispatch(mine, case_id, "bathhouse")
    assert await seals(mine) == 0
    await complete(mine, case_id, order)
    assert await dispatch(mine, case_id, "logistics")
    assert mine.intake.asked == asked + 1


async def test_after_a_lapsed_seal_nothing_is_sent_while_intake_is_away(mine: Mine) -> None:
    case_id = await mine.registered()
    await seal(mine, case_id)
    await mine.advance(LAPSED)
    mine.intake.away = True
    request = rpc.DispatchWorkOrdersRequest(
        case_id=case_id, tasks=[task("bathhouse", await mine.now())], allow_rest_day=True
    )
    answer = await mine.refused("DispatchWorkOrders", request)
    assert (answer.reason, answer.metadata["dependency"]) == ("DEPENDENCY_UNAVAILABLE", "intake")
    assert answer.code == grpc.StatusCode.UNAVAILABLE
    assert await seals(mine) == 1
    mine.intake.away = False
    await mine.ask("DispatchWorkOrders", request)
    # What was sent is told again without asking anybody.
    await seal_lapsed_by_hand(mine, case_id)
    mine.intake.away = True
    assert len((await mine.ask("DispatchWorkOrders", request)).work_order_ids) == 1


async def seal_lapsed_by_hand(mine: Mine, case_id: str) -> None:
    """Leaves a lapsed seal behind beside an open work order, which no caller can."""
    async with mine.database.worker.connection() as connection:
        await connection.execute(
            "INSERT INTO seals (case_id, site_id, holder, until_time) VALUES ($1, $2, 'x', $3)",
            case_id,
            SITE,
            await mine.now() - timedelta(minutes=1),
        )


async def test_a_seal_made_while_intake_was_asked_is_respected(mine: Mine) -> None:
    case_id = await mine.registered()
    await seal(mine, case_id, "one")
    await mine.advance(LAPSED)

    async def meanwhile() -> None:
        await seal(mine, case_id, "two")

    mine.intake.before_answer = meanwhile
    assert await dispatch_refused(mine, case_id) == "WORK_ORDERS_SEALED"
    assert await seals(mine) == 2


async def test_without_an_address_of_intake_nobody_can_be_asked() -> None:
    with pytest.raises(Exception, match="DEPENDENCY_UNAVAILABLE"):
        await Cases(None).require_in_hand(new_id())


async def test_intakes_facts_end_the_seals_made_before_them(mine: Mine) -> None:
    resolved, rejected, closed = [await mine.registered() for _ in range(3)]
    for case_id in (resolved, rejected, closed):
        await seal(mine, case_id)
    await mine.hear("intake", resolved, intake.CaseResolved(case_id=resolved, cycle=1))
    again = intake.CaseRejected(case_id=rejected, cycle=1, new_cycle=2)
    await mine.hear("intake", rejected, again)
    await mine.hear("intake", closed, intake.CaseClosed(case_id=closed))
    assert await seals(mine) == 0
    assert await dispatch(mine, rejected, "bathhouse")


async def test_a_late_fact_of_the_old_cycle_leaves_the_seal_of_the_new_one(mine: Mine) -> None:
    case_id = await mine.registered()
    resolve_time = await mine.now()
    await mine.advance(timedelta(minutes=10))
    await seal(mine, case_id, "cycle-2")
    await mine.hear(
        "intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1), time=resolve_time
    )
    await mine.hear(
        "intake",
        case_id,
        intake.CaseRejected(case_id=case_id, cycle=1, new_cycle=2),
        time=resolve_time + timedelta(minutes=5),
    )
    assert await dispatch_refused(mine, case_id) == "WORK_ORDERS_SEALED"


async def test_a_case_not_heard_of_yet_can_be_sealed(mine: Mine) -> None:
    case_id = new_id()
    await seal(mine, case_id)
    message = intake.CaseRegistered(case_id=case_id, site_id=SITE, unit_id="bathhouse")
    await mine.hear("intake", case_id, message)
    assert (await mine.route(case_id)).sealed
    foreign = rpc.SealWorkOrdersRequest(case_id=case_id, site_id="gucheng", holder="one")
    wrong = await mine.refused("SealWorkOrders", foreign, "service:intake")
    assert wrong.reason == "ROUTE_NOT_FOUND"


async def test_people_and_other_services_do_not_seal(mine: Mine) -> None:
    case_id = await mine.registered()
    request = rpc.SealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder="one")
    for roles in ("DIRECTOR", "service:sla"):
        answer = await mine.refused("SealWorkOrders", request, roles)
        assert answer.code == grpc.StatusCode.PERMISSION_DENIED


async def test_a_resolved_case_takes_nothing_until_it_is_rejected(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    assert (await mine.route(case_id)).sealed
    await unseal(mine, case_id)
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
