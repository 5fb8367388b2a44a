"""Questions of the clocks: what is asked, and the answers."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from backstop.sla.v1 import sla_pb2
from backstop.sla.v1 import sla_service_pb2 as rpc
from chassis.convert import (
    set_timestamp,
    to_date,
    to_date_message,
    to_datetime,
    to_duration,
    to_timestamp,
)
from chassis.errors import FieldViolation, Refused
from services.sla.convert.clocks import (
    CONSEQUENCES,
    KINDS,
    PAUSE_REASONS,
    STATES,
    Words,
    clock_message,
)
from services.sla.domain.backtest import Counts, Difference, Grouping, Tally
from services.sla.domain.clocks import Clock, Due
from services.sla.domain.docket import CasePause
from services.sla.domain.events import Event, EventKind
from services.sla.domain.explain import DayReason, ExplainedDay, Explanation
from services.sla.domain.kinds import ClockKind
from services.sla.domain.policy import ClockRule
from services.sla.store.questions import Excuse, Listed

# datetime is a date to type checkers, too.
T = TypeVar("T", bound=date)

# Outside of these years nobody appeals, and arithmetic on days could leave what a day can be.
_FIRST_YEAR, _LAST_YEAR = 1900, 2900
_MOST_YEARS = 10

_EVENTS = Words(EventKind, sla_pb2.ClockEventKind, "CLOCK_EVENT_KIND_")
_REASONS = Words(DayReason, rpc.DayReason, "DAY_REASON_")


# Requests in ----------------------------------------------------------------------------------


def instant(value: Timestamp, field: str) -> datetime:
    """Returns the instant asked about; Refused INVALID_FIELD for one no calendar reaches."""
    time = to_datetime(value, field)
    _bound(time.year, field)
    return time


def day(value: Date, field: str) -> date:
    """Returns the day asked about; Refused INVALID_FIELD for one no calendar reaches."""
    found = to_date(value, field)
    _bound(found.year, field)
    return found


def instants(request: rpc.WorkingTimeBetweenRequest) -> tuple[datetime, datetime]:
    """Returns the period asked about.

    Refused INVALID_FIELD where it ends before it starts, PERIOD_TOO_LONG over ten years.
    """
    start = instant(request.start_time, "start_time")
    end = instant(request.end_time, "end_time")
    if end < start:
        raise invalid("end_time", "must not be before start_time")
    if end > _years_after(start):
        raise _too_long("end_time")
    return start, end


def boundaries(
    request: rpc.WorkingTimeBetweenRequest, start: datetime, end: datetime
) -> list[datetime]:
    """Returns the instants in between; Refused INVALID_FIELD unless they rise from start to end."""
    found: list[datetime] = []
    for index, value in enumerate(request.boundary_times):
        field = f"boundary_times[{index}]"
        time = instant(value, field)
        if time < (found[-1] if found else start):
            raise invalid(field, "must not be before the one before it, nor before start_time")
        if time > end:
            raise invalid(field, "must not be after end_time")
        found.append(time)
    return found


def days(request: rpc.BacktestPolicyRequest) -> tuple[date, date]:
    """Returns the first and the last day of a period, refused as by `instants`."""
    first = day(request.start_date, "start_date")
    last = day(request.end_date, "end_date")
    if last < first:
        raise invalid("end_date", "must not be before start_date")
    if last >= _years_after(first):
        raise _too_long("end_date")
    return first, last


def _years_after(start: T) -> T:
    year = start.year + _MOST_YEARS
    try:
        return start.replace(year=year)
    except ValueError:
        # The 29 February, which that year doesn't have.
        return start.replace(year=year, month=3, day=1)


def _too_long(field: str) -> Refused:
    fields = [FieldViolation(field, f"must be within {_MOST_YEARS} years")]
    return Refused("PERIOD_TOO_LONG", fields=fields, years=_MOST_YEARS)


def _bound(year: int, field: str) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise invalid(field, f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}")


@contextmanager
def within_reach(field: str) -> Iterator[None]:
    """Refuses INVALID_FIELD of the field that leads farther than days are counted."""
    try:
        yield
    except OverflowError as error:
        raise invalid(field, "leads farther than days can be counted") from error


def invalid(field: str, description: str) -> Refused:
    """Returns the refusal of a field."""
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)


# Clocks out -----------------------------------------------------------------------------------


def case_clocks(
    clocks: Iterable[Clock],
    excuses: Mapping[str, Excuse],
    next_wake_time: datetime | None,
    pause: CasePause | None,
    events: Iterable[Event],
) -> rpc.GetCaseClocksResponse:
    response = rpc.GetCaseClocksResponse(
        clocks=(excused(clock, excuses.get(clock.clock_id)) for clock in clocks),
        events=map(event_message, events),
    )
    set_timestamp(response.next_wake_time, next_wake_time)
    if pause is not None:
        response.pause.CopyFrom(pause_message(pause))
    return response


def excused(clock: Clock, excuse: Excuse | None) -> sla_pb2.Clock:
    """Returns a clock as callers see it, with its excuse where it has one."""
    message = clock_message(clock)
    if excuse is not None:
        message.excuse.reason = excuse.reason
        message.excuse.excused_by = excuse.excused_by
        message.excuse.excuse_time.CopyFrom(to_timestamp(excuse.time))
    return message


def pause_message(pause: CasePause) -> rpc.CasePause:
    """Returns why and until when a case's clocks stand still."""
    return rpc.CasePause(
        reason=PAUSE_REASONS.number(pause.reason),
        words=pause.words,
        approved_by=pause.approved_by,
        start_time=to_timestamp(pause.start_time),
        latest_end_time=to_timestamp(pause.latest_end_time),
    )


