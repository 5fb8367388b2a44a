"""The case file and the lists of cases."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.intake.v1 import (
    intake_marks_pb2,
    intake_pb2,
    intake_registration_pb2,
    intake_service_pb2,
)
from ctl import times
from ctl.tables.look import Look, add_pair, pairs, state_style, styled
from ctl.vocabulary import ACTIONS

# Of cases that nobody was asked about: they stand by their ids.
NO_NUMBERS: Final[Mapping[str, str]] = {}


def case_file(
    look: Look, case: intake_pb2.Case, numbers: Mapping[str, str] = NO_NUMBERS
) -> list[RenderableType]:
    """Returns the whole case file: head, answers, verifications, work orders, clocks.

    `numbers` are those of the cases that it is linked with.
    """
    parts: list[RenderableType] = [head(look, case, numbers)]
    if case.answers:
        parts.append(_answers(look, case.answers))
    if case.verifications:
        parts.append(_verifications(look, case.verifications))
    if case.work_orders:
        parts.append(_work_orders(look, case.work_orders))
        parts.extend(look.left_off(case.work_orders_left_off))
    if case.callbacks:
        parts.append(_callbacks(look, case.callbacks))
    if case.meetings:
        parts.append(_meetings(look, case.meetings))
    if case.reviews:
        parts.append(_reviews(look, case.reviews))
    if case.comments:
        parts.append(_comments(look, case.comments))
    if case.clocks:
        units = {order.work_order_id: order.unit_id for order in case.work_orders}
        parts.append(_clocks(look, case.clocks, units))
        parts.extend(look.left_off(case.clocks_left_off))
    return parts


def head(look: Look, case: intake_pb2.Case, numbers: Mapping[str, str] = NO_NUMBERS) -> Table:
    """Returns what the case is about and who has it."""
    words, enum = look.words, look.words.value
    table = pairs()
    add_pair(table, words("number"), f"[bold]{escape(case.number)}[/]")

    def add(key: str, value: str) -> None:
        add_pair(table, words(key), escape(value))

    state = enum(intake_pb2.CaseState.DESCRIPTOR, case.state)
    outcome = enum(intake_pb2.Outcome.DESCRIPTOR, case.outcome or case.proposed_outcome)
    add("state", f"{state} · {outcome}" if outcome else state)
    add("text", case.text)
    add("kind", enum(intake_pb2.CaseKind.DESCRIPTOR, case.kind))
    add("category", look.names.category(case.category))
    if case.suggested_category != case.category:
        add("suggested_category", look.names.category(case.suggested_category))
    add("unit", look.names.unit(case.unit_id))
    add("place", " · ".join(filter(None, (case.place, look.names.post(case.post_id)))))
    add("channel", enum(intake_pb2.Channel.DESCRIPTOR, case.channel))
    reporter = enum(intake_pb2.ReporterKind.DESCRIPTOR, case.reporter_kind)
    identity = enum(intake_pb2.Confidentiality.DESCRIPTOR, case.confidentiality)
    add("reporter", " · ".join(filter(None, (reporter, identity))))
    if case.urgency == intake_pb2.URGENCY_URGENT:
        add("urgency", enum(intake_pb2.Urgency.DESCRIPTOR, case.urgency))
    for mark in case.flags:
        leader = look.names.who(mark.leader) if mark.leader else ""
        what = enum(intake_pb2.CaseFlag.DESCRIPTOR, mark.flag)
        add("flag", " · ".join(filter(None, (what, leader, mark.reason))))
    if case.HasField("pause"):
        add("paused", _pause(look, case.pause))
    add("slip", case.slip_number)
    add("occurred_time", look.time(case.occurred_time))
    add("record_time", look.time(case.record_time))
    add("receiver", look.names.who(case.receiver))
    add("steward", look.names.who(case.steward))
    add("accountable", look.names.who(case.accountable))
    add("first_reply_owed_by", look.names.who(case.first_reply_owed_by))
    if case.level:
        add("level", str(case.level))
    if case.cycle > 1:
        add("cycle", str(case.cycle))
    if case.repeat_count:
        add("repeat_count", str(case.repeat_count))
    add_pair(table, words("due"), _deadline(look, case))
    if case.state != intake_pb2.CASE_STATE_CLOSED:
        add("next_wake_time", look.due(case.next_wake_time))
    add(_resolution_label(case.state), case.resolution)
    add("result_told", "; ".join(_told(look, one) for one in case.result_feedbacks))
    add("resolve_time", look.time(case.resolve_time))
    add("basis", enum(intake_pb2.ConfirmationBasis.DESCRIPTOR, case.confirmation_basis))
    add("grade", enum(intake_pb2.Grade.DESCRIPTOR, case.grade))
    add("close_time", look.time(case.close_time))
    if case.deliveries_planned:
        add("deliveries", f"{case.deliveries_sent}/{case.deliveries_planned}")
    add("links", ", ".join(_link(look, link, numbers) for link in case.links))
    if case.follower_count:
        add("followers", str(case.follower_count))
    referral, withdrawal = case.referral, case.withdrawal
    add("referral", " · ".join(filter(None, (referral.body, referral.reference, referral.reason))))
    add("referral_result", referral.result)
    basis = enum(intake_pb2.ConfirmationBasis.DESCRIPTOR, withdrawal.basis)
    add("withdrawal", " · ".join(filter(None, (withdrawal.reason, basis))))
    if case.attachments:
        add("attachments", ", ".join(one.caption or one.reference for one in case.attachments))
    add("sample_ids", ", ".join(case.sample_ids))
    add("allowed_actions", _allowed(look, case.allowed_actions))
    add("version", str(case.version))
    return table


def _pause(look: Look, pause: intake_pb2.CasePause) -> str:
    reason = look.words.named("PAUSE_REASON", pause.reason)
    until = look.words("at_the_latest", time=look.due(pause.latest_end_time))
    return " · ".join(filter(None, (reason, pause.words, until)))


def _resolution_label(state: intake_pb2.CaseState.ValueType) -> str:
    """A result that was rejected is no longer the case's."""
    ended = (intake_pb2.CASE_STATE_RESOLVED, intake_pb2.CASE_STATE_CLOSED)
    return "resolution" if state in ended else "last_resolution"


