"""Calendars, policies, and what another one would change."""

from collections.abc import Iterable, Mapping, Sequence

from google.protobuf.duration_pb2 import Duration
from google.type.dayofweek_pb2 import DayOfWeek
from google.type.timeofday_pb2 import TimeOfDay
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_calendar_pb2, sla_pb2, sla_policy_pb2, sla_service_pb2
from ctl import times
from ctl.tables.look import Look, add_pair, pairs, styled


def calendar(
    look: Look, one: sla_calendar_pb2.Calendar, first_year: int = 0
) -> list[RenderableType]:
    """Returns a calendar: hours of the week, announced years from one on, closures, shifts."""
    words = look.words
    about = pairs()
    add_pair(about, words("version"), str(one.version))
    add_pair(about, words("time_zone"), one.time_zone)
    add_pair(about, words("actor"), look.who(one.published_by))
    add_pair(about, words("time"), look.time(one.publish_time))
    for window in one.week:
        days = " ".join(words.value(DayOfWeek.DESCRIPTOR, day) for day in window.days)
        add_pair(about, days, _hours(window.start_time, window.end_time))
    for shift in one.shifts:
        add_pair(about, escape(shift.name), _hours(shift.start_time, shift.end_time))
    days_off = look.table(words("days_off"), "year", "name", "from", "until", "source")
    for year in one.years:
        if year.year < first_year:
            continue
        for holiday in year.holidays:
            _days(days_off, str(year.year), holiday, year.source)
        if year.makeup_dates:
            for day in year.makeup_dates:
                days_off.add_row(str(year.year), words("makeup_days"), times.show_date(day), "", "")
    for closure in one.closures:
        hours = ""
        if closure.HasField("start_time"):
            hours = _hours(closure.start_time, closure.end_time)
        _days(days_off, "", closure, hours)
    return [about, days_off]


def policy(look: Look, response: sla_service_pb2.GetPolicyResponse) -> list[RenderableType]:
    """Returns every rule as it works, the narrowest first."""
    words = look.words
    about = pairs()
    add_pair(about, words("version"), str(response.policy.version))
    add_pair(about, words("basis_document"), escape(response.policy.basis_document))
    table = look.table(
        words("policy"),
        "source", "policy_rule", "cases", "clock_kind", "counting", "warnings", "on_breach",
        "may_pause",
    )  # fmt: skip
    for one in response.effective:
        for terms in one.rule.clocks:
            table.add_row(
                words.value(sla_service_pb2.RuleSource.DESCRIPTOR, one.source),
                escape(one.rule.name),
                escape(_scope(look, one.rule.scope)),
                words.value(sla_pb2.ClockKind.DESCRIPTOR, terms.clock),
                _counting(look, terms),
                "  ".join(_warning(look, point) for point in terms.warnings),
                words.value(sla_pb2.Consequence.DESCRIPTOR, terms.on_breach),
                "  ".join(
                    words.value(sla_pb2.PauseReason.DESCRIPTOR, reason)
                    for reason in terms.pause_reasons
                ),
            )
    return [about, table]


def preview(
    look: Look,
    moved: Iterable[sla_service_pb2.MovedClock],
    flipped: Iterable[sla_service_pb2.FlippedVerdict],
    summary: sla_service_pb2.PreviewSummary,
    numbers: Mapping[str, str],
) -> list[RenderableType]:
    """Returns which deadlines would move, and which verdicts would have been others."""
    words = look.words
    table = look.table(words("moved_clocks"), "case", "kind", "due", "new_due", "state")
    for one in moved:
        due = look.due(one.due_time)
        table.add_row(
            numbers.get(one.clock.case_id, one.clock.case_id),
            words.value(sla_pb2.ClockKind.DESCRIPTOR, one.clock.kind),
            look.due(one.clock.due_time),
            f"{due} ({words('provisional')})" if one.provisional else due,
            styled(words("breaches_at_once"), "red") if one.breaches else "",
        )
    verdicts = look.table(words("flipped"), "case", "kind", "due", "new_due", "state", "new_state")
    for verdict in flipped:
        verdicts.add_row(
            numbers.get(verdict.clock.case_id, verdict.clock.case_id),
            words.value(sla_pb2.ClockKind.DESCRIPTOR, verdict.clock.kind),
            look.due(verdict.clock.due_time),
            look.due(verdict.due_time),
            words.value(sla_pb2.ClockState.DESCRIPTOR, verdict.clock.state),
            words.value(sla_pb2.ClockState.DESCRIPTOR, verdict.state),
        )
    line = words(
        "preview_summary",
        clocks=summary.clocks,
        later=summary.moved_later,
        earlier=summary.moved_earlier,
        settled=summary.settled,
        breaching=summary.breaching,
        flipped=summary.flipped,
    )
    tables: list[RenderableType] = [one for one in (table, verdicts) if one.row_count]
    return [*tables, line]


