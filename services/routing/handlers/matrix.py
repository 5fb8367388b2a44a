"""Publishing a site's responsibility matrix: it replaces the one before, whole."""

from collections.abc import Sequence
from datetime import date, datetime

from chassis.database import Connection
from chassis.errors import FieldViolation, Refused
from chassis.work import Receipt, Work
from services.routing.convert import matrix as convert
from services.routing.domain import matrix as matrices
from services.routing.domain.answers import Preview
from services.routing.domain.changes import ListChange, of_matrices
from services.routing.domain.commands.lists import PublishMatrix
from services.routing.domain.coverage import Gap, Organisation, gaps, held_on, spans
from services.routing.domain.decisions import Rule
from services.routing.domain.directory import Directory, Site
from services.routing.domain.faults import violations
from services.routing.domain.matrix import Matrix, Responsibility
from services.routing.domain.roles import Role
from services.routing.domain.template import inherit
from services.routing.handlers import lists
from services.routing.store import absences as leave
from services.routing.store import directory as sites
from services.routing.store import matrix as answers
from services.routing.store import templates


async def organisation_of(
    connection: Connection,
    site: Site,
    directory: Directory | None = None,
    rows: Sequence[Responsibility] | None = None,
    from_day: date = date.min,
) -> Organisation:
    """Returns what decides who answers from a day on: what isn't given is the one in force.

    A template that the site has yet to follow counts already, since a gap by it could only be made
    now. Whoever publishes by this holds the template, as those who publish directories do.
    """
    if rows is None:
        rows = await answers.list_matrix(connection, site.site_id, site.matrix_version)
    absences = await leave.list_absences(connection, site.site_id, from_day)
    if directory is None:
        to_come = await templates.load_to_come(connection, site.site_id, site.directory_version)
        directory = None if to_come is None else inherit(*to_come)
    if directory is not None:
        units, people, requirements = directory.units, directory.people, directory.requirements
    else:
        units = tuple(await sites.list_units(connection, site.site_id))
        people = tuple(await sites.list_people(connection, site.site_id))
        requirements = tuple(await sites.list_requirements(connection, site.site_id))
    return Organisation(units, people, requirements, rows, absences)


def refuse_gaps(found: Sequence[Gap], field: str = "responsibilities") -> None:
    """Raises Refused COVERAGE_HAS_GAPS with the first of them; `field` is of the request."""
    if found:
        told = [FieldViolation(field, gap.words) for gap in found[: lists.MOST_TOLD]]
        raise Refused("COVERAGE_HAS_GAPS", fields=told, count=len(found))


async def publish_matrix(work: Work, command: PublishMatrix) -> Receipt:
    """Replaces a site's matrix; the outcome is the job that moves open cases, and how many move."""
    matrix = command.matrix
    site_id = matrix.site_id
    subject = lists.matrix_subject(site_id)
    site = await lists.hold_site(work, site_id, subject)
    connection = work.connection

    async def meanwhile(expected: int, actual: int) -> Sequence[ListChange]:
        before = await answers.list_matrix(connection, site_id, expected)
        return of_matrices(before, await answers.list_matrix(connection, site_id, actual))

    await lists.expect(work, subject, command.expected_version, meanwhile)
    await sites.stop_assignments(connection, site_id)
    await templates.hold_template(connection)
    today = site.local(work.time).date()
    organisation = await organisation_of(
        connection, site, rows=matrix.responsibilities, from_day=today
    )
    require_sound(organisation, today)
    moving = await _moving(connection, site_id, organisation, today)
    version = work.record(subject, site_id, convert.matrix_published(matrix))
    time = await lists.next_time(work, site_id)
    await answers.save_matrix(connection, matrix, version, time, work.actor.subject)
    await sites.move_handover_date(connection, site_id, today)
    job_id = await work.enqueue_job(site_id, lists.HANDOVER, b"", total=moving)
    return Receipt(subject, version, f"{job_id} {moving}")


def require_sound(organisation: Organisation, today: date) -> None:
    """Raises Refused MATRIX_INVALID or COVERAGE_HAS_GAPS for the rows of an organisation."""
    faults = matrices.check(organisation.rows, organisation.units, organisation.people, today)
    if faults:
        raise Refused(
            "MATRIX_INVALID",
            fields=violations(faults[: lists.MOST_TOLD]),
            problem=faults[0].words,
        )
    refuse_gaps(gaps(organisation, today))


async def preview_matrix(
    connection: Connection, site: Site, matrix: Matrix, time: datetime
) -> Preview:
    """Returns what publishing a matrix would do now, and whatever it would be refused for."""
    today = site.local(time).date()
    organisation = await organisation_of(
        connection, site, rows=matrix.responsibilities, from_day=today
    )
    before = await answers.list_matrix(connection, site.site_id, site.matrix_version)
    return Preview(
        version=site.matrix_version,
        faults=matrices.check(organisation.rows, organisation.units, organisation.people, today),
        gaps=gaps(organisation, today),
        changes=of_matrices(before, matrix.responsibilities),
        spans=spans(organisation, today, site.rules.span_limit),
        moving=await _moving(connection, site.site_id, organisation, today),
        names={person.person_id: person.name for person in organisation.people},
    )


async def _moving(
    connection: Connection, site_id: str, organisation: Organisation, today: date
) -> int:
    """Counts the cases not closed that would go to another steward."""
    stewards = {
        unit_id: held.person_id
        for unit_id, holders in held_on(organisation, today).items()
        for held in holders
        if held.role is Role.STEWARD
    }
    there = {person.person_id for person in organisation.people if person.days.holds(today)}
    count = 0
    for unit_id, steward, rule, cases in await answers.count_cases(connection, site_id):
        if rule in (Rule.MANUAL, Rule.ALTERNATE):
            moves = bool(steward) and steward not in there
        else:
            moves = stewards.get(unit_id, steward) != steward
        count += cases if moves else 0
    return count
