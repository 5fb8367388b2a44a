"""Seals on a case's work orders, around a resolution."""

from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.domain import work_orders as orders
from services.routing.domain.commands.work_orders import SealWorkOrders, UnsealWorkOrders
from services.routing.domain.route import SEAL_LEASE, Seal
from services.routing.handlers import holding
from services.routing.store import routes as store
from services.routing.store import work_orders as tasks


async def seal_work_orders(work: Work, command: SealWorkOrders) -> Receipt:
    """Forbids new work orders for two minutes; of a case not known here as well.

    Each attempt to resolve has a seal of its own, so that one that fails frees no other's.
    """
    await _lock_for_seal(work, command.site_id, command.case_id)
    work_orders = await tasks.list_work_orders(work.connection, command.case_id)
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
