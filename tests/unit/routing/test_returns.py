"""Tasks given back: who may be given them next, and who keeps a unit from having one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Refused
from services.routing.domain import returns
from services.routing.domain import work_orders as orders
from services.routing.domain.extensions import ask
from services.routing.domain.shield import NO_SHIELD, Shield
from services.routing.domain.work_orders import Ruling, WorkOrder, WorkOrderState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DUE = NOW + timedelta(days=2)
UNITS = {"bathhouse", "logistics", "power"}

ORDER = WorkOrder("w1", "c1", "yuwu", "bathhouse", True, "修", DUE, WorkOrderState.DISPATCHED, NOW)
TAKEN = orders.accept(ORDER, "p1", NOW)
BACK = returns.give_back(TAKEN, "不归我们管")


def rule(
    kind: Ruling, unit_id: str = "", *, due: datetime | None = None, order: WorkOrder = BACK
) -> WorkOrder:
    return returns.rule(order, kind, unit_id, due, UNITS, NOW)


def refusal(kind: Ruling, unit_id: str = "", due: datetime | None = None) -> str:
    with pytest.raises(Refused) as refused:
        rule(kind, unit_id, due=due)
    return refused.value.reason


@pytest.mark.parametrize("order", [ORDER, TAKEN])
def test_a_task_given_back_is_open_still_and_its_deadline_runs_on(order: WorkOrder) -> None:
    back = returns.give_back(order, "不归我们管")
    assert (back.state, back.open, back.deadline_time) == (WorkOrderState.RETURNED, True, DUE)
    assert (back.return_count, back.return_reason) == (1, "不归我们管")
    assert orders.open_count([back]) == 1


def test_a_task_given_back_waits_for_its_ruling() -> None:
    acts: list[Callable[[], WorkOrder]] = [
        lambda: returns.give_back(BACK, "x"),
        lambda: orders.accept(BACK, "p1", NOW),
        lambda: orders.complete(BACK, "p1", "修了", None, NOW),
    ]
    for act in acts:
        with pytest.raises(Refused, match="WORK_ORDER_WRONG_STATE") as refused:
            act()
        assert refused.value.metadata["state"] == "RETURNED"


def test_a_task_done_is_not_given_back() -> None:
    done = orders.complete(TAKEN, "p1", "修了", None, NOW)
    with pytest.raises(Refused, match="WORK_ORDER_WRONG_STATE"):
        returns.give_back(done, "x")


SECOND = returns.give_back(
    returns.rule(BACK, Ruling.REDISPATCH, "power", None, UNITS, NOW), "也不归我们"
)


def meet(
    *units: str, lead: str = "power", due: datetime | None = None, order: WorkOrder = SECOND
) -> WorkOrder:
    return returns.hold_meeting(order, units, lead, due, UNITS, NOW)


def test_after_the_second_return_only_a_joint_meeting_decides() -> None:
    assert (SECOND.return_count, SECOND.return_reason) == (2, "也不归我们")
    for kind, unit in (
        (Ruling.UPHOLD, ""),
        (Ruling.REDISPATCH, "logistics"),
        (Ruling.LEAD, "logistics"),
        (Ruling.JOINT_MEETING, "logistics"),
    ):
        with pytest.raises(Refused, match="JOINT_MEETING_NEEDED") as refused:
            rule(kind, unit, order=SECOND)
        assert refused.value.metadata == {"work_order_id": "w1"}


def test_the_unit_that_a_meeting_names_leads_and_keeps_the_task() -> None:
    named = meet("bathhouse", "power", order=replace(SECOND, lead=False))
    assert (named.state, named.unit_id, named.lead) == (WorkOrderState.DISPATCHED, "power", True)
    assert (named.deadline_time, named.accepted_by) == (DUE, "")
    with pytest.raises(Refused, match="WORK_ORDER_RETURNED_TWICE"):
        returns.give_back(named, "x")
    later = DUE + timedelta(days=3)
    assert meet("bathhouse", "power", due=later).deadline_time == later


def test_a_meeting_is_held_when_it_is_due_by_units_there_are() -> None:
    acts: list[tuple[Callable[[], WorkOrder], str]] = [
        (lambda: meet("bathhouse", "power", order=BACK), "JOINT_MEETING_NOT_DUE"),
        (lambda: meet("bathhouse", "power", order=TAKEN), "WORK_ORDER_WRONG_STATE"),
        (lambda: meet("bathhouse", "gone"), "NO_SUCH_UNIT"),
        (lambda: meet("bathhouse", "logistics"), "INVALID_FIELD"),
        (lambda: meet("bathhouse", "power", due=NOW), "DEADLINE_IN_PAST"),
    ]
    for act, reason in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.reason == reason


def test_a_first_return_takes_no_joint_meeting_for_a_ruling() -> None:
    assert refusal(Ruling.JOINT_MEETING, "power") == "INVALID_FIELD"


def test_more_time_asked_for_is_off_when_the_task_goes_back() -> None:
    asking = ask(TAKEN, DUE + timedelta(days=1), "等配件", "p1", NOW)
    assert returns.give_back(asking, "x").extension is None


@pytest.mark.parametrize(
    ("kind", "unit_id", "unit"),
    [
        (Ruling.UPHOLD, "", "bathhouse"),
        (Ruling.UPHOLD, "bathhouse", "bathhouse"),
        (Ruling.REDISPATCH, "power", "power"),
        (Ruling.LEAD, "power", "power"),
        (Ruling.LEAD, "bathhouse", "bathhouse"),
    ],
)
def test_a_ruling_sends_the_task_to_be_taken_anew(kind: Ruling, unit_id: str, unit: str) -> None:
    ruled = rule(kind, unit_id)
    assert (ruled.state, ruled.unit_id) == (WorkOrderState.DISPATCHED, unit)
    assert (ruled.accepted_by, ruled.accept_time) == ("", None)
    assert (ruled.deadline_time, ruled.return_count) == (DUE, 1)


def test_only_what_was_given_back_is_ruled_on() -> None:
    for order in (ORDER, TAKEN, orders.complete(TAKEN, "p1", "修了", None, NOW)):
        with pytest.raises(Refused, match="WORK_ORDER_WRONG_STATE"):
            rule(Ruling.UPHOLD, order=order)


def test_a_ruling_names_a_unit_that_fits_it() -> None:
    assert refusal(Ruling.REDISPATCH, "bathhouse") == "WORK_ORDER_SAME_UNIT"
    assert refusal(Ruling.REDISPATCH, "gone") == "NO_SUCH_UNIT"
    assert refusal(Ruling.LEAD, "gone") == "NO_SUCH_UNIT"
    assert refusal(Ruling.REDISPATCH) == "INVALID_FIELD"
    assert refusal(Ruling.LEAD) == "INVALID_FIELD"
    assert refusal(Ruling.UPHOLD, "power") == "INVALID_FIELD"


def test_a_unit_that_was_dissolved_keeps_no_task() -> None:
    with pytest.raises(Refused) as refused:
        rule(Ruling.UPHOLD, order=replace(BACK, unit_id="gone"))
    assert (refused.value.reason, refused.value.metadata) == ("NO_SUCH_UNIT", {"unit_id": "gone"})
    moved = rule(Ruling.REDISPATCH, "power", order=replace(BACK, unit_id="gone"))
    assert moved.unit_id == "power"


def test_the_deadline_of_a_ruling_lies_ahead_and_one_left_alone_may_be_over() -> None:
    later = DUE + timedelta(days=3)
    assert rule(Ruling.UPHOLD, due=later).deadline_time == later
    assert refusal(Ruling.UPHOLD, due=NOW) == "DEADLINE_IN_PAST"
    assert refusal(Ruling.UPHOLD, due=NOW + timedelta(days=4000)) == "INVALID_FIELD"
    over = replace(BACK, deadline_time=NOW - timedelta(days=1))
    assert rule(Ruling.UPHOLD, order=over).deadline_time == over.deadline_time


def test_the_lead_goes_over_from_whoever_has_it_among_the_open_ones() -> None:
    back = replace(BACK, lead=False)
    leader = replace(ORDER, work_order_id="w2", unit_id="logistics")
    done = replace(leader, work_order_id="w3", state=WorkOrderState.COMPLETED)
    every = [back, leader, done]
    leading = rule(Ruling.LEAD, "power", order=back)
    assert leading.lead
    yielding = returns.yielding_lead(leading, every)
    assert [(order.work_order_id, order.lead) for order in yielding] == [("w2", False)]
    assert returns.yielding_lead(rule(Ruling.REDISPATCH, "power", order=back), every) == []
    assert returns.yielding_lead(leading, [leading, done]) == []


PARENTS = {"mine": "", "logistics": "mine", "bathhouse": "logistics", "shift-1": "bathhouse"}
HEADS = {"mine": "top", "logistics": "boss", "bathhouse": "wang"}


def standing_in_the_way(unit_id: str, shield: Shield, *about: str) -> str:
    return returns.shielded_head(unit_id, HEADS, PARENTS, shield, about)


def test_a_unit_whose_head_or_the_head_above_is_shielded_gets_no_task() -> None:
    recused = Shield(frozenset({"boss"}))
    assert standing_in_the_way("logistics", recused) == "boss"
    assert standing_in_the_way("bathhouse", recused) == "boss"
    assert standing_in_the_way("mine", recused) == ""
    assert standing_in_the_way("bathhouse", NO_SHIELD) == ""


def test_two_above_only_an_accused_stands_in_the_way() -> None:
    top = Shield(frozenset({"top"}))
    assert standing_in_the_way("logistics", top) == "top"
    assert standing_in_the_way("bathhouse", top) == ""
    assert standing_in_the_way("bathhouse", top, "top") == "top"


def test_a_unit_without_a_head_has_the_next_one_above() -> None:
    assert standing_in_the_way("shift-1", Shield(frozenset({"wang"}))) == "wang"
    assert standing_in_the_way("shift-1", Shield(frozenset({"boss"}))) == ""


def test_a_head_who_works_below_an_accused_stands_in_the_way() -> None:
    assert standing_in_the_way("bathhouse", Shield(frozenset({"x"}), frozenset({"wang"}))) == "wang"
