"""A site's organisation: units in a tree, people, positions, posts, categories, the ladder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.routing.domain.faults import Fault

DEFAULT_TIME_ZONE = "Asia/Shanghai"

# Positions that routing itself looks for; a site may leave them out.
DUTY_LEAD = "DUTY_LEAD"
DIRECTOR = "DIRECTOR"
DISPATCH_ROOM = "DISPATCH_ROOM"


class UnitKind(StrEnum):
    DEPARTMENT = "DEPARTMENT"
    WORKSHOP = "WORKSHOP"
    TEAM = "TEAM"
    JOINT_TEAM = "JOINT_TEAM"


@dataclass(frozen=True, slots=True)
class Unit:
    """A node of the tree; `parent_id` is empty for a root."""

    unit_id: str
    name: str
    kind: UnitKind
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    person_id: str
    name: str
    unit_id: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """An office; `holder` is who has it when the roster says nothing, empty when vacant."""

    position_id: str
    name: str
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    post_id: str
    name: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    category_id: str
    name: str
    group_category_id: str = ""
    lead_unit_id: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the ladder, and how long it may stay silent; not used at the top.

    Exactly one of working days and working time is given, the other is 0.
    """

    position_id: str
    dwell_working_days: int = 0
    dwell_working_time: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Directory:
    """All of a site's organisation, as published at once; `ladder` is from level 1 up."""

    site_id: str
    name: str
    number_prefix: str
    time_zone: str
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    positions: tuple[Position, ...]
    posts: tuple[Post, ...]
    categories: tuple[Category, ...]
    ladder: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A site's head: what most decisions need to know of it; versions are 0 before the first."""

    site_id: str
    name: str
    number_prefix: str
    zone: ZoneInfo
    directory_version: int
    matrix_version: int
    roster_version: int
    handover_date: date

    def local(self, time: datetime) -> datetime:
        """Returns the wall-clock time of an instant at the site."""
        return time.astimezone(self.zone)

    def matrix_day(self, time: datetime) -> date:
        """Returns the local day whose rows of the matrix count at an instant.

        Never before the day that open cases were moved to already: a transaction begun before
        midnight must not assign by yesterday's rows behind the back of that move.
        """
        return max(self.local(time).date(), self.handover_date)


def check(directory: Directory) -> list[Fault]:
    """Returns every contradiction of a directory, empty when there is none."""
    units = {unit.unit_id for unit in directory.units}
    people = {person.person_id for person in directory.people}
    positions = {position.position_id for position in directory.positions}
    faults: list[Fault] = []
    if not is_time_zone(directory.time_zone):
        faults.append(
            Fault(
                "directory.time_zone",
                f"没有时区 {directory.time_zone}",
                f"there is no time zone {directory.time_zone}",
            )
        )
    faults += _twice("units", "unit_id", [unit.unit_id for unit in directory.units])
    faults += _twice("people", "person_id", [person.person_id for person in directory.people])
    faults += _twice("positions", "position_id", [p.position_id for p in directory.positions])
    faults += _twice("posts", "post_id", [post.post_id for post in directory.posts])
    faults += _twice("categories", "category_id", [c.category_id for c in directory.categories])
    faults += _twice("ladder", "position_id", [level.position_id for level in directory.ladder])
    faults += _unknown("units", "parent_id", [u.parent_id for u in directory.units], units)
    faults += _loops(directory.units)
    faults += _unknown("people", "unit_id", [p.unit_id for p in directory.people], units)
    faults += _unknown("positions", "holder", [p.holder for p in directory.positions], people)
    faults += _unknown(
        "categories", "lead_unit_id", [c.lead_unit_id for c in directory.categories], units
    )
    faults += _unknown(
        "ladder", "position_id", [level.position_id for level in directory.ladder], positions
    )
    faults += _dwells(directory.ladder)
    return faults


def is_time_zone(name: str) -> bool:
    """Tells whether the name is in the time zone database."""
    try:
        ZoneInfo(name)
    # What ZoneInfo makes of "Asia", "../x" and an over-long name.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def is_within(parents: Mapping[str, str], unit_id: str, above: str) -> bool:
    """Tells whether a unit is `above` or stands somewhere below it; `parents` is child → parent."""
    seen: set[str] = set()
    while unit_id and unit_id not in seen:
        if unit_id == above:
            return True
        seen.add(unit_id)
        unit_id = parents.get(unit_id, "")
    return False


def _twice(part: str, name: str, ids: Sequence[str]) -> Iterable[Fault]:
    seen: set[str] = set()
    for index, value in enumerate(ids):
        if value in seen:
            yield Fault(
                f"directory.{part}[{index}].{name}", f"{value} 重复", f"{value} stands there twice"
            )
        seen.add(value)


def _unknown(part: str, name: str, ids: Sequence[str], known: set[str]) -> Iterable[Fault]:
    for index, value in enumerate(ids):
        if value and value not in known:
            yield Fault(
                f"directory.{part}[{index}].{name}", f"没有 {value}", f"there is no {value}"
            )


def _dwells(ladder: Sequence[Level]) -> Iterable[Fault]:
    for index, level in enumerate(ladder):
        if bool(level.dwell_working_days) == bool(level.dwell_working_time):
            yield Fault(
                f"directory.ladder[{index}].dwell_working_days",
                f"{level.position_id} 的批示期限须写工作日数或工作时间，二者择一",
                f"{level.position_id} answers within working days or working time, one of them",
            )


def _loops(units: Sequence[Unit]) -> Iterable[Fault]:
    """Names each loop once, at the first of its units."""
    parents = {unit.unit_id: unit.parent_id for unit in units}
    cleared: set[str] = set()
    for index, unit in enumerate(units):
        path: list[str] = []
        at = unit.unit_id
        while at and at in parents and at not in cleared and at not in path:
            path.append(at)
            at = parents[at]
        if at and at in path:
            loop = " → ".join([*path[path.index(at) :], at])
            yield Fault(
                f"directory.units[{index}].parent_id", f"上下级成环：{loop}", f"a loop: {loop}"
            )
        cleared.update(path)
