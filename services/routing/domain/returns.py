"""Tasks that come back: the dispatch room rules on the first return, a meeting on the last."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chassis.errors import Refused
from services.routing.domain.shield import Shield
from services.routing.domain.work_orders import (
    MOST_RETURNS,
    WITH_UNIT,
    Ruling,
    WorkOrder,
    WorkOrderState,
    check_deadline,
    invalid,
    wrong_state,
)


def give_back(order: WorkOrder, reason: str) -> WorkOrder:
    """Returns the work order given back by its unit; its deadline runs on.

    More time that was asked for is off: who has the task next asks anew. Raises Refused
    WORK_ORDER_WRONG_STATE and WORK_ORDER_RETURNED_TWICE.
    """
    if order.state not in WITH_UNIT:
        raise wrong_state("ReturnWorkOrder", order)
    if order.return_count >= MOST_RETURNS:
        raise Refused("WORK_ORDER_RETURNED_TWICE", work_order_id=order.work_order_id)
    return replace(
        order,
        state=WorkOrderState.RETURNED,
        return_count=order.return_count + 1,
        return_reason=reason,
        extension=None,
    )


def rule(
    order: WorkOrder,
    kind: Ruling,
    unit_id: str,
    deadline_time: datetime | None,
    units: Collection[str],
    time: datetime,
) -> WorkOrder:
    """Returns the work order as the ruling leaves it: dispatched anew, to whomever it names.

    `units` are those of the site; the deadline stays when none is given, though it be over.
    Raises Refused WORK_ORDER_WRONG_STATE, JOINT_MEETING_NEEDED after the last return,
    NO_SUCH_UNIT (for a unit dissolved since as well, which can't keep its task),
    WORK_ORDER_SAME_UNIT, DEADLINE_IN_PAST, and INVALID_FIELD for a joint meeting that isn't due,
    a unit missing, or another one where the task stays.
    """
    if order.state is not WorkOrderState.RETURNED:
        raise wrong_state("RuleWorkOrder", order)
    if order.return_count >= MOST_RETURNS:
        raise Refused("JOINT_MEETING_NEEDED", work_order_id=order.work_order_id)
    if kind is Ruling.JOINT_MEETING:
        raise invalid(
            "kind", "a joint meeting follows the second return, and has a call of its own"
        )
    if kind is Ruling.UPHOLD:
        if unit_id not in ("", order.unit_id):
            raise invalid("unit_id", "a task that is upheld stays with its unit")
        unit_id = order.unit_id
    elif not unit_id:
        raise invalid("unit_id", "value is required")
    if unit_id not in units:
        raise Refused("NO_SUCH_UNIT", unit_id=unit_id)
    if kind is Ruling.REDISPATCH and unit_id == order.unit_id:
        raise Refused("WORK_ORDER_SAME_UNIT", unit_id=unit_id)
    return _sent_anew(order, unit_id, order.lead or kind is Ruling.LEAD, deadline_time, time)


def hold_meeting(
    order: WorkOrder,
    unit_ids: Sequence[str],
    lead_unit_id: str,
    deadline_time: datetime | None,
    units: Collection[str],
    time: datetime,
) -> WorkOrder:
    """Returns the work order sent to the unit that a joint meeting named, which leads.

    `unit_ids` took part, `units` are those of the site; the deadline stays when none is given.
    Raises Refused WORK_ORDER_WRONG_STATE, JOINT_MEETING_NOT_DUE before the last return,
    NO_SUCH_UNIT, DEADLINE_IN_PAST, and INVALID_FIELD for a leading unit that didn't take part.
    """
    if order.state is not WorkOrderState.RETURNED:
        raise wrong_state("HoldJointMeeting", order)
    if order.return_count < MOST_RETURNS:
        raise Refused("JOINT_MEETING_NOT_DUE", work_order_id=order.work_order_id)
    for unit_id in unit_ids:
        if unit_id not in units:
            raise Refused("NO_SUCH_UNIT", unit_id=unit_id)
    if lead_unit_id not in unit_ids:
        raise invalid("lead_unit_id", "the leading unit takes part in the meeting")
    return _sent_anew(order, lead_unit_id, True, deadline_time, time)


def yielding_lead(leader: WorkOrder, orders: Sequence[WorkOrder]) -> list[WorkOrder]:
    """Returns the case's other open work orders that led, without the lead that `leader` has."""
    if not leader.lead:
        return []
    return [
        replace(order, lead=False)
        for order in orders
        if order.open and order.lead and order.work_order_id != leader.work_order_id
    ]


def shielded_head(
    unit_id: str,
    heads: Mapping[str, str],
    parents: Mapping[str, str],
    shield: Shield,
    about: Collection[str],
) -> str:
    """Returns who keeps a unit from having a task: a head of it who must not have the case.

    Looked at are the unit's own head and the next one above. Further up only those count whom the
    case is `about`: their whole line keeps out of it, that of a recused person doesn't. Empty when
    nobody stands in the way; `heads` is unit → head, `parents` unit → the one above.
    """
    near = 0
    seen: set[str] = set()
    at = unit_id
    while at and at not in seen:
        seen.add(at)
        head = heads.get(at, "")
        if head and (head in about or (near < 2 and shield.covers_alone(head))):
            return head
        # A unit without a head of its own has only the one above.
        near += bool(head) or at == unit_id
        at = parents.get(at, "")
    return ""


def _sent_anew(
    order: WorkOrder, unit_id: str, lead: bool, deadline_time: datetime | None, time: datetime
) -> WorkOrder:
    if deadline_time is not None:
        check_deadline(deadline_time, "deadline_time", time)
    return replace(
        order,
        state=WorkOrderState.DISPATCHED,
        unit_id=unit_id,
        lead=lead,
        deadline_time=deadline_time or order.deadline_time,
        accepted_by="",
        accept_time=None,
        extension=None,
    )
