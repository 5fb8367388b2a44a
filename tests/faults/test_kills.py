"""kill -9 each service in the middle of the flow: nothing lost, nothing doubled, fsck clean."""

import asyncio
import os
import random
from datetime import timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from deploy.local.layout import SERVICES, Instance
from tests.faults.findings import findings
from tests.faults.lives import live
from tests.harness import Caller, Inspector, kill, restart

LIVES = int(os.environ.get("FAULTS_LIVES", "40"))
ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "2"))
AT_ONCE = 6


async def test_kill_each_service_in_the_middle_of_the_flow(
    instance: Instance, caller: Caller, inside: Inspector
) -> None:
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed}: FAULTS_SEED={seed} repeats the order of the kills")
    dice = random.Random(seed)
    deadline = Timestamp()
    deadline.FromDatetime(
        (await caller.flow("routing")).decision_time.ToDatetime() + timedelta(days=9)
    )
    gate = asyncio.Semaphore(AT_ONCE)
    playing = asyncio.Event()
    over = asyncio.Event()
    done = 0

    async def one(number: int) -> str:
        nonlocal done
        async with gate:
            playing.set()
            case_id = await live(caller, number, deadline)
            done += 1
            return case_id

    async def killer() -> int:
        kills = 0
        await playing.wait()
        for _ in range(ROUNDS):
            for service in dice.sample(SERVICES, len(SERVICES)):
                # Another case has to end between two kills, so that each hits a different moment.
                mark = done
                while done == mark and not over.is_set():
                    await asyncio.wait([asyncio.ensure_future(over.wait())], timeout=0.01)
                if over.is_set():
                    return kills
                await asyncio.to_thread(kill, instance, service)
                kills += 1
                await asyncio.to_thread(restart, instance, service)
        return kills

    killing = asyncio.create_task(killer())
    case_ids = await asyncio.gather(*(one(number) for number in range(LIVES)))
    over.set()
    kills = await killing
    print(f"{kills} kills over {LIVES} lives")
    assert kills >= len(SERVICES)

    await inside.settle(120)
    assert len(set(case_ids)) == LIVES
    rows = await inside.rows(
        "SELECT case_id::text, state, outcome FROM intake.cases WHERE text LIKE '第 % 件诉求'"
    )
    assert {row["case_id"] for row in rows} == set(case_ids)  # none lost, none doubled
    assert {(row["state"], row["outcome"]) for row in rows} == {("CLOSED", "SOLVED")}
    assert await findings(instance) == []
