"""Who is told what, for every kind of fact: the table of this service, written as functions.

What follows from clocks stands in clock_plans.py. Each function takes the case as it stands after
the fact and returns the messages that follow from it. The reporter hears the answers meant for
them; the staff hears codes, times and the staff's own words. Neither a reporter's name or number
nor their words are ever part of a message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.domain.cases import CaseView
from services.notify.domain.deliveries import (
    REPORTER,
    UNIT_PREFIX,
    Plan,
    preferred_channel,
    reporter_channel,
    same_once,
)

DUTY_LEAD = "position:DUTY_LEAD"

# Subjects that nothing can be sent to: programs, and reporters under a pseudonym of one request.
_OUT_OF_REACH = ("system:", "service:", "reporter:", "receipt:")


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


def time_text(time: datetime) -> str:
    """Returns a time as contexts hold it."""
    return time.isoformat()


def registered(case: CaseView) -> tuple[Plan, ...]:
    """An urgent appeal doesn't wait for its assignment: the duty lead hears at once."""
    return staff(case, "case_urgent", [DUTY_LEAD]) if case.urgent else ()


def assigned(
    case: CaseView, *, also_told: Sequence[str], previous: str, handover: bool
) -> tuple[Plan, ...]:
    """The steward, a joint team's instructor and technician, and who had it before a handover."""
    handed_over = staff(case, "case_handed_over", [previous] if handover else [])
    return same_once(
        (
            *staff(case, "case_assigned", [case.steward or case.accountable]),
            *staff(case, "case_also_told", also_told),
            *handed_over,
        )
    )


def escalated(
    case: CaseView, *, position_id: str, cause: str, top: bool, fallback: bool
) -> tuple[Plan, ...]:
    """The new level, and the steward, who still follows the case to its end."""
    details: dict[str, Any] = {
        "level": case.level,
        "position": position_id,
        "cause": cause,
        "top": top,
        "fallback": fallback,
    }
    return same_once(
        (
            *staff(case, "case_escalated", [case.accountable], **details),
            *staff(case, "case_escalated_on", [case.steward], **details),
        )
    )


def instructed(
    case: CaseView, *, level: int, kind: str, text: str, instructed_by: str
) -> tuple[Plan, ...]:
    """The steward, and whoever must move now."""
    return staff(
        case,
        "case_instructed",
        [case.steward, case.accountable],
        level=level,
        instruction=kind,
        text=text,
        by=instructed_by,
    )


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


def answered(
    case: CaseView, *, answer_id: str, kind: str, text: str, promised_date: str, way: str
) -> tuple[Plan, ...]:
    """The reporter gets every answer, unless they were told it in person in the same act.

    `promised_date` is ISO 8601 or empty, `way` empty when it was not fed back yet.
    """
    if way == "TOLD":
        return ()
    return reporter(
        case,
        "case_answered",
        reference=answer_id,
        answer=kind,
        text=text,
        promised_date=promised_date,
    )


def fed_back(case: CaseView, *, answer_id: str, kind: str, way: str) -> tuple[Plan, ...]:
    """A reporter who can be written to hears of an attempt and of where a message was left.

    The answer itself was sent when it was written. Paper would only tell the staff of what they
    did by hand.
    """
    if way == "TOLD" or not (case.has_phone or case.has_email):
        return ()
    return reporter(case, "answer_left", reference=answer_id, answer=kind, way=way)


def resolved(case: CaseView, *, resolution: str, outcome: str) -> tuple[Plan, ...]:
    """The reporter is asked whether it is done."""
    return reporter(case, "case_resolved", text=resolution, outcome=outcome)


def rejected(case: CaseView, *, reopen_count: int) -> tuple[Plan, ...]:
    """The steward and the duty lead."""
    return staff(
        case, "case_rejected", [case.steward or case.accountable, DUTY_LEAD], count=reopen_count
    )


def closed(case: CaseView, *, outcome: str) -> tuple[Plan, ...]:
    """The reporter and the steward."""
    return (
        *reporter(case, "case_closed", outcome=outcome),
        *staff(case, "case_closed_staff", [case.steward], outcome=outcome),
    )


def staff(
    case: CaseView, template: str, recipients: Iterable[str], reference: str = "", **context: Any
) -> tuple[Plan, ...]:
    """Returns one message for each of the staff; nobody is told twice, and no program at all."""
    return same_once(
        [
            Plan(
                recipient=recipient,
                channel=preferred_channel(recipient),
                template=template,
                context={**_about(case), **context},
                reference=reference,
                urgent=case.urgent,
            )
            for recipient in recipients
            if recipient and not recipient.startswith(_OUT_OF_REACH)
        ]
    )


def reporter(
    case: CaseView, template: str, reference: str = "", **context: Any
) -> tuple[Plan, ...]:
    """Returns the message to the reporter, by the best way there is to them."""
    plan = Plan(
        recipient=REPORTER,
        channel=reporter_channel(has_phone=case.has_phone, has_email=case.has_email),
        template=template,
        context={**_about(case), "teller": case.teller, **context},
        reference=reference,
        urgent=case.urgent,
    )
    return (plan,)


def _about(case: CaseView) -> dict[str, Any]:
    return {
        "number": case.number,
        "category": case.category,
        "place": case.place,
        "unit": case.unit_id,
        "urgent": case.urgent,
    }
