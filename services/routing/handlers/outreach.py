"""Contacts with units, as they are recorded."""

from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import outreach as convert
from services.routing.domain import outreach as contacts
from services.routing.domain.commands import RecordOutreach
from services.routing.domain.outreach import Outreach
from services.routing.handlers import holding
from services.routing.store import directory as sites
from services.routing.store import outreach as store


async def record_outreach(work: Work, command: RecordOutreach) -> Receipt:
    """Adds a contact to the log; the receipt's outcome is its id."""
    site_id, unit_id = command.site_id, command.unit_id
    await holding.site(work, site_id)
    if await sites.load_unit(work.connection, site_id, unit_id) is None:
        raise Refused("NO_SUCH_UNIT", unit_id=unit_id)
    outreach_time = command.outreach_time or work.time
    contacts.check_time(outreach_time, work.time)
    outreach = Outreach(
        outreach_id=new_id(),
        site_id=site_id,
        unit_id=unit_id,
        form=command.form,
        place=command.place,
        heard=command.heard,
        done_by=work.actor.subject,
        outreach_time=outreach_time,
        record_time=work.time,
    )
    subject = contacts.subject(site_id, unit_id)
    await work.lock(site_id, subject)
    await store.insert_outreach(work.connection, outreach)
    version = work.record(
        subject, site_id, convert.outreach_recorded(outreach), occurred_time=outreach_time
    )
    return Receipt(subject, version, outreach.outreach_id)
