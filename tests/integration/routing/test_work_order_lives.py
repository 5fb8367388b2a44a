"""Lives of cases that nobody would think of: whatever is done to tasks, the books agree."""

import random
from collections import Counter
from datetime import timedelta

import grpc
import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from chassis.testing import read_refusal
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.doing import findings, registered, task

STEPS = 120
UNITS = ["bathhouse", "logistics", "joint-1"]
# What a caller may hear who doesn't look before asking.
EXPECTED = {
    "CASE_NOT_OPEN",
    "DEADLINE_HAS_PASSED",
    "EXTENSION_NOT_ASKED",
    "INVALID_FIELD",
    "JOINT_MEETING_NEEDED",
    "JOINT_MEETING_NOT_DUE",
    "OWN_EXTENSION",
    "WORK_ORDERS_OPEN",
    "WORK_ORDERS_SEALED",
    "WORK_ORDER_LEAD",
    "WORK_ORDER_RETURNED_TWICE",
    "WORK_ORDER_SAME_UNIT",
    "WORK_ORDER_WRONG_STATE",
}

# What may go through, and how often it is tried beside the rest.
_WITH_UNIT = {
    "CompleteWorkOrderRequest": 2,
    "ReturnWorkOrderRequest": 4,
    "AskExtensionRequest": 3,
    "DecideExtensionRequest": 2,
}
FITTING = {
    pb.WORK_ORDER_STATE_DISPATCHED: {"AcceptWorkOrderRequest": 1, **_WITH_UNIT},
    pb.WORK_ORDER_STATE_ACCEPTED: {"ExtendWorkOrderRequest": 1, **_WITH_UNIT},
    pb.WORK_ORDER_STATE_RETURNED: {"RuleWorkOrderRequest": 1, "HoldJointMeetingRequest": 1},
    pb.WORK_ORDER_STATE_COMPLETED: {"ReopenWorkOrderRequest": 2, "UnsealWorkOrdersRequest": 1},
}


