"""Facts of the others become messages, each fact once, whatever way it comes."""

import asyncio
import random
from collections import Counter

import pytest

from backstop.fact.v1 import fact_pb2
from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.gatekeeper import Gatekeeper
from chassis.ids import new_id
from services.notify.consumers import handlers
from services.notify.domain.digests import Digesting
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import TOLD_IN_A_LIFE, Stream


async def told(notify: Notify, case_id: str) -> list[tuple[str, str]]:
    rows = await notify.rows(
        "SELECT recipient, template FROM deliveries WHERE case_id = $1 "
        "ORDER BY plan_time, delivery_id",
        case_id,
    )
    return [(row["recipient"], row["template"]) for row in rows]


async def test_a_case_from_registration_to_close_out(notify: Notify) -> None:
    case_id = new_id()
    for fact in Stream().life(case_id):
        await notify.gatekeeper.take([fact], fact.source)
    assert await told(notify, case_id) == TOLD_IN_A_LIFE
    (case,) = await notify.rows("SELECT * FROM cases")
    assert (case["state"], case["steward"], case["accepted"]) == ("CLOSED", "dd01", True)
    # One plan for each fact that told anyone: two facts told two people, two told nobody.
    assert await notify.facts() == {"DeliveriesPlanned": 14}
    assert await notify.findings() == []


async def shuffled(notify: Notify, facts: list[fact_pb2.Fact], seed: int) -> None:
    """Three copies of every fact, shuffled, through two competing replicas."""
    copies = [fact for fact in facts for _ in range(3)]
    random.Random(seed).shuffle(copies)
    replicas = [notify.gatekeeper, Gatekeeper(notify.database.worker, handlers(Digesting()))]

    async def consume(replica: Gatekeeper, start: int) -> None:
        for fact in copies[start :: len(replicas)]:
            await replica.take([fact], fact.source)

    await asyncio.gather(*(consume(replica, n) for n, replica in enumerate(replicas)))
    assert await notify.rows("SELECT 1 FROM quarantine") == []
    assert await notify.rows("SELECT 1 FROM parked") == []
    assert await notify.findings() == []


@pytest.mark.parametrize("seed", range(4))
async def test_what_follows_from_one_another_ends_the_same_in_whatever_order_it_comes(
    notify: Notify, seed: int
) -> None:
    case_id = new_id()
    await shuffled(notify, Stream(chained=True).life(case_id), seed)
    assert await told(notify, case_id) == TOLD_IN_A_LIFE
    assert await notify.facts() == {"DeliveriesPlanned": 14}


@pytest.mark.parametrize("seed", range(4))
async def test_each_fact_is_planned_once_however_often_and_in_whatever_order(
    notify: Notify, seed: int
) -> None:
    """Sources overtake one another here, so that a message may find another steward, or none."""
    facts = Stream().life(new_id())
    await shuffled(notify, facts, seed)
    rows = await notify.rows(
        "SELECT fact_source, fact_version, count(*) AS messages, "
        "count(DISTINCT (recipient, channel)) AS recipients FROM deliveries GROUP BY 1, 2"
    )
    assert all(row["messages"] == row["recipients"] for row in rows)
    assert {(row["fact_source"], row["fact_version"]) for row in rows} <= {
        (fact.source, fact.subject_version) for fact in facts
    }
    assert await notify.facts() == {"DeliveriesPlanned": len(rows)}
    # These tell someone whatever came before them.
    templates = Counter(
        row["template"] for row in await notify.rows("SELECT template FROM deliveries")
    )
    assert [templates[name] for name in ("case_assigned", "receipt", "case_resolved")] == [1, 1, 2]


async def test_facts_of_a_cycle_gone_by_tell_nobody_and_change_nothing(notify: Notify) -> None:
    stream, case_id = Stream(), new_id()
    facts = [
        stream.registered(case_id),
        stream.assigned(case_id),
        stream.fact("intake", case_id, intake.CaseResolved(case_id=case_id)),
        stream.fact("intake", case_id, intake.CaseRejected(case_id=case_id, new_cycle=2)),
    ]
    for fact in facts:
        await notify.gatekeeper.take([fact], fact.source)
    before = await told(notify, case_id)
    for message in (
        routing.CaseEscalated(case_id=case_id, cycle=1, to_level=1, accountable="lead1"),
        routing.CaseInstructed(case_id=case_id, cycle=1, level=1, accountable="lead1"),
    ):
        await notify.gatekeeper.take([stream.fact("routing", case_id, message)], "routing")
    assert await told(notify, case_id) == before
    (case,) = await notify.rows("SELECT level, accountable, cycle FROM cases")
    assert tuple(case) == (0, "dd01", 2)
    again = routing.CaseEscalated(case_id=case_id, cycle=2, to_level=1, accountable="lead1")
    await notify.gatekeeper.take([stream.fact("routing", case_id, again)], "routing")
    (case,) = await notify.rows("SELECT level, accountable, cycle FROM cases")
    assert tuple(case) == (1, "lead1", 2)


async def test_the_plan_says_who_and_how_and_not_what(notify: Notify) -> None:
    stream, case_id = Stream(), new_id()
    facts = stream.life(case_id)[:8]
    for fact in facts:
        await notify.gatekeeper.take([fact], fact.source)
    payloads = b"".join(row["payload"] for row in await notify.rows("SELECT payload FROM journal"))
    assert b"dd01" in payloads
    assert "半月内更换".encode() not in payloads


async def test_a_new_directory_replaces_all_names(notify: Notify) -> None:
    stream = Stream()
    await notify.gatekeeper.take([stream.directory()], "routing")
    await notify.gatekeeper.take([stream.directory()], "routing")
    rows = await notify.rows("SELECT kind, code, name FROM names ORDER BY kind, code")
    assert [tuple(row) for row in rows] == [
        ("CATEGORY", "BATHING", "洗浴"),
        ("PERSON", "dd01", "包保·甲"),
        ("PERSON", "lead1", "值班·乙"),
        ("POSITION", "DUTY_LEAD", "值班负责人"),
        ("UNIT", "bathhouse", "澡堂队"),
    ]


async def test_the_worker_role_cannot_change_what_a_message_says(notify: Notify) -> None:
    rows = await notify.rows(
        "SELECT has_column_privilege('deliveries', column_name, 'UPDATE') AS may, column_name "
        "FROM information_schema.columns "
        "WHERE table_schema = 'notify' AND table_name = 'deliveries'"
    )
    may = {row["column_name"] for row in rows if row["may"]}
    assert may == {
        "attempt_count", "channel", "digest_id", "finish_time", "lease_time", "next_time",
        "problem", "state",
    }  # fmt: skip
