"""Calendars and policies are published whole, and running clocks follow."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.type.timeofday_pb2 import TimeOfDay

from backstop.sla.v1 import (
    sla_calendar_pb2,
    sla_facts_pb2,
    sla_pb2,
    sla_policy_pb2,
    sla_service_pb2,
)
from chassis.actor import service_actor
from chassis.convert import to_date_message
from chassis.ids import new_id
from chassis.journal import timestamp
from chassis.work import Work, run
from services.sla.domain import transitions
from services.sla.domain.acts import Logged, Moment, Registered
from services.sla.handlers.jobs import FAILED
from services.sla.store import files
from services.sla.store.terms import load_terms
from tests.integration.sla.conftest import SITE, Sla, utc
from tests.integration.sla.office import (
    EVERYWHERE,
    Office,
    add_year,
    close_on,
    deadlines,
    office_of,
    run_jobs,
)
from tests.integration.sla.test_acts import assert_replayed
from tests.waiting import eventually

SLA = service_actor("sla")
HOUR = timedelta(hours=1)
GROUP = "group"
PLAN = sla_pb2.CLOCK_KIND_PLAN


@pytest.fixture
async def office(sla: Sla, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(sla, tmp_path) as served:
        yield served


def policy(
    site_id: str = SITE, plan_days: int = 0, name: str = "快办", **fields: Any
) -> sla_policy_pb2.Policy:
    """Returns a policy that gives the plan so many working days."""
    message = sla_policy_pb2.Policy(site_id=site_id, **fields)
    if plan_days:
        message.rules.add(
            name=name, clocks=[sla_policy_pb2.ClockTerms(clock=PLAN, working_days=plan_days)]
        )
    return message


async def publish_policy(
    office: Office, message: sla_policy_pb2.Policy, **fields: Any
) -> sla_service_pb2.PublishPolicyResponse:
    request = sla_service_pb2.PublishPolicyRequest(policy=message, **fields)
    response: sla_service_pb2.PublishPolicyResponse = await office.ask(request, sites=EVERYWHERE)
    return response


async def closed_between(sla: Sla, office: Office, case_id: str) -> sla_calendar_pb2.Calendar:
    """Returns the calendar with the days closed on which the case's plan is being made."""
    start, due = await plan_of(sla, case_id)
    return close_on(await office.calendar(), start.date() + timedelta(days=1), due.date())


async def plan_of(sla: Sla, case_id: str) -> tuple[datetime, datetime]:
    (row,) = await sla.rows(
        "SELECT start_time, due_time FROM clocks WHERE subject_id = $1 AND kind = 'PLAN'", case_id
    )
    return row["start_time"], row["due_time"]


async def amendments(sla: Sla) -> list[sla_facts_pb2.ClocksAmended]:
    return [fact for fact in await sla.published() if isinstance(fact, sla_facts_pb2.ClocksAmended)]


# Calendars ------------------------------------------------------------------------------------


async def test_a_site_begins_with_the_packaged_calendar(sla: Sla, office: Office) -> None:
    calendar = await office.calendar()
    assert (calendar.site_id, calendar.version) == (SITE, 1)
    assert (calendar.country, calendar.time_zone) == ("CN", "Asia/Shanghai")
    assert calendar.published_by == "sla"
    assert {year.year for year in calendar.years} >= {2025, 2026}


async def test_publishing_replaces_the_calendar_and_keeps_the_old_one(
    sla: Sla, office: Office
) -> None:
    first = await office.calendar()
    day = date(2031, 5, 5)
    answer = await office.publish(close_on(await office.calendar(), day))
    assert answer.calendar.version == 2
    assert answer.calendar.published_by == "p-9"
    assert answer.job_id
    assert await office.calendar() == answer.calendar
    (closure,) = answer.calendar.closures
    assert closure.start_date == to_date_message(day)
    old = await office.ask(sla_service_pb2.GetCalendarRequest(site_id=SITE, version=1))
    assert old.calendar == first
    (fact,) = await sla.published(f"calendar/{SITE}")
    assert fact == sla_facts_pb2.CalendarPublished(calendar=answer.calendar)
    terms = await in_force(sla)
    assert not terms.calendar.is_working(day)


