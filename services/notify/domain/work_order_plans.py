"""Who is told what of a unit's task, from its dispatch to its end. As in plans.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.cases import DISPATCH_ROOM, CaseView
from services.notify.domain.deliveries import UNIT_PREFIX, Plan, same_once
from services.notify.domain.plans import staff, time_text


@dataclass(frozen=True, slots=True)
class WorkOrderView:
    """A unit's task as a fact of routing tells of it; `head` is empty when nobody is known."""

    work_order_id: str
    unit_id: str
    lead: bool
    task: str
    deadline_time: datetime
    head: str = ""

    @property
    def recipient(self) -> str:
        """Returns who is told of it: the unit's head, else the unit, on paper."""
        return self.head or UNIT_PREFIX + self.unit_id


@dataclass(frozen=True, slots=True)
class WorkOrderHolder:
    """Whose a work order is, as notify keeps it; all empty when it is not known.

    `asked_by` asked for more time, which nobody has decided on yet.
    """

    unit_id: str = ""
    head: str = ""
    asked_by: str = ""

    @property
    def recipient(self) -> str:
        """Returns who is told of it: the unit's head, else the unit, on paper."""
        return self.head or (UNIT_PREFIX + self.unit_id if self.unit_id else "")


def work_orders_dispatched(
    case: CaseView, work_orders: Sequence[WorkOrderView]
) -> tuple[Plan, ...]:
    """The head of each unit; a person who heads several units gets one message with all tasks."""
    by_recipient: dict[str, list[WorkOrderView]] = {}
    for work_order in work_orders:
        by_recipient.setdefault(work_order.recipient, []).append(work_order)
    plans: list[Plan] = []
    for recipient, orders in by_recipient.items():
        plans += staff(
            case,
            "work_order_dispatched",
            [recipient],
            reference=orders[0].work_order_id,
            work_unit=orders[0].unit_id,
            tasks=[
                {
                    "task": order.task,
                    "due_time": time_text(order.deadline_time),
                    "lead": order.lead,
                }
                for order in orders
            ],
        )
    return tuple(plans)


def work_order_completed(
    case: CaseView, *, work_order_id: str, unit_id: str, result: str, open_count: int
) -> tuple[Plan, ...]:
    """The steward, with what the unit says it did."""
    return staff(
        case,
        "work_order_completed",
        [case.steward or case.accountable],
        reference=work_order_id,
        work_unit=unit_id,
        text=result,
        open_count=open_count,
    )


def work_order_ruled(
    case: CaseView,
    work_order: WorkOrderView,
    *,
    kind: str,
    text: str,
    previous: WorkOrderHolder | None,
    met: Iterable[str] = (),
) -> tuple[Plan, ...]:
    """The unit that has the task now, and the one that had given it back, where it is another.

    `met` are heads of the units of a joint meeting, who hear whose it became.
    """
    due_time = time_text(work_order.deadline_time)
    ruling = {
        "ruling": kind,
        "text": text,
        "work_unit": work_order.unit_id,
        "due_time": due_time,
        "reference": work_order.work_order_id,
    }
    others = [] if previous is None else [previous.recipient]
    return same_once(
        (
            *staff(
                case,
                "work_order_ruled",
                [work_order.recipient],
                **ruling,
                task=work_order.task,
                lead=work_order.lead,
            ),
            *staff(case, "work_order_ruled_on", [*others, *met], **ruling),
        )
    )


def work_order_reopened(
    case: CaseView, work_order: WorkOrderView, *, reason: str, reopened_by: str
) -> tuple[Plan, ...]:
    """The unit whose task isn't done after all."""
    return staff(
        case,
        "work_order_reopened",
        [work_order.recipient],
        reference=work_order.work_order_id,
        work_unit=work_order.unit_id,
        task=work_order.task,
        due_time=time_text(work_order.deadline_time),
        text=reason,
        by=reopened_by,
    )


def extension_asked(
    case: CaseView,
    *,
    work_order_id: str,
    unit_id: str,
    due_time: datetime,
    asked_due_time: datetime,
    reason: str,
    asked_by: str,
) -> tuple[Plan, ...]:
    """The dispatch room, which decides."""
    return staff(
        case,
        "extension_asked",
        [DISPATCH_ROOM],
        reference=work_order_id,
        work_unit=unit_id,
        due_time=time_text(due_time),
        asked_due_time=time_text(asked_due_time),
        text=reason,
        by=asked_by,
    )


def extended(
    case: CaseView,
    *,
    work_order_id: str,
    whose: WorkOrderHolder,
    due_time: datetime,
    reason: str,
) -> tuple[Plan, ...]:
    """Who had asked, and the unit: the deadline is another."""
    return staff(
        case,
        "work_order_extended",
        [whose.asked_by, whose.recipient],
        reference=work_order_id,
        work_unit=whose.unit_id,
        due_time=time_text(due_time),
        text=reason,
    )


def extension_declined(
    case: CaseView, *, work_order_id: str, whose: WorkOrderHolder, asked_by: str, words: str
) -> tuple[Plan, ...]:
    """Who had asked, and the unit: the deadline stays."""
    return staff(
        case,
        "extension_declined",
        [asked_by or whose.asked_by, whose.recipient],
        reference=work_order_id,
        work_unit=whose.unit_id,
        text=words,
    )
