"""Routes and seals in their tables."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.decisions import Rule
from services.routing.domain.route import (
    Answered,
    Instruction,
    Route,
    RouteFile,
    RouteState,
    Seal,
)
from services.routing.store.work_orders import list_work_orders

Q = load_queries("services.routing", "sql/routes.sql")


async def load_route(connection: Connection, case_id: str) -> Route | None:
    """Returns a route in sight, with the version stored for its subject."""
    row = await connection.fetchrow(Q.get_route, case_id)
    return None if row is None else _route(row)


async def list_routes(connection: Connection, case_ids: Sequence[str]) -> list[Route]:
    return [_route(row) for row in await connection.fetch(Q.list_routes, list(case_ids))]


async def list_about(
    connection: Connection, case_ids: Iterable[str], persons: Sequence[str]
) -> frozenset[str]:
    """Returns those of some cases in sight that are about one of some persons."""
    rows = await connection.fetch(Q.list_about, list(case_ids), list(persons))
    return frozenset(row["case_id"] for row in rows)


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


async def insert_route(connection: Connection, route: Route, time: datetime) -> None:
    """Adds the route of a case just registered, in its first hands since `time`."""
    await connection.execute(
        Q.insert_route,
        route.case_id,
        *_changing(route),
        time,
        route.site_id,
        route.unit_id,
        route.category,
        route.place,
        route.post_id,
        route.receiver,
        route.register_time or time,
        list(route.about_persons),
    )


async def save_route(connection: Connection, route: Route, time: datetime) -> None:
    """Keeps a route; whoever is accountable now and wasn't before has been since `time`."""
    await connection.execute(Q.save_route, route.case_id, *_changing(route), time)


async def refile_route(connection: Connection, route: Route) -> None:
    """Keeps what an amended case is routed by; whoever has it stays."""
    await connection.execute(
        Q.refile_route,
        route.case_id,
        route.unit_id,
        route.category,
        route.place,
        route.post_id,
        list(route.about_persons),
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
        list(route.recused_persons),
        route.resolve_time,
        route.not_lasting_time,
        route.first_reply_by,
        route.fallback_position,
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
        category=row["category"],
        place=row["place"],
        post_id=row["post_id"],
        receiver=row["receiver"],
        register_time=row["register_time"],
        about_persons=tuple(row["about_persons"]),
        recused_persons=tuple(row["recused_persons"]),
        resolve_time=row["resolve_time"],
        not_lasting_time=row["not_lasting_time"],
        accountable_since=row["accountable_since"],
        first_reply_by=row["first_reply_by"],
        fallback_position=row["fallback_position"],
    )
