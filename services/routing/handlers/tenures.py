"""Keeping account of with whom a case lies; called after every change of a route or its tasks."""

from collections.abc import Sequence

from chassis.work import Work
from services.routing.domain.route import Route
from services.routing.domain.tenures import holders
from services.routing.domain.work_orders import WorkOrder
from services.routing.store import tenures as store


async def follow(work: Work, route: Route, orders: Sequence[WorkOrder]) -> None:
    """Notes with whom the case lies from now on; `orders` are all of its work orders."""
    await store.note_tenure(
        work.connection, route.case_id, route.site_id, work.time, holders(route, orders)
    )
