"""What is otherwise in one version of a list than in another, entry by entry, for people."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from services.routing.domain.days import Days
from services.routing.domain.directory import (
    Category,
    Directory,
    Level,
    Person,
    Position,
    Post,
    Requirement,
    Rules,
    Unit,
    Window,
)
from services.routing.domain.matrix import Matrix, Published, Responsibility
from services.routing.domain.roster import Shift

T = TypeVar("T")


class ChangeKind(StrEnum):
    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"


_VERBS: Mapping[ChangeKind, tuple[str, str]] = {
    ChangeKind.ADDED: ("新增", "added"),
    ChangeKind.CHANGED: ("改动", "changed"),
    ChangeKind.REMOVED: ("移除", "removed"),
}


@dataclass(frozen=True, slots=True)
class ListChange:
    """An entry that one version has and the other hasn't, or has otherwise.

    `id` is its code, of a row of the matrix "<unit>/<role>", of a shift "<place>/<person>".
    """

    kind: ChangeKind
    part: str
    id: str
    before: str = ""
    after: str = ""

    @property
    def words(self) -> str:
        """The change in Chinese, then in English."""
        zh, en = _VERBS[self.kind]
        said = " → ".join(text for text in (self.before, self.after) if text)
        return f"{zh} {self.id}：{said} ({self.id} {en})"


def compare(
    part: str, before: Mapping[str, T], after: Mapping[str, T], words: Callable[[T], str]
) -> list[ListChange]:
    """Returns what became of the entries of a part, given by their codes: new ones, then gone."""
    found: list[ListChange] = []
    for code, entry in after.items():
        if code not in before:
            found.append(ListChange(ChangeKind.ADDED, part, code, after=words(entry)))
        elif before[code] != entry:
            found.append(
                ListChange(ChangeKind.CHANGED, part, code, words(before[code]), words(entry))
            )
    for code, entry in before.items():
        if code not in after:
            found.append(ListChange(ChangeKind.REMOVED, part, code, before=words(entry)))
    return found


def of_directories(before: Directory | None, after: Directory) -> list[ListChange]:
    """Returns what is otherwise than before; nothing for a first directory."""
    if before is None:
        return []
    old, new = before, after
    return [
        *compare("site", _head(old), _head(new), str),
        *compare(
            "units",
            {unit.unit_id: unit for unit in old.units},
            {unit.unit_id: unit for unit in new.units},
            _unit,
        ),
        *compare(
            "people",
            {person.person_id: person for person in old.people},
            {person.person_id: person for person in new.people},
            _person,
        ),
        *compare(
            "positions",
            {position.position_id: position for position in old.positions},
            {position.position_id: position for position in new.positions},
            _position,
        ),
        *compare(
            "posts",
            {post.post_id: post for post in old.posts},
            {post.post_id: post for post in new.posts},
            _post,
        ),
        *compare(
            "categories",
            {category.category_id: category for category in old.categories},
            {category.category_id: category for category in new.categories},
            _category,
        ),
        *compare("ladder", _levels(old.ladder), _levels(new.ladder), _level),
        *compare(
            "category_ladders",
            {ladder.category_id: ladder.levels for ladder in old.category_ladders},
            {ladder.category_id: ladder.levels for ladder in new.category_ladders},
            _ladder,
        ),
        *compare("place_rules", _place_rules(old), _place_rules(new), "; ".join),
        *compare(
            "role_requirements",
            {requirement.kind.value: requirement for requirement in old.requirements},
            {requirement.kind.value: requirement for requirement in new.requirements},
            _requirement,
        ),
        *compare("rules", _rules(old.rules), _rules(new.rules), str),
    ]


def of_matrices(
    before: Iterable[Responsibility], after: Iterable[Responsibility]
) -> list[ListChange]:
    """Returns what is otherwise in the rows of a matrix, by unit and role."""
    return compare("responsibilities", _rows(before), _rows(after), "; ".join)


def of_heads(before: Published | None, after: Published | Matrix | None) -> list[ListChange]:
    """Returns what is otherwise in what stands over a matrix: its offices and its document."""
    return compare("matrix", _matrix_head(before), _matrix_head(after), str)


def of_rosters(before: Iterable[Shift], after: Iterable[Shift]) -> list[ListChange]:
    """Returns what is otherwise in the shifts of a roster, by place and person."""
    return compare("shifts", _shifts(before), _shifts(after), "; ".join)


# Entries by their codes ------------------------------------------------------------------------


def _head(directory: Directory) -> dict[str, str]:
    return {
        "name": directory.name,
        "number_prefix": directory.number_prefix,
        "time_zone": directory.time_zone,
    }


def _matrix_head(head: Published | Matrix | None) -> dict[str, str]:
    """Leaves out what nobody wrote."""
    if head is None:
        return {}
    told = {
        "leading_office": head.leading_office,
        "supporting_office": head.supporting_office,
        "basis_document": head.basis_document,
    }
    return {name: text for name, text in told.items() if text}


def _levels(ladder: Iterable[Level]) -> dict[str, Level]:
    return {str(number): level for number, level in enumerate(ladder, 1)}


def _place_rules(directory: Directory) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for rule in directory.place_rules:
        code = f"{rule.place}/{rule.category_id}" if rule.category_id else rule.place
        found[code] = (*found.get(code, ()), rule.unit_id)
    return found


def _rules(rules: Rules) -> dict[str, str]:
    """Leaves out what the site hasn't decided, so that a decision is something new."""
    told = {
        "span_limit": str(rules.span_limit or ""),
        "alternate_chain": " → ".join(rules.alternate_chain),
        "steward_hours": _windows(rules.steward_hours),
        "recurrence_days": str(rules.recurrence_days or ""),
    }
    return {name: text for name, text in told.items() if text}


