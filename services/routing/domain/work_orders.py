"""Work orders: a unit's task within a case, from dispatch to completion, or back and forth."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.errors import FieldViolation, Refused

# What a clock beside ours may be ahead.
CLOCK_SKEW = timedelta(minutes=5)
# A deadline further away is a slip of the pen.
LONGEST_DEADLINE = timedelta(days=3660)
# How often a task may be given back: then it stays where the dispatch room put it.
MOST_RETURNS = 2


class WorkOrderState(StrEnum):
    DISPATCHED = "DISPATCHED"
    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"
    # Given back; open still, and the dispatch room owes a ruling.
    RETURNED = "RETURNED"


# The task lies with a unit, which may do it or give it back.
WITH_UNIT = frozenset({WorkOrderState.DISPATCHED, WorkOrderState.ACCEPTED})


class Ruling(StrEnum):
    """How the dispatch room rules on a return."""

    REDISPATCH = "REDISPATCH"
    UPHOLD = "UPHOLD"
    LEAD = "LEAD"


@dataclass(frozen=True, slots=True)
class WorkOrder:
    work_order_id: str
    case_id: str
    site_id: str
    unit_id: str
    lead: bool
    task: str
    deadline_time: datetime
    state: WorkOrderState
    dispatch_time: datetime
    accepted_by: str = ""
    accept_time: datetime | None = None
    completed_by: str = ""
    result: str = ""
    complete_time: datetime | None = None
    return_count: int = 0
    # Of the last return.
    return_reason: str = ""

    @property
    def open(self) -> bool:
        """Not completed yet; one that was given back is open too."""
        return self.state is not WorkOrderState.COMPLETED


@dataclass(frozen=True, slots=True)
class Task:
    """What one unit is asked to do."""

    unit_id: str
    task: str
    deadline_time: datetime
    lead: bool = False


def check_tasks(
    tasks: Sequence[Task],
    existing: Sequence[WorkOrder],
    units: Collection[str],
    time: datetime,
) -> tuple[Task, ...]:
    """Returns the tasks as they are dispatched, with their one lead among the open ones.

    A single task leads by itself unless an open work order of the case does. `units` are those
    of the site. Raises Refused WORK_ORDER_UNIT, DEADLINE_IN_PAST, WORK_ORDER_LEAD, and
    INVALID_FIELD for a deadline beyond ten years.
    """
    named: set[str] = set()
    for index, task in enumerate(tasks):
        if task.unit_id not in units or task.unit_id in named:
            raise Refused("WORK_ORDER_UNIT", unit_id=task.unit_id)
        named.add(task.unit_id)
        field = f"tasks[{index}].deadline_time"
        _check_deadline(task.deadline_time, field, time)
    leading = sum(order.lead for order in existing if order.open)
    if len(tasks) == 1 and not leading:
        return (replace(tasks[0], lead=True),)
    count = leading + sum(task.lead for task in tasks)
    if count != 1:
        raise Refused("WORK_ORDER_LEAD", count=count)
    return tuple(tasks)


def accept(order: WorkOrder, person_id: str, time: datetime) -> WorkOrder:
    """Returns the work order taken by its unit; Refused WORK_ORDER_WRONG_STATE."""
    if order.state is not WorkOrderState.DISPATCHED:
        raise _wrong_state("AcceptWorkOrder", order)
    return replace(order, state=WorkOrderState.ACCEPTED, accepted_by=person_id, accept_time=time)


def complete(
    order: WorkOrder,
    person_id: str,
    result: str,
    complete_time: datetime | None,
    time: datetime,
) -> WorkOrder:
    """Returns the work order done at `complete_time`, or now.

    Raises Refused WORK_ORDER_WRONG_STATE, TIME_IN_FUTURE, and INVALID_FIELD for a time before
    the dispatch.
    """
    if order.state not in WITH_UNIT:
        raise _wrong_state("CompleteWorkOrder", order)
    done_time = complete_time or time
    if done_time > time + CLOCK_SKEW:
        raise Refused("TIME_IN_FUTURE", field="complete_time")
    if done_time < order.dispatch_time:
        raise _invalid("complete_time", "before the dispatch")
    return replace(
        order,
        state=WorkOrderState.COMPLETED,
        completed_by=person_id,
        result=result,
        complete_time=done_time,
    )


def give_back(order: WorkOrder, reason: str) -> WorkOrder:
    """Returns the work order given back by its unit; its deadline runs on.

    Raises Refused WORK_ORDER_WRONG_STATE and WORK_ORDER_RETURNED_TWICE.
    """
    if order.state not in WITH_UNIT:
        raise _wrong_state("ReturnWorkOrder", order)
    if order.return_count >= MOST_RETURNS:
        raise Refused("WORK_ORDER_RETURNED_TWICE", work_order_id=order.work_order_id)
    return replace(
        order,
        state=WorkOrderState.RETURNED,
        return_count=order.return_count + 1,
        return_reason=reason,
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
    Raises Refused WORK_ORDER_WRONG_STATE, NO_SUCH_UNIT, WORK_ORDER_SAME_UNIT, DEADLINE_IN_PAST,
    and INVALID_FIELD for a unit missing, or another one where the task stays.
    """
    if order.state is not WorkOrderState.RETURNED:
        raise _wrong_state("RuleWorkOrder", order)
    if kind is Ruling.UPHOLD:
        if unit_id not in ("", order.unit_id):
            raise _invalid("unit_id", "a task that is upheld stays with its unit")
    elif not unit_id:
        raise _invalid("unit_id", "value is required")
    elif unit_id not in units:
        raise Refused("NO_SUCH_UNIT", unit_id=unit_id)
    elif kind is Ruling.REDISPATCH and unit_id == order.unit_id:
        raise Refused("WORK_ORDER_SAME_UNIT", unit_id=unit_id)
    if deadline_time is not None:
        _check_deadline(deadline_time, "deadline_time", time)
    return replace(
        order,
        state=WorkOrderState.DISPATCHED,
        unit_id=unit_id or order.unit_id,
        lead=order.lead or kind is Ruling.LEAD,
        deadline_time=deadline_time or order.deadline_time,
        accepted_by="",
        accept_time=None,
    )


