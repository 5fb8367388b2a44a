"""Recording who is away and who stands in; nobody's absence leaves a unit without anybody."""

from dataclasses import replace
from datetime import date

import asyncpg

from backstop.routing.v1 import routing_facts_pb2 as facts
from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert.absences import absence_message
from services.routing.domain import duty_lead
from services.routing.domain.absences import Absence
from services.routing.domain.commands.absences import CancelAbsence, RecordAbsence
from services.routing.domain.coverage import gaps
from services.routing.domain.directory import DUTY_LEAD, Site
from services.routing.domain.periods import require_period
from services.routing.handlers import holding, lists
from services.routing.handlers.matrix import organisation_of, refuse_gaps
from services.routing.store import absences as store
from services.routing.store import directory as sites
from services.routing.store import roster as duty
from services.routing.store import templates

# Two years, one of them a leap year.
MOST_DAYS = 731

# Who may say of others that they are away.
_FOR_OTHERS = ("ADMINISTRATOR", "DISPATCHER", "DIRECTOR")


def absences_subject(site_id: str) -> str:
    return f"absences/{site_id}"


async def record_absence(work: Work, command: RecordAbsence) -> Receipt:
    """Lets a person answer for nothing on some days; the receipt's outcome is the absence's id."""
    site_id, person_id = command.site_id, command.person_id
    subject = absences_subject(site_id)
    site = await _hold(work, site_id, subject)
    _require_own(work, person_id)
    connection = work.connection
    for field, known in (("person_id", person_id), ("deputy", command.deputy)):
        if known and await sites.load_person(connection, site_id, known) is None:
            raise Refused("PERSON_UNKNOWN", person_id=known, field=field)
    today = site.matrix_day(work.time)
    first, last = command.start_date, command.end_date
    require_period(first, last, most_days=MOST_DAYS, from_day=site.local(work.time).date())
    absence = Absence(
        absence_id=new_id(),
        site_id=site_id,
        person_id=person_id,
        start_date=first,
        end_date=last,
        deputy=command.deputy,
        reason=command.reason,
        recorded_by=work.actor.subject,
        record_time=await lists.next_time(work, site_id),
    )
    try:
        await store.insert_absence(connection, absence)
    except asyncpg.ExclusionViolationError as error:
        raise Refused("ABSENCE_OVERLAPS", person_id=person_id) from error
    if site.matrix_version > 0:
        await templates.hold_template(connection)
        after = await organisation_of(connection, site, from_day=first)
        others = [other for other in after.absences if other.absence_id != absence.absence_id]
        stood = set(gaps(replace(after, absences=others), first, last))
        refuse_gaps([gap for gap in gaps(after, first, last) if gap not in stood], "start_date")
    await _require_duty_lead(work, site, absence)
    version = work.record(subject, site_id, facts.AbsenceRecorded(absence=absence_message(absence)))
    await _follow(work, site_id, absence, today)
    return Receipt(subject, version, absence.absence_id)


async def cancel_absence(work: Work, command: CancelAbsence) -> Receipt:
    """Lets an absence count no longer; does nothing to one that is cancelled already."""
    site_id, absence_id = command.site_id, command.absence_id
    subject = absences_subject(site_id)
    site = await _hold(work, site_id, subject)
    absence = await store.load_absence(work.connection, site_id, absence_id)
    if absence is None or absence.record_time is None:
        raise Refused("ABSENCE_NOT_FOUND", absence_id=absence_id)
    _require_own(work, absence.person_id)
    if absence.cancel_time is None:
        time = await lists.next_time(work, site_id)
        await store.cancel_absence(work.connection, absence_id, time)
        cancelled = replace(absence, cancel_time=time)
        work.record(subject, site_id, facts.AbsenceCancelled(absence=absence_message(cancelled)))
        await _follow(work, site_id, absence, site.matrix_day(work.time))
    return Receipt(subject, work.version(subject), absence_id)


async def _hold(work: Work, site_id: str, subject: str) -> Site:
    """Locks the site's absences, and holds its day still with the assignments.

    Whoever begins to be away tomorrow is then seen by the handover of midnight, or sees that it
    has been.
    """
    await lists.hold_site(work, site_id, subject)
    await sites.stop_assignments(work.connection, site_id)
    return await holding.site(work, site_id)


def _require_own(work: Work, person_id: str) -> None:
    if work.actor.subject != person_id and not work.actor.has(*_FOR_OTHERS):
        raise Refused("PERMISSION_DENIED", needed=", ".join(_FOR_OTHERS))


async def _require_duty_lead(work: Work, site: Site, absence: Absence) -> None:
    """Refuses LAST_DUTY_LEAD when the site would be without one for want of the person."""
    after = await duty.load_duty_lead(work.connection, site, work.time)
    others = [other for other in after.absences if other.absence_id != absence.absence_id]
    before = replace(after, absences=others)
    if duty_lead.is_lost(before, after, site.zone, work.time):
        raise Refused("LAST_DUTY_LEAD", position_id=DUTY_LEAD)


async def _follow(work: Work, site_id: str, absence: Absence, today: date) -> None:
    """Moves open cases when somebody else answers today; later days are followed as they come."""
    if absence.holds(today):
        await work.enqueue_job(site_id, lists.HANDOVER, b"")
