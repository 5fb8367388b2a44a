"""A directory that contradicts itself is refused with all its faults, each with its field."""

import dataclasses
from datetime import date, timedelta

import pytest

from services.routing.domain.days import Days
from services.routing.domain.directory import (
    Category,
    CategoryLadder,
    Directory,
    Level,
    Person,
    PlaceRule,
    Position,
    Post,
    Requirement,
    Rules,
    Unit,
    Window,
    is_within,
)
from services.routing.domain.directory_check import check, check_zone
from services.routing.domain.faults import violations
from services.routing.domain.roles import Role, UnitKind

GOOD = Directory(
    site_id="yuwu",
    name="余吾煤业",
    number_prefix="YW",
    time_zone="Asia/Shanghai",
    units=(
        Unit("logistics", "后勤部", UnitKind.DEPARTMENT),
        Unit("bathhouse", "浴室班", UnitKind.TEAM, "logistics"),
        Unit("joint-1", "联建一队", UnitKind.JOINT_TEAM),
    ),
    people=(Person("p1", "张三"), Person("p2", "李四", "bathhouse")),
    positions=(
        Position("DUTY_LEAD", "值班负责人", "p1"),
        Position("DIRECTOR", "主任"),
        Position("GROUP_INSPECTION", "集团纪委", outside=True),
    ),
    posts=(Post("south", "南风井职工餐厅门口"),),
    categories=(Category("BATHING", "洗浴", lead_unit_id="bathhouse"),),
    ladder=(Level("DUTY_LEAD", 1), Level("DIRECTOR", 2)),
    rules=Rules(alternate_chain=("GROUP_INSPECTION",)),
)
BACKWARDS = Days(date(2026, 2, 1), date(2026, 1, 31))


def fields(directory: Directory) -> list[str]:
    return [fault.field for fault in check(directory)]


def test_a_sound_directory_has_no_faults() -> None:
    assert check(GOOD) == []
    in_time = (Level("DUTY_LEAD", dwell_working_time=timedelta(hours=4)), GOOD.ladder[1])
    assert check(dataclasses.replace(GOOD, ladder=in_time)) == []


def test_loops_are_found_once_each_and_spelt_out() -> None:
    units = (
        Unit("a", "甲", UnitKind.TEAM, "b"),
        Unit("b", "乙", UnitKind.TEAM, "c"),
        Unit("c", "丙", UnitKind.TEAM, "a"),
        Unit("d", "丁", UnitKind.TEAM, "a"),
        Unit("e", "戊", UnitKind.TEAM, "e"),
    )
    faults = check(
        dataclasses.replace(
            GOOD, units=units, people=(GOOD.people[0],), categories=(Category("OTHER", "其他"),)
        )
    )
    assert [fault.field for fault in faults] == [
        "directory.units[0].parent_id",
        "directory.units[4].parent_id",
    ]
    assert "a → b → c → a" in faults[0].words
    assert "e → e" in faults[1].words


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"units": (*GOOD.units, GOOD.units[0])}, "directory.units[3].unit_id"),
        ({"people": (*GOOD.people, GOOD.people[1])}, "directory.people[2].person_id"),
        (
            {"positions": (*GOOD.positions, GOOD.positions[1])},
            "directory.positions[3].position_id",
        ),
        ({"posts": (GOOD.posts[0], GOOD.posts[0])}, "directory.posts[1].post_id"),
        (
            {"categories": (*GOOD.categories, GOOD.categories[0])},
            "directory.categories[1].category_id",
        ),
        ({"ladder": (*GOOD.ladder, Level("DIRECTOR", 1))}, "directory.ladder[2].position_id"),
        ({"ladder": (Level("NOBODY", 1),)}, "directory.ladder[0].position_id"),
        ({"ladder": (Level("DIRECTOR"),)}, "directory.ladder[0].dwell_working_days"),
        (
            {"ladder": (GOOD.ladder[0], Level("DIRECTOR", 1, timedelta(hours=4)))},
            "directory.ladder[1].dwell_working_days",
        ),
        (
            {"units": (*GOOD.units, Unit("x", "某队", UnitKind.TEAM, "gone"))},
            "directory.units[3].parent_id",
        ),
        ({"people": (*GOOD.people, Person("p3", "王五", "gone"))}, "directory.people[2].unit_id"),
        (
            {"positions": (Position("DUTY_LEAD", "值班负责人", "gone"), *GOOD.positions[1:])},
            "directory.positions[0].holder",
        ),
        (
            {"categories": (Category("BATHING", "洗浴", lead_unit_id="gone"),)},
            "directory.categories[0].lead_unit_id",
        ),
        (
            {"units": (*GOOD.units, Unit("x", "某队", UnitKind.TEAM, days=BACKWARDS))},
            "directory.units[3].end_date",
        ),
        (
            {"people": (*GOOD.people, Person("p3", "王五", days=BACKWARDS))},
            "directory.people[2].end_date",
        ),
        (
            {"people": (*GOOD.people, Person("p3", "王五", contact_ref="+86 138 0013 8000"))},
            "directory.people[2].contact_ref",
        ),
        (
            {"people": (*GOOD.people, Person("p3", "王五", contact_ref="wang@example.com"))},
            "directory.people[2].contact_ref",
        ),
        ({"posts": (Post("south", "南风井", unit_id="gone"),)}, "directory.posts[0].unit_id"),
        (
            {"posts": (Post("south", "南风井", windows=(Window(0, 60, days=BACKWARDS),)),)},
            "directory.posts[0].windows[0].end_date",
        ),
        (
            {"categories": (Category("BATHING", "洗浴", "", "", ("logistics", "gone")),)},
            "directory.categories[0].supporting_unit_ids[1]",
        ),
        (
            {"place_rules": (PlaceRule("南风井", "", "gone"),)},
            "directory.place_rules[0].unit_id",
        ),
        (
            {"place_rules": (PlaceRule("南风井", "GONE", "bathhouse"),)},
            "directory.place_rules[0].category_id",
        ),
        (
            {"category_ladders": (CategoryLadder("GONE", GOOD.ladder),)},
            "directory.category_ladders[0].category_id",
        ),
        (
            {"category_ladders": (CategoryLadder("BATHING", GOOD.ladder),) * 2},
            "directory.category_ladders[1].category_id",
        ),
        (
            {"category_ladders": (CategoryLadder("BATHING", ()),)},
            "directory.category_ladders[0].levels",
        ),
        (
            {"category_ladders": (CategoryLadder("BATHING", (Level("NOBODY", 1),)),)},
            "directory.category_ladders[0].levels[0].position_id",
        ),
        (
            {"requirements": (Requirement(UnitKind.TEAM, (Role.HEAD,)),)},
            "directory.role_requirements[0].roles",
        ),
        (
            {"requirements": (Requirement(UnitKind.TEAM, (Role.STEWARD,)),) * 2},
            "directory.role_requirements[1].kind",
        ),
        ({"rules": Rules()}, "directory.rules.alternate_chain"),
        (
            {"rules": Rules(alternate_chain=("DUTY_LEAD",))},
            "directory.rules.alternate_chain",
        ),
        (
            {"rules": Rules(alternate_chain=("GROUP_INSPECTION", "GONE"))},
            "directory.rules.alternate_chain[1]",
        ),
        (
            {
                "rules": dataclasses.replace(
                    GOOD.rules, steward_hours=(Window(0, 60, days=BACKWARDS),)
                )
            },
            "directory.rules.steward_hours[0].end_date",
        ),
        ({"ladder": ()}, "directory.ladder"),
        ({"categories": ()}, "directory.categories"),
        ({"time_zone": "Mars/Olympus"}, "directory.time_zone"),
        ({"time_zone": "../etc/passwd"}, "directory.time_zone"),
        ({"time_zone": "Asia"}, "directory.time_zone"),
    ],
)
def test_each_contradiction_names_its_field(change: dict[str, object], field: str) -> None:
    assert fields(dataclasses.replace(GOOD, **change)) == [field]  # type: ignore[arg-type]


