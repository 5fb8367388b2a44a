"""What units and the dispatch room do with work orders, and the seals on them.

The case is locked first, then read.
"""

from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import work_orders as convert
from services.routing.domain import route as routes
from services.routing.domain import work_orders as orders
from services.routing.domain.commands import (
    AcceptWorkOrder,
    CompleteWorkOrder,
    DispatchWorkOrders,
    ExtendWorkOrder,
    ReturnWorkOrder,
    RuleWorkOrder,
    SealWorkOrders,
    UnsealWorkOrders,
)
from services.routing.domain.directory import is_within
from services.routing.domain.route import SEAL_LEASE, Route, RouteFile, Seal, SealUnknown
from services.routing.domain.work_orders import WorkOrder, WorkOrderState
from services.routing.handlers import holding
from services.routing.store import directory as sites
from services.routing.store import duty
from services.routing.store import routes as store


async def dispatch_work_orders(
    work: Work, command: DispatchWorkOrders, disproved: frozenset[Seal] = frozenset()
) -> Receipt:
    """Sends tasks to units; the receipt's outcome is their ids, separated by commas.

    `disproved` are lapsed seals after which intake said that the case is in hand. Raises
    SealUnknown for others: the caller asks intake, outside of this transaction, and comes again.
    """
    file = await holding.hold(work, command.case_id, command.expected_version)
    route = file.route
    routes.require_open(route)
    if file.leased(work.time):
        raise Refused("WORK_ORDERS_SEALED", case_id=route.case_id)
    lapsed = file.lapsed(work.time)
    if lapsed - disproved:
        raise SealUnknown(route.case_id, lapsed)
    site = await holding.site(work, route.site_id)
    units = {unit.unit_id for unit in await sites.list_units(work.connection, site.site_id)}
    tasks = orders.check_tasks(command.tasks, file.work_orders, units, work.time)
    dispatched = [
        WorkOrder(
            work_order_id=new_id(),
            case_id=route.case_id,
            site_id=route.site_id,
            unit_id=task.unit_id,
            lead=task.lead,
            task=task.task,
            deadline_time=task.deadline_time,
            state=WorkOrderState.DISPATCHED,
            dispatch_time=work.time,
        )
        for task in tasks
    ]
    heads = await duty.load_heads(
        work.connection, site, [order.unit_id for order in dispatched], work.time
    )
    if lapsed:
        holders = [seal.holder for seal in lapsed]
        await store.delete_seals(work.connection, route.case_id, holders)
    await store.insert_work_orders(work.connection, dispatched)
    work.record(
        route.case_id,
        route.site_id,
        convert.work_orders_dispatched(route.case_id, dispatched, heads),
    )
    return holding.receipt(
        work, command.case_id, ",".join(order.work_order_id for order in dispatched)
    )


async def accept_work_order(work: Work, command: AcceptWorkOrder) -> Receipt:
    """Notes that a unit took its task."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = _find(file, command.work_order_id)
    await _require_of_unit(work, file.route, order)
    accepted = orders.accept(order, work.actor.subject, work.time)
    await store.save_work_order(work.connection, accepted)
    work.record(order.case_id, order.site_id, convert.work_order_accepted(accepted, work.time))
    return holding.receipt(work, command.case_id)


async def complete_work_order(work: Work, command: CompleteWorkOrder) -> Receipt:
    """Notes that a unit's task is done; allowed whatever has become of the case."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = _find(file, command.work_order_id)
    await _require_of_unit(work, file.route, order)
    done = orders.complete(
        order, work.actor.subject, command.result, command.complete_time, work.time
    )
    await store.save_work_order(work.connection, done)
    done_time = done.complete_time or work.time
    left = orders.open_count(
        [done if o.work_order_id == done.work_order_id else o for o in file.work_orders]
    )
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_completed(done, done_time, left),
        occurred_time=done_time,
    )
    return holding.receipt(work, command.case_id)