def _rows(rows: Iterable[Responsibility]) -> dict[str, tuple[str, ...]]:
    held: dict[str, list[Responsibility]] = defaultdict(list)
    for row in rows:
        held[f"{row.unit_id}/{row.role}"].append(row)
    return {
        code: tuple(_row(row) for row in sorted(held[code], key=lambda row: row.start_date))
        for code in sorted(held)
    }


def _shifts(shifts: Iterable[Shift]) -> dict[str, tuple[str, ...]]:
    held: dict[str, list[Shift]] = defaultdict(list)
    for shift in shifts:
        held[f"{shift.place}/{shift.person_id}"].append(shift)
    return {
        code: tuple(
            _shift(shift)
            for shift in sorted(held[code], key=lambda each: (each.start_date, each.start_second))
        )
        for code in sorted(held)
    }


# Words -----------------------------------------------------------------------------------------


def _unit(unit: Unit) -> str:
    return _said(unit.name, unit.kind, _of("parent_id", unit.parent_id), _days(unit.days))


def _person(person: Person) -> str:
    return _said(
        person.name,
        _of("unit_id", person.unit_id),
        _days(person.days),
        _of("group_code", person.group_code),
        _of("contact_ref", person.contact_ref),
    )


def _position(position: Position) -> str:
    return _said(
        position.name, _of("holder", position.holder), "outside" if position.outside else ""
    )


def _post(post: Post) -> str:
    return _said(
        post.name, post.place, _of("unit_id", post.unit_id), _of("windows", _windows(post.windows))
    )


def _category(category: Category) -> str:
    return _said(
        category.name,
        _of("group_category_id", category.group_category_id),
        _of("lead_unit_id", category.lead_unit_id),
        _of("supporting_unit_ids", " ".join(category.supporting_unit_ids)),
    )


def _level(level: Level) -> str:
    if level.dwell_working_days:
        return f"{level.position_id} {level.dwell_working_days} d"
    return f"{level.position_id} {int(level.dwell_working_time.total_seconds()) // 60} min"


def _ladder(levels: Iterable[Level]) -> str:
    return " → ".join(_level(level) for level in levels)


def _requirement(requirement: Requirement) -> str:
    return " ".join(requirement.roles)


def _row(row: Responsibility) -> str:
    return _said(
        row.person_id, _days(Days(row.start_date, row.end_date)), _of("deputy", row.deputy)
    )


def _shift(shift: Shift) -> str:
    days = _days(Days(shift.start_date, shift.end_date))
    return f"{days} {_clock(shift.start_second)}-{_clock(shift.end_second)}"


def _windows(windows: Iterable[Window]) -> str:
    return "; ".join(
        _said(
            "".join(str(day + 1) for day in sorted(window.weekdays)),
            f"{_clock(window.start_second)}-{_clock(window.end_second)}",
            _days(window.days),
        )
        for window in windows
    )


def _said(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _of(name: str, value: str) -> str:
    return f"{name} {value}" if value else ""


def _days(days: Days) -> str:
    if days.start is None and days.end is None:
        return ""
    return f"{days.start or ''}..{days.end or ''}"


def _clock(second: int) -> str:
    hours, rest = divmod(second, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")
