"""Inboxes, counts, suggestions, and the steps of a watch."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.intake.v1 import intake_finding_pb2, intake_pb2, intake_registration_pb2
from ctl.tables.look import Look, pairs, styled
from ctl.words import Words

_URGENT = (
    intake_finding_pb2.INBOX_VIEW_OVERDUE,
    intake_finding_pb2.INBOX_VIEW_DUE_TODAY,
    intake_finding_pb2.INBOX_VIEW_UNASSIGNED,
)


def inbox(words: Words, inboxes: Iterable[intake_finding_pb2.InboxCount]) -> Table:
    """Returns how many cases each inbox has."""
    table = pairs()
    for one in inboxes:
        style = "red" if one.count and one.view in _URGENT else ""
        label = words.value(intake_finding_pb2.InboxView.DESCRIPTOR, one.view)
        table.add_row(label, styled(str(one.count), style))
    return table


def counts(
    look: Look,
    group: intake_finding_pb2.CountGroup.ValueType,
    response: intake_finding_pb2.CountCasesResponse,
) -> Table:
    """Returns cases counted by what they have in common."""
    label = look.words.value(intake_finding_pb2.CountGroup.DESCRIPTOR, group)
    table = look.table(f"{label} ({response.total})", "name", "count")
    for one in response.counts:
        table.add_row(escape(_name(look, group, one.value)), str(one.count))
    return table


def _name(look: Look, group: intake_finding_pb2.CountGroup.ValueType, value: str) -> str:
    if group == intake_finding_pb2.COUNT_GROUP_CATEGORY:
        return look.names.category(value)
    if group == intake_finding_pb2.COUNT_GROUP_UNIT:
        return look.names.unit(value)
    if group in (
        intake_finding_pb2.COUNT_GROUP_STEWARD,
        intake_finding_pb2.COUNT_GROUP_RECEIVER,
    ):
        return look.names.who(value)
    if group == intake_finding_pb2.COUNT_GROUP_STATE:
        return look.words.named("CASE_STATE", value)
    if group == intake_finding_pb2.COUNT_GROUP_CHANNEL:
        return look.words.named("CHANNEL", value)
    return value


def event(look: Look, one: intake_finding_pb2.CaseEvent) -> str:
    """Returns one step as a line; empty for what isn't for the caller, or about no case."""
    if not one.case_id:
        return ""
    return " ".join(
        (
            f"[dim]{one.sequence}[/]",
            look.time(one.occurred_time),
            escape(one.sentence or one.type),
        )
    )


def suggestions(
    look: Look, response: intake_registration_pb2.SuggestCaseResponse
) -> list[RenderableType]:
    """Returns the categories that the words speak for, and cases that may be the same."""
    parts: list[RenderableType] = []
    if response.categories:
        table = look.table(look.words("category"), "category", "score", "deciding", wide="deciding")
        for one in response.categories:
            said = "、".join(dict.fromkeys(word.found for word in one.words))
            name = one.category_name or look.names.category(one.category)
            table.add_row(escape(name), f"{one.score:.0%}", escape(said))
        parts.append(table)
    if response.duplicates:
        table = look.table(
            look.words("perhaps_the_same"), "number", "state", "score", "text", "place", wide="text"
        )
        for case in response.duplicates:
            table.add_row(
                case.number,
                look.words.value(intake_pb2.CaseState.DESCRIPTOR, case.state),
                f"{case.score:.0%}",
                escape(case.text),
                escape(case.place),
            )
        parts.append(table)
    return parts
