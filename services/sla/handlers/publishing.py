"""Publishing a site's calendar, its policy, or the group's template: each a new version, whole.

What is in force already is not published again. Running clocks follow by a job.
"""

import json

from backstop.sla.v1 import sla_calendar_pb2, sla_facts_pb2, sla_policy_pb2
from chassis.actor import ALL_SITES
from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.sla.convert.calendar import plan_of
from services.sla.convert.policy import rules_of
from services.sla.domain.calendar import Calendar, CalendarPlan, check
from services.sla.domain.kinds import AmendmentCause, ClockKind, Counting
from services.sla.domain.policy import Policy
from services.sla.domain.preview import NO_PROFILE, changed_days
from services.sla.handlers import outreach
from services.sla.store import terms as store
from services.sla.store.terms import Site

# Kinds of jobs: amending a site's running clocks, and carrying the template to the sites.
AMEND = "amend"
TEMPLATE = "template"

# The site of the template that sites inherit; it has no directory and no calendar.
GROUP = "group"


def calendar_subject(site_id: str) -> str:
    return f"calendar/{site_id}"


def policy_subject(site_id: str) -> str:
    return f"policy/{site_id}"


async def publish_calendar(
    work: Work, message: sla_calendar_pb2.Calendar, expected_version: int
) -> Receipt:
    """Replaces a site's calendar; the receipt's version is the calendar's, its outcome the job."""
    site_id = message.site_id
    plan = plan_of(message)
    check(plan)
    subject = calendar_subject(site_id)
    site = await _hold(work, site_id, subject)
    _expect(expected_version, site.calendar_version)
    if plan == await _plan_in_force(work, site_id):
        return Receipt(subject, site.calendar_version)
    version, job_id = await replace_calendar(work, site, plan, work.actor.subject)
    return Receipt(subject, version, job_id)


async def replace_calendar(
    work: Work, site: Site, plan: CalendarPlan, published_by: str
) -> tuple[int, str]:
    """Puts a plan in force at a held site whose calendar subject is locked.

    Returns the version and the job that amends running clocks, empty when no day has changed.
    """
    before = (await store.load_terms(work.connection, site.site_id))[site.site_id].calendar
    after = Calendar(before.zone, plan, before.version + 1)
    published = await store.publish_calendar(
        work.connection, site.site_id, after, work.time, published_by
    )
    work.record(
        calendar_subject(site.site_id),
        site.site_id,
        sla_facts_pb2.CalendarPublished(calendar=published),
    )
    if not changed_days(before, after):
        return after.version, ""
    job_id = await _amend_by_calendar(work, site.site_id, after.version, published_by)
    return after.version, job_id


async def zone_changed(work: Work, site_id: str) -> None:
    """Amends the running clocks of a site whose days are on another zone now."""
    site = await store.load_site(work.connection, site_id)
    if site is not None:
        await _amend_by_calendar(work, site_id, site.calendar_version, store.PUBLISHED_BY)


async def publish_policy(
    work: Work,
    message: sla_policy_pb2.Policy,
    expected_version: int,
    *,
    apply_to_running: bool,
) -> Receipt:
    """Replaces a site's policy; the receipt's version is the policy's, its outcome the job."""
    if message.site_id == GROUP:
        return await _publish_template(
            work, message, expected_version, apply_to_running=apply_to_running
        )
    rules_of(message)
    site_id = message.site_id
    subject = policy_subject(site_id)
    site = await _hold(work, site_id, subject)
    _expect(expected_version, site.policy_version)
    connection = work.connection
    in_force = await store.load_policy_document(connection, site_id, site.policy_version)
    version = site.policy_version
    if not _says_the_same(message, in_force):
        version += 1
        await replace_policy(work, site, message, work.actor.subject)
    # Also where nothing is new: it may have been published without being applied.
    job_id = ""
    if apply_to_running:
        job_id = await amend_by_policy(work, site_id, version, work.actor.subject)
    return Receipt(subject, version, job_id)


