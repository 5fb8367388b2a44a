"""Units and stewards that are proposed for a case, and what is told when it changes hands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.routing.domain import handover, proposals
from services.routing.domain import ladder as ladders
from services.routing.domain import route as routes
from services.routing.domain.assignment import Alternate, Candidates, Responsible, assign
from services.routing.domain.directory import Category, Level, PlaceRule
from services.routing.domain.proposals import Matter, Steward, Workplace
from services.routing.domain.route import Instruction, Route
from services.routing.domain.shield import NO_SHIELD, Shield
from services.routing.domain.work_orders import WorkOrder, WorkOrderState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CATEGORIES = [Category("BATHING", "洗浴", "", "bathhouse", ("power", "water"))]
RULES = [
    PlaceRule("风井", "", "shaft"),
    PlaceRule("南风井", "BATHING", "logistics"),
    PlaceRule("南风井", "FOOD", "kitchen"),
]


def proposed(**given: str) -> list[str]:
    matter = Matter("", "", "", "")
    found = proposals.of_matter(replace(matter, **given), CATEGORIES, RULES)
    return [one.unit_id for one in found]


def test_what_says_more_about_a_matter_comes_first() -> None:
    units = proposed(
        category="BATHING", place="南风井浴室", post_unit_id="canteen", unit_id="team-7"
    )
    assert units == ["logistics", "shaft", "bathhouse", "power", "water", "canteen", "team-7"]


def test_a_unit_is_proposed_once_and_for_its_best_reason() -> None:
    matter = Matter("BATHING", "南风井", "logistics", "bathhouse")
    found = proposals.of_matter(matter, CATEGORIES, RULES)
    assert [one.unit_id for one in found] == ["logistics", "shaft", "bathhouse", "power", "water"]
    assert "南风井" in found[0].zh and "南风井" in found[0].en
    assert "牵头" in found[2].zh


def test_nothing_is_proposed_for_nothing() -> None:
    assert proposed() == []
    assert proposed(category="ELSE", place="井下") == []


def test_units_that_are_gone_or_keep_away_are_left_out_and_the_first_leads() -> None:
    matter = Matter("BATHING", "南风井", "", "team-7")
    found = proposals.of_matter(matter, CATEGORIES, RULES)
    places = {
        unit: Workplace(unit, f"{unit}!", number)
        for number, unit in enumerate(["shaft", "bathhouse", "power", "team-7"])
    }
    heads = {"shaft": "p1", "bathhouse": "p2"}
    units = proposals.units(found, places, heads, Shield(frozenset({"p1"})))
    assert [(one.unit_id, one.name, one.open_count, one.lead) for one in units] == [
        ("bathhouse", "bathhouse!", 1, True),
        ("power", "power!", 2, False),
        ("team-7", "team-7!", 3, False),
    ]
    assert proposals.units(found, {}, {}, NO_SHIELD) == []


def test_the_least_loaded_steward_comes_first_then_the_matrixs() -> None:
    found = Candidates("shop", Responsible("车间", "p3"))
    present = [Steward("p1", "", 2), Steward("p2", "", 1), Steward("p3", "", 1)]
    ranked = proposals.stewards(present, found)
    assert [(one.person_id, one.by_matrix) for one in ranked] == [
        ("p3", True),
        ("p2", False),
        ("p1", False),
    ]
    shielded = replace(found, shield=Shield(frozenset({"p3"})))
    assert [one.person_id for one in proposals.stewards(present, shielded)] == ["p2", "p1"]
    line = replace(
        found, shield=Shield(frozenset({"x"}), level=1), alternates=(Alternate("UNION", "p1"),)
    )
    assert [one.person_id for one in proposals.stewards(present, line)] == ["p1"]


def order(unit: str, state: WorkOrderState = WorkOrderState.DISPATCHED) -> WorkOrder:
    return WorkOrder(
        f"order-{unit}",
        "case-1",
        "yuwu",
        unit,
        unit == "u0",
        "更换\n淋浴头" * 20,
        NOW + timedelta(days=1),
        state,
        NOW,
    )


def a_route() -> Route:
    asked = routes.asked_for("case-1", "yuwu", "shop", NOW)
    return routes.reassign(asked, assign(Candidates("shop", Responsible("车间", "p1"))), NOW)


ZONE = ZoneInfo("Asia/Shanghai")


def test_a_note_tells_where_the_case_stands() -> None:
    note = handover.note(a_route(), (), {}, ZONE)
    assert note.splitlines() == [
        "现状：办理中，第 1 轮，2026-11-23 09:00 登记。",
        "原负责人：p1，尚未接收。",
        "层级：包保人员，未上报。",
        "工单：没有未完成的工单。",
    ]
    accepted = routes.accept(a_route(), "p1", NOW)
    assert "原负责人：p1，2026-11-23 09:00 已接收。" in handover.note(accepted, (), {}, ZONE)
    queued = replace(a_route(), steward="")
    assert "原负责人" not in handover.note(queued, (), {}, ZONE)


def test_a_note_tells_the_level_and_its_answer() -> None:
    step = ladders.next_step(a_route(), [Level("DUTY_LEAD", 1), Level("DIRECTOR", 1)])
    assert step is not None
    risen = ladders.move(a_route(), step, "p2", NOW)
    assert "第 1 级（DUTY_LEAD），2026-11-23 09:00 起；尚未批示。" in handover.note(
        risen, (), {}, ZONE
    )
    told = ladders.instruct(risen, Instruction.ORDER, "三日内办结", "p2", NOW)
    assert "p2 批示责成办理：三日内办结" in handover.note(told, (), {}, ZONE)


def test_a_note_lists_what_is_open_and_not_too_much_of_it() -> None:
    done = order("u9", WorkOrderState.COMPLETED)
    names = {("unit", "u0"): "浴室班"}
    note = handover.note(a_route(), (order("u0"), order("u1"), done), names, ZONE)
    lines = [line for line in note.splitlines() if line.startswith("工单")]
    assert lines[0].startswith("工单：浴室班（牵头），待接单，限 2026-11-24 09:00 前：更换 淋浴头")
    assert lines[1].startswith("工单：u1，待接单")
    assert len(lines) == 2
    assert all(len(line) < 120 for line in lines)
    many = [order(f"u{number}") for number in range(14)]
    assert handover.note(a_route(), many, {}, ZONE).endswith("另有未完成工单 4 件。")
