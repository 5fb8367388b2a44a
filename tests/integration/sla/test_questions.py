"""Clocks as they are, as they were, why, and which of many: through a real server.

Decision time is moved to a Monday of a March to come, in which no law knows a holiday.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2, sla_service_pb2_grpc
from chassis.clock import set_offset
from chassis.convert import to_date, to_timestamp
from chassis.ids import new_id
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.testing import PEPPER, Answer, Keys, bearer, read_refusal, serving
from services.sla.app import SPEC
from services.sla.rpc import SlaServicer
from tests.integration.sla.conftest import SITE, Sla, fed_back, utc

# The asynchronous stub exists for type checkers alone.
Stub: TypeAlias = "sla_service_pb2_grpc.SlaServiceAsyncStub"
Kind: TypeAlias = "sla_pb2.ClockKind.ValueType"

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST_REPLY, PLAN = sla_pb2.CLOCK_KIND_FIRST_REPLY, sla_pb2.CLOCK_KIND_PLAN
REMINDER, PAUSE = sla_pb2.CLOCK_KIND_REMINDER, sla_pb2.CLOCK_KIND_PAUSE
OUTREACH, REVIEW = sla_pb2.CLOCK_KIND_OUTREACH, sla_pb2.CLOCK_KIND_REVIEW


def _monday() -> datetime:
    """Returns 9:00 at the site of the second Monday of next year's March."""
    first = datetime(datetime.now(UTC).year + 1, 3, 1, 9, tzinfo=SHANGHAI)
    return (first + DAY * ((-first.weekday()) % 7) + 7 * DAY).astimezone(UTC)


MONDAY = _monday()
# 24:00 of days from that Monday on.
MIDNIGHT = [MONDAY + 15 * HOUR + number * DAY for number in range(60)]


@dataclass
class Desk:
    """An sla with its server, and those who ask it."""

    sla: Sla
    stub: Stub
    keys: Keys

    async def move_to(self, time: datetime) -> None:
        """Moves decision time on, and lets fire what is due by then."""
        await set_offset(self.sla.database.worker, time - datetime.now(UTC))
        await self.sla.fire()

    def caller(self, *roles: str, sites: Sequence[str] = (SITE,)) -> Any:
        return bearer(self.keys.person("p-7", roles=roles or ["DISPATCHER"], sites=list(sites)))

    async def clocks(
        self, case_id: str, as_of: datetime | None = None, *, with_events: bool = False
    ) -> sla_service_pb2.GetCaseClocksResponse:
        request = sla_service_pb2.GetCaseClocksRequest(case_id=case_id, with_events=with_events)
        if as_of is not None:
            request.as_of_time.CopyFrom(to_timestamp(as_of))
        return await self.stub.GetCaseClocks(request, metadata=self.caller(), timeout=5)

    async def listed(
        self, *, sites: Sequence[str] = (SITE,), **asked: Any
    ) -> sla_service_pb2.ListClocksResponse:
        request = sla_service_pb2.ListClocksRequest(**asked)
        return await self.stub.ListClocks(request, metadata=self.caller(sites=sites), timeout=5)

    async def kinds(self, **asked: Any) -> list[tuple[str, Kind]]:
        """Returns (case, kind of clock) of what is listed, in order."""
        return [(row.clock.case_id, row.clock.kind) for row in (await self.listed(**asked)).clocks]

    async def explained(self, clock_id: str) -> sla_service_pb2.ExplainDeadlineResponse:
        request = sla_service_pb2.ExplainDeadlineRequest(clock_id=clock_id)
        return await self.stub.ExplainDeadline(request, metadata=self.caller(), timeout=5)

    async def pause(self, case_id: str, latest_end: datetime) -> None:
        request = sla_service_pb2.PauseClocksRequest(
            request_id=new_id(),
            case_id=case_id,
            reason=sla_pb2.PAUSE_REASON_WAITING_FOR_REPORTER,
            words="等诉求人补照片。",
            latest_end_time=to_timestamp(latest_end),
        )
        await self.stub.PauseClocks(request, metadata=self.caller(), timeout=5)

    async def resume(self, case_id: str) -> None:
        request = sla_service_pb2.ResumeClocksRequest(request_id=new_id(), case_id=case_id)
        await self.stub.ResumeClocks(request, metadata=self.caller(), timeout=5)

    async def assign(self, case_id: str, unit_id: str, steward: str, accountable: str) -> None:
        message = routing_facts_pb2.CaseAssigned(
            case_id=case_id, unit_id=unit_id, steward=steward, accountable=accountable
        )
        await self.sla.tell(message, await self.sla.now())


