"""Keeps what the facts of the other services add to a case file."""

from collections.abc import Sequence

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
        [one.excused for one in clocks],
    )


async def load_work_orders(connection: Connection, case_id: str) -> tuple[WorkOrder, ...]:
    """Returns a case's work orders, as they were dispatched."""
    rows = await connection.fetch(Q.list_work_orders, case_id)
    return tuple(WorkOrder(**row) for row in rows)


async def save_work_orders(
    connection: Connection, site_id: str, case_id: str, orders: Sequence[WorkOrder]
) -> None:
    """Writes work orders that are new or have changed."""
    await connection.execute(
        Q.save_work_orders,
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