def _link(look: Look, link: intake_pb2.Link, numbers: Mapping[str, str]) -> str:
    other = numbers.get(link.case_id, link.case_id)
    return f"{look.words.value(intake_pb2.Relation.DESCRIPTOR, link.relation)} {other}"


def _told(look: Look, feedback: intake_pb2.Feedback) -> str:
    way = look.words.value(intake_pb2.FeedbackWay.DESCRIPTOR, feedback.way)
    return f"{way} {look.time(feedback.feedback_time)}"


def _answers(look: Look, answers: Iterable[intake_pb2.Answer]) -> Table:
    table = look.table(
        look.words("answers"), "time", "kind", "text", "promised", "actor", "fed_back", wide="text"
    )
    for answer in answers:
        ways = [_told(look, feedback) for feedback in answer.feedbacks]
        table.add_row(
            look.time(answer.answer_time),
            look.words.value(intake_pb2.AnswerKind.DESCRIPTOR, answer.kind),
            escape(answer.text),
            _promised(look, answer),
            look.who(answer.answered_by),
            escape("\n".join(ways)),
        )
    return table


def _promised(look: Look, answer: intake_pb2.Answer) -> str:
    """Every date that was promised, the last one first; else when the reporter hears again."""
    if answer.HasField("next_date"):
        return f"{look.words('next_word')} {times.show_date(answer.next_date)}"
    before = [times.show_date(move.previous_promised_date) for move in reversed(answer.moves)]
    return " ← ".join(filter(None, (times.show_date(answer.promised_date), *before)))


def _callbacks(look: Look, callbacks: Iterable[intake_pb2.Callback]) -> Table:
    table = look.table(look.words("callbacks"), "time", "state", "text", "actor", wide="text")
    for one in callbacks:
        table.add_row(
            look.time(one.call_time),
            look.words("reached" if one.reached else "in_vain"),
            escape(one.words),
            look.who(one.called_by),
        )
    return table


def _allowed(look: Look, actions: Iterable[str]) -> str:
    return look.words("between").join(look.words.pick(ACTIONS, one) for one in actions)


def _meetings(look: Look, meetings: Iterable[intake_marks_pb2.CoordinationMeeting]) -> Table:
    table = look.table(
        look.words("meetings"), "time", "actor", "unit", "decisions", "next_date", wide="decisions"
    )
    for one in meetings:
        table.add_row(
            look.time(one.meeting_time),
            look.who(one.chaired_by),
            escape(look.words("between").join(look.names.unit(unit) for unit in one.unit_ids)),
            escape(one.decisions),
            times.show_date(one.next_date),
        )
    return table


