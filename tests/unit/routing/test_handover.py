"""Which cases a handover looks at, and what changes of those that stay where they are."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.routing.domain import handover
from services.routing.domain import route as routes
from services.routing.domain.assignment import (
    QUEUE,
    Alternate,
    Candidates,
    Responsible,
    assign,
    with_first_reply,
)
from services.routing.domain.decisions import Rule, StepOutcome
from services.routing.domain.handover import There
from services.routing.domain.route import Answered, Instruction, Route
from services.routing.domain.shield import Shield

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NAMED = Responsible("浴室班", "p1", "张三", ("p3", "p4"))
FOUND = Candidates("bathhouse", NAMED)
ALL_THERE = There()


def a_route(**changes: object) -> Route:
    asked = routes.asked_for("case-1", "yuwu", "bathhouse", NOW, receiver="clerk")
    route = routes.reassign(asked, with_first_reply(assign(FOUND), FOUND, "clerk"), NOW)
    return replace(route, **changes)  # type: ignore[arg-type]


def at_level(owner: str, answered: Answered | None = None) -> Route:
    return a_route(level=1, level_owner=owner, level_time=NOW, answered=answered)


def test_a_case_that_is_where_the_lists_say_costs_no_lock() -> None:
    assert not handover.may_move(a_route(), NAMED, ALL_THERE)
    assert not handover.may_move(at_level("p2"), NAMED, ALL_THERE)
    # Nobody has a level at its foot, and nobody is there for nobody.
    assert not handover.may_move(a_route(), NAMED, There(owner=False))
    accepted = a_route(first_reply_by="", accept_time=NOW)
    assert not handover.may_move(accepted, NAMED, ALL_THERE)


@pytest.mark.parametrize(
    ("route", "named", "there"),
    [
        (a_route(), replace(NAMED, steward="p5"), ALL_THERE),
        (a_route(), NAMED, There(steward=False)),
        (at_level("p2"), NAMED, There(owner=False)),
        (at_level(QUEUE), NAMED, ALL_THERE),
        (
            at_level("p2", Answered(Instruction.TAKE_OVER, "x", "p2", NOW)),
            NAMED,
            There(owner=False),
        ),
        (a_route(), replace(NAMED, also_told=("p3", "p5")), ALL_THERE),
        (a_route(rule=Rule.MANUAL), replace(NAMED, also_told=("p3",)), ALL_THERE),
        (a_route(), NAMED, There(receiver=False)),
        (a_route(first_reply_by=""), NAMED, ALL_THERE),
        (a_route(recused_persons=("p9",)), NAMED, ALL_THERE),
        # Whoever keeps away may have the level, though nobody has the case below it.
        (a_route(steward="", about_persons=("p9",)), Responsible("浴室班"), ALL_THERE),
        (a_route(steward="", rule=Rule.QUEUE), NAMED, ALL_THERE),
    ],
)
def test_a_case_that_may_change_is_worth_its_lock(
    route: Route, named: Responsible, there: There
) -> None:
    assert handover.may_move(route, named, there)


def test_who_is_there() -> None:
    route = at_level("p2")
    assert handover.people_of(route) == {"p1", "p2", "clerk"}
    assert handover.people_of(replace(route, level_owner=QUEUE, receiver=QUEUE)) == {"p1"}
    here, away = (True, False), (True, True)
    there = handover.who_is_there(route, {"p1": here, "p2": here, "clerk": away})
    assert there == There()
    there = handover.who_is_there(route, {"p1": away, "p2": away, "clerk": (False, False)})
    assert there == There(steward=False, owner=False, receiver=False)
    # Only a steward named by hand has a case while away.
    by_hand = replace(route, rule=Rule.MANUAL)
    assert handover.who_is_there(by_hand, {"p1": away, "p2": away}) == There(
        steward=True, owner=False, receiver=False
    )
    assert handover.who_is_there(by_hand, {}) == There(False, False, False)


def test_why_a_level_is_looked_at_again() -> None:
    assert handover.level_gone(at_level("p2"), ALL_THERE) is None
    assert handover.level_gone(a_route(), There(owner=False)) is None
    gone = handover.level_gone(at_level("p2"), There(owner=False))
    assert gone is not None
    assert (gone.candidate, gone.outcome) == ("p2", StepOutcome.ABSENT)
    vacant = handover.level_gone(at_level(QUEUE), ALL_THERE)
    assert vacant is not None
    assert (vacant.candidate, vacant.outcome) == (QUEUE, StepOutcome.NOTED)


UNION = Alternate("UNION", "p7", "吴九")
OUTSIDE = Alternate("GROUP", "", "", outside=True)
# Covers whoever is at a level, and so everybody but the alternate chain.
ALL_OF_THEM = Shield(frozenset({"p9"}), level=3)


def waiting(*chain: Alternate) -> Candidates:
    return replace(FOUND, shield=ALL_OF_THEM, alternates=chain)


def test_what_waits_with_a_position_goes_where_the_chain_leads_now() -> None:
    found = waiting(OUTSIDE)
    route = routes.reassign(a_route(about_persons=("p9",)), assign(found), NOW)
    assert route.accountable == "position:GROUP"
    assert routes.handed_over(route, found, here=False) is None
    held = routes.handed_over(route, waiting(UNION, OUTSIDE), here=False)
    assert held is not None
    assert (held.steward, held.rule, held.fallback_position) == ("p7", Rule.ALTERNATE, "")
    bureau = Alternate("BUREAU", "", "", outside=True)
    gone = routes.handed_over(route, waiting(bureau), here=False)
    assert gone is not None
    assert routes.reassign(route, gone, NOW).accountable == "position:BUREAU"


def test_the_note_names_people_and_positions_with_whom_it_knows() -> None:
    answered = Answered(Instruction.ORDER, "尽快办", "p8", NOW)
    route = replace(at_level("p8", answered), level_position="DUTY_LEAD")
    names = {("person", "p1"): "张三", ("position", "DUTY_LEAD"): "值班领导"}
    told = handover.note(route, (), names, ZoneInfo("Asia/Shanghai"))
    assert "原负责人：张三（p1），尚未接收。" in told
    assert "第 1 级（值班领导）" in told
    # Whose name nobody asked for has the code.
    assert "09:00 p8 批示责成办理：尽快办" in told
    assert "原负责人：p1，" in handover.note(route, (), {}, ZoneInfo("Asia/Shanghai"))
