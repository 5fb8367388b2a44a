"""English: the same history for those who read no Chinese."""

from collections.abc import Mapping
from typing import Any

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.sla.v1 import sla_facts_pb2 as sla
from services.intake.sentences import labels, life_en, routing_en
from services.intake.sentences.words import Language, Sentence, Words


def _case_verified(m: intake.CaseVerified, w: Words) -> str:
    told = m.verification
    return f"{w.who(told.verified_by)} looked at it on site, {told.place}: {told.findings}"


def _case_answered(m: intake.CaseAnswered, w: Words) -> str:
    promise = f", promised for {w.day(m.promised_date)}" if m.HasField("promised_date") else ""
    again = f", next word on {w.day(m.next_date)}" if m.HasField("next_date") else ""
    told = f" ({_told(m, w)})" if m.HasField("feedback") else " (not fed back yet)"
    return f"{w.actor()} gave a {w.label(m, 'kind')}{promise}{again}{told}: {m.text}"


def _case_fed_back(m: intake.CaseFedBack, w: Words) -> str:
    return f"{w.actor()} on the {w.label(m, 'kind')}: {_told(m, w)}."


def _told(m: Any, w: Words) -> str:
    return w.label(m.feedback, "way")


def _promise_moved(m: intake.CasePromiseMoved, w: Words) -> str:
    before, now = w.day(m.previous_promised_date), w.day(m.promised_date)
    return f"{w.who(m.approved_by)} moved the promise from {before} to {now}: {m.reason}"


def _case_flagged(m: intake.CaseFlagged, w: Words) -> str:
    flag = w.label(m, "flag")
    if not m.set:
        return f'{w.actor()} took the mark "{flag}" off: {m.reason}'
    leader = f" (in charge: {w.who(m.leader)})" if m.leader else ""
    return f'{w.actor()} marked it "{flag}"{leader}: {m.reason}'


def _escalation_requested(m: intake.CaseEscalationRequested, w: Words) -> str:
    return f"{w.who(m.requested_by)} asked the next level to act: {m.reason}"


def _case_resolved(m: intake.CaseResolved, w: Words) -> str:
    told = f" ({_told(m, w)})" if m.HasField("feedback") else ""
    return (
        f"{w.actor()} resolved it as {w.label(m, 'proposed_outcome')}{told}; "
        f"the reporter is asked. {m.resolution}"
    )


def _case_unsealed(m: intake.CaseUnsealed, w: Words) -> str:
    return f"{w.who(m.unsealed_by)} looked at the reporter's identity: {m.reason}"


def _clocks_started(m: sla.ClocksStarted, w: Words) -> str:
    clocks = "; ".join(_due(clock, w) for clock in m.clocks)
    return f"Clocks started: {clocks}."


def _clock_due_soon(m: sla.ClockDueSoon, w: Words) -> str:
    return f"The {w.label(m.clock, 'kind')} is due {w.instant(m.clock.due_time)}; reminded."


def _clock_breached(m: sla.ClockBreached, w: Words) -> str:
    due = w.instant(w.missed(m))
    return f"The {w.label(m.clock, 'kind')} due {due} is late; {w.label(m, 'consequence')}."


def _clocks_stopped(m: sla.ClocksStopped, w: Words) -> str:
    clocks = "; ".join(f"{w.label(one, 'kind')} {w.label(one, 'state')}" for one in m.clocks)
    return f"Clocks stopped: {clocks}."


def _clocks_paused(m: sla.ClocksPaused, w: Words) -> str:
    clocks = ", ".join(w.label(one, "kind") for one in m.clocks)
    latest = f", until {w.instant(m.latest_end_time)}" if m.HasField("latest_end_time") else ""
    return (
        f"{w.who(m.approved_by)} let clocks stand still ({w.label(m, 'reason')}{latest}): "
        f"{clocks}. {m.words}"
    )


def _clocks_resumed(m: sla.ClocksResumed, w: Words) -> str:
    why = "The pause is over; clocks run" if m.latest_end_reached else f"{w.actor()} let clocks run"
    clocks = "; ".join(_due(clock, w) for clock in m.clocks)
    return f"{why} again: {clocks}."


