"""Whose the work orders of cases are."""

from collections.abc import Sequence

from chassis.database import Connection
from chassis.queries import load_queries
from services.notify.domain.cases import CaseView
from services.notify.domain.work_order_plans import WorkOrderHolder, WorkOrderView

Q = load_queries("services.notify", "sql/work_orders.sql")


async def insert_work_orders(
    connection: Connection, case: CaseView, work_orders: Sequence[WorkOrderView]
) -> None:
    """Keeps whose the work orders of a case are."""
    await connection.execute(
        Q.insert_work_orders,
        case.case_id,
        case.site_id,
        [order.work_order_id for order in work_orders],
        [order.unit_id for order in work_orders],
        [order.head for order in work_orders],
    )


async def rule_work_order(
    connection: Connection, case_id: str, work_order_id: str, unit_id: str, head: str
) -> None:
    """Keeps whose a work order is now; without a head that of another unit is not known."""
    await connection.execute(Q.rule_work_order, work_order_id, case_id, unit_id, head)


async def save_extension_asked(
    connection: Connection, case_id: str, work_order_id: str, asked_by: str
) -> None:
    """Keeps who has asked for more time; empty once it was decided."""
    await connection.execute(Q.save_extension_asked, work_order_id, case_id, asked_by)


async def load_work_order(
    connection: Connection, case_id: str, work_order_id: str
) -> WorkOrderHolder:
    """Returns whose a work order is; nobody's when it is not known."""
    row = await connection.fetchrow(Q.load_work_order, work_order_id, case_id)
    return WorkOrderHolder() if row is None else WorkOrderHolder(**row)


async def list_heads(
    connection: Connection, case_id: str, unit_ids: Sequence[str]
) -> Sequence[str]:
    """Returns the heads of units that have work orders of the case, as far as they are known."""
    rows = await connection.fetch(Q.list_heads, case_id, list(unit_ids))
    return [row["head"] for row in rows]
