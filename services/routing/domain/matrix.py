"""The responsibility matrix (包保责任分工表): who answers for a unit, from which day to which.

A unit must have somebody in each role that its kind requires on every day from today on; so a
matrix is checked before it is published, and the holes are told with their days.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.routing.domain.directory import Unit, UnitKind
from services.routing.domain.faults import Fault

_DAY = timedelta(days=1)


class Role(StrEnum):
    """In what way a person answers for a unit."""

    STEWARD = "STEWARD"
    INSTRUCTOR = "INSTRUCTOR"
    TECHNICIAN = "TECHNICIAN"
    HEAD = "HEAD"


ROLE_WORDS: Mapping[Role, str] = {
    Role.STEWARD: "包保人员",
    Role.INSTRUCTOR: "指导员",
    Role.TECHNICIAN: "技术员",
    Role.HEAD: "负责人",
}

# Roles a unit can't be without, by its kind (F4, F5).
REQUIRED: Mapping[UnitKind, tuple[Role, ...]] = {
    UnitKind.DEPARTMENT: (Role.STEWARD,),
    UnitKind.WORKSHOP: (Role.STEWARD,),
    UnitKind.TEAM: (Role.STEWARD,),
    UnitKind.JOINT_TEAM: (Role.STEWARD, Role.INSTRUCTOR, Role.TECHNICIAN),
}

# Who of a joint team is told of its cases beside the steward.
TOLD_AS_WELL = (Role.INSTRUCTOR, Role.TECHNICIAN)


@dataclass(frozen=True, slots=True)
class Responsibility:
    """One row: local days, both included; no `end_date` = open."""

    unit_id: str
    role: Role
    person_id: str
    start_date: date
    end_date: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.start_date <= day and (self.end_date is None or day <= self.end_date)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A site's rows with the offices that lead and support, and the document they rest on."""

    site_id: str
    responsibilities: tuple[Responsibility, ...]
    leading_office: str = ""
    supporting_office: str = ""
    basis_document: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What stands over a matrix that was published."""

    version: int
    publish_time: datetime
    leading_office: str
    supporting_office: str
    basis_document: str


class Gap(NamedTuple):
    """Days on which nobody holds a required role; no `end_date` = for ever."""

    unit_id: str
    unit_name: str
    role: Role
    start_date: date
    end_date: date | None

    @property
    def words(self) -> str:
        """The gap in Chinese, then in English."""
        until = f"至 {self.end_date} " if self.end_date else ""
        to = f"to {self.end_date}" if self.end_date else "on"
        return (
            f"{self.unit_name}({self.unit_id}) {self.start_date} 起{until}"
            f"没有{ROLE_WORDS[self.role]} "
            f"({self.unit_id} has no {self.role} from {self.start_date} {to})"
        )


def check(
    rows: Sequence[Responsibility], units: Iterable[str], people: Iterable[str]
) -> list[Fault]:
    """Returns every row that contradicts the directory, itself or another row."""
    known_units, known_people = set(units), set(people)
    faults: list[Fault] = []
    spans: dict[tuple[str, Role], list[tuple[date, date, int]]] = defaultdict(list)
    for index, row in enumerate(rows):
        at = f"responsibilities[{index}]"
        if row.unit_id not in known_units:
            faults.append(
                Fault(f"{at}.unit_id", f"没有单位 {row.unit_id}", f"no unit {row.unit_id}")
            )
        if row.person_id not in known_people:
            faults.append(
                Fault(f"{at}.person_id", f"没有人员 {row.person_id}", f"no person {row.person_id}")
            )
        end = row.end_date or date.max
        if end < row.start_date:
            faults.append(
                Fault(
                    f"{at}.end_date",
                    f"止于 {row.end_date}，早于起始 {row.start_date}",
                    f"ends {row.end_date}, before it starts {row.start_date}",
                )
            )
        else:
            spans[row.unit_id, row.role].append((row.start_date, end, index))
    for (unit_id, role), held in spans.items():
        held.sort()
        latest_end, latest = held[0][1], held[0][2]
        for start, end, index in held[1:]:
            if start <= latest_end:
                faults.append(
                    Fault(
                        f"responsibilities[{index}].start_date",
                        f"{unit_id} 的{ROLE_WORDS[role]}与第 {latest + 1} 行重叠",
                        f"{unit_id} {role} overlaps with row {latest + 1}",
                    )
                )
            if end > latest_end:
                latest_end, latest = end, index
    return faults


def gaps(units: Iterable[Unit], rows: Iterable[Responsibility], from_day: date) -> list[Gap]:
    """Returns the days from `from_day` on that a required role is held by nobody.

    In the order of the units, then of the days. Rows may overlap.
    """
    spans: dict[tuple[str, Role], list[tuple[date, date]]] = defaultdict(list)
    for row in rows:
        spans[row.unit_id, row.role].append((row.start_date, row.end_date or date.max))
    found: list[Gap] = []
    for unit in units:
        for role in REQUIRED[unit.kind]:
            day: date | None = from_day
            for start, end in sorted(spans[unit.unit_id, role]):
                if day is None or end < day:
                    continue
                if start > day:
                    found.append(Gap(unit.unit_id, unit.name, role, day, start - _DAY))
                day = None if end == date.max else end + _DAY
            if day is not None:
                found.append(Gap(unit.unit_id, unit.name, role, day, None))
    return found


def holders_on(
    rows: Iterable[Responsibility], day: date
) -> dict[str, tuple[tuple[Role, str], ...]]:
    """Returns who holds what on a day: {unit: ((role, person), …)}, roles in their order.

    Where rows overlap the first one counts.
    """
    held: dict[str, dict[Role, str]] = defaultdict(dict)
    for row in rows:
        if row.holds_on(day):
            held[row.unit_id].setdefault(row.role, row.person_id)
    return {
        unit_id: tuple((role, people[role]) for role in Role if role in people)
        for unit_id, people in held.items()
    }
