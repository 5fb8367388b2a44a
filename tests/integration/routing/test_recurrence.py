"""The same again: a new case that shows that an old repair didn't last."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as facts
from chassis.actor import service_actor
from chassis.journal import Cause
from services.routing.store import recurrence as store
from tests.integration.routing import sweeping
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.sweeping import (
    ELSEWHERE,
    FIXED,
    FOUND,
    answer,
    get,
    open_sweep,
    register,
    run_jobs,
    solved,
    sound,
    subject,
    target,
)

RECURRENCE = intake_pb2.RELATION_RECURRENCE_OF
BOTH = (SITE, ELSEWHERE)


def link(
    case_id: str, relation: "intake_pb2.Relation.ValueType" = RECURRENCE
) -> list[intake_pb2.Link]:
    return [intake_pb2.Link(case_id=case_id, relation=relation)]


async def not_lasting(mine: Mine, subject_id: str) -> list[facts.FixNotLasting]:
    """Returns what was told of repairs under a subject, once the worker has done its jobs."""
    await run_jobs(mine)
    return [one for one in await mine.facts(subject_id) if isinstance(one, facts.FixNotLasting)]


async def test_a_named_recurrence_is_told_of_the_case_whose_repair_it_was(mine: Mine) -> None:
    first = await solved(mine, ago=timedelta(days=3))
    again = await register(mine, place="别处", category="OTHER", links=link(first))
    (told,) = await not_lasting(mine, first)
    assert told == facts.FixNotLasting(case_id=first, again_case_id=again, days=3)
    assert (await mine.route(first)).HasField("not_lasting_time")
    assert not (await mine.route(again)).HasField("not_lasting_time")
    causes = await mine.value("SELECT causes::text FROM journal WHERE type LIKE '%FixNotLasting'")
    # Whoever hears of it has heard of the new case before.
    assert Cause("intake", again, 1).subject_id in causes
    assert await sound(mine)


async def test_other_ties_say_nothing(mine: Mine) -> None:
    first = await solved(mine)
    await register(mine, place="别处", links=link(first, intake_pb2.RELATION_RELATED))
    assert await not_lasting(mine, first) == []


async def test_the_same_at_the_same_place_is_a_recurrence(mine: Mine) -> None:
    first = await solved(mine, place="浴室 一楼")
    others: tuple[dict[str, Any], ...] = (
        {"place": "浴室 二楼"},
        {"place": ""},
        {"place": "浴室 一楼", "category": "DINING"},
    )
    for fields in others:
        await register(mine, **fields)
    assert await not_lasting(mine, first) == []
    again = await register(mine, place=" 浴室 一楼 ", unit_id="logistics")
    assert await not_lasting(mine, first) == [
        facts.FixNotLasting(case_id=first, again_case_id=again)
    ]
    assert await sound(mine)


@pytest.mark.parametrize("category", ["", "OTHER"])
async def test_what_fits_nowhere_is_no_recurrence_of_its_place(mine: Mine, category: str) -> None:
    first = await solved(mine, category=category)
    await register(mine, category=category)
    assert await not_lasting(mine, first) == []


async def test_a_case_of_no_place_is_no_recurrence(mine: Mine) -> None:
    first = await solved(mine, place="")
    await register(mine, place="")
    assert await not_lasting(mine, first) == []


async def test_a_case_that_is_open_has_no_repair(mine: Mine) -> None:
    first = await register(mine)
    await register(mine, links=link(first))
    assert await not_lasting(mine, first) == []


async def test_the_sites_days_decide(mine: Mine) -> None:
    old = await solved(mine, place="五楼", ago=timedelta(days=91))
    late = await solved(mine, ago=timedelta(days=89))
    again = await register(mine, links=link(old))
    assert await not_lasting(mine, old) == []
    assert [one.again_case_id for one in await not_lasting(mine, late)] == [again]


async def test_an_appeal_of_before_the_repair_came_late(mine: Mine) -> None:
    first = await solved(mine, ago=timedelta(days=1))
    slip = await mine.now() - timedelta(days=2)
    await register(mine, time=slip, links=link(first))
    assert await not_lasting(mine, first) == []


async def test_a_repair_is_told_of_once_and_the_next_one_anew(mine: Mine) -> None:
    first = await solved(mine, ago=timedelta(days=2))
    second = await register(mine)
    third = await register(mine)
    # Both came before the worker did.
    assert [one.again_case_id for one in await not_lasting(mine, first)] == [second]
    await register(mine)
    assert len(await not_lasting(mine, first)) == 1
    now = await mine.now()
    for message in (
        intake.CaseRejected(case_id=first, new_cycle=2),
        intake.CaseResolved(case_id=first),
    ):
        await sweeping.hear(mine, first, message, SITE, now)
    fourth = await register(mine)
    assert [one.again_case_id for one in await not_lasting(mine, first)] == [second, fourth]
    assert await not_lasting(mine, third) == []
    assert await sound(mine)


async def test_another_mines_case_is_another_matter(mine: Mine) -> None:
    await sweeping.second_mine(mine)
    first = await solved(mine)
    await register(mine, site=ELSEWHERE, links=link(first))
    assert await not_lasting(mine, first) == []
    assert await mine.value("SELECT count(*) FROM jobs WHERE kind = 'not_lasting'") == 0


async def test_a_registration_that_is_nothing_new_leaves_no_job(mine: Mine) -> None:
    await register(mine)
    assert await mine.value("SELECT count(*) FROM jobs WHERE kind = 'not_lasting'") == 0


async def test_what_a_sweep_fixed_did_not_last(mine: Mine) -> None:
    origin = await solved(mine, place="南风井")
    sweep = await open_sweep(mine, origin, target("logistics", "一楼"), target("joint-1"), target())
    for index in range(3):
        await answer(mine, sweep, index, FIXED)
    # Another place, another unit, another kind of thing: nothing of these.
    await register(mine, unit_id="logistics", place="二楼")
    await register(mine, unit_id="joint-1", place="一楼", category="DINING")
    assert await not_lasting(mine, origin) == []
    here = await register(mine, unit_id="logistics", place="一楼")
    anywhere = await register(mine, unit_id="joint-1", place="二楼")
    told = await not_lasting(mine, origin)
    assert sorted(told, key=lambda one: one.task_id) == sorted(
        (
            facts.FixNotLasting(
                case_id=origin,
                again_case_id=again,
                sweep_id=sweep.sweep_id,
                task_id=sweep.tasks[index].task_id,
            )
            for again, index in ((here, 0), (anywhere, 1))
        ),
        key=lambda one: one.task_id,
    )
    after = await get(mine, sweep)
    assert [one.HasField("not_lasting_time") for one in after.tasks] == [True, True, False]
    # The case's own repair is another one, and lasts.
    assert not (await mine.route(origin)).HasField("not_lasting_time")
    await register(mine, unit_id="logistics", place="一楼")
    assert len(await not_lasting(mine, origin)) == 2
    assert await sound(mine)


async def test_a_sweep_from_another_mine_is_told_of_at_its_part(mine: Mine) -> None:
    await sweeping.second_mine(mine)
    origin = await solved(mine)
    sweep = await open_sweep(mine, origin, target(site=ELSEWHERE), sites=BOTH)
    await answer(mine, sweep, 0, FIXED, sites=BOTH)
    again = await register(mine, site=ELSEWHERE, place="五楼")
    (told,) = await not_lasting(mine, subject(sweep, ELSEWHERE))
    assert (told.case_id, told.again_case_id, told.task_id) == (
        origin,
        again,
        sweep.tasks[0].task_id,
    )
    assert await not_lasting(mine, origin) == []
    assert await sound(mine)


async def test_what_a_sweep_finds_speaks_against_no_repair_of_its_own(mine: Mine) -> None:
    origin = await solved(mine)
    sweep = await open_sweep(mine, origin, target(), target("logistics"))
    await answer(mine, sweep, 0, FOUND)
    await answer(mine, sweep, 0, FIXED)
    found = facts.SweepTaskAnswered
    (first,) = [
        one
        for one in await mine.facts(subject(sweep))
        if isinstance(one, found) and one.new_case_id
    ]
    # It was put right before the case arrived that it is about.
    await register(
        mine,
        case_id=first.new_case_id,
        links=link(origin, intake_pb2.RELATION_FOUND_BY_SWEEP),
        sweep_id=sweep.sweep_id,
        sweep_task_id=sweep.tasks[0].task_id,
    )
    assert await not_lasting(mine, origin) == []
    # Whoever comes after it speaks against both.
    await register(mine)
    assert len(await not_lasting(mine, origin)) == 2
    assert await sound(mine)


async def test_a_registration_waits_for_no_other_case(mine: Mine) -> None:
    first = await solved(mine)
    async with mine.database.worker.connection() as connection, connection.transaction():
        await mine.database.worker.scope(connection, service_actor("routing"))
        await connection.execute("SELECT FROM subjects WHERE subject_id = $1 FOR UPDATE", first)
        async with asyncio.timeout(10):
            again = await register(mine, links=link(first))
    assert [one.again_case_id for one in await not_lasting(mine, first)] == [again]


async def test_suspects_are_found_by_index(mine: Mine) -> None:
    now = await mine.now()
    arguments = [SITE, "BATHING", "一楼", "bathhouse", now, ["c"], [], "", 90]
    async with mine.database.worker.read(service_actor("routing")) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetchval(
            f"EXPLAIN (FORMAT JSON) {store.Q.list_suspects}", *arguments
        )
    assert "Seq Scan" not in plan
    for index in ("routes_solved", "sweep_tasks_fixed"):
        assert index in plan
