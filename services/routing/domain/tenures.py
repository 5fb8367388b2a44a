"""With whom a case lies at a moment, and whose the time is that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.routing.domain.route import QUEUE, Route, RouteState
from services.routing.domain.work_orders import WITH_UNIT, WorkOrder, WorkOrderState

REPORTER = "reporter"

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Tenure:
    """With whom a case lies from an instant on; several share the time, nobody has it ended."""

    start_time: datetime
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """One holder's part of the working time."""

    holder: str
    seconds: int


def holders(route: Route, orders: Sequence[WorkOrder]) -> tuple[str, ...]:
    """Returns with whom a case lies: several share the time equally, in this order.

    While tasks lie with units it is theirs, the leading one first; a task given back is the
    dispatch room's; a resolved case lies with the reporter, a closed one with nobody.
    """
    if route.state is RouteState.CLOSED:
        return ()
    if route.state is RouteState.RESOLVED:
        return (REPORTER,)
    found = [
        f"unit:{order.unit_id}" if order.state in WITH_UNIT else QUEUE
        for order in sorted(orders, key=lambda order: not order.lead)
        if order.state is not WorkOrderState.COMPLETED
    ]
    return tuple(dict.fromkeys(found)) or (route.accountable,)


def boundaries(tenures: Sequence[Tenure], now: datetime) -> list[datetime]:
    """Returns the end of each tenure: the start of the next one; of the last it is now.

    A last tenure of nobody ends where it begins, with the close-out. They never fall.
    """
    ends = [tenure.start_time for tenure in tenures[1:]]
    last = tenures[-1]
    ends.append(max(now, last.start_time) if last.holders else last.start_time)
    return ends


def attribute(tenures: Sequence[Tenure], cumulative: Sequence[timedelta]) -> list[Share]:
    """Returns each holder's whole seconds, in the order in which they first had the case.

    `cumulative` is the working time from the first start up to the end of each tenure. It is cut
    to whole seconds once, so the parts add up exactly; those who have a case together share it
    equally, and what can't be divided is the first one's. Time that lay with nobody is nobody's.
    """
    shares: dict[str, int] = {}
    passed = 0
    for tenure, working_time in zip(tenures, cumulative, strict=True):
        reached = max(passed, working_time // _SECOND)
        span, passed = reached - passed, reached
        if not tenure.holders:
            continue
        each, rest = divmod(span, len(tenure.holders))
        for index, holder in enumerate(tenure.holders):
            shares[holder] = shares.get(holder, 0) + each + (0 if index else rest)
    return [Share(holder, seconds) for holder, seconds in shares.items()]
