"""Repairs that a new case may speak against, found by index."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.directory import DEFAULT_RECURRENCE_DAYS
from services.routing.domain.recurrence import Appeal, FixedTask, Suspects

Q = load_queries("services.routing", "sql/recurrence.sql")


async def list_suspects(connection: Connection, appeal: Appeal) -> Suspects:
    """Returns what an appeal may speak against, unlocked and only nearly exact; one query."""
    rows = await connection.fetch(
        Q.list_suspects,
        appeal.site_id,
        appeal.category if appeal.comparable else "",
        appeal.place if appeal.comparable else "",
        appeal.unit_id if appeal.comparable else "",
        appeal.time,
        list(appeal.recurrence_of),
        list(appeal.found_for),
        appeal.sweep_id,
        DEFAULT_RECURRENCE_DAYS,
    )
    return Suspects(
        tuple(sorted(row["id"] for row in rows if row["kind"] == "CASE")),
        tuple(sorted(row["id"] for row in rows if row["kind"] == "TASK")),
    )


async def list_fixed(
    connection: Connection, site_id: str, task_ids: Sequence[str]
) -> list[FixedTask]:
    """Returns those of some tasks of a site that were put right."""
    return [
        FixedTask(
            task_id=row["task_id"],
            sweep_id=row["sweep_id"],
            case_id=row["case_id"],
            case_site_id=row["case_site_id"],
            fix_time=row["answer_time"],
            not_lasting_time=row["not_lasting_time"],
        )
        for row in await connection.fetch(Q.list_fixed, list(task_ids), site_id)
    ]


async def save_not_lasting(connection: Connection, task_id: str, time: datetime) -> None:
    """Notes on a sweep's task that its repair didn't last."""
    await connection.execute(Q.save_not_lasting, task_id, time)
