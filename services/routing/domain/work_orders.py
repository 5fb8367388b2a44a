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
# How often a task may be given back: then it stays where a joint meeting put it.
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
    JOINT_MEETING = "JOINT_MEETING"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document kept elsewhere; `sha256` is of its bytes, as hexadecimal text, or empty."""

    name: str
    reference: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ExtensionAsked:
    """More time, asked for before the deadline."""

    deadline_time: datetime
    reason: str
    asked_by: str
    ask_time: datetime


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
    evidence: tuple[Evidence, ...] = ()
    reopen_count: int = 0
    # The last time.
    reopen_time: datetime | None = None
    # Asked for, and not decided on yet.
    extension: ExtensionAsked | None = None

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
        check_deadline(task.deadline_time, field, time)
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
        raise wrong_state("AcceptWorkOrder", order)
    return replace(order, state=WorkOrderState.ACCEPTED, accepted_by=person_id, accept_time=time)


def complete(
    order: WorkOrder,
    person_id: str,
    result: str,
    complete_time: datetime | None,
    time: datetime,
    evidence: tuple[Evidence, ...] = (),
) -> WorkOrder:
    """Returns the work order done at `complete_time`, or now; more time asked for is off.

    Raises Refused WORK_ORDER_WRONG_STATE, TIME_IN_FUTURE, and INVALID_FIELD for a time before
    the dispatch, or before it was opened again.
    """
    if order.state not in WITH_UNIT:
        raise wrong_state("CompleteWorkOrder", order)
    done_time = complete_time or time
    if done_time > time + CLOCK_SKEW:
        raise Refused("TIME_IN_FUTURE", field="complete_time")
    if done_time < order.dispatch_time:
        raise invalid("complete_time", "before the dispatch")
    if order.reopen_time is not None and done_time < order.reopen_time:
        raise invalid("complete_time", "before it was opened again")
    return replace(
        order,
        state=WorkOrderState.COMPLETED,
        completed_by=person_id,
        result=result,
        complete_time=done_time,
        evidence=evidence,
        extension=None,
    )


def reopen(
    order: WorkOrder,
    deadline_time: datetime,
    orders: Sequence[WorkOrder],
    units: Collection[str],
    time: datetime,
) -> WorkOrder:
    """Returns a work order that was reported done, to be taken anew by its unit.

    It leads unless another open one of the case's `orders` does: exactly one leads. What its unit
    told of the work counts no longer; the facts keep it. `units` are those of the site. Raises
    Refused WORK_ORDER_WRONG_STATE, WORK_ORDER_UNIT for a unit that was dissolved since,
    DEADLINE_IN_PAST, and INVALID_FIELD for a deadline beyond ten years.
    """
    if order.open:
        raise wrong_state("ReopenWorkOrder", order)
    if order.unit_id not in units:
        raise Refused("WORK_ORDER_UNIT", unit_id=order.unit_id)
    check_deadline(deadline_time, "deadline_time", time)
    return replace(
        order,
        state=WorkOrderState.DISPATCHED,
        lead=not any(other.open and other.lead for other in orders),
        deadline_time=deadline_time,
        accepted_by="",
        accept_time=None,
        completed_by="",
        result="",
        complete_time=None,
        evidence=(),
        reopen_count=order.reopen_count + 1,
        reopen_time=time,
    )


def changed(orders: Sequence[WorkOrder], *new: WorkOrder) -> list[WorkOrder]:
    """Returns a case's work orders with some of them as they are now."""
    now = {order.work_order_id: order for order in new}
    return [now.get(order.work_order_id, order) for order in orders]


def open_count(orders: Sequence[WorkOrder]) -> int:
    """Returns how many aren't completed."""
    return sum(order.open for order in orders)


def check_deadline(deadline_time: datetime, field: str, time: datetime) -> None:
    """Raises Refused DEADLINE_IN_PAST, and INVALID_FIELD for one beyond ten years."""
    if deadline_time <= time:
        raise Refused("DEADLINE_IN_PAST", field=field)
    if deadline_time > time + LONGEST_DEADLINE:
        raise invalid(field, "more than ten years away")


def wrong_state(action: str, order: WorkOrder) -> Refused:
    """Returns the refusal of an action by the work order's state."""
    return Refused("WORK_ORDER_WRONG_STATE", action=action, state=order.state)


def invalid(field: str, description: str) -> Refused:
    """Returns the refusal of one field."""
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)
