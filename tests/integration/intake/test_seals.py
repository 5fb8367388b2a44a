"""Nothing is resolved or closed over an open work order, whoever asks at the same time."""

import asyncio

import grpc
from google.protobuf.message import Message

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.testing import read_refusal
from tests.integration.intake.conftest import Peers
from tests.integration.intake.window import NOW, Window


def resolve(case_id: str, request_id: str = "") -> rpc.ResolveCaseRequest:
    return rpc.ResolveCaseRequest(
        request_id=request_id,
        case_id=case_id,
        resolution="已更换",
        outcome=pb.OUTCOME_SOLVED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )


def dispatched(case_id: str) -> routing_facts_pb2.WorkOrdersDispatched:
    return routing_facts_pb2.WorkOrdersDispatched(
        case_id=case_id,
        work_orders=[
            routing_pb2.WorkOrder(
                work_order_id="wo-1",
                unit_id="bath",
                lead=True,
                task="换淋浴头",
                dispatch_time=to_timestamp(NOW),
                deadline_time=to_timestamp(NOW),
                state=routing_pb2.WORK_ORDER_STATE_DISPATCHED,
            )
        ],
    )


async def outcome(window: Window, request: Message, *roles: str) -> str:
    try:
        await window.ask(request, *roles)
    except grpc.aio.AioRpcError as error:
        return read_refusal(error).reason
    return "OK"


async def test_the_seal_is_the_requests_own(window: Window, peers: Peers) -> None:
    case_id = (await window.register()).case.case_id
    await window.ask(resolve(case_id, "resolve-by-s-1"), "STEWARD")
    assert peers.seals == {(case_id, "resolve-by-s-1")}


async def test_the_loser_of_two_resolutions_leaves_the_winners_seal(
    window: Window, peers: Peers
) -> None:
    for _ in range(6):
        case_id = (await window.register()).case.case_id
        peers.unsealed.clear()
        ids = [new_id(), new_id()]
        outcomes = await asyncio.gather(
            *(outcome(window, resolve(case_id, one), "STEWARD") for one in ids)
        )
        assert sorted(outcomes) == ["OK", "WRONG_STATE"]
        winner = ids[outcomes.index("OK")]
        assert (case_id, winner) in peers.seals
        assert (case_id, winner) not in peers.unsealed


async def test_two_callers_with_one_request_id_share_no_harm(window: Window, peers: Peers) -> None:
    for _ in range(6):
        case_id = (await window.register()).case.case_id
        request = resolve(case_id, new_id())
        outcomes = await asyncio.gather(
            outcome(window, request, "STEWARD"), outcome(window, request, "DIRECTOR")
        )
        assert sorted(outcomes) == ["OK", "WRONG_STATE"]
        assert (case_id, request.request_id) in peers.seals


async def test_a_refused_resolution_gives_its_own_seal_back(window: Window, peers: Peers) -> None:
    case_id = (await window.register()).case.case_id
    request = resolve(case_id)
    request.expected_version = 1

    async def meanwhile() -> None:
        escalate = rpc.EscalateCaseRequest(case_id=case_id, reason="超出权限")
        await window.ask(escalate, "DIRECTOR")

    peers.meanwhile = meanwhile
    assert await outcome(window, request, "STEWARD") == "VERSION_MISMATCH"
    assert peers.unsealed == [(case_id, request.request_id)]
    assert peers.seals == set()


async def test_what_is_refused_anyway_is_never_sealed(window: Window, peers: Peers) -> None:
    case_id = (await window.register()).case.case_id
    early = resolve(case_id)
    early.ClearField("feedback")
    assert await outcome(window, early, "STEWARD") == "NOT_ANSWERED"
    assert peers.asked == 0


async def test_a_replay_never_asks_routing(window: Window, peers: Peers) -> None:
    made = await window.register()
    case_id = made.case.case_id
    request = resolve(case_id, new_id())
    await window.ask(request, "STEWARD")
    await window.ask(rpc.RejectCaseRequest(case_id=case_id, reason="没修好"), "CLERK")
    asked = peers.asked
    peers.open_work_orders = 1
    again = await window.ask(request, "STEWARD")
    assert (again.case.state, again.case.cycle) == (pb.CASE_STATE_IN_PROGRESS, 2)
    assert peers.asked == asked
    assert peers.unsealed == []
    request.resolution = "别的"
    assert await outcome(window, request, "STEWARD") == "REQUEST_ID_REUSED"


async def test_routings_seal_counts_not_what_intake_has_heard(window: Window, peers: Peers) -> None:
    made = await window.register()
    case_id = made.case.case_id
    # Its completion is known to routing, and still on its way to intake.
    await window.tell("routing", case_id, "yuwu", dispatched(case_id))
    assert await outcome(window, resolve(case_id), "STEWARD") == "OK"
    confirm = rpc.ConfirmCaseRequest(
        case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
    )
    await window.ask(confirm, nobody=True)
    close = rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED)
    assert await outcome(window, close, "DISPATCHER") == "OK"
    done = routing_facts_pb2.WorkOrderCompleted(case_id=case_id, work_order_id="wo-1")
    await window.tell("routing", case_id, "yuwu", done)
    assert await window.findings() == []


async def test_routing_may_ask_how_a_case_stands(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    reply = await window.ask(rpc.GetCaseRequest(case_id=case_id), service="routing")
    assert reply.case.state == pb.CASE_STATE_RESOLVED
