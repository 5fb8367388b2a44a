"""Previews tell what publishing does, and do nothing themselves."""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import (
    sla_facts_pb2,
    sla_pb2,
    sla_policy_pb2,
    sla_service_pb2,
)
from chassis.actor import service_actor
from chassis.convert import to_date_message
from chassis.ids import new_id
from chassis.work import Work, run
from services.sla.domain import transitions
from services.sla.domain.acts import Act, Flagged, FlagKind, Logged, Moment, Paused, Registered
from services.sla.domain.kinds import PauseReason
from services.sla.handlers.facts import apply_act
from services.sla.store import files
from services.sla.store.terms import load_terms
from tests.integration.sla.conftest import SITE, Sla, fed_back, utc
from tests.integration.sla.office import (
    EVERYWHERE,
    Office,
    close_on,
    deadlines,
    office_of,
    run_jobs,
)
from tests.integration.sla.test_acts import assert_replayed

SLA = service_actor("sla")
DAY = timedelta(days=1)


@pytest.fixture
async def office(sla: Sla, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(sla, tmp_path) as served:
        yield served


async def happen(sla: Sla, case_id: str, what: Act) -> None:
    """Lets something happen to a case."""

    async def body(work: Work) -> None:
        await work.lock(SITE, case_id)
        await apply_act(work, case_id, SITE, what, work.time, "p-1", "test", work.time)

    await run(sla.database.worker, SLA, body)


async def a_busy_site(sla: Sla) -> list[str]:
    """Fills a site with clocks of every sort; returns its cases."""
    await sla.publish_directory(units=["team-1", "team-2"])
    await sla.work_jobs()
    now = await sla.now()
    ids = await sla.register(now - timedelta(minutes=1), count=12)
    ids += await sla.register(now - 9 * DAY, count=3)
    for case_id in ids[:4]:
        await sla.tell(fed_back(case_id, intake_pb2.ANSWER_KIND_PROGRESS, now), now)
    for case_id in ids[4:7]:
        plan = fed_back(case_id, intake_pb2.ANSWER_KIND_PLAN, now)
        plan.promised_date.CopyFrom(to_date_message((now + 5 * DAY).date()))
        await sla.tell(plan, now)
    await sla.dispatch([(case_id, now + 4 * DAY) for case_id in ids[5:9]], now)
    for case_id in ids[6:10]:
        latest = now + 20 * DAY
        await happen(sla, case_id, Paused(PauseReason.FORCE_MAJEURE, now, latest, "样例", "p-1"))
    for case_id in ids[10:12]:
        await happen(sla, case_id, Flagged(FlagKind.LONG_STANDING, True, now))
    return ids


async def rows_of(sla: Sla) -> list[Any]:
    return [
        await sla.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
        for table in (
            "cases",
            "clocks",
            "acts",
            "journal",
            "subjects",
            "jobs",
            "calendars",
            "policies",
        )
    ]


def moved_by(events: Sequence[sla_service_pb2.PreviewEvent]) -> dict[str, datetime]:
    return {
        event.moved.clock.clock_id: utc(event.moved.due_time)
        for event in events
        if event.HasField("moved")
    }


def changed(before: dict[str, datetime], after: dict[str, datetime]) -> dict[str, datetime]:
    """Returns the clocks that still run or stand still, with another deadline."""
    return {
        clock_id: due
        for clock_id, due in after.items()
        if clock_id in before and before[clock_id] != due
    }


async def test_a_calendars_preview_tells_what_its_job_does(sla: Sla, office: Office) -> None:
    ids = await a_busy_site(sla)
    now = await sla.now()
    calendar = close_on(await office.calendar(), (now + DAY).date(), (now + 30 * DAY).date())
    request = sla_service_pb2.PreviewCalendarRequest(calendar=calendar, max_listed=1000)
    before, rows = await deadlines(sla), await rows_of(sla)
    events = await office.preview(request)
    assert await rows_of(sla) == rows

    await office.publish(calendar)
    await run_jobs(sla)
    expected = changed(before, await deadlines(sla))
    assert moved_by(events) == expected
    kinds = await sla.rows("SELECT kind FROM clocks WHERE clock_id::text = ANY ($1)", [*expected])
    assert {row["kind"] for row in kinds} >= {"PLAN", "PROGRESS", "REVIEW"}
    summary = events[-1].summary
    assert summary.clocks == len(before)
    assert summary.moved_later == len(expected)
    assert summary.moved_earlier == 0

    # Taken back, everything moves back, and what would be over by then is told.
    calendar = await office.calendar()
    del calendar.closures[:]
    request = sla_service_pb2.PreviewCalendarRequest(calendar=calendar, max_listed=1000)
    before = await deadlines(sla)
    back = await office.preview(request)
    await office.publish(calendar)
    await run_jobs(sla)
    assert moved_by(back) == changed(before, await deadlines(sla))
    assert back[-1].summary.moved_earlier == len(expected)
    for case_id in ids:
        await assert_replayed(sla, case_id)


async def test_a_policys_preview_tells_what_its_job_does(sla: Sla, office: Office) -> None:
    ids = await a_busy_site(sla)
    terms = sla_policy_pb2.ClockTerms
    policy = sla_policy_pb2.Policy(site_id=SITE)
    policy.rules.add(
        name="样例",
        clocks=[
            terms(clock=sla_pb2.CLOCK_KIND_PLAN, working_days=9),
            terms(
                clock=sla_pb2.CLOCK_KIND_PROGRESS,
                off_while_promised=sla_policy_pb2.OffWhilePromised(working_days=1),
            ),
            terms(clock=sla_pb2.CLOCK_KIND_REVIEW, off=True),
            terms(clock=sla_pb2.CLOCK_KIND_OUTREACH, calendar_days=3),
            terms(
                clock=sla_pb2.CLOCK_KIND_RESOLUTION,
                given=True,
                day_end=sla_policy_pb2.DAY_END_MIDNIGHT,
            ),
        ],
    )
    request = sla_service_pb2.PreviewPolicyRequest(policy=policy, max_listed=1000)
    before, rows = await deadlines(sla), await rows_of(sla)
    events = await office.preview(request)
    assert await rows_of(sla) == rows

    await office.ask(sla_service_pb2.PublishPolicyRequest(policy=policy, apply_to_running=True))
    await run_jobs(sla)
    after = await deadlines(sla)
    expected = changed(before, after)
    assert moved_by(events) == expected
    kinds = await sla.rows("SELECT kind FROM clocks WHERE clock_id::text = ANY ($1)", [*expected])
    assert {row["kind"] for row in kinds} == {"PLAN", "PROGRESS", "OUTREACH"}
    # Both reviews, and the progress of the three who have promised a date.
    assert len(before.keys() - after.keys()) == 5
    summary = events[-1].summary
    assert summary.clocks == len(before)
    assert summary.moved_later + summary.moved_earlier == len(expected)
    assert summary.moved_earlier > 0
    for case_id in ids:
        await assert_replayed(sla, case_id)


async def test_a_deadline_that_would_have_passed_breaches_with_an_alert_only(
    sla: Sla, office: Office
) -> None:
    now = await sla.now()
    first = now.date() - 20 * DAY
    await office.publish(close_on(await office.calendar(), first, now.date() + 20 * DAY))
    (case_id,) = await sla.register(now - 9 * DAY)
    # The first reply is late by any calendar, and alerts.
    await sla.fire()
    calendar = await office.calendar()
    del calendar.closures[:]
    events = await office.preview(sla_service_pb2.PreviewCalendarRequest(calendar=calendar))
    (moved,) = [event.moved for event in events if event.HasField("moved")]
    assert moved.breaches
    assert moved.clock.case_id == case_id
    assert events[-1].summary.breaching == 1
    await office.publish(calendar)
    await run_jobs(sla)
    await sla.fire()
    breach = [
        fact
        for fact in await sla.published(case_id)
        if isinstance(fact, sla_facts_pb2.ClockBreached)
    ][-1]
    assert breach.clock.kind == sla_pb2.CLOCK_KIND_PLAN
    assert breach.clock.born_breached
    assert breach.consequence == sla_pb2.CONSEQUENCE_ALERT


async def test_verdicts_of_the_past_are_told_and_stay(sla: Sla, office: Office) -> None:
    now = await sla.now()
    spoken = now - 30 * DAY
    late, in_time, owed = await sla.register(spoken, count=3)
    for case_id, answered in ((late, spoken + 20 * DAY), (in_time, spoken + DAY)):
        await sla.tell(fed_back(case_id, intake_pb2.ANSWER_KIND_PROGRESS, answered), answered)
    # All of the days until the late one's answer are closed.
    closed = partial(close_on, first=spoken.date(), last=spoken.date() + 25 * DAY)
    request = sla_service_pb2.PreviewCalendarRequest(calendar=closed(await office.calendar()))
    rows = await rows_of(sla)
    events = await office.preview(request)
    assert await rows_of(sla) == rows
    flipped = {
        (event.flipped.clock.case_id, event.flipped.clock.kind): event.flipped.state
        for event in events
        if event.HasField("flipped")
    }
    assert flipped[late, sla_pb2.CLOCK_KIND_PLAN] == sla_pb2.CLOCK_STATE_MET
    assert (in_time, sla_pb2.CLOCK_KIND_PLAN) not in flipped
    assert (owed, sla_pb2.CLOCK_KIND_PLAN) not in flipped
    assert events[-1].summary.flipped == len(flipped)

    # A day that is still to come changes no verdict.
    ahead = close_on(await office.calendar(), (now + DAY).date())
    request = sla_service_pb2.PreviewCalendarRequest(calendar=ahead)
    assert (await office.preview(request))[-1].summary.flipped == 0


async def test_what_only_settles_is_told_apart(sla: Sla, office: Office) -> None:
    calendar = await office.calendar()
    kept = [year for year in calendar.years if year.year < (await sla.now()).year]
    everything = list(calendar.years)
    del calendar.years[:]
    calendar.years.extend(kept)
    # As if nothing had been announced yet, but by the very days of the law.
    await office.publish(calendar)
    await sla.register(await sla.now())
    del calendar.years[:]
    calendar.years.extend(everything)
    events = await office.preview(sla_service_pb2.PreviewCalendarRequest(calendar=calendar))
    summary = events[-1].summary
    assert summary.settled + summary.moved_later + summary.moved_earlier == 1
    await office.publish(calendar)
    await run_jobs(sla)
    assert not await sla.rows("SELECT FROM clocks WHERE provisional")


async def test_few_are_listed_and_all_are_counted(sla: Sla, office: Office) -> None:
    await sla.register(await sla.now(), count=7)
    today = (await sla.now()).date()
    calendar = close_on(await office.calendar(), today + DAY, today + 9 * DAY)
    for max_listed, listed in ((0, 7), (3, 3), (7, 7)):
        events = await office.preview(
            sla_service_pb2.PreviewCalendarRequest(calendar=calendar, max_listed=max_listed)
        )
        assert len(moved_by(events)) == listed
        assert events[-1].summary.moved_later == 7


async def test_a_stream_tells_how_far_it_is_and_ends_with_a_summary(
    sla: Sla, office: Office
) -> None:
    await fill(sla, 700)
    today = (await sla.now()).date()
    calendar = close_on(await office.calendar(), today - 9 * DAY, today + 20 * DAY)
    request = sla_service_pb2.PreviewCalendarRequest(calendar=calendar, max_listed=1000)
    started = time.monotonic()
    events = await office.preview(request)
    seconds = time.monotonic() - started
    done = [event.progress.done for event in events if event.HasField("progress")]
    totals = [event.progress.total for event in events if event.HasField("progress")]
    assert done == sorted(done)
    assert len(done) > 4
    assert done[0] == 0
    # Every clock and every case of the past, over several pages.
    assert done[-1] == totals[-1] == 1400 + 700
    assert [event.HasField("summary") for event in events].count(True) == 1
    summary = events[-1].summary
    assert (summary.clocks, summary.moved_later) == (1400, 700)
    plans = await sla.rows("SELECT clock_id::text FROM clocks WHERE kind = 'PLAN'")
    assert moved_by(events).keys() == {row["clock_id"] for row in plans}
    print(f"previewed {1400 / seconds:.0f} running clocks a second")


async def fill(sla: Sla, count: int) -> None:
    """Writes cases of the last days with their first two clocks, running still."""

    async def body(work: Work) -> None:
        terms = (await load_terms(work.connection, SITE))[SITE]
        changes = []
        for number in range(1, count + 1):
            spoken = work.time - number % 7 * DAY - timedelta(seconds=number)
            moment, act = Moment(spoken, spoken, 0), Registered(spoken)
            change = transitions.apply(None, act, terms, moment, SITE, new_id())
            changes.append((change, Logged(act, moment, 1, 1, "p-1", "CaseRegistered")))
        await files.save(work.connection, changes)

    await run(sla.database.worker, SLA, body)


async def test_what_changes_no_day_is_told_at_once(sla: Sla, office: Office) -> None:
    await sla.register(await sla.now())
    calendar = await office.calendar()
    calendar.shifts.add(name="早班", start_time={"hours": 6}, end_time={"hours": 14})
    events = await office.preview(sla_service_pb2.PreviewCalendarRequest(calendar=calendar))
    assert [event.progress.total for event in events[:-1]] == [0]
    assert events[-1].summary == sla_service_pb2.PreviewSummary(clocks=2)


async def test_the_templates_preview_plays_the_sites_that_inherit_it(
    sla: Sla, office: Office
) -> None:
    await sla.publish_directory("detached")
    detached = sla_policy_pb2.Policy(site_id="detached", detached=True)
    await office.ask(sla_service_pb2.PublishPolicyRequest(policy=detached), sites=EVERYWHERE)
    now = await sla.now()
    (case_id,) = await sla.register(now)
    await sla.register(now, site_id="detached")
    template = sla_policy_pb2.Policy(site_id="group")
    terms = sla_policy_pb2.ClockTerms(clock=sla_pb2.CLOCK_KIND_PLAN, working_days=9)
    template.rules.add(name="集团", clocks=[terms])
    request = sla_service_pb2.PreviewPolicyRequest(policy=template)
    events = await office.preview(request, sites=EVERYWHERE)
    assert [event.moved.clock.case_id for event in events if event.HasField("moved")] == [case_id]
    assert events[-1].summary.clocks == 2