def _clocks_amended(m: sla.ClocksAmended, w: Words) -> str:
    before = [w.instant(one) for one in m.previous_due_times]
    clocks = "; ".join(
        _due(clock, w) if w.instant(clock.due_time) == was else f"{_due(clock, w)} (before: {was})"
        for clock, was in zip(m.clocks, before, strict=False)
    )
    reason = f" {m.reason}" if m.reason else ""
    return f"Deadlines moved, {w.label(m, 'cause')}: {clocks}.{reason}"


def _due(clock: Any, w: Words) -> str:
    provisional = " (provisional)" if clock.provisional else ""
    return f"{w.label(clock, 'kind')} due {w.instant(clock.due_time)}{provisional}"


def _breach_excused(m: sla.BreachExcused, w: Words) -> str:
    late = f"the {w.label(m.clock, 'kind')} due {w.instant(m.clock.due_time)}"
    return f"{w.who(m.excused_by)} excused that {late} was late; it stays on record: {m.reason}"


def _calendar_published(m: sla.CalendarPublished, _: Words) -> str:
    return f"Version {m.calendar.version} of the calendar was published."


def _calendar_year_missing(m: sla.CalendarYearMissing, _: Words) -> str:
    return f"The calendar lacks the holidays announced for {m.year}; its deadlines are provisional."


def _policy_published(m: sla.PolicyPublished, _: Words) -> str:
    basis = f" ({m.policy.basis_document})" if m.policy.basis_document else ""
    return f"Version {m.policy.version} of the policy was published{basis}."


def _deliveries_planned(m: notify.DeliveriesPlanned, w: Words) -> str:
    people = w.people(dict.fromkeys(one.recipient for one in m.deliveries))
    return f"To be told: {people}."


def _delivery_sent(m: notify.DeliverySent, w: Words) -> str:
    return f"Told {w.who(m.delivery.recipient)} ({w.label(m.delivery, 'channel')})."


def _delivery_failed(m: notify.DeliveryFailed, w: Words) -> str:
    one = m.delivery
    problem = w.problem(one.problem)
    return f"Telling {w.who(one.recipient)} failed ({w.label(one, 'channel')}): {problem}"


def _delivery_unknown(m: notify.DeliveryUnknown, w: Words) -> str:
    one = m.delivery
    return (
        f"Whether {w.who(one.recipient)} was told is not known ({w.label(one, 'channel')}); "
        "it is not sent again."
    )


_SENTENCES: Mapping[Any, Sentence] = {
    **life_en.SENTENCES,
    intake.CaseVerified: _case_verified,
    intake.CaseAnswered: _case_answered,
    intake.CaseFedBack: _case_fed_back,
    intake.CasePromiseMoved: _promise_moved,
    intake.CaseFlagged: _case_flagged,
    intake.CaseEscalationRequested: _escalation_requested,
    intake.CaseResolved: _case_resolved,
    intake.CaseUnsealed: _case_unsealed,
    **routing_en.SENTENCES,
    sla.ClocksStarted: _clocks_started,
    sla.ClockDueSoon: _clock_due_soon,
    sla.ClockBreached: _clock_breached,
    sla.ClocksStopped: _clocks_stopped,
    sla.ClocksPaused: _clocks_paused,
    sla.ClocksResumed: _clocks_resumed,
    sla.ClocksAmended: _clocks_amended,
    sla.BreachExcused: _breach_excused,
    sla.CalendarPublished: _calendar_published,
    sla.CalendarYearMissing: _calendar_year_missing,
    sla.PolicyPublished: _policy_published,
    notify.DeliveriesPlanned: _deliveries_planned,
    notify.DeliverySent: _delivery_sent,
    notify.DeliveryFailed: _delivery_failed,
    notify.DeliveryUnknown: _delivery_unknown,
}

LANGUAGE = Language(
    sentences=_SENTENCES,
    labels=labels.ENGLISH,
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