def _reviews(look: Look, reviews: Iterable[intake_marks_pb2.Review]) -> Table:
    table = look.table(look.words("reviews"), "time", "state", "findings", "actor", wide="findings")
    for one in reviews:
        table.add_row(
            look.time(one.review_time),
            look.words.value(intake_marks_pb2.ReviewDecision.DESCRIPTOR, one.decision),
            escape(one.findings),
            look.who(one.reviewed_by),
        )
    return table


def _comments(look: Look, comments: Iterable[intake_marks_pb2.Comment]) -> Table:
    table = look.table(look.words("comments"), "time", "actor", "text", "visible_to", wide="text")
    for one in comments:
        table.add_row(
            look.time(one.comment_time),
            look.words("reporter") if one.by_reporter else look.who(one.written_by),
            escape(one.text),
            look.words.value(intake_marks_pb2.CommentVisibility.DESCRIPTOR, one.visibility),
        )
    return table


def _verifications(look: Look, verifications: Iterable[intake_pb2.Verification]) -> Table:
    table = look.table(
        look.words("verifications"), "time", "place", "findings", "actor", wide="findings"
    )
    for one in verifications:
        table.add_row(
            look.time(one.verify_time),
            escape(one.place),
            escape(one.findings),
            look.who(one.verified_by),
        )
    return table


def _work_orders(look: Look, orders: Iterable[intake_pb2.WorkOrderSummary]) -> Table:
    table = look.table(
        look.words("work_orders"),
        "unit", "lead", "task", "deadline", "state", "work_order",
        wide="task",
    )  # fmt: skip
    for order in orders:
        table.add_row(
            escape(look.names.unit(order.unit_id)),
            "✓" if order.lead else "",
            escape(order.task),
            look.due(order.deadline_time),
            look.words.named("WORK_ORDER_STATE", order.state),
            order.work_order_id,
        )
    return table


def _clocks(
    look: Look, clocks: Iterable[intake_pb2.ClockSummary], units: Mapping[str, str]
) -> Table:
    table = look.table(look.words("clocks"), "kind", "cycle", "due", "state")
    for clock in clocks:
        due = look.due(clock.due_time)
        unit = look.names.unit(units.get(clock.reference, ""))
        grace = bool(unit) and clock.kind == "ESCALATION"
        kind = look.words("grace") if grace else look.words.named("CLOCK_KIND", clock.kind)
        table.add_row(
            escape(" · ".join(filter(None, (kind, unit)))),
            str(clock.cycle),
            f"{due} ({look.words('provisional')})" if clock.provisional else due,
            styled(look.words.named("CLOCK_STATE", clock.state), state_style(clock.state)),
        )
    return table


def cases(look: Look, rows: Iterable[intake_pb2.Case]) -> Table:
    """Returns a list of cases; an arrow marks the level that an escalated one has reached."""
    table = look.table(
        look.words("case"),
        "number", "state", "unit", "text", "accountable", "due",
        wide="text",
    )  # fmt: skip
    for case in rows:
        level = f" ↑{case.level}" if case.level and case.accountable else ""
        table.add_row(
            case.number,
            look.words.value(intake_pb2.CaseState.DESCRIPTOR, case.state),
            escape(look.names.unit(case.unit_id)),
            escape(case.text),
            f"{look.who(case.accountable)}{level}",
            _deadline(look, case),
        )
    return table


def _deadline(look: Look, case: intake_pb2.Case) -> str:
    """The nearest deadline that runs, and whether one has been missed."""
    missed = f"[red]{look.words('overdue')}[/]" if case.overdue else ""
    return " ".join(filter(None, (look.due(case.due_time), missed)))


def timeline(
    look: Look, number: str, entries: Iterable[intake_pb2.TimelineEntry], *, title: str = ""
) -> Table:
    """Returns every step of a case."""
    table = look.table(
        title or f"{look.words('timeline')} {number}",
        "time", "sentence", "actor", "source",
        wide="sentence",
    )  # fmt: skip
    for entry in entries:
        actor = look.who(entry.actor)
        if entry.acting_for:
            actor = f"{actor} → {look.who(entry.acting_for)}"
        table.add_row(
            look.time(entry.occurred_time),
            escape(entry.sentence or entry.type),
            actor,
            f"[dim]{escape(entry.source)} {entry.version}[/]",
        )
    return table


