"""Publishing a site's organisation, whole or by entries; its matrix with it where units change.

A draft is what would be in force and what speaks against it. It is only read for, so that it can
be shown beforehand; publishing refuses by it, then writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chassis.actor import Actor
from chassis.database import Connection
from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.convert import directory as convert
from services.routing.convert import matrix as convert_matrix
from services.routing.domain import amending, changes, template
from services.routing.domain import matrix as matrices
from services.routing.domain.changes import ListChange
from services.routing.domain.commands.lists import PublishDirectory, UpdateDirectory
from services.routing.domain.coverage import Gap, Organisation, gaps
from services.routing.domain.directory import DEFAULT_TIME_ZONE, DUTY_LEAD, Directory, Site
from services.routing.domain.directory_check import check, check_zone, duty_lead, is_time_zone
from services.routing.domain.faults import Fault, violations
from services.routing.domain.matrix import Matrix, Responsibility
from services.routing.domain.template import Template
from services.routing.handlers import lists
from services.routing.handlers.matrix import refuse_gaps
from services.routing.store import absences as leave
from services.routing.store import directory as sites
from services.routing.store import directory_versions as versions
from services.routing.store import matrix as answers
from services.routing.store import roster as duty
from services.routing.store import templates

# A roster stands in for the last standing duty lead when it covers so much time ahead.
ROSTERED = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Draft:
    """A directory that would be in force, and all that would be refused.

    `site` and `before` are None for a new site; `matrix` is what is published with it, if any.
    """

    site: Site | None
    before: Directory | None
    source: Directory
    directory: Directory
    template_version: int
    rows: Sequence[Responsibility]
    matrix: Matrix | None
    faults: Sequence[Fault]
    matrix_faults: Sequence[Fault]
    gaps: Sequence[Gap]
    loses_duty_lead: bool
    # Where the rows stand in the request.
    rows_field: str = "matrix.responsibilities"

    @property
    def changes(self) -> list[ListChange]:
        """What would be otherwise than it is."""
        found = changes.of_directories(self.before, self.directory)
        if self.matrix is not None:
            found += changes.of_matrices(self.rows, self.matrix.responsibilities)
        return found

    def refuse(self) -> None:
        """Raises the refusal of the first thing that speaks against it."""
        faults, wrong_rows = self.faults, self.matrix_faults
        if faults:
            raise Refused("DIRECTORY_INVALID", fields=violations(faults), problem=faults[0].words)
        if wrong_rows:
            problem = wrong_rows[0].words
            raise Refused("MATRIX_INVALID", fields=violations(wrong_rows), problem=problem)
        refuse_gaps(self.gaps, "directory" if self.matrix is None else self.rows_field)


async def publish_directory(work: Work, command: PublishDirectory) -> Receipt:
    """Replaces a site's organisation, or makes the site; cases of people who left move on.

    The receipt's outcome is for `told`.
    """
    site_id = command.directory.site_id
    check_sight(work.actor, site_id)
    await hold(work, site_id)
    subject = lists.directory_subject(site_id)
    await lists.expect(work, subject, command.expected_version, meanwhile(work.connection, site_id))
    return await publish(work, await draft_whole(work.connection, command, work.time))


async def update_directory(work: Work, command: UpdateDirectory) -> Receipt:
    """Changes single entries of a site's organisation, as a new version of all of it.

    The receipt's outcome is for `told`.
    """
    site_id = command.site_id
    if not work.actor.may_see(site_id):
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    await hold(work, site_id)
    subject = lists.directory_subject(site_id)
    draft = await draft_update(work.connection, command, work.time)
    await lists.expect(work, subject, command.expected_version, meanwhile(work.connection, site_id))
    return await publish(work, draft)


async def republish(
    work: Work,
    site_id: str,
    change: Callable[[Directory], Directory] | None = None,
    published_by: str = "",
) -> Receipt | None:
    """Publishes a site's organisation anew; None where nothing would be new. Call `hold` before.

    `change` is given what the site published, with categories of its own; without it only what is
    inherited may be new.
    """
    connection = work.connection
    site, kept = await standing(connection, site_id)
    source = kept.source
    if change is not None:
        source = change(amending.with_categories(source, kept.directory))
    given = await templates.load_template(connection)
    draft = await draft_of(connection, site, kept, source, None, given, work.time)
    if draft.directory == kept.directory:
        return None
    return await publish(work, draft, published_by)


# Drafts ----------------------------------------------------------------------------------------


async def draft_whole(connection: Connection, command: PublishDirectory, time: datetime) -> Draft:
    """Returns what a publication would make of a site, of a new one as well."""
    site_id = command.directory.site_id
    site = await sites.load_site(connection, site_id)
    kept = None if site is None else (await standing(connection, site_id))[1]
    given = await templates.load_template(connection)
    return await draft_of(connection, site, kept, command.directory, command.matrix, given, time)


async def draft_update(connection: Connection, command: UpdateDirectory, time: datetime) -> Draft:
    """Returns what an update would make of a site; Refused DIRECTORY_NOT_FOUND without one."""
    site, kept = await standing(connection, command.site_id)
    source, impossible = amending.amended(kept.source, kept.directory, command)
    rows = await answers.list_matrix(connection, site.site_id, site.matrix_version)
    merged = amending.merged_rows(rows, command)
    matrix = None
    if set(merged) != set(rows):
        matrix = await renewed(connection, site, merged)
    given = await templates.load_template(connection)
    draft = await draft_of(connection, site, kept, source, matrix, given, time)
    return replace(
        draft,
        faults=(*impossible, *amending.as_asked(draft.faults, draft.directory, command)),
        matrix_faults=of_given(draft.matrix_faults, len(command.responsibilities)),
        rows_field="responsibilities",
    )


async def draft_inheriting(
    connection: Connection, site_id: str, given: Template, time: datetime
) -> Draft:
    """Returns what a template would make of a site; Refused DIRECTORY_NOT_FOUND without one."""
    site, kept = await standing(connection, site_id)
    return await draft_of(connection, site, kept, kept.source, None, given, time)


async def draft_of(
    connection: Connection,
    site: Site | None,
    kept: versions.Kept | None,
    source: Directory,
    matrix: Matrix | None,
    given: Template,
    time: datetime,
) -> Draft:
    """Returns what a directory would be with what it inherits, and what speaks against it."""
    directory = template.inherit(source, given)
    faults = check(directory, template.group_categories(given))
    site_id = directory.site_id
    rows: Sequence[Responsibility] = ()
    if site is not None:
        faults += check_zone(
            directory.time_zone, site.zone.key, roster=await _rostered(connection, site, time)
        )
        rows = await answers.list_matrix(connection, site_id, site.matrix_version)
    zone = directory.time_zone if is_time_zone(directory.time_zone) else DEFAULT_TIME_ZONE
    today = time.astimezone(ZoneInfo(zone)).date()
    wrong_rows: list[Fault] = []
    holes: list[Gap] = []
    held = rows if matrix is None else matrix.responsibilities
    if matrix is not None:
        found = matrices.check(held, directory.units, directory.people, today)
        wrong_rows = [replace(fault, field=f"matrix.{fault.field}") for fault in found]
    # Without a matrix a site is free.
    if matrix is not None or (site is not None and site.matrix_version):
        away = await leave.list_absences(connection, site_id, today)
        organisation = Organisation(
            directory.units, directory.people, directory.requirements, held, away
        )
        holes = gaps(organisation, today)
    before = None if kept is None else kept.directory
    return Draft(
        site=site,
        before=before,
        source=source,
        directory=directory,
        template_version=given.version,
        rows=rows,
        matrix=matrix,
        faults=faults,
        matrix_faults=wrong_rows,
        gaps=holes,
        loses_duty_lead=before is not None
        and bool(duty_lead(before, today))
        and not duty_lead(directory, today),
    )


async def lacks_duty_lead(connection: Connection, draft: Draft, time: datetime) -> bool:
    """Tells whether a site would be left without a duty lead, the roster's included."""
    if not draft.loses_duty_lead or draft.site is None:
        return False
    return not await rostered_lead(connection, draft.site, draft.directory, time)


