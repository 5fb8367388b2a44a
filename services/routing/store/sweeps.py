"""Sweeps in their tables: a row for each site's part, and one for each task."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.sweeps import Answer, Finding, Sweep, SweepState, SweepTask
from services.routing.store.work_orders import evidence_from_json, evidence_to_json

Q = load_queries("services.routing", "sql/sweeps.sql")


async def insert_sweep(connection: Connection, parts: Sequence[Sweep]) -> None:
    """Adds a new sweep with its tasks, none of them answered."""
    first = parts[0]
    tasks = [(part.site_id, task) for part in parts for task in part.tasks]
    await connection.execute(
        Q.insert_sweeps,
        first.sweep_id,
        [part.site_id for part in parts],
        first.case_id,
        first.case_site_id,
        first.category,
        first.defect,
        first.due_date,
        first.opened_by,
        first.open_time,
    )
    await connection.execute(
        Q.insert_sweep_tasks,
        first.sweep_id,
        [task.task_id for _, task in tasks],
        [site_id for site_id, _ in tasks],
        [task.unit_id for _, task in tasks],
        [task.place for _, task in tasks],
    )


async def load_parts(connection: Connection, sweep_id: str) -> list[Sweep]:
    """Returns a sweep's parts in sight, by site, with the versions stored for their subjects."""
    return (await list_parts(connection, [sweep_id])).get(sweep_id, [])


async def list_parts(connection: Connection, sweep_ids: Sequence[str]) -> dict[str, list[Sweep]]:
    """Returns {sweep: its parts in sight}."""
    tasks: dict[tuple[str, str], list[SweepTask]] = defaultdict(list)
    for row in await connection.fetch(Q.list_tasks, list(sweep_ids)):
        tasks[row["sweep_id"], row["site_id"]].append(_task(row))
    parts: dict[str, list[Sweep]] = defaultdict(list)
    for row in await connection.fetch(Q.list_parts, list(sweep_ids)):
        parts[row["sweep_id"]].append(_part(row, tasks[row["sweep_id"], row["site_id"]]))
    return dict(parts)


async def list_part_sites(
    connection: Connection, sweep_id: str, task_id: str, hidden_from: Sequence[str]
) -> Mapping[str, bool]:
    """Returns {site in sight with a part: whether the task is there}; no task for "".

    Nothing of a sweep from a case about one of those it is `hidden_from`.
    """
    rows = await connection.fetch(Q.list_part_sites, sweep_id, task_id or None, list(hidden_from))
    return {row["site_id"]: row["has_task"] for row in rows}


async def list_sweeps(
    connection: Connection,
    site_id: str,
    case_id: str,
    *,
    open_only: bool,
    after: tuple[datetime, str],
    limit: int,
    hidden_from: Sequence[str],
) -> list[list[Sweep]]:
    """Returns the sweeps older than a (time, id) key, newest first, each as its parts in sight.

    Without those from cases about one of those they are `hidden_from`.
    """
    rows = await connection.fetch(
        Q.list_sweeps, site_id, case_id, open_only, *after, limit, list(hidden_from)
    )
    found = [str(row["sweep_id"]) for row in rows]
    parts = await list_parts(connection, found) if found else {}
    return [parts[sweep_id] for sweep_id in found]


async def save_answer(connection: Connection, task: SweepTask) -> None:
    """Keeps the last answer of a task that has one."""
    answer = task.answer
    if answer is None:
        raise ValueError(f"the task {task.task_id} has no answer")
    await connection.execute(
        Q.save_answer,
        task.task_id,
        answer.finding.value,
        answer.words,
        answer.planned_date,
        evidence_to_json(answer.evidence),
        task.answered_by,
        task.answer_time,
        task.late,
    )


async def save_closing(connection: Connection, sweep: Sweep) -> None:
    """Keeps how a closed part ended."""
    await connection.execute(
        Q.save_closing,
        sweep.sweep_id,
        sweep.site_id,
        sweep.closed_by,
        sweep.close_reason,
        sweep.close_time,
    )


async def note_found(connection: Connection, site_id: str, task_id: str, case_id: str) -> None:
    """Names the case registered for what a task of the site found; the first one stays."""
    await connection.execute(Q.note_found, task_id, site_id, case_id)


def _part(row: asyncpg.Record, tasks: Sequence[SweepTask]) -> Sweep:
    return Sweep(
        sweep_id=row["sweep_id"],
        site_id=row["site_id"],
        case_id=row["case_id"],
        case_site_id=row["case_site_id"],
        category=row["category"],
        defect=row["defect"],
        due_date=row["due_date"],
        opened_by=row["opened_by"],
        open_time=row["open_time"],
        zone=ZoneInfo(row["time_zone"]),
        tasks=tuple(tasks),
        state=SweepState(row["state"]),
        closed_by=row["closed_by"],
        close_reason=row["close_reason"],
        close_time=row["close_time"],
        version=row["version"],
    )


def _task(row: asyncpg.Record) -> SweepTask:
    answer = None
    if row["finding"]:
        evidence = evidence_from_json(row["evidence"])
        answer = Answer(Finding(row["finding"]), row["words"], row["planned_date"], evidence)
    return SweepTask(
        task_id=row["task_id"],
        unit_id=row["unit_id"],
        place=row["place"],
        answer=answer,
        answered_by=row["answered_by"],
        answer_time=row["answer_time"],
        late=row["late"],
        found_case_id=row["found_case_id"],
        not_lasting_time=row["not_lasting_time"],
    )