async def return_work_order(work: Work, command: ReturnWorkOrder) -> Receipt:
    """Takes a task back from its unit; its deadline runs on."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = _find(file, command.work_order_id)
    await _require_of_unit(work, file.route, order)
    returned = orders.give_back(order, command.reason)
    await store.save_work_order(work.connection, returned)
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_returned(returned, work.actor.subject, work.time),
    )
    return holding.receipt(work, command.case_id)


async def rule_work_order(work: Work, command: RuleWorkOrder) -> Receipt:
    """Sends a task that was given back to the unit that the ruling names."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = _find(file, command.work_order_id)
    units = {unit.unit_id for unit in await sites.list_units(work.connection, order.site_id)}
    ruled = orders.rule(
        order, command.kind, command.unit_id, command.deadline_time, units, work.time
    )
    # The others first: at no moment do two lead.
    for yielding in orders.yielding_lead(ruled, file.work_orders):
        await store.save_work_order(work.connection, yielding)
    await store.save_work_order(work.connection, ruled)
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_ruled(ruled, command.kind, command.text, work.actor.subject, work.time),
    )
    return holding.receipt(work, command.case_id)


async def extend_work_order(work: Work, command: ExtendWorkOrder) -> Receipt:
    """Gives a task more time, approved by the caller."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = _find(file, command.work_order_id)
    extended = orders.extend(order, command.deadline_time, work.time)
    await store.save_work_order(work.connection, extended)
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_extended(
            extended, order.deadline_time, command.reason, work.actor.subject, work.time
        ),
    )
    return holding.receipt(work, command.case_id)


async def seal_work_orders(work: Work, command: SealWorkOrders) -> Receipt:
    """Forbids new work orders for two minutes; of a case not known here as well.

    Each attempt to resolve has a seal of its own, so that one that fails frees no other's.
    """
    await _lock_for_seal(work, command.site_id, command.case_id)
    work_orders = await store.list_work_orders(work.connection, command.case_id)
    count = orders.open_count(work_orders)
    if count:
        raise Refused("WORK_ORDERS_OPEN", count=count)
    seal = Seal(command.holder, work.time + SEAL_LEASE)
    await store.save_seal(work.connection, command.case_id, command.site_id, seal)
    return holding.receipt(work, command.case_id)


async def unseal_work_orders(work: Work, command: UnsealWorkOrders) -> Receipt:
    """Takes the holder's seal back; a case that is resolved by now stays sealed by its state."""
    await _lock_for_seal(work, command.site_id, command.case_id)
    await store.delete_seals(work.connection, command.case_id, [command.holder])
    return holding.receipt(work, command.case_id)


async def _lock_for_seal(work: Work, site_id: str, case_id: str) -> None:
    try:
        await work.lock(site_id, case_id)
    except LookupError:
        # Known, but of another site than the one named.
        raise Refused("ROUTE_NOT_FOUND", case_id=case_id) from None


async def _require_of_unit(work: Work, route: Route, order: WorkOrder) -> None:
    """Lets those pass who belong to the unit, to one below it, or are named for it."""
    actor = work.actor
    if actor.has("STEWARD", "DISPATCHER", "DIRECTOR"):
        return
    site = await holding.site(work, route.site_id)
    connection = work.connection
    person = await sites.load_person(connection, site.site_id, actor.subject)
    if person is not None and person.unit_id:
        units = await sites.list_units(connection, site.site_id)
        parents = {unit.unit_id: unit.parent_id for unit in units}
        if is_within(parents, person.unit_id, order.unit_id):
            return
    if not await duty.answers_for(connection, site, order.unit_id, actor.subject, work.time):
        raise Refused("NOT_OF_THE_UNIT", unit_id=order.unit_id)


def _find(file: RouteFile, work_order_id: str) -> WorkOrder:
    for order in file.work_orders:
        if order.work_order_id == work_order_id:
            return order
    raise Refused("WORK_ORDER_NOT_FOUND", work_order_id=work_order_id)
