"""Clocks of a case and of a site: which run, which are late, and why at that instant."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.sla.v1 import sla_pb2, sla_service_pb2
from ctl import times, vocabulary
from ctl.tables.look import Look, state_style, styled
from ctl.words import ZH


def case_clocks(
    look: Look,
    response: sla_service_pb2.GetCaseClocksResponse,
    units: Mapping[str, str] | None = None,
) -> list[RenderableType]:
    """Returns all clocks of a case; `units` are those of its work orders, by id."""
    words = look.words
    found: list[RenderableType] = [clocks(look, response.clocks, units)]
    if response.HasField("pause"):
        pause = response.pause
        reason = words.value(sla_pb2.PauseReason.DESCRIPTOR, pause.reason)
        found.append(
            words(
                "paused_until",
                reason=reason,
                words=escape(pause.words),
                time=look.due(pause.latest_end_time),
            )
        )
    if response.events:
        found.append(events(look, response.events))
    if wake := look.due(response.next_wake_time):
        found.append(f"{words('next_wake_time')}{words('colon')}{wake}")
    return found


def clocks(
    look: Look, rows: Iterable[sla_pb2.Clock], units: Mapping[str, str] | None = None
) -> Table:
    """Returns clocks, a row each."""
    words = look.words
    table = look.table(
        words("clocks"), "kind", "cycle", "from", "due", "warned", "state", "stop", "clock"
    )
    for clock in rows:
        table.add_row(
            _kind(look, clock, units),
            str(clock.cycle),
            look.time(clock.start_time),
            _due(look, clock),
            look.time(clock.warned_time),
            _state(look, clock),
            look.time(clock.stop_time),
            clock.clock_id,
        )
    return table


def listed(
    look: Look, rows: Iterable[sla_service_pb2.ListedClock], numbers: Mapping[str, str]
) -> Table:
    """Returns clocks of a site with whose they are; `numbers` are those of their cases, by id."""
    table = look.table(
        look.words("clocks"),
        "due", "kind", "state", "number", "unit", "category", "steward", "accountable", "clock",
    )  # fmt: skip
    for row in rows:
        clock = row.clock
        table.add_row(
            _due(look, clock),
            _kind(look, clock),
            _state(look, clock),
            numbers.get(clock.case_id, clock.case_id),
            escape(look.names.unit(row.unit_id)),
            escape(look.names.category(row.category)),
            look.who(row.steward),
            look.who(row.accountable),
            clock.clock_id,
        )
    return table


def computed(look: Look, rows: Iterable[sla_pb2.Deadline]) -> Table:
    """Returns deadlines as they would be."""
    words = look.words
    table = look.table(words("clocks"), "kind", "due", "warnings", "policy_rule")
    for row in rows:
        due = look.due(row.due_time)
        table.add_row(
            words.value(sla_pb2.ClockKind.DESCRIPTOR, row.kind),
            f"{due} ({words('provisional')})" if row.provisional else due,
            "  ".join(map(look.time, row.warn_times)),
            escape(row.rule),
        )
    return table


def explained(
    look: Look, response: sla_service_pb2.ExplainDeadlineResponse
) -> list[RenderableType]:
    """Returns the days from start to deadline, and the whole in words."""
    words = look.words
    chinese = words.language == ZH
    table = look.table(words("days"), "day", "ordinal", "detail", wide="detail")
    for day in response.days:
        table.add_row(
            times.show_date(day.date),
            str(day.ordinal or ""),
            escape(day.zh if chinese else day.en),
            style="" if day.ordinal else "dim",
        )
    return [table, escape(response.summary_zh if chinese else response.summary_en)]


def events(look: Look, rows: Sequence[sla_pb2.ClockEvent]) -> Table:
    """Returns what happened to clocks, in the order in which it was known."""
    words = look.words
    table = look.table(
        words("clock_events"), "time", "record_time", "kind", "sentence", "due", "actor", "reason"
    )
    for row in rows:
        what = words.value(sla_pb2.ClockEventKind.DESCRIPTOR, row.kind)
        table.add_row(
            look.time(row.time),
            look.time(row.record_time),
            words.value(sla_pb2.ClockKind.DESCRIPTOR, row.clock),
            escape(" · ".join(filter(None, (what, words.pick(vocabulary.CAUSES, row.cause))))),
            look.due(row.due_time),
            look.who(row.actor),
            escape(row.reason),
        )
    return table


def _kind(look: Look, clock: sla_pb2.Clock, units: Mapping[str, str] | None = None) -> str:
    kind = look.words.value(sla_pb2.ClockKind.DESCRIPTOR, clock.kind)
    unit = look.names.unit((units or {}).get(clock.reference, ""))
    if unit and clock.kind == sla_pb2.CLOCK_KIND_ESCALATION:
        # The time left to a unit after its deadline, not a level of the ladder.
        kind = look.words("grace")
    return escape(" · ".join(filter(None, (kind, unit))))


def _due(look: Look, clock: sla_pb2.Clock) -> str:
    due = look.due(clock.due_time)
    return f"{due} ({look.words('provisional')})" if clock.provisional else due


def _state(look: Look, clock: sla_pb2.Clock) -> str:
    # A clock that was stopped late keeps the mark of its breach.
    name = sla_pb2.ClockState.Name(clock.state).removeprefix("CLOCK_STATE_")
    state = look.words.value(sla_pb2.ClockState.DESCRIPTOR, clock.state)
    if clock.kind == sla_pb2.CLOCK_KIND_PAUSE and name in ("BREACHED", "MET"):
        # Nobody is late when a pause comes to its end.
        return look.words("expired" if name == "BREACHED" else "ended")
    if clock.born_breached and name in ("BREACHED", "MET_LATE"):
        state = f"{state} · {look.words('born_breached')}"
    if clock.HasField("excuse"):
        state = f"{state} · {look.words('excused')}"
    return styled(state, state_style(name))
