"""The group's template: what sites have where they have nothing of their own (集团模板)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.routing.domain.directory import (
    NO_RULES,
    Category,
    CategoryLadder,
    Directory,
    Level,
    Position,
    Requirement,
    Rules,
)
from services.routing.domain.faults import Fault


@dataclass(frozen=True, slots=True)
class Template:
    """What the group gives its sites, with its version; `ladder` is from level 1 up."""

    version: int
    name: str
    categories: tuple[Category, ...] = ()
    positions: tuple[Position, ...] = ()
    ladder: tuple[Level, ...] = ()
    category_ladders: tuple[CategoryLadder, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    rules: Rules = NO_RULES


# Before the group has published one.
NO_TEMPLATE = Template(0, "")


def inherit(directory: Directory, template: Template) -> Directory:
    """Returns a site's directory with what the template gives it; its own goes before.

    Positions come vacant. A category that is inherited counts under itself, and its ladder comes
    along only where the site has the category.
    """
    named = {position.position_id for position in directory.positions}
    categories = directory.categories or tuple(
        replace(category, group_category_id=category.category_id)
        for category in template.categories
    )
    known = {category.category_id for category in categories}
    return replace(
        directory,
        positions=(
            *directory.positions,
            *(
                replace(position, holder="")
                for position in template.positions
                if position.position_id not in named
            ),
        ),
        categories=categories,
        ladder=directory.ladder or template.ladder,
        category_ladders=directory.category_ladders
        or tuple(ladder for ladder in template.category_ladders if ladder.category_id in known),
        requirements=directory.requirements or template.requirements,
        rules=_rules(directory.rules, template.rules),
    )


def group_categories(template: Template) -> tuple[str, ...] | None:
    """Returns the codes under which sites' categories may count; None where there are none."""
    return tuple(category.category_id for category in template.categories) or None


def check(template: Template) -> list[Fault]:
    """Returns what the template contradicts by itself, whatever the sites are like."""
    positions = {position.position_id for position in template.positions}
    categories = {category.category_id for category in template.categories}
    ladder = [level.position_id for level in template.ladder]
    ladders = template.category_ladders
    faults = [
        *_twice("positions", "position_id", [p.position_id for p in template.positions]),
        *_twice("categories", "category_id", [c.category_id for c in template.categories]),
        *_twice("category_ladders", "category_id", [each.category_id for each in ladders]),
        *_unknown("ladder", "position_id", ladder, positions),
        *_unknown("category_ladders", "category_id", [x.category_id for x in ladders], categories),
    ]
    for index, position in enumerate(template.positions):
        if position.holder:
            faults.append(
                Fault(
                    f"template.positions[{index}].holder",
                    f"{position.position_id} 由各矿任职，模板不写人",
                    f"each site says who holds {position.position_id}; the template can't",
                )
            )
    for index, each in enumerate(ladders):
        held = [level.position_id for level in each.levels]
        faults += _unknown(f"category_ladders[{index}].levels", "position_id", held, positions)
    for index, position_id in enumerate(template.rules.alternate_chain):
        if position_id not in positions:
            field = f"template.rules.alternate_chain[{index}]"
            faults.append(Fault(field, f"没有 {position_id}", f"there is no {position_id}"))
    return faults


def at_site(site_id: str, faults: Iterable[Fault]) -> list[Fault]:
    """Returns faults that a site would have, as faults of the template: named by the site."""
    return [
        Fault(f"sites[{site_id}].{each.field}", f"{site_id}：{each.zh}", f"{site_id}: {each.en}")
        for each in faults
    ]


def _rules(own: Rules, given: Rules) -> Rules:
    return Rules(
        span_limit=own.span_limit or given.span_limit,
        alternate_chain=own.alternate_chain or given.alternate_chain,
        steward_hours=own.steward_hours or given.steward_hours,
        recurrence_days=own.recurrence_days or given.recurrence_days,
    )


def _twice(part: str, name: str, ids: Sequence[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, value in enumerate(ids):
        if value in seen:
            field = f"template.{part}[{index}].{name}"
            yield Fault(field, f"{value} 重复", f"{value} stands there twice")
        seen.add(value)


def _unknown(part: str, name: str, ids: Sequence[str], known: set[str]) -> Iterator[Fault]:
    for index, value in enumerate(ids):
        if value not in known:
            field = f"template.{part}[{index}].{name}"
            yield Fault(field, f"没有 {value}", f"there is no {value}")
