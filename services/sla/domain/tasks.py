"""What a unit's tasks owe: their deadlines, and the dispatch room's ruling on one given back."""

from services.sla.domain.acts import Completed, Dispatched, Reopened, Returned
from services.sla.domain.docket import Docket
from services.sla.domain.kinds import CaseState, ClockKind


def dispatched(docket: Docket, act: Dispatched) -> None:
    """Every work order has its deadline.

    On a case that is resolved, too: routing opens none there, and what it opens in a new cycle is
    held until that cycle is heard of; so news of the work order's end is on its way.
    """
    for order in act.orders:
        docket.start(ClockKind.WORK_ORDER, act.time, order.work_order_id, given=order.deadline)


def reopened(docket: Docket, act: Reopened) -> None:
    """A work order that was done is owed anew; what it took the first time stays on record.

    On a case that is resolved, too, as when it is dispatched.
    """
    docket.start(ClockKind.WORK_ORDER, act.time, act.work_order_id, given=act.deadline)


def completed(docket: Docket, act: Completed) -> None:
    """A work order is done, and with it the grace that ran because it was late."""
    docket.stop(docket.live(ClockKind.WORK_ORDER, reference=act.work_order_id), act.time)
    needless = docket.live(ClockKind.ESCALATION, ClockKind.RULING, reference=act.work_order_id)
    docket.cancel(needless, act.time)


def returned(docket: Docket, act: Returned) -> None:
    """The dispatch room owes a ruling."""
    if docket.case.state is CaseState.OPEN:
        docket.start(ClockKind.RULING, act.time, act.work_order_id)
