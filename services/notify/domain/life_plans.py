"""Who is told of a case's ends and of its beginning again, and of what hangs on it.

As in plans.py: each function takes the case as it stands after the fact. What a reporter said is no
part of any message.
"""

from dataclasses import replace

from services.notify.domain.cases import CaseView
from services.notify.domain.deliveries import Plan, preferred_channel
from services.notify.domain.plans import DUTY_LEAD, reporter, staff


def closed(case: CaseView, *, outcome: str, master: str = "", appeal: str = "") -> tuple[Plan, ...]:
    """The reporter and the steward.

    `master` is the number of the case that goes on in a duplicate's place, of which the reporter
    alone hears: the steward may not be meant to know of it. `appeal` tells how to turn to the
    group.
    """
    return (
        *reporter(case, "case_closed", outcome=outcome, master=master, appeal=appeal),
        *staff(case, "case_closed_staff", [case.steward], outcome=outcome),
    )


def reopened(case: CaseView, *, outcome: str, reopen_count: int) -> tuple[Plan, ...]:
    """The reporter, and as after a rejection steward and duty lead; `outcome` is what it had been
    closed as."""
    return (
        *reporter(case, "case_reopened"),
        *staff(
            case,
            "case_reopened_staff",
            [case.steward or case.accountable, DUTY_LEAD],
            outcome=outcome,
            count=reopen_count,
        ),
    )


def hazard(case: CaseView) -> tuple[Plan, ...]:
    """The duty lead, at once: a safety matter doesn't wait for anybody's turn."""
    return staff(replace(case, urgent=True), "case_hazard", [DUTY_LEAD])


def withdrawn(case: CaseView) -> tuple[Plan, ...]:
    """The duty lead, who may strike it off now."""
    return staff(case, "case_withdrawn", [DUTY_LEAD])


def referred(case: CaseView, *, body: str, their_reference: str) -> tuple[Plan, ...]:
    """The reporter: who has the matter now, and under which reference."""
    return reporter(case, "case_referred", body=body, their_reference=their_reference)


def referral_resulted(case: CaseView, *, body: str, result: str) -> tuple[Plan, ...]:
    """The reporter: what came of it there."""
    return reporter(case, "referral_resulted", body=body, text=result)


def reviewed(case: CaseView, *, decision: str, findings: str, reviewed_by: str) -> tuple[Plan, ...]:
    """The steward, and whoever must move now."""
    return staff(
        case,
        "case_reviewed",
        [case.steward, case.accountable],
        decision=decision,
        text=findings,
        by=reviewed_by,
    )


def commented(case: CaseView, *, by_reporter: bool, text: str) -> tuple[Plan, ...]:
    """The reporter of the staff's words; steward and accountable that the reporter has spoken."""
    if by_reporter:
        return staff(case, "case_comment_staff", [case.steward, case.accountable])
    return reporter(case, "case_comment", text=text)


def met(case: CaseView, *, chaired_by: str, next_date: str) -> tuple[Plan, ...]:
    """Who follows it up by the next date, ISO 8601; nobody where none was set."""
    if not next_date:
        return ()
    return staff(
        case,
        "meeting_next",
        [case.steward or case.accountable, chaired_by, case.leader],
        next_date=next_date,
    )


def master_moved(
    case: CaseView, *, master: str, state: str, resolution: str, outcome: str
) -> tuple[Plan, ...]:
    """The duplicate's reporter: asked about a result, told of anything else."""
    return reporter(
        case, "master_moved", master=master, state=state, text=resolution, outcome=outcome
    )


def handed_over(
    *, sequence: int, outgoing: str, incoming: str, open_count: int, at_risk_count: int
) -> tuple[Plan, ...]:
    """Who takes the shift over."""
    if not incoming:
        return ()
    plan = Plan(
        recipient=incoming,
        channel=preferred_channel(incoming),
        template="shift_handover",
        context={
            "urgent": False,
            "sequence": sequence,
            "by": outgoing,
            "open_count": open_count,
            "at_risk_count": at_risk_count,
        },
    )
    return (plan,)
