"""Whose the time is that a case takes: from the register to the close-out, to the second."""

from datetime import timedelta

import asyncpg
import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.convert import to_datetime
from chassis.ids import new_id
from chassis.queries import load_queries
from services.routing.store import category_proposals as proposals
from services.routing.store import tenures as store
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.doing import (
    complete,
    dispatch,
    findings,
    give_back,
    until,
)

MONDAY, SATURDAY = 0, 5
HOUR = 3600
# What the calls themselves may take.
SLACK = 60


async def asked(mine: Mine, case_id: str) -> rpc.GetAttributedTimeResponse:
    request = rpc.GetAttributedTimeRequest(case_id=case_id)
    response = await mine.ask("GetAttributedTime", request, "CLERK")
    assert isinstance(response, rpc.GetAttributedTimeResponse)
    whole = response.working_time
    assert whole.nanos == 0
    assert sum(share.working_time.seconds for share in response.shares) == whole.seconds
    assert all(share.working_time.nanos == 0 for share in response.shares)
    return response


def hours(response: rpc.GetAttributedTimeResponse) -> dict[str, float]:
    """Returns {holder: hours}, without what the calls themselves took."""
    found = {}
    for share in response.shares:
        rounded = round(share.working_time.seconds / HOUR * 2) / 2
        assert abs(share.working_time.seconds - rounded * HOUR) < SLACK
        found[share.holder] = rounded
    return found


async def test_every_hour_is_somebodys_from_the_register_to_the_close_out(mine: Mine) -> None:
    start = await until(mine, MONDAY, 8)
    case_id = await mine.registered()
    await mine.advance(timedelta(hours=1))
    logistics, bathhouse = await dispatch(mine, case_id, "logistics", "bathhouse")
    await mine.advance(timedelta(hours=2))
    await give_back(mine, case_id, bathhouse)
    await mine.advance(timedelta(hours=1))
    # 12:00 to 14:00 is nobody's working time, though the case goes on lying with them.
    await mine.advance(timedelta(hours=2))
    ruling = rpc.RuleWorkOrderRequest(
        case_id=case_id, work_order_id=bathhouse, kind=pb.RULING_KIND_UPHOLD, text="x"
    )
    await mine.ask("RuleWorkOrder", ruling)
    await complete(mine, case_id, bathhouse)
    await mine.advance(timedelta(hours=1))
    await complete(mine, case_id, logistics)
    await mine.advance(timedelta(hours=1))
    so_far = await asked(mine, case_id)
    assert hours(so_far) == {
        "zhang": 2.0,
        "unit:logistics": 2.5,
        "unit:bathhouse": 1.0,
        "position:DISPATCH_ROOM": 0.5,
    }
    assert [share.holder for share in so_far.shares] == list(hours(so_far))
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    await mine.advance(timedelta(hours=1))
    await mine.hear("intake", case_id, intake.CaseClosed(case_id=case_id))
    closed = await mine.now()
    await mine.advance(timedelta(days=3))
    whole = await asked(mine, case_id)
    assert hours(whole) == {**hours(so_far), "reporter": 1.0}
    assert abs(to_datetime(whole.start_time) - start) < timedelta(seconds=SLACK)
    assert abs(to_datetime(whole.end_time) - closed) < timedelta(seconds=SLACK)
    assert whole == await asked(mine, case_id)
    assert not whole.provisional
    assert await findings(mine) == []


async def test_time_in_which_nobody_works_is_nobodys(mine: Mine) -> None:
    await until(mine, SATURDAY, 10)
    case_id = await mine.registered()
    await mine.advance(timedelta(hours=5))
    response = await asked(mine, case_id)
    assert hours(response) == {"zhang": 0.0}
    assert response.working_time.seconds == 0


async def test_an_assignment_by_hand_counts_from_then_on(mine: Mine) -> None:
    await until(mine, MONDAY, 8)
    case_id = await mine.registered()
    await mine.advance(timedelta(hours=3))
    await mine.ask("AssignCase", rpc.AssignCaseRequest(case_id=case_id, steward="li", reason="x"))
    await mine.advance(timedelta(hours=1))
    assert hours(await asked(mine, case_id)) == {"zhang": 3.0, "li": 1.0}


