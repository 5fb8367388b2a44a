"""English: the same history for those who read no Chinese."""

from collections.abc import Mapping
from typing import Any

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from services.intake.sentences.words import Language, Sentence, Words


def _case_registered(m: intake.CaseRegistered, w: Words) -> str:
    where = w.post(m.post_id) if m.post_id else m.place or w.unit(m.unit_id)
    return f"{w.who(m.receiver)} registered case {m.number} by {w.label(m, 'channel')} ({where})."


def _case_verified(m: intake.CaseVerified, w: Words) -> str:
    told = m.verification
    return f"{w.who(told.verified_by)} looked at it on site, {told.place}: {told.findings}"


def _case_answered(m: intake.CaseAnswered, w: Words) -> str:
    promise = f", promised for {w.day(m.promised_date)}" if m.HasField("promised_date") else ""
    told = f" ({_told(m, w)})" if m.HasField("feedback") else " (not fed back yet)"
    return f"{w.actor()} gave a {w.label(m, 'kind')}{promise}{told}: {m.text}"


def _case_fed_back(m: intake.CaseFedBack, w: Words) -> str:
    return f"{w.actor()} on the {w.label(m, 'kind')}: {_told(m, w)}."


def _told(m: Any, w: Words) -> str:
    return w.label(m.feedback, "way")


def _escalation_requested(m: intake.CaseEscalationRequested, w: Words) -> str:
    return f"{w.who(m.requested_by)} asked the next level to act: {m.reason}"


def _case_resolved(m: intake.CaseResolved, w: Words) -> str:
    told = f" ({_told(m, w)})" if m.HasField("feedback") else ""
    return (
        f"{w.actor()} resolved it as {w.label(m, 'proposed_outcome')}{told}; "
        f"the reporter is asked. {m.resolution}"
    )


def _case_confirmed(m: intake.CaseConfirmed, w: Words) -> str:
    words = f' "{m.words}"' if m.words else ""
    effect = "" if m.counts else ", counts only after a callback"
    return (
        f"The reporter confirmed the result, {w.label(m, 'grade')} "
        f"({w.label(m, 'basis')}{effect}).{words}"
    )


def _case_rejected(m: intake.CaseRejected, w: Words) -> str:
    return (
        f"The reporter rejected the result; reopening {m.reopen_count} "
        f"({w.label(m, 'basis')}): {m.reason}"
    )


def _case_closed(m: intake.CaseClosed, w: Words) -> str:
    remark = f" {m.remark}" if m.remark else ""
    return f"{w.actor()} struck it off as {w.label(m, 'outcome')}.{remark}"


def _case_unsealed(m: intake.CaseUnsealed, w: Words) -> str:
    return f"{w.who(m.unsealed_by)} looked at the reporter's identity: {m.reason}"


def _directory_published(m: routing.DirectoryPublished, _: Words) -> str:
    told = m.directory
    return (
        f"The directory of {told.name} was published: {len(told.units)} units, "
        f"{len(told.people)} people."
    )


def _matrix_published(m: routing.MatrixPublished, _: Words) -> str:
    return f"The responsibility matrix was published: {len(m.responsibilities)} rows."


def _roster_published(m: routing.RosterPublished, _: Words) -> str:
    return f"The duty roster was published: {len(m.shifts)} shifts."


def _case_assigned(m: routing.CaseAssigned, w: Words) -> str:
    taken = f" (before: {w.who(m.previous)})" if m.previous else ""
    steward = w.who(m.steward or m.accountable)
    also = f"; also told: {w.people(m.also_told)}" if m.also_told else ""
    return f"Assigned to {steward}{taken} by {w.label(m, 'rule')}{also}."


def _case_accepted(m: routing.CaseAccepted, w: Words) -> str:
    return f"{w.who(m.accepted_by)} accepted it."


def _case_escalated(m: routing.CaseEscalated, w: Words) -> str:
    holder = "vacant, the dispatch room has it" if m.fallback else w.who(m.accountable)
    reason = f": {m.reason}" if m.reason else "."
    return (
        f"Escalated to level {m.to_level}, {w.position(m.position_id)} ({holder}), "
        f"{w.label(m, 'cause')}{reason}"
    )


def _case_instructed(m: routing.CaseInstructed, w: Words) -> str:
    return f"{w.who(m.instructed_by)} instructed ({w.label(m, 'kind')}): {m.text}"


