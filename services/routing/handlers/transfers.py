"""A person goes from one mine to another: both directories change in one transaction, or none."""

from dataclasses import replace

from chassis.errors import FieldViolation, Refused
from chassis.work import Receipt, Work
from services.routing.convert import organisation as convert
from services.routing.domain import transfer as transfers
from services.routing.domain.commands.lists import TransferPerson
from services.routing.domain.directory import Directory, Person
from services.routing.domain.faults import Fault, violations
from services.routing.domain.roster import Roster
from services.routing.handlers import directory as organisation
from services.routing.handlers import drafts, lists
from services.routing.handlers.drafts import Draft
from services.routing.store import matrix as answers
from services.routing.store import shifts as rosters
from services.routing.store.templates import load_template


async def transfer_person(work: Work, command: TransferPerson) -> Receipt:
    """Ends a person's days at one site and begins them at another.

    The receipt is of the old site's directory; its outcome is the version of the new one's.
    """
    old, new = command.from_site_id, command.to_site_id
    for site_id in (old, new):
        if not work.actor.may_see(site_id):
            raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    if old == new:
        raise _invalid([Fault("to_site_id", "新旧单位相同", "the new site is the old one")])
    subjects = (lists.directory_subject, lists.matrix_subject, lists.roster_subject)
    await work.lock_all({subject(site): site for site in (old, new) for subject in subjects})
    # Sorted like the subjects, so that two transfers don't wait for each other.
    for site_id in sorted((old, new)):
        await organisation.hold_beside(work, site_id)
    connection = work.connection
    from_site, leaving = await drafts.standing(connection, old)
    to_site, joining = await drafts.standing(connection, new)
    today = from_site.local(work.time).date()
    person = _person(leaving.directory, command.person_id)
    faults = transfers.check(command, person, joining.directory.people, today)
    if faults:
        raise _invalid(faults)
    rows = await answers.list_matrix(connection, old, from_site.matrix_version)
    after = transfers.rows_after(rows, command)
    matrix = None
    if set(after) != set(rows):
        matrix = await drafts.renewed(connection, from_site, after)
    given = await load_template(connection)
    source = transfers.left(leaving.source, command, today)
    draft = _as_asked(
        await drafts.draft_of(connection, from_site, leaving, source, matrix, given, work.time),
        command,
    )
    # What else is wrong with the roster was so before.
    shifts = await rosters.list_roster(connection, old, from_site.roster_version)
    left_shifts = transfers.shifts_after(shifts, command)
    if left_shifts != tuple(shifts):
        roster = Roster(old, left_shifts)
        draft = replace(draft, roster=roster, shifts=shifts)
    joined = transfers.joined(joining.source, command, person)
    arriving = _as_asked(
        await drafts.draft_of(connection, to_site, joining, joined, None, given, work.time),
        command,
    )
    # First, so that the subject's last version is the directory's.
    work.record(lists.directory_subject(old), old, convert.person_transferred(command))
    left = await organisation.publish(work, draft)
    came = await organisation.publish(work, arriving)
    return Receipt(left.subject_id, left.version, str(came.version))


def _person(directory: Directory, person_id: str) -> Person:
    for person in directory.people:
        if person.person_id == person_id:
            return person
    raise Refused(
        "PERSON_UNKNOWN",
        fields=[FieldViolation("person_id", f"没有人员 {person_id} (no person {person_id})")],
        person_id=person_id,
    )


def _as_asked(draft: Draft, command: TransferPerson) -> Draft:
    """Gives the faults of a draft the fields of the transfer."""
    faults = [
        replace(fault, field="to_unit_id") if fault.field.endswith("].unit_id") else fault
        for fault in draft.faults
    ]
    given = drafts.of_given(draft.matrix_faults, len(command.responsibilities))
    return replace(draft, faults=faults, matrix_faults=given, rows_field="responsibilities")


def _invalid(faults: list[Fault]) -> Refused:
    return Refused("TRANSFER_INVALID", fields=violations(faults), problem=faults[0].words)
