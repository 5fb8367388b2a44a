"""How cases came to people, sweeps, absences, posts and contacts: listings of routing."""

from collections.abc import Iterable, Mapping

from google.protobuf.duration_pb2 import Duration
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.routing.v1 import routing_organisation_pb2 as lists_pb
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.routing.v1 import routing_sweeps_pb2 as sweeps_pb
from ctl import times, vocabulary
from ctl.tables.look import Look, add_pair, pairs, styled
from ctl.tables.organisation import holder_name


def decisions(look: Look, response: rpc.ExplainRouteResponse) -> list[RenderableType]:
    """Returns step by step how a case came to whoever has it."""
    found: list[RenderableType] = []
    for decision in response.decisions:
        words = look.words
        rule = words.value(pb.AssignmentRule.DESCRIPTOR, decision.rule)
        level = f" · {words('level')} {decision.level}" if decision.level else ""
        title = f"{look.time(decision.decide_time)} {look.who(decision.accountable)}"
        table = look.table(f"{title} ({escape(rule)}{level})", "step", "outcome", wide="step")
        for step in decision.steps:
            outcome = words.value(pb.StepOutcome.DESCRIPTOR, step.outcome)
            taken = step.outcome == pb.STEP_OUTCOME_TAKEN
            table.add_row(escape(step.sentence), styled(outcome, "green" if taken else ""))
        found.append(table)
        if decision.handover_note:
            found.append(escape(decision.handover_note))
    return found


def proposals(look: Look, response: rpc.ListHandlerProposalsResponse) -> list[RenderableType]:
    """Returns units that could have a work order, and stewards who could take the case."""
    units = look.table(
        look.words("proposed_units"), "unit", "lead", "reason", "open_count", wide="reason"
    )
    for unit in response.units:
        units.add_row(
            escape(unit.unit_name or unit.unit_id),
            "✓" if unit.lead else "",
            escape(unit.reason),
            str(unit.open_count),
        )
    stewards = look.table(look.words("proposed_stewards"), "steward", "open_count", "by_matrix")
    for one in response.stewards:
        stewards.add_row(
            escape(one.person_name or one.person_id),
            str(one.open_count),
            "✓" if one.by_matrix else "",
        )
    return [units, stewards]


def fallbacks(look: Look, response: rpc.ListFallbacksResponse, numbers: Mapping[str, str]) -> Table:
    """Returns the cases with owners of last resort, those for too long in red."""
    table = look.table(
        look.words("fallbacks"),
        "case", "accountable", "level", "from", "days_there", "reason",
        wide="reason",
    )  # fmt: skip
    for one in response.fallbacks:
        table.add_row(
            numbers.get(one.case_id, one.case_id),
            look.who(one.accountable),
            str(one.level or ""),
            look.time(one.since_time),
            str(one.working_days),
            escape(one.reason),
            style="red" if one.overlong else "",
        )
    return table


def shares(look: Look, response: rpc.GetAttributedTimeResponse) -> Table:
    """Returns how long a case lay with whom, in working time."""
    table = look.table(look.words("attributed_time"), "holder", "hours_there")
    for share in response.shares:
        who = look.words("reporter") if share.holder == "reporter" else look.who(share.holder)
        table.add_row(who, span(share.working_time))
    table.add_section()
    table.add_row(look.words("sum"), span(response.working_time), style="bold")
    return table


