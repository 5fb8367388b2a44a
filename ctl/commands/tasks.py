"""What commands about work orders share: which one is meant, until when, and how it is shown."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

import typer
from google.protobuf.message import Message

from backstop.routing.v1 import routing_pb2, routing_service_pb2
from backstop.sla.v1 import sla_service_pb2
from ctl import times
from ctl.failures import Problem
from ctl.shell import Session
from ctl.tables import organisation

WORKING_DAYS: Final = re.compile(r"\+(\d{1,3})w")

State: TypeAlias = "routing_pb2.WorkOrderState.ValueType"
DISPATCHED: Final[frozenset[State]] = frozenset({routing_pb2.WORK_ORDER_STATE_DISPATCHED})
RETURNED: Final[frozenset[State]] = frozenset({routing_pb2.WORK_ORDER_STATE_RETURNED})
WITH_UNIT: Final = DISPATCHED | {routing_pb2.WORK_ORDER_STATE_ACCEPTED}
OPEN: Final = WITH_UNIT | RETURNED
COMPLETED: Final[frozenset[State]] = frozenset({routing_pb2.WORK_ORDER_STATE_COMPLETED})

WorkOrder = Annotated[
    str,
    typer.Argument(metavar="[WORK_ORDER]", help="工单 id，或单位代码 · work order id, or its unit"),
]


async def route_of(session: Session, case_id: str) -> routing_pb2.Route:
    """Returns where a case stands in routing."""
    response = await session.client.call(
        "routing",
        session.client.routing.GetRoute,
        routing_service_pb2.GetRouteRequest(case_id=case_id),
    )
    return response.route


async def act(session: Session, method: Any, request: Message) -> None:
    """Asks routing for a change of a case, and prints where the case stands then."""
    response = await session.client.call("routing", method, request)
    await show(session, response, response.route)


async def show(session: Session, response: Message, route: routing_pb2.Route) -> None:
    """Prints a response, for people as the route in it."""
    look = await session.look(route.site_id)
    session.show(response, *organisation.route(look, route))


async def deadline_of(session: Session, text: str) -> datetime:
    """Reads a deadline, one ahead counted from the suite's time: "+5d", "+5w" in working days."""
    if counted := WORKING_DAYS.fullmatch(text.strip()):
        # The site's clock comes with its names.
        await session.names(session.site)
        today = (await session.now()).astimezone(session.zone).date()
        request = sla_service_pb2.AddWorkingDaysRequest(
            site_id=session.site,
            start_date=times.date_message(today),
            working_days=int(counted[1]),
        )
        response = await session.client.call("sla", session.client.sla.AddWorkingDays, request)
        return times.moment(response.end_time)
    now = await session.now() if times.is_ahead(text) else None
    return times.parse_time(text, session.zone, option="--deadline", now=now)


async def work_order_of(session: Session, case_id: str, key: str, states: Collection[State]) -> str:
    """Returns the id of a work order named by id, by unit, or by being the only one it can be."""
    if key.count("-") == 4:
        return key
    route = await route_of(session, case_id)
    names = await session.names(route.site_id)
    unit = names.unit_of(key)
    named = [order for order in route.work_orders if not key or order.unit_id == unit]
    # The only one of a unit is meant whatever its state: the service says why it can't be.
    found = [order for order in named if order.state in states] or (named if key else [])
    if len(found) == 1:
        return found[0].work_order_id
    units = ", ".join(f"{o.unit_id}={o.work_order_id}" for o in route.work_orders) or "—"
    raise Problem(f"请指明工单 / which work order? {units}", field="WORK_ORDER")