async def in_force(sla: Sla) -> Any:
    async with sla.database.worker.read(SLA) as connection:
        return (await load_terms(connection, SITE))[SITE]


async def test_what_is_in_force_is_not_published_again(sla: Sla, office: Office) -> None:
    calendar = close_on(await office.calendar(), date(2031, 5, 5))
    await office.publish(calendar)
    again = await office.publish(calendar)
    assert again.calendar.version == 2
    assert again.job_id == ""
    assert len(await sla.published(f"calendar/{SITE}")) == 1


async def test_what_leads_too_far_is_refused_in_words(sla: Sla, office: Office) -> None:
    # A century off by announcements, of which the office works an hour on Mondays.
    await sla.register(await sla.now())
    calendar = await office.calendar()
    del calendar.week[1:], calendar.years[:]
    del calendar.week[0].days[1:]
    calendar.week[0].end_time.CopyFrom(TimeOfDay(hours=calendar.week[0].start_time.hours + 1))
    today = (await sla.now()).year
    for year in range(today, today + 100):
        add_year(calendar, year, (date(year, 1, 1), date(year, 12, 31)))
    for year in range(today + 100, today + 110):
        century = close_on(calendar, date(year, 1, 1), date(year, 12, 31))
    terms = sla_policy_pb2.ClockTerms(clock=PLAN, working_time=Duration(seconds=7_200_000))
    slow = policy()
    slow.rules.add(name="慢办", clocks=[terms])
    refusals = {
        "calendar": sla_service_pb2.PreviewCalendarRequest(calendar=century),
        "policy": sla_service_pb2.PreviewPolicyRequest(policy=slow),
        "occurred_time": sla_service_pb2.ComputeDeadlinesRequest(
            site_id=SITE, occurred_time=timestamp(await sla.now()), clocks=[PLAN]
        ),
    }
    await publish_policy(office, slow, apply_to_running=True)
    await run_jobs(sla)
    assert await refused_field(office, refusals["calendar"]) == "calendar"
    await publish_policy(office, policy(), apply_to_running=True)
    await run_jobs(sla)
    await office.publish(century)
    assert await refused_field(office, refusals["policy"]) == "policy"
    await publish_policy(office, slow)
    asked = refusals["occurred_time"]
    assert await refused_field(office, asked, roles=("DISPATCHER",)) == "occurred_time"


async def refused_field(office: Office, request: Any, **others: Any) -> str:
    refusal = await office.refused(request, **others)
    assert refusal.reason == "INVALID_FIELD"
    (field,) = refusal.fields
    return str(field)


async def test_a_calendar_with_the_same_days_moves_nobody(sla: Sla, office: Office) -> None:
    calendar = await office.calendar()
    calendar.shifts.add(name="早班", start_time={"hours": 6}, end_time={"hours": 14})
    answer = await office.publish(calendar)
    assert answer.calendar.version == 2
    assert answer.job_id == ""


async def test_a_repeated_request_does_nothing_twice(sla: Sla, office: Office) -> None:
    calendar = close_on(await office.calendar(), date(2031, 5, 5))
    request_id = new_id()
    first = await office.publish(calendar, request_id=request_id)
    # Meanwhile another one is in force.
    await office.publish(close_on(await office.calendar(), date(2031, 6, 6)))
    again = await office.publish(calendar, request_id=request_id)
    assert again == first
    assert (await office.calendar()).version == 3
    assert len(await sla.rows("SELECT FROM jobs WHERE kind = 'amend'")) == 2


async def test_who_saw_another_version_is_refused(sla: Sla, office: Office) -> None:
    calendar = close_on(await office.calendar(), date(2031, 5, 5))
    await office.publish(calendar, expected_version=1)
    # A year that is missing moves the subject's version, and not the calendar's.
    later = close_on(await office.calendar(), date(2031, 6, 6))
    request = sla_service_pb2.PublishCalendarRequest(calendar=later, expected_version=1)
    refusal = await office.refused(request)
    assert refusal.reason == "VERSION_MISMATCH"
    assert refusal.metadata == {"expected": "1", "actual": "2"}
    assert (await office.calendar()).version == 2


