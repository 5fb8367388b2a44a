"""Facts of two sources in any order, twice, late, or of a cycle gone by."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from google.protobuf.message import Message

from backstop.fact.v1 import fact_pb2
from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from chassis.journal import timestamp
from tests.integration.sla.conftest import Sla, fed_back
from tests.integration.sla.test_acts import assert_replayed
from tests.integration.sla.test_facts import SPOKEN, at


async def test_duplicates_change_nothing(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    answer = sla.fact(fed_back(case_id, intake_pb2.ANSWER_KIND_PROGRESS, SPOKEN), SPOKEN)
    await sla.take(answer)
    before = await sla.published()
    await sla.take(answer)
    await sla.take(answer, answer)
    assert await sla.published() == before


async def test_routing_may_be_heard_before_intake(sla: Sla) -> None:
    registered = sla.fact(
        intake_facts_pb2.CaseRegistered(
            case_id="0198c5a0-0000-7000-8000-000000000001", occurred_time=timestamp(SPOKEN)
        ),
        SPOKEN,
    )
    assigned = sla.fact(
        routing_facts_pb2.CaseAssigned(
            case_id=registered.subject_id, accountable="position:DISPATCH_ROOM"
        ),
        SPOKEN,
    )
    await sla.take(assigned)
    assert await sla.published() == []
    await sla.take(registered)
    names = [type(fact).__name__ for fact in await sla.published()]
    assert names == ["ClocksStarted", "ClocksStarted"]


async def test_facts_of_a_cycle_gone_by_move_nothing(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    await sla.tell(
        routing_facts_pb2.CaseAssigned(case_id=case_id, steward="p-7", accountable="p-7"), SPOKEN
    )
    resolved, rejected = at("11-20 11:00"), at("11-20 12:00")
    await sla.tell(
        intake_facts_pb2.CaseResolved(case_id=case_id, cycle=1, resolve_time=timestamp(resolved)),
        resolved,
    )
    await sla.tell(
        intake_facts_pb2.CaseRejected(
            case_id=case_id, new_cycle=2, reject_time=timestamp(rejected)
        ),
        rejected,
    )
    before = await sla.published(case_id)
    late = at("11-20 12:01")
    for cycle, count in ((1, 0), (2, 1)):
        await sla.tell(
            routing_facts_pb2.CaseEscalated(
                case_id=case_id,
                cycle=cycle,
                to_level=1,
                dwell_working_days=1,
                escalate_time=timestamp(late),
            ),
            late,
        )
        assert len(await sla.published(case_id)) == len(before) + count
    for cycle, count in ((1, 1), (2, 2)):
        await sla.tell(
            routing_facts_pb2.CaseInstructed(
                case_id=case_id, cycle=cycle, level=1, accountable="p-7"
            ),
            late,
        )
        assert len(await sla.published(case_id)) == len(before) + count


async def test_all_orders_of_two_sources_end_alike(sla: Sla) -> None:
    """Intake's and routing's facts of one case, in every order that their numbers allow."""
    ends = set()
    spoken = await sla.now() - timedelta(minutes=10)
    for order in range(20):
        (case_id,) = await sla.register(spoken)
        intake = [
            sla.fact(fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, spoken), spoken),
            sla.fact(fed_back(case_id, intake_pb2.ANSWER_KIND_PROGRESS, spoken), spoken),
            sla.fact(
                intake_facts_pb2.CaseConfirmed(case_id=case_id, cycle=1, counts=False), spoken
            ),
        ]
        routing = [
            sla.fact(
                routing_facts_pb2.CaseAssigned(case_id=case_id, steward="p-7", accountable="p-7"),
                spoken,
            ),
            sla.fact(
                routing_facts_pb2.CaseEscalated(
                    case_id=case_id,
                    cycle=1,
                    to_level=1,
                    dwell_working_days=1,
                    escalate_time=timestamp(spoken + timedelta(minutes=1)),
                ),
                spoken,
            ),
            sla.fact(
                routing_facts_pb2.CaseInstructed(
                    case_id=case_id,
                    cycle=1,
                    level=1,
                    accountable="p-7",
                    instruct_time=timestamp(spoken),
                ),
                spoken,
            ),
        ]
        # Which of the six places are intake's: the order-th choice of three out of six.
        for place in _choices()[order]:
            await sla.take((intake if place else routing).pop(0))
        clocks = await sla.rows(
            "SELECT kind, state, reference <> '' AS referring, due_time, stop_time FROM clocks"
            " WHERE subject_id = $1 ORDER BY kind, due_time",
            case_id,
        )
        ends.add(tuple(tuple(row.values()) for row in clocks))
    assert len(ends) == 1


# What routing may tell of a new cycle soon after the reporter said no.
NEWS = {
    "returned": ["returned"],
    "up": ["up"],
    "up and down": ["up", "down"],
    "returned and up": ["returned", "up"],
}


def _news(case_id: str, what: str, minute: int) -> Message:
    time = timestamp(at("11-20 12:00") + timedelta(minutes=minute))
    match what:
        case "returned":
            return routing_facts_pb2.WorkOrderReturned(
                case_id=case_id, work_order_id="w-1", return_time=time
            )
        case "up":
            return routing_facts_pb2.CaseEscalated(
                case_id=case_id,
                cycle=2,
                to_level=2,
                dwell_working_days=1,
                accountable="p-2",
                escalate_time=time,
            )
        case _:
            return routing_facts_pb2.CaseDeescalated(
                case_id=case_id,
                cycle=2,
                from_level=2,
                to_level=1,
                dwell_working_days=1,
                accountable="p-1",
                deescalate_time=time,
            )


async def _end(sla: Sla, case_id: str) -> tuple[tuple[Any, ...], tuple[tuple[Any, ...], ...]]:
    """Returns how a case and its clocks stand, without what tells one case from another.

    Nor when they were heard of: what happens long after now stops clocks at once.
    """
    (case,) = await sla.rows(
        "SELECT state, cycle, steward, accountable, level, level_time, at_ladder_end"
        " FROM cases WHERE case_id = $1",
        case_id,
    )
    clocks = await sla.rows(
        "SELECT kind, cycle, reference, state, start_time, due_time FROM clocks"
        " WHERE subject_id = $1 AND kind <> 'REMINDER' ORDER BY kind, cycle, start_time",
        case_id,
    )
    return tuple(case.values()), tuple(tuple(clock.values()) for clock in clocks)


@pytest.mark.parametrize("name", NEWS)
async def test_news_of_a_new_cycle_that_overtakes_the_rejection_is_kept(
    sla: Sla, name: str
) -> None:
    """Routing hears the reporter's no before sla does, and what then happens is heard first."""

    def life(case_id: str) -> tuple[list[fact_pb2.Fact], list[fact_pb2.Fact]]:
        resolved, rejected = at("11-20 11:00"), at("11-20 12:00")
        begins = routing_facts_pb2.CaseAssigned(
            case_id=case_id, steward="p-7", accountable="p-7", assign_time=timestamp(rejected)
        )
        of_intake = [
            sla.fact(
                intake_facts_pb2.CaseResolved(
                    case_id=case_id, cycle=1, resolve_time=timestamp(resolved)
                ),
                resolved,
            ),
            sla.fact(
                intake_facts_pb2.CaseRejected(
                    case_id=case_id, new_cycle=2, reject_time=timestamp(rejected)
                ),
                rejected,
            ),
        ]
        of_routing = [
            # The first thing that routing tells of a cycle follows from the rejection.
            sla.fact(begins, rejected, follows=3),
            *(
                sla.fact(_news(case_id, what, minute), rejected + timedelta(minutes=minute))
                for minute, what in enumerate(NEWS[name], 1)
            ),
        ]
        return of_intake, of_routing

    ends = set()
    count = 2 + 1 + len(NEWS[name])
    # Intake's two in their order, the others among them and each other in any.
    for order in permutations(range(count)):
        if order.index(0) > order.index(1):
            continue
        (case_id,) = await sla.register(SPOKEN)
        of_intake, of_routing = life(case_id)
        sent = [*of_intake, *of_routing]
        for place in order:
            await sla.take(sent[place])
        ends.add(await _end(sla, case_id))
        await assert_replayed(sla, case_id)
    ((case, clocks),) = ends
    state, cycle, _, accountable, level, *_ = case
    assert (state, cycle) == ("OPEN", 2)
    kinds = {(kind, reference) for kind, of_cycle, reference, *_ in clocks if of_cycle == 2}
    assert {("FIRST_REPLY", ""), ("PLAN", "")} <= kinds
    if "returned" in NEWS[name]:
        assert ("RULING", "w-1") in kinds
    if "up" in NEWS[name]:
        assert ("ESCALATION", "level:2") in kinds
    assert (level, accountable) == {
        "returned": (0, "p-7"),
        "up": (2, "p-2"),
        "up and down": (1, "p-1"),
        "returned and up": (2, "p-2"),
    }[name]


def _choices() -> list[list[bool]]:
    return [
        [bool(number >> place & 1) for place in range(6)]
        for number in range(64)
        if number.bit_count() == 3
    ]
