"""Which of a case's work orders is meant, who may speak for its unit, and which may have one."""

from collections.abc import Sequence

from chassis.errors import Refused
from chassis.work import Work
from services.routing.domain.directory import Site, is_within
from services.routing.domain.returns import shielded_head
from services.routing.domain.route import Route, RouteFile
from services.routing.domain.work_orders import WorkOrder, changed
from services.routing.handlers import holding, shielding, tenures
from services.routing.store import directory as sites
from services.routing.store import matrix as answers
from services.routing.store import work_orders as rows


async def require_of_unit(work: Work, route: Route, order: WorkOrder) -> None:
    """Lets those pass who may speak for a work order's unit and may have the case in hand.

    Raises Refused NOT_OF_THE_UNIT, and CONFLICT_OF_INTEREST for the shielded, whatever they are.
    """
    site = await holding.site(work, route.site_id)
    await shielding.require_clear(work, site, route)
    await require_of(work, site.site_id, order.unit_id)


async def require_of(work: Work, site_id: str, unit_id: str) -> None:
    """Lets those pass who belong to a unit, to one below it, or are named for it.

    Stewards, dispatchers and directors speak for every unit. Refused NOT_OF_THE_UNIT for others.
    """
    actor, connection = work.actor, work.connection
    if actor.has("STEWARD", "DISPATCHER", "DIRECTOR"):
        return
    person = await sites.load_person(connection, site_id, actor.subject)
    if person is not None and person.unit_id:
        every = await sites.list_units(connection, site_id)
        parents = {unit.unit_id: unit.parent_id for unit in every}
        if is_within(parents, person.unit_id, unit_id):
            return
    site = await holding.site(work, site_id)
    if not await answers.answers_for(connection, site, unit_id, actor.subject, work.time):
        raise Refused("NOT_OF_THE_UNIT", unit_id=unit_id)


def find(file: RouteFile, work_order_id: str) -> WorkOrder:
    """Returns one of a case's work orders; Refused WORK_ORDER_NOT_FOUND."""
    for order in file.work_orders:
        if order.work_order_id == work_order_id:
            return order
    raise Refused("WORK_ORDER_NOT_FOUND", work_order_id=work_order_id)


async def active(work: Work, site: Site) -> set[str]:
    """Returns the units that the site has today."""
    today = site.local(work.time).date()
    every = await sites.list_units(work.connection, site.site_id)
    return {unit.unit_id for unit in every if unit.days.holds(today)}


async def clear_heads(work: Work, site: Site, route: Route, unit_ids: Sequence[str]) -> list[str]:
    """Returns the head of each unit that is to have a task, in their order; empty where unknown.

    Raises Refused PERSON_SHIELDED for a unit whose head, or the head above, must not have the case.
    """
    connection = work.connection
    shield = await shielding.shield_of(work, site, route)
    if shield:
        heads = await answers.load_all_heads(connection, site, work.time)
        every = await sites.list_units(connection, site.site_id)
        parents = {unit.unit_id: unit.parent_id for unit in every}
        for unit_id in unit_ids:
            person = shielded_head(unit_id, heads, parents, shield, route.about_persons)
            if person:
                raise Refused("PERSON_SHIELDED", person_id=person)
    return await answers.load_heads(connection, site, unit_ids, work.time)


async def save(work: Work, file: RouteFile, *orders: WorkOrder) -> list[WorkOrder]:
    """Keeps work orders of a case as they are now, in this order, and with whom it lies by them.

    Returns all of the case's.
    """
    for order in orders:
        await rows.save_work_order(work.connection, order)
    every = changed(file.work_orders, *orders)
    await tenures.follow(work, file.route, every)
    return every
