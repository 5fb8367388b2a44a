"""Messages ↔ domain: facts in, facts and resources out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2, sla_service_pb2
from chassis.convert import (
    set_timestamp,
    to_date,
    to_datetime,
    to_duration,
    to_timestamp,
)
from chassis.errors import FieldViolation, Refused
from chassis.ids import derived_fact_id
from services.sla.domain.clocks import Clock, ClockKind, Consequence, Due, Threshold
from services.sla.domain.docket import Change, Verdict
from services.sla.domain.transitions import (
    AnswerKind,
    DispatchedOrder,
    FedBackAnswer,
    Instruction,
    Level,
    Resolution,
)

# Outside of these years nobody appeals, and arithmetic on days could leave what a day can be.
_FIRST_YEAR, _LAST_YEAR = 1900, 2900


@dataclass(frozen=True, slots=True)
class Published:
    """A fact to be recorded; `fact_id` is set where it must come out the same again."""

    message: Message
    occurred_time: datetime
    fact_id: UUID | None = None


# Resources out --------------------------------------------------------------------------------


def clock_message(clock: Clock) -> sla_pb2.Clock:
    """Returns a clock as callers and consumers see it."""
    message = sla_pb2.Clock(
        clock_id=clock.clock_id,
        case_id=clock.case_id,
        site_id=clock.site_id,
        kind=_kind(clock.kind),
        cycle=clock.cycle,
        reference=clock.reference,
        start_time=to_timestamp(clock.start_time),
        due_time=to_timestamp(clock.due_time),
        state=sla_pb2.ClockState.Value(f"CLOCK_STATE_{clock.state}"),
        provisional=clock.provisional,
        policy_version=clock.policy_version,
        born_breached=clock.born_breached,
    )
    set_timestamp(message.warn_time, clock.warn_time)
    set_timestamp(message.warned_time, clock.warned_time)
    set_timestamp(message.breach_time, clock.breach_time)
    set_timestamp(message.stop_time, clock.stop_time)
    return message


def case_clocks_response(
    clocks: Sequence[Clock], next_wake_time: datetime | None
) -> sla_service_pb2.GetCaseClocksResponse:
    response = sla_service_pb2.GetCaseClocksResponse(clocks=map(clock_message, clocks))
    set_timestamp(response.next_wake_time, next_wake_time)
    return response


def deadline_message(kind: ClockKind, due: Due) -> sla_pb2.Deadline:
    return sla_pb2.Deadline(
        kind=_kind(kind), due_time=to_timestamp(due.time), provisional=due.provisional
    )


def _kind(kind: ClockKind) -> sla_pb2.ClockKind.ValueType:
    return sla_pb2.ClockKind.Value(f"CLOCK_KIND_{kind}")


# Requests in ----------------------------------------------------------------------------------


def occurred_time(request: sla_service_pb2.ComputeDeadlinesRequest) -> datetime:
    """Returns the instant asked about; Refused INVALID_FIELD for one no calendar reaches."""
    time = to_datetime(request.occurred_time, "occurred_time")
    _bounded(time.year, "occurred_time")
    return time


def start_date(request: sla_service_pb2.AddWorkingDaysRequest) -> date:
    """Returns the day to count from; Refused INVALID_FIELD for one no calendar reaches."""
    day = to_date(request.start_date, "start_date")
    _bounded(day.year, "start_date")
    return day


def _bounded(year: int, field: str) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        description = f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}"
        raise Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)


# Facts in -------------------------------------------------------------------------------------


def fed_back_answer(
    message: intake_facts_pb2.CaseAnswered | intake_facts_pb2.CaseFedBack, happened: datetime
) -> FedBackAnswer | None:
    """Returns the answer that reached the reporter with this fact; None when none did."""
    if not message.fed_back:
        return None
    promised = None
    if message.HasField("promised_date"):
        promised = to_date(message.promised_date, "promised_date")
    return FedBackAnswer(
        cycle=message.cycle,
        answer_id=message.answer_id,
        kind=AnswerKind(intake_pb2.AnswerKind.Name(message.kind).removeprefix("ANSWER_KIND_")),
        promised_date=promised,
        time=_feedback_time(message, happened),
    )


def resolution(message: intake_facts_pb2.CaseResolved, happened: datetime) -> Resolution:
    time = _time(message.HasField("resolve_time"), message.resolve_time, happened)
    return Resolution(
        time=time,
        fed_back_time=_feedback_time(message, time) if message.fed_back else None,
    )


def confirm_time(message: intake_facts_pb2.CaseConfirmed, happened: datetime) -> datetime:
    return _time(message.HasField("confirm_time"), message.confirm_time, happened)


def reject_time(message: intake_facts_pb2.CaseRejected, happened: datetime) -> datetime:
    return _time(message.HasField("reject_time"), message.reject_time, happened)


def close_time(message: intake_facts_pb2.CaseClosed, happened: datetime) -> datetime:
    return _time(message.HasField("close_time"), message.close_time, happened)


def registered_time(message: intake_facts_pb2.CaseRegistered, happened: datetime) -> datetime:
    return _time(message.HasField("occurred_time"), message.occurred_time, happened)


def dispatched_orders(
    message: routing_facts_pb2.WorkOrdersDispatched,
) -> list[DispatchedOrder]:
    return [
        DispatchedOrder(order.work_order_id, to_datetime(order.deadline_time, "deadline_time"))
        for order in message.work_orders
    ]


def complete_time(message: routing_facts_pb2.WorkOrderCompleted, happened: datetime) -> datetime:
    return _time(message.HasField("complete_time"), message.complete_time, happened)


def level(message: routing_facts_pb2.CaseEscalated, happened: datetime) -> Level:
    return Level(
        cycle=message.cycle,
        number=message.to_level,
        dwell_working_days=message.dwell_working_days,
        top=message.top,
        fallback=message.fallback,
        time=_time(message.HasField("escalate_time"), message.escalate_time, happened),
    )


def instruction(message: routing_facts_pb2.CaseInstructed, happened: datetime) -> Instruction:
    return Instruction(
        cycle=message.cycle,
        accountable=message.accountable,
        time=_time(message.HasField("instruct_time"), message.instruct_time, happened),
    )


def _feedback_time(
    message: intake_facts_pb2.CaseAnswered
    | intake_facts_pb2.CaseFedBack
    | intake_facts_pb2.CaseResolved,
    happened: datetime,
) -> datetime:
    given = message.HasField("feedback") and message.feedback.HasField("feedback_time")
    return _time(given, message.feedback.feedback_time, happened)


def _time(given: bool, value: Timestamp, otherwise: datetime) -> datetime:
    # The fact's own time stands in where its message leaves one out.
    return to_datetime(value) if given else otherwise


# Facts out ------------------------------------------------------------------------------------


def published(change: Change, happened: datetime, now: datetime) -> Iterator[Published]:
    """Returns the facts that tell of a change, in the order in which they are to be recorded.

    `happened` is when that which led to it happened, `now` is when it was noticed; a firing
    happened when it was due. A clock born breached alerts after it has been told of.
    """
    case_id, wake_time = change.case.case_id, change.case.next_wake_time
    for verdict in change.fired:
        if not verdict.clock.born_breached:
            yield _firing(verdict, wake_time, now)
    if change.stopped:
        stopped = sla_facts_pb2.ClocksStopped(
            case_id=case_id, clocks=map(clock_message, change.stopped)
        )
        set_timestamp(stopped.next_wake_time, wake_time)
        yield Published(stopped, happened)
    if change.started:
        started = sla_facts_pb2.ClocksStarted(
            case_id=case_id, clocks=map(clock_message, change.started)
        )
        set_timestamp(started.next_wake_time, wake_time)
        yield Published(started, happened)
    for verdict in change.fired:
        if verdict.clock.born_breached:
            yield _firing(verdict, wake_time, now)


def _firing(verdict: Verdict, wake_time: datetime | None, now: datetime) -> Published:
    clock = verdict.clock
    message: sla_facts_pb2.ClockDueSoon | sla_facts_pb2.ClockBreached
    if verdict.threshold is Threshold.WARNING:
        message = sla_facts_pb2.ClockDueSoon(case_id=clock.case_id, clock=clock_message(clock))
    else:
        message = sla_facts_pb2.ClockBreached(
            case_id=clock.case_id,
            clock=clock_message(clock),
            consequence=_consequence(verdict.consequence),
            detected_late_by=to_duration(now - verdict.fire_time),
        )
    set_timestamp(message.next_wake_time, wake_time)
    return Published(message, verdict.fire_time, _firing_id(verdict))


def _firing_id(verdict: Verdict) -> UUID:
    # The time tells a daily reminder's firings apart; the other clocks fire once per threshold.
    clock = verdict.clock
    return derived_fact_id(
        clock.clock_id, clock.cycle, verdict.threshold, verdict.fire_time.isoformat()
    )


def _consequence(consequence: Consequence | None) -> sla_pb2.Consequence.ValueType:
    if consequence is None:
        raise ValueError("a breach has a consequence")
    return sla_pb2.Consequence.Value(f"CONSEQUENCE_{consequence}")