async def test_another_sites_calendar_is_no_calendar(sla: Sla, office: Office) -> None:
    await sla.publish_directory("other")
    for site_id in ("other", "nowhere"):
        calendar = sla_calendar_pb2.Calendar(site_id=site_id)
        for request in (
            sla_service_pb2.GetCalendarRequest(site_id=site_id),
            sla_service_pb2.GetPolicyRequest(site_id=site_id),
            sla_service_pb2.PublishCalendarRequest(calendar=calendar),
            sla_service_pb2.PreviewCalendarRequest(calendar=calendar),
            sla_service_pb2.PublishPolicyRequest(policy=policy(site_id, 2)),
            sla_service_pb2.PreviewPolicyRequest(policy=policy(site_id, 2)),
        ):
            refusal = await office.refused(request)
            assert (refusal.code, refusal.reason) == (
                grpc.StatusCode.NOT_FOUND,
                "CALENDAR_NOT_FOUND",
            )
    # Not even its subject is there now.
    assert not await sla.rows("SELECT FROM subjects WHERE subject_id LIKE '%/nowhere'")


async def test_versions_that_never_were(sla: Sla, office: Office) -> None:
    for request in (
        sla_service_pb2.GetCalendarRequest(site_id=SITE, version=7),
        sla_service_pb2.GetPolicyRequest(site_id=SITE, version=7),
        sla_service_pb2.GetPolicyRequest(site_id=GROUP, version=7),
    ):
        assert (await office.refused(request)).reason == "NO_SUCH_VERSION"


async def test_a_calendar_that_makes_no_sense_changes_nothing(sla: Sla, office: Office) -> None:
    calendar = await office.calendar()
    calendar.years.add(year=2026)
    for request in (
        sla_service_pb2.PublishCalendarRequest(calendar=calendar),
        sla_service_pb2.PreviewCalendarRequest(calendar=calendar),
    ):
        assert (await office.refused(request)).reason == "YEAR_TWICE"
    assert (await office.calendar()).version == 1


async def test_a_site_on_another_zone_has_other_days(sla: Sla, office: Office) -> None:
    (case_id,) = await sla.register(await sla.now())
    _, due = await plan_of(sla, case_id)
    await sla.publish_directory(time_zone="Asia/Urumqi")
    await run_jobs(sla)
    # Its clocks show two hours less.
    assert (await plan_of(sla, case_id))[1] in (due + 2 * HOUR, due - 22 * HOUR)
    await assert_replayed(sla, case_id)
    calendar = await office.calendar()
    assert (calendar.version, calendar.time_zone) == (2, "Asia/Urumqi")
    old = await office.ask(sla_service_pb2.GetCalendarRequest(site_id=SITE, version=1))
    assert old.calendar.time_zone == "Asia/Shanghai"
    # The same directory again changes nothing.
    await sla.publish_directory(time_zone="Asia/Urumqi")
    assert (await office.calendar()).version == 2


async def test_a_case_that_came_before_its_sites_zone_follows_it(sla: Sla, office: Office) -> None:
    (case_id,) = await sla.register(await sla.now(), site_id="west")
    _, due = await plan_of(sla, case_id)
    await sla.publish_directory("west", time_zone="Asia/Urumqi")
    await run_jobs(sla)
    assert (await plan_of(sla, case_id))[1] in (due + 2 * HOUR, due - 22 * HOUR)
    assert (await office.calendar("west")).version == 1


