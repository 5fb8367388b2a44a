"""The timer worker: never early, never twice, in batches, with as many workers as there are."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.actor import service_actor
from chassis.clock import ClockGuard, set_offset
from chassis.database import Database
from chassis.inbox import InboxState
from chassis.work import Work, run
from services.sla.domain import transitions
from services.sla.domain.docket import Change, File
from services.sla.handlers.timers import fire_due
from services.sla.store.files import Q
from services.sla.store.timers import list_due
from services.sla.workers import timers
from services.sla.workers.timers import TimerWorker
from tests.integration.sla.conftest import Sla, fed_back, timer, utc
from tests.waiting import eventually

SLA = service_actor("sla")
HOUR = timedelta(hours=1)


@asynccontextmanager
async def working(*workers: TimerWorker) -> AsyncIterator[None]:
    """Runs workers beside the test, and waits for their end."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def work_order_breaches(sla: Sla) -> list[sla_facts_pb2.ClockBreached]:
    return [
        fact
        for fact in await sla.published()
        if isinstance(fact, sla_facts_pb2.ClockBreached)
        and fact.clock.kind == sla_pb2.CLOCK_KIND_WORK_ORDER
    ]


async def overdue(sla: Sla, count: int) -> list[str]:
    """Returns cases whose work orders have been due for an hour, the first one longest."""
    now = await sla.now()
    ids = await sla.register(now - timedelta(minutes=1), count=count)
    start = now - HOUR - timedelta(seconds=count)
    deadlines = [(case_id, start + timedelta(seconds=n)) for n, case_id in enumerate(ids)]
    # Dispatched before they were due: recorded in time, handled late.
    facts_time = now - 2 * HOUR - timedelta(seconds=count)
    await sla.dispatch(deadlines, facts_time)
    return ids


async def test_two_workers_fire_each_deadline_once_and_never_early(sla: Sla) -> None:
    now = await sla.now()
    ids = await sla.register(now, count=300)
    now = await sla.now()
    # 300 deadlines over three seconds, half of the workers' batches overlapping.
    await sla.dispatch(
        [(case_id, now + timedelta(milliseconds=10 * n)) for n, case_id in enumerate(ids)],
        now - timedelta(microseconds=1),
    )
    other = await Database.open(sla.database.dsn("worker"), schema="sla", size=4)
    try:
        workers = [
            await timer(sla.database.worker, batch_size=20),
            await timer(other, batch_size=20),
        ]
        async with working(*workers):

            async def all_fired() -> bool:
                return len(await work_order_breaches(sla)) >= len(ids)

            await eventually(all_fired, what="300 breaches")
    finally:
        await other.close()
    breaches = await work_order_breaches(sla)
    assert sorted(fact.case_id for fact in breaches) == sorted(ids)
    rows = await sla.rows(
        "SELECT journal.record_time, journal.occurred_time, clocks.due_time"
        " FROM clocks JOIN journal ON journal.subject_id = clocks.subject_id"
        " WHERE clocks.kind = 'WORK_ORDER' AND journal.type = 'backstop.sla.v1.ClockBreached'"
    )
    for row in rows:
        assert row["record_time"] >= row["due_time"] == row["occurred_time"]
    for fact in breaches:
        assert utc(fact.clock.breach_time) == utc(fact.clock.due_time)
        assert fact.detected_late_by.ToTimedelta() >= timedelta(0)


async def test_a_backlog_is_taken_in_batches_oldest_first(sla: Sla) -> None:
    ids = await overdue(sla, 250)
    # A step is four batches.
    worker = await timer(sla.database.worker, batch_size=25)
    fired = []
    for _ in range(3):
        assert await worker.step() == 0.0
        fired.append({fact.case_id for fact in await work_order_breaches(sla)})
    assert fired == [{*ids[:100]}, {*ids[:200]}, {*ids}]
    assert await worker.step() != 0.0
    # The case had registered clocks beside; each late order left a grace on the ladder.
    rows = await sla.rows("SELECT count(*) AS n FROM clocks WHERE kind = 'ESCALATION'")
    assert rows[0]["n"] == 250


