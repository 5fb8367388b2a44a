"""What units and the dispatch room do with work orders. The case is locked first, then read."""

from collections.abc import Sequence

from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import work_orders as convert
from services.routing.domain import route as routes
from services.routing.domain import work_orders as orders
from services.routing.domain.commands.work_orders import (
    AcceptWorkOrder,
    CompleteWorkOrder,
    DispatchWorkOrders,
    ReopenWorkOrder,
)
from services.routing.domain.deadlines import NOTHING_TOLD, Told, settle
from services.routing.domain.directory import Site
from services.routing.domain.route import RouteFile, Seal, SealUnknown
from services.routing.domain.work_orders import Task, WorkOrder, WorkOrderState
from services.routing.handlers import holding, shielding, tenures, units
from services.routing.store import routes as store
from services.routing.store import work_orders as rows


async def dispatch_work_orders(
    work: Work,
    command: DispatchWorkOrders,
    disproved: frozenset[Seal] = frozenset(),
    told: Told = NOTHING_TOLD,
) -> Receipt:
    """Sends tasks to units; the receipt's outcome is their ids, separated by commas.

    Raises SealUnknown and CalendarUnknown where intake or sla have to be asked: the caller does
    so outside of this transaction, and comes again with `disproved` and `told`.
    """
    file = await holding.hold(work, command.case_id, command.expected_version)
    routes.require_open(file.route)
    site = await holding.site(work, file.route.site_id)
    await shielding.require_clear(work, site, file.route)
    deadlines = settle(
        [asked.deadline for asked in command.tasks],
        site,
        work.time,
        told,
        allow_rest_day=command.allow_rest_day,
    )
    tasks = [
        Task(asked.unit_id, asked.task, deadline, asked.lead)
        for asked, deadline in zip(command.tasks, deadlines, strict=True)
    ]
    dispatched = await send_tasks(work, file, site, tasks, disproved)
    return holding.receipt(
        work, command.case_id, ",".join(order.work_order_id for order in dispatched)
    )


async def send_tasks(
    work: Work,
    file: RouteFile,
    site: Site,
    tasks: Sequence[Task],
    disproved: frozenset[Seal] = frozenset(),
) -> list[WorkOrder]:
    """Sends tasks of a locked case to units, records it, and returns the new work orders.

    `disproved` are lapsed seals after which intake said that the case is in hand. Raises
    SealUnknown for others, and Refused CASE_NOT_OPEN, WORK_ORDERS_SEALED, WORK_ORDER_UNIT,
    WORK_ORDER_LEAD, DEADLINE_IN_PAST, PERSON_SHIELDED for a unit whose head must not have the
    case. Whether the caller may have it is for the caller to check.
    """
    route = file.route
    lapsed = _require_unsealed(work, file, disproved)
    checked = orders.check_tasks(tasks, file.work_orders, await units.active(work, site), work.time)
    heads = await units.clear_heads(work, site, route, [task.unit_id for task in checked])
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
        for task in checked
    ]
    await _forget_seals(work, route.case_id, lapsed)
    await rows.insert_work_orders(work.connection, dispatched)
    await tenures.follow(work, route, [*file.work_orders, *dispatched])
    work.record(
        route.case_id,
        route.site_id,
        convert.work_orders_dispatched(route.case_id, dispatched, heads),
    )
    return dispatched


async def accept_work_order(work: Work, command: AcceptWorkOrder) -> Receipt:
    """Notes that a unit took its task."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    await units.require_of_unit(work, file.route, order)
    accepted = orders.accept(order, work.actor.subject, work.time)
    await units.save(work, file, accepted)
    work.record(order.case_id, order.site_id, convert.work_order_accepted(accepted, work.time))
    return holding.receipt(work, command.case_id)


async def complete_work_order(work: Work, command: CompleteWorkOrder) -> Receipt:
    """Notes that a unit's task is done; allowed whatever has become of the case."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    await units.require_of_unit(work, file.route, order)
    done = orders.complete(
        order,
        work.actor.subject,
        command.result,
        command.complete_time,
        work.time,
        command.evidence,
    )
    every = await units.save(work, file, done)
    done_time = done.complete_time or work.time
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_completed(done, done_time, orders.open_count(every)),
        occurred_time=done_time,
    )
    return holding.receipt(work, command.case_id)


async def reopen_work_order(
    work: Work,
    command: ReopenWorkOrder,
    disproved: frozenset[Seal] = frozenset(),
    told: Told = NOTHING_TOLD,
) -> Receipt:
    """Opens a task again that was reported done and isn't; raises as `dispatch_work_orders`."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    route = file.route
    routes.require_open(route)
    order = units.find(file, command.work_order_id)
    site = await holding.site(work, route.site_id)
    await shielding.require_clear(work, site, route)
    lapsed = _require_unsealed(work, file, disproved)
    (deadline,) = settle(
        [command.deadline], site, work.time, told, allow_rest_day=command.allow_rest_day
    )
    active = await units.active(work, site)
    again = orders.reopen(order, deadline, file.work_orders, active, work.time)
    (head,) = await units.clear_heads(work, site, route, [again.unit_id])
    await _forget_seals(work, route.case_id, lapsed)
    await units.save(work, file, again)
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_reopened(again, head, command.reason, work.actor.subject, work.time),
    )
    return holding.receipt(work, command.case_id)


def _require_unsealed(work: Work, file: RouteFile, disproved: frozenset[Seal]) -> frozenset[Seal]:
    """Returns the lapsed seals, which are of no use any more.

    Raises Refused CASE_NOT_OPEN and WORK_ORDERS_SEALED, and SealUnknown for those that nobody
    has asked intake about.
    """
    routes.require_open(file.route)
    if file.leased(work.time):
        raise Refused("WORK_ORDERS_SEALED", case_id=file.route.case_id)
    lapsed = file.lapsed(work.time)
    if lapsed - disproved:
        raise SealUnknown(file.route.case_id, lapsed)
    return lapsed


async def _forget_seals(work: Work, case_id: str, lapsed: frozenset[Seal]) -> None:
    if lapsed:
        await store.delete_seals(work.connection, case_id, [seal.holder for seal in lapsed])