async def test_what_came_before_its_site_is_not_of_its_sites_first_version(
    sla: Sla, office: Office
) -> None:
    await publish_policy(office, policy(GROUP, plan_days=9, name="集团"))
    (case_id,) = await sla.register(await sla.now(), site_id="west")
    await assert_replayed(sla, case_id, "west")
    await sla.publish_directory("west", time_zone="Europe/Berlin")
    await run_jobs(sla)
    acts = await sla.rows(
        "SELECT kind, policy_version, calendar_version FROM acts WHERE case_id = $1 ORDER BY id",
        case_id,
    )
    assert [tuple(act.values()) for act in acts] == [("Registered", 0, 0), ("Amended", 1, 1)]
    await assert_replayed(sla, case_id, "west")
    clocks = await sla.rows(
        "SELECT clock_id::text, policy_version, calendar_version, due_time FROM clocks"
        " WHERE subject_id = $1",
        case_id,
    )
    # Of the rules they keep those that they began with.
    assert {(row["policy_version"], row["calendar_version"]) for row in clocks} == {(0, 1)}
    for row in clocks:
        request = sla_service_pb2.ExplainDeadlineRequest(clock_id=row["clock_id"])
        answer = await office.ask(request, roles=("DIRECTOR",), sites=EVERYWHERE)
        assert utc(answer.due_time) == row["due_time"]


# Running clocks -------------------------------------------------------------------------------


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


# Policies -------------------------------------------------------------------------------------


async def test_a_site_begins_with_what_every_site_begins_with(sla: Sla, office: Office) -> None:
    response = await office.ask(sla_service_pb2.GetPolicyRequest(site_id=SITE))
    assert (response.policy.version, list(response.policy.rules)) == (1, [])
    (rule,) = response.effective
    assert rule.source == sla_service_pb2.RULE_SOURCE_DEFAULT
    assert {terms.clock for terms in rule.rule.clocks} >= {PLAN, sla_pb2.CLOCK_KIND_OUTREACH}


async def test_new_clocks_go_by_the_new_policy_and_running_ones_by_their_own(
    sla: Sla, office: Office
) -> None:
    now = await sla.now()
    (old,) = await sla.register(now)
    before = await deadlines(sla)
    answer = await publish_policy(office, policy(plan_days=1), expected_version=1)
    assert (answer.policy.version, answer.policy.published_by, answer.job_id) == (2, "p-9", "")
    (fact,) = await sla.published(f"policy/{SITE}")
    assert fact == sla_facts_pb2.PolicyPublished(policy=answer.policy)
    (new,) = await sla.register(now)
    await run_jobs(sla)
    assert (await plan_of(sla, new))[1] < (await plan_of(sla, old))[1]
    assert before.items() <= (await deadlines(sla)).items()
    rows = await sla.rows("SELECT subject_id, policy_version FROM clocks WHERE kind = 'PLAN'")
    assert {row["subject_id"]: row["policy_version"] for row in rows} == {old: 1, new: 2}


async def test_a_policy_is_applied_to_running_clocks_where_that_is_asked_for(
    sla: Sla, office: Office
) -> None:
    now = await sla.now()
    (case_id,) = await sla.register(now)
    await publish_policy(office, policy(plan_days=9))
    await run_jobs(sla)
    assert await amendments(sla) == []
    # The same again, and now for the running ones: no new version, and still they follow.
    answer = await publish_policy(office, policy(plan_days=9), apply_to_running=True)
    assert (answer.policy.version, bool(answer.job_id)) == (2, True)
    await run_jobs(sla)
    (fact,) = await amendments(sla)
    assert fact.cause == sla_pb2.AMENDMENT_CAUSE_POLICY
    (clock,) = fact.clocks
    assert (clock.kind, clock.policy_version, clock.rule) == (PLAN, 2, "快办")
    assert utc(clock.due_time) == (await plan_of(sla, case_id))[1]
    (act,) = await sla.rows("SELECT * FROM acts WHERE kind = 'Amended'")
    assert (act["actor"], act["cause"]) == ("p-9", "PolicyPublished")


async def test_a_policy_not_meant_for_running_clocks_is_not_applied_to_them(
    sla: Sla, office: Office
) -> None:
    await sla.register(await sla.now())
    for site_id in (SITE, GROUP):
        await publish_policy(office, policy(site_id, plan_days=9), apply_to_running=True)
        # Before the job has done anything.
        await publish_policy(office, policy(site_id, plan_days=7))
        await run_jobs(sla)
        assert await amendments(sla) == []
    jobs = await sla.rows("SELECT state FROM jobs WHERE kind IN ('amend', 'template')")
    assert [row["state"] for row in jobs] == ["DONE"] * 3


