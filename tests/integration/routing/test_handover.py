"""Open cases follow the matrix: when one is published, when people leave, when a day begins."""

import asyncio
import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import asyncpg
from google.type.timeofday_pb2 import TimeOfDay

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as pb_organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.convert import to_date_message
from chassis.gatekeeper import Gatekeeper
from chassis.handling import ReceivedFact
from chassis.ids import new_id
from chassis.jobs import MAX_SUBJECTS_PER_STEP
from chassis.queries import load_queries
from chassis.work import Work
from services.routing.consumers import handlers
from services.routing.store import absences, outreach, routes, work_orders
from services.routing.store import matrix as answers
from tests.integration.routing.conftest import SITE, Mine, directory, matrix, row


async def today(mine: Mine, ahead: int = 0) -> date:
    now = await mine.now()
    return now.astimezone(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=ahead)


async def findings(mine: Mine) -> list[tuple[str, str]]:
    """Runs the service's own checks; (check, subject) of whatever they find."""
    found = []
    async with mine.database.worker.read(service_actor("routing")) as connection:
        for check in load_queries("services.routing", "sql/fsck.sql"):
            rows = await connection.fetch(check.sql)
            found += [(check.name, row["subject_id"]) for row in rows]
    return found


async def test_a_new_matrix_moves_open_cases_and_no_others(mine: Mine) -> None:
    moved, resolved, closed, by_hand, other = [
        await mine.registered(unit)
        for unit in ("bathhouse", "bathhouse", "bathhouse", "bathhouse", "joint-1")
    ]
    await mine.hear("intake", resolved, intake.CaseResolved(case_id=resolved, cycle=1))
    await mine.hear("intake", closed, intake.CaseClosed(case_id=closed))
    request = rpc.AssignCaseRequest(case_id=by_hand, steward="zhou", reason="熟悉情况")
    await mine.ask("AssignCase", request)
    await mine.publish(matrix(row("bathhouse", "li")))
    await mine.hand_over()
    stewards = {case: (await mine.route(case)).steward for case in (moved, resolved, closed)}
    assert stewards == {moved: "li", resolved: "li", closed: "zhang"}
    assert (await mine.route(by_hand)).steward == "zhou"
    assert len(await mine.facts(other)) == 1
    last = (await mine.facts(moved))[-1]
    assert isinstance(last, facts.CaseAssigned)
    assert (last.rule, last.previous) == (pb.ASSIGNMENT_RULE_HANDOVER, "zhang")
    assert await mine.value("SELECT sum(done_count) FROM jobs") == 2
    assert await findings(mine) == []


async def test_at_a_level_the_level_stays_accountable_through_a_handover(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    await mine.publish(matrix(row("bathhouse", "li")))
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.accountable, route.level) == ("li", "sun", 1)


