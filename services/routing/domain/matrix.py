"""The responsibility matrix (包保责任分工表): who answers for a unit, from which day to which.

A matrix is checked against the directory before it is published; what it leaves uncovered is
reckoned in coverage.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.routing.domain.days import Days
from services.routing.domain.directory import Person, Unit
from services.routing.domain.faults import Fault
from services.routing.domain.roles import ROLE_WORDS, Role


@dataclass(frozen=True, slots=True)
class Responsibility:
    """One row: local days, both included; no `end_date` = open."""

    unit_id: str
    role: Role
    person_id: str
    start_date: date
    end_date: date | None = None
    deputy: str = ""

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
    published_by: str = ""


def check(
    rows: Sequence[Responsibility], units: Iterable[Unit], people: Iterable[Person], today: date
) -> list[Fault]:
    """Returns every row that contradicts the directory, itself or another row.

    What a row says of days before `today` is history: of its people only that they are known.
    """
    known_units = {unit.unit_id for unit in units}
    known_people = {person.person_id: person for person in people}
    faults: list[Fault] = []
    spans: dict[tuple[str, Role], list[tuple[date, date, int]]] = defaultdict(list)
    for index, row in enumerate(rows):
        at = f"responsibilities[{index}]"
        if row.unit_id not in known_units:
            faults.append(
                Fault(f"{at}.unit_id", f"没有单位 {row.unit_id}", f"no unit {row.unit_id}")
            )
        faults += _people_faults(row, at, known_people, today)
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
                other = rows[latest]
                faults.append(
                    Fault(
                        f"responsibilities[{index}].start_date",
                        f"{unit_id} 的{ROLE_WORDS[role]}与 {other.person_id} 自 {other.start_date}"
                        " 起的一行重叠",
                        f"{unit_id} {role} overlaps with the row of {other.person_id}"
                        f" from {other.start_date}",
                    )
                )
            if end > latest_end:
                latest_end, latest = end, index
    return faults


def _people_faults(
    row: Responsibility, at: str, people: Mapping[str, Person], today: date
) -> Iterator[Fault]:
    first, last = max(row.start_date, today), row.end_date or date.max
    person = people.get(row.person_id)
    if person is None:
        yield Fault(f"{at}.person_id", f"没有人员 {row.person_id}", f"no person {row.person_id}")
    elif first <= last and not person.days.holds(first):
        begins = person.days.start
        if begins is not None and first < begins:
            yield Fault(
                f"{at}.person_id",
                f"{row.person_id} 自 {begins} 起才到任，晚于 {first}",
                f"{row.person_id} begins on {begins}, after {first}",
            )
        else:
            yield Fault(
                f"{at}.person_id",
                f"{row.person_id} 已于 {person.days.end} 离开",
                f"{row.person_id} has left by {person.days.end}",
            )
    if not row.deputy:
        return
    deputy = people.get(row.deputy)
    if row.deputy == row.person_id:
        yield Fault(
            f"{at}.deputy",
            f"{row.deputy} 不能做自己的代理人",
            f"{row.deputy} can't stand in for themselves",
        )
    elif deputy is None:
        yield Fault(f"{at}.deputy", f"没有人员 {row.deputy}", f"no person {row.deputy}")
    elif first <= last and not _meets(deputy.days, first, last):
        yield Fault(
            f"{at}.deputy",
            f"代理人 {row.deputy} 在这些日期内不在岗",
            f"the deputy {row.deputy} is not at the site on any of these days",
        )


def _meets(days: Days, first: date, last: date) -> bool:
    return (days.start is None or days.start <= last) and (days.end is None or first <= days.end)
