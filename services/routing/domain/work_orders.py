"""Work orders: a unit's task within a case, from dispatch to completion."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.errors import FieldViolation, Refused

# What a clock beside ours may be ahead.
CLOCK_SKEW = timedelta(minutes=5)
# A deadline further away is a slip of the pen.
LONGEST_DEADLINE = timedelta(days=3660)


class WorkOrderState(StrEnum):
    DISPATCHED = "DISPATCHED"
    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"


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

    @property
    def open(self) -> bool:
        """Not completed yet."""
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
        if task.deadline_time <= time:
            raise Refused("DEADLINE_IN_PAST", field=field)
        if task.deadline_time > time + LONGEST_DEADLINE:
            raise _invalid(field, "more than ten years away")
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
    if not order.open:
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


def open_count(orders: Sequence[WorkOrder]) -> int:
    """Returns how many aren't completed."""
    return sum(order.open for order in orders)


def _wrong_state(action: str, order: WorkOrder) -> Refused:
    return Refused("WORK_ORDER_WRONG_STATE", action=action, state=order.state)


def _invalid(field: str, description: str) -> Refused:
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)
