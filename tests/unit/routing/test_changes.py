"""What is otherwise in a list is told entry by entry: what is new, what it was, what is gone."""

import dataclasses
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.changes import (
    ChangeKind,
    ListChange,
    compare,
    of_directories,
    of_matrices,
    of_rosters,
)
from services.routing.domain.days import Days
from services.routing.domain.directory import (
    Category,
    CategoryLadder,
    Level,
    Person,
    PlaceRule,
    Position,
    Post,
    Requirement,
    Rules,
    Unit,
    Window,
)
from services.routing.domain.matrix import Responsibility
from services.routing.domain.roles import Role, UnitKind
from services.routing.domain.roster import Shift
from tests.unit.routing.test_directory import GOOD

DAY = date(2026, 1, 1)


def test_nothing_is_otherwise_in_the_same_directory_or_in_a_first_one() -> None:
    assert of_directories(GOOD, GOOD) == []
    assert of_directories(None, GOOD) == []


def test_every_part_of_a_directory_is_looked_at() -> None:
    after = dataclasses.replace(
        GOOD,
        name="余吾",
        units=(*GOOD.units[:2], Unit("canteen", "食堂", UnitKind.WORKSHOP, days=Days(DAY))),
        people=(GOOD.people[0], Person("p2", "李四", "logistics")),
        positions=(*GOOD.positions, Position("UNION", "工会", "p2")),
        posts=(Post("south", "南风井", windows=(Window(41_400, 48_600, frozenset({0, 6})),)),),
        categories=(Category("BATHING", "洗浴", "LIVING", "bathhouse", ("logistics",)),),
        ladder=(Level("DUTY_LEAD", 1), Level("DIRECTOR", 0, timedelta(hours=4))),
        category_ladders=(CategoryLadder("BATHING", (Level("DIRECTOR", 3),)),),
        place_rules=(PlaceRule("南风井", "BATHING", "bathhouse"),),
        requirements=(Requirement(UnitKind.TEAM, (Role.STEWARD, Role.HEAD)),),
        rules=dataclasses.replace(GOOD.rules, span_limit=5),
    )
    added, changed, removed = ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED
    assert of_directories(GOOD, after) == [
        ListChange(changed, "site", "name", "余吾煤业", "余吾"),
        ListChange(added, "units", "canteen", "", "食堂, WORKSHOP, 2026-01-01.."),
        ListChange(removed, "units", "joint-1", "联建一队, JOINT_TEAM", ""),
        ListChange(changed, "people", "p2", "李四, unit_id bathhouse", "李四, unit_id logistics"),
        ListChange(added, "positions", "UNION", "", "工会, holder p2"),
        ListChange(
            changed,
            "posts",
            "south",
            "南风井职工餐厅门口",
            "南风井, windows 17, 11:30-13:30",
        ),
        ListChange(
            changed,
            "categories",
            "BATHING",
            "洗浴, lead_unit_id bathhouse",
            "洗浴, group_category_id LIVING, lead_unit_id bathhouse, supporting_unit_ids logistics",
        ),
        ListChange(changed, "ladder", "2", "DIRECTOR 2 d", "DIRECTOR 240 min"),
        ListChange(added, "category_ladders", "BATHING", "", "DIRECTOR 3 d"),
        ListChange(added, "place_rules", "南风井/BATHING", "", "bathhouse"),
        ListChange(added, "role_requirements", "TEAM", "", "STEWARD HEAD"),
        ListChange(added, "rules", "span_limit", "", "5"),
    ]


def test_rules_that_are_left_out_again_are_gone() -> None:
    ruled = dataclasses.replace(GOOD, rules=Rules(5, GOOD.rules.alternate_chain))
    (change,) = of_directories(ruled, GOOD)
    assert (change.kind, change.id, change.before) == (ChangeKind.REMOVED, "span_limit", "5")


def test_rows_of_a_unit_and_role_are_one_entry() -> None:
    before = [
        Responsibility("bathhouse", Role.STEWARD, "zhang", DAY),
        Responsibility("logistics", Role.STEWARD, "li", DAY),
    ]
    cut = Responsibility("bathhouse", Role.STEWARD, "zhang", DAY, date(2026, 1, 31))
    after = [Responsibility("bathhouse", Role.STEWARD, "li", date(2026, 2, 1), None, "zhao"), cut]
    assert of_matrices(before, after) == [
        ListChange(
            ChangeKind.CHANGED,
            "responsibilities",
            "bathhouse/STEWARD",
            "zhang, 2026-01-01..",
            "zhang, 2026-01-01..2026-01-31; li, 2026-02-01.., deputy zhao",
        ),
        ListChange(ChangeKind.REMOVED, "responsibilities", "logistics/STEWARD", "li, 2026-01-01.."),
    ]
    assert of_matrices(before, before[::-1]) == []


def test_shifts_are_told_by_place_and_person() -> None:
    shift = Shift("", "DUTY_LEAD", "sun", DAY, DAY, 8 * 3600, 16 * 3600 + 30)
    (change,) = of_rosters([], [shift])
    assert (change.id, change.after) == (
        "DUTY_LEAD/sun",
        "2026-01-01..2026-01-01 08:00-16:00:30",
    )


def test_a_change_is_told_in_both_languages() -> None:
    change = ListChange(ChangeKind.CHANGED, "units", "u1", "浴室", "浴室班")
    assert change.words == "改动 u1：浴室 → 浴室班 (u1 changed)"


entries = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2))


@given(entries, entries)
def test_the_changes_lead_from_one_version_to_the_other(
    before: dict[str, int], after: dict[str, int]
) -> None:
    left = dict(before)
    for change in compare("part", before, after, str):
        if change.kind is ChangeKind.REMOVED:
            assert left.pop(change.id) == int(change.before)
        else:
            assert (change.kind is ChangeKind.ADDED) == (change.id not in left)
            left[change.id] = int(change.after)
    assert left == after
