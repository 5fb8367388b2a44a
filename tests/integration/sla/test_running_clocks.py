"""Running clocks follow another calendar or policy, by a job."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backstop.sla.v1 import (
    sla_facts_pb2,
    sla_pb2,
    sla_policy_pb2,
)
from chassis.ids import new_id
from chassis.work import Work, run
from services.sla.domain import transitions
from services.sla.domain.acts import Logged, Moment, Registered
from services.sla.handlers.jobs import FAILED
from services.sla.store import files
from services.sla.store.terms import load_terms
from tests.integration.sla.conftest import SITE, Sla, utc
from tests.integration.sla.office import (
    Office,
    close_on,
    deadlines,
    office_of,
    run_jobs,
)
from tests.integration.sla.test_publishing import (
    GROUP,
    PLAN,
    SLA,
    amendments,
    closed_between,
    plan_of,
    policy,
    publish_policy,
)
from tests.waiting import eventually


@pytest.fixture
async def office(sla: Sla, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(sla, tmp_path) as served:
        yield served


async def test_running_clocks_follow_their_calendar(sla: Sla, office: Office) -> None:
    (case_id,) = await sla.register(await sla.now())
    _, due = await plan_of(sla, case_id)
    await office.publish(await closed_between(sla, office, case_id))
    await run_jobs(sla)
    _, moved = await plan_of(sla, case_id)
    assert moved > due
    (fact,) = await amendments(sla)
    assert fact.case_id == case_id
    assert fact.cause == sla_pb2.AMENDMENT_CAUSE_CALENDAR
    (clock,) = fact.clocks
    assert (utc(clock.due_time), clock.calendar_version) == (moved, 2)
    assert [utc(time) for time in fact.previous_due_times] == [due]
    (act,) = await sla.rows("SELECT * FROM acts WHERE case_id = $1 AND kind = 'Amended'", case_id)
    assert (act["actor"], act["cause"]) == ("p-9", "CalendarPublished")
    (job,) = await sla.rows("SELECT * FROM jobs WHERE kind = 'amend'")
    assert (job["state"], job["done_count"], job["total_count"]) == ("DONE", 1, 1)


async def test_clocks_that_the_change_cannot_touch_are_left_alone(sla: Sla, office: Office) -> None:
    (case_id,) = await sla.register(await sla.now())
    before = await deadlines(sla)
    _, due = await plan_of(sla, case_id)
    # The deadline is 24:00, so the first day that it doesn't touch begins then.
    after = due.date() + timedelta(days=1)
    await office.publish(close_on(await office.calendar(), after, after + timedelta(days=30)))
    await run_jobs(sla)
    assert await deadlines(sla) == before
    assert await amendments(sla) == []
    (job,) = await sla.rows("SELECT * FROM jobs WHERE kind = 'amend'")
    assert (job["state"], job["total_count"]) == ("DONE", 0)


async def test_a_job_done_twice_finds_nothing_to_do(sla: Sla, office: Office) -> None:
    (case_id,) = await sla.register(await sla.now())
    await office.publish(await closed_between(sla, office, case_id))
    await run_jobs(sla)
    before = await everything(sla)
    await sla.rows("UPDATE jobs SET state = 'OPEN', cursor = '', finish_time = NULL")
    await run_jobs(sla)
    assert await everything(sla) == before


async def everything(sla: Sla) -> list[Any]:
    """Returns all rows that a job could have touched."""
    return [
        await sla.rows(f"SELECT * FROM {table} ORDER BY {key}")
        for table, key in (
            ("cases", "case_id"),
            ("clocks", "clock_id"),
            ("acts", "id"),
            ("journal", "id"),
            ("subjects WHERE version > 0", "subject_id"),
        )
    ]


async def test_nobody_is_warned_twice(sla: Sla, office: Office) -> None:
    now = await sla.now()
    (case_id,) = await sla.register(now)
    _, due = await plan_of(sla, case_id)
    (warn,) = await sla.rows(
        "SELECT warn_time FROM clocks WHERE subject_id = $1 AND kind = 'PLAN'", case_id
    )
    await sla.pass_time(warn["warn_time"] - now + timedelta(minutes=1))
    told = await plan_warnings(sla)
    assert told == 1
    await office.publish(
        close_on(await office.calendar(), due.date(), due.date() + timedelta(days=9))
    )
    await run_jobs(sla)
    _, moved = await plan_of(sla, case_id)
    assert moved > due
    await sla.pass_time(moved - now - timedelta(minutes=1))
    assert await plan_warnings(sla) == 1


async def plan_warnings(sla: Sla) -> int:
    return sum(
        isinstance(fact, sla_facts_pb2.ClockDueSoon) and fact.clock.kind == PLAN
        for fact in await sla.published()
    )


async def test_steps_are_small_and_take_up_where_they_stopped(sla: Sla, office: Office) -> None:
    ids = await sla.register(await sla.now(), count=501)
    await office.publish(await closed_between(sla, office, ids[0]))
    assert await run_jobs(sla) == 2
    (job,) = await sla.rows("SELECT * FROM jobs WHERE kind = 'amend'")
    assert (job["done_count"], job["total_count"]) == (501, 501)
    assert len(await amendments(sla)) == 501


async def test_a_case_that_was_being_written_is_not_missed(sla: Sla, office: Office) -> None:
    """A fact in hand while the calendar is published may have been counted by the old one."""
    (known,) = await sla.register(await sla.now())
    calendar = await closed_between(sla, office, known)
    counted, commit = asyncio.Event(), asyncio.Event()

    async def slow(work: Work) -> str:
        case_id = new_id()
        await work.lock(SITE, case_id)
        terms = (await load_terms(work.connection, SITE))[SITE]
        assert terms.calendar.version == 1
        counted.set()
        await commit.wait()
        moment = Moment(work.time, work.time, work.version(case_id))
        act = Registered(work.time)
        change = transitions.apply(None, act, terms, moment, SITE, case_id)
        logged = Logged(act, moment, 1, 1, "p-1", "CaseRegistered")
        await files.save(work.connection, [(change, logged)])
        return case_id

    writing = asyncio.create_task(run(sla.database.worker, SLA, slow))
    await counted.wait()
    await office.publish(calendar)
    working = asyncio.create_task(run_jobs(sla))

    async def waits() -> bool:
        (job,) = await sla.rows("SELECT * FROM jobs WHERE kind = 'amend'")
        return str(job["cursor"]).startswith("wait ")

    await eventually(waits, what="the job waiting for the transaction under way")
    assert await amendments(sla) == []
    commit.set()
    case_id = await writing
    await working
    assert {fact.case_id for fact in await amendments(sla)} == {known, case_id}


async def test_units_outreach_follows_too(sla: Sla, office: Office) -> None:
    await sla.publish_directory(units=["team-1"])
    await sla.work_jobs()
    (before,) = await sla.rows("SELECT * FROM clocks WHERE kind = 'OUTREACH'")
    due = before["due_time"]
    # 24:00 of its last day in Shanghai is 16:00 of the same day in UTC.
    await office.publish(
        close_on(await office.calendar(), due.date(), due.date() + timedelta(days=9))
    )
    await run_jobs(sla)
    (after,) = await sla.rows("SELECT * FROM clocks WHERE kind = 'OUTREACH'")
    assert after["due_time"] > due
    assert after["calendar_version"] == 2
    (fact,) = await amendments(sla)
    assert fact.case_id == ""
    assert [clock.reference for clock in fact.clocks] == ["team-1"]
    assert await sla.published(f"outreach/{SITE}/team-1")
    rows = await everything(sla)
    await sla.rows("UPDATE jobs SET state = 'OPEN', cursor = '', finish_time = NULL")
    await run_jobs(sla)
    assert await everything(sla) == rows


async def test_a_policy_moves_and_ends_units_outreach(sla: Sla, office: Office) -> None:
    await sla.publish_directory(units=["team-1"])
    await sla.work_jobs()
    (before,) = await sla.rows("SELECT * FROM clocks WHERE kind = 'OUTREACH'")
    outreach = sla_pb2.CLOCK_KIND_OUTREACH
    sooner = policy()
    sooner.rules.add(
        name="每周",
        clocks=[sla_policy_pb2.ClockTerms(clock=outreach, calendar_days=7, no_warnings=True)],
    )
    await publish_policy(office, sooner, apply_to_running=True)
    await run_jobs(sla)
    (after,) = await sla.rows("SELECT * FROM clocks WHERE kind = 'OUTREACH'")
    assert after["due_time"] < before["due_time"]
    assert (after["policy_version"], after["warn_time"]) == (2, None)
    fact = (await sla.published(f"outreach/{SITE}/team-1"))[-1]
    assert isinstance(fact, sla_facts_pb2.ClocksAmended)
    assert fact.cause == sla_pb2.AMENDMENT_CAUSE_POLICY
    assert utc(fact.next_wake_time) == after["due_time"]

    never = policy()
    never.rules.add(name="停", clocks=[sla_policy_pb2.ClockTerms(clock=outreach, off=True)])
    await publish_policy(office, never, apply_to_running=True)
    await run_jobs(sla)
    (ended,) = await sla.rows("SELECT * FROM clocks WHERE kind = 'OUTREACH'")
    assert (ended["state"], ended["next_fire_time"]) == ("CANCELLED", None)
    fact = (await sla.published(f"outreach/{SITE}/team-1"))[-1]
    assert isinstance(fact, sla_facts_pb2.ClocksStopped)


async def test_a_case_that_cannot_be_counted_stops_no_other(sla: Sla, office: Office) -> None:
    unread, uncounted, *others = await sla.register(await sla.now(), count=4)
    calendar = await closed_between(sla, office, others[0])
    ladder = "replace(rule, 'WORKING_DAYS', 'LADDER')"
    for case_id, rule in ((unread, "'nonsense'"), (uncounted, ladder)):
        await sla.rows(f"UPDATE clocks SET rule = {rule} WHERE subject_id = $1", case_id)
    await office.publish(calendar)
    before = FAILED._value.get()
    await run_jobs(sla)
    assert {fact.case_id for fact in await amendments(sla)} == set(others)
    (job,) = await sla.rows("SELECT * FROM jobs WHERE kind = 'amend'")
    assert (job["state"], job["failure_count"]) == ("DONE", 0)
    assert FAILED._value.get() - before == 2


async def test_units_are_watched_from_when_a_policy_has_it(sla: Sla, office: Office) -> None:
    await sla.publish_directory(units=["team-1", "team-2"])
    await publish_policy(office, unwatched(SITE))
    await sla.work_jobs()
    assert not await sla.rows("SELECT FROM clocks WHERE kind = 'OUTREACH'")
    await publish_policy(office, policy())
    await sla.work_jobs()
    await assert_watched(sla, "team-1", "team-2")
    # And so by the group's template, which the site has only taken over when its job is done.
    await publish_policy(office, unwatched(GROUP), apply_to_running=True)
    await sla.work_jobs()
    await assert_watched(sla)
    await publish_policy(office, policy(GROUP))
    await sla.work_jobs()
    await assert_watched(sla, "team-1", "team-2")
    # Another policy that watches them as well is none of their business.
    count = len(await sla.rows("SELECT FROM jobs WHERE kind = 'outreach'"))
    await publish_policy(office, policy(plan_days=2))
    assert len(await sla.rows("SELECT FROM jobs WHERE kind = 'outreach'")) == count


def unwatched(site_id: str) -> sla_policy_pb2.Policy:
    message = policy(site_id)
    terms = sla_policy_pb2.ClockTerms(clock=sla_pb2.CLOCK_KIND_OUTREACH, off=True)
    message.rules.add(name="停", clocks=[terms])
    return message


async def assert_watched(sla: Sla, *unit_ids: str) -> None:
    rows = await sla.rows(
        "SELECT reference FROM clocks WHERE kind = 'OUTREACH' AND state = 'RUNNING'"
    )
    assert {row["reference"] for row in rows} == set(unit_ids)
