"""A new case may show that an old repair didn't last: seen at registration, told by a job.

A registration comes with the locks that the gate has taken, and so may take no other case's. The
job, which it leaves behind only when there is a suspect, locks what it tells of and nothing else.
"""

import json
from dataclasses import replace
from datetime import datetime

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as facts
from chassis.handling import ReceivedFact
from chassis.jobs import Job
from chassis.journal import Cause
from chassis.work import Work
from services.routing.domain import recurrence, sweeps
from services.routing.domain.recurrence import Appeal
from services.routing.domain.route import Route
from services.routing.store import directory as sites
from services.routing.store import recurrence as store
from services.routing.store import routes

# The kind of job that tells which repairs a new case speaks against.
NOT_LASTING = "not_lasting"


async def suspect(work: Work, fact: ReceivedFact, message: intake.CaseRegistered) -> None:
    """Leaves a job behind when a new case may show that a repair didn't last; one query."""
    await _suspect(work, fact, _appeal(fact, message))


async def suspect_linked(
    work: Work, fact: ReceivedFact, message: intake.CaseLinked, route: Route
) -> None:
    """Does the same for a case that is tied to the old one only later, and to no other."""
    appeal = Appeal(
        case_id=fact.subject_id,
        site_id=fact.site_id,
        unit_id="",
        category="",
        place="",
        time=route.register_time or fact.occurred_time,
        recurrence_of=(message.link.case_id,),
    )
    await _suspect(work, fact, appeal)


async def _suspect(work: Work, fact: ReceivedFact, appeal: Appeal) -> None:
    found = await store.list_suspects(work.connection, appeal)
    if not found:
        return
    payload = {
        "case_id": appeal.case_id,
        "version": fact.version,
        "time": appeal.time.isoformat(),
        "case_ids": found.case_ids,
        "task_ids": found.task_ids,
    }
    total = len(found.case_ids) + len(found.task_ids)
    await work.enqueue_job(fact.site_id, NOT_LASTING, json.dumps(payload).encode(), total=total)


async def tell(work: Work, job: Job) -> str | None:
    """Notes and tells which repairs didn't last, each once; all in one step, they are few."""
    found = json.loads(job.payload)
    site = await sites.load_site(work.connection, job.site_id)
    if site is None:
        return None
    tasks = await store.list_fixed(work.connection, job.site_id, found["task_ids"])
    subjects = {task.task_id: _subject(task, job.site_id) for task in tasks}
    # Whoever tells of a task holds its sweep's part as well, so that two don't tell it twice.
    parts = [sweeps.subject(task.sweep_id, job.site_id) for task in tasks]
    await work.lock(job.site_id, *found["case_ids"], *subjects.values(), *parts)
    time = datetime.fromisoformat(found["time"])
    again, causes = found["case_id"], (Cause("intake", found["case_id"], found["version"]),)
    for route in await routes.list_routes(work.connection, found["case_ids"]):
        days = recurrence.route_again(site, route, time)
        if days is not None:
            noted = replace(route, not_lasting_time=time)
            await routes.save_route(work.connection, noted, work.time)
            message = facts.FixNotLasting(case_id=route.case_id, again_case_id=again, days=days)
            work.record(route.case_id, route.site_id, message, causes=causes)
            job.done += 1
    for task in await store.list_fixed(work.connection, job.site_id, found["task_ids"]):
        days = recurrence.task_again(site, task, time)
        if days is not None:
            await store.save_not_lasting(work.connection, task.task_id, time)
            message = facts.FixNotLasting(
                case_id=task.case_id,
                again_case_id=again,
                sweep_id=task.sweep_id,
                task_id=task.task_id,
                days=days,
            )
            work.record(subjects[task.task_id], job.site_id, message, causes=causes)
            job.done += 1
    return None


def _subject(task: recurrence.FixedTask, site_id: str) -> str:
    """The case whose sweep it was, where it is of the same site; else the sweep's part."""
    if task.case_site_id == site_id:
        return task.case_id
    return sweeps.subject(task.sweep_id, site_id)


def _appeal(fact: ReceivedFact, message: intake.CaseRegistered) -> Appeal:
    def linked(relation: "intake_pb2.Relation.ValueType") -> tuple[str, ...]:
        return tuple(link.case_id for link in message.links if link.relation == relation)

    return Appeal(
        case_id=fact.subject_id,
        site_id=fact.site_id,
        unit_id=message.unit_id,
        category=message.category,
        place=message.place.strip(),
        time=fact.occurred_time,
        recurrence_of=linked(intake_pb2.RELATION_RECURRENCE_OF),
        found_for=linked(intake_pb2.RELATION_FOUND_BY_SWEEP) if message.sweep_task_id else (),
        sweep_id=message.sweep_id if message.sweep_task_id else "",
    )
