"""kill -9 each service in the middle of the flow: nothing lost, nothing doubled, fsck clean."""

import asyncio
import os
import random
from datetime import timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from deploy.local.layout import SERVICES, Instance
from tests.faults.findings import findings
from tests.faults.lives import live
from tests.harness import Caller, Inspector, kill, restart, until

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
    case_ids: list[str] = []
    started = 0
    killed = asyncio.Event()

    async def player() -> None:
        """Plays one case after the other for as long as there is killing, and LIVES at least."""
        nonlocal started
        while not killed.is_set() or started < LIVES:
            started += 1
            case_ids.append(await live(caller, started, deadline))

    async def killer() -> int:
        kills = 0
        try:
            for _ in range(ROUNDS):
                for service in dice.sample(SERVICES, len(SERVICES)):
                    # Another case ends between two kills, so that each hits another moment.
                    mark = len(case_ids)

                    async def another_ended(mark: int = mark) -> bool:
                        return len(case_ids) > mark

                    await until(another_ended, "another case ended", 120, every=0.01)
                    await asyncio.to_thread(kill, instance, service)
                    kills += 1
                    await asyncio.to_thread(restart, instance, service)
        finally:
            killed.set()  # also when it failed, or the players would play for ever
        return kills

    killing = asyncio.create_task(killer())
    try:
        await asyncio.gather(*(player() for _ in range(AT_ONCE)))
    except BaseException:
        killing.cancel()
        raise
    kills = await killing
    print(f"{kills} kills over {len(case_ids)} lives")
    assert kills == ROUNDS * len(SERVICES)

    await inside.settle(120)
    assert len(set(case_ids)) == len(case_ids)
    rows = await inside.rows(
        "SELECT case_id::text, state, outcome FROM intake.cases WHERE text LIKE '第 % 件诉求'"
    )
    assert {row["case_id"] for row in rows} == set(case_ids)  # none lost, none doubled
    assert {(row["state"], row["outcome"]) for row in rows} == {("CLOSED", "SOLVED")}
    assert await findings(instance) == []
