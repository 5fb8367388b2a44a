"""Publishing what all sites inherit, and bringing them in line with it."""

import json
from dataclasses import replace

from backstop.routing.v1 import routing_facts_pb2 as facts
from chassis.actor import ALL_SITES
from chassis.errors import Refused
from chassis.jobs import Job
from chassis.work import Receipt, Work
from services.routing.convert.directory import template_message
from services.routing.domain import template as templates
from services.routing.domain.commands.lists import PublishGroupTemplate
from services.routing.domain.faults import Fault, violations
from services.routing.domain.template import Template
from services.routing.handlers import directory as organisation
from services.routing.handlers import drafts, lists
from services.routing.store import directory as sites
from services.routing.store import templates as store

# The site of what is the group's; no mine.
GROUP = "group"
SUBJECT = f"template/{GROUP}"


async def publish_template(work: Work, command: PublishGroupTemplate) -> Receipt:
    """Replaces what sites inherit, after a look at each; the outcome is the number of the jobs.

    No directory is published meanwhile, so that none is checked against the one before.
    """
    if ALL_SITES not in work.actor.sites:
        raise Refused("PERMISSION_DENIED", needed=f"site:{ALL_SITES}")
    connection = work.connection
    await work.lock(GROUP, SUBJECT)
    work.expect(SUBJECT, command.expected_version)
    await store.stop_inheriting(connection)
    known = await sites.list_sites(connection)
    given = command.template
    faults = templates.check(given)
    if not faults:
        for site in known:
            faults += await _at_site(work, site.site_id, given)
    if faults:
        raise Refused("TEMPLATE_INVALID", fields=violations(faults), problem=faults[0].words)
    version = work.record(
        SUBJECT, GROUP, facts.GroupTemplatePublished(template=template_message(given))
    )
    await store.save_template(
        connection, replace(given, version=version), work.time, work.actor.subject
    )
    payload = json.dumps({"published_by": work.actor.subject}).encode()
    for site in known:
        await work.enqueue_job(site.site_id, lists.TEMPLATE, payload, total=1)
    return Receipt(SUBJECT, version, str(len(known)))


async def follow_template(work: Work, job: Job) -> None:
    """Publishes a site's directory anew when it inherits something else now; a step of a job."""
    await organisation.hold(work, job.site_id)
    published_by = json.loads(job.payload)["published_by"]
    await organisation.republish(work, job.site_id, published_by=published_by)
    job.done = 1


async def _at_site(work: Work, site_id: str, given: Template) -> list[Fault]:
    """Returns what a site would be refused for if it inherited the template."""
    draft = await drafts.draft_inheriting(work.connection, site_id, given, work.time)
    faults = [*draft.faults]
    for gap in draft.gaps:
        zh, _, en = gap.words.partition(" (")
        faults.append(Fault(f"units[{gap.unit_id}]", zh, en.removesuffix(")")))
    return templates.at_site(site_id, faults)