async def test_a_policy_that_makes_no_sense_changes_nothing(sla: Sla, office: Office) -> None:
    message = policy(plan_days=2)
    message.rules.add(name="另一条", clocks=[sla_policy_pb2.ClockTerms(clock=PLAN, working_days=4)])
    for request in (
        sla_service_pb2.PublishPolicyRequest(policy=message),
        sla_service_pb2.PreviewPolicyRequest(policy=message),
    ):
        assert (await office.refused(request)).reason == "RULES_OVERLAP"
    assert (await office.ask(sla_service_pb2.GetPolicyRequest(site_id=SITE))).policy.version == 1


async def test_sites_follow_the_groups_template(sla: Sla, office: Office) -> None:
    for site_id in ("detached", "own"):
        await sla.publish_directory(site_id)
    await publish_policy(office, policy("detached", detached=True))
    await publish_policy(office, policy("own", plan_days=7, name="本矿"))
    (case_id,) = await sla.register(await sla.now())
    _, due = await plan_of(sla, case_id)

    answer = await publish_policy(
        office, policy(GROUP, plan_days=9, name="集团"), apply_to_running=True
    )
    assert (answer.policy.site_id, answer.policy.version) == (GROUP, 1)
    assert answer.job_id
    await run_jobs(sla)

    policies = {
        site_id: await office.ask(
            sla_service_pb2.GetPolicyRequest(site_id=site_id), sites=EVERYWHERE
        )
        for site_id in (SITE, "detached", "own")
    }
    versions = {
        site_id: (response.policy.version, response.policy.template_version)
        for site_id, response in policies.items()
    }
    assert versions == {SITE: (2, 1), "detached": (2, 0), "own": (3, 1)}
    assert [rule.source for rule in policies["own"].effective] == [
        sla_service_pb2.RULE_SOURCE_SITE,
        sla_service_pb2.RULE_SOURCE_GROUP,
        sla_service_pb2.RULE_SOURCE_DEFAULT,
    ]
    assert [rule.name for rule in policies["own"].policy.rules] == ["本矿"]
    (_, followed) = await sla.published("policy/own")
    assert followed == sla_facts_pb2.PolicyPublished(policy=policies["own"].policy)
    # The running clock of a site that inherits has moved.
    assert (await plan_of(sla, case_id))[1] > due

    # A site that comes later begins with it.
    await sla.publish_directory("late")
    late = await office.ask(sla_service_pb2.GetPolicyRequest(site_id="late"), sites=EVERYWHERE)
    assert (late.policy.version, late.policy.template_version) == (1, 1)
    group = await office.ask(sla_service_pb2.GetPolicyRequest(site_id=GROUP))
    assert group.policy == answer.policy

    # Once more changes nothing.
    await publish_policy(office, policy(GROUP, plan_days=9, name="集团"), apply_to_running=True)
    rows = await everything(sla)
    await run_jobs(sla)
    assert await everything(sla) == rows


async def test_the_template_is_for_those_who_see_all_sites(sla: Sla, office: Office) -> None:
    for request in (
        sla_service_pb2.PublishPolicyRequest(policy=policy(GROUP, 9)),
        sla_service_pb2.PreviewPolicyRequest(policy=policy(GROUP, 9)),
    ):
        for sites in ((SITE,), (SITE, GROUP)):
            refusal = await office.refused(request, sites=sites)
            assert refusal.reason == "PERMISSION_DENIED"
    assert not await sla.rows("SELECT FROM templates")


async def test_an_old_version_is_read_as_it_worked(sla: Sla, office: Office) -> None:
    await publish_policy(office, policy(plan_days=1))
    await publish_policy(office, policy(GROUP, plan_days=9, name="集团"))
    await run_jobs(sla)
    await publish_policy(office, policy(plan_days=5))
    for version, sources in ((1, 1), (2, 2), (3, 3), (4, 3)):
        request = sla_service_pb2.GetPolicyRequest(site_id=SITE, version=version)
        response = await office.ask(request)
        assert response.policy.version == version
        assert len(response.effective) == sources
