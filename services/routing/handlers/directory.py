"""Publishing a site's organisation, whole or by entries; matrix and roster with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from chassis.actor import Actor
from chassis.database import Connection
from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.convert import directory as convert
from services.routing.convert import matrix as convert_matrix
from services.routing.convert import roster as convert_roster
from services.routing.domain import amending, changes
from services.routing.domain.changes import ListChange
from services.routing.domain.commands.lists import PublishDirectory, UpdateDirectory
from services.routing.domain.directory import DUTY_LEAD, Directory
from services.routing.handlers import drafts, lists
from services.routing.handlers.drafts import Draft
from services.routing.store import directory as sites
from services.routing.store import directory_versions as versions
from services.routing.store import matrix as answers
from services.routing.store import shifts as rosters
from services.routing.store import templates


async def publish_directory(work: Work, command: PublishDirectory) -> Receipt:
    """Replaces a site's organisation, or makes the site; cases of people who left move on.

    The receipt's outcome is for `told`.
    """
    site_id = command.directory.site_id
    check_sight(work.actor, site_id)
    await hold(work, site_id)
    subject = lists.directory_subject(site_id)
    await lists.expect(work, subject, command.expected_version, meanwhile(work.connection, site_id))
    return await publish(work, await drafts.draft_whole(work.connection, command, work.time))


async def update_directory(work: Work, command: UpdateDirectory) -> Receipt:
    """Changes single entries of a site's organisation, as a new version of all of it.

    The receipt's outcome is for `told`.
    """
    site_id = command.site_id
    if not work.actor.may_see(site_id):
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    await hold(work, site_id)
    subject = lists.directory_subject(site_id)
    draft = await drafts.draft_update(work.connection, command, work.time)
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
    site, kept = await drafts.standing(connection, site_id)
    source = kept.source
    if change is not None:
        source = change(amending.with_categories(source, kept.directory))
    given = await templates.load_template(connection)
    draft = await drafts.draft_of(connection, site, kept, source, None, given, work.time)
    if draft.directory == kept.directory:
        return None
    return await publish(work, draft, published_by)


def check_sight(actor: Actor, site_id: str) -> None:
    """Refuses PERMISSION_DENIED for a site that isn't the caller's."""
    if not actor.may_see(site_id):
        raise Refused("PERMISSION_DENIED", needed=f"site:{site_id}")


async def hold(work: Work, site_id: str) -> None:
    """Locks a site's lists and the template; its cases are not assigned meanwhile."""
    await work.lock(
        site_id,
        lists.directory_subject(site_id),
        lists.matrix_subject(site_id),
        lists.roster_subject(site_id),
    )
    await hold_beside(work, site_id)


async def hold_beside(work: Work, site_id: str) -> None:
    """Does what `hold` does where the subjects are locked already, along with others."""
    await sites.stop_assignments(work.connection, site_id)
    await templates.hold_template(work.connection)


async def publish(work: Work, draft: Draft, published_by: str = "") -> Receipt:
    """Puts a draft in force at a site that is held, or refuses it; the caller's unless said."""
    draft.refuse()
    connection, directory = work.connection, draft.directory
    if await drafts.lacks_duty_lead(connection, draft, work.time):
        raise Refused("LAST_DUTY_LEAD", position_id=DUTY_LEAD)
    site_id, by = directory.site_id, published_by or work.actor.subject
    subject = lists.directory_subject(site_id)
    document = convert.directory_message(directory)
    version = work.record(
        subject, site_id, convert.directory_published(document, draft.template_version)
    )
    time = await lists.next_time(work, site_id)
    today = work.time.astimezone(ZoneInfo(directory.time_zone)).date()
    await sites.save_directory(connection, directory, version, today)
    await versions.save_version(
        connection, document, draft.source, version, draft.template_version, time, by
    )
    matrix_version = 0 if draft.site is None else draft.site.matrix_version
    if draft.matrix is not None:
        matrix_version = work.record(
            lists.matrix_subject(site_id), site_id, convert_matrix.matrix_published(draft.matrix)
        )
        await answers.save_matrix(connection, draft.matrix, matrix_version, time, by)
        await sites.move_handover_date(connection, site_id, today)
    before = roster_version = 0 if draft.site is None else draft.site.roster_version
    if draft.roster is not None:
        roster_version = work.record(
            lists.roster_subject(site_id), site_id, convert_roster.roster_published(draft.roster)
        )
        await rosters.save_roster(connection, draft.roster, roster_version, time, by)
    job_id = ""
    if draft.site is not None:
        job_id = await work.enqueue_job(site_id, lists.HANDOVER, b"")
    with_matrix = "matrix" if draft.matrix is not None else ""
    outcome = f"{matrix_version}/{with_matrix}/{job_id}/{before}/{roster_version}"
    return Receipt(subject, version, outcome)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which versions a publication left: of the roster, before it as well."""

    matrix_version: int
    with_matrix: bool
    handover_job_id: str
    earlier_roster: int
    roster_version: int


def outcome_of(receipt: Receipt) -> Outcome:
    """Reads what `publish` wrote into a receipt."""
    matrix_version, with_matrix, job_id, earlier, roster_version = receipt.outcome.split("/")
    return Outcome(
        int(matrix_version), bool(with_matrix), job_id, int(earlier), int(roster_version)
    )


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
    outcome = outcome_of(receipt)
    after = await versions.load_version(connection, site_id, receipt.version)
    if after is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    found = await _changes(connection, site_id, receipt.version - 1, receipt.version)
    if outcome.with_matrix:
        number = outcome.matrix_version
        rows = await answers.list_matrix(connection, site_id, number)
        earlier = await answers.list_matrix(connection, site_id, number - 1)
        found += changes.of_heads(
            await answers.load_published(connection, site_id, number - 1),
            await answers.load_published(connection, site_id, number),
        )
        found += changes.of_matrices(earlier, rows)
    if outcome.roster_version != outcome.earlier_roster:
        shifts = await rosters.list_roster(connection, site_id, outcome.roster_version)
        before = await rosters.list_roster(connection, site_id, outcome.earlier_roster)
        found += changes.of_rosters(before, shifts)
    return Told(outcome.matrix_version, outcome.handover_job_id, found)


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
