"""What rulings say about the category table, and what becomes of it."""

from functools import partial

from chassis.errors import FieldViolation, Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import category_proposals as convert
from services.routing.domain import category_proposals as proposals
from services.routing.domain.category_proposals import CategoryProposal
from services.routing.domain.commands.work_orders import DecideCategoryProposal
from services.routing.domain.directory import Site
from services.routing.domain.route import Route
from services.routing.handlers import directory as organisation
from services.routing.store import category_proposals as store
from services.routing.store import directory as sites


def proposals_subject(site_id: str) -> str:
    return f"proposals/{site_id}"


async def propose(work: Work, route: Route, unit_id: str) -> None:
    """Proposes the unit that a ruling named for the case's category, where the table has another.

    One proposal per category and unit waits for its decision, with all cases that speak for it.
    The case is locked already; its id sorts before the subject of the proposals.
    """
    connection, site_id = work.connection, route.site_id
    table = {one.category_id: one for one in await sites.list_categories(connection, site_id)}
    category = table.get(route.category)
    if category is None or not proposals.contradicts(category, unit_id):
        return
    subject = proposals_subject(site_id)
    await work.lock(site_id, subject)
    known = await store.find_proposal(connection, site_id, category.category_id, unit_id)
    proposal: CategoryProposal | None
    if known is None:
        proposal = CategoryProposal(
            proposal_id=new_id(),
            site_id=site_id,
            category_id=category.category_id,
            table_unit_id=category.lead_unit_id,
            unit_id=unit_id,
            case_ids=(route.case_id,),
            first_time=work.time,
            last_time=work.time,
        )
    else:
        proposal = proposals.grown(known, route.case_id, work.time)
    if proposal is not None:
        await store.save_proposal(connection, proposal)
        work.record(subject, site_id, convert.category_proposed(proposal))


async def decide_category_proposal(work: Work, command: DecideCategoryProposal) -> Receipt:
    """Takes a proposal over into the category table, or declines it.

    The receipt's outcome is the directory's version, 0 when it is declined.
    """
    site_id = command.site_id
    if not work.actor.may_see(site_id):
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    subject = proposals_subject(site_id)
    if command.taken_over:
        # As whoever publishes: the directory first, then those who assign by it, at last ours. A
        # ruling that waits for our subject holds its case, for which a handover may be waiting.
        await organisation.hold(work, site_id)
    await work.lock(site_id, subject)
    site = await sites.load_site(work.connection, site_id)
    if site is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    proposal = await store.load_proposal(work.connection, site_id, command.proposal_id)
    if proposal is None:
        raise Refused("PROPOSAL_NOT_FOUND", proposal_id=command.proposal_id)
    if proposal.decided:
        raise Refused("PROPOSAL_DECIDED", proposal_id=command.proposal_id)
    version = await _take_over(work, site, proposal) if command.taken_over else 0
    await store.decide_proposal(
        work.connection,
        proposal.proposal_id,
        taken_over=command.taken_over,
        reason=command.reason,
        decided_by=work.actor.subject,
        decide_time=work.time,
    )
    work.record(
        subject,
        site_id,
        convert.category_proposal_decided(
            proposal,
            taken_over=command.taken_over,
            reason=command.reason,
            decided_by=work.actor.subject,
            decide_time=work.time,
        ),
    )
    return Receipt(subject, work.version(subject), str(version))


async def _take_over(work: Work, site: Site, proposal: CategoryProposal) -> int:
    """Publishes the directory with the category led by the unit; returns its version."""
    connection, site_id = work.connection, site.site_id
    if await sites.load_unit(connection, site_id, proposal.unit_id) is None:
        raise Refused("NO_SUCH_UNIT", unit_id=proposal.unit_id)
    table = await sites.list_categories(connection, site_id)
    if proposal.category_id not in {category.category_id for category in table}:
        words = f"the category {proposal.category_id} is no longer in the table"
        fields = [FieldViolation("proposal_id", words)]
        raise Refused("INVALID_FIELD", fields=fields, field="proposal_id")
    published = await organisation.republish(
        work,
        site_id,
        partial(proposals.led_by, category_id=proposal.category_id, unit_id=proposal.unit_id),
    )
    # Somebody else may have changed the table to the same meanwhile.
    return site.directory_version if published is None else published.version
