"""Single entries of a directory, put in, replaced or taken out by their codes."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from services.routing.domain.commands.lists import UpdateDirectory
from services.routing.domain.directory import Directory
from services.routing.domain.faults import Fault
from services.routing.domain.matrix import Responsibility

T = TypeVar("T")

_ENTRY = re.compile(r"directory\.(units|people|positions|posts|categories)\[(\d+)\](.*)")


def amended(
    source: Directory, in_force: Directory, update: UpdateDirectory
) -> tuple[Directory, list[Fault]]:
    """Returns a directory as published with an update in it, and what the update can't do.

    A site that has inherited its categories so far gets them as its own when one is updated.
    """
    faults: list[Fault] = []
    touches_categories = bool(update.categories or update.removed_category_ids)
    inherited = {p.position_id for p in in_force.positions}
    return (
        replace(
            source,
            units=_merged(
                source.units,
                update.units,
                update.removed_unit_ids,
                lambda unit: unit.unit_id,
                ("units", "unit_id"),
                faults,
            ),
            people=_merged(
                source.people,
                update.people,
                update.removed_person_ids,
                lambda person: person.person_id,
                ("people", "person_id"),
                faults,
            ),
            positions=_merged(
                source.positions,
                update.positions,
                update.removed_position_ids,
                lambda position: position.position_id,
                ("positions", "position_id"),
                faults,
                inherited,
            ),
            posts=_merged(
                source.posts,
                update.posts,
                update.removed_post_ids,
                lambda post: post.post_id,
                ("posts", "post_id"),
                faults,
            ),
            categories=_merged(
                with_categories(source, in_force).categories,
                update.categories,
                update.removed_category_ids,
                lambda category: category.category_id,
                ("categories", "category_id"),
                faults,
            )
            if touches_categories
            else source.categories,
        ),
        faults,
    )


def with_categories(source: Directory, in_force: Directory) -> Directory:
    """Returns a directory as published, with categories of its own where it inherited them."""
    return replace(source, categories=source.categories or in_force.categories)


def merged_rows(
    rows: Iterable[Responsibility], update: UpdateDirectory
) -> tuple[Responsibility, ...]:
    """Returns the rows of a matrix with those of an update, which come first.

    Given rows replace all of the same unit and role; rows of units and people taken out go.
    """
    given = {(row.unit_id, row.role) for row in update.responsibilities}
    units, people = set(update.removed_unit_ids), set(update.removed_person_ids)
    kept = (
        row
        for row in rows
        if (row.unit_id, row.role) not in given
        and row.unit_id not in units
        and row.person_id not in people
    )
    return (*update.responsibilities, *kept)


def as_asked(faults: Iterable[Fault], directory: Directory, update: UpdateDirectory) -> list[Fault]:
    """Returns faults of a directory with the fields of the update, where they are of it."""
    given = {
        "units": [unit.unit_id for unit in update.units],
        "people": [person.person_id for person in update.people],
        "positions": [position.position_id for position in update.positions],
        "posts": [post.post_id for post in update.posts],
        "categories": [category.category_id for category in update.categories],
    }
    there = {
        "units": [unit.unit_id for unit in directory.units],
        "people": [person.person_id for person in directory.people],
        "positions": [position.position_id for position in directory.positions],
        "posts": [post.post_id for post in directory.posts],
        "categories": [category.category_id for category in directory.categories],
    }
    found: list[Fault] = []
    for fault in faults:
        field = fault.field
        entry = _ENTRY.fullmatch(field)
        if entry is not None:
            part, rest = entry[1], entry[3]
            code = there[part][int(entry[2])]
            if code in given[part]:
                field = f"{part}[{given[part].index(code)}]{rest}"
        found.append(replace(fault, field=field))
    return found


def _merged(
    entries: Sequence[T],
    given: Sequence[T],
    removed: Sequence[str],
    code: Callable[[T], str],
    names: tuple[str, str],
    faults: list[Fault],
    inherited: Iterable[str] = (),
) -> tuple[T, ...]:
    """Returns the entries, replaced where they stood and new ones at the end."""
    part, name = names
    by_code: dict[str, T] = {}
    for index, entry in enumerate(given):
        if code(entry) in by_code:
            faults.append(
                Fault(
                    f"{part}[{index}].{name}",
                    f"{code(entry)} 重复",
                    f"{code(entry)} stands there twice",
                )
            )
        by_code[code(entry)] = entry
    there = {code(entry) for entry in entries}
    for index, gone in enumerate(removed):
        field = f"removed_{name}s[{index}]"
        if gone in by_code:
            faults.append(
                Fault(field, f"{gone} 不能既改又移除", f"{gone} can't be both given and removed")
            )
        elif gone not in there and gone in inherited:
            faults.append(
                Fault(
                    field,
                    f"{gone} 由集团模板给出，本矿不能移除",
                    f"{gone} is of the group's template; a site can't take it out",
                )
            )
        elif gone not in there:
            faults.append(Fault(field, f"没有 {gone}", f"there is no {gone}"))
    kept = tuple(by_code.get(code(entry), entry) for entry in entries if code(entry) not in removed)
    return (*kept, *(entry for entry in by_code.values() if code(entry) not in there))
