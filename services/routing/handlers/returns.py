"""Tasks that come back, and what the dispatch room or a joint meeting makes of them."""

from chassis.work import Receipt, Work
from services.routing.convert import work_orders as convert
from services.routing.domain import returns
from services.routing.domain.commands.work_orders import (
    HoldJointMeeting,
    ReturnWorkOrder,
    RuleWorkOrder,
)
from services.routing.domain.deadlines import NOTHING_TOLD, Told, settle
from services.routing.domain.directory import Site
from services.routing.domain.route import RouteFile
from services.routing.domain.work_orders import Ruling, WorkOrder
from services.routing.handlers import category_proposals, holding, shielding, units


async def return_work_order(work: Work, command: ReturnWorkOrder) -> Receipt:
    """Takes a task back from its unit; its deadline runs on."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    await units.require_of_unit(work, file.route, order)
    returned = returns.give_back(order, command.reason)
    await units.save(work, file, returned)
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_returned(returned, work.actor.subject, work.time),
    )
    return holding.receipt(work, command.case_id)


async def rule_work_order(work: Work, command: RuleWorkOrder) -> Receipt:
    """Sends a task that was given back to the unit that the ruling names."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    site = await holding.site(work, file.route.site_id)
    await shielding.require_clear(work, site, file.route)
    ruled = returns.rule(
        order,
        command.kind,
        command.unit_id,
        command.deadline_time,
        await units.active(work, site),
        work.time,
    )
    await _send_anew(work, file, site, order, ruled, command.kind, command.text)
    return holding.receipt(work, command.case_id)


async def hold_joint_meeting(
    work: Work, command: HoldJointMeeting, told: Told = NOTHING_TOLD
) -> Receipt:
    """Sends a task given back for the last time to the unit that a joint meeting named.

    Raises CalendarUnknown where sla has to be asked about the deadline, outside of this
    transaction; the caller comes again with what it `told`.
    """
    file = await holding.hold(work, command.case_id, command.expected_version)
    order = units.find(file, command.work_order_id)
    site = await holding.site(work, file.route.site_id)
    await shielding.require_clear(work, site, file.route)
    given = [] if command.deadline is None else [command.deadline]
    deadlines = settle(given, site, work.time, told, allow_rest_day=command.allow_rest_day)
    ruled = returns.hold_meeting(
        order,
        command.unit_ids,
        command.lead_unit_id,
        deadlines[0] if deadlines else None,
        await units.active(work, site),
        work.time,
    )
    kind, minutes = Ruling.JOINT_MEETING, command.minutes
    await _send_anew(work, file, site, order, ruled, kind, minutes, command.unit_ids)
    return holding.receipt(work, command.case_id)


async def _send_anew(
    work: Work,
    file: RouteFile,
    site: Site,
    order: WorkOrder,
    ruled: WorkOrder,
    kind: Ruling,
    text: str,
    meeting: tuple[str, ...] = (),
) -> None:
    """Keeps and records a ruling; one that contradicts the category table becomes a proposal."""
    (head,) = await units.clear_heads(work, site, file.route, [ruled.unit_id])
    # The others first: at no moment do two lead.
    await units.save(work, file, *returns.yielding_lead(ruled, file.work_orders), ruled)
    work.record(
        order.case_id,
        order.site_id,
        convert.work_order_ruled(
            ruled,
            kind,
            text,
            work.actor.subject,
            work.time,
            head=head,
            previous_unit_id=order.unit_id,
            meeting_unit_ids=meeting,
        ),
    )
    if kind is not Ruling.UPHOLD:
        await category_proposals.propose(work, file.route, ruled.unit_id)
