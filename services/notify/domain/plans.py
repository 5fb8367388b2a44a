"""Who is told what, for every kind of fact: the table of this service, written as functions.

Each takes the case as it stands after the fact and returns the messages that follow from it. The
reporter hears the answers meant for them; the staff hears codes, times and the staff's own words.
Neither a reporter's name or number nor their words are ever part of a message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.domain.cases import CaseState, CaseView
from services.notify.domain.deliveries import (
    REPORTER,
    UNIT_PREFIX,
    Plan,
    preferred_channel,
    reporter_channel,
    same_once,
)

DUTY_LEAD = "position:DUTY_LEAD"
SUPPORT = "position:SUPPORT"

# Subjects that nothing can be sent to: programs, and reporters under a pseudonym of one request.
_OUT_OF_REACH = ("system:", "service:", "reporter:", "receipt:")

# Clocks whose deadlines a receipt tells, in this order.
_PROMISED = ("FIRST_REPLY", "PLAN")


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock as a fact of sla tells of it; names as in its enums, without prefix."""

    clock_id: str
    kind: str
    cycle: int
    reference: str
    due_time: datetime
    provisional: bool = False
    born_breached: bool = False


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
    return _staff(case, "case_urgent", [DUTY_LEAD]) if case.urgent else ()


def assigned(
    case: CaseView, *, also_told: Sequence[str], previous: str, handover: bool
) -> tuple[Plan, ...]:
    """The steward, a joint team's instructor and technician, and who had it before a handover."""
    handed_over = _staff(case, "case_handed_over", [previous] if handover else [])
    return same_once(
        (
            *_staff(case, "case_assigned", [case.steward or case.accountable]),
            *_staff(case, "case_also_told", also_told),
            *handed_over,
        )
    )


def clocks_started(case: CaseView, clocks: Sequence[ClockView]) -> tuple[Plan, ...]:
    """The reporter's receipt, once the first deadlines are known; those already past left out."""
    if not any(clock.kind == "FIRST_REPLY" and clock.cycle == 1 for clock in clocks):
        return ()
    deadlines = [
        {"clock": clock.kind, "due_time": time_text(clock.due_time)}
        for kind in _PROMISED
        for clock in clocks
        if clock.kind == kind and not clock.born_breached
    ]
    return _reporter(case, "receipt", deadlines=deadlines)


def clock_due_soon(case: CaseView, clock: ClockView) -> tuple[Plan, ...]:
    """Whoever must move, and the receiver while the first reply is still theirs."""
    receiver = [case.receiver] if clock.kind == "FIRST_REPLY" and not case.accepted else []
    return _clock(case, "clock_due_soon", clock, [case.accountable, *receiver])


def clock_breached(
    case: CaseView, clock: ClockView, consequence: str, *, work_order: str = "", head: str = ""
) -> tuple[Plan, ...]:
    """Who is told of a missed deadline follows from its consequence.

    `work_order` is the unit of the late work order and `head` its head, where it is one.
    """
    receiver = [case.receiver] if clock.kind == "FIRST_REPLY" else []
    match consequence:
        case "LADDER":
            return _clock(case, "clock_breached", clock, [case.accountable, *receiver])
        case "ALERT":
            # Late before it was known; else late beside another that climbs for both.
            template = "clock_missed_before" if clock.born_breached else "clock_breached"
            return _clock(case, template, clock, [case.accountable, *receiver])
        case "HEAD_OF_UNIT":
            to = head or (UNIT_PREFIX + work_order if work_order else case.accountable)
            return _clock(case, "work_order_late", clock, [to], work_unit=work_order)
        case "CALLBACK":
            return _clock(case, "callback_due", clock, [SUPPORT])
        case "REMINDER":
            return _clock(case, "case_reminder", clock, [case.accountable])
        case _:
            # A consequence newer than this program: whoever has the case should know at least.
            return _clock(case, "clock_breached", clock, [case.accountable])


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
            *_staff(case, "case_escalated", [case.accountable], **details),
            *_staff(case, "case_escalated_on", [case.steward], **details),
        )
    )


def instructed(
    case: CaseView, *, level: int, kind: str, text: str, instructed_by: str
) -> tuple[Plan, ...]:
    """The steward, and whoever must move now."""
    return _staff(
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
        plans += _staff(
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
    return _staff(
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
    return _reporter(
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
    return _reporter(case, "answer_left", reference=answer_id, answer=kind, way=way)


def resolved(case: CaseView, *, resolution: str, outcome: str) -> tuple[Plan, ...]:
    """The reporter is asked whether it is done."""
    return _reporter(case, "case_resolved", text=resolution, outcome=outcome)


def rejected(case: CaseView, *, reopen_count: int) -> tuple[Plan, ...]:
    """The steward and the duty lead."""
    return _staff(
        case, "case_rejected", [case.steward or case.accountable, DUTY_LEAD], count=reopen_count
    )


def closed(case: CaseView, *, outcome: str) -> tuple[Plan, ...]:
    """The reporter and the steward."""
    return (
        *_reporter(case, "case_closed", outcome=outcome),
        *_staff(case, "case_closed_staff", [case.steward], outcome=outcome),
    )


def _clock(
    case: CaseView, template: str, clock: ClockView, recipients: Iterable[str], **context: Any
) -> tuple[Plan, ...]:
    if case.state is CaseState.CLOSED:
        # sla hadn't heard of it: nothing is owed any more.
        return ()
    return _staff(
        case,
        template,
        recipients,
        reference=clock.clock_id,
        clock=clock.kind,
        due_time=time_text(clock.due_time),
        provisional=clock.provisional,
        **context,
    )


def _staff(
    case: CaseView, template: str, recipients: Iterable[str], reference: str = "", **context: Any
) -> tuple[Plan, ...]:
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


def _reporter(
    case: CaseView, template: str, reference: str = "", **context: Any
) -> tuple[Plan, ...]:
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
