"""A site's duty roster: published whole, and one day's shift given to another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chassis.database import Connection
from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import roster as convert
from services.routing.domain import changes, duty_lead, roster_check
from services.routing.domain.changes import ListChange
from services.routing.domain.commands.lists import PublishRoster
from services.routing.domain.commands.roster import SwapShift
from services.routing.domain.directory import DUTY_LEAD, Site
from services.routing.domain.faults import Fault, violations
from services.routing.domain.roster import Roster, Swap, swapped
from services.routing.handlers import lists
from services.routing.store import directory as sites
from services.routing.store import roster as duty
from services.routing.store import shifts

_DAY = timedelta(days=1)


async def publish_roster(work: Work, command: PublishRoster) -> Receipt:
    """Replaces a site's roster; cases in hand stay where they are."""
    roster = command.roster
    site_id = roster.site_id
    subject = lists.roster_subject(site_id)
    site = await lists.hold_site(work, site_id, subject)
    connection = work.connection

    async def meanwhile(expected: int, actual: int) -> Sequence[ListChange]:
        return await changes_between(connection, site_id, expected, actual)

    # Swaps move the subject as well, so its version isn't the roster's.
    await lists.expect_version(command.expected_version, site.roster_version, meanwhile)
    faults = await faults_of(connection, site, roster)
    if faults:
        raise Refused(
            "ROSTER_INVALID",
            fields=violations(faults[: lists.MOST_TOLD]),
            problem=faults[0].words,
        )
    if await uncovers_duty_lead(connection, site, roster, work.time):
        raise Refused("LAST_DUTY_LEAD", position_id=DUTY_LEAD)
    version = work.record(subject, site_id, convert.roster_published(roster))
    time = await lists.next_time(work, site_id)
    await shifts.save_roster(connection, roster, version, time, work.actor.subject)
    return Receipt(subject, version)


async def faults_of(connection: Connection, site: Site, roster: Roster) -> list[Fault]:
    """Returns what contradicts the directory in force, or itself."""
    site_id = site.site_id
    return roster_check.check(
        roster.shifts,
        posts=[post.post_id for post in await sites.list_posts(connection, site_id)],
        positions=[
            position.position_id for position in await sites.list_positions(connection, site_id)
        ],
        people=await sites.list_people(connection, site_id),
        zone=site.zone,
    )


async def uncovers_duty_lead(
    connection: Connection, site: Site, roster: Roster, time: datetime
) -> bool:
    """Tells whether the site would lose its duty lead within two weeks."""
    before = await duty.load_duty_lead(connection, site, time)
    wanted = [shift for shift in roster.shifts if shift.position_id == DUTY_LEAD]
    # A new roster has no swaps; without the position its shifts are refused anyway.
    after = replace(before, shifts=wanted, swaps=())
    return duty_lead.is_lost(before, after, site.zone, time, duty_lead.ROSTERED)


async def changes_between(
    connection: Connection, site_id: str, before: int, after: int
) -> Sequence[ListChange]:
    """Returns what is otherwise in one version of a roster than in another; 0 has no shifts."""
    return changes.of_rosters(
        await shifts.list_roster(connection, site_id, before),
        await shifts.list_roster(connection, site_id, after),
    )


async def swap_shift(work: Work, command: SwapShift) -> Receipt:
    """Gives one day's shift to another; the receipt's outcome is the swap's id."""
    site_id = command.site_id
    subject = lists.roster_subject(site_id)
    site = await lists.hold_site(work, site_id, subject)
    connection = work.connection
    if command.day < site.local(work.time).date():
        raise _invalid(Fault("date", f"{command.day} 已过", f"{command.day} is over"))
    register = await shifts.load_register(
        connection, site_id, [command.to_person_id], command.day, command.day + _DAY
    )
    if command.to_person_id not in register.names:
        raise Refused(
            "PERSON_UNKNOWN",
            person_id=command.to_person_id,
            field="to_person_id",
        )
    swap = Swap(
        swap_id=new_id(),
        post_id=command.post_id,
        position_id=command.position_id,
        day=command.day,
        start_second=command.start_second,
        from_person_id=command.from_person_id,
        to_person_id=command.to_person_id,
        reason=command.reason,
        approved_by=work.actor.subject,
        record_time=await lists.next_time(work, site_id),
    )
    there, theirs = await shifts.list_stints_around(connection, site, swap)
    found = swapped(there, swap)
    if found is None:
        raise Refused(
            "SHIFT_NOT_FOUND", person_id=command.from_person_id, date=command.day.isoformat()
        )
    _, taken = found
    faults = roster_check.check_taker(taken, theirs, register.attendance, site.zone)
    if faults:
        raise _invalid(*faults)
    version = work.record(subject, site_id, convert.shift_swapped(site_id, swap))
    await shifts.insert_swap(connection, site_id, site.roster_version, swap)
    return Receipt(subject, version, swap.swap_id)


def _invalid(*faults: Fault) -> Refused:
    return Refused("ROSTER_INVALID", fields=violations(faults), problem=faults[0].words)