def one(clocks: Any, kind: Kind) -> sla_pb2.Clock:
    (clock,) = (clock for clock in clocks if clock.kind == kind)
    assert isinstance(clock, sla_pb2.Clock)
    return clock


async def refused(call: Any) -> Answer:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return read_refusal(raised.value)


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    keys = Keys()
    registration = Registration(
        descriptor=sla_service_pb2.DESCRIPTOR.services_by_name["SlaService"],
        add=sla_service_pb2_grpc.add_SlaServiceServicer_to_server,
        servicer=SlaServicer(sla.database.app, sla.database.worker, PageTokens(PEPPER)),
    )
    async with (
        serving(registration, keys=keys, folder=tmp_path, reasons=SPEC.catalogue()) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        desk = Desk(sla, sla_service_pb2_grpc.SlaServiceStub(channel), keys)
        await set_offset(sla.database.worker, MONDAY - datetime.now(UTC))
        yield desk


# As it stood ----------------------------------------------------------------------------------


async def live_a_little(desk: Desk) -> str:
    """A case that is paused on its Monday, answered late on Tuesday, and excused."""
    (case_id,) = await desk.sla.register(MONDAY)
    await desk.move_to(MONDAY + HOUR)
    await desk.pause(case_id, MIDNIGHT[20])
    await desk.move_to(MIDNIGHT[0] + HOUR)
    await desk.move_to(MIDNIGHT[0] + 10 * HOUR)
    answered = fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, MIDNIGHT[0] + 9 * HOUR)
    await desk.sla.tell(answered, MIDNIGHT[0] + 9 * HOUR)
    await desk.move_to(MIDNIGHT[0] + 12 * HOUR)
    await desk.resume(case_id)
    late = one((await desk.clocks(case_id)).clocks, FIRST_REPLY)
    await desk.move_to(MIDNIGHT[0] + 14 * HOUR)
    excuse = sla_service_pb2.ExcuseBreachRequest(
        request_id=new_id(), clock_id=late.clock_id, reason="全矿停电。"
    )
    await desk.stub.ExcuseBreach(excuse, metadata=desk.caller("DIRECTOR"), timeout=5)
    return case_id


async def test_clocks_as_they_stood_at_any_instant(desk: Desk) -> None:
    case_id = await live_a_little(desk)

    before = await refused(desk.clocks(case_id, MONDAY - HOUR))
    assert before.reason == "CLOCKS_NOT_FOUND"

    on_monday = await desk.clocks(case_id, MONDAY + 2 * HOUR)
    assert {clock.kind: clock.state for clock in on_monday.clocks} == {
        FIRST_REPLY: sla_pb2.CLOCK_STATE_RUNNING,
        PLAN: sla_pb2.CLOCK_STATE_PAUSED,
        PAUSE: sla_pb2.CLOCK_STATE_RUNNING,
    }
    assert on_monday.pause.words == "等诉求人补照片。"
    assert utc(on_monday.next_wake_time) == MONDAY + 7.5 * HOUR
    assert utc(one(on_monday.clocks, PLAN).due_time) == MIDNIGHT[3]

    at_night = await desk.clocks(case_id, MIDNIGHT[0] + 2 * HOUR)
    assert one(at_night.clocks, FIRST_REPLY).state == sla_pb2.CLOCK_STATE_BREACHED

    at_noon = await desk.clocks(case_id, MIDNIGHT[0] + 13 * HOUR)
    first_reply = one(at_noon.clocks, FIRST_REPLY)
    assert first_reply.state == sla_pb2.CLOCK_STATE_MET_LATE
    assert not first_reply.HasField("excuse")
    assert not at_noon.HasField("pause")
    # Monday isn't counted anyway; Tuesday was touched by the pause.
    assert utc(one(at_noon.clocks, PLAN).due_time) == MIDNIGHT[4]

    now = await desk.clocks(case_id)
    assert one(now.clocks, FIRST_REPLY).excuse.reason == "全矿停电。"
    assert one(now.clocks, FIRST_REPLY).excuse.excused_by == "p-7"
    # What is stored is what follows from the acts.
    assert await desk.clocks(case_id, await desk.sla.now()) == now
    assert not now.events