async def test_a_life_of_more_changes_than_sla_answers_at_once(mine: Mine) -> None:
    await until(mine, MONDAY, 8)
    case_id = await mine.registered()
    start = await mine.now()
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        # Two changes every twenty seconds, both at the same instant.
        await owner.execute(
            """
            INSERT INTO tenures (case_id, site_id, ordinal, start_time, holders)
            SELECT
                $1, $2, number + 1, $3::timestamptz + (number - number % 2) * interval '10.7 s',
                CASE number % 4
                    WHEN 0 THEN ARRAY['unit:a', 'unit:b', 'unit:c']
                    WHEN 1 THEN ARRAY['position:DISPATCH_ROOM']
                    WHEN 2 THEN ARRAY['unit:b', 'li']
                    ELSE ARRAY['zhang']
                END
            FROM generate_series(1, 2500) AS number
            """,
            case_id,
            SITE,
            start,
        )
    finally:
        await owner.close()
    await mine.advance(timedelta(days=2))
    before = mine.sla.asked
    response = await asked(mine, case_id)
    assert mine.sla.asked == before + 2
    assert {share.holder for share in response.shares} == {
        "zhang",
        "unit:a",
        "unit:b",
        "unit:c",
        "position:DISPATCH_ROOM",
        "li",
    }
    # Two whole days of eight hours and what the calls took.
    assert 0 <= response.working_time.seconds - 16 * HOUR < SLACK


async def test_nobody_tells_working_time_while_sla_is_away(mine: Mine) -> None:
    case_id = await mine.registered()
    mine.sla.away = True
    request = rpc.GetAttributedTimeRequest(case_id=case_id)
    answer = await mine.refused("GetAttributedTime", request, "CLERK")
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")


async def test_cases_out_of_sight_tell_nothing(mine: Mine) -> None:
    case_id = await mine.registered()
    for request, site in (
        (rpc.GetAttributedTimeRequest(case_id=case_id), "gucheng"),
        (rpc.GetAttributedTimeRequest(case_id=new_id()), SITE),
    ):
        answer = await mine.refused("GetAttributedTime", request, "CLERK", site=site)
        assert (answer.code, answer.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
    assert mine.sla.asked == 0


async def test_whoever_read_the_clock_first_comes_no_earlier(mine: Mine) -> None:
    case_id = await mine.registered()
    now = await mine.now()
    async with mine.database.worker.connection() as connection:
        for holder, time in (("li", now), ("zhang", now - timedelta(hours=1)), ("zhang", now)):
            await store.note_tenure(connection, case_id, SITE, time, [holder])
    async with mine.database.worker.read(service_actor("routing")) as connection:
        lay = await store.list_tenures(connection, case_id)
    assert [(one.start_time, one.holders) for one in lay[1:]] == [
        (now, ("li",)),
        (now, ("zhang",)),
    ]


async def test_hot_queries_use_their_indexes(mine: Mine) -> None:
    case_id = await mine.registered()
    async with mine.database.worker.read(service_actor("routing")) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        for sql, arguments in (
            (store.Q.list_tenures, [case_id]),
            (proposals.Q.find_category_proposal, [SITE, "BATHING", "joint-1"]),
            (proposals.Q.list_category_proposals, [SITE]),
            (proposals.Q.get_category_proposal, [SITE, new_id()]),
        ):
            plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
            assert "Seq Scan" not in plan, sql


DAMAGE = {
    "tenure_not_of_the_route": "UPDATE routes SET steward = 'li', accountable = 'li'",
    "tenures_out_of_order": "UPDATE tenures SET start_time = 'epoch' WHERE ordinal = 2",
    "reopenings_not_of_the_journal": "UPDATE work_orders SET reopen_count = 1,"
    " reopen_time = dispatch_time",
    "extension_asked_by_nobody_at_work": "UPDATE work_orders SET extension_deadline_time = now(), "
    "extension_ask_time = now(), extension_asked_by = 'wang', extension_reason = 'x'",
    "surveys_not_of_the_journal": "INSERT INTO surveys SELECT gen_random_uuid(), case_id, site_id,"
    " '{a,b}', 'x', 'x', '[]', 'x', now() FROM routes",
    "proposals_not_of_the_journal": "INSERT INTO category_proposals SELECT gen_random_uuid(),"
    " site_id, 'x', '', 'y', ARRAY[case_id], now(), now(), '', '', '', NULL FROM routes",
}


@pytest.mark.parametrize("check", list(DAMAGE))
async def test_the_checks_find_what_they_are_there_for(mine: Mine, check: str) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await complete(mine, case_id, order)
    sql = load_queries("services.routing", "sql/fsck.sql").blocks[check].sql
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        assert await owner.fetch(sql) == []
        await owner.execute(DAMAGE[check])
        found = {row["subject_id"] for row in await owner.fetch(sql)}
        assert found == {f"proposals/{SITE}" if "proposals" in check else case_id}
    finally:
        await owner.close()
