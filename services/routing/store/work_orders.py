"""Work orders in their table."""

import json
from collections.abc import Sequence

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.work_orders import (
    Evidence,
    ExtensionAsked,
    WorkOrder,
    WorkOrderState,
)

Q = load_queries("services.routing", "sql/work_orders.sql")


async def list_work_orders(connection: Connection, case_id: str) -> list[WorkOrder]:
    """Returns a case's work orders, oldest first."""
    return [_work_order(row) for row in await connection.fetch(Q.list_work_orders, case_id)]


async def insert_work_orders(connection: Connection, orders: Sequence[WorkOrder]) -> None:
    """Adds work orders of one case, dispatched together."""
    first = orders[0]
    await connection.execute(
        Q.insert_work_orders,
        first.case_id,
        first.site_id,
        first.dispatch_time,
        [order.work_order_id for order in orders],
        [order.unit_id for order in orders],
        [order.lead for order in orders],
        [order.task for order in orders],
        [order.deadline_time for order in orders],
    )


async def save_work_order(connection: Connection, order: WorkOrder) -> None:
    """Keeps a work order as it is after a change."""
    asked = order.extension
    await connection.execute(
        Q.save_work_order,
        order.work_order_id,
        order.state.value,
        order.accepted_by,
        order.accept_time,
        order.completed_by,
        order.result,
        order.complete_time,
        order.unit_id,
        order.lead,
        order.deadline_time,
        order.return_count,
        order.return_reason,
        evidence_to_json(order.evidence),
        order.reopen_count,
        asked.deadline_time if asked else None,
        asked.reason if asked else "",
        asked.asked_by if asked else "",
        asked.ask_time if asked else None,
        order.reopen_time,
    )


def evidence_to_json(evidence: Sequence[Evidence]) -> str:
    """Returns evidence as its column holds it."""
    return json.dumps(
        [{"name": one.name, "reference": one.reference, "sha256": one.sha256} for one in evidence]
    )


def evidence_from_json(text: str) -> tuple[Evidence, ...]:
    """Returns the evidence that a column holds."""
    return tuple(Evidence(one["name"], one["reference"], one["sha256"]) for one in json.loads(text))


def _extension(row: asyncpg.Record) -> ExtensionAsked | None:
    if row["extension_deadline_time"] is None:
        return None
    return ExtensionAsked(
        row["extension_deadline_time"],
        row["extension_reason"],
        row["extension_asked_by"],
        row["extension_ask_time"],
    )


def _work_order(row: asyncpg.Record) -> WorkOrder:
    return WorkOrder(
        work_order_id=row["work_order_id"],
        case_id=row["case_id"],
        site_id=row["site_id"],
        unit_id=row["unit_id"],
        lead=row["lead"],
        task=row["task"],
        deadline_time=row["deadline_time"],
        state=WorkOrderState(row["state"]),
        dispatch_time=row["dispatch_time"],
        accepted_by=row["accepted_by"],
        accept_time=row["accept_time"],
        completed_by=row["completed_by"],
        result=row["result"],
        complete_time=row["complete_time"],
        return_count=row["return_count"],
        return_reason=row["return_reason"],
        evidence=evidence_from_json(row["evidence"]),
        reopen_count=row["reopen_count"],
        reopen_time=row["reopen_time"],
        extension=_extension(row),
    )
