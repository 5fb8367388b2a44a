"""Jobs go on where they stopped, whoever takes them up, and a failing one lets the others by."""

import asyncio
from datetime import timedelta

import pytest

from chassis import jobs
from chassis.actor import service_actor
from chassis.jobs import Job, JobRunner
from chassis.work import Work, run
from tests.integration.chassis import counting
from tests.integration.chassis.counting import value
from tests.integration.chassis.running import running
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase
from tests.waiting import eventually

ACTOR = service_actor("intake")


@pytest.fixture
async def database(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE)


async def enqueue(database: ServiceDatabase, kind: str, payload: bytes = b"") -> str:
    async def body(work: Work) -> str:
        return await work.enqueue_job(counting.SITE, kind, payload, total=5)

    return await run(database.app, ACTOR, body)


async def count_up(work: Work, job: Job) -> str | None:
    """Counts five counters, one per step."""
    number = int(job.cursor or "0")
    await counting.count(f"c{number}")(work)
    job.done += 1
    return None if number == 4 else str(number + 1)


async def done(database: ServiceDatabase) -> bool:
    return await value(database.worker, "SELECT bool_and(state = 'DONE') FROM jobs") is True


async def test_a_job_runs_to_its_end_and_tells_how_far_it_is(database: ServiceDatabase) -> None:
    runner = JobRunner(database.worker, {"count": count_up})
    await enqueue(database, "count")
    assert await runner.step() == 0.0
    assert await value(database.worker, "SELECT done_count FROM jobs") == 1
    async with running(runner):
        await eventually(lambda: done(database))
    assert await value(database.worker, "SELECT done_count = total_count FROM jobs") is True
    assert await value(database.worker, "SELECT count(*) FROM counters WHERE value = 1") == 5


async def test_a_crash_in_a_step_loses_that_step_only(database: ServiceDatabase) -> None:
    class PowerCut(BaseException):
        """The end of the process."""

    crash_at = "2"

    async def crashing(work: Work, job: Job) -> str | None:
        cursor = await count_up(work, job)
        if job.cursor == crash_at:
            raise PowerCut
        return cursor

    await enqueue(database, "count")
    first = JobRunner(database.worker, {"count": crashing})
    assert await first.step() == 0.0
    assert await first.step() == 0.0
    with pytest.raises(PowerCut):
        await first.step()
    assert await value(database.worker, "SELECT done_count FROM jobs") == 2
    second = JobRunner(database.worker, {"count": count_up})
    while await second.step() is not None:
        pass
    assert await done(database)
    assert await value(database.worker, "SELECT count(*) FROM counters WHERE value = 1") == 5


async def test_two_runners_share_the_jobs(database: ServiceDatabase) -> None:
    for _ in range(6):
        await enqueue(database, "count")
    async with running(*(JobRunner(database.worker, {"count": count_up}) for _ in range(2))):
        await eventually(lambda: done(database))
    assert await value(database.worker, "SELECT min(value) FROM counters") == 6
    assert await value(database.worker, "SELECT max(value) FROM counters") == 6


async def test_a_failing_job_waits_and_lets_others_by(
    database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = True

    async def fail(work: Work, job: Job) -> str | None:
        await counting.count("never")(work)
        if faulty:
            raise RuntimeError("a fault of the step")
        return None

    monkeypatch.setattr(jobs, "_FIRST_DELAY", timedelta(seconds=5))
    await enqueue(database, "fail")
    await enqueue(database, "count")
    runner = JobRunner(database.worker, {"fail": fail, "count": count_up})
    while await runner.step() is not None:
        pass
    states = "SELECT array_agg(state || failure_count ORDER BY kind) FROM jobs"
    assert await value(database.worker, states) == ["DONE0", "OPEN1"]
    assert await value(database.worker, "SELECT count(*) FROM counters") == 5
    faulty = False
    await counting.value(
        database.worker, "UPDATE jobs SET next_time = create_time WHERE kind = 'fail'"
    )
    assert await runner.step() == 0.0
    assert await done(database)


async def test_a_kind_nobody_knows_here_is_left_alone(database: ServiceDatabase) -> None:
    await enqueue(database, "of a later release")
    assert await JobRunner(database.worker, {"count": count_up}).step() is None
    assert await value(database.worker, "SELECT state FROM jobs") == "OPEN"


async def test_a_waiting_runner_is_woken(database: ServiceDatabase) -> None:
    async with running(JobRunner(database.worker, {"count": count_up}, poll=3600)):
        await enqueue(database, "count")
        async with asyncio.timeout(20):
            await eventually(lambda: done(database))
