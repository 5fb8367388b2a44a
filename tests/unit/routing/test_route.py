"""Who has a case: at registration, at handover, up the ladder and down again."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.routing.domain import route as routes
from services.routing.domain.directory import Level
from services.routing.domain.roster import Duty
from services.routing.domain.route import (
    QUEUE,
    Instruction,
    Responsible,
    Route,
    RouteFile,
    RouteState,
    Rule,
    Seal,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LADDER = [Level("DUTY_LEAD", 1), Level("DIRECTOR", 2), Level("LEADING_GROUP", 5)]
STEWARD = Responsible("浴室班", "p1", "张三", ("p3", "p4"))
NO_ROW = Responsible("浴室班")
LEAD = Duty("p2", "李四", by_roster=True)
VACANT = Duty("", "", by_roster=False)


def a_route(responsible: Responsible = STEWARD, lead: Duty | None = None) -> Route:
    given = routes.assign("bathhouse", responsible, lead)
    return routes.open_route("case-1", "yuwu", "bathhouse", given, NOW)


def up(route: Route, holder: Duty | None = LEAD, time: datetime = NOW) -> Route:
    step = routes.next_step(route, LADDER)
    assert step is not None
    return routes.escalate(route, step, holder, time)


def test_the_matrix_names_the_steward() -> None:
    given = routes.assign("bathhouse", STEWARD, LEAD)
    assert (given.steward, given.rule) == ("p1", Rule.RESPONSIBILITY)
    assert given.also_told == ("p3", "p4")
    assert "张三(p1)" in given.reasons[0]


@pytest.mark.parametrize(
    ("unit_id", "responsible", "why"),
    [
        ("", Responsible(), "没有写明单位"),
        ("gone", Responsible(), "没有单位 gone"),
        ("bathhouse", NO_ROW, "没有包保人员"),
    ],
)
def test_without_a_row_the_duty_lead_has_it_then_the_queue(
    unit_id: str, responsible: Responsible, why: str
) -> None:
    given = routes.assign(unit_id, responsible, LEAD)
    assert (given.steward, given.rule) == ("p2", Rule.DUTY_LEAD)
    assert why in given.reasons[0]
    assert "按值班表" in given.reasons[-1]
    for nobody in (None, VACANT):
        queued = routes.assign(unit_id, responsible, nobody)
        assert (queued.steward, queued.rule) == ("", Rule.QUEUE)
        assert why in queued.reasons[0]


def test_a_queued_case_is_the_dispatch_rooms() -> None:
    assert a_route(NO_ROW).accountable == QUEUE


def test_handover_follows_the_matrix() -> None:
    other = Responsible("浴室班", "p5", "王五")
    given = routes.handed_over(a_route(), other, LEAD, known=True)
    assert given is not None
    assert (given.steward, given.rule) == ("p5", Rule.HANDOVER)
    moved = routes.reassign(a_route(), given, NOW)
    assert (moved.steward, moved.accountable, moved.accept_time) == ("p5", "p5", None)


def test_handover_leaves_alone_what_it_should() -> None:
    by_hand = routes.reassign(a_route(), routes.by_hand("p9", "赵六", "d1", "熟悉情况"), NOW)
    assert routes.handed_over(by_hand, STEWARD, LEAD, known=True) is None
    assert routes.handed_over(a_route(), STEWARD, LEAD, known=True) is None
    on_duty = a_route(NO_ROW, LEAD)
    next_lead = Duty("p8", "孙七", by_roster=True)
    assert routes.handed_over(on_duty, NO_ROW, next_lead, known=True) is None
    assert routes.handed_over(a_route(NO_ROW), NO_ROW, LEAD, known=False) is None
    closed = routes.close(a_route())
    assert routes.handed_over(closed, Responsible("浴室班", "p5"), LEAD, known=True) is None


def test_whoever_has_left_keeps_nothing() -> None:
    by_hand = routes.reassign(a_route(), routes.by_hand("p9", "赵六", "d1", "熟悉情况"), NOW)
    for route in (by_hand, a_route(NO_ROW, LEAD)):
        given = routes.handed_over(route, STEWARD, LEAD, known=False)
        assert given is not None
        assert given.steward == "p1"
    gone = routes.handed_over(a_route(), NO_ROW, VACANT, known=False)
    assert gone is not None
    assert (gone.steward, gone.rule) == ("", Rule.HANDOVER)


def test_a_gap_that_was_filled_takes_the_case_off_the_queue() -> None:
    given = routes.handed_over(a_route(NO_ROW), STEWARD, None, known=False)
    assert given is not None
    assert given.steward == "p1"


def test_a_case_climbs_one_level_at_a_time_and_rests_at_the_top() -> None:
    route = a_route()
    seen = []
    for _ in range(3):
        step = routes.next_step(route, LADDER)
        assert step is not None
        route = routes.escalate(route, step, LEAD, NOW)
        seen.append((step.level, step.position_id, step.dwell_working_days, step.top))
    assert seen == [
        (1, "DUTY_LEAD", 1, False),
        (2, "DIRECTOR", 2, False),
        (3, "LEADING_GROUP", 0, True),
    ]
    assert routes.next_step(route, LADDER) is None


def test_a_level_answers_within_days_or_within_working_time_and_the_top_within_none() -> None:
    hours = timedelta(hours=4)
    ladder = [Level("DUTY_LEAD", dwell_working_time=hours), Level("DIRECTOR", 0, hours)]
    step = routes.next_step(a_route(), ladder)
    assert step is not None
    assert (step.dwell_working_days, step.dwell_working_time) == (0, hours)
    top = routes.next_step(routes.escalate(a_route(), step, LEAD, NOW), ladder)
    assert top is not None
    assert (top.top, top.dwell_working_days, top.dwell_working_time) == (True, 0, timedelta(0))


def test_a_top_that_answered_owes_anew_at_the_next_breach() -> None:
    route = up(up(up(a_route())))
    answered = routes.instruct(route, Instruction.ORDER, "限期整改", "p2", NOW)
    step = routes.next_step(answered, LADDER)
    assert step is not None
    assert (step.level, step.top) == (3, True)
    assert routes.escalate(answered, step, LEAD, NOW).answered is None


def test_a_shortened_ladder_holds_a_case_at_its_new_top() -> None:
    route = up(up(up(a_route())))
    assert routes.next_step(route, LADDER[:2]) is None
    assert routes.next_step(route, []) is None


def test_a_vacant_level_leaves_the_case_to_the_queue() -> None:
    for nobody in (VACANT, None):
        route = up(a_route(), nobody)
        assert (route.accountable, route.level_position) == (QUEUE, "DUTY_LEAD")


@pytest.mark.parametrize(
    ("kind", "accountable"),
    [
        (Instruction.ORDER, "p1"),
        (Instruction.CANNOT_BE_DONE, "p1"),
        (Instruction.TAKE_OVER, "p2"),
    ],
)
def test_an_instruction_gives_the_case_back_unless_it_is_taken_over(
    kind: Instruction, accountable: str
) -> None:
    route = up(a_route())
    assert route.accountable == "p2"
    assert routes.instruct(route, kind, "照办", "p2", NOW).accountable == accountable


@pytest.mark.parametrize("holder", [LEAD, VACANT])
def test_whoever_takes_over_has_the_case(holder: Duty) -> None:
    taken = routes.instruct(up(a_route(), holder), Instruction.TAKE_OVER, "我来", "p7", NOW)
    assert (taken.accountable, taken.level_owner) == ("p7", "p7")


def test_a_level_and_those_above_it_may_answer() -> None:
    at_2 = up(up(a_route()))
    assert routes.may_answer(at_2, LADDER) == ["DIRECTOR", "LEADING_GROUP"]
    # Of a ladder made shorter since, the level's own position remains.
    assert routes.may_answer(up(at_2), LADDER[:2]) == ["LEADING_GROUP"]


def test_only_an_unanswered_level_owes_an_instruction() -> None:
    with pytest.raises(Refused, match="NO_INSTRUCTION_OWED"):
        routes.instruct(a_route(), Instruction.ORDER, "x", "p2", NOW)
    answered = routes.instruct(up(a_route()), Instruction.ORDER, "x", "p2", NOW)
    with pytest.raises(Refused, match="NO_INSTRUCTION_OWED"):
        routes.instruct(answered, Instruction.ORDER, "x", "p2", NOW)


def test_a_dwell_breach_of_an_earlier_level_is_stale() -> None:
    first = up(a_route())
    assert not routes.stale_dwell(first, NOW)
    later = NOW + timedelta(hours=1)
    assert routes.stale_dwell(up(first, time=later), NOW)
    assert not routes.stale_dwell(up(first, time=later), later)
    assert routes.stale_dwell(routes.instruct(first, Instruction.ORDER, "x", "p2", NOW), NOW)
    assert routes.stale_dwell(a_route(), NOW)


def test_a_breach_due_before_the_level_was_reached_is_the_levels_already() -> None:
    assert not routes.reached_since(a_route(), NOW)
    there = up(a_route())
    assert routes.reached_since(there, NOW)
    assert routes.reached_since(there, NOW - timedelta(hours=1))
    assert not routes.reached_since(there, NOW + timedelta(seconds=1))


def test_accepting_twice_changes_nothing() -> None:
    once = routes.accept(a_route(), "p1", NOW)
    assert routes.accept(once, "p9", NOW + timedelta(hours=1)) is once


def test_reopening_starts_at_the_foot_of_the_ladder() -> None:
    back = routes.reopen(routes.resolve(up(up(a_route()))), 2)
    assert (back.state, back.level, back.accountable) == (RouteState.OPEN, 0, "p1")
    assert (a_route().cycle, back.cycle) == (1, 2)


def test_a_resolved_case_is_sealed_and_a_lease_ends() -> None:
    early, late = (Seal(who, NOW + timedelta(minutes=m)) for who, m in (("a", 2), ("b", 3)))
    leased = RouteFile(a_route(), seals=(early, late))
    assert leased.sealed(NOW)
    assert leased.sealed(early.until_time)
    assert not leased.sealed(late.until_time)
    assert leased.lapsed(early.until_time) == {early}
    assert leased.lapsed(late.until_time) == {early, late}
    assert RouteFile(routes.resolve(a_route())).sealed(NOW)
    for route in (routes.resolve(a_route()), routes.close(a_route())):
        with pytest.raises(Refused, match="CASE_NOT_OPEN"):
            routes.require_open(route)


moves = st.lists(
    st.sampled_from(["up", "vacant", "order", "take", "no", "hand", "reopen", "matrix", "left"]),
    max_size=20,
)


@given(st.sampled_from([STEWARD, NO_ROW]), moves)
def test_somebody_is_accountable_whatever_happens(
    responsible: Responsible, what: list[str]
) -> None:
    route = a_route(responsible)
    kinds = {
        "order": Instruction.ORDER,
        "take": Instruction.TAKE_OVER,
        "no": Instruction.CANNOT_BE_DONE,
    }
    for move in what:
        level = route.level
        match move:
            case "up" | "vacant":
                step = routes.next_step(route, LADDER)
                if step is not None:
                    holder = LEAD if move == "up" else VACANT
                    route = routes.escalate(route, step, holder, NOW)
                    assert route.level - level in (0, 1)
            case "hand":
                route = routes.reassign(route, routes.by_hand("p9", "", "d1", "x"), NOW)
            case "reopen":
                route = routes.reopen(route, route.cycle + 1)
            case "matrix" | "left":
                found = Responsible("浴室班", "p6") if move == "matrix" else NO_ROW
                given = routes.handed_over(route, found, VACANT, known=move == "matrix")
                route = route if given is None else routes.reassign(route, given, NOW)
            case _:
                if route.level and route.answered is None:
                    route = routes.instruct(route, kinds[move], "x", "p7", NOW)
        assert route.accountable
        assert (route.level == 0) == (route.level_owner == "")
        assert dataclasses.replace(route, version=1).accountable == route.accountable
