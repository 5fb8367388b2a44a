"""The facts that tell of a change of a case's clocks, or of a unit's."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar
from uuid import UUID

from backstop.sla.v1 import sla_facts_pb2 as facts
from backstop.sla.v1 import sla_pb2
from chassis.convert import set_timestamp, to_duration, to_timestamp
from chassis.ids import derived_fact_id
from services.sla.convert.clocks import (
    AMENDMENT_CAUSES,
    CONSEQUENCES,
    PAUSE_REASONS,
    fill_clock,
)
from services.sla.domain.acts import Extended, PromiseMoved
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Change, Verdict
from services.sla.domain.kinds import ClockKind, Threshold
from services.sla.domain.outreach import OutreachChange

Fact: TypeAlias = (
    facts.ClocksStarted
    | facts.ClocksStopped
    | facts.ClocksPaused
    | facts.ClocksResumed
    | facts.ClocksAmended
    | facts.ClockDueSoon
    | facts.ClockBreached
)

S = TypeVar(
    "S",
    facts.ClocksStarted,
    facts.ClocksStopped,
    facts.ClocksPaused,
    facts.ClocksResumed,
    facts.ClocksAmended,
)


@dataclass(frozen=True, slots=True)
class Published:
    """A fact to be recorded; `fact_id` is set where it must come out the same again."""

    message: Fact
    occurred_time: datetime
    fact_id: UUID | None = None


def published(change: Change, happened: datetime, now: datetime) -> Iterator[Published]:
    """Returns the facts that tell of a change, in the order in which they are to be recorded.

    `happened` is when that which led to it happened, `now` is when it was noticed; a firing
    happened when it was due. A clock born breached alerts after it has been told of.
    """
    for fact in _told(change, happened, now):
        set_timestamp(fact.message.next_wake_time, change.case.next_wake_time)
        yield fact


def _told(change: Change, happened: datetime, now: datetime) -> Iterator[Published]:
    case_id = change.case.case_id
    for verdict in change.fired:
        if not verdict.clock.born_breached:
            yield _firing(case_id, verdict, now)
    if change.stopped:
        yield Published(_of_clocks(facts.ClocksStopped(), case_id, change.stopped), happened)
    if change.paused:
        yield Published(_paused(change), happened)
    if change.resumed:
        yield Published(_resumed(change), happened)
    if change.amended:
        yield Published(_amended(change), happened)
    if change.started:
        yield Published(_of_clocks(facts.ClocksStarted(), case_id, change.started), happened)
    for verdict in change.fired:
        if verdict.clock.born_breached:
            yield _firing(case_id, verdict, now)


def published_of_unit(
    change: OutreachChange, happened: datetime, now: datetime
) -> Iterator[Published]:
    """Returns the facts that tell what happened to a unit's clock, as `published` does."""
    told: list[Published] = []
    if change.stopped:
        told.append(stopped(change.stopped, happened))
    if change.started:
        told.append(Published(_of_clocks(facts.ClocksStarted(), "", change.started), happened))
    told += (_firing("", verdict, now) for verdict in change.fired)
    times = [clock.next_fire_time for clock in change.clocks]
    for fact in told:
        set_timestamp(fact.message.next_wake_time, min(filter(None, times), default=None))
        yield fact


def stopped(clocks: Sequence[Clock], happened: datetime) -> Published:
    """Returns the fact that tells of clocks of no case that ended."""
    return Published(_of_clocks(facts.ClocksStopped(), "", clocks), happened)


def _of_clocks(message: S, case_id: str, clocks: Iterable[Clock]) -> S:
    message.case_id = case_id
    for clock in clocks:
        fill_clock(message.clocks.add(), clock)
    return message


def _paused(change: Change) -> facts.ClocksPaused:
    message = _of_clocks(facts.ClocksPaused(), change.case.case_id, change.paused)
    pause = change.case.pause
    if pause is not None:
        message.reason = PAUSE_REASONS.number(pause.reason)
        message.words = pause.words
        message.approved_by = pause.approved_by
        message.latest_end_time.CopyFrom(to_timestamp(pause.latest_end_time))
    return message


def _resumed(change: Change) -> facts.ClocksResumed:
    message = _of_clocks(facts.ClocksResumed(), change.case.case_id, change.resumed)
    message.latest_end_reached = any(
        verdict.clock.kind is ClockKind.PAUSE and verdict.threshold is Threshold.DUE
        for verdict in change.fired
    )
    return message


def _amended(change: Change) -> facts.ClocksAmended:
    clocks = (amendment.clock for amendment in change.amended)
    message = _of_clocks(facts.ClocksAmended(), change.case.case_id, clocks)
    for amendment in change.amended:
        message.previous_due_times.append(to_timestamp(amendment.previous_due_time))
        # One act amends for one cause.
        message.cause = AMENDMENT_CAUSES.number(amendment.cause)
    if isinstance(change.act, PromiseMoved | Extended):
        message.reason = change.act.reason
        message.approved_by = change.act.approved_by
    return message


def _firing(case_id: str, verdict: Verdict, now: datetime) -> Published:
    message: facts.ClockDueSoon | facts.ClockBreached
    if verdict.threshold is Threshold.WARNING:
        message = facts.ClockDueSoon(case_id=case_id)
    else:
        message = facts.ClockBreached(
            case_id=case_id,
            consequence=_consequence(verdict),
            detected_late_by=to_duration(now - verdict.fire_time),
        )
    fill_clock(message.clock, verdict.clock)
    return Published(message, verdict.fire_time, _firing_id(verdict))


def _firing_id(verdict: Verdict) -> UUID:
    # The time tells the firings of what comes again apart; the number those of a clock that warns
    # more than once, whose points an amendment may put on an instant where it has warned.
    clock = verdict.clock
    number = clock.warned_count if verdict.threshold is Threshold.WARNING else 0
    return derived_fact_id(
        clock.clock_id, clock.cycle, verdict.threshold, verdict.fire_time.isoformat(), number
    )


def _consequence(verdict: Verdict) -> "sla_pb2.Consequence.ValueType":
    if verdict.consequence is None:
        raise ValueError("a breach has a consequence")
    return CONSEQUENCES.number(verdict.consequence)