async def test_of_a_backlog_two_batches_are_in_hand_at_a_time(
    sla: Sla, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await overdue(sla, 4)
    both = asyncio.Barrier(2)

    async def meeting(work: Work, subject_ids: list[str]) -> int:
        async with asyncio.timeout(10):
            await both.wait()
        return await fire_due(work, subject_ids)

    monkeypatch.setattr(timers, "fire_due", meeting)
    worker = await timer(sla.database.worker, batch_size=1)
    assert await worker.step() == 0.0
    assert {fact.case_id for fact in await work_order_breaches(sla)} == {*ids}


async def test_a_batch_costs_the_same_statements_whatever_its_size(sla: Sla) -> None:
    class Counting:
        def __init__(self, connection: Any) -> None:
            self.connection = connection
            self.count = 0

        def __getattr__(self, name: str) -> Any:
            if name in ("fetch", "fetchrow", "fetchval", "execute"):
                self.count += 1
            return getattr(self.connection, name)

    counts = []
    for size in (1, 150):
        await overdue(sla, size)

        async def fire(work: Work, size: int = size) -> None:
            counting = Counting(work.connection)
            work.connection = counting  # type: ignore[assignment]  # counts what passes through
            due = await list_due(work.connection, work.time, size)
            assert await fire_due(work, list(due)) == size
            counts.append(counting.count)

        await run(sla.database.worker, SLA, fire)
    assert counts[0] == counts[1] <= 10


async def test_a_case_in_other_hands_is_passed_over_and_fired_later(sla: Sla) -> None:
    ids = await overdue(sla, 3)
    worker = await timer(sla.database.worker)
    async with sla.database.worker.transaction(SLA) as connection:
        await connection.execute("SELECT FROM subjects WHERE subject_id = $1 FOR UPDATE", ids[0])
        await worker.step()
        assert [fact.case_id for fact in await work_order_breaches(sla)] == ids[1:]
        # Not at once again, which would be spinning, and not much later either.
        assert await worker.step() == pytest.approx(0.02)
    await worker.step()
    assert sorted(fact.case_id for fact in await work_order_breaches(sla)) == sorted(ids)


async def test_workers_beside_one_another_find_work_of_their_own(sla: Sla) -> None:
    ids = await overdue(sla, 40)
    worker = await timer(sla.database.worker, batch_size=20)
    async with sla.database.worker.transaction(SLA) as connection:
        # Another worker holds the oldest batch.
        await connection.execute(
            "SELECT FROM subjects WHERE subject_id = ANY ($1) FOR UPDATE", ids[:20]
        )
        assert await worker.step() == 0.0
    assert [fact.case_id for fact in await work_order_breaches(sla)] == ids[20:]


async def test_an_interrupted_batch_leaves_no_trace_and_is_fired_whole(sla: Sla) -> None:
    ids = await overdue(sla, 5)

    async def fire_and_fall(work: Work) -> None:
        assert await fire_due(work, ids) == 5
        await work.flush()
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await run(sla.database.worker, SLA, fire_and_fall)
    assert await work_order_breaches(sla) == []
    await (await timer(sla.database.worker)).step()
    assert len(await work_order_breaches(sla)) == 5


async def test_a_fault_in_one_case_holds_up_no_other(
    sla: Sla, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await overdue(sla, 5)
    apply = transitions.apply

    def failing(file: File, *others: Any) -> Change:
        if file.case.case_id == ids[1]:
            raise ZeroDivisionError
        return apply(file, *others)

    monkeypatch.setattr(transitions, "apply", failing)
    worker = await timer(sla.database.worker)
    assert await worker.step() == 0.0
    assert sorted(fact.case_id for fact in await work_order_breaches(sla)) == sorted(
        {*ids} - {ids[1]}
    )
    # It is set aside: what comes next is the next deadline of the others, hours away.
    assert (await worker.step() or 0.0) > 60.0


async def test_a_fact_that_comes_first_stops_the_clock_for_good(sla: Sla) -> None:
    now = await sla.now()
    (case_id,) = await sla.register(now - timedelta(days=30), recorded=now - timedelta(days=30))
    due = await sla.rows("SELECT subject_id FROM clocks WHERE next_fire_time <= $1", now)
    assert due
    told = now - timedelta(days=30)
    await sla.tell(fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, told), now)
    # The worker's list is from before the answer.
    await run(sla.database.worker, SLA, partial(fire_due, subject_ids=[case_id]))
    kinds = [
        fact.clock.kind
        for fact in await sla.published(case_id)
        if isinstance(fact, sla_facts_pb2.ClockBreached)
    ]
    assert kinds == [sla_pb2.CLOCK_KIND_PLAN]


async def test_nothing_fires_while_the_clocks_disagree(sla: Sla) -> None:
    await overdue(sla, 1)

    class Wrong(ClockGuard):
        async def look(self) -> float | None:
            self._disagree(HOUR)
            return None

    guard = Wrong(sla.database.worker)
    await guard.look()
    worker = TimerWorker(
        sla.database.worker, guard, InboxState(caught_up=True), batch_size=10, poll_seconds=1.0
    )
    assert await worker.step() is None
    assert await work_order_breaches(sla) == []


async def test_a_deadline_nearer_than_the_poll_wakes_the_worker(sla: Sla) -> None:
    worker = await timer(sla.database.worker, poll_seconds=60.0)
    async with working(worker):
        (case_id,) = await sla.register(await sla.now())
        deadline = await sla.now() + timedelta(milliseconds=300)
        await sla.dispatch([(case_id, deadline)], await sla.now())

        async def fired() -> bool:
            return bool(await work_order_breaches(sla))

        await eventually(fired, seconds=10.0, what="the breach")
    (breach,) = await work_order_breaches(sla)
    assert breach.detected_late_by.ToTimedelta() < timedelta(seconds=1)


async def test_the_moved_clock_of_a_demonstration_fires(sla: Sla) -> None:
    (case_id,) = await sla.register(await sla.now())
    worker = await timer(sla.database.worker)
    await worker.step()
    assert len(await sla.published(case_id)) == 1
    await set_offset(sla.database.worker, timedelta(days=20))
    while await worker.step() == 0.0:
        pass
    facts = await sla.published(case_id)
    kinds = {
        sla_pb2.ClockKind.Name(fact.clock.kind)[11:]
        for fact in facts
        if isinstance(fact, sla_facts_pb2.ClockBreached)
    }
    assert kinds == {"FIRST_REPLY", "PLAN"}
    (row,) = await sla.rows("SELECT next_wake_time > decision_time() AS ahead FROM cases")
    assert row["ahead"]


async def _many_armed(sla: Sla, count: int) -> None:
    owner = await asyncpg.connect(sla.database.dsn("owner"))
    try:
        await owner.execute("SET search_path = sla")
        await owner.execute(
            "INSERT INTO clocks (clock_id, subject_id, site_id, kind, cycle, reference, start_time,"
            " due_time, state, provisional, policy_version, calendar_version, rule, pauses,"
            " warned_count, born_breached, next_fire_time)"
            " SELECT gen_random_uuid(), 'c-' || n, 'yuwu', 'PLAN', 1, '', decision_time(),"
            " decision_time() + interval '30 days' + n * interval '1 second', 'RUNNING', false,"
            " 1, 1, '', '', 0, false,"
            " decision_time() + interval '30 days' + n * interval '1 second'"
            " FROM generate_series(1, $1::integer) AS n",
            count,
        )
        await owner.execute("VACUUM ANALYZE clocks")
    finally:
        await owner.close()


def _scans(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = [node] if "Scan" in node["Node Type"] else []
    return found + [scan for child in node.get("Plans", ()) for scan in _scans(child)]


async def test_looking_for_due_clocks_costs_what_is_due_not_what_is_armed(sla: Sla) -> None:
    """Guards the plan: only the partial index is read, and only its due end."""
    await overdue(sla, 3)
    await _many_armed(sla, 20_000)
    now = await sla.now()
    async with sla.database.worker.connection() as connection:
        plans = {}
        for name, arguments in (("list_due", (now, 500, [])), ("next_fire_time", ([],))):
            text = await connection.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {getattr(Q, name)}",
                *arguments,
            )
            plans[name] = json.loads(text)[0]["Plan"]
    for plan in plans.values():
        scans = [scan for scan in _scans(plan) if scan.get("Relation Name") == "clocks"]
        assert [scan["Index Name"] for scan in scans] == ["clocks_due"]
        assert scans[0]["Actual Rows"] <= 3
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 12
