"""Slip pads, slips that were refused, the lexicon, and the window's rules."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.intake.v1 import intake_registration_pb2, intake_rules_pb2
from ctl.slips.sheet import RowResult
from ctl.tables.look import Look, add_pair, pairs
from ctl.vocabulary import FIELDS


def pads(look: Look, rows_: Iterable[intake_registration_pb2.SlipPad]) -> Table:
    """Returns a list of pads."""
    table = look.table(
        look.words("slip_pads"), "slip", "used", "time", "actor", "note", wide="note"
    )
    for one in rows_:
        table.add_row(
            f"{one.first_slip_number} – {one.last_slip_number}",
            f"{one.used_count}/{one.count}",
            look.time(one.issue_time),
            look.who(one.issued_by),
            escape(one.note),
        )
    return table


def rows(look: Look, refused: Iterable[RowResult]) -> Table:
    """Returns the lines of a sheet that were refused, and why."""
    table = look.table(look.words("refused_rows"), "line", "slip", "why", wide="why")
    for one in refused:
        table.add_row(str(one.line), escape(one.slip_number), escape(one.refusal))
    return table


def lexicon(
    look: Look, response: intake_registration_pb2.GetLexiconResponse
) -> list[RenderableType]:
    """Returns the words of each category, the strongest first."""
    table = look.table(
        f"{look.words('lexicon')} {response.version}", "category", "weight", "words", wide="words"
    )
    grouped: dict[tuple[str, float], list[str]] = {}
    for one in response.lexicon.words:
        grouped.setdefault((one.category, one.weight), []).append(one.word)
    for (category, weight), said in sorted(
        grouped.items(), key=lambda item: (item[0][0], -item[0][1])
    ):
        table.add_row(escape(look.names.category(category)), f"{weight:g}", escape("、".join(said)))
    return [table]


def rules(look: Look, response: intake_rules_pb2.GetWindowRulesResponse) -> Table:
    """Returns the window's rules."""
    table = pairs()
    add_pair(table, look.words("version"), str(response.version))
    for field, value in response.rules.ListFields():
        if field.enum_type is not None:
            told = look.words.value(field.enum_type, value)
        else:
            told = escape(str(value))
        label = FIELDS.get(field.name, field.name) if look.words.language == "zh" else field.name
        add_pair(table, escape(label), told)
    return table
