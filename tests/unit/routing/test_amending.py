"""Single entries are put in, replaced and taken out by their codes; the rest stays as it was."""

import dataclasses
from datetime import date

from services.routing.domain.amending import amended, as_asked, merged_rows
from services.routing.domain.commands.lists import UpdateDirectory
from services.routing.domain.directory import Category, Person, Position, Post, Unit
from services.routing.domain.directory_check import check
from services.routing.domain.matrix import Responsibility
from services.routing.domain.roles import Role, UnitKind
from tests.unit.routing.test_directory import GOOD

DAY = date(2026, 1, 1)
CANTEEN = Unit("canteen", "食堂", UnitKind.WORKSHOP)


def update(**changes: object) -> UpdateDirectory:
    return UpdateDirectory(0, "yuwu", **changes)  # type: ignore[arg-type]


def test_an_entry_is_replaced_where_it_stands_and_a_new_one_comes_last() -> None:
    logistics = dataclasses.replace(GOOD.units[0], name="后勤中心")
    after, faults = amended(GOOD, GOOD, update(units=(CANTEEN, logistics)))
    assert faults == []
    assert after == dataclasses.replace(GOOD, units=(logistics, *GOOD.units[1:], CANTEEN))


def test_each_part_is_changed_by_its_own_codes() -> None:
    after, faults = amended(
        GOOD,
        GOOD,
        update(
            people=(Person("p3", "王五"),),
            positions=(Position("UNION", "工会"),),
            posts=(Post("north", "北风井"),),
            categories=(Category("OTHER", "其他"),),
            removed_unit_ids=("joint-1",),
            removed_person_ids=("p2",),
            removed_position_ids=("DIRECTOR",),
            removed_post_ids=("south",),
            removed_category_ids=("BATHING",),
        ),
    )
    assert faults == []
    assert [unit.unit_id for unit in after.units] == ["logistics", "bathhouse"]
    assert [person.person_id for person in after.people] == ["p1", "p3"]
    assert [p.position_id for p in after.positions] == ["DUTY_LEAD", "GROUP_INSPECTION", "UNION"]
    assert [post.post_id for post in after.posts] == ["north"]
    assert [category.category_id for category in after.categories] == ["OTHER"]


def test_what_cannot_be_done_is_told_with_its_field() -> None:
    inherited = dataclasses.replace(GOOD, positions=(*GOOD.positions, Position("UNION", "工会")))
    _, faults = amended(
        GOOD,
        inherited,
        update(
            units=(CANTEEN, CANTEEN),
            removed_unit_ids=("canteen", "gone"),
            removed_position_ids=("UNION",),
        ),
    )
    assert [fault.field for fault in faults] == [
        "units[1].unit_id",
        "removed_unit_ids[0]",
        "removed_unit_ids[1]",
        "removed_position_ids[0]",
    ]
    assert "集团模板" in faults[3].zh


def test_inherited_categories_become_the_sites_own_when_one_is_changed() -> None:
    source = dataclasses.replace(GOOD, categories=())
    untouched, _ = amended(source, GOOD, update(units=(CANTEEN,)))
    assert untouched.categories == ()
    after, _ = amended(source, GOOD, update(categories=(Category("OTHER", "其他"),)))
    assert [category.category_id for category in after.categories] == ["BATHING", "OTHER"]


def test_given_rows_replace_those_of_their_unit_and_role() -> None:
    rows = [
        Responsibility("bathhouse", Role.STEWARD, "p1", DAY, date(2026, 1, 31)),
        Responsibility("bathhouse", Role.STEWARD, "p2", date(2026, 2, 1)),
        Responsibility("bathhouse", Role.HEAD, "p2", DAY),
        Responsibility("joint-1", Role.STEWARD, "p1", DAY),
    ]
    given = Responsibility("bathhouse", Role.STEWARD, "p3", DAY)
    asked = update(responsibilities=(given,), removed_unit_ids=("joint-1",))
    assert merged_rows(rows, asked) == (given, rows[2])
    assert merged_rows(rows, update(removed_person_ids=("p2",))) == (rows[0], rows[3])
    assert merged_rows(rows, update()) == tuple(rows)


def test_faults_have_the_fields_of_the_request_where_they_are_of_it() -> None:
    orphan = Unit("orphan", "某队", UnitKind.TEAM, "gone")
    asked = update(units=(CANTEEN, orphan), removed_unit_ids=("logistics",))
    after, _ = amended(GOOD, GOOD, asked)
    assert [fault.field for fault in as_asked(check(after), after, asked)] == [
        # Of a unit that was there before.
        "directory.units[0].parent_id",
        "units[1].parent_id",
    ]
