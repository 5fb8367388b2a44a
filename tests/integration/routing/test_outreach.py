"""The log of contacts with units."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import grpc

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_date_message, to_timestamp
from chassis.ids import new_id
from chassis.queries import load_queries
from tests.integration.routing.conftest import SITE, Mine, directory

SUBJECT = f"outreach/{SITE}/bathhouse"


def contact(unit: str = "bathhouse", heard: str = "水压不足") -> rpc.RecordOutreachRequest:
    return rpc.RecordOutreachRequest(
        site_id=SITE, unit_id=unit, form=pb.OUTREACH_FORM_VISIT, place="浴室", heard=heard
    )


async def record(mine: Mine, unit: str, heard: str, hours_ago: float = 0) -> pb.Outreach:
    request = contact(unit, heard)
    if hours_ago:
        time = await mine.now() - timedelta(hours=hours_ago)
        request.outreach_time.CopyFrom(to_timestamp(time))
    return (await mine.ask("RecordOutreach", request)).outreach  # type: ignore[no-any-return]


async def listed(mine: Mine, *, unit: str = "", size: int = 0) -> list[str]:
    """Returns what was heard, newest first, page by page."""
    heard: list[str] = []
    request = rpc.ListOutreachRequest(site_id=SITE, unit_id=unit, page_size=size)
    while True:
        page = await mine.ask("ListOutreach", request, "LEADER")
        assert not size or len(page.outreach) <= size
        heard += [one.heard for one in page.outreach]
        if not page.next_page_token:
            return heard
        request.page_token = page.next_page_token


async def test_a_contact_is_recorded_by_whoever_had_it(mine: Mine) -> None:
    before = await mine.now()
    made = (await mine.ask("RecordOutreach", contact(), "STEWARD", who="zhang")).outreach
    assert (made.unit_id, made.form, made.place, made.heard, made.done_by) == (
        "bathhouse",
        pb.OUTREACH_FORM_VISIT,
        "浴室",
        "水压不足",
        "zhang",
    )
    assert made.outreach_time == made.record_time
    assert made.outreach_time.ToDatetime(before.tzinfo) >= before
    assert await mine.facts(SUBJECT) == [
        facts.OutreachRecorded(
            site_id=SITE,
            unit_id="bathhouse",
            outreach_id=made.outreach_id,
            form=pb.OUTREACH_FORM_VISIT,
            place="浴室",
            heard="水压不足",
            done_by="zhang",
            outreach_time=made.outreach_time,
            occasion_id=made.outreach_id,
        )
    ]


async def test_the_log_is_read_newest_first(mine: Mine) -> None:
    for heard, unit, hours_ago in (
        ("旧", "bathhouse", 48.0),
        ("新", "bathhouse", 0.0),
        ("别处", "joint-1", 24.0),
        ("最旧", "bathhouse", 24.0 * 89),
    ):
        await record(mine, unit, heard, hours_ago)
    assert await listed(mine) == ["新", "别处", "旧", "最旧"]
    assert await listed(mine, size=1) == ["新", "别处", "旧", "最旧"]
    assert await listed(mine, unit="bathhouse", size=2) == ["新", "旧", "最旧"]
    assert await listed(mine, unit="logistics") == []
    smaller = directory()
    del smaller.units[2]
    await mine.publish_directory(smaller)
    assert await listed(mine, unit="joint-1") == ["别处"]


async def test_contacts_of_one_moment_are_each_on_one_page(mine: Mine) -> None:
    time = to_timestamp(await mine.now() - timedelta(hours=1))
    words = {"一", "二", "三"}
    for heard in words:
        request = contact(heard=heard)
        request.outreach_time.CopyFrom(time)
        await mine.ask("RecordOutreach", request)
    found = await listed(mine, size=1)
    assert (len(found), set(found)) == (3, words)


async def test_a_page_belongs_to_its_question(mine: Mine) -> None:
    for heard in ("一", "二"):
        await record(mine, "bathhouse", heard)
    request = rpc.ListOutreachRequest(site_id=SITE, page_size=1)
    request.page_token = (await mine.ask("ListOutreach", request)).next_page_token
    request.unit_id = "bathhouse"
    assert (await mine.refused("ListOutreach", request)).reason == "INVALID_PAGE_TOKEN"


async def test_what_cannot_have_been_is_refused(mine: Mine) -> None:
    now = await mine.now()
    ahead, forgotten = contact(), contact()
    ahead.outreach_time.CopyFrom(to_timestamp(now + timedelta(minutes=10)))
    forgotten.outreach_time.CopyFrom(to_timestamp(now - timedelta(days=91)))
    nowhere, silent, formless = contact(), contact(heard=""), contact()
    nowhere.place = ""
    formless.form = pb.OUTREACH_FORM_UNSPECIFIED
    for request, reason, field in (
        (ahead, "TIME_IN_FUTURE", "outreach_time"),
        (forgotten, "OUTREACH_TOO_LONG_AGO", "outreach_time"),
        (contact("gone"), "NO_SUCH_UNIT", "unit_id"),
        (nowhere, "INVALID_FIELD", "place"),
        (silent, "INVALID_FIELD", "heard"),
        (formless, "INVALID_FIELD", "form"),
    ):
        answer = await mine.refused("RecordOutreach", request)
        assert (answer.reason, answer.fields) == (reason, (field,))
    for roles in ("HANDLER", "LEADER", "REPORTER"):
        assert (await mine.refused("RecordOutreach", contact(), roles)).reason == (
            "PERMISSION_DENIED"
        )
    assert await listed(mine) == []
    assert await mine.value("SELECT count(*) FROM subjects WHERE subject_id = $1", SUBJECT) == 0


async def test_another_sites_log_is_neither_read_nor_written(mine: Mine) -> None:
    await record(mine, "bathhouse", "水压不足")
    for method, request in (
        ("RecordOutreach", contact()),
        ("ListOutreach", rpc.ListOutreachRequest(site_id=SITE)),
    ):
        answer = await mine.refused(method, request, site="gucheng")
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.NOT_FOUND,
            "DIRECTORY_NOT_FOUND",
        )
    assert len(await mine.facts(SUBJECT)) == 1


async def test_a_repeated_record_is_one_contact(mine: Mine) -> None:
    request = contact()
    request.request_id = "outreach-1"
    both = await asyncio.gather(*(mine.ask("RecordOutreach", request) for _ in range(2)))
    assert both[0] == both[1] == await mine.ask("RecordOutreach", request)
    assert len(await mine.facts(SUBJECT)) == 1
    await asyncio.gather(*(mine.ask("RecordOutreach", contact()) for _ in range(2)))
    assert len(await mine.facts(SUBJECT)) == 3
    assert len(await listed(mine)) == 3


async def test_the_checks_count_contacts(mine: Mine) -> None:
    await record(mine, "bathhouse", "水压不足")
    check = load_queries("services.routing", "sql/fsck.sql").outreach_not_of_the_journal
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        assert await owner.fetch(check) == []
        await owner.execute("UPDATE outreach SET unit_id = 'joint-1'")
        found = {row["subject_id"] for row in await owner.fetch(check)}
        assert found == {SUBJECT, f"outreach/{SITE}/joint-1"}
    finally:
        await owner.close()


async def test_units_of_one_meeting_are_recorded_at_once(mine: Mine) -> None:
    cases = [await mine.registered(), await mine.registered("joint-1")]
    request = meeting("joint-1", "bathhouse")
    request.case_ids.extend(cases)
    made = await mine.ask("RecordOutreach", request, "SUPPORT", who="zhou")
    assert [contact.unit_id for contact in made.contacts] == ["joint-1", "bathhouse"]
    assert made.outreach == made.contacts[0]
    first, second = made.contacts
    assert first.occasion_id == second.occasion_id == first.outreach_id != second.outreach_id
    for contact in made.contacts:
        assert (contact.form, contact.heard_count, list(contact.case_ids), contact.done_by) == (
            pb.OUTREACH_FORM_DESK_TALK,
            12,
            cases,
            "zhou",
        )
        (fact,) = await mine.facts(f"outreach/{SITE}/{contact.unit_id}")
        assert (fact.outreach_id, fact.occasion_id, fact.heard_count, list(fact.case_ids)) == (  # type: ignore[attr-defined]
            contact.outreach_id,
            first.outreach_id,
            12,
            cases,
        )
    log = await mine.ask("ListOutreach", rpc.ListOutreachRequest(site_id=SITE))
    assert list(log.outreach) == [second, first]


def meeting(*units: str) -> rpc.RecordOutreachRequest:
    return rpc.RecordOutreachRequest(
        site_id=SITE,
        unit_ids=units,
        form=pb.OUTREACH_FORM_DESK_TALK,
        place="南风井",
        heard="洗浴",
        heard_count=12,
    )


async def test_a_meeting_is_recorded_with_all_or_with_none(mine: Mine) -> None:
    case_id = await mine.registered()
    stranger = new_id()
    with_case = meeting("joint-1", "bathhouse")
    with_case.case_ids.extend([case_id, stranger])
    nobody, twice = contact(""), meeting("joint-1", "joint-1")
    doubled = meeting("joint-1")
    doubled.unit_id = "bathhouse"
    uncounted = meeting("joint-1")
    uncounted.heard_count = -1
    for request, reason, field in (
        (meeting("joint-1", "gone"), "NO_SUCH_UNIT", "unit_ids[1]"),
        (with_case, "ROUTE_NOT_FOUND", "case_ids[1]"),
        (nobody, "INVALID_FIELD", "unit_id"),
        (doubled, "INVALID_FIELD", "unit_id"),
        (twice, "INVALID_FIELD", "unit_ids"),
        (uncounted, "INVALID_FIELD", "heard_count"),
    ):
        answer = await mine.refused("RecordOutreach", request)
        assert (answer.reason, answer.fields) == (reason, (field,))
    assert await mine.value("SELECT count(*) FROM outreach") == 0
    assert await mine.facts(f"outreach/{SITE}/joint-1") == []
    # A case of another site is as good as none, whoever asks.
    other = rpc.PublishDirectoryRequest(directory=directory("gucheng"))
    await mine.ask("PublishDirectory", other, "ADMINISTRATOR", site="gucheng")
    elsewhere = meeting("joint-1")
    elsewhere.site_id = "gucheng"
    elsewhere.case_ids.append(case_id)
    answer = await mine.refused("RecordOutreach", elsewhere, site="gucheng")
    assert (answer.reason, answer.metadata) == ("ROUTE_NOT_FOUND", {"case_id": case_id})


async def test_a_repeated_meeting_is_one(mine: Mine) -> None:
    request = meeting("joint-1", "bathhouse", "logistics")
    request.request_id = "meeting-1"
    both = await asyncio.gather(*(mine.ask("RecordOutreach", request) for _ in range(2)))
    assert both[0] == both[1] == await mine.ask("RecordOutreach", request)
    assert len(both[0].contacts) == 3
    assert await mine.value("SELECT count(*) FROM outreach") == 3
    # Two meetings with the same units in another order wait for one another at most.
    orders = (("joint-1", "bathhouse"), ("bathhouse", "joint-1"))
    await asyncio.gather(*(mine.ask("RecordOutreach", meeting(*units)) for units in orders * 5))
    assert await mine.value("SELECT count(*) FROM outreach") == 23


# Who was heard of when ----------------------------------------------------------------------------


def clock(
    unit: str, start: datetime, due: datetime, breach: datetime | None = None, clock_id: str = ""
) -> sla_pb2.Clock:
    made = sla_pb2.Clock(
        clock_id=clock_id or new_id(),
        site_id=SITE,
        kind=sla_pb2.CLOCK_KIND_OUTREACH,
        reference=unit,
        cycle=1,
        start_time=to_timestamp(start),
        due_time=to_timestamp(due),
    )
    if breach is not None:
        made.breach_time.CopyFrom(to_timestamp(breach))
    return made


async def overview(mine: Mine, *, overdue_only: bool = False) -> rpc.GetOutreachOverviewResponse:
    request = rpc.GetOutreachOverviewRequest(site_id=SITE, overdue_only=overdue_only)
    found: rpc.GetOutreachOverviewResponse = await mine.ask(
        "GetOutreachOverview", request, "OPERATOR"
    )
    return found


async def overdue(mine: Mine) -> list[str]:
    found = await overview(mine, overdue_only=True)
    assert found.overdue_count == len(found.units)
    assert all(unit.overdue for unit in found.units)
    return [unit.unit_id for unit in found.units]


async def test_the_overview_tells_of_each_unit(mine: Mine) -> None:
    now = await mine.now()
    await record(mine, "bathhouse", "水压", hours_ago=24 * 80)
    await record(mine, "bathhouse", "水温", hours_ago=48)
    await mine.ask("RecordOutreach", meeting("bathhouse", "joint-1"), "CLERK", who="li")
    await mine.registered("joint-1")
    found = await overview(mine)
    assert (found.leading_office, found.supporting_office) == ("调度室", "党建调度")
    # Never heard of first, the longest ago next.
    assert [unit.unit_id for unit in found.units] == ["logistics", "bathhouse", "joint-1"]
    logistics, bathhouse, joint = found.units
    assert (logistics.unit_name, logistics.steward, logistics.steward_name) == (
        "后勤部",
        "zhang",
        "张三",
    )
    assert not logistics.HasField("last_time")
    assert (logistics.contact_count, logistics.case_count, logistics.overdue) == (0, 0, False)
    assert (bathhouse.last_form, bathhouse.last_by) == (pb.OUTREACH_FORM_DESK_TALK, "li")
    assert (bathhouse.contact_count, bathhouse.case_count) == (3, 0)
    assert bathhouse.last_time.ToDatetime(now.tzinfo) >= now
    # The case came after the talk.
    assert (joint.last_form, joint.last_by) == (pb.OUTREACH_FORM_UNSPECIFIED, "")
    assert (joint.contact_count, joint.case_count) == (1, 1)
    assert not any(unit.HasField("due_time") for unit in found.units)
    await mine.advance(timedelta(days=11))
    assert {unit.unit_id: unit.contact_count for unit in (await overview(mine)).units} == {
        "logistics": 0,
        "bathhouse": 2,
        "joint-1": 1,
    }


async def test_a_unit_that_is_gone_is_not_in_the_overview(mine: Mine) -> None:
    await record(mine, "joint-1", "水压")
    changed = directory()
    yesterday = (await mine.now()).date() - timedelta(days=2)
    changed.units[2].end_date.CopyFrom(to_date_message(yesterday))
    await mine.publish_directory(changed)
    assert {unit.unit_id for unit in (await overview(mine)).units} == {"logistics", "bathhouse"}


async def test_what_sla_tells_of_units_decides_who_is_overdue(mine: Mine) -> None:
    now = await mine.now()
    subject = f"outreach/{SITE}/bathhouse"
    start, due = now - timedelta(days=20), now + timedelta(days=10)
    running = clock("bathhouse", start, due)
    await mine.hear("sla", subject, sla.ClocksStarted(clocks=[running]))

    async def told() -> tuple[datetime | None, bool]:
        (unit,) = [u for u in (await overview(mine)).units if u.unit_id == "bathhouse"]
        due_time = unit.due_time.ToDatetime(now.tzinfo) if unit.HasField("due_time") else None
        return due_time, unit.overdue

    assert await told() == (due, False)
    earlier = now + timedelta(days=5)
    moved = clock("bathhouse", start, earlier, clock_id=running.clock_id)
    await mine.hear("sla", subject, sla.ClocksAmended(clocks=[moved]))
    assert await told() == (earlier, False)
    await mine.advance(timedelta(days=5))
    # Before sla has noticed.
    assert await told() == (earlier, True)
    again = clock(
        "bathhouse", start, earlier + timedelta(days=30), earlier, clock_id=running.clock_id
    )
    breached = sla.ClockBreached(clock=again, consequence=sla_pb2.CONSEQUENCE_REPORT)
    await mine.hear("sla", subject, breached)
    assert await told() == (earlier, True)
    assert await overdue(mine) == ["bathhouse"]
    assert (await overview(mine)).units[0].unit_id == "bathhouse"
    # Once more, still since the first time; nor does counting again move what has passed.
    again.breach_time.CopyFrom(again.due_time)
    await mine.hear("sla", subject, breached)
    await mine.hear("sla", subject, sla.ClocksAmended(clocks=[again]))
    assert await told() == (earlier, True)
    assert await mine.value("SELECT breach_time FROM outreach_clocks") == earlier
    # A contact ends it, before sla tells so.
    await record(mine, "bathhouse", "水压")
    assert await told() == (None, False)
    assert await overdue(mine) == []
    contact_time = await mine.now()
    later = clock("bathhouse", contact_time, contact_time + timedelta(days=30))
    await mine.hear("sla", subject, sla.ClocksStopped(clocks=[again]))
    await mine.hear("sla", subject, sla.ClocksStarted(clocks=[later]))
    assert await told() == (contact_time + timedelta(days=30), False)
    # What ends later than the next began, ends nothing.
    await mine.hear("sla", subject, sla.ClocksStopped(clocks=[again]))
    assert (await told())[0] is not None
    await mine.hear("sla", subject, sla.ClocksStopped(clocks=[later]))
    assert await told() == (None, False)


async def test_a_case_is_a_contact_that_ends_an_overdue_clock(mine: Mine) -> None:
    now = await mine.now()
    past = now - timedelta(days=1)
    late = clock("bathhouse", now - timedelta(days=31), past, past)
    await mine.hear("sla", SUBJECT, sla.ClocksStarted(clocks=[late]))
    assert await overdue(mine) == ["bathhouse"]
    await mine.registered("bathhouse")
    assert await overdue(mine) == []


async def test_clocks_of_cases_are_no_clocks_of_units(mine: Mine) -> None:
    case_id = await mine.registered()
    now = await mine.now()
    plan = clock("", now, now)
    plan.kind, plan.case_id = sla_pb2.CLOCK_KIND_PLAN, case_id
    for message in (
        sla.ClocksStarted(case_id=case_id, clocks=[plan]),
        sla.ClocksAmended(case_id=case_id, clocks=[plan]),
        sla.ClocksStopped(case_id=case_id, clocks=[plan]),
    ):
        await mine.hear("sla", case_id, message)
    assert await mine.value("SELECT count(*) FROM outreach_clocks") == 0
    # And a breach of a case climbs as ever.
    await mine.breached(case_id)
    assert (await mine.route(case_id)).level == 1


async def test_another_sites_overview_is_not_read(mine: Mine) -> None:
    request = rpc.GetOutreachOverviewRequest(site_id=SITE)
    answer = await mine.refused("GetOutreachOverview", request, "SUPPORT", site="gucheng")
    assert answer.reason == "DIRECTORY_NOT_FOUND"
    for roles in ("HANDLER", "REPORTER"):
        answer = await mine.refused("GetOutreachOverview", request, roles)
        assert answer.reason == "PERMISSION_DENIED"


async def test_the_checks_know_occasions(mine: Mine) -> None:
    await mine.ask("RecordOutreach", meeting("joint-1", "bathhouse"))
    await record(mine, "bathhouse", "水压不足")
    check = load_queries("services.routing", "sql/fsck.sql").outreach_occasion_split
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        assert await owner.fetch(check) == []
        await owner.execute("UPDATE outreach SET place = '别处' WHERE unit_id = 'joint-1'")
        assert len(await owner.fetch(check)) == 1
    finally:
        await owner.close()
