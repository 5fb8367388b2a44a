"""Reading who answers: at any instant, by what was in force then and known at another.

These are reads in a transaction of the caller's; nothing here changes anything.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from chassis.database import Connection
from chassis.errors import Refused
from services.routing.domain.answers import Answers, Instant, Known, answers_of
from services.routing.domain.coverage import Organisation, held_on, required_roles
from services.routing.domain.directory import Directory
from services.routing.store import absences as leave
from services.routing.store import directory as sites
from services.routing.store import directory_versions as versions
from services.routing.store import matrix as store


async def instant_of(
    connection: Connection,
    site_id: str,
    at_time: datetime | None = None,
    known_time: datetime | None = None,
) -> Instant:
    """Returns an instant of a site in sight; Refused DIRECTORY_NOT_FOUND for others."""
    instant = await store.load_instant(connection, site_id, at_time, known_time)
    if instant is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    return instant


async def who_answers(connection: Connection, instant: Instant, unit_id: str) -> Answers:
    """Returns who answers for a unit; two round trips in all where the directory is the present.

    Raises Refused NO_SUCH_UNIT.
    """
    site_id, version = instant.site_id, instant.matrix_version
    if instant.directory_version == instant.present_directory_version:
        found = await store.list_answers(
            connection, site_id, [unit_id], instant.day, version, instant.known_time
        )
        if unit_id not in found:
            raise Refused("NO_SUCH_UNIT", unit_id=unit_id)
        return found[unit_id]
    directory = await _past_directory(connection, instant)
    units = tuple(unit for unit in directory.units if unit.unit_id == unit_id)
    if not units:
        raise Refused("NO_SUCH_UNIT", unit_id=unit_id)
    day = _day(instant, directory)
    organisation = Organisation(
        units,
        directory.people,
        directory.requirements,
        await store.list_rows_of_unit(connection, site_id, unit_id, version),
        await leave.list_known_absences(connection, site_id, day, instant.known_time),
    )
    unit = units[0]
    if not unit.days.holds(day):
        return Answers(unit_id, unit.name)
    required = required_roles(directory.requirements)[unit.kind]
    return answers_of(
        unit_id,
        unit.name,
        required,
        held_on(organisation, day).get(unit_id, ()),
        names={person.person_id: person.name for person in directory.people},
    )


async def known_at(
    connection: Connection, instant: Instant, first: date | None = None, *, version: int = 0
) -> Known:
    """Returns everything that decided at an instant who answered for any of the site's units.

    From `first` on instead of the instant's day, and by another version of the matrix, if given.
    """
    site_id, version = instant.site_id, version or instant.matrix_version
    day, span_limit = instant.day, instant.span_limit
    if instant.directory_version == instant.present_directory_version:
        units = tuple(await sites.list_units(connection, site_id))
        people = tuple(await sites.list_people(connection, site_id))
        requirements = tuple(await sites.list_requirements(connection, site_id))
    else:
        directory = await _past_directory(connection, instant)
        units, people = directory.units, directory.people
        requirements = directory.requirements
        day, span_limit = _day(instant, directory), directory.rules.span_limit
    day = first or day
    rows = await store.list_matrix(connection, site_id, version)
    absences = await leave.list_known_absences(connection, site_id, day, instant.known_time)
    organisation = Organisation(units, people, requirements, rows, absences)
    published = await store.load_published(connection, site_id, version)
    return Known(day, organisation, published, span_limit)


async def _past_directory(connection: Connection, instant: Instant) -> Directory:
    kept = await versions.load_version(connection, instant.site_id, instant.directory_version)
    if kept is None:
        raise LookupError(f"{instant.site_id} has no directory {instant.directory_version}")
    return kept.directory


def _day(instant: Instant, directory: Directory) -> date:
    """The local day by the time zone that the site had then."""
    return instant.at_time.astimezone(ZoneInfo(directory.time_zone)).date()
