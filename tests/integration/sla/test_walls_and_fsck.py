"""What the database itself keeps: rows closed by site, rights of the roles, and fsck."""

from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.resources import files
from typing import Any

import asyncpg
import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from chassis.actor import Actor, service_actor
from chassis.journal import timestamp
from chassis.queries import load_queries, parse_queries
from chassis.work import Work, run
from services.sla.domain.acts import Excused, Paused
from services.sla.domain.kinds import PauseReason
from services.sla.handlers.facts import apply_act
from tests.integration.sla.conftest import SITE, Sla, fed_back

CHECKS = parse_queries("fsck", files("services.sla").joinpath("sql/fsck.sql").read_text("utf-8"))
TABLES = ("sites", "calendars", "policies", "cases", "clocks", "acts", "excuses", "year_warnings")
# Statements that code refers to by their names.
SQL = [
    file.name
    for file in files("services.sla").joinpath("sql").iterdir()
    if file.name.endswith(".sql") and file.name not in ("fsck.sql", "grants.sql")
]
DAY = timedelta(days=1)
DIRECTOR = Actor("p-1", sites=frozenset({"*"}))


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
    """Registers three cases, an answered one, a closed one and a paused one, and a unit."""
    await sla.publish_directory(units=["mining-1"])
    await sla.work_jobs()
    now = await sla.now()
    ids = await sla.register(now, count=3)
    await sla.tell(fed_back(ids[0], intake_pb2.ANSWER_KIND_PROGRESS, now), now)
    await sla.tell(intake_facts_pb2.CaseClosed(case_id=ids[1], close_time=timestamp(now)), now)
    (born_late,) = await sla.register(now - 30 * DAY, recorded=now)
    await _pause(sla, ids[2])
    await _excuse(sla, born_late)
    return ids


async def _pause(sla: Sla, case_id: str) -> None:
    async def pause(work: Work) -> None:
        await work.lock(SITE, case_id)
        act = Paused(PauseReason.FORCE_MAJEURE, work.time, work.time + 7 * DAY, "暴雨", "p-2")
        await apply_act(work, case_id, SITE, act, work.time, "p-2", "PauseClocks", work.time)

    await run(sla.database.worker, service_actor("sla"), pause)


async def _excuse(sla: Sla, case_id: str) -> None:
    (row,) = await sla.rows(
        "SELECT clock_id::text FROM clocks WHERE subject_id = $1 AND kind = 'PLAN'", case_id
    )

    async def excuse(work: Work) -> None:
        await work.lock(SITE, case_id)
        act = Excused(row["clock_id"], "系统停机", "p-2")
        await apply_act(work, case_id, SITE, act, work.time, "p-2", "ExcuseBreach", work.time)
        await work.connection.execute(
            "INSERT INTO excuses (clock_id, site_id, case_id, reason, excused_by, excuse_time)"
            " VALUES ($1::text::uuid, $2, $3, '系统停机', 'p-2', $4)",
            row["clock_id"],
            SITE,
            case_id,
            work.time,
        )

    await run(sla.database.worker, service_actor("sla"), excuse)


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
        " FROM clocks WHERE subject_id = $1 AND kind = 'FIRST_REPLY'",
        case_id,
    )
    assert tuple(row.values()) == ("MET", True, True)
    assert await findings(sla) == {}


