"""What would be in force at a site, and what speaks against it; only read for.

So it can be shown beforehand; publishing refuses by it, then writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from chassis.database import Connection
from chassis.errors import Refused
from services.routing.domain import amending, changes, duty_lead, roster_check, template
from services.routing.domain import matrix as matrices
from services.routing.domain.changes import ListChange
from services.routing.domain.commands.lists import PublishDirectory, UpdateDirectory
from services.routing.domain.coverage import Gap, Organisation, gaps
from services.routing.domain.directory import DEFAULT_TIME_ZONE, DUTY_LEAD, Directory, Site
from services.routing.domain.directory_check import check, check_zone, is_time_zone
from services.routing.domain.faults import Fault, violations
from services.routing.domain.matrix import Matrix, Published, Responsibility
from services.routing.domain.roster import Roster, Shift
from services.routing.domain.template import Template
from services.routing.handlers import lists
from services.routing.handlers.matrix import refuse_gaps
from services.routing.store import absences as leave
from services.routing.store import directory as sites
from services.routing.store import directory_versions as versions
from services.routing.store import matrix as answers
from services.routing.store import roster as duty
from services.routing.store import shifts as rosters
from services.routing.store import templates


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
    # What stands over the matrix in force.
    head: Published | None = None
    # Where the rows stand in the request.
    rows_field: str = "matrix.responsibilities"
    # What is published with it, if any, what speaks against that, and what it takes the place of.
    roster: Roster | None = None
    roster_faults: Sequence[Fault] = ()
    shifts: Sequence[Shift] = ()

    @property
    def changes(self) -> list[ListChange]:
        """What would be otherwise than it is."""
        found = changes.of_directories(self.before, self.directory)
        if self.matrix is not None:
            found += changes.of_heads(self.head, self.matrix)
            found += changes.of_matrices(self.rows, self.matrix.responsibilities)
        if self.roster is not None:
            found += changes.of_rosters(self.shifts, self.roster.shifts)
        return found

    def refuse(self) -> None:
        """Raises the refusal of the first thing that speaks against it."""
        faults, wrong_rows = self.faults, self.matrix_faults
        if faults:
            raise Refused("DIRECTORY_INVALID", fields=violations(faults), problem=faults[0].words)
        if wrong_rows:
            problem = wrong_rows[0].words
            raise Refused("MATRIX_INVALID", fields=violations(wrong_rows), problem=problem)
        if self.roster_faults:
            told = self.roster_faults[: lists.MOST_TOLD]
            raise Refused("ROSTER_INVALID", fields=violations(told), problem=told[0].words)
        refuse_gaps(self.gaps, "directory" if self.matrix is None else self.rows_field)


async def draft_whole(connection: Connection, command: PublishDirectory, time: datetime) -> Draft:
    """Returns what a publication would make of a site, of a new one as well."""
    site_id = command.directory.site_id
    site = await sites.load_site(connection, site_id)
    kept = None if site is None else (await standing(connection, site_id))[1]
    given = await templates.load_template(connection)
    draft = await draft_of(connection, site, kept, command.directory, command.matrix, given, time)
    return draft if command.roster is None else await with_roster(connection, draft, command.roster)


async def with_roster(connection: Connection, draft: Draft, roster: Roster) -> Draft:
    """Returns a draft that brings its roster along, judged by the directory that it brings."""
    directory = draft.directory
    zone = directory.time_zone if is_time_zone(directory.time_zone) else DEFAULT_TIME_ZONE
    faults = roster_check.check(
        roster.shifts,
        posts=[post.post_id for post in directory.posts],
        positions=[position.position_id for position in directory.positions],
        people=directory.people,
        zone=ZoneInfo(zone),
    )
    shifts: Sequence[Shift] = ()
    if draft.site is not None:
        version = draft.site.roster_version
        shifts = await rosters.list_roster(connection, directory.site_id, version)
    return replace(
        draft,
        roster=roster,
        roster_faults=[replace(fault, field=f"roster.{fault.field}") for fault in faults],
        shifts=shifts,
    )


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
    head = None
    if site is not None and matrix is not None:
        head = await answers.load_published(connection, site_id, site.matrix_version)
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
        head=head,
    )


async def lacks_duty_lead(connection: Connection, draft: Draft, time: datetime) -> bool:
    """Tells whether a site would lose its duty lead, now or later, the roster's included."""
    site = draft.site
    if site is None or draft.before is None:
        return False
    before = await duty.load_duty_lead(connection, site, time, draft.before)
    after = await duty.load_duty_lead(connection, site, time, draft.directory)
    if draft.roster is not None:
        wanted = [shift for shift in draft.roster.shifts if shift.position_id == DUTY_LEAD]
        # A new roster has no swaps.
        after = replace(after, shifts=wanted, swaps=())
    name = draft.directory.time_zone
    # A zone only changes without a roster; days are then those of the new one.
    zone = ZoneInfo(name) if is_time_zone(name) else site.zone
    return duty_lead.is_lost(before, after, zone, time)


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


async def _rostered(connection: Connection, site: Site, time: datetime) -> bool:
    """Tells whether a roster in force has shifts that aren't over."""
    if site.roster_version == 0:
        return False
    today = site.local(time).date()
    return await versions.has_shifts(connection, site.site_id, site.roster_version, today)
