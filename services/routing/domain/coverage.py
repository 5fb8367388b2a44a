"""Coverage: who holds which role of a unit on a day, and where nobody does.

A row's person answers while they are at the site and not away. While they are away the deputy of
that absence does, else the row's own, if that one is there. Of a person who has left or not begun
nobody inherits anything. A gap is where an active unit lacks a role that its kind requires.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from services.routing.domain.absences import Absence
from services.routing.domain.directory import Person, Requirement, Unit
from services.routing.domain.matrix import Responsibility
from services.routing.domain.roles import DEFAULT_REQUIREMENTS, ROLE_WORDS, Role, UnitKind

# Days are reckoned as ordinals, both ends included; these stand for "always" and "for ever".
_FIRST = date.min.toordinal()
_LAST = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Organisation:
    """What decides who answers: `absences` are those that count, cancelled ones are left out.

    Kinds without a requirement have the default one. Where rows of a unit's role overlap, the one
    that began first counts.
    """

    units: Sequence[Unit]
    people: Sequence[Person]
    requirements: Sequence[Requirement] = ()
    rows: Sequence[Responsibility] = ()
    absences: Sequence[Absence] = ()


class Gap(NamedTuple):
    """Days on which nobody holds a required role; no `end_date` = for ever.

    `person_id` is whose absence or departure leaves it, empty when no row covers the days.
    """

    unit_id: str
    unit_name: str
    role: Role
    start_date: date
    end_date: date | None
    person_id: str = ""

    @property
    def words(self) -> str:
        """The gap in Chinese, then in English."""
        until = f"至 {self.end_date} " if self.end_date else ""
        to = f"to {self.end_date}" if self.end_date else "on"
        why = f"（{self.person_id} 不在岗）" if self.person_id else ""
        reason = f", {self.person_id} is away or gone" if self.person_id else ""
        return (
            f"{self.unit_name}({self.unit_id}) {self.start_date} 起{until}"
            f"没有{ROLE_WORDS[self.role]}{why} "
            f"({self.unit_id} has no {self.role} from {self.start_date} {to}{reason})"
        )


class Held(NamedTuple):
    """A role and who holds it; `deputy_for` is whom a deputy stands in for."""

    role: Role
    person_id: str
    deputy_for: str = ""


class Span(NamedTuple):
    """How many units a person answers for as steward (包保跨度)."""

    person_id: str
    unit_count: int
    over_limit: bool = False


def required_roles(requirements: Iterable[Requirement]) -> Mapping[UnitKind, tuple[Role, ...]]:
    """Returns which roles units of each kind can't be without."""
    return {**DEFAULT_REQUIREMENTS, **{each.kind: each.roles for each in requirements}}


def gaps(organisation: Organisation, from_day: date, until_day: date | None = None) -> list[Gap]:
    """Returns the days from `from_day` to `until_day` that a required role is held by nobody.

    In the order of the units, then of the required roles, then of the days. Days that one
    person's absence or departure leaves are told apart from those of another.
    """
    first, last = from_day.toordinal(), _LAST if until_day is None else until_day.toordinal()
    required = required_roles(organisation.requirements)
    there = _There(organisation)
    rows = _by_unit(organisation.rows)
    found: list[Gap] = []
    for unit in organisation.units:
        start, end = _clip(_ends(unit.days.start, unit.days.end), first, last)
        if start > end:
            continue
        for role in required[unit.kind]:
            held = rows.get((unit.unit_id, role), ())
            for hole in _merged(_holes(held, there, start, end)):
                end_date = None if hole.end == _LAST else date.fromordinal(hole.end)
                found.append(
                    Gap(
                        unit.unit_id,
                        unit.name,
                        role,
                        date.fromordinal(hole.start),
                        end_date,
                        hole.person_id,
                    )
                )
    return found


def held_on(organisation: Organisation, day: date) -> dict[str, tuple[Held, ...]]:
    """Returns {unit: who holds what on a day}, roles in their order; units not there are left out.

    Roles that nobody holds are left out as well.
    """
    active = {unit.unit_id for unit in organisation.units if unit.days.holds(day)}
    there = {person.person_id for person in organisation.people if person.days.holds(day)}
    away = {each.person_id: each for each in organisation.absences if each.holds(day)}
    held: dict[str, dict[Role, Held]] = defaultdict(dict)
    seen: set[tuple[str, Role]] = set()
    for row in sorted(organisation.rows, key=_start):
        key = (row.unit_id, row.role)
        if row.unit_id not in active or not row.holds_on(day) or key in seen:
            continue
        seen.add(key)
        absence = away.get(row.person_id)
        deputy = row.deputy if absence is None else absence.deputy or row.deputy
        holder = stands_in(row, there, away, deputy)
        if holder is not None:
            held[row.unit_id][row.role] = holder
    return {
        unit_id: tuple(roles[role] for role in Role if role in roles)
        for unit_id, roles in held.items()
    }


