"""Who could work on a case: units by its category and place, stewards by what they have in hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.routing.domain.assignment import Candidates
from services.routing.domain.directory import Category, PlaceRule
from services.routing.domain.shield import Shield


@dataclass(frozen=True, slots=True)
class Workplace:
    """A unit that is there, and how many work orders it has open."""

    unit_id: str
    name: str
    open_count: int = 0


@dataclass(frozen=True, slots=True)
class UnitProposal:
    """A unit that could have a work order; the best of a case's would lead."""

    unit_id: str
    zh: str
    en: str
    lead: bool = False
    name: str = ""
    open_count: int = 0


@dataclass(frozen=True, slots=True)
class Steward:
    """A person who could follow a case; `by_matrix` is the one of the case's unit."""

    person_id: str
    name: str
    open_count: int
    by_matrix: bool = False


@dataclass(frozen=True, slots=True)
class Matter:
    """What a case is about, as far as it tells whose business it is; all may be empty."""

    category: str
    place: str
    post_unit_id: str
    unit_id: str


def of_matter(
    matter: Matter, categories: Iterable[Category], place_rules: Sequence[PlaceRule]
) -> list[UnitProposal]:
    """Returns units for a matter, the best first and each once.

    Place and category say more than the place alone, that more than the category, that more than
    the post where it was taken or the unit of whoever complained. What rulings taught is in the
    category table.
    """
    found: list[UnitProposal] = []
    category = next((one for one in categories if one.category_id == matter.category), None)
    name = category.name if category is not None else matter.category
    fitting = [rule for rule in place_rules if rule.place in matter.place]
    for rule in fitting:
        if rule.category_id and rule.category_id == matter.category:
            zh = f"地点“{rule.place}”的“{name}”由该单位负责。"
            en = f"It answers for {matter.category} at “{rule.place}”."
            found.append(UnitProposal(rule.unit_id, zh, en))
    for rule in fitting:
        if not rule.category_id:
            zh, en = f"地点“{rule.place}”由该单位负责。", f"It answers for “{rule.place}”."
            found.append(UnitProposal(rule.unit_id, zh, en))
    if category is not None:
        zh, en = f"“{name}”类诉求由该单位牵头。", f"It leads on {matter.category}."
        found.append(UnitProposal(category.lead_unit_id, zh, en))
        zh, en = f"“{name}”类诉求由该单位配合。", f"It supports on {matter.category}."
        found += [UnitProposal(unit_id, zh, en) for unit_id in category.supporting_unit_ids]
    zh, en = "接件值守点由该单位管理。", "The post where it was taken is its."
    found.append(UnitProposal(matter.post_unit_id, zh, en))
    zh, en = "诉求来自该单位。", "The appeal comes from it."
    found.append(UnitProposal(matter.unit_id, zh, en))
    once: dict[str, UnitProposal] = {}
    for proposal in found:
        if proposal.unit_id:
            once.setdefault(proposal.unit_id, proposal)
    return list(once.values())


def units(
    proposed: Sequence[UnitProposal],
    workplaces: Mapping[str, Workplace],
    heads: Mapping[str, str],
    shield: Shield,
) -> list[UnitProposal]:
    """Returns those that are there and whose head may have the case in hand; the first leads."""
    fit = [
        replace(
            proposal,
            name=workplaces[proposal.unit_id].name,
            open_count=workplaces[proposal.unit_id].open_count,
        )
        for proposal in proposed
        if proposal.unit_id in workplaces
        and not shield.covers_alone(heads.get(proposal.unit_id, ""))
    ]
    return [replace(fit[0], lead=True), *fit[1:]] if fit else []


def stewards(present: Iterable[Steward], found: Candidates) -> list[Steward]:
    """Returns who may follow a case, the least loaded first; among equals the matrix decides."""
    fit = [
        replace(one, by_matrix=one.person_id == found.responsible.steward)
        for one in present
        if not found.keeps_away(one.person_id)
    ]
    return sorted(fit, key=lambda one: (one.open_count, not one.by_matrix, one.person_id))
