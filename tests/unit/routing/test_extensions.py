"""More time: given before the deadline, asked for before it, granted by somebody else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Refused
from services.routing.domain import extensions, returns
from services.routing.domain import work_orders as orders
from services.routing.domain.work_orders import Ruling, WorkOrder, WorkOrderState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DUE = NOW + timedelta(days=2)
LATER = DUE + timedelta(days=1)

ORDER = WorkOrder("w1", "c1", "yuwu", "bathhouse", True, "修", DUE, WorkOrderState.DISPATCHED, NOW)
TAKEN = orders.accept(ORDER, "p1", NOW)
BACK = returns.give_back(TAKEN, "不归我们管")
DONE = orders.complete(ORDER, "p1", "x", None, NOW)
ASKING = extensions.ask(TAKEN, LATER, "等配件", "p1", NOW)


@pytest.mark.parametrize("order", [ORDER, TAKEN, BACK])
def test_an_open_task_is_given_more_time(order: WorkOrder) -> None:
    later = DUE + timedelta(seconds=1)
    assert extensions.extend(order, later, NOW) == replace(order, deadline_time=later)


def test_more_time_is_given_and_asked_for_before_the_deadline_and_is_more() -> None:
    for order, deadline, time, reason in (
        (ORDER, LATER, DUE, "DEADLINE_HAS_PASSED"),
        (ORDER, DUE, NOW, "INVALID_FIELD"),
        (ORDER, NOW + timedelta(days=4000), NOW, "INVALID_FIELD"),
        (DONE, LATER, NOW, "WORK_ORDER_WRONG_STATE"),
    ):
        with pytest.raises(Refused) as given:
            extensions.extend(order, deadline, time)
        with pytest.raises(Refused) as asked:
            extensions.ask(order, deadline, "x", "p1", time)
        assert given.value.reason == asked.value.reason == reason
    just = DUE - timedelta(seconds=1)
    assert extensions.extend(ORDER, LATER, just).deadline_time == LATER
    asking = extensions.ask(ORDER, LATER, "x", "p1", just).extension
    assert asking is not None
    assert (asking.deadline_time, asking.ask_time) == (LATER, just)


def test_a_task_given_back_asks_for_nothing() -> None:
    with pytest.raises(Refused, match="WORK_ORDER_WRONG_STATE") as refused:
        extensions.ask(BACK, LATER, "x", "p1", NOW)
    assert refused.value.metadata == {"action": "AskExtension", "state": "RETURNED"}


def test_asking_moves_no_deadline_and_asking_again_counts() -> None:
    assert replace(ASKING, extension=None) == TAKEN
    again = extensions.ask(ASKING, LATER + timedelta(days=1), "还要等", "p2", NOW)
    assert again.extension is not None
    assert (again.extension.reason, again.extension.asked_by) == ("还要等", "p2")


def test_what_was_asked_for_is_granted_or_declined_by_another() -> None:
    granted, asked = extensions.decide(ASKING, "p2", granted=True, words="")
    assert asked == ASKING.extension
    assert granted == replace(TAKEN, deadline_time=LATER)
    declined, _ = extensions.decide(ASKING, "p2", granted=False, words="配件已到")
    assert declined == TAKEN
    for order, who, words, reason in (
        (TAKEN, "p2", "x", "EXTENSION_NOT_ASKED"),
        (ASKING, "p1", "x", "OWN_EXTENSION"),
        (ASKING, "p2", "", "INVALID_FIELD"),
    ):
        with pytest.raises(Refused) as refused:
            extensions.decide(order, who, granted=False, words=words)
        assert refused.value.reason == reason


def test_whatever_settles_the_task_settles_what_was_asked_for() -> None:
    back = returns.give_back(ASKING, "x")
    ruled = returns.rule(back, Ruling.UPHOLD, "", None, {ASKING.unit_id}, NOW)
    for settled in (
        extensions.extend(ASKING, LATER, NOW),
        orders.complete(ASKING, "p1", "x", None, NOW),
        returns.give_back(ASKING, "x"),
        ruled,
    ):
        assert settled.extension is None
