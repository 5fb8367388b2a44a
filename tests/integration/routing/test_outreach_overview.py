"""Who was heard of when, and which unit waits too long."""

from datetime import datetime, timedelta

import asyncpg

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_date_message, to_timestamp
from chassis.ids import new_id
from chassis.queries import load_queries
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.test_outreach import SUBJECT, meeting, record


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