async def _publish_template(
    work: Work, message: sla_policy_pb2.Policy, expected_version: int, *, apply_to_running: bool
) -> Receipt:
    check_group(work.actor.sites)
    rules_of(message)
    subject = policy_subject(GROUP)
    await work.lock(GROUP, subject)
    connection = work.connection
    newest = await store.load_template(connection)
    version = 0 if newest is None else newest.version
    _expect(expected_version, version)
    if _says_the_same(message, newest) and not apply_to_running:
        return Receipt(subject, version)
    if not _says_the_same(message, newest):
        version += 1
        published = await store.publish_template(
            connection, message, version, work.time, work.actor.subject
        )
        work.record(subject, GROUP, sla_facts_pb2.PolicyPublished(policy=published))
    payload = {
        "version": version,
        "apply_to_running": apply_to_running,
        "published_by": work.actor.subject,
    }
    job_id = await work.enqueue_job(GROUP, TEMPLATE, json.dumps(payload).encode())
    return Receipt(subject, version, job_id)


async def replace_policy(
    work: Work, site: Site, message: sla_policy_pb2.Policy, published_by: str
) -> int:
    """Puts rules in force at a held site whose policy subject is locked; returns the version.

    Where they begin or cease to watch units' outreach, a job sees to the units' clocks.
    """
    connection, site_id = work.connection, site.site_id
    version = site.policy_version + 1
    before = (await store.load_terms(connection, site_id))[site_id].policy
    published = await store.publish_policy(connection, message, version, work.time, published_by)
    work.record(policy_subject(site_id), site_id, sla_facts_pb2.PolicyPublished(policy=published))
    after = (await store.load_terms(connection, site_id))[site_id].policy
    if _watches_units(before) != _watches_units(after):
        await _see_to_units(work, site_id)
    return version


async def amend_by_policy(work: Work, site_id: str, version: int, published_by: str) -> str:
    """Enqueues the job that applies a version of the policy to running clocks; returns its id."""
    payload = {
        "cause": AmendmentCause.POLICY,
        "version": version,
        "published_by": published_by,
    }
    return await work.enqueue_job(site_id, AMEND, json.dumps(payload).encode())


def check_group(sites: frozenset[str]) -> None:
    """Refuses PERMISSION_DENIED to whoever may not see all sites, which the template concerns."""
    if ALL_SITES not in sites:
        raise Refused("PERMISSION_DENIED", needed=f"site:{ALL_SITES}")


async def _amend_by_calendar(work: Work, site_id: str, version: int, published_by: str) -> str:
    payload = {
        "cause": AmendmentCause.CALENDAR,
        "version": version,
        "published_by": published_by,
    }
    return await work.enqueue_job(site_id, AMEND, json.dumps(payload).encode())


async def _hold(work: Work, site_id: str, subject: str) -> Site:
    """Locks what is published and the site's versions in force."""
    if not work.actor.may_see(site_id):
        raise Refused("CALENDAR_NOT_FOUND", site_id=site_id)
    await work.lock(site_id, subject)
    site = await store.hold_site(work.connection, site_id)
    if site is None:
        raise Refused("CALENDAR_NOT_FOUND", site_id=site_id)
    return site


async def _plan_in_force(work: Work, site_id: str) -> CalendarPlan:
    return (await store.load_terms(work.connection, site_id))[site_id].calendar.plan


def _expect(expected: int, actual: int) -> None:
    if expected not in (0, actual):
        raise Refused("VERSION_MISMATCH", expected=expected, actual=actual)


async def _see_to_units(work: Work, site_id: str) -> None:
    """Enqueues once more what the site's last directory had done for its units."""
    payload = await store.load_last_payload(work.connection, site_id, outreach.KIND)
    if payload is not None:
        units = json.loads(payload)["units"]
        await work.enqueue_job(site_id, outreach.KIND, payload, total=len(units))


def _watches_units(policy: Policy) -> bool:
    # A unit is no case, so only rules for all cases are for it.
    return policy.terms(ClockKind.OUTREACH, NO_PROFILE).counting is not Counting.OFF


def _says_the_same(message: sla_policy_pb2.Policy, in_force: sla_policy_pb2.Policy | None) -> bool:
    return in_force is not None and (
        (message.basis_document, message.detached, list(message.rules))
        == (in_force.basis_document, in_force.detached, list(in_force.rules))
    )
