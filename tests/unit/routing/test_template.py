"""A site has what the group gives wherever it has nothing of its own, and nothing else."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.directory import (
    Category,
    CategoryLadder,
    Directory,
    Level,
    Position,
    Requirement,
    Rules,
    Window,
)
from services.routing.domain.faults import Fault
from services.routing.domain.roles import Role, UnitKind
from services.routing.domain.template import (
    NO_TEMPLATE,
    Template,
    at_site,
    check,
    group_categories,
    inherit,
)
from tests.unit.routing.test_directory import GOOD

TEMPLATE = Template(
    version=3,
    name="集团",
    categories=(Category("LIVING", "生活后勤"), Category("SAFETY", "安全")),
    positions=(Position("DIRECTOR", "主任"), Position("GROUP_INSPECTION", "集团纪委", "", True)),
    ladder=(Level("DIRECTOR", 2),),
    category_ladders=(
        CategoryLadder("SAFETY", (Level("DIRECTOR", 1),)),
        CategoryLadder("LIVING", (Level("DIRECTOR", 4),)),
    ),
    requirements=(Requirement(UnitKind.TEAM, (Role.STEWARD, Role.HEAD)),),
    rules=Rules(7, ("GROUP_INSPECTION",), (Window(0, 3600),), 30),
)
BARE = dataclasses.replace(
    GOOD, positions=(), categories=(), ladder=(), category_ladders=(), rules=Rules()
)


def test_a_bare_site_gets_everything() -> None:
    whole = inherit(BARE, TEMPLATE)
    assert whole.positions == TEMPLATE.positions
    assert whole.ladder == TEMPLATE.ladder
    assert whole.category_ladders == TEMPLATE.category_ladders
    assert whole.requirements == TEMPLATE.requirements
    assert whole.rules == TEMPLATE.rules
    # An inherited category counts under itself.
    assert [(c.category_id, c.group_category_id) for c in whole.categories] == [
        ("LIVING", "LIVING"),
        ("SAFETY", "SAFETY"),
    ]


def test_what_a_site_has_goes_before() -> None:
    own = dataclasses.replace(GOOD, rules=Rules(2, ("DIRECTOR",)))
    whole = inherit(own, TEMPLATE)
    assert whole.categories == own.categories
    assert whole.ladder == own.ladder
    assert whole.rules == Rules(2, ("DIRECTOR",), TEMPLATE.rules.steward_hours, 30)
    # Ladders of categories that the site hasn't stay with the group.
    assert whole.category_ladders == ()


def test_positions_are_added_vacant_where_the_site_has_none_of_the_name() -> None:
    held = dataclasses.replace(TEMPLATE, positions=(Position("UNION", "工会", "stranger"),))
    added = inherit(GOOD, held).positions
    assert added == (*GOOD.positions, Position("UNION", "工会"))


directories = st.builds(
    dataclasses.replace,
    st.just(GOOD),
    positions=st.lists(st.sampled_from(GOOD.positions), unique=True).map(tuple),
    categories=st.sampled_from([(), GOOD.categories, (Category("SAFETY", "安全"),)]),
    ladder=st.sampled_from([(), GOOD.ladder]),
    rules=st.sampled_from([Rules(), GOOD.rules, Rules(2, (), (), 9)]),
)


@given(directories)
def test_to_inherit_twice_is_to_inherit_once(directory: Directory) -> None:
    once = inherit(directory, TEMPLATE)
    assert inherit(once, TEMPLATE) == once
    assert inherit(directory, NO_TEMPLATE) == directory


@given(directories)
def test_nothing_of_the_site_is_lost(directory: Directory) -> None:
    whole = inherit(directory, TEMPLATE)
    assert whole.positions[: len(directory.positions)] == directory.positions
    assert (whole.units, whole.people, whole.posts) == (
        directory.units,
        directory.people,
        directory.posts,
    )
    for part in ("categories", "ladder", "category_ladders", "requirements"):
        own = getattr(directory, part)
        assert not own or getattr(whole, part) == own


def test_a_sound_template_has_no_faults() -> None:
    assert check(TEMPLATE) == []
    assert check(NO_TEMPLATE) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"positions": (*TEMPLATE.positions, TEMPLATE.positions[0])}, "positions[2].position_id"),
        (
            {"categories": (*TEMPLATE.categories, TEMPLATE.categories[0])},
            "categories[2].category_id",
        ),
        ({"ladder": (Level("GONE", 1),)}, "ladder[0].position_id"),
        (
            {"category_ladders": (CategoryLadder("GONE", ()),)},
            "category_ladders[0].category_id",
        ),
        (
            {"category_ladders": (CategoryLadder("LIVING", (Level("GONE", 1),)),)},
            "category_ladders[0].levels[0].position_id",
        ),
        ({"rules": Rules(alternate_chain=("GONE",))}, "rules.alternate_chain[0]"),
        (
            {"positions": (Position("DIRECTOR", "主任", "p1"), TEMPLATE.positions[1])},
            "positions[0].holder",
        ),
    ],
)
def test_each_contradiction_of_a_template_names_its_field(
    change: dict[str, object], field: str
) -> None:
    faults = check(dataclasses.replace(TEMPLATE, **change))  # type: ignore[arg-type]
    assert [fault.field for fault in faults] == [f"template.{field}"]


def test_faults_of_sites_name_the_site_in_both_languages() -> None:
    (fault,) = at_site("yuwu", [Fault("directory.ladder", "没有", "none")])
    assert (fault.field, fault.words) == ("sites[yuwu].directory.ladder", "yuwu：没有 (yuwu: none)")


def test_a_template_without_categories_says_nothing_of_them() -> None:
    assert group_categories(TEMPLATE) == ("LIVING", "SAFETY")
    assert group_categories(NO_TEMPLATE) is None
