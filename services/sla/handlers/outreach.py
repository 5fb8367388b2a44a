"""Units are heard of regularly: a clock for each, moved by contacts, by appeals and by time."""

import json
from collections.abc import Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2
from chassis.handling import ReceivedFact
from chassis.jobs import MAX_SUBJECTS_PER_STEP, Job
from chassis.work import Work
from services.sla.convert.facts_in import contact_time
from services.sla.convert.facts_out import published_of_unit
from services.sla.domain import outreach
from services.sla.domain.clocks import Clock
from services.sla.domain.outreach import OutreachChange, subject_of
from services.sla.handlers.facts import terms_of, wake_soon
from services.sla.store import files, units

# Kind of the job that brings the clocks of a site's units in line with its directory.
KIND = "outreach"

_PREFIX = subject_of("", "").removesuffix("/")


def is_unit(subject_id: str) -> bool:
    """Tells whether a subject is a unit's outreach, not a case."""
    return subject_id.startswith(_PREFIX)


async def on_outreach_recorded(work: Work, fact: ReceivedFact) -> None:
    """Starts a unit's clock anew from its contact."""
    message = fact.message
    if not isinstance(message, routing_facts_pb2.OutreachRecorded):
        raise TypeError(f"{fact.type} is not an OutreachRecorded")
    if subject_of(fact.site_id, message.unit_id) != fact.subject_id:
        raise ValueError("the contact is with another unit than its subject's")
    time = min(contact_time(message, fact.occurred_time), work.time)
    terms = (await terms_of(work, [fact.site_id]))[fact.site_id]
    serial = work.version(fact.subject_id)
    live = await files.load_live_clocks(work.connection, [fact.subject_id])
    if fact.subject_id in live:
        (clock,) = live[fact.subject_id]
        change = outreach.contact(clock, time, work.time, terms, serial)
    else:
        # Heard of before the directory that has the unit, or before the job that starts its clock.
        change = outreach.begin(fact.site_id, message.unit_id, time, terms, serial)
    await _keep(work, {fact.subject_id: (fact.site_id, change)}, time)


async def enqueue(work: Work, site_id: str, version: int, unit_ids: Sequence[str]) -> None:
    """Adds the job that gives each unit of a version of a site's directory its clock."""
    payload = json.dumps({"version": version, "units": sorted(unit_ids)}).encode()
    await work.enqueue_job(site_id, KIND, payload, total=len(unit_ids))


async def step(work: Work, job: Job) -> str | None:
    """Starts the clocks of the next units, and ends those of units that are no longer there."""
    payload = json.loads(job.payload)
    site_id, listed = job.site_id, {str(unit_id) for unit_id in payload["units"]}
    known = await units.list_units(work.connection, site_id)
    unit_ids = sorted(unit_id for unit_id in {*listed, *known} if unit_id > job.cursor)
    unit_ids = unit_ids[:MAX_SUBJECTS_PER_STEP]
    if not unit_ids:
        return None
    await work.lock(site_id, *(subject_of(site_id, unit_id) for unit_id in unit_ids))
    # Once the units are locked: whoever has published a newer directory leaves them to its own job.
    if await units.directory_version(work.connection, site_id) != payload["version"]:
        return None
    terms = (await terms_of(work, [site_id]))[site_id]
    live = await files.load_live_clocks(
        work.connection, [subject_of(site_id, unit_id) for unit_id in unit_ids]
    )
    changes: dict[str, tuple[str, OutreachChange]] = {}
    for unit_id in unit_ids:
        subject_id = subject_of(site_id, unit_id)
        if unit_id not in listed:
            for clock in live.get(subject_id, ()):
                changes[subject_id] = site_id, outreach.gone(clock, work.time)
        elif subject_id not in live:
            serial = work.version(subject_id)
            begun = outreach.begin(site_id, unit_id, work.time, terms, serial)
            changes[subject_id] = site_id, begun
    await _keep(work, changes, work.time)
    job.done += len(unit_ids)
    job.total = max(job.total, job.done)
    return unit_ids[-1]


async def fire_due(work: Work, sites: dict[str, str]) -> int:
    """Fires what is due of locked units, {subject: site}; returns how many clocks it moved.

    A unit that was heard of since its clock began is due from then on.
    """
    live = await files.load_live_clocks(work.connection, list(sites))
    due = [clock for clocks in live.values() for clock in clocks if _is_due(clock, work.time)]
    if not due:
        return 0
    heard = await units.last_contacts(work.connection, due)
    terms = await terms_of(work, sites.values())
    changes = {
        clock.subject_id: (
            clock.site_id,
            outreach.fire(
                clock,
                work.time,
                heard.get(clock.subject_id),
                terms[clock.site_id],
                work.version(clock.subject_id),
            ),
        )
        for clock in due
    }
    await _keep(work, changes, work.time)
    return len(changes)


def _is_due(clock: Clock, now: datetime) -> bool:
    time = clock.next_fire_time
    return time is not None and time <= now


async def _keep(
    work: Work, changes: dict[str, tuple[str, OutreachChange]], happened: datetime
) -> None:
    """Stores what happened to units, {subject: (site, change)}, and records their facts."""
    clocks: list[Clock] = []
    for subject_id, (site_id, change) in changes.items():
        clocks += change.clocks
        for fact in published_of_unit(change, happened, work.time):
            work.record(
                subject_id,
                site_id,
                fact.message,
                occurred_time=fact.occurred_time,
                fact_id=fact.fact_id,
            )
    await files.save_clocks(work.connection, clocks)
    wake_soon(work, *(clock.next_fire_time for clock in clocks))