async def test_everything_that_happened_is_told_with_its_words(desk: Desk) -> None:
    case_id = await live_a_little(desk)
    response = await desk.clocks(case_id, with_events=True)
    told = [
        (sla_pb2.ClockEventKind.Name(event.kind).removeprefix("CLOCK_EVENT_KIND_"), event.clock)
        for event in response.events
    ]
    assert told == [
        ("STARTED", FIRST_REPLY),
        ("STARTED", PLAN),
        ("PAUSED", PLAN),
        ("STARTED", PAUSE),
        ("BREACHED", FIRST_REPLY),
        ("STOPPED", FIRST_REPLY),
        ("STOPPED", PAUSE),
        ("RESUMED", PLAN),
        ("EXCUSED", FIRST_REPLY),
    ]
    paused, breached, stopped, excused = (response.events[number] for number in (2, 4, 5, 8))
    assert (paused.reason, paused.actor) == ("等诉求人补照片。", "p-7")
    assert breached.consequence == sla_pb2.CONSEQUENCE_LADDER
    assert (utc(breached.time), breached.state) == (MIDNIGHT[0], sla_pb2.CLOCK_STATE_BREACHED)
    assert utc(breached.record_time) > MIDNIGHT[0]
    assert (stopped.cause, utc(stopped.time)) == ("CaseAnswered", MIDNIGHT[0] + 9 * HOUR)
    assert (excused.reason, excused.cause) == ("全矿停电。", "ExcuseBreach")
    times = [utc(event.record_time) for event in response.events]
    assert times == sorted(times)
    # An instant's events are those that sla knew of by then.
    until = await desk.clocks(case_id, MIDNIGHT[0] + 2 * HOUR, with_events=True)
    assert list(until.events) == list(response.events[:5])


# Which of many --------------------------------------------------------------------------------


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


# Why ------------------------------------------------------------------------------------------


async def test_a_clock_is_explained_by_its_own_rule_and_pauses(desk: Desk) -> None:
    case_id = await live_a_little(desk)
    plan = one((await desk.clocks(case_id)).clocks, PLAN)
    response = await desk.explained(plan.clock_id)
    assert response.due_time == plan.due_time
    monday = MONDAY.astimezone(SHANGHAI).date()
    assert [(to_date(day.date), day.ordinal, day.reason) for day in response.days] == [
        (monday, 0, sla_service_pb2.DAY_REASON_EVENT),
        (monday + DAY, 0, sla_service_pb2.DAY_REASON_PAUSED),
        (monday + 2 * DAY, 1, sla_service_pb2.DAY_REASON_WORKING_DAY),
        (monday + 3 * DAY, 2, sla_service_pb2.DAY_REASON_WORKING_DAY),
        (monday + 4 * DAY, 3, sla_service_pb2.DAY_REASON_WORKING_DAY),
    ]
    assert response.summary_zh
    assert response.summary_en
    assert all(day.zh and day.en for day in response.days)
    # A clock that is done is explained as well.
    first_reply = one((await desk.clocks(case_id)).clocks, FIRST_REPLY)
    assert (await desk.explained(first_reply.clock_id)).due_time == first_reply.due_time


async def test_a_clock_called_off_while_it_stood_still_is_explained(desk: Desk) -> None:
    (case_id,) = await desk.sla.register(MONDAY)
    await desk.pause(case_id, MIDNIGHT[20])
    await desk.move_to(MONDAY + DAY)
    closed = intake_facts_pb2.CaseClosed(case_id=case_id, close_time=to_timestamp(MONDAY + DAY))
    await desk.sla.tell(closed, MONDAY + DAY)
    plan = one((await desk.clocks(case_id)).clocks, PLAN)
    assert plan.state == sla_pb2.CLOCK_STATE_CANCELLED
    assert plan.pauses[0].HasField("end_time")
    assert (await desk.explained(plan.clock_id)).due_time == plan.due_time