def ledger(look: Look, rows: Sequence[intake_pb2.LedgerRow], *, solved_only: bool) -> Table:
    """Returns the ledger of a period, or the list of solved problems."""
    title = look.words("solved_list" if solved_only else "ledger")
    table = look.table(
        f"{title} ({len(rows)})",
        "number", "category", "unit", "text", "steward", "state", "outcome", "grade",
        "reopened", "breaches", "close_time",
        wide="text",
    )  # fmt: skip
    enum = look.words.value
    for row in rows:
        table.add_row(
            row.number,
            escape(look.names.category(row.category)),
            escape(look.names.unit(row.unit_id)),
            escape(row.text),
            look.who(row.steward),
            enum(intake_pb2.CaseState.DESCRIPTOR, row.state),
            enum(intake_pb2.Outcome.DESCRIPTOR, row.outcome),
            enum(intake_pb2.Grade.DESCRIPTOR, row.grade),
            str(row.reopen_count) if row.reopen_count else "",
            styled(str(row.breach_count), "red") if row.breach_count else "",
            look.time(row.close_time),
        )
    return table


def registered(look: Look, response: intake_registration_pb2.RegisterCaseResponse) -> Table:
    """Returns what the reporter is told on the spot: number, code, where it went, deadlines."""
    table = pairs()
    add_pair(table, look.words("number"), f"[bold]{response.case.number}[/]")
    add_pair(table, look.words("code"), f"[bold]{spaced(response.receipt_code)}[/]")
    case = response.case
    add_pair(table, look.words("unit"), escape(look.names.unit(case.unit_id)))
    add_pair(table, look.words("post"), escape(look.names.post(case.post_id)))
    add_pair(table, look.words("place"), escape(case.place))
    enum = look.words.named
    add_pair(table, enum("CLOCK_KIND", "FIRST_REPLY"), look.due(response.first_reply_due_time))
    add_pair(table, enum("CLOCK_KIND", "PLAN"), look.due(response.plan_due_time))
    return table


def spaced(code: str) -> str:
    """Returns a receipt code in groups of four, as it is read aloud."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def tracked(look: Look, response: intake_service_pb2.TrackCaseResponse) -> list[RenderableType]:
    """Returns what anyone with the code may see."""
    table = pairs()
    add_pair(table, look.words("number"), f"[bold]{escape(response.number)}[/]")
    state = look.words.value(intake_pb2.CaseState.DESCRIPTOR, response.state)
    outcome = look.words.value(intake_pb2.Outcome.DESCRIPTOR, response.outcome)
    add_pair(table, look.words("state"), f"{state} · {outcome}" if outcome else state)
    resolution = look.words(_resolution_label(response.state))
    add_pair(table, resolution, escape(response.resolution))
    late = f" [red]{look.words.named('CLOCK_STATE', 'BREACHED')}[/]" if response.late else ""
    add_pair(table, look.words("next_due"), look.due(response.next_due_time) + late)
    add_pair(table, look.words("promised"), times.show_date(response.promised_date))
    add_pair(table, look.words("allowed_actions"), _allowed(look, response.allowed_actions))
    parts: list[RenderableType] = [table]
    if response.answers:
        parts.append(_public_answers(look, response.answers))
    if response.comments:
        parts.append(_public_comments(look, response.comments))
    if response.history:
        parts.append(_history(look, response.history))
    return parts


def _public_answers(look: Look, given: Iterable[intake_pb2.Answer]) -> Table:
    answers = look.table(look.words("answers"), "time", "kind", "text", "promised", wide="text")
    for answer in given:
        answers.add_row(
            look.time(answer.answer_time),
            look.words.value(intake_pb2.AnswerKind.DESCRIPTOR, answer.kind),
            escape(answer.text),
            _promised(look, answer),
        )
    return answers


def _public_comments(look: Look, comments: Iterable[intake_marks_pb2.Comment]) -> Table:
    table = look.table(look.words("comments"), "time", "actor", "text", wide="text")
    for one in comments:
        who = look.words("reporter" if one.by_reporter else "window")
        table.add_row(look.time(one.comment_time), who, escape(one.text))
    return table


def _history(look: Look, steps: Iterable[intake_service_pb2.PublicStep]) -> Table:
    table = look.table(look.words("history"), "time", "sentence", wide="sentence")
    for one in steps:
        table.add_row(look.time(one.occurred_time), escape(one.sentence))
    return table
