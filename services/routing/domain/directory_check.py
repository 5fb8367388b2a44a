"""What a directory must be before it is published: every contradiction, told at once.

It is checked as it will be in force, with what it inherits; so a part that is missing here is
missing in the group's template as well.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.routing.domain.days import Days
from services.routing.domain.directory import (
    DUTY_LEAD,
    Directory,
    Level,
    Person,
    PlaceRule,
    Position,
    Requirement,
    Rules,
    Unit,
    Window,
)
from services.routing.domain.faults import Fault
from services.routing.domain.roles import Role

# A mobile number of China or an e-mail address; what they are kept for is elsewhere.
_CONTACT = re.compile(r"(\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|.*@.*")

# What a draft is told that would leave a site without a duty lead.
NO_DUTY_LEAD = Fault(
    "directory.positions",
    f"{DUTY_LEAD} 不能无人担任：值班表也没有不间断地排到两周之后",
    f"{DUTY_LEAD} can't be vacant: the roster doesn't cover the next two weeks either",
)


def check(directory: Directory, group_categories: Iterable[str] | None = None) -> list[Fault]:
    """Returns every contradiction of a directory, empty when there is none.

    `group_categories` are the codes of the template's; None where there is no template.
    """
    units = {unit.unit_id for unit in directory.units}
    people = {person.person_id for person in directory.people}
    positions = {position.position_id for position in directory.positions}
    categories = {category.category_id for category in directory.categories}
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
    faults += _unknown("units", "parent_id", [u.parent_id for u in directory.units], units)
    faults += _loops(directory.units)
    faults += _unknown("people", "unit_id", [p.unit_id for p in directory.people], units)
    faults += _contacts(directory.people)
    faults += _unknown("positions", "holder", [p.holder for p in directory.positions], people)
    faults += _unknown("posts", "unit_id", [post.unit_id for post in directory.posts], units)
    faults += _categories(directory, units, group_categories)
    faults += _missing(directory)
    faults += _ladders(directory, positions, categories)
    faults += _place_rules(directory.place_rules, units, categories)
    faults += _requirements(directory.requirements)
    faults += _alternates(directory.rules, directory.positions)
    faults += _days(directory)
    return faults


def check_zone(time_zone: str, in_force: str, *, roster: bool) -> list[Fault]:
    """Returns the fault of a zone other than the one in force while a roster counts by that."""
    if not roster or time_zone == in_force:
        return []
    return [
        Fault(
            "directory.time_zone",
            f"值班表按 {in_force} 排定，执行期间不能改为 {time_zone}；请先发布空值班表",
            f"the roster in force is by {in_force}; publish an empty one before {time_zone}",
        )
    ]


def is_time_zone(name: str) -> bool:
    """Tells whether the name is in the time zone database."""
    try:
        ZoneInfo(name)
    # What ZoneInfo makes of "Asia", "../x" and an over-long name.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _twice(part: str, name: str, ids: Sequence[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, value in enumerate(ids):
        if value in seen:
            yield Fault(
                f"directory.{part}[{index}].{name}", f"{value} 重复", f"{value} stands there twice"
            )
        seen.add(value)


def _unknown(part: str, name: str, ids: Sequence[str], known: set[str]) -> Iterator[Fault]:
    for index, value in enumerate(ids):
        if value and value not in known:
            yield _no(f"directory.{part}[{index}].{name}", value)


def _no(field: str, value: str) -> Fault:
    return Fault(field, f"没有 {value}", f"there is no {value}")


def _missing(directory: Directory) -> Iterator[Fault]:
    for part, entries, zh, en in (
        ("positions", directory.positions, "没有任何岗位", "there is no position"),
        ("categories", directory.categories, "没有任何诉求类别", "there is no category"),
        ("ladder", directory.ladder, "上报阶梯没有顶层", "the ladder has no top"),
    ):
        if not entries:
            yield Fault(
                f"directory.{part}",
                f"{zh}，集团模板也没有",
                f"{en}, nor does the group's template give one",
            )


def _categories(
    directory: Directory, units: set[str], group_categories: Iterable[str] | None
) -> Iterator[Fault]:
    categories = directory.categories
    yield from _unknown("categories", "lead_unit_id", [c.lead_unit_id for c in categories], units)
    for index, category in enumerate(categories):
        for number, unit_id in enumerate(category.supporting_unit_ids):
            if unit_id not in units:
                field = f"directory.categories[{index}].supporting_unit_ids[{number}]"
                yield _no(field, unit_id)
    if group_categories is not None:
        yield from _unknown(
            "categories",
            "group_category_id",
            [category.group_category_id for category in categories],
            set(group_categories),
        )


def _ladders(directory: Directory, positions: set[str], categories: set[str]) -> Iterator[Fault]:
    yield from _ladder("ladder", directory.ladder, positions)
    ladders = directory.category_ladders
    codes = [ladder.category_id for ladder in ladders]
    yield from _twice("category_ladders", "category_id", codes)
    yield from _unknown("category_ladders", "category_id", codes, categories)
    for index, ladder in enumerate(ladders):
        part = f"category_ladders[{index}].levels"
        if not ladder.levels:
            yield Fault(
                f"directory.{part}",
                f"{ladder.category_id} 的上报阶梯没有顶层",
                f"the ladder of {ladder.category_id} has no top",
            )
        yield from _ladder(part, ladder.levels, positions)


def _ladder(part: str, levels: Sequence[Level], positions: set[str]) -> Iterator[Fault]:
    codes = [level.position_id for level in levels]
    yield from _twice(part, "position_id", codes)
    yield from _unknown(part, "position_id", codes, positions)
    for index, level in enumerate(levels):
        if bool(level.dwell_working_days) == bool(level.dwell_working_time):
            yield Fault(
                f"directory.{part}[{index}].dwell_working_days",
                f"{level.position_id} 的批示期限须写工作日数或工作时间，二者择一",
                f"{level.position_id} answers within working days or working time, one of them",
            )


def _place_rules(
    rules: Sequence[PlaceRule], units: set[str], categories: set[str]
) -> Iterator[Fault]:
    yield from _unknown("place_rules", "unit_id", [rule.unit_id for rule in rules], units)
    yield from _unknown(
        "place_rules", "category_id", [rule.category_id for rule in rules], categories
    )


def _requirements(requirements: Sequence[Requirement]) -> Iterator[Fault]:
    yield from _twice("role_requirements", "kind", [each.kind.value for each in requirements])
    for index, requirement in enumerate(requirements):
        if Role.STEWARD not in requirement.roles:
            yield Fault(
                f"directory.role_requirements[{index}].roles",
                f"{requirement.kind} 须有包保人员（STEWARD）",
                f"a {requirement.kind} can't be without a STEWARD",
            )


def _alternates(rules: Rules, positions: Sequence[Position]) -> Iterator[Fault]:
    field = "directory.rules.alternate_chain"
    chain = rules.alternate_chain
    outside = {position.position_id: position.outside for position in positions}
    for index, position_id in enumerate(chain):
        if position_id not in outside:
            yield _no(f"{field}[{index}]", position_id)
    if not chain:
        yield Fault(
            field,
            "没有回避时接办的岗位，集团模板也没有",
            "nobody takes what the ordinary chain may not know, nor does the template say who",
        )
    elif not any(outside.get(position_id) for position_id in chain):
        yield Fault(
            field, "其中至少须有一个矿外岗位", "at least one position of it is outside the mine"
        )


def _days(directory: Directory) -> Iterator[Fault]:
    spans = [
        *((f"units[{index}]", unit.days) for index, unit in enumerate(directory.units)),
        *((f"people[{index}]", person.days) for index, person in enumerate(directory.people)),
        *_windows("rules.steward_hours", directory.rules.steward_hours),
    ]
    for index, post in enumerate(directory.posts):
        spans += _windows(f"posts[{index}].windows", post.windows)
    for field, days in spans:
        if not days.ordered:
            yield Fault(
                f"directory.{field}.end_date",
                f"止于 {days.end}，早于起始 {days.start}",
                f"ends {days.end}, before it starts {days.start}",
            )


def _windows(field: str, windows: Iterable[Window]) -> list[tuple[str, Days]]:
    return [(f"{field}[{index}]", window.days) for index, window in enumerate(windows)]


def _contacts(people: Sequence[Person]) -> Iterator[Fault]:
    for index, person in enumerate(people):
        if person.contact_ref and _CONTACT.fullmatch(person.contact_ref):
            yield Fault(
                f"directory.people[{index}].contact_ref",
                f"{person.person_id} 处只写通讯录中的编号，不写电话或邮箱",
                f"an entry of the address book for {person.person_id}, no number or address",
            )


def _loops(units: Sequence[Unit]) -> Iterator[Fault]:
    """Names each loop once, at the first of its units."""
    parents = {unit.unit_id: unit.parent_id for unit in units}
    cleared: set[str] = set()
    for index, unit in enumerate(units):
        # In order, and quick to look into: a chain may be as long as the list.
        path: dict[str, int] = {}
        at = unit.unit_id
        while at and at in parents and at not in cleared and at not in path:
            path[at] = len(path)
            at = parents[at]
        if at and at in path:
            loop = " → ".join([*list(path)[path[at] :], at])
            yield Fault(
                f"directory.units[{index}].parent_id", f"上下级成环：{loop}", f"a loop: {loop}"
            )
        cleared.update(path)
