"""Facts of two sources in any order, twice, late, or of a cycle gone by."""

from datetime import timedelta

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from chassis.journal import timestamp
from tests.integration.sla.conftest import Sla, fed_back
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


def _choices() -> list[list[bool]]:
    return [
        [bool(number >> place & 1) for place in range(6)]
        for number in range(64)
        if number.bit_count() == 3
    ]
