"""Clocks of the suite by the million: two cases made by the real code, and copies of them.

A registered case owes a first reply and a plan: two armed clocks, which are what lies far ahead.
One that has been answered owes the plan alone: these are what falls due, so that each firing is a
breach of a case of its own. Copies get other ids and other times, and no journal: what came before
isn't looked at by anything that is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

import asyncpg

from backstop.routing.v1 import routing_pb2
from bench.timers.scenario import BACKGROUND_FIRST
from bench.timers.wire import Arming
from chassis.actor import service_actor
from chassis.database import Database
from chassis.work import Work, run
from services.sla.convert.facts_in import ladders_of
from services.sla.domain.acts import Act, Answered, AnswerKind, Registered
from services.sla.domain.policy import Profile
from services.sla.handlers.facts import apply_act
from services.sla.store.terms import save_site

_SITE: Final = "bench"
_REGISTERED: Final = "template-registered"
_ANSWERED: Final = "template-answered"


async def make_templates(database: Database) -> None:
    """Makes the site and a case of each kind, as facts about them would."""
    now = datetime.now(UTC)
    registered = Registered(now, Profile(), unit_id="bench")
    answered = Answered(1, "first-reply", AnswerKind.FIRST_REPLY, None, now)
    actor = service_actor(database.schema)
    await run(database, actor, partial(_make_site, time_zone=_zone(now)))
    acts: list[tuple[str, Act]] = [
        (_REGISTERED, registered),
        (_ANSWERED, registered),
        (_ANSWERED, answered),
    ]
    for case_id, act in acts:
        await run(database, actor, partial(_apply, case_id=case_id, act=act))


async def _make_site(work: Work, time_zone: str) -> None:
    ladders = ladders_of(routing_pb2.Directory())
    await save_site(work.connection, _SITE, "bench", time_zone, ladders)


async def _apply(work: Work, case_id: str, act: Act) -> None:
    await work.lock(_SITE, case_id)
    cause = type(act).__name__
    await apply_act(work, case_id, _SITE, act, work.time, "bench", cause, work.time)


def _zone(now: datetime) -> str:
    """A zone in which it is about noon, so that no reminder of 24:00 falls into the run."""
    ahead = 12 - now.hour
    return f"Etc/GMT{-ahead:+d}"


async def arm(dsn: str, arming: Arming) -> None:
    """Copies a template's case for each timer; far ahead, for two of them each."""
    pairs = arming.first >= BACKGROUND_FIRST
    template = _REGISTERED if pairs else _ANSWERED
    count = arming.count // 2 if pairs else arming.count
    due = f"to_timestamp({arming.due!r} + number * {arming.spacing!r})"
    case_id = f"'case-' || lpad(({arming.first} + number)::text, 12, '0')"
    armed = "template.state = 'RUNNING'"
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            copy = partial(_copy, connection, count=count, template=template)
            await copy("subjects", "subject_id", {"subject_id": case_id})
            await copy("cases", "case_id", {"case_id": case_id, "next_wake_time": due})
            await copy("acts", "case_id", {"case_id": case_id})
            await copy(
                "clocks",
                "subject_id",
                {
                    "clock_id": "gen_random_uuid()",
                    "subject_id": case_id,
                    "due_time": f"CASE WHEN {armed} THEN {due} ELSE template.due_time END",
                    "next_fire_time": f"CASE WHEN {armed} THEN {due} END",
                    # Warned already: what falls due is the deadline.
                    "warn_time": "NULL",
                    "warned_count": "1",
                    "warned_time": "template.start_time",
                },
            )
    finally:
        await connection.close()


async def _copy(
    connection: asyncpg.Connection[asyncpg.Record],
    table: str,
    key: str,
    others: Mapping[str, str],
    *,
    count: int,
    template: str,
) -> None:
    """Copies a template's rows `count` times, some columns by expressions of `number`."""
    rows = await connection.fetch(
        """
        SELECT column_name FROM information_schema.columns
        WHERE table_schema = 'sla' AND table_name = $1 AND is_identity = 'NO'
        """,
        table,
    )
    columns = [str(row["column_name"]) for row in rows]
    values = [others.get(column, f"template.{column}") for column in columns]
    await connection.execute(
        f"INSERT INTO sla.{table} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608
        f"FROM generate_series(0, {count - 1}) AS number "
        f"CROSS JOIN sla.{table} AS template WHERE template.{key} = '{template}'"
    )
