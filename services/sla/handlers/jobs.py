"""Jobs that bring running clocks, and sites, in line with what was published.

Each step goes by the terms in force at its own time. Running a job again finds nothing to do.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import structlog
from prometheus_client import Counter

from backstop.sla.v1 import sla_facts_pb2
from chassis.convert import set_timestamp, to_timestamp
from chassis.failures import dependency_of, is_retryable
from chassis.jobs import MAX_SUBJECTS_PER_STEP, Job, JobStep
from chassis.work import Work
from services.sla.convert.clocks import AMENDMENT_CAUSES, clock_message
from services.sla.convert.facts_out import published
from services.sla.domain import transitions
from services.sla.domain.acts import Amended, Moment
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import File
from services.sla.domain.kinds import AmendmentCause
from services.sla.domain.policy import Terms
from services.sla.domain.preview import EVERYTHING, Stretches, changed_days
from services.sla.domain.recounting import recount_unit
from services.sla.handlers import outreach
from services.sla.handlers.facts import TIMERS, Given, apply_acts
from services.sla.handlers.publishing import (
    AMEND,
    TEMPLATE,
    amend_by_policy,
    policy_subject,
    replace_policy,
)
from services.sla.store import files, running
from services.sla.store import terms as store

_log = structlog.get_logger(__name__)

FAILED = Counter("backstop_amendments_failed", "Cases and units that could not be amended.")

# What a cursor begins with: names of transactions that are waited for, or the last subject done.
_WAITING, _AT = "wait ", "at "
_WAIT_SECONDS = 0.05

# What the acts of these jobs came from.
_FACTS = {
    AmendmentCause.CALENDAR: "CalendarPublished",
    AmendmentCause.POLICY: "PolicyPublished",
}

_Page = Callable[[Work, Job, str], Awaitable[str | None]]


async def amend(work: Work, job: Job) -> str | None:
    """Counts the next running clocks of a site again by the terms in force."""
    return await _after_writers(work, job, _amend_page)


async def carry(work: Work, job: Job) -> str | None:
    """Gives the next sites that inherit the group's template its newest version."""
    return await _after_writers(work, job, _carry_page)


STEPS: Mapping[str, JobStep] = MappingProxyType({AMEND: amend, TEMPLATE: carry})


async def _after_writers(work: Work, job: Job, page: _Page) -> str | None:
    """Lets transactions end that may have read the terms before they changed.

    They could store clocks counted by the old ones after this job has passed. Those that begin
    later go by the new ones.
    """
    writers: set[str] = set()
    if job.cursor.startswith(_WAITING):
        waited_for = set(job.cursor.removeprefix(_WAITING).split())
        writers = waited_for.intersection(await running.list_writers(work.connection))
        if writers:
            await asyncio.sleep(_WAIT_SECONDS)
    elif not job.cursor:
        writers = set(await running.list_writers(work.connection))
    if writers:
        return _WAITING + " ".join(sorted(writers))
    after = job.cursor.removeprefix(_AT) if job.cursor.startswith(_AT) else ""
    last = await page(work, job, after)
    return None if last is None else _AT + last


# Clocks ---------------------------------------------------------------------------------------


async def _amend_page(work: Work, job: Job, after: str) -> str | None:
    payload = json.loads(job.payload)
    cause = AmendmentCause(payload["cause"])
    connection = work.connection
    version = int(payload["version"])
    within = EVERYTHING
    if cause is AmendmentCause.CALENDAR:
        within = await _stretches(work, job.site_id, version)
    if not after:
        job.total = (await running.count_running(connection, job.site_id, within)).subjects
    subject_ids = await running.list_running_subjects(
        connection, job.site_id, within, after, MAX_SUBJECTS_PER_STEP
    )
    await work.lock(job.site_id, *subject_ids)
    # Asked for once they are locked, as everyone does who stores clocks.
    terms = (await store.load_terms(connection, job.site_id))[job.site_id]
    if cause is AmendmentCause.POLICY and terms.policy.version != version:
        # Whoever published the one in force has said whether it is for running clocks.
        return None
    units = [subject_id for subject_id in subject_ids if outreach.is_unit(subject_id)]
    cases = [subject_id for subject_id in subject_ids if not outreach.is_unit(subject_id)]
    await _amend_cases(work, job.site_id, cases, cause, payload["published_by"], terms)
    await _amend_units(work, job.site_id, units, cause, terms)
    job.done += len(subject_ids)
    job.total = max(job.total, job.done)
    return subject_ids[-1] if len(subject_ids) == MAX_SUBJECTS_PER_STEP else None