async def rostered_lead(
    connection: Connection, site: Site, directory: Directory, from_time: datetime
) -> bool:
    """Tells whether the roster alone gives a duty lead around the clock for two weeks."""
    if not any(position.position_id == DUTY_LEAD for position in directory.positions):
        return False
    return await duty.covers_position(connection, site, DUTY_LEAD, from_time, from_time + ROSTERED)


async def standing(connection: Connection, site_id: str) -> tuple[Site, versions.Kept]:
    """Returns a site and the directory in force; Refused DIRECTORY_NOT_FOUND without one."""
    site = await sites.load_site(connection, site_id)
    if site is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    kept = await versions.load_version(connection, site_id, site.directory_version)
    if kept is None:
        raise LookupError(f"the directory of {site_id} was never kept")
    return site, kept


async def renewed(connection: Connection, site: Site, rows: Sequence[Responsibility]) -> Matrix:
    """Returns a matrix of other rows with the offices and the document of the one in force."""
    head = await answers.load_published(connection, site.site_id, site.matrix_version)
    if head is None:
        return Matrix(site.site_id, tuple(rows))
    return Matrix(
        site.site_id,
        tuple(rows),
        head.leading_office,
        head.supporting_office,
        head.basis_document,
    )


def of_given(faults: Sequence[Fault], count: int) -> list[Fault]:
    """Returns the faults of the first rows of a matrix, with their fields as they were asked.

    What else is wrong with the other rows was so before, and what they leave uncovered is a gap;
    but that they overlap is new.
    """
    fields = {f"matrix.responsibilities[{index}]" for index in range(count)}
    found: list[Fault] = []
    for fault in faults:
        row, _, name = fault.field.rpartition(".")
        if row in fields:
            found.append(replace(fault, field=fault.field.removeprefix("matrix.")))
        elif name == "start_date":
            found.append(replace(fault, field="responsibilities"))
    return found