def stands_in(
    row: Responsibility, there: Container[str], away: Container[str], deputy: str
) -> Held | None:
    """Returns who answers by a row of a day; None when nobody does.

    `there` are the people at the site that day, of whom `away` are absent; `deputy` stands in.
    """
    if row.person_id not in there:
        return None
    if row.person_id not in away:
        return Held(row.role, row.person_id)
    if not deputy or deputy not in there or deputy in away:
        return None
    return Held(row.role, deputy, row.person_id)


def missing_on(organisation: Organisation, day: date) -> list[Gap]:
    """Returns the gaps that are open on a day, from that day to their ends."""
    return [gap for gap in gaps(organisation, day) if gap.start_date == day]


def spans(organisation: Organisation, day: date, limit: int) -> list[Span]:
    """Returns who is steward of how many units on a day, most first; a `limit` of 0 is none."""
    counts: dict[str, int] = defaultdict(int)
    for holders in held_on(organisation, day).values():
        for held in holders:
            if held.role is Role.STEWARD:
                counts[held.person_id] += 1
    return [
        Span(person_id, count, bool(limit) and count > limit)
        for person_id, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]


class _Hole(NamedTuple):
    start: int
    end: int
    person_id: str


class _Away(NamedTuple):
    start: int
    end: int
    deputy: str


class _There:
    """When each person is at the site, and when away; worked out once per person."""

    def __init__(self, organisation: Organisation) -> None:
        self._active = {
            person.person_id: _ends(person.days.start, person.days.end)
            for person in organisation.people
        }
        self._away: dict[str, list[_Away]] = defaultdict(list)
        for absence in sorted(organisation.absences, key=_start):
            away = _Away(
                absence.start_date.toordinal(), absence.end_date.toordinal(), absence.deputy
            )
            self._away[absence.person_id].append(away)
        self._present: dict[str, list[tuple[int, int]]] = {}

    def active(self, person_id: str) -> tuple[int, int]:
        """Returns the days the person is at the site; an empty span for a stranger."""
        return self._active.get(person_id, (_LAST, _FIRST))

    def away(self, person_id: str) -> Sequence[_Away]:
        return self._away.get(person_id, ())

    def present(self, person_id: str) -> list[tuple[int, int]]:
        """Returns the days the person is at the site and not away."""
        if person_id not in self._present:
            first, last = self.active(person_id)
            self._present[person_id] = list(_without(first, last, self.away(person_id)))
        return self._present[person_id]


def _holes(rows: Sequence[Responsibility], there: _There, start: int, end: int) -> Iterator[_Hole]:
    """Yields the uncovered days between two; `rows` by their first day."""
    day = start
    for row in rows:
        first, last = _clip(_ends(row.start_date, row.end_date), day, end)
        if first > last:
            continue
        if first > day:
            yield _Hole(day, first - 1, "")
        yield from _left_by(row, there, first, last)
        day = last + 1
    if day <= end:
        yield _Hole(day, end, "")


def _left_by(row: Responsibility, there: _There, first: int, last: int) -> Iterator[_Hole]:
    """Yields the days of a row on which neither its person nor a deputy is there."""
    person = row.person_id
    active_first, active_last = _clip(there.active(person), first, last)
    if active_first > active_last:
        yield _Hole(first, last, person)
        return
    if first < active_first:
        yield _Hole(first, active_first - 1, person)
    day = active_first
    for away in there.away(person):
        away_first, away_last = max(away.start, day), min(away.end, active_last)
        if away_first > away_last:
            continue
        deputy = away.deputy or row.deputy
        covered = there.present(deputy) if deputy else ()
        for hole_first, hole_last in _without(away_first, away_last, covered):
            yield _Hole(hole_first, hole_last, person)
        day = away_last + 1
    if active_last < last:
        yield _Hole(active_last + 1, last, person)


def _without(
    first: int, last: int, taken: Iterable[tuple[int, int] | _Away]
) -> Iterator[tuple[int, int]]:
    """Yields what is left of a span; `taken` by its first days."""
    day = first
    for span in taken:
        if span[1] < day:
            continue
        if span[0] > last:
            break
        if span[0] > day:
            yield day, span[0] - 1
        day = span[1] + 1
    if day <= last:
        yield day, last


def _merged(holes: Iterable[_Hole]) -> Iterator[_Hole]:
    """Joins holes that follow on each other and are left by the same person."""
    last: _Hole | None = None
    for hole in holes:
        if last is not None and last.end + 1 == hole.start and last.person_id == hole.person_id:
            last = last._replace(end=hole.end)
            continue
        if last is not None:
            yield last
        last = hole
    if last is not None:
        yield last


def _by_unit(
    rows: Iterable[Responsibility],
) -> Mapping[tuple[str, Role], Sequence[Responsibility]]:
    found: dict[tuple[str, Role], list[Responsibility]] = defaultdict(list)
    for row in rows:
        found[row.unit_id, row.role].append(row)
    for held in found.values():
        held.sort(key=_start)
    return found


def _ends(start: date | None, end: date | None) -> tuple[int, int]:
    return (
        _FIRST if start is None else start.toordinal(),
        _LAST if end is None else end.toordinal(),
    )


def _clip(span: tuple[int, int], first: int, last: int) -> tuple[int, int]:
    return max(span[0], first), min(span[1], last)


def _start(of: Responsibility | Absence) -> date:
    return of.start_date