class Life:
    """One case, and whatever comes to mind about it."""

    def __init__(self, mine: Mine, case_id: str, dice: random.Random) -> None:
        self.mine = mine
        self.case_id = case_id
        self.dice = dice
        self.orders: list[str] = []
        self.heard: Counter[str] = Counter()
        self.cycle = 1

    async def step(self) -> None:
        """Does something, checks what must hold after it, and lets time pass."""
        before = (await self.mine.route(self.case_id)).version
        method, request, who = await self.something()
        roles = "service:intake" if method.startswith(("Seal", "Unseal")) else "DIRECTOR"
        try:
            answer = await self.mine.ask(method, request, roles, who=who)
        except grpc.aio.AioRpcError as error:
            refusal = read_refusal(error)
            assert refusal.reason in EXPECTED, (method, refusal.reason)
            self.heard[refusal.reason] += 1
            assert (await self.mine.route(self.case_id)).version == before
        else:
            self.heard[method] += 1
            if method == "DispatchWorkOrders":
                self.orders += answer.work_order_ids
        route = await self.mine.route(self.case_id)
        working = [o for o in route.work_orders if o.state != pb.WORK_ORDER_STATE_COMPLETED]
        assert sum(order.lead for order in working) <= 1
        await self.mine.advance(timedelta(minutes=self.dice.choice([0, 0, 7, 90, 900])))

    async def something(self) -> tuple[str, Message, str]:
        dice, case_id = self.dice, self.case_id
        now = await self.mine.now()
        later = to_timestamp(now + timedelta(days=dice.choice([1, 3, 9])))
        who = dice.choice(["sun", "zhou"])
        if not self.orders or dice.random() < 0.1:
            unit = dice.choice(UNITS)
            request = rpc.DispatchWorkOrdersRequest(
                case_id=case_id,
                tasks=[task(unit, now, lead=dice.random() < 0.3)],
                allow_rest_day=True,
            )
            return "DispatchWorkOrders", request, who
        order = dice.choice(self.orders)
        unit = dice.choice(UNITS)
        acts: list[Message] = [
            rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=order),
            rpc.CompleteWorkOrderRequest(
                case_id=case_id,
                work_order_id=order,
                result="x",
                evidence=[pb.Evidence(name="照片", reference="x")],
            ),
            rpc.ReturnWorkOrderRequest(case_id=case_id, work_order_id=order, reason="x"),
            rpc.RuleWorkOrderRequest(
                case_id=case_id,
                work_order_id=order,
                kind=dice.choice([1, 2, 3]),  # type: ignore[arg-type] # any kind of ruling
                unit_id=unit,
                text="x",
            ),
            rpc.HoldJointMeetingRequest(
                case_id=case_id,
                work_order_id=order,
                unit_ids=UNITS,
                lead_unit_id=unit,
                minutes="x",
            ),
            rpc.ExtendWorkOrderRequest(
                case_id=case_id, work_order_id=order, deadline_time=later, reason="x"
            ),
            rpc.AskExtensionRequest(
                case_id=case_id,
                work_order_id=order,
                deadline_time=later,
                reason="x",
                allow_rest_day=True,
            ),
            rpc.DecideExtensionRequest(
                case_id=case_id, work_order_id=order, granted=dice.random() < 0.5, words="x"
            ),
            rpc.ReopenWorkOrderRequest(
                case_id=case_id,
                work_order_id=order,
                deadline_time=later,
                reason="x",
                allow_rest_day=True,
            ),
            rpc.RecordJointSurveyRequest(case_id=case_id, unit_ids=UNITS, place="x", findings="x"),
            rpc.SealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder="one"),
            rpc.UnsealWorkOrdersRequest(case_id=case_id, site_id=SITE, holder="one"),
        ]
        one = dice.choice(acts)
        if dice.random() < 0.8:
            # Something that may well go through.
            states = {
                o.work_order_id: o.state for o in (await self.mine.route(case_id)).work_orders
            }
            fitting = FITTING[states[order]]
            weights = [fitting.get(act.DESCRIPTOR.name, 0) for act in acts]
            (one,) = dice.choices(acts, weights)
        return one.DESCRIPTOR.name.removesuffix("Request"), one, who

    async def solved(self) -> None:
        """Settles what is open, and has the case resolved and rejected."""
        for order in (await self.mine.route(self.case_id)).work_orders:
            if order.state == pb.WORK_ORDER_STATE_RETURNED:
                await self.ruled(order)
            if order.state != pb.WORK_ORDER_STATE_COMPLETED:
                request = rpc.CompleteWorkOrderRequest(
                    case_id=self.case_id, work_order_id=order.work_order_id, result="x"
                )
                await self.mine.ask("CompleteWorkOrder", request)
        resolved = intake.CaseResolved(case_id=self.case_id, cycle=self.cycle)
        await self.mine.hear("intake", self.case_id, resolved)
        await self.mine.advance(timedelta(hours=30))
        again = intake.CaseRejected(
            case_id=self.case_id, cycle=self.cycle, new_cycle=self.cycle + 1
        )
        await self.mine.hear("intake", self.case_id, again)
        self.cycle += 1

    async def ruled(self, order: pb.WorkOrder) -> None:
        if order.return_count == 2:
            meeting = rpc.HoldJointMeetingRequest(
                case_id=self.case_id,
                work_order_id=order.work_order_id,
                unit_ids=UNITS,
                lead_unit_id=UNITS[0],
                minutes="x",
            )
            await self.mine.ask("HoldJointMeeting", meeting)
            return
        ruling = rpc.RuleWorkOrderRequest(
            case_id=self.case_id,
            work_order_id=order.work_order_id,
            kind=pb.RULING_KIND_UPHOLD,
            text="x",
        )
        await self.mine.ask("RuleWorkOrder", ruling)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_is_done_to_tasks_the_books_agree(mine: Mine, seed: int) -> None:
    case_id = await registered(mine)
    life = Life(mine, case_id, random.Random(seed))
    for number in range(STEPS):
        await life.step()
        if number % 40 == 39:
            assert await findings(mine) == []
            await life.solved()
    assert await findings(mine) == []
    # Most of what can be done was done.
    for method in (
        "ReturnWorkOrder",
        "RuleWorkOrder",
        "HoldJointMeeting",
        "ReopenWorkOrder",
    ):
        assert life.heard[method], life.heard
    request = rpc.GetAttributedTimeRequest(case_id=case_id)
    response = await mine.ask("GetAttributedTime", request)
    assert sum(share.working_time.seconds for share in response.shares) == (
        response.working_time.seconds
    )
    assert {"zhang", "reporter", "position:DISPATCH_ROOM"} <= {
        share.holder for share in response.shares
    }