def test_all_faults_are_told_together() -> None:
    bad = dataclasses.replace(
        GOOD,
        people=(Person("p1", "张三", "gone"), Person("p1", "张三")),
        ladder=(Level("NOBODY", 1),),
    )
    found = violations(check(bad))
    assert [violation.field for violation in found] == [
        "directory.people[1].person_id",
        "directory.people[0].unit_id",
        "directory.ladder[0].position_id",
    ]
    assert found[0].description == "p1 重复 (p1 stands there twice)"


def test_a_unit_is_within_itself_and_all_above_it() -> None:
    parents = {"team": "workshop", "workshop": "mine", "mine": "", "loop": "loop"}
    assert is_within(parents, "team", "team")
    assert is_within(parents, "team", "mine")
    assert not is_within(parents, "mine", "team")
    assert not is_within(parents, "loop", "mine")
    assert not is_within(parents, "unknown", "mine")


def test_categories_count_under_those_of_the_group() -> None:
    under = dataclasses.replace(GOOD, categories=(Category("BATHING", "洗浴", "LIVING"),))
    assert check(under, ("LIVING",)) == []
    assert [fault.field for fault in check(under, ("OTHER",))] == [
        "directory.categories[0].group_category_id"
    ]
    # Before there is a template nobody knows them.
    assert check(under) == []


def test_a_long_chain_of_units_is_not_a_loop() -> None:
    chain = tuple(
        Unit(f"u{number}", "队", UnitKind.TEAM, f"u{number + 1}" if number < 4999 else "")
        for number in range(5000)
    )
    assert check(dataclasses.replace(GOOD, units=(*GOOD.units, *chain))) == []
    entry = Person("p3", "王五", contact_ref="hr/20261122")
    assert check(dataclasses.replace(GOOD, people=(*GOOD.people, entry))) == []


def test_without_positions_everything_that_rests_on_them_is_told() -> None:
    found = fields(dataclasses.replace(GOOD, positions=()))
    assert found == [
        "directory.positions",
        "directory.ladder[0].position_id",
        "directory.ladder[1].position_id",
        "directory.rules.alternate_chain[0]",
        "directory.rules.alternate_chain",
    ]


def test_the_zone_stays_while_a_roster_counts_by_it() -> None:
    assert check_zone("Asia/Tokyo", "Asia/Shanghai", roster=False) == []
    assert check_zone("Asia/Shanghai", "Asia/Shanghai", roster=True) == []
    (fault,) = check_zone("Asia/Tokyo", "Asia/Shanghai", roster=True)
    assert fault.field == "directory.time_zone"