def _work_orders_dispatched(m: routing.WorkOrdersDispatched, w: Words) -> str:
    orders = "; ".join(
        f"{w.unit(order.unit_id)}{' (leading)' if order.lead else ''} "
        f"by {w.instant(order.deadline_time)}: {order.task}"
        for order in m.work_orders
    )
    return f"Work orders dispatched: {orders}"


def _work_order_accepted(m: routing.WorkOrderAccepted, w: Words) -> str:
    return f"{w.unit(m.unit_id)} accepted its work order ({w.who(m.accepted_by)})."


def _work_order_completed(m: routing.WorkOrderCompleted, w: Words) -> str:
    return f"{w.unit(m.unit_id)} completed its work order ({w.who(m.completed_by)}): {m.result}"


def _clocks_started(m: sla.ClocksStarted, w: Words) -> str:
    clocks = "; ".join(
        f"{w.label(clock, 'kind')} due {w.instant(clock.due_time)}"
        f"{' (provisional)' if clock.provisional else ''}"
        for clock in m.clocks
    )
    return f"Clocks started: {clocks}."


def _clock_due_soon(m: sla.ClockDueSoon, w: Words) -> str:
    return f"The {w.label(m.clock, 'kind')} is due {w.instant(m.clock.due_time)}; reminded."


def _clock_breached(m: sla.ClockBreached, w: Words) -> str:
    due = w.instant(m.clock.due_time)
    return f"The {w.label(m.clock, 'kind')} due {due} is late; {w.label(m, 'consequence')}."


def _clocks_stopped(m: sla.ClocksStopped, w: Words) -> str:
    clocks = "; ".join(f"{w.label(one, 'kind')} {w.label(one, 'state')}" for one in m.clocks)
    return f"Clocks stopped: {clocks}."


def _deliveries_planned(m: notify.DeliveriesPlanned, w: Words) -> str:
    people = w.people(dict.fromkeys(one.recipient for one in m.deliveries))
    return f"To be told: {people}."


def _delivery_sent(m: notify.DeliverySent, w: Words) -> str:
    return f"Told {w.who(m.delivery.recipient)} ({w.label(m.delivery, 'channel')})."


def _delivery_failed(m: notify.DeliveryFailed, w: Words) -> str:
    one = m.delivery
    return f"Telling {w.who(one.recipient)} failed ({w.label(one, 'channel')}): {one.problem}"


def _delivery_unknown(m: notify.DeliveryUnknown, w: Words) -> str:
    one = m.delivery
    return (
        f"Whether {w.who(one.recipient)} was told is not known ({w.label(one, 'channel')}); "
        "it is not sent again."
    )


_SENTENCES: Mapping[Any, Sentence] = {
    intake.CaseRegistered: _case_registered,
    intake.CaseVerified: _case_verified,
    intake.CaseAnswered: _case_answered,
    intake.CaseFedBack: _case_fed_back,
    intake.CaseEscalationRequested: _escalation_requested,
    intake.CaseResolved: _case_resolved,
    intake.CaseConfirmed: _case_confirmed,
    intake.CaseRejected: _case_rejected,
    intake.CaseClosed: _case_closed,
    intake.CaseUnsealed: _case_unsealed,
    routing.DirectoryPublished: _directory_published,
    routing.MatrixPublished: _matrix_published,
    routing.RosterPublished: _roster_published,
    routing.CaseAssigned: _case_assigned,
    routing.CaseAccepted: _case_accepted,
    routing.CaseEscalated: _case_escalated,
    routing.CaseInstructed: _case_instructed,
    routing.WorkOrdersDispatched: _work_orders_dispatched,
    routing.WorkOrderAccepted: _work_order_accepted,
    routing.WorkOrderCompleted: _work_order_completed,
    sla.ClocksStarted: _clocks_started,
    sla.ClockDueSoon: _clock_due_soon,
    sla.ClockBreached: _clock_breached,
    sla.ClocksStopped: _clocks_stopped,
    notify.DeliveriesPlanned: _deliveries_planned,
    notify.DeliverySent: _delivery_sent,
    notify.DeliveryFailed: _delivery_failed,
    notify.DeliveryUnknown: _delivery_unknown,
}