async def test_a_row_that_begins_at_midnight_moves_cases_then(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.publish(
        matrix(
            row("bathhouse", "zhang", end=await today(mine)),
            row("bathhouse", "li", start=await today(mine, 1)),
        )
    )
    await mine.hand_over()
    await mine.next_day()
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "zhang"
    await mine.advance(timedelta(days=1))
    # Before the loop of days has looked, a new case goes by the new day already.
    assert (await mine.route(await mine.registered())).steward == "li"
    await mine.next_day()
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "li"
    jobs = await mine.value("SELECT count(*) FROM jobs")
    await mine.next_day()
    assert await mine.value("SELECT count(*) FROM jobs") == jobs
    assert await findings(mine) == []


async def test_a_quiet_day_starts_no_job(mine: Mine) -> None:
    jobs = await mine.value("SELECT count(*) FROM jobs")
    await mine.advance(timedelta(days=1))
    await mine.next_day()
    assert await mine.value("SELECT count(*) FROM jobs") == jobs
    assert await mine.value("SELECT handover_date FROM sites") == await today(mine)


def with_chen(until: date | None = None) -> pb.Directory:
    """The sample organisation and one more, who leaves after a day."""
    changed = directory()
    changed.people.add(person_id="chen", name="陈十一")
    if until is not None:
        changed.people[-1].end_date.CopyFrom(to_date_message(until))
    return changed


async def by_hand(mine: Mine, case_id: str, steward: str) -> None:
    request = rpc.AssignCaseRequest(case_id=case_id, steward=steward, reason="熟悉情况")
    await mine.ask("AssignCase", request)


async def absent(mine: Mine, person: str, first: int, last: int, deputy: str = "") -> str:
    """Somebody is away, from so many days ahead to so many; returns the absence's id."""
    request = pb_organisation.RecordAbsenceRequest(
        site_id=SITE,
        person_id=person,
        start_date=to_date_message(await today(mine, first)),
        end_date=to_date_message(await today(mine, last)),
        deputy=deputy,
        reason="休假",
    )
    response = await mine.ask("RecordAbsence", request)
    return str(response.absence.absence_id)


async def test_cases_of_whoever_left_go_to_the_steward_or_else_to_the_duty_lead(
    mine: Mine,
) -> None:
    await mine.publish_directory(with_chen())
    of_unit, of_none = await mine.registered(), await mine.registered("")
    for case_id in (of_unit, of_none):
        await by_hand(mine, case_id, "chen")
    await mine.publish_directory()
    await mine.hand_over()
    assert (await mine.route(of_unit)).steward == "zhang"
    route = await mine.route(of_none)
    assert (route.steward, route.rule) == ("sun", pb.ASSIGNMENT_RULE_DUTY_LEAD)
    assert "chen" in route.reasons[0]
    assert await findings(mine) == []


async def test_whoever_leaves_on_a_day_keeps_their_cases_until_it_is_over(mine: Mine) -> None:
    await mine.publish_directory(with_chen(await today(mine)))
    case_id = await mine.registered()
    await by_hand(mine, case_id, "chen")
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "chen"
    await mine.advance(timedelta(days=1))
    await mine.next_day()
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "zhang"
    assert await findings(mine) == []


async def test_a_deputy_has_the_cases_of_an_absent_steward_and_gives_them_back(mine: Mine) -> None:
    case_id = await mine.registered()
    await absent(mine, "zhang", 0, 1, "li")
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.rule) == ("li", pb.ASSIGNMENT_RULE_DEPUTY)
    fresh = await mine.route(await mine.registered())
    assert (fresh.steward, fresh.rule) == ("li", pb.ASSIGNMENT_RULE_DEPUTY)
    assert await findings(mine) == []
    await mine.advance(timedelta(days=2))
    await mine.next_day()
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "zhang"
    assert (await mine.route(fresh.case_id)).steward == "zhang"
    assert await findings(mine) == []


async def test_an_absence_that_begins_at_midnight_moves_cases_then(mine: Mine) -> None:
    case_id = await mine.registered()
    jobs = await mine.value("SELECT count(*) FROM jobs")
    await absent(mine, "zhang", 1, 1, "li")
    assert await mine.value("SELECT count(*) FROM jobs") == jobs
    for steward in ("li", "zhang"):
        await mine.advance(timedelta(days=1))
        await mine.next_day()
        await mine.hand_over()
        assert (await mine.route(case_id)).steward == steward
        assert await findings(mine) == []


async def test_a_cancelled_absence_gives_the_cases_back_at_once(mine: Mine) -> None:
    case_id = await mine.registered()
    absence_id = await absent(mine, "zhang", 0, 5, "li")
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "li"
    request = pb_organisation.CancelAbsenceRequest(site_id=SITE, absence_id=absence_id)
    await mine.ask("CancelAbsence", request)
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "zhang"


async def test_a_steward_named_by_hand_keeps_the_case_while_away(mine: Mine) -> None:
    await mine.publish_directory(with_chen())
    case_id = await mine.registered()
    await by_hand(mine, case_id, "chen")
    await absent(mine, "chen", 0, 3)
    await mine.publish(matrix(row("bathhouse", "li")))
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "chen"


async def test_a_case_about_the_new_steward_doesnt_go_to_them(mine: Mine) -> None:
    case_id = new_id()
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id="bathhouse", about_persons=["li"]
    )
    await mine.hear("intake", case_id, message)
    before = await mine.route(case_id)
    await absent(mine, "zhang", 0, 5, "li")
    await mine.hand_over()
    route = await mine.route(case_id)
    assert before.steward == "zhang"
    assert route.steward != "li"
    assert await findings(mine) == []


async def test_the_roster_decides_who_is_duty_lead(mine: Mine) -> None:
    day = await today(mine)
    shift = pb.Shift(
        position_id="DUTY_LEAD",
        person_id="zhao",
        start_date=to_date_message(day),
        end_date=to_date_message(day + timedelta(days=1)),
        start_time=TimeOfDay(),
        end_time=TimeOfDay(hours=24),
    )
    await mine.ask("PublishRoster", rpc.PublishRosterRequest(site_id=SITE, shifts=[shift]))
    case_id = await mine.registered("")
    assert (await mine.route(case_id)).steward == "zhao"
    await mine.breached(case_id)
    assert (await mine.route(case_id)).accountable == "zhao"


