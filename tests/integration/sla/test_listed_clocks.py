"""Which of many clocks: filters, order, pages, and in whose sight."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from chassis.clock import set_offset
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.sla.asking import (
    FIRST_REPLY,
    OUTREACH,
    PAUSE,
    PLAN,
    REMINDER,
    Desk,
    desk_of,
    refused,
)
from tests.integration.sla.conftest import SITE, Sla, fed_back, utc
from tests.integration.sla.served import DAY, HOUR, MIDNIGHT, MONDAY


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of(sla, tmp_path) as desk:
        yield desk


async def two_cases(desk: Desk) -> tuple[str, str]:
    """A case with a steward, and one on the queue, of a Monday."""
    (steady,) = await desk.sla.register(MONDAY, unit_id="bathhouse", category="living")
    (queued,) = await desk.sla.register(MONDAY + HOUR, unit_id="canteen", category="food")
    await desk.move_to(MONDAY + HOUR)
    await desk.assign(steady, "bathhouse", "p-3", "p-3")
    await desk.assign(queued, "canteen", "", "position:DISPATCH_ROOM")
    return steady, queued


async def test_live_clocks_are_listed_soonest_deadline_first(desk: Desk) -> None:
    steady, queued = await two_cases(desk)
    response = await desk.listed(site_id=SITE)
    rows = [(row.clock.case_id, row.clock.kind) for row in response.clocks]
    assert sorted(rows) == sorted(
        [
            (steady, FIRST_REPLY),
            (queued, FIRST_REPLY),
            (queued, REMINDER),
            (steady, PLAN),
            (queued, PLAN),
        ]
    )
    due_times = [utc(row.clock.due_time) for row in response.clocks]
    assert due_times == sorted(due_times)
    assert due_times[2:4] == [MIDNIGHT[0], MIDNIGHT[3]]
    mine = next(row for row in response.clocks if row.clock.case_id == steady)
    assert (mine.unit_id, mine.category, mine.steward, mine.accountable) == (
        "bathhouse",
        "living",
        "p-3",
        "p-3",
    )
    assert not response.next_page_token


async def test_filters_hold_together(desk: Desk) -> None:
    steady, queued = await two_cases(desk)
    assert await desk.kinds(unit_id="bathhouse", kinds=[PLAN]) == [(steady, PLAN)]
    assert await desk.kinds(category="food", kinds=[PLAN, FIRST_REPLY]) == [
        (queued, FIRST_REPLY),
        (queued, PLAN),
    ]
    assert await desk.kinds(person_id="p-3") == [(steady, FIRST_REPLY), (steady, PLAN)]
    assert {case for case, _ in await desk.kinds(person_id="position:DISPATCH_ROOM")} == {queued}
    assert await desk.kinds(unit_id="bathhouse", category="food") == []
    await desk.assign(steady, "bathhouse", "p-4", "p-3")
    assert len(await desk.kinds(person_id="p-4")) == len(await desk.kinds(person_id="p-3")) == 2


async def test_what_is_due_soon_and_what_is_overdue(desk: Desk) -> None:
    steady, queued = await two_cases(desk)
    soon, overdue = sla_service_pb2.CLOCK_VIEW_DUE_SOON, sla_service_pb2.CLOCK_VIEW_OVERDUE
    due_today = {(steady, FIRST_REPLY), (queued, FIRST_REPLY), (queued, REMINDER)}
    assert set(await desk.kinds(view=soon)) == due_today
    assert await desk.kinds(view=soon, within=Duration(seconds=3600)) == []
    assert len(await desk.kinds(view=soon, within=Duration(seconds=4 * 86400))) == 5
    assert await desk.kinds(view=overdue) == []
    # The deadline has passed, and no timer has looked yet.
    await set_offset(desk.sla.database.worker, MIDNIGHT[0] + HOUR - datetime.now(UTC))
    not_fired = await desk.kinds(view=overdue)
    assert set(not_fired) == due_today
    assert await desk.kinds(view=soon) == []
    await desk.sla.fire()
    # A reminder is due again the next night.
    assert set(await desk.kinds(view=overdue)) == due_today - {(queued, REMINDER)}
    assert await desk.kinds(view=soon) == [(queued, REMINDER)]
    answered = fed_back(steady, intake_pb2.ANSWER_KIND_FIRST_REPLY, await desk.sla.now())
    await desk.sla.tell(answered, await desk.sla.now())
    assert await desk.kinds(view=overdue) == [(queued, FIRST_REPLY)]


async def test_a_unit_that_was_reported_is_overdue_until_it_is_heard_of(desk: Desk) -> None:
    overdue = sla_service_pb2.CLOCK_VIEW_OVERDUE
    await desk.sla.publish_directory(units=["mining-1", "washery"])
    await desk.sla.work_jobs()

    async def units() -> list[str]:
        response = await desk.listed(view=overdue, kinds=[OUTREACH])
        return [row.unit_id for row in response.clocks]

    assert await units() == []
    now = await desk.sla.now()
    await set_offset(desk.sla.database.worker, now + 46 * DAY - datetime.now(UTC))
    await desk.sla.fire()
    # It runs to the next report, which is ahead.
    (first, second) = (await desk.listed(view=overdue, kinds=[OUTREACH])).clocks
    assert first.clock.state == second.clock.state == sla_pb2.CLOCK_STATE_RUNNING
    assert utc(first.clock.due_time) > await desk.sla.now()
    assert set(await units()) == {"mining-1", "washery"}
    soon = await desk.listed(view=sla_service_pb2.CLOCK_VIEW_DUE_SOON, kinds=[OUTREACH])
    assert list(soon.clocks) == []
    contact = routing_facts_pb2.OutreachRecorded(
        site_id=SITE,
        unit_id="washery",
        outreach_id=new_id(),
        outreach_time=to_timestamp(await desk.sla.now()),
    )
    subject = f"outreach/{SITE}/washery"
    await desk.sla.tell(contact, await desk.sla.now(), subject_id=subject)
    assert await units() == ["mining-1"]


async def test_what_has_stood_still_for_long(desk: Desk) -> None:
    steady, _ = await two_cases(desk)
    await desk.pause(steady, MIDNIGHT[30])
    paused = sla_service_pb2.CLOCK_VIEW_PAUSED
    response = await desk.listed(view=paused, within=Duration())
    (row,) = response.clocks
    assert (row.clock.case_id, row.clock.kind) == (steady, PLAN)
    assert row.pause.words == "等诉求人补照片。"
    assert utc(row.pause.latest_end_time) == MIDNIGHT[30]
    # What starts later stands still for less long, though its case has for as long.
    await desk.move_to(MONDAY + 3 * DAY)
    noted = fed_back(steady, intake_pb2.ANSWER_KIND_PROGRESS, MONDAY + 3 * DAY)
    await desk.sla.tell(noted, MONDAY + 3 * DAY)
    assert await desk.kinds(view=paused) == []
    progress = (steady, sla_pb2.CLOCK_KIND_PROGRESS)
    assert await desk.kinds(view=paused, within=Duration()) == [progress]
    await desk.move_to(MONDAY + 8 * DAY)
    assert await desk.kinds(view=paused) == []
    assert await desk.kinds(view=paused, within=Duration(seconds=4 * 86400)) == [progress]
    await desk.move_to(MONDAY + 10 * DAY + HOUR)
    assert await desk.kinds(view=paused) == [progress]
    # Nothing but what stands still has a pause to tell of.
    assert not any(row.HasField("pause") for row in (await desk.listed(kinds=[PAUSE])).clocks)


async def test_pages_join_without_a_gap(desk: Desk) -> None:
    await desk.sla.register(MONDAY, count=7)
    whole = await desk.listed(site_id=SITE)
    assert len(whole.clocks) == 14
    pages: list[Any] = []
    token = ""
    while (token or not pages) and len(pages) < 10:
        page = await desk.listed(site_id=SITE, page_size=4, page_token=token)
        pages.append(page.clocks)
        token = page.next_page_token
    assert [len(page) for page in pages] == [4, 4, 4, 2]
    assert [row for page in pages for row in page] == list(whole.clocks)
    first = await desk.listed(site_id=SITE, page_size=4)
    other = await refused(desk.listed(site_id=SITE, kinds=[PLAN], page_token=first.next_page_token))
    assert other.reason == "INVALID_PAGE_TOKEN"


async def test_each_sees_the_clocks_of_its_sites(desk: Desk) -> None:
    await desk.sla.publish_directory("elsewhere")
    (mine,) = await desk.sla.register(MONDAY)
    (theirs,) = await desk.sla.register(MONDAY - HOUR, site_id="elsewhere")
    plans = {"kinds": [PLAN]}
    assert await desk.kinds(**plans) == [(mine, PLAN)]
    assert await desk.kinds(sites=["elsewhere"], **plans) == [(theirs, PLAN)]
    assert await desk.kinds(site_id="elsewhere", **plans) == []
    assert await desk.kinds(sites=["nowhere"], **plans) == []
    for sites in (["*"], [SITE, "elsewhere"]):
        assert sorted(await desk.kinds(sites=sites, **plans)) == sorted(
            [(mine, PLAN), (theirs, PLAN)]
        )
    assert await desk.kinds(sites=["*"], site_id="elsewhere", **plans) == [(theirs, PLAN)]


async def test_pages_go_through_all_sites_in_one_order(desk: Desk) -> None:
    await desk.sla.publish_directory("elsewhere")
    for site in (SITE, "elsewhere", SITE, "elsewhere"):
        await desk.sla.register(MONDAY, site_id=site)
    seen: list[tuple[datetime, str]] = []
    token = ""
    while (token or not seen) and len(seen) < 20:
        page = await desk.listed(sites=["*"], page_size=3, page_token=token)
        seen += [(utc(row.clock.due_time), row.clock.clock_id) for row in page.clocks]
        token = page.next_page_token
    assert len(seen) == 8
    assert seen == sorted(seen)


async def test_a_units_outreach_is_listed_without_a_case(desk: Desk) -> None:
    await desk.sla.publish_directory(units=["bathhouse", "canteen"])
    await desk.sla.work_jobs()
    response = await desk.listed(unit_id="canteen")
    (row,) = response.clocks
    assert (row.clock.kind, row.clock.case_id, row.clock.reference) == (OUTREACH, "", "canteen")
    assert (row.unit_id, row.category, row.steward, row.accountable) == ("canteen", "", "", "")
    assert len(await desk.kinds(kinds=[OUTREACH])) == 2
    assert await desk.kinds(category="living") == []
    assert await desk.kinds(person_id="p-3") == []
    explained = await desk.explained(row.clock.clock_id)
    assert explained.due_time == row.clock.due_time
