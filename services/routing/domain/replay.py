"""The second reckoning of who answered: from the published facts alone, without the tables.

What the service tells of any past instant has to be what this makes of its journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from services.routing.domain.absences import Absence
from services.routing.domain.answers import Answers, answers_of
from services.routing.domain.coverage import Organisation, held_on, required_roles
from services.routing.domain.directory import Directory
from services.routing.domain.matrix import Responsibility

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was published of a site, each list in the order of its versions, with its times.

    An absence has the times at which it was recorded and cancelled.
    """

    directories: Sequence[tuple[datetime, Directory]]
    matrices: Sequence[tuple[datetime, Sequence[Responsibility]]]
    absences: Sequence[Absence] = ()


def who_answers(facts: Facts, unit_id: str, at: datetime, known: datetime) -> Answers | None:
    """Returns who answers for a unit at an instant as it was known at another.

    None when the directory of that time has no such unit. Without a matrix nobody does.
    """
    directory = _in_force(facts.directories, known)
    rows = _in_force(facts.matrices, known) or ()
    if directory is None:
        return None
    unit = next((unit for unit in directory.units if unit.unit_id == unit_id), None)
    if unit is None:
        return None
    day = at.astimezone(ZoneInfo(directory.time_zone)).date()
    if not unit.days.holds(day):
        return Answers(unit_id, unit.name)
    absences = [absence for absence in facts.absences if _counts(absence, known)]
    organisation = Organisation((unit,), directory.people, directory.requirements, rows, absences)
    return answers_of(
        unit_id,
        unit.name,
        required_roles(directory.requirements)[unit.kind],
        held_on(organisation, day).get(unit_id, ()),
        names={person.person_id: person.name for person in directory.people},
    )


def version_at(published: Sequence[tuple[datetime, T]], known: datetime) -> int:
    """Returns the version in force at an instant: the last one published by then, else the first.

    0 when there is none.
    """
    by_then = [index for index, (time, _) in enumerate(published, 1) if time <= known]
    return max(by_then, default=min(1, len(published)))


def _in_force(published: Sequence[tuple[datetime, T]], known: datetime) -> T | None:
    version = version_at(published, known)
    return published[version - 1][1] if version else None


def _counts(absence: Absence, known: datetime) -> bool:
    if absence.record_time is None or absence.record_time > known:
        return False
    return absence.cancel_time is None or absence.cancel_time > known
