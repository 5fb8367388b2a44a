"""Routes, work orders and seals in their tables."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import asyncpg

from chassis.database import Connection
from services.routing.domain.route import (
    Answered,
    Instruction,
    Route,
    RouteFile,
    RouteState,
    Rule,
    Seal,
)
from services.routing.domain.work_orders import WorkOrder, WorkOrderState
from services.routing.store.directory import Q


async def load_route(connection: Connection, case_id: str) -> Route | None:
    """Returns a route in sight, with the version stored for its subject."""
    row = await connection.fetchrow(Q.get_route, case_id)
    return None if row is None else _route(row)


async def list_routes(connection: Connection, case_ids: Sequence[str]) -> list[Route]:
    return [_route(row) for row in await connection.fetch(Q.list_routes, list(case_ids))]


async def load_route_file(connection: Connection, case_id: str) -> RouteFile | None:
    """Returns a route with its work orders and its seals."""
    route = await load_route(connection, case_id)
    if route is None:
        return None
    return RouteFile(
        route,
        tuple(await list_work_orders(connection, case_id)),
        tuple(await list_seals(connection, case_id)),
    )


async def insert_route(connection: Connection, route: Route) -> None:
    await connection.execute(
        Q.insert_route, route.case_id, route.site_id, route.unit_id, *_changing(route)
    )


async def save_route(connection: Connection, route: Route) -> None:
    await connection.execute(Q.save_route, route.case_id, *_changing(route))


async def list_handovers(
    connection: Connection, site_id: str, after: str, day: date, limit: int
) -> list[str]:
    """Returns the next cases that a day's matrix may give to somebody else."""
    rows = await connection.fetch(Q.list_handovers, site_id, after, day, limit)
    return [row["case_id"] for row in rows]


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
    )


async def list_seals(connection: Connection, case_id: str) -> list[Seal]:
    """Returns a case's seals, lapsed ones included."""
    rows = await connection.fetch(Q.list_seals, case_id)
    return [Seal(row["holder"], row["until_time"]) for row in rows]


async def save_seal(connection: Connection, case_id: str, site_id: str, seal: Seal) -> None:
    """Adds a seal, or renews the one of the same holder."""
    await connection.execute(Q.save_seal, case_id, site_id, seal.holder, seal.until_time)


async def delete_seals(connection: Connection, case_id: str, holders: Iterable[str]) -> None:
    """Removes the seals of these holders; those of others stay."""
    await connection.execute(Q.delete_seals, case_id, list(holders))


async def delete_seals_until(connection: Connection, case_id: str, until: datetime) -> None:
    """Removes the seals that end by an instant."""
    await connection.execute(Q.delete_seals_until, case_id, until)


def _changing(route: Route) -> tuple[object, ...]:
    """The columns that change over a route's life, in the order of both statements."""
    answered = route.answered
    return (
        route.state.value,
        route.steward,
        route.accountable,
        route.rule.value,
        list(route.reasons),
        list(route.also_told),
        route.assign_time,
        route.accepted_by,
        route.accept_time,
        route.level,
        route.level_position,
        route.level_owner,
        route.level_time,
        answered.kind.value if answered else "",
        answered.text if answered else "",
        answered.instructed_by if answered else "",
        answered.instruct_time if answered else None,
        route.cycle,
    )


def _route(row: asyncpg.Record) -> Route:
    answered = None
    if row["instruct_time"] is not None:
        answered = Answered(
            Instruction(row["instruction"]),
            row["instruction_text"],
            row["instructed_by"],
            row["instruct_time"],
        )
    return Route(
        case_id=row["case_id"],
        site_id=row["site_id"],
        unit_id=row["unit_id"],
        state=RouteState(row["state"]),
        steward=row["steward"],
        rule=Rule(row["rule"]),
        reasons=tuple(row["reasons"]),
        also_told=tuple(row["also_told"]),
        assign_time=row["assign_time"],
        accepted_by=row["accepted_by"],
        accept_time=row["accept_time"],
        level=row["level"],
        level_position=row["level_position"],
        level_owner=row["level_owner"],
        level_time=row["level_time"],
        answered=answered,
        cycle=row["cycle"],
        version=row["version"],
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
    )
