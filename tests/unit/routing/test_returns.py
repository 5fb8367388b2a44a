"""Tasks given back: who may be given them next, and how long a deadline may still grow."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Refused
from services.routing.domain import work_orders as orders
from services.routing.domain.work_orders import Ruling, WorkOrder, WorkOrderState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DUE = NOW + timedelta(days=2)
UNITS = {"bathhouse", "logistics", "power"}

ORDER = WorkOrder("w1", "c1", "yuwu", "bathhouse", True, "修", DUE, WorkOrderState.DISPATCHED, NOW)
TAKEN = orders.accept(ORDER, "p1", NOW)
BACK = orders.give_back(TAKEN, "不归我们管")


def rule(
    kind: Ruling, unit_id: str = "", *, due: datetime | None = None, order: WorkOrder = BACK
) -> WorkOrder:
    return orders.rule(order, kind, unit_id, due, UNITS, NOW)


def refusal(kind: Ruling, unit_id: str = "", due: datetime | None = None) -> str:
    with pytest.raises(Refused) as refused:
        rule(kind, unit_id, due=due)
    return refused.value.reason


@pytest.mark.parametrize("order", [ORDER, TAKEN])
def test_a_task_given_back_is_open_still_and_its_deadline_runs_on(order: WorkOrder) -> None:
    back = orders.give_back(order, "不归我们管")
    assert (back.state, back.open, back.deadline_time) == (WorkOrderState.RETURNED, True, DUE)
    assert (back.return_count, back.return_reason) == (1, "不归我们管")
    assert orders.open_count([back]) == 1


def test_a_task_given_back_waits_for_its_ruling() -> None:
    acts: list[Callable[[], WorkOrder]] = [
        lambda: orders.give_back(BACK, "x"),
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
        orders.give_back(done, "x")


def test_a_task_is_given_back_twice_whoever_has_it_and_no_more() -> None:
    second = orders.give_back(rule(Ruling.REDISPATCH, "power"), "也不归我们")
    assert (second.return_count, second.return_reason) == (2, "也不归我们")
    third = rule(Ruling.UPHOLD, order=second)
    with pytest.raises(Refused, match="WORK_ORDER_RETURNED_TWICE"):
        orders.give_back(third, "x")


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
    yielding = orders.yielding_lead(leading, every)
    assert [(order.work_order_id, order.lead) for order in yielding] == [("w2", False)]
    assert orders.yielding_lead(rule(Ruling.REDISPATCH, "power", order=back), every) == []
    assert orders.yielding_lead(leading, [leading, done]) == []


@pytest.mark.parametrize("order", [ORDER, TAKEN, BACK])
def test_an_open_task_is_given_more_time(order: WorkOrder) -> None:
    later = DUE + timedelta(seconds=1)
    assert orders.extend(order, later, NOW) == replace(order, deadline_time=later)


def test_more_time_is_given_before_the_deadline_and_is_more() -> None:
    later = DUE + timedelta(days=1)
    for order, deadline, time, reason in (
        (ORDER, later, DUE, "DEADLINE_HAS_PASSED"),
        (ORDER, DUE, NOW, "INVALID_FIELD"),
        (ORDER, NOW + timedelta(days=4000), NOW, "INVALID_FIELD"),
        (orders.complete(ORDER, "p1", "x", None, NOW), later, NOW, "WORK_ORDER_WRONG_STATE"),
    ):
        with pytest.raises(Refused) as refused:
            orders.extend(order, deadline, time)
        assert refused.value.reason == reason
    assert orders.extend(ORDER, later, DUE - timedelta(seconds=1)).deadline_time == later
