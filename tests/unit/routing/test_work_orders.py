"""Work orders: one leads, deadlines lie ahead, and each step has its state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Refused
from services.routing.domain import work_orders as orders
from services.routing.domain.work_orders import Evidence, Task, WorkOrder, WorkOrderState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
UNITS = {"bathhouse", "logistics", "power"}


def task(unit: str = "bathhouse", *, lead: bool = False, hours: float = 48) -> Task:
    return Task(unit, "更换淋浴头", NOW + timedelta(hours=hours), lead)


def order(*, lead: bool = True, state: WorkOrderState = WorkOrderState.DISPATCHED) -> WorkOrder:
    due = NOW + timedelta(days=2)
    return WorkOrder("w1", "c1", "yuwu", "bathhouse", lead, "修", due, state, NOW)


def check(*tasks: Task, existing: tuple[WorkOrder, ...] = ()) -> list[bool]:
    return [task.lead for task in orders.check_tasks(tasks, existing, UNITS, NOW)]


def reason(*tasks: Task, existing: tuple[WorkOrder, ...] = ()) -> tuple[str, dict[str, str]]:
    with pytest.raises(Refused) as refused:
        check(*tasks, existing=existing)
    return refused.value.reason, refused.value.metadata


def test_a_single_task_leads_by_itself() -> None:
    assert check(task()) == [True]
    assert check(task(lead=True)) == [True]


def test_of_several_exactly_one_leads() -> None:
    assert check(task(lead=True), task("logistics")) == [True, False]
    assert reason(task(), task("logistics")) == ("WORK_ORDER_LEAD", {"count": "0"})
    both = task(lead=True), task("logistics", lead=True)
    assert reason(*both) == ("WORK_ORDER_LEAD", {"count": "2"})


def test_an_open_leader_goes_on_leading() -> None:
    leading = (order(),)
    assert check(task("power"), existing=leading) == [False]
    assert check(task("power"), task("logistics"), existing=leading) == [False, False]
    more = task("power", lead=True)
    assert reason(more, existing=leading) == ("WORK_ORDER_LEAD", {"count": "2"})


def test_after_the_leader_is_done_another_leads() -> None:
    done = (order(state=WorkOrderState.COMPLETED), order(lead=False))
    assert check(task("power"), existing=done) == [True]


def test_unknown_and_doubled_units_are_refused() -> None:
    assert reason(task("gone")) == ("WORK_ORDER_UNIT", {"unit_id": "gone"})
    twice = task(lead=True), task()
    assert reason(*twice) == ("WORK_ORDER_UNIT", {"unit_id": "bathhouse"})


def test_deadlines_lie_ahead_and_within_reason() -> None:
    past = reason(task("logistics", lead=True), task(hours=0))
    assert past == ("DEADLINE_IN_PAST", {"field": "tasks[1].deadline_time"})
    assert reason(task(hours=24 * 366 * 20))[0] == "INVALID_FIELD"


def test_a_task_is_taken_once_and_done_once() -> None:
    taken = orders.accept(order(), "p1", NOW)
    assert (taken.state, taken.accepted_by) == (WorkOrderState.ACCEPTED, "p1")
    with pytest.raises(Refused, match="WORK_ORDER_WRONG_STATE"):
        orders.accept(taken, "p1", NOW)
    done = orders.complete(taken, "p1", "换了", None, NOW)
    assert done.complete_time == NOW
    assert not done.open
    with pytest.raises(Refused, match="WORK_ORDER_WRONG_STATE"):
        orders.complete(done, "p1", "换了", None, NOW)


def test_a_task_may_be_done_without_having_been_taken() -> None:
    assert orders.complete(order(), "p1", "换了", None, NOW).state is WorkOrderState.COMPLETED


def test_the_time_of_completion_is_neither_ahead_nor_before_the_dispatch() -> None:
    skew = NOW + timedelta(minutes=5)
    assert orders.complete(order(), "p1", "x", skew, NOW).complete_time == skew
    with pytest.raises(Refused, match="TIME_IN_FUTURE"):
        orders.complete(order(), "p1", "x", skew + timedelta(seconds=1), NOW)
    with pytest.raises(Refused, match="INVALID_FIELD"):
        orders.complete(order(), "p1", "x", NOW - timedelta(seconds=1), NOW)


def test_what_shows_that_it_is_done_is_kept() -> None:
    shown = (Evidence("照片", "nas:/2026/11/x.jpg"),)
    assert orders.complete(order(), "p1", "换了", None, NOW, shown).evidence == shown


def test_a_task_that_is_not_done_is_opened_again() -> None:
    shown = (Evidence("照片", "nas:/2026/11/x.jpg"),)
    done = orders.complete(orders.accept(order(), "p1", NOW), "p1", "换了", None, NOW, shown)
    later = NOW + timedelta(days=3)
    again = orders.reopen(done, later, [done], UNITS, NOW)
    assert (again.state, again.deadline_time, again.reopen_count) == ("DISPATCHED", later, 1)
    assert (again.accepted_by, again.accept_time, again.complete_time) == ("", None, None)
    assert (again.completed_by, again.result, again.evidence) == ("", "", ())
    twice = orders.complete(again, "p1", "x", None, NOW)
    assert orders.reopen(twice, later, [], UNITS, NOW).reopen_count == 2


def test_it_is_not_done_before_it_was_opened_again() -> None:
    done = orders.complete(order(), "p1", "换了", None, NOW)
    later = NOW + timedelta(hours=5)
    again = orders.reopen(done, NOW + timedelta(days=3), [done], UNITS, later)
    with pytest.raises(Refused, match="INVALID_FIELD"):
        orders.complete(again, "p1", "x", later - timedelta(seconds=1), later)
    assert orders.complete(again, "p1", "x", later, later).complete_time == later


def test_only_what_is_done_is_opened_again_until_a_day_ahead() -> None:
    done = order(state=WorkOrderState.COMPLETED)
    later = NOW + timedelta(days=3)
    for one, deadline, reason in (
        (order(), later, "WORK_ORDER_WRONG_STATE"),
        (replace(done, unit_id="gone"), later, "WORK_ORDER_UNIT"),
        (done, NOW, "DEADLINE_IN_PAST"),
        (done, NOW + timedelta(days=4000), "INVALID_FIELD"),
    ):
        with pytest.raises(Refused) as refused:
            orders.reopen(one, deadline, [one], UNITS, NOW)
        assert refused.value.reason == reason


@pytest.mark.parametrize(("led", "other", "leads"), [(1, 1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1)])
def test_one_leads_after_a_task_is_opened_again(led: int, other: int, leads: int) -> None:
    done = order(lead=bool(led), state=WorkOrderState.COMPLETED)
    beside = replace(order(lead=bool(other)), work_order_id="w2")
    again = orders.reopen(done, NOW + timedelta(days=1), [done, beside], UNITS, NOW)
    assert again.lead is bool(leads)


def test_the_changed_ones_stand_where_they_stood() -> None:
    first, second = order(), replace(order(), work_order_id="w2")
    taken = orders.accept(second, "p1", NOW)
    assert orders.changed([first, second], taken) == [first, taken]