def span(value: Duration) -> str:
    """Returns a span as hours, minutes and seconds: "3:05:00"."""
    minutes, seconds = divmod(value.seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def changes(look: Look, rows: Iterable[lists_pb.ListChange]) -> Table:
    """Returns what is otherwise than before."""
    words = look.words
    table = look.table(words("changes"), "change", "part", "entry", "before", "after", wide="after")
    styles = {
        lists_pb.CHANGE_KIND_ADDED: "green",
        lists_pb.CHANGE_KIND_CHANGED: "yellow",
        lists_pb.CHANGE_KIND_REMOVED: "red",
    }
    for row in rows:
        table.add_row(
            styled(words.value(lists_pb.ChangeKind.DESCRIPTOR, row.kind), styles.get(row.kind, "")),
            escape(look.words.pick(vocabulary.PARTS, row.part)),
            escape(row.id),
            escape(row.before),
            escape(row.after),
        )
    return table


def spans(look: Look, rows: Iterable[lists_pb.Span]) -> Table:
    """Returns how many units each steward answers for, beyond the limit in red."""
    table = look.table(look.words("spans"), "steward", "units")
    for row in rows:
        name = escape(row.person_name or row.person_id)
        table.add_row(name, str(row.unit_count), style="red" if row.over_limit else "")
    return table


def publications(look: Look, rows: Iterable[lists_pb.Publication]) -> Table:
    """Returns the versions of a list."""
    table = look.table(look.words("publications"), "version", "time", "actor")
    for row in rows:
        table.add_row(str(row.version), look.time(row.publish_time), look.who(row.published_by))
    return table


def absences(look: Look, rows: Iterable[lists_pb.Absence]) -> Table:
    """Returns who is away."""
    table = look.table(
        look.words("absences"), "person", "from", "until", "deputy", "reason", "absence",
        wide="reason",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            look.who(row.person_id),
            times.show_date(row.start_date),
            times.show_date(row.end_date),
            look.who(row.deputy) if row.deputy else "",
            escape(row.reason),
            row.absence_id,
        )
    return table


def post_gaps(look: Look, rows: Iterable[lists_pb.PostGap]) -> Table:
    """Returns when nobody will be at an opened post."""
    table = look.table(look.words("post_gaps"), "post", "from", "until")
    for row in rows:
        name = escape(row.post_name or row.post_id)
        table.add_row(name, look.time(row.start_time), look.time(row.end_time), style="red")
    return table


def sweep(look: Look, one: sweeps_pb.Sweep, numbers: Mapping[str, str]) -> list[RenderableType]:
    """Returns a sweep with its tasks."""
    words = look.words
    about = pairs()
    add_pair(about, words("sweep"), one.sweep_id)
    add_pair(about, words("case"), numbers.get(one.case_id, one.case_id))
    add_pair(about, words("defect"), escape(one.defect))
    add_pair(about, words("due"), times.show_date(one.due_date))
    add_pair(about, words("state"), words.value(sweeps_pb.SweepState.DESCRIPTOR, one.state))
    add_pair(about, words("progress"), f"{one.answered_count}/{one.task_count}")
    add_pair(about, words("reason"), escape(one.close_reason))
    table = look.table(
        words("tasks"), "unit", "place", "finding", "words", "planned_date", "case", "task",
        wide="words",
    )  # fmt: skip
    for task in one.tasks:
        table.add_row(
            # Another mine's units have names of their own.
            escape(
                look.names.unit(task.unit_id)
                if task.site_id == one.site_id
                else f"{task.site_id}/{task.unit_id}"
            ),
            escape(task.place),
            words.value(sweeps_pb.SweepFinding.DESCRIPTOR, task.finding) if task.finding else "",
            escape(task.words),
            times.show_date(task.planned_date) if task.HasField("planned_date") else "",
            numbers.get(task.found_case_id, task.found_case_id),
            task.task_id,
            style="red" if task.HasField("not_lasting_time") else "",
        )
    return [about, table]


def sweeps(look: Look, rows: Iterable[sweeps_pb.Sweep], numbers: Mapping[str, str]) -> Table:
    """Returns sweeps as a listing, those overdue in red."""
    words = look.words
    table = look.table(
        words("sweeps"), "case", "defect", "due", "state", "progress", "sweep", wide="defect"
    )
    for one in rows:
        table.add_row(
            numbers.get(one.case_id, one.case_id),
            escape(one.defect),
            times.show_date(one.due_date),
            words.value(sweeps_pb.SweepState.DESCRIPTOR, one.state),
            f"{one.answered_count}/{one.task_count}",
            one.sweep_id,
            style="red" if one.overdue else "",
        )
    return table


def overview(look: Look, response: rpc.GetOutreachOverviewResponse) -> list[RenderableType]:
    """Returns how units are kept in touch with, the overdue in red."""
    words = look.words
    about = pairs()
    add_pair(about, words("leading_office"), escape(response.leading_office))
    add_pair(about, words("supporting_office"), escape(response.supporting_office))
    table = look.table(
        words("outreach"), "unit", "steward", "time", "form", "actor", "contacts", "cases", "due"
    )
    for one in response.units:
        form = words.value(pb.OutreachForm.DESCRIPTOR, one.last_form) if one.last_form else ""
        if not one.last_form and one.HasField("last_time"):
            form = words("case")
        table.add_row(
            escape(one.unit_name or one.unit_id),
            escape(one.steward_name or one.steward),
            look.time(one.last_time) if one.HasField("last_time") else "",
            form,
            look.who(one.last_by) if one.last_by else "",
            str(one.contact_count),
            str(one.case_count),
            look.due(one.due_time) if one.HasField("due_time") else "",
            style="red" if one.overdue else "",
        )
    return [about, table]


def category_proposals(
    look: Look, rows: Iterable[pb.CategoryProposal], numbers: Mapping[str, str]
) -> Table:
    """Returns what rulings propose for the category table."""
    table = look.table(
        look.words("category_proposals"), "category", "table_unit", "proposed_unit", "cases",
        "proposal",
        wide="cases",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            escape(look.names.category(row.category_id)),
            escape(look.names.unit(row.table_unit_id)),
            escape(look.names.unit(row.unit_id)),
            ", ".join(numbers.get(case_id, case_id) for case_id in row.case_ids),
            row.proposal_id,
        )
    return table


def answering(look: Look, response: lists_pb.WhoAnswersForResponse) -> list[RenderableType]:
    """Returns who answers for a unit, and what is missing."""
    words = look.words
    table = pairs()
    for holder in response.holders:
        role = words.value(pb.ResponsibilityRole.DESCRIPTOR, holder.role)
        add_pair(table, role, holder_name(look, holder))
    if not response.holders and not response.missing:
        return [words("unit_not_there")]
    for missing in response.missing:
        role = words.value(pb.ResponsibilityRole.DESCRIPTOR, missing)
        add_pair(table, role, f"[red]{words('nobody')}[/]")
    return [table]