_LABELS = {
    "CHANNEL_PHONE": "telephone",
    "CHANNEL_SITE_VISIT": "site visit",
    "CHANNEL_MEETING": "meeting",
    "CHANNEL_DESK": "desk",
    "CHANNEL_WINDOW": "window",
    "CHANNEL_SLIP": "paper slip",
    "CHANNEL_SYSTEM": "another system",
    "CHANNEL_SELF_SERVICE": "self-service",
    "ANSWER_KIND_FIRST_REPLY": "first reply",
    "ANSWER_KIND_PLAN": "plan",
    "ANSWER_KIND_PROGRESS": "progress note",
    "FEEDBACK_WAY_TOLD": "reporter told",
    "FEEDBACK_WAY_LEFT": "message left in the agreed way",
    "FEEDBACK_WAY_POSTED": "posted on the receipt page",
    "FEEDBACK_WAY_ATTEMPT": "reporter not reached",
    "OUTCOME_SOLVED": "solved",
    "OUTCOME_EXPLAINED": "explained and accepted",
    "OUTCOME_EXPLAINED_NOT_ACCEPTED": "explained, not accepted",
    "OUTCOME_UNCONFIRMED": "unconfirmed",
    "OUTCOME_REFERRED": "referred",
    "OUTCOME_DUPLICATE": "duplicate",
    "OUTCOME_WITHDRAWN": "withdrawn",
    "GRADE_SATISFIED": "satisfied",
    "GRADE_MOSTLY_SATISFIED": "mostly satisfied",
    "GRADE_DISSATISFIED": "dissatisfied",
    "CONFIRMATION_BASIS_REPORTER": "own account",
    "CONFIRMATION_BASIS_CODE": "receipt code",
    "CONFIRMATION_BASIS_CALLBACK": "callback",
    "CONFIRMATION_BASIS_REPORTED": "reported by a handler",
    "ASSIGNMENT_RULE_RESPONSIBILITY": "the responsibility matrix",
    "ASSIGNMENT_RULE_DUTY_LEAD": "default to the duty lead",
    "ASSIGNMENT_RULE_QUEUE": "default to the dispatch-room queue",
    "ASSIGNMENT_RULE_MANUAL": "hand",
    "ASSIGNMENT_RULE_HANDOVER": "a change of the matrix",
    "ESCALATION_CAUSE_MANUAL": "asked for",
    "ESCALATION_CAUSE_BREACH": "deadline passed",
    "ESCALATION_CAUSE_DWELL": "the level below did not answer",
    "INSTRUCTION_KIND_TAKE_OVER": "takes over",
    "INSTRUCTION_KIND_ORDER": "order",
    "INSTRUCTION_KIND_CANNOT_BE_DONE": "cannot be done",
    "CLOCK_KIND_FIRST_REPLY": "first reply",
    "CLOCK_KIND_PLAN": "plan or progress note",
    "CLOCK_KIND_PROGRESS": "progress note",
    "CLOCK_KIND_RESOLUTION": "promised resolution",
    "CLOCK_KIND_WORK_ORDER": "work order",
    "CLOCK_KIND_CONFIRMATION": "reporter's confirmation",
    "CLOCK_KIND_ESCALATION": "answer of the level",
    "CLOCK_KIND_REMINDER": "daily reminder",
    "CLOCK_STATE_RUNNING": "running",
    "CLOCK_STATE_BREACHED": "late",
    "CLOCK_STATE_MET": "in time",
    "CLOCK_STATE_MET_LATE": "done late",
    "CLOCK_STATE_CANCELLED": "cancelled",
    "CONSEQUENCE_LADDER": "goes up one level",
    "CONSEQUENCE_HEAD_OF_UNIT": "the head of the unit is told",
    "CONSEQUENCE_CALLBACK": "someone calls the reporter",
    "CONSEQUENCE_REMINDER": "whoever has it is reminded",
    "CONSEQUENCE_ALERT": "an alert only",
    "DELIVERY_CHANNEL_PHONE": "short message",
    "DELIVERY_CHANNEL_EMAIL": "email",
    "DELIVERY_CHANNEL_PAPER": "on paper",
}

LANGUAGE = Language(
    sentences=_SENTENCES,
    labels=_LABELS,
    roles={
        "reporter": "the reporter",
        "receipt": "the holder of the receipt",
        "service": "the suite",
        "system": "another system",
        "position:DISPATCH_ROOM": "the dispatch room",
        "position:DUTY_LEAD": "the duty lead",
    },
    instant=lambda local, clock: f"{local:%Y-%m-%d} {clock}",
    day=lambda day: f"{day.year:04d}-{day.month:02d}-{day.day:02d}",
    joiner=", ",
    nobody="nobody",
    unknown=lambda source, kind: f"{source} recorded {kind}.",
)