async def test_many_cases_move_in_pages(mine: Mine) -> None:
    count = MAX_SUBJECTS_PER_STEP + 20
    batch = []
    for index in range(count):
        case_id = f"01999999-0000-7000-8000-{index:012d}"
        message = intake.CaseRegistered(case_id=case_id, site_id=SITE, unit_id="bathhouse")
        batch.append(mine.fact("intake", case_id, message))
    for start in range(0, count, 200):
        await mine.gate.take(batch[start : start + 200], "intake")
    await mine.publish(matrix(row("bathhouse", "li")))
    await mine.hand_over()
    assert await mine.value("SELECT count(*) FROM routes WHERE steward = 'li'") == count
    assert await mine.value("SELECT max(done_count) FROM jobs") == count
    assert await findings(mine) == []


async def test_no_case_slips_between_a_publication_and_its_handover(mine: Mine) -> None:
    """A case assigned by the old matrix and not yet committed is waited for, then handed over."""
    case_id = new_id()
    registered = mine.fact(
        "intake",
        case_id,
        intake.CaseRegistered(case_id=case_id, site_id=SITE, unit_id="bathhouse"),
    )
    assigned, go_on = asyncio.Event(), asyncio.Event()
    table = dict(handlers())
    of_intake = dict(table["intake"])
    original = of_intake[intake.CaseRegistered]

    async def dawdle(work: Work, fact: ReceivedFact) -> None:
        await original(work, fact)
        assigned.set()
        await go_on.wait()

    of_intake[intake.CaseRegistered] = dawdle
    slow = Gatekeeper(mine.database.worker, table | {"intake": of_intake})
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(slow.take([registered], "intake"))
        await assigned.wait()
        publishing = tasks.create_task(mine.publish(matrix(row("bathhouse", "li"))))
        waiting = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
        )
        while not await mine.value(waiting):
            assert not publishing.done()
        go_on.set()
    await mine.hand_over()
    assert (await mine.route(case_id)).steward == "li"


async def test_the_checks_find_what_they_are_there_for(mine: Mine) -> None:
    case_id = await mine.registered()
    await absent(mine, "wu", 0, 1)
    await mine.hand_over()
    damage = {
        "route_without_owner": "UPDATE routes SET accountable = 'x'",
        "steward_has_left": "UPDATE routes SET steward = 'gone', accountable = 'gone'",
        "unit_tree_broken": "UPDATE units SET parent_id = 'bathhouse' WHERE unit_id = 'logistics'",
        "list_not_of_the_journal": "UPDATE sites SET matrix_version = 9",
        "steward_not_of_the_matrix": "UPDATE routes SET steward = 'li', accountable = 'li'",
        "unit_uncovered": "UPDATE people SET end_date = '2026-01-01' WHERE person_id = 'zhang'",
        "absences_not_of_the_journal": "DELETE FROM absences",
        "route_without_assignment": "TRUNCATE routes CASCADE",
    }
    expected = {case_id, f"directory/{SITE}", f"matrix/{SITE}", f"absences/{SITE}"}
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        for check, statement in damage.items():
            transaction = owner.transaction()
            await transaction.start()
            await owner.execute(statement)
            checks = load_queries("services.routing", "sql/fsck.sql")
            rows = await owner.fetch(checks.blocks[check].sql)
            assert rows, check
            assert {row["subject_id"] for row in rows} <= expected
            await transaction.rollback()
    finally:
        await owner.close()


async def test_hot_queries_use_their_indexes(mine: Mine) -> None:
    day, now = date(2026, 1, 1), await mine.now()
    async with mine.database.worker.read(service_actor("routing")) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        for sql, arguments in (
            (routes.Q.get_route, ["c"]),
            (work_orders.Q.list_work_orders, ["c"]),
            (answers.Q.get_instant, [SITE, now, now]),
            (answers.Q.list_holders, [SITE, ["bathhouse"], day, 1, None]),
            (answers.Q.list_rows_of_unit, [SITE, "bathhouse", 1]),
            (answers.Q.list_not_closed, [SITE, "", 500]),
            (absences.Q.list_absences, [SITE, day]),
            (outreach.Q.list_outreach, [SITE, "bathhouse", now, new_id(), 100]),
        ):
            plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
            scans = re.findall(
                r'"Node Type": "Seq Scan".*?"Relation Name": "(\w+)"', plan, re.DOTALL
            )
            # The suite's clock is one row.
            assert set(scans) <= {"suite_clock"}, sql