def backtest(
    look: Look,
    differences: Sequence[sla_service_pb2.BacktestDifference],
    summary: sla_service_pb2.BacktestSummary,
    numbers: Mapping[str, str],
) -> list[RenderableType]:
    """Returns what would have gone otherwise, and the sums by clock, unit and steward."""
    words = look.words
    table = look.table(words("differences"), "case", "kind", "unit", "steward", "due", "new_due")
    for one in differences:
        clock = one.after if one.HasField("after") else one.before
        table.add_row(
            numbers.get(one.case_id, one.case_id),
            _kind(look, clock),
            escape(look.names.unit(one.unit_id)),
            look.who(one.steward),
            _end(look, one.before) if one.HasField("before") else "—",
            _end(look, one.after) if one.HasField("after") else "—",
        )
    sums = look.table(words("backtest"), "subject", "warnings", "breaches", "escalations")
    sums.add_row(words("all_of_it"), *_counts(summary.before, summary.after))
    for group in summary.by_clock:
        sums.add_row(words.named("CLOCK_KIND", group.key), *_counts(group.before, group.after))
    for group in summary.by_unit:
        unit = look.names.unit(group.key) or words("unassigned")
        sums.add_row(escape(unit), *_counts(group.before, group.after))
    for group in summary.by_steward:
        sums.add_row(
            look.who(group.key) or words("unassigned"), *_counts(group.before, group.after)
        )
    line = words("backtest_summary", cases=summary.cases, differences=summary.differences)
    return [*([table] if table.row_count else []), sums, line]


def _kind(look: Look, clock: sla_pb2.Clock) -> str:
    kind = look.words.value(sla_pb2.ClockKind.DESCRIPTOR, clock.kind)
    level = clock.reference.removeprefix("level:")
    return f"{kind} {level}" if level.isdigit() else kind


def _end(look: Look, clock: sla_pb2.Clock) -> str:
    state = look.words.value(sla_pb2.ClockState.DESCRIPTOR, clock.state)
    return f"{look.due(clock.due_time)} {state}"


def _counts(
    before: sla_service_pb2.BacktestCounts, after: sla_service_pb2.BacktestCounts
) -> tuple[str, str, str]:
    return (
        _arrow(before.warnings, after.warnings),
        _arrow(before.breaches, after.breaches),
        _arrow(before.escalations, after.escalations),
    )


def _arrow(before: int, after: int) -> str:
    return str(before) if before == after else f"{before} → {after}"


def _days(
    table: Table,
    year: str,
    one: sla_calendar_pb2.Holiday | sla_calendar_pb2.Closure,
    source: str,
) -> None:
    last = one.end_date if one.HasField("end_date") else one.start_date
    table.add_row(
        year,
        escape(one.name),
        times.show_date(one.start_date),
        times.show_date(last),
        escape(source),
    )


def _scope(look: Look, scope: sla_policy_pb2.PolicyScope) -> str:
    words = look.words
    parts = (
        *map(look.names.category, scope.categories),
        *(words.value(intake_pb2.CaseKind.DESCRIPTOR, kind) for kind in scope.kinds),
        *(words.value(intake_pb2.Urgency.DESCRIPTOR, one) for one in scope.urgencies),
    )
    return " ".join(parts) or words("all_of_it")


def _counting(look: Look, terms: sla_policy_pb2.ClockTerms) -> str:
    words = look.words
    close = terms.day_end == sla_policy_pb2.DAY_END_CLOSE_OF_BUSINESS
    end = f" · {words('close_of_business')}" if close else ""
    match terms.WhichOneof("counting"):
        case "same_day":
            text = words("same_day", floor=_span(terms.same_day.floor))
        case "working_days":
            text = words("working_days", count=terms.working_days)
        case "calendar_days":
            text = words("calendar_days", count=terms.calendar_days)
        case "working_time":
            text = words("in_working_time", time=_span(terms.working_time))
        case "off":
            text = words("switched_off")
        case "off_while_promised":
            days = terms.off_while_promised.working_days
            text = words("off_while_promised", count=days)
        case _:
            text = words("as_given")
    return f"{text}{end}"


def _warning(look: Look, point: sla_policy_pb2.WarningPoint) -> str:
    match point.WhichOneof("point"):
        case "share":
            return f"{point.share:.0%}"
        case "working_time_share":
            return look.words("share_of_working_time", share=f"{point.working_time_share:.0%}")
        case "working_days_before":
            return look.words("working_days_before", count=point.working_days_before)
        case _:
            return f"−{_span(point.before)}"


def _span(value: Duration) -> str:
    hours, minutes = divmod(value.seconds // 60, 60)
    return f"{hours} h" if not minutes else f"{hours}:{minutes:02} h"


def _hours(start: TimeOfDay, end: TimeOfDay) -> str:
    return f"{start.hours:02}:{start.minutes:02}–{end.hours:02}:{end.minutes:02}"
