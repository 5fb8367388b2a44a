"""Who is told what, for every kind of fact: the table of this service, written as functions.

What follows from clocks stands in clock_plans.py, from units' tasks in work_order_plans.py, from
sweeps in sweep_plans.py, from a case's ends and what hangs on it in life_plans.py. Each function
takes the case as it stands after the fact and returns the messages that follow from it. The
reporter hears the answers meant for them; the staff hears codes, times and the staff's own words.
Neither a reporter's name or number nor their words are ever part of a message.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from services.notify.domain.cases import DISPATCH_ROOM, CaseView
from services.notify.domain.deliveries import (
    POSITION_PREFIX,
    REPORTER,
    Plan,
    preferred_channel,
    reporter_channel,
    same_once,
)

DUTY_LEAD = "position:DUTY_LEAD"

# Subjects that nothing can be sent to: programs, and reporters under a pseudonym of one request.
_OUT_OF_REACH = ("system:", "service:", "reporter:", "receipt:")


def time_text(time: datetime) -> str:
    """Returns a time as contexts hold it."""
    return time.isoformat()


def registered(case: CaseView) -> tuple[Plan, ...]:
    """An urgent appeal doesn't wait for its assignment: the duty lead hears at once."""
    return staff(case, "case_urgent", [DUTY_LEAD]) if case.urgent else ()


def assigned(
    case: CaseView, *, also_told: Sequence[str], previous: str, handover: bool, note: str = ""
) -> tuple[Plan, ...]:
    """The steward with the handover note, a joint team's instructor and technician, and others.

    Those are the person who had it before, and who owes the first reply in the steward's place.
    `handover` tells that the matrix has changed.
    """
    steward = case.steward or case.accountable
    # A position had it for want of anybody, and has nothing to hand over.
    before = [] if previous.startswith(POSITION_PREFIX) else [previous]
    return same_once(
        (
            *staff(case, "case_assigned", [steward], text=note),
            *staff(case, "case_also_told", also_told),
            *staff(case, "first_reply_owed", [case.first_reply_by], steward=case.steward),
            *staff(case, "case_handed_over", before, handover=handover, steward=steward),
        )
    )


def told_anew(before: CaseView, case: CaseView) -> tuple[Plan, ...]:
    """Whoever comes to owe the first reply of a case that stays in the same hands."""
    owes = case.first_reply_by
    if owes == before.first_reply_by or case.accepted:
        return ()
    return staff(case, "first_reply_owed", [owes], steward=case.steward)


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


def deescalated(
    case: CaseView, *, position_id: str, reason: str, decided_by: str, fallback: bool
) -> tuple[Plan, ...]:
    """Whoever has the case now, with the reason."""
    return staff(
        case,
        "case_deescalated",
        [case.accountable],
        level=case.level,
        position=position_id,
        fallback=fallback,
        text=reason,
        by=decided_by,
    )


def recused(case: CaseView, person_id: str) -> tuple[Plan, ...]:
    """The dispatch room, without the reason: that stands on the case file."""
    return staff(case, "person_recused", [DISPATCH_ROOM], person=person_id)


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


def fix_not_lasting(case: CaseView, *, again: CaseView | None, days: int) -> tuple[Plan, ...]:
    """The steward of the case whose repair it was; of the new case only its number.

    Nobody who may hear nothing of the new case hears of it by the old one.
    """
    steward = case.steward or case.accountable
    hidden = again is not None and steward in again.shielded
    return staff(
        case,
        "fix_not_lasting",
        [] if hidden else [steward],
        days=days,
        again=again.number if again else "",
    )


def answered(
    case: CaseView,
    *,
    answer_id: str,
    kind: str,
    text: str,
    promised_date: str,
    way: str,
    next_date: str = "",
) -> tuple[Plan, ...]:
    """The reporter gets every answer, unless they were told it in person in the same act.

    `promised_date` and `next_date`, when they hear again, are ISO 8601 or empty; `way` is empty
    when it was not fed back yet.
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
        next_date=next_date,
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


def staff(
    case: CaseView, template: str, recipients: Iterable[str], reference: str = "", **context: Any
) -> tuple[Plan, ...]:
    """Returns one message for each of the staff; nobody is told twice, and no program at all.

    The last word on who is told of a case: nobody it is about, and none of the recused.
    """
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
            if recipient
            and recipient not in case.shielded
            and not recipient.startswith(_OUT_OF_REACH)
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
