"""Calendars are published whole, in versions, and follow their site's clock."""

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
from services.sla.store.terms import load_terms
from tests.integration.sla.conftest import SITE, Sla, utc
from tests.integration.sla.office import (
    EVERYWHERE,
    Office,
    add_year,
    close_on,
    office_of,
    run_jobs,
)
from tests.integration.sla.test_acts import assert_replayed

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