def yielding_lead(leader: WorkOrder, orders: Sequence[WorkOrder]) -> list[WorkOrder]:
    """Returns the case's other open work orders that led, without the lead that `leader` has."""
    if not leader.lead:
        return []
    return [
        replace(order, lead=False)
        for order in orders
        if order.open and order.lead and order.work_order_id != leader.work_order_id
    ]


def extend(order: WorkOrder, deadline_time: datetime, time: datetime) -> WorkOrder:
    """Returns the work order with a later deadline.

    Raises Refused WORK_ORDER_WRONG_STATE, DEADLINE_HAS_PASSED, and INVALID_FIELD for a deadline
    that isn't later, or beyond ten years.
    """
    if not order.open:
        raise _wrong_state("ExtendWorkOrder", order)
    if order.deadline_time <= time:
        raise Refused("DEADLINE_HAS_PASSED", work_order_id=order.work_order_id)
    if deadline_time <= order.deadline_time:
        raise _invalid("deadline_time", "must be later than the present deadline")
    _check_deadline(deadline_time, "deadline_time", time)
    return replace(order, deadline_time=deadline_time)


def open_count(orders: Sequence[WorkOrder]) -> int:
    """Returns how many aren't completed."""
    return sum(order.open for order in orders)


def _check_deadline(deadline_time: datetime, field: str, time: datetime) -> None:
    if deadline_time <= time:
        raise Refused("DEADLINE_IN_PAST", field=field)
    if deadline_time > time + LONGEST_DEADLINE:
        raise _invalid(field, "more than ten years away")


def _wrong_state(action: str, order: WorkOrder) -> Refused:
    return Refused("WORK_ORDER_WRONG_STATE", action=action, state=order.state)


def _invalid(field: str, description: str) -> Refused:
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)
