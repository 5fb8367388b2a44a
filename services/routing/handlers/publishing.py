"""Publishing a site's lists: directory, matrix, roster. Each replaces the one before, whole."""

from zoneinfo import ZoneInfo

from chassis.errors import FieldViolation, Refused
from chassis.work import Receipt, Work
from services.routing.convert import directory as convert
from services.routing.domain import directory as organisation
from services.routing.domain import matrix as matrices
from services.routing.domain import roster as rosters
from services.routing.domain.commands import PublishDirectory, PublishMatrix, PublishRoster
from services.routing.domain.directory import Site
from services.routing.domain.faults import violations
from services.routing.store import directory as sites
from services.routing.store import duty

# The kind of job that moves open cases to their new stewards.
HANDOVER = "handover"


def directory_subject(site_id: str) -> str:
    return f"directory/{site_id}"


def matrix_subject(site_id: str) -> str:
    return f"matrix/{site_id}"


def roster_subject(site_id: str) -> str:
    return f"roster/{site_id}"


async def publish_directory(work: Work, command: PublishDirectory) -> Receipt:
    """Replaces a site's organisation, or makes the site; cases of people who left move on."""
    directory = command.directory
    site_id = directory.site_id
    if not work.actor.may_see(site_id):
        raise Refused("PERMISSION_DENIED", needed=f"site:{site_id}")
    faults = organisation.check(directory)
    if faults:
        raise Refused("DIRECTORY_INVALID", fields=violations(faults), problem=faults[0].words)
    subject = directory_subject(site_id)
    await work.lock(site_id, subject)
    work.expect(subject, command.expected_version)
    await sites.stop_assignments(work.connection, site_id)
    version = work.record(subject, site_id, convert.directory_published(directory))
    await sites.save_directory(
        work.connection,
        directory,
        version,
        work.time.astimezone(ZoneInfo(directory.time_zone)).date(),
    )
    if version > 1:
        await work.enqueue_job(site_id, HANDOVER, b"")
    return Receipt(subject, version)


async def publish_matrix(work: Work, command: PublishMatrix) -> Receipt:
    """Replaces a site's matrix; the receipt's outcome is the job that moves the open cases."""
    matrix = command.matrix
    site_id = matrix.site_id
    subject = matrix_subject(site_id)
    site = await _hold_site(work, site_id, subject)
    work.expect(subject, command.expected_version)
    connection = work.connection
    units = await sites.list_units(connection, site_id)
    people = await sites.list_people(connection, site_id)
    faults = matrices.check(
        matrix.responsibilities,
        (unit.unit_id for unit in units),
        (person.person_id for person in people),
    )
    if faults:
        raise Refused("MATRIX_INVALID", fields=violations(faults), problem=faults[0].words)
    today = site.local(work.time).date()
    gaps = matrices.gaps(units, matrix.responsibilities, today)
    if gaps:
        raise Refused(
            "MATRIX_HAS_GAPS",
            fields=[FieldViolation("responsibilities", gap.words) for gap in gaps],
            count=len(gaps),
        )
    await sites.stop_assignments(connection, site_id)
    version = work.record(subject, site_id, convert.matrix_published(matrix))
    await duty.save_matrix(connection, matrix, version, work.time)
    await sites.move_handover_date(connection, site_id, today)
    job_id = await work.enqueue_job(site_id, HANDOVER, b"")
    return Receipt(subject, version, job_id)


async def publish_roster(work: Work, command: PublishRoster) -> Receipt:
    """Replaces a site's roster; cases in hand stay where they are."""
    roster = command.roster
    site_id = roster.site_id
    subject = roster_subject(site_id)
    site = await _hold_site(work, site_id, subject)
    work.expect(subject, command.expected_version)
    connection = work.connection
    directory = await sites.load_directory(connection, site)
    faults = rosters.check(
        roster.shifts,
        posts=(post.post_id for post in directory.posts),
        positions=(position.position_id for position in directory.positions),
        people=(person.person_id for person in directory.people),
    )
    if faults:
        raise Refused("ROSTER_INVALID", fields=violations(faults), problem=faults[0].words)
    version = work.record(subject, site_id, convert.roster_published(roster))
    await duty.save_roster(connection, roster, version, work.time)
    return Receipt(subject, version)


async def _hold_site(work: Work, site_id: str, subject: str) -> Site:
    """Locks a list together with the directory that it is checked against."""
    if not work.actor.may_see(site_id):
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    await work.lock(site_id, directory_subject(site_id), subject)
    site = await sites.load_site(work.connection, site_id)
    if site is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    return site