# Writing ---------------------------------------------------------------------------------------


def check_sight(actor: Actor, site_id: str) -> None:
    """Refuses PERMISSION_DENIED for a site that isn't the caller's."""
    if not actor.may_see(site_id):
        raise Refused("PERMISSION_DENIED", needed=f"site:{site_id}")


async def hold(work: Work, site_id: str) -> None:
    """Locks a site's lists and the template; its cases are not assigned meanwhile."""
    await work.lock(site_id, lists.directory_subject(site_id), lists.matrix_subject(site_id))
    await hold_beside(work, site_id)


async def hold_beside(work: Work, site_id: str) -> None:
    """Does what `hold` does where the subjects are locked already, along with others."""
    await sites.stop_assignments(work.connection, site_id)
    await templates.hold_template(work.connection)


async def publish(work: Work, draft: Draft, published_by: str = "") -> Receipt:
    """Puts a draft in force at a site that is held, or refuses it; the caller's unless said."""
    draft.refuse()
    connection, directory = work.connection, draft.directory
    site_id, by = directory.site_id, published_by or work.actor.subject
    subject = lists.directory_subject(site_id)
    document = convert.directory_message(directory)
    version = work.record(
        subject, site_id, convert.directory_published(document, draft.template_version)
    )
    today = work.time.astimezone(ZoneInfo(directory.time_zone)).date()
    await sites.save_directory(connection, directory, version, today)
    await versions.save_version(
        connection, document, draft.source, version, draft.template_version, work.time, by
    )
    # Only now: whom the new directory leaves out isn't on duty either.
    if await lacks_duty_lead(connection, draft, work.time):
        raise Refused("LAST_DUTY_LEAD", position_id=DUTY_LEAD)
    matrix_version = 0 if draft.site is None else draft.site.matrix_version
    if draft.matrix is not None:
        matrix_version = work.record(
            lists.matrix_subject(site_id), site_id, convert_matrix.matrix_published(draft.matrix)
        )
        await answers.save_matrix(connection, draft.matrix, matrix_version, work.time, by)
        await sites.move_handover_date(connection, site_id, today)
    job_id = ""
    if draft.site is not None:
        job_id = await work.enqueue_job(site_id, lists.HANDOVER, b"")
    with_matrix = "matrix" if draft.matrix is not None else ""
    return Receipt(subject, version, f"{matrix_version}/{with_matrix}/{job_id}")


@dataclass(frozen=True, slots=True)
class Told:
    """What a publication did."""

    matrix_version: int
    handover_job_id: str
    changes: Sequence[ListChange]


async def told(connection: Connection, site_id: str, receipt: Receipt) -> Told:
    """Returns what a publication did, from what was kept of it; so a replay tells the same.

    Raises Refused DIRECTORY_NOT_FOUND when the site is out of sight by now.
    """
    matrix_version, with_matrix, job_id = receipt.outcome.split("/")
    after = await versions.load_version(connection, site_id, receipt.version)
    if after is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    found = await _changes(connection, site_id, receipt.version - 1, receipt.version)
    if with_matrix:
        number = int(matrix_version)
        rows = await answers.list_matrix(connection, site_id, number)
        earlier = await answers.list_matrix(connection, site_id, number - 1)
        found += changes.of_matrices(earlier, rows)
    return Told(int(matrix_version), job_id, found)


def meanwhile(connection: Connection, site_id: str) -> lists.Changes:
    """Returns what tells the changes of a site's directory between two versions."""

    async def between(earlier: int, later: int) -> Sequence[ListChange]:
        return await _changes(connection, site_id, earlier, later)

    return between


async def _changes(
    connection: Connection, site_id: str, earlier: int, later: int
) -> list[ListChange]:
    before = await versions.load_version_until(connection, site_id, earlier)
    after = await versions.load_version_until(connection, site_id, later)
    if before is None or after is None:
        return []
    return changes.of_directories(before.directory, after.directory)


async def _rostered(connection: Connection, site: Site, time: datetime) -> bool:
    """Tells whether a roster in force has shifts that aren't over."""
    if site.roster_version == 0:
        return False
    today = site.local(time).date()
    return await versions.has_shifts(connection, site.site_id, site.roster_version, today)
