"""What the database itself keeps: rows closed by site, rights of the roles, and fsck."""

from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.resources import files
from typing import Any

import asyncpg
import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from chassis.actor import Actor
from chassis.journal import timestamp
from chassis.queries import load_queries, parse_queries
from services.sla import store
from tests.integration.sla.conftest import SITE, Sla, fed_back

CHECKS = parse_queries("fsck", files("services.sla").joinpath("sql/fsck.sql").read_text("utf-8"))
TABLES = ("sites", "calendar_years", "calendar_days", "policies", "cases", "clocks")


@pytest.fixture
async def owner(sla: Sla) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(
        sla.database.dsn("owner"), server_settings={"search_path": "sla"}
    )
    yield connection
    await connection.close()


async def findings(sla: Sla) -> dict[str, int]:
    found = {check.name: len(await sla.rows(check.sql)) for check in CHECKS}
    return {name: count for name, count in found.items() if count}


async def _some_lives(sla: Sla) -> list[str]:
    now = await sla.now()
    ids = await sla.register(now, count=3)
    await sla.tell(fed_back(ids[0], intake_pb2.ANSWER_KIND_PROGRESS, now), now)
    await sla.tell(intake_facts_pb2.CaseClosed(case_id=ids[1], close_time=timestamp(now)), now)
    await sla.register(now - timedelta(days=30), recorded=now)
    return ids


async def test_fsck_finds_nothing_where_nothing_is_wrong(sla: Sla) -> None:
    await _some_lives(sla)
    assert await findings(sla) == {}


async def test_fsck_finds_nothing_wrong_with_an_answer_in_time_heard_of_too_late(
    sla: Sla,
) -> None:
    now = await sla.now()
    spoken = now - timedelta(days=30)
    # Entered late, and so is the answer that was given in time.
    (case_id,) = await sla.register(spoken, recorded=now)
    await sla.tell(fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, spoken), now)
    (row,) = await sla.rows(
        "SELECT state, breach_time = due_time AS breached, stop_time < due_time AS in_time"
        " FROM clocks WHERE case_id = $1 AND kind = 'FIRST_REPLY'",
        case_id,
    )
    assert tuple(row.values()) == ("MET", True, True)
    assert await findings(sla) == {}


@pytest.mark.parametrize(
    ("check", "damage"),
    [
        ("open_case_without_wake_up", "DELETE FROM clocks WHERE case_id = $1"),
        (
            "wake_up_not_the_next",
            (
                "UPDATE clocks SET next_fire_time = decision_time() + interval '1 second'"
                " WHERE case_id = $1 AND kind = 'PLAN'"
            ),
        ),
        (
            "wake_up_overslept",
            (
                "UPDATE clocks SET next_fire_time = decision_time() - interval '1 hour'"
                " WHERE case_id = $1 AND kind = 'PLAN'"
            ),
        ),
        (
            "closed_case_with_running_clock",
            "UPDATE cases SET state = 'CLOSED', next_wake_time = NULL WHERE case_id = $1",
        ),
        (
            "breach_before_its_time",
            (
                "UPDATE clocks SET state = 'BREACHED', next_fire_time = NULL,"
                " breach_time = due_time WHERE case_id = $1 AND kind = 'PLAN'"
            ),
        ),
        (
            "warning_before_its_time",
            "UPDATE clocks SET warned_time = start_time WHERE case_id = $1 AND kind = 'PLAN'",
        ),
        ("clock_without_its_case", "DELETE FROM cases WHERE case_id = $1"),
        ("site_without_terms", "DELETE FROM policies WHERE $1 <> ''"),
        ("registered_case_without_clocks", "DELETE FROM clocks WHERE case_id = $1"),
    ],
)
async def test_fsck_finds_damage(sla: Sla, owner: Any, check: str, damage: str) -> None:
    ids = await _some_lives(sla)
    await owner.execute(damage, ids[2])
    assert check in await findings(sla)


def test_every_check_has_its_damage() -> None:
    (mark,) = [m for m in test_fsck_finds_damage.pytestmark if m.name == "parametrize"]
    assert {row[0] for row in mark.args[1]} == {check.name for check in CHECKS}


async def test_callers_see_their_sites_only(sla: Sla) -> None:
    await _some_lives(sla)
    for sites, expected in (({SITE}, True), ({"elsewhere"}, False), (set(), False)):
        actor = Actor("p-1", sites=frozenset(sites))
        async with sla.database.app.read(actor) as connection:
            for table in TABLES:
                count = await connection.fetchval(f"SELECT count(*) FROM {table}")
                assert (count > 0) == expected, table


async def test_callers_can_write_nothing(sla: Sla) -> None:
    for table in TABLES:
        actor = Actor("p-1", sites=frozenset({"*"}))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with sla.database.app.transaction(actor) as connection:
                await connection.execute(f"DELETE FROM {table}")


async def test_a_case_owes_each_thing_once(sla: Sla, owner: Any) -> None:
    ids = await _some_lives(sla)
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(
            "INSERT INTO clocks SELECT gen_random_uuid(), case_id, site_id, kind, cycle, reference,"
            " start_time, due_time, state, provisional, policy_version, warn_time, warned_time,"
            " breach_time, stop_time, born_breached, next_fire_time FROM clocks"
            " WHERE case_id = $1",
            ids[2],
        )


async def test_every_statement_is_used_and_can_be_prepared(sla: Sla) -> None:
    text = files("services.sla").joinpath("store.py").read_text("utf-8")
    async with sla.database.worker.connection() as connection:
        for query in load_queries("services.sla"):
            assert f"Q.{query.name}" in text, query.name
            await connection.prepare(query.sql)
    assert store.Q.blocks