# By check, what makes it find something; $1 is the paused case.
DAMAGE = {
    "open_case_without_wake_up": "DELETE FROM clocks WHERE subject_id = $1",
    "wake_up_not_the_next": (
        "UPDATE clocks SET next_fire_time = decision_time() + interval '1 second'"
        " WHERE subject_id = $1 AND kind = 'FIRST_REPLY'"
    ),
    "wake_up_overslept": (
        "UPDATE clocks SET next_fire_time = decision_time() - interval '1 hour'"
        " WHERE subject_id = $1 AND kind = 'FIRST_REPLY'"
    ),
    "next_fire_not_of_its_clock": (
        "UPDATE clocks SET next_fire_time = due_time + interval '1 second'"
        " WHERE subject_id = $1 AND kind = 'PAUSE'"
    ),
    "closed_case_with_live_clock": (
        "UPDATE cases SET state = 'CLOSED', next_wake_time = NULL, pause_reason = NULL,"
        " pause_start_time = NULL, pause_latest_end_time = NULL WHERE case_id = $1"
    ),
    "breach_before_its_time": (
        "UPDATE clocks SET state = 'BREACHED', next_fire_time = NULL, breach_time = due_time"
        " WHERE subject_id = $1 AND kind = 'FIRST_REPLY'"
    ),
    "warning_before_its_time": (
        "UPDATE clocks SET warned_time = start_time - interval '1 second'"
        " WHERE subject_id = $1 AND kind = 'PLAN'"
    ),
    "paused_clock_without_pause": (
        "UPDATE clocks SET pauses = '[]' WHERE subject_id = $1 AND kind = 'PLAN'"
    ),
    "paused_case_without_its_end": (
        "UPDATE clocks SET state = 'CANCELLED', next_fire_time = NULL, stop_time = due_time"
        " WHERE subject_id = $1 AND kind = 'PAUSE'"
    ),
    "clock_without_its_case": "DELETE FROM cases WHERE case_id = $1",
    "outreach_without_its_unit": (
        "UPDATE clocks SET reference = 'mining-2' WHERE kind = 'OUTREACH' AND $1 <> ''"
    ),
    "case_without_its_beginning": (
        "INSERT INTO cases (case_id, site_id, state, cycle, occurred_time, category, kind, urgency,"
        " unit_id, anonymous, long_standing, steward, accountable, level, at_ladder_end,"
        " pause_words, pause_approved_by, next_wake_time)"
        " SELECT 'another', site_id, state, cycle, occurred_time, category, kind, urgency, unit_id,"
        " anonymous, long_standing, steward, accountable, level, at_ladder_end, '', '',"
        " next_wake_time FROM cases WHERE case_id = $1"
    ),
    "act_without_its_case": "DELETE FROM cases WHERE case_id = $1",
    "excuse_without_breach": (
        "INSERT INTO excuses (clock_id, site_id, case_id, reason, excused_by, excuse_time)"
        " SELECT clock_id, site_id, subject_id, '', '', start_time FROM clocks"
        " WHERE subject_id = $1 AND kind = 'PLAN'"
    ),
    "site_without_terms": "DELETE FROM policies WHERE $1 <> ''",
    "registered_case_without_clocks": "DELETE FROM clocks WHERE subject_id = $1",
}


@pytest.mark.parametrize(("check", "damage"), DAMAGE.items())
async def test_fsck_finds_damage(sla: Sla, owner: Any, check: str, damage: str) -> None:
    ids = await _some_lives(sla)
    await owner.execute(damage, ids[2])
    assert check in await findings(sla)


def test_every_check_has_its_damage() -> None:
    assert set(DAMAGE) == {check.name for check in CHECKS}


async def test_callers_see_their_sites_only(sla: Sla) -> None:
    await _some_lives(sla)
    await sla.rows("INSERT INTO year_warnings VALUES ($1, 2027, '2026-12-07') RETURNING 1", SITE)
    for sites, expected in (({SITE}, True), ({"elsewhere"}, False), (set(), False)):
        actor = Actor("p-1", sites=frozenset(sites))
        async with sla.database.app.read(actor) as connection:
            for table in TABLES:
                count = await connection.fetchval(f"SELECT count(*) FROM {table}")
                assert (count > 0) == expected, table


async def test_callers_can_delete_nothing_and_write_only_where_they_see(sla: Sla) -> None:
    ids = await _some_lives(sla)
    for table in (*TABLES, "templates"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with sla.database.app.transaction(DIRECTOR) as connection:
                await connection.execute(f"DELETE FROM {table}")
    elsewhere = Actor("p-1", sites=frozenset({"elsewhere"}))
    async with sla.database.app.transaction(elsewhere) as connection:
        done = await connection.execute("UPDATE cases SET level = 3 WHERE case_id = $1", ids[0])
        assert done == "UPDATE 0"


@pytest.mark.parametrize(
    "attempt",
    ["UPDATE acts SET actor = 'p-9'", "DELETE FROM acts", "TRUNCATE acts"],
)
async def test_what_was_applied_is_final(sla: Sla, owner: Any, attempt: str) -> None:
    await _some_lives(sla)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
        await owner.execute(attempt)
    for database in (sla.database.app, sla.database.worker):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            async with database.transaction(DIRECTOR) as connection:
                await connection.execute(attempt)


async def test_a_case_owes_each_thing_once(sla: Sla, owner: Any) -> None:
    ids = await _some_lives(sla)
    columns = ", ".join(
        row["column_name"]
        for row in await sla.rows(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'sla' AND table_name = 'clocks' AND column_name <> 'clock_id'"
        )
    )
    for kind in ("FIRST_REPLY", "PLAN"):
        with pytest.raises(asyncpg.UniqueViolationError, match="clocks_running"):
            await owner.execute(
                f"INSERT INTO clocks (clock_id, {columns}) SELECT gen_random_uuid(), {columns}"
                " FROM clocks WHERE subject_id = $1 AND kind = $2",
                ids[2],
                kind,
            )


async def test_every_statement_is_used_and_can_be_prepared(sla: Sla) -> None:
    store = files("services.sla").joinpath("store")
    text = "".join(file.read_text("utf-8") for file in store.iterdir() if file.name.endswith(".py"))
    async with sla.database.worker.connection() as connection:
        for name in SQL:
            for query in load_queries("services.sla", f"sql/{name}"):
                assert f"Q.{query.name}" in text, query.name
                await connection.prepare(query.sql)
