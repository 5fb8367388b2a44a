"""More time for a task: asked for by its unit, or given by the dispatch room of its own accord."""

from dataclasses import replace
from datetime import datetime

from chassis.errors import Refused
from services.routing.domain.work_orders import (
    WITH_UNIT,
    ExtensionAsked,
    WorkOrder,
    check_deadline,
    invalid,
    wrong_state,
)


def extend(order: WorkOrder, deadline_time: datetime, time: datetime) -> WorkOrder:
    """Returns the work order with a later deadline; what was asked for is answered by it.

    Raises Refused WORK_ORDER_WRONG_STATE, DEADLINE_HAS_PASSED, and INVALID_FIELD for a deadline
    that isn't later, or beyond ten years.
    """
    if not order.open:
        raise wrong_state("ExtendWorkOrder", order)
    _check_later(order, deadline_time, time)
    return replace(order, deadline_time=deadline_time, extension=None)


def ask(
    order: WorkOrder, deadline_time: datetime, reason: str, asked_by: str, time: datetime
) -> WorkOrder:
    """Returns the work order with more time asked for, in place of what was asked before.

    Raises Refused WORK_ORDER_WRONG_STATE, DEADLINE_HAS_PASSED, and INVALID_FIELD for a deadline
    that isn't later, or beyond ten years.
    """
    if order.state not in WITH_UNIT:
        raise wrong_state("AskExtension", order)
    _check_later(order, deadline_time, time)
    return replace(order, extension=ExtensionAsked(deadline_time, reason, asked_by, time))


def decide(
    order: WorkOrder, decided_by: str, *, granted: bool, words: str
) -> tuple[WorkOrder, ExtensionAsked]:
    """Returns the work order with the time that was asked for or without, and what was asked.

    The deadline may have passed meanwhile: it was asked in time. Raises Refused
    EXTENSION_NOT_ASKED, OWN_EXTENSION, and INVALID_FIELD for a refusal without a word.
    """
    asked = order.extension
    if asked is None:
        raise Refused("EXTENSION_NOT_ASKED", work_order_id=order.work_order_id)
    if asked.asked_by == decided_by:
        raise Refused("OWN_EXTENSION", work_order_id=order.work_order_id)
    if granted:
        return replace(order, deadline_time=asked.deadline_time, extension=None), asked
    if not words:
        raise invalid("words", "say why not")
    return replace(order, extension=None), asked


def _check_later(order: WorkOrder, deadline_time: datetime, time: datetime) -> None:
    if order.deadline_time <= time:
        raise Refused("DEADLINE_HAS_PASSED", work_order_id=order.work_order_id)
    if deadline_time <= order.deadline_time:
        raise invalid("deadline_time", "must be later than the present deadline")
    check_deadline(deadline_time, "deadline_time", time)
