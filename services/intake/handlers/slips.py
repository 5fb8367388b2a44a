"""Issues pads of slips; pads of one site take turns."""

from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.intake.convert import slips as convert
from services.intake.domain.slips import IssuePad, Pad, follow
from services.intake.handlers.sites import check_site
from services.intake.store import slips


async def issue_pad(work: Work, command: IssuePad) -> Receipt:
    """Gives a pad the numbers that follow; the receipt's outcome is the pad's id.

    Raises Refused SITE_UNKNOWN and SLIP_NUMBERS_EXHAUSTED.
    """
    await check_site(work.connection, work.actor, command.site_id)
    subject = f"slips/{command.site_id}"
    await work.lock(command.site_id, subject)
    last = await slips.load_last_number(work.connection, command.site_id, command.prefix)
    first, last = follow(command.prefix, last, command.count)
    pad = Pad(
        pad_id=new_id(),
        site_id=command.site_id,
        prefix=command.prefix,
        first=first,
        last=last,
        note=command.note,
        issued_by=work.actor.subject,
        issue_time=work.time,
    )
    version = work.record(subject, command.site_id, convert.slip_pad_issued(pad))
    await slips.insert_pad(work.connection, pad)
    return Receipt(subject, version, outcome=pad.pad_id)
