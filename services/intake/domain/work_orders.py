"""How routing's work orders change on the case file; each function returns all of a case's.

One that isn't on file changes nothing: what tells of it came from before the case did.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from services.intake.domain.values import WORK_ORDER_COMPLETED, WorkOrder

Orders: TypeAlias = tuple[WorkOrder, ...]

_DISPATCHED = "DISPATCHED"


def dispatched(orders: Orders, new: Iterable[WorkOrder]) -> Orders:
    """Units have tasks."""
    return tuple(sorted((*orders, *new), key=lambda one: (one.dispatch_time, one.work_order_id)))


def moved(orders: Orders, work_order_id: str, state: str) -> Orders:
    """A task's new state."""
    return _with(orders, work_order_id, lambda one: replace(one, state=state))


def extended(orders: Orders, work_order_id: str, deadline_time: datetime) -> Orders:
    """A task's new deadline."""
    return _with(orders, work_order_id, lambda one: replace(one, deadline_time=deadline_time))


def reopened(orders: Orders, order: WorkOrder) -> Orders:
    """A task is open again, as told; it was dispatched when it was."""
    return _with(
        orders, order.work_order_id, lambda one: replace(order, dispatch_time=one.dispatch_time)
    )


def ruled(
    orders: Orders,
    work_order_id: str,
    unit_id: str,
    deadline_time: datetime | None,
    *,
    leads: bool,
) -> Orders:
    """A task as the dispatch room has ruled, to be accepted anew; None leaves the deadline.

    Where it `leads` by the ruling, no other open one of the case does.
    """
    if leads:
        orders = tuple(
            one if one.state == WORK_ORDER_COMPLETED else replace(one, lead=False) for one in orders
        )
    return _with(
        orders,
        work_order_id,
        lambda one: replace(
            one,
            unit_id=unit_id,
            deadline_time=deadline_time or one.deadline_time,
            state=_DISPATCHED,
            lead=one.lead or leads,
        ),
    )


def _with(orders: Orders, work_order_id: str, change: Callable[[WorkOrder], WorkOrder]) -> Orders:
    return tuple(change(one) if one.work_order_id == work_order_id else one for one in orders)
