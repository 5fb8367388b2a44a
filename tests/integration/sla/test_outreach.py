"""Units' clocks: begun by the directory, moved by contacts and appeals, fired beside the cases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.ids import new_id
from chassis.journal import timestamp
from tests.integration.sla.conftest import SITE, Sla, timer, utc

DAY = timedelta(days=1)
UNITS = ("mining-1", "washery")


async def directory(sla: Sla, units: Sequence[str] = UNITS) -> None:
    await sla.publish_directory(units=units)
    await sla.work_jobs()


async def contact(sla: Sla, unit_id: str, time: datetime) -> None:
    await sla.tell(
        routing_facts_pb2.OutreachRecorded(
            site_id=SITE, unit_id=unit_id, outreach_id=new_id(), outreach_time=timestamp(time)
        ),
        time,
        subject_id=f"outreach/{SITE}/{unit_id}",
    )


async def clocks(sla: Sla, unit_id: str) -> list[Any]:
    return await sla.rows(
        "SELECT state, start_time, due_time, stop_time, breach_time, next_fire_time FROM clocks"
        " WHERE subject_id = $1 ORDER BY start_time",
        f"outreach/{SITE}/{unit_id}",
    )


async def told(sla: Sla, unit_id: str) -> list[str]:
    facts = await sla.published(f"outreach/{SITE}/{unit_id}")
    return [type(fact).__name__ for fact in facts]


async def test_each_unit_of_the_directory_has_a_clock(sla: Sla) -> None:
    await directory(sla)
    for unit_id in UNITS:
        (clock,) = await clocks(sla, unit_id)
        assert clock["state"] == "RUNNING"
        # 30 calendar days, to a day's end; a rest day at the end moves it on.
        assert 30 * DAY <= clock["due_time"] - clock["start_time"] < 45 * DAY
        (fact,) = await sla.published(f"outreach/{SITE}/{unit_id}")
        assert isinstance(fact, sla_facts_pb2.ClocksStarted)
        assert (fact.case_id, fact.clocks[0].case_id) == ("", "")
        assert fact.clocks[0].kind == sla_pb2.CLOCK_KIND_OUTREACH
        assert fact.clocks[0].reference == unit_id
        assert utc(fact.next_wake_time) == clock["next_fire_time"]


async def test_the_same_directory_again_changes_nothing(sla: Sla) -> None:
    await directory(sla)
    await directory(sla)
    assert await told(sla, "mining-1") == ["ClocksStarted"]


async def test_a_unit_that_left_is_watched_no_more(sla: Sla) -> None:
    await directory(sla)
    await directory(sla, ["mining-1", "mining-2"])
    assert [clock["state"] for clock in await clocks(sla, "washery")] == ["CANCELLED"]
    assert await told(sla, "washery") == ["ClocksStarted", "ClocksStopped"]
    assert [clock["state"] for clock in await clocks(sla, "mining-1")] == ["RUNNING"]
    assert [clock["state"] for clock in await clocks(sla, "mining-2")] == ["RUNNING"]
    await directory(sla)
    states = [clock["state"] for clock in await clocks(sla, "washery")]
    assert states == ["CANCELLED", "RUNNING"]


async def test_an_older_directory_whose_job_comes_late_brings_no_unit_back(sla: Sla) -> None:
    """Both jobs are open at once, and the older one is worked on first and last."""
    await sla.publish_directory(units=UNITS)
    await sla.publish_directory(units=["mining-1"])
    await sla.work_jobs()
    assert await clocks(sla, "washery") == []
    await sla.publish_directory(units=[])
    await sla.publish_directory(units=["mining-1"])
    await sla.work_jobs()
    assert [clock["state"] for clock in await clocks(sla, "mining-1")] == ["RUNNING"]


async def test_many_units_are_done_in_steps(sla: Sla) -> None:
    await directory(sla, [f"unit-{number:04}" for number in range(1100)])
    (row,) = await sla.rows(
        "SELECT count(*) AS units, count(DISTINCT start_time) AS steps FROM clocks"
        " WHERE kind = 'OUTREACH' AND state = 'RUNNING'"
    )
    assert (row["units"], row["steps"]) == (1100, 3)
    (job,) = await sla.rows("SELECT done_count, total_count FROM jobs WHERE total_count > 0")
    assert tuple(job.values()) == (1100, 1100)


async def test_a_contact_begins_the_time_anew(sla: Sla) -> None:
    await directory(sla)
    time = await sla.now()
    await contact(sla, "mining-1", time)
    first, second = await clocks(sla, "mining-1")
    assert (first["state"], first["stop_time"]) == ("MET", time)
    assert (second["state"], second["start_time"]) == ("RUNNING", time)
    assert await told(sla, "mining-1") == ["ClocksStarted", "ClocksStopped", "ClocksStarted"]
    # One that was before is none.
    await contact(sla, "mining-1", time - DAY)
    assert len(await clocks(sla, "mining-1")) == 2


async def test_a_contact_may_be_heard_of_before_its_directory(sla: Sla) -> None:
    time = await sla.now() - DAY
    await contact(sla, "mining-1", time)
    (clock,) = await clocks(sla, "mining-1")
    assert (clock["state"], clock["start_time"]) == ("RUNNING", time)
    await directory(sla)
    assert len(await clocks(sla, "mining-1")) == 1


async def test_a_unit_not_heard_of_is_reported_until_somebody_goes_there(sla: Sla) -> None:
    await directory(sla)
    await sla.pass_time(60 * DAY)
    assert await told(sla, "mining-1") == ["ClocksStarted", "ClockBreached"]
    *_, breach = await sla.published(f"outreach/{SITE}/mining-1")
    assert breach.consequence == sla_pb2.CONSEQUENCE_REPORT
    assert breach.case_id == ""
    assert breach.HasField("next_wake_time")
    await sla.pass_time(120 * DAY)
    assert (await told(sla, "mining-1")).count("ClockBreached") == 2
    # It stays owed until the next contact, which then counts from itself.
    await contact(sla, "mining-1", await sla.now())
    first, second = await clocks(sla, "mining-1")
    assert (first["state"], second["state"]) == ("MET_LATE", "RUNNING")


async def test_a_warning_comes_before_the_deadline(sla: Sla) -> None:
    await directory(sla)
    (clock,) = await clocks(sla, "mining-1")
    await sla.pass_time(clock["next_fire_time"] - await sla.now() + timedelta(minutes=1))
    assert await told(sla, "mining-1") == ["ClocksStarted", "ClockDueSoon"]
    (clock,) = await clocks(sla, "mining-1")
    assert clock["next_fire_time"] == clock["due_time"]


async def test_an_appeal_is_a_contact_when_the_clock_would_speak(sla: Sla) -> None:
    await directory(sla)
    (clock,) = await clocks(sla, "mining-1")
    spoken = clock["start_time"] + 20 * DAY
    await sla.register(spoken, unit_id="mining-1")
    await sla.register(clock["start_time"] - DAY, unit_id="washery")
    await sla.pass_time(clock["due_time"] - await sla.now() + timedelta(minutes=1))
    first, second = await clocks(sla, "mining-1")
    assert (first["state"], first["stop_time"]) == ("MET", spoken)
    assert (second["state"], second["start_time"]) == ("RUNNING", spoken)
    assert await told(sla, "mining-1") == ["ClocksStarted", "ClocksStopped", "ClocksStarted"]
    # What was spoken before the clock began is no contact of its time.
    assert await told(sla, "washery") == ["ClocksStarted", "ClockBreached"]


async def test_cases_and_units_fall_due_in_one_batch(sla: Sla) -> None:
    await directory(sla)
    (case_id,) = await sla.register(await sla.now())
    await sla.pass_time(60 * DAY)
    rows = await sla.rows(
        "SELECT count(DISTINCT record_time) AS n FROM journal"
        " WHERE type = 'backstop.sla.v1.ClockBreached' AND subject_id = ANY ($1)",
        [case_id, "outreach/yuwu/mining-1", "outreach/yuwu/washery"],
    )
    assert rows[0]["n"] == 1
    worker = await timer(sla.database.worker)
    assert await worker.step() != 0.0
