"""The timer worker waits for what waits in the queue, and not for ever."""

import asyncio
from datetime import timedelta

import pytest

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_facts_pb2
from chassis.inbox import InboxState
from tests.integration.sla.conftest import Sla, fed_back, timer
from tests.integration.sla.test_timers import HOUR, overdue, work_order_breaches, working
from tests.waiting import eventually


async def test_nothing_fires_while_facts_wait_that_may_have_stopped_it(sla: Sla) -> None:
    """An answer given in time must not breach because sla was away."""
    spoken = await sla.now() - timedelta(days=2)
    (case_id,) = await sla.register(spoken, recorded=spoken)
    told = spoken + HOUR
    answer = sla.fact(fed_back(case_id, intake_pb2.ANSWER_KIND_PLAN, told), told)
    inbox = InboxState()
    worker = await timer(sla.database.worker, inbox=inbox)
    assert await worker.step() is None
    assert len(await sla.published(case_id)) == 1
    await sla.take(answer)
    inbox.set()
    while await worker.step() == 0.0:
        pass
    assert not [
        fact
        for fact in await sla.published(case_id)
        if isinstance(fact, sla_facts_pb2.ClockBreached)
    ]
    rows = await sla.rows(
        "SELECT DISTINCT state FROM clocks"
        " WHERE subject_id = $1 AND kind IN ('FIRST_REPLY', 'PLAN')",
        case_id,
    )
    assert [row["state"] for row in rows] == ["MET"]


async def test_a_connection_lost_holds_the_timers_again(sla: Sla) -> None:
    inbox = InboxState(caught_up=True)
    worker = await timer(sla.database.worker, inbox=inbox)
    await overdue(sla, 1)
    inbox.clear()
    assert await worker.step() is None
    assert await work_order_breaches(sla) == []


async def test_a_broker_that_stays_away_stops_no_deadline_for_ever(
    sla: Sla, monkeypatch: pytest.MonkeyPatch
) -> None:
    await overdue(sla, 1)
    inbox = InboxState()
    worker = await timer(sla.database.worker, inbox=inbox)
    monkeypatch.setattr(InboxState, "held_seconds", 599.0)
    assert await worker.step() is None
    monkeypatch.setattr(InboxState, "held_seconds", 601.0)
    assert await worker.step() == 0.0
    assert len(await work_order_breaches(sla)) == 1


async def test_having_caught_up_wakes_the_worker(sla: Sla) -> None:
    asked = asyncio.Event()

    class Asked(InboxState):
        @property
        def caught_up(self) -> bool:
            asked.set()
            return super().caught_up

    inbox = Asked()
    await overdue(sla, 1)
    worker = await timer(sla.database.worker, poll_seconds=60.0, inbox=inbox)
    async with working(worker):
        async with asyncio.timeout(10):
            await asked.wait()
        inbox.set()

        async def fired() -> bool:
            return bool(await work_order_breaches(sla))

        await eventually(fired, seconds=10.0, what="the breach")
