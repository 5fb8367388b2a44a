"""Keeps what the facts of the other services add to a case file."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database import Connection
from services.intake.domain.values import Clock, Step, WorkOrder
from services.intake.store import Q


async def insert_step(connection: Connection, site_id: str, case_id: str, step: Step) -> None:
    """Writes a fact of another service on the case's timeline."""
    await connection.execute(
        Q.insert_step,
        case_id,
        step.source,
        step.version,
        site_id,
        step.type,
        step.occurred_time,
        step.record_time,
        step.actor,
        step.acting_for,
        step.payload,
    )


async def save_clocks(
    connection: Connection, site_id: str, case_id: str, clocks: Sequence[Clock]
) -> None:
    """Writes clocks as sla tells them."""
    await connection.execute(
        Q.save_clocks,
        case_id,
        site_id,
        [one.clock_id for one in clocks],
        [one.kind for one in clocks],
        [one.cycle for one in clocks],
        [one.reference for one in clocks],
        [one.start_time for one in clocks],
        [one.due_time for one in clocks],
        [one.state for one in clocks],
        [one.provisional for one in clocks],
        [one.breached for one in clocks],
    )


async def insert_work_orders(
    connection: Connection, site_id: str, case_id: str, orders: Sequence[WorkOrder]
) -> None:
    """Writes work orders that were dispatched together."""
    await connection.execute(
        Q.insert_work_orders,
        case_id,
        site_id,
        [one.work_order_id for one in orders],
        [one.unit_id for one in orders],
        [one.lead for one in orders],
        [one.task for one in orders],
        [one.deadline_time for one in orders],
        [one.dispatch_time for one in orders],
        [one.state for one in orders],
    )


async def move_work_order(
    connection: Connection, case_id: str, work_order_id: str, state: str
) -> None:
    """Writes a work order's new state."""
    await connection.execute(Q.move_work_order, case_id, work_order_id, state)


async def rule_work_order(
    connection: Connection,
    case_id: str,
    work_order_id: str,
    unit_id: str,
    deadline_time: datetime | None,
    *,
    leads: bool,
) -> None:
    """Writes whose a work order is after a ruling, and until when; None leaves the deadline.

    Where it `leads` by the ruling, no other open one of the case does.
    """
    await connection.execute(
        Q.rule_work_order, case_id, work_order_id, unit_id, deadline_time, leads
    )


async def reopen_work_order(connection: Connection, case_id: str, order: WorkOrder) -> None:
    """Writes a work order as it is after it was opened again."""
    await connection.execute(
        Q.reopen_work_order,
        case_id,
        order.work_order_id,
        order.unit_id,
        order.lead,
        order.task,
        order.deadline_time,
        order.state,
    )


async def extend_work_order(
    connection: Connection, case_id: str, work_order_id: str, deadline_time: datetime
) -> None:
    """Writes a work order's new deadline."""
    await connection.execute(Q.extend_work_order, case_id, work_order_id, deadline_time)