async def test_a_clock_that_came_again_is_explained_from_then_on(desk: Desk) -> None:
    (case_id,) = await desk.sla.register(MONDAY)
    flagged = intake_facts_pb2.CaseFlagged(
        case_id=case_id, flag=intake_pb2.CASE_FLAG_LONG_STANDING, set=True
    )
    await desk.sla.tell(flagged, MONDAY)
    await desk.move_to(MONDAY + 9 * DAY)
    for _ in range(2):
        review = one((await desk.clocks(case_id)).clocks, REVIEW)
        response = await desk.explained(review.clock_id)
        assert response.due_time == review.due_time
        assert to_date(response.days[0].date) == (MONDAY + 9 * DAY).astimezone(SHANGHAI).date()
        # It is over the second time.
        closed = intake_facts_pb2.CaseClosed(
            case_id=case_id, close_time=to_timestamp(MONDAY + 9 * DAY)
        )
        await desk.sla.tell(closed, MONDAY + 9 * DAY)
    assert review.state == sla_pb2.CLOCK_STATE_CANCELLED


async def test_a_clock_is_explained_by_the_calendar_of_its_day(desk: Desk) -> None:
    (case_id,) = await desk.sla.register(MONDAY)
    before = one((await desk.clocks(case_id)).clocks, PLAN)
    answered = fed_back(case_id, intake_pb2.ANSWER_KIND_PROGRESS, await desk.sla.now())
    await desk.sla.tell(answered, await desk.sla.now())
    administrator = desk.caller("ADMINISTRATOR")
    calendar = (
        await desk.stub.GetCalendar(
            sla_service_pb2.GetCalendarRequest(site_id=SITE), metadata=administrator, timeout=5
        )
    ).calendar
    tuesday = (MONDAY + DAY).astimezone(SHANGHAI).date()
    closure = calendar.closures.add(name="暴雪停产")
    closure.start_date.year, closure.start_date.month = tuesday.year, tuesday.month
    closure.start_date.day = tuesday.day
    await desk.stub.PublishCalendar(
        sla_service_pb2.PublishCalendarRequest(request_id=new_id(), calendar=calendar),
        metadata=administrator,
        timeout=5,
    )
    # It was met before the closure was known of, and stands as it was counted then.
    explained = await desk.explained(before.clock_id)
    assert explained.due_time == before.due_time
    assert sla_service_pb2.DAY_REASON_CLOSURE not in {day.reason for day in explained.days}
    would_be = sla_service_pb2.ExplainDeadlineRequest(
        hypothetical=sla_service_pb2.HypotheticalClock(
            site_id=SITE, start_time=to_timestamp(MONDAY), clock=PLAN
        )
    )
    today = await desk.stub.ExplainDeadline(would_be, metadata=desk.caller(), timeout=5)
    assert utc(today.due_time) == MIDNIGHT[4]
    closed = [day for day in today.days if day.reason == sla_service_pb2.DAY_REASON_CLOSURE]
    assert [(to_date(day.date), day.name) for day in closed] == [(tuesday, "暴雪停产")]


async def test_what_is_as_given_is_not_counted(desk: Desk) -> None:
    for kind in (sla_pb2.CLOCK_KIND_WORK_ORDER, sla_pb2.CLOCK_KIND_ESCALATION, PAUSE):
        request = sla_service_pb2.ExplainDeadlineRequest(
            hypothetical=sla_service_pb2.HypotheticalClock(
                site_id=SITE, start_time=to_timestamp(MONDAY), clock=kind
            )
        )
        answer = await refused(
            desk.stub.ExplainDeadline(request, metadata=desk.caller(), timeout=5)
        )
        assert answer.reason == "CLOCK_NOT_COUNTED"


async def test_a_clock_out_of_sight_is_no_clock(desk: Desk) -> None:
    await desk.sla.publish_directory("elsewhere")
    (theirs,) = await desk.sla.register(MONDAY, site_id="elsewhere")
    ((clock_id,), *_) = await desk.sla.rows(
        "SELECT clock_id::text FROM clocks WHERE subject_id = $1", theirs
    )
    answers = []
    for asked in (clock_id, new_id()):
        answer = await refused(desk.explained(asked))
        answers.append((answer.reason, answer.sentence.replace(asked, ""), answer.fields))
    assert answers[0] == answers[1]
    assert answers[0][0] == "CLOCK_NOT_FOUND"
    unknown = await refused(desk.clocks(theirs, MONDAY))
    assert unknown.reason == "CLOCKS_NOT_FOUND"
