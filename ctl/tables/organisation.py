"""Who answers for whom, and who was told: listings of routing and notify."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.notify.v1 import notify_pb2
from backstop.routing.v1 import routing_pb2, routing_service_pb2
from ctl import times, vocabulary
from ctl.tables.look import Look, add_pair, pairs, state_style, styled


def route(look: Look, one: routing_pb2.Route) -> list[RenderableType]:
    """Returns where a case stands in routing, with its work orders."""
    words = look.words
    table = pairs()
    add_pair(table, words("steward"), look.who(one.steward))
    add_pair(table, words("accountable"), look.who(one.accountable))
    rule = words.value(routing_pb2.AssignmentRule.DESCRIPTOR, one.rule)
    add_pair(table, words("rule"), escape(" · ".join(filter(None, (rule, *one.reasons)))))
    add_pair(table, words("level"), str(one.level) if one.level else "")
    add_pair(table, words("first_reply_by"), look.who(one.first_reply_by))
    add_pair(table, words("shielded"), "、".join(look.who(person) for person in one.shielded))
    if one.HasField("not_lasting_time"):
        add_pair(table, words("not_lasting"), look.time(one.not_lasting_time))
    add_pair(table, words("version"), str(one.version))
    if not one.work_orders:
        return [table]
    orders = look.table(
        words("work_orders"),
        "unit", "lead", "task", "deadline", "state", "resolution", "detail", "work_order",
        wide="task",
    )  # fmt: skip
    for order in one.work_orders:
        orders.add_row(
            escape(look.names.unit(order.unit_id)),
            "✓" if order.lead else "",
            escape(order.task),
            look.due(order.deadline_time),
            words.value(routing_pb2.WorkOrderState.DESCRIPTOR, order.state),
            escape(order.result),
            escape("；".join(_details(look, order))),
            order.work_order_id,
        )
    return [table, orders]


def _details(look: Look, order: routing_pb2.WorkOrder) -> list[str]:
    """What else there is to say of a work order: returns, an extension asked for, documents."""
    words = look.words
    found = []
    if order.return_count:
        found.append(words("returned", count=order.return_count, reason=order.return_reason))
    if order.HasField("extension"):
        asked = order.extension
        until = look.due(asked.deadline_time)
        found.append(words("extension_asked", time=until, reason=asked.reason))
    if order.reopen_count:
        found.append(words("reopened_times", count=order.reopen_count))
    if order.evidence:
        names = "、".join(one.name for one in order.evidence)
        found.append(words("evidence", names=names))
    return found


def coverage(look: Look, response: routing_service_pb2.GetCoverageResponse) -> list[RenderableType]:
    """Returns who answers for each unit, and the gaps."""
    words = look.words
    about = pairs()
    add_pair(about, words("leading_office"), escape(response.leading_office))
    add_pair(about, words("supporting_office"), escape(response.supporting_office))
    add_pair(about, words("basis_document"), escape(response.basis_document))
    add_pair(about, words("version"), str(response.matrix_version or ""))
    roles = routing_pb2.ResponsibilityRole.DESCRIPTOR
    table = look.table(words("coverage"), "unit", "kind")
    for role in roles.values[1:]:
        table.add_column(words.value(roles, role.number))
    for unit in response.units:
        by_role = {
            role.number: ", ".join(
                holder_name(look, holder) for holder in unit.holders if holder.role == role.number
            )
            for role in roles.values[1:]
        }
        table.add_row(
            escape(unit.unit_name or unit.unit_id),
            words.value(routing_pb2.UnitKind.DESCRIPTOR, unit.kind),
            *(by_role[role.number] for role in roles.values[1:]),
        )
    if not response.gaps:
        return [about, table, f"[green]{words('all_covered')}[/]"]
    return [about, table, gaps(look, response.gaps)]


def holder_name(look: Look, holder: routing_pb2.UnitCoverage.Holder) -> str:
    """Who holds a role, and for whom a deputy stands in."""
    name = escape(holder.person_name or holder.person_id)
    if not holder.deputy_for:
        return name
    return f"{name} [dim]({look.words('stands_in_for', name=look.who(holder.deputy_for))})[/]"


def gaps(look: Look, rows: Iterable[routing_pb2.CoverageGap]) -> Table:
    """Returns the units and roles that nobody holds."""
    table = look.table(look.words("gaps"), "unit", "role", "from", "until")
    for gap in rows:
        table.add_row(
            escape(gap.unit_name or gap.unit_id),
            look.words.value(routing_pb2.ResponsibilityRole.DESCRIPTOR, gap.role),
            times.show_date(gap.start_date),
            times.show_date(gap.end_date),
            style="red",
        )
    return table


def on_duty(look: Look, response: routing_service_pb2.WhoIsOnDutyResponse) -> str:
    """Returns who is there, in a line."""
    if not response.person_id:
        return look.words("nobody")
    source = look.words("roster" if response.by_roster else "standing")
    return f"{escape(response.person_name or response.person_id)} [dim]({source})[/]"


def deliveries(look: Look, rows: Iterable[notify_pb2.Delivery]) -> Table:
    """Returns the messages about a case."""
    words = look.words
    table = look.table(
        words("deliveries"), "time", "recipient", "channel", "template", "state", "detail"
    )
    for one in rows:
        name = notify_pb2.DeliveryState.Name(one.state).removeprefix("DELIVERY_STATE_")
        state = words.value(notify_pb2.DeliveryState.DESCRIPTOR, one.state)
        recipient = words("reporter") if one.recipient == "reporter" else look.who(one.recipient)
        table.add_row(
            look.time(one.plan_time),
            recipient,
            words.value(notify_pb2.DeliveryChannel.DESCRIPTOR, one.channel),
            escape(words.pick(vocabulary.TEMPLATES, one.template)),
            styled(state, state_style(name)),
            escape(one.problem),
        )
    return table
