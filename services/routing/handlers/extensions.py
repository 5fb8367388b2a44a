"""Tasks that take longer."""

from chassis.work import Receipt, Work
from services.routing.convert import work_orders as convert
from services.routing.domain import extensions
from services.routing.domain.commands.work_orders import (
    AskExtension,
    DecideExtension,
    ExtendWorkOrder,
)
from services.routing.domain.deadlines import NOTHING_TOLD, Told, settle
from services.routing.handlers import holding, shielding, units


async def extend_work_order(work: Work, command: ExtendWorkOrder) -> Receipt:
    """Gives a task more time, approved by the caller."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    site = await holding.site(work, file.route.site_id)
    await shielding.require_clear(work, site, file.route)
    extended = extensions.extend(order, command.deadline_time, work.time)
    await units.save(work, file, extended)
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_extended(
            extended, order.deadline_time, command.reason, work.actor.subject, work.time
        ),
    )
    return holding.receipt(work, command.case_id)


async def ask_extension(work: Work, command: AskExtension, told: Told = NOTHING_TOLD) -> Receipt:
    """Notes that a unit asks for more time, before its deadline.

    Raises CalendarUnknown where sla has to be asked about the deadline, outside of this
    transaction; the caller comes again with what it `told`.
    """
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    await units.require_of_unit(work, file.route, order)
    site = await holding.site(work, file.route.site_id)
    (deadline,) = settle(
        [command.deadline], site, work.time, told, allow_rest_day=command.allow_rest_day
    )
    asking = extensions.ask(order, deadline, command.reason, work.actor.subject, work.time)
    await units.save(work, file, asking)
    if asking.extension is not None:
        work.record(
            order.case_id,
            order.site_id,
            convert.work_order_extension_asked(order, asking.extension),
        )
    return holding.receipt(work, command.case_id)


async def decide_extension(work: Work, command: DecideExtension) -> Receipt:
    """Grants the time that a unit asked for, or declines it."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    site = await holding.site(work, file.route.site_id)
    await shielding.require_clear(work, site, file.route)
    actor = work.actor.subject
    decided, asked = extensions.decide(order, actor, granted=command.granted, words=command.words)
    await units.save(work, file, decided)
    if command.granted:
        reason = f"{asked.reason}（{command.words}）" if command.words else asked.reason
        fact = convert.work_order_extended(decided, order.deadline_time, reason, actor, work.time)
        work.record(order.case_id, order.site_id, fact)
    else:
        work.record(
            order.case_id,
            order.site_id,
            convert.work_order_extension_declined(decided, asked, command.words, actor, work.time),
        )
    return holding.receipt(work, command.case_id)