def event_message(event: Event) -> sla_pb2.ClockEvent:
    clock = event.clock
    message = sla_pb2.ClockEvent(
        kind=_EVENTS.number(event.kind),
        clock_id=clock.clock_id,
        clock=KINDS.number(clock.kind),
        reference=clock.reference,
        cycle=clock.cycle,
        time=to_timestamp(event.time),
        record_time=to_timestamp(event.record_time),
        actor=event.actor,
        cause=event.cause,
        due_time=to_timestamp(clock.due_time),
        state=STATES.number(clock.state),
        reason=event.reason,
    )
    if event.consequence is not None:
        message.consequence = CONSEQUENCES.number(event.consequence)
    return message


def listed(row: Listed) -> rpc.ListedClock:
    message = rpc.ListedClock(
        clock=excused(row.clock, row.excuse),
        unit_id=row.unit_id,
        category=row.category,
        steward=row.steward,
        accountable=row.accountable,
    )
    if row.pause is not None:
        message.pause.CopyFrom(pause_message(row.pause))
    return message


def deadline(
    kind: ClockKind, due: Due, warn_points: Iterable[datetime], rule: ClockRule
) -> sla_pb2.Deadline:
    return sla_pb2.Deadline(
        kind=KINDS.number(kind),
        due_time=to_timestamp(due.time),
        provisional=due.provisional,
        warn_times=map(to_timestamp, warn_points),
        rule=rule.name,
    )


def explanation(found: Explanation) -> rpc.ExplainDeadlineResponse:
    return rpc.ExplainDeadlineResponse(
        due_time=to_timestamp(found.due.time),
        provisional=found.due.provisional,
        days=map(_explained_day, found.days),
        summary_zh=found.summary_zh,
        summary_en=found.summary_en,
    )


def _explained_day(found: ExplainedDay) -> rpc.ExplainedDay:
    message = rpc.ExplainedDay(
        date=to_date_message(found.date),
        ordinal=found.ordinal,
        reason=_REASONS.number(found.reason),
        name=found.name,
        zh=found.zh,
        en=found.en,
        provisional=found.provisional,
    )
    if found.counted_time:
        message.counted_time.CopyFrom(to_duration(found.counted_time))
    return message


# Backtests out --------------------------------------------------------------------------------


def difference(found: Difference) -> rpc.BacktestDifference:
    message = rpc.BacktestDifference(
        case_id=found.case_id,
        unit_id=found.answering.unit_id,
        steward=found.answering.steward,
        accountable=found.answering.accountable,
    )
    if found.before is not None:
        message.before.CopyFrom(clock_message(found.before))
    if found.after is not None:
        message.after.CopyFrom(clock_message(found.after))
    return message


def summary(tally: Tally) -> rpc.BacktestSummary:
    return rpc.BacktestSummary(
        cases=tally.cases,
        differences=tally.differences,
        before=_counts(tally.total.before),
        after=_counts(tally.total.after),
        by_clock=_groups(tally, Grouping.CLOCK),
        by_unit=_groups(tally, Grouping.UNIT),
        by_steward=_groups(tally, Grouping.STEWARD),
    )


def _groups(tally: Tally, grouping: Grouping) -> list[rpc.BacktestGroup]:
    return [
        rpc.BacktestGroup(key=key, before=_counts(sides.before), after=_counts(sides.after))
        for key, sides in tally.groups(grouping).items()
    ]


def _counts(counts: Counts) -> rpc.BacktestCounts:
    return rpc.BacktestCounts(
        clocks=counts.clocks,
        warnings=counts.warnings,
        breaches=counts.breaches,
        escalations=counts.escalations,
    )
