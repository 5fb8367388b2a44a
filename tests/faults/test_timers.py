"""Two processes of sla share the timers, and one of them is killed every five seconds: every clock
fires once, never before its time, and what follows from it is done once."""

import asyncio
import itertools
import os
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from backstop.routing.v1 import routing_service_pb2 as routing_rpc
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from deploy.local.layout import Instance
from tests.faults.findings import findings
from tests.faults.replicas import replica
from tests.harness import SITE, Caller, Inspector, kill, restart, until

CASES = int(os.environ.get("FAULTS_TIMER_CASES", "40"))
TASKS = 10
# Deadlines lie so far ahead that all are armed before the first, and so far apart that some fall
# due while either process is dead, starting, or in the middle of a batch.
AHEAD = timedelta(seconds=20)
SPAN = timedelta(seconds=float(os.environ.get("FAULTS_TIMER_SECONDS", "30")))
BETWEEN_KILLS_SECONDS = 5.0
_WORK_ORDER = sla_pb2.CLOCK_KIND_WORK_ORDER


async def test_two_processes_one_killed_every_five_seconds(
    instance: Instance, caller: Caller, inside: Inspector
) -> None:
    async with replica(instance, "sla") as second:
        first_due = (await caller.flow("sla")).decision_time.ToDatetime() + AHEAD
        units = await inside.rows(
            "SELECT unit_id FROM routing.units WHERE site_id = $1 ORDER BY unit_id LIMIT $2",
            SITE,
            TASKS,
        )
        assert len(units) == TASKS
        case_ids = await _arm(caller, first_due, [row["unit_id"] for row in units])
        await inside.settle()
        armed = await inside.value(
            "SELECT count(*) FROM sla.clocks WHERE kind = 'WORK_ORDER' AND state = 'RUNNING'"
            " AND subject_id = ANY ($1::text[])",
            case_ids,
        )
        assert armed == CASES * TASKS

        async def fired() -> int:
            count: int = await inside.value(
                "SELECT count(*) FROM sla.clocks WHERE kind = 'WORK_ORDER' AND state = 'BREACHED'"
                " AND subject_id = ANY ($1::text[])",
                case_ids,
            )
            return count

        kills = 0
        for number in itertools.cycle((1, second.number)):
            began = time.monotonic()
            await asyncio.to_thread(kill, instance, "sla", number)
            kills += 1
            await asyncio.to_thread(restart, instance, "sla", number)
            if await fired() == armed:
                break

            async def time_for_another(began: float = began) -> bool:
                return time.monotonic() - began >= BETWEEN_KILLS_SECONDS

            await until(time_for_another, "five seconds from the last kill", 30, every=0.05)
        print(f"{kills} kills over {armed} deadlines")
        assert kills >= SPAN.total_seconds() / BETWEEN_KILLS_SECONDS / 2

        await inside.settle(120)
        breaches = [
            (row["record_time"], sla_facts_pb2.ClockBreached.FromString(row["payload"]))
            for row in await inside.rows(
                "SELECT record_time, payload FROM sla.journal"
                " WHERE type = 'backstop.sla.v1.ClockBreached' AND subject_id = ANY ($1::text[])",
                case_ids,
            )
        ]
        late = [(at, fact) for at, fact in breaches if fact.clock.kind == _WORK_ORDER]
        assert len({fact.clock.clock_id for _, fact in late}) == len(late) == armed
        assert all(at >= _instant(fact.clock.due_time, at) for at, fact in late)
        # The unit's head is told of each, once; and each has its grace.
        assert armed == await inside.value(
            "SELECT count(*) FROM notify.deliveries"
            " WHERE template = 'work_order_late' AND case_id::text = ANY ($1::text[])",
            case_ids,
        )
        assert armed == await inside.value(
            "SELECT count(*) FROM sla.clocks WHERE kind = 'ESCALATION' AND state = 'RUNNING'"
            " AND subject_id = ANY ($1::text[])",
            case_ids,
        )
    assert await findings(instance) == []


async def _arm(caller: Caller, first_due: datetime, units: Sequence[str]) -> list[str]:
    """Registers the cases, each with tasks that fall due one after the other within the span."""
    step = SPAN / (CASES * TASKS)

    async def one(number: int) -> str:
        case_id = (await caller.register(f"时限 {number}", who="clerk")).case.case_id
        await caller.route_when_known(case_id)
        request = routing_rpc.DispatchWorkOrdersRequest(
            request_id=str(uuid.uuid4()), case_id=case_id, allow_rest_day=True
        )
        for task, unit_id in enumerate(units):
            due = Timestamp()
            # Neighbours in time belong to different cases, so that a batch holds many.
            due.FromDatetime(first_due + (task * CASES + number) * step)
            request.tasks.add(
                unit_id=unit_id, task=f"第 {task} 项", deadline_time=due, lead=task == 0
            )
        await caller.ask(caller.routing.DispatchWorkOrders, request, "dispatcher")
        return case_id

    return list(await asyncio.gather(*(one(number) for number in range(CASES))))


def _instant(stamp: Timestamp, like: datetime) -> datetime:
    return stamp.ToDatetime(tzinfo=like.tzinfo)