async def _stretches(work: Work, site_id: str, version: int) -> Stretches:
    """Returns the time that a version of the calendar changed.

    The first version changed what cases were counted by that had come before it: version 0.
    """
    before, after = (0, version - 1), (0, version)
    found = await store.load_versions(work.connection, site_id, (before, after))
    return changed_days(found[before].calendar, found[after].calendar)


async def _amend_cases(
    work: Work,
    site_id: str,
    case_ids: Sequence[str],
    cause: AmendmentCause,
    published_by: str,
    terms: Terms,
) -> None:
    act = Amended(cause)
    moved: list[Given] = []
    for case_id, file in (await _files(work, case_ids)).items():
        with _alone(case_id):
            change = transitions.apply(file, act, terms, _moment(work, case_id))
            # An act that moves nothing would only be there again after each run.
            if change.clocks or change.case != file.case:
                tuple(published(change, work.time, work.time))
                moved.append(
                    Given(case_id, site_id, act, work.time, published_by, _FACTS[cause], work.time)
                )
    if moved:
        await apply_acts(work, moved)


async def _files(work: Work, case_ids: Sequence[str]) -> dict[str, File]:
    """Returns the cases' files, without those that can't be read."""
    try:
        return await files.load_files(work.connection, case_ids)
    except Exception as error:
        if dependency_of(error) or is_retryable(error):
            raise
    found: dict[str, File] = {}
    for case_id in case_ids:
        with _alone(case_id):
            found |= await files.load_files(work.connection, [case_id])
    return found


@contextmanager
def _alone(subject_id: str) -> Iterator[None]:
    """Lets a case or a unit fail by itself: the others are amended all the same."""
    try:
        yield
    except Exception as error:
        if dependency_of(error) or is_retryable(error):
            raise
        FAILED.inc()
        _log.error("amendment_failed", subject_id=subject_id, exc_info=error)


def _moment(work: Work, subject_id: str) -> Moment:
    return Moment(work.time, work.time, work.version(subject_id))


async def _amend_units(
    work: Work, site_id: str, subject_ids: Sequence[str], cause: AmendmentCause, terms: Terms
) -> None:
    """Counts units' outreach again; it has no acts, and no case."""
    if not subject_ids:
        return
    changed: list[Clock] = []
    live = await files.load_live_clocks(work.connection, subject_ids)
    for clock in (clock for clocks in live.values() for clock in clocks if clock.running):
        with _alone(clock.subject_id):
            amended = recount_unit(clock, terms, cause, work.time)
            if amended is not clock:
                fact = _amendment(clock, amended, cause) if amended.running else _end(amended)
                work.record(clock.subject_id, site_id, fact)
                changed.append(amended)
    await files.save_clocks(work.connection, changed)
    if changed:
        work.wake(TIMERS)


def _amendment(before: Clock, after: Clock, cause: AmendmentCause) -> sla_facts_pb2.ClocksAmended:
    message = sla_facts_pb2.ClocksAmended(
        clocks=[clock_message(after)],
        previous_due_times=[to_timestamp(before.due_time)],
        cause=AMENDMENT_CAUSES.number(cause),
    )
    set_timestamp(message.next_wake_time, after.next_fire_time)
    return message


def _end(clock: Clock) -> sla_facts_pb2.ClocksStopped:
    return sla_facts_pb2.ClocksStopped(clocks=[clock_message(clock)])


# Sites ----------------------------------------------------------------------------------------


async def _carry_page(work: Work, job: Job, after: str) -> str | None:
    payload = json.loads(job.payload)
    connection = work.connection
    newest = await store.load_template(connection)
    version = int(payload["version"])
    if newest is None or newest.version != version:
        # The newest one has a job of its own, and its publisher said what it is for.
        return None
    site_ids = await store.list_site_ids(connection, after, MAX_SUBJECTS_PER_STEP)
    await work.lock_all({policy_subject(site_id): site_id for site_id in site_ids})
    for site_id in site_ids:
        policy_version = await _follow(work, site_id, version, payload["published_by"])
        if policy_version and payload["apply_to_running"]:
            await amend_by_policy(work, site_id, policy_version, payload["published_by"])
        job.done += policy_version > 0
    job.total = job.done
    return site_ids[-1] if len(site_ids) == MAX_SUBJECTS_PER_STEP else None


async def _follow(work: Work, site_id: str, version: int, published_by: str) -> int:
    """Puts a site's own rules in force on the newest template.

    Returns the version of its policy then; 0 where it inherits none.
    """
    connection = work.connection
    site = await store.hold_site(connection, site_id)
    if site is None:
        return 0
    policy = await store.load_policy_document(connection, site_id, site.policy_version)
    if policy is None or policy.detached:
        return 0
    if policy.template_version < version:
        return await replace_policy(work, site, policy, published_by)
    return site.policy_version
