"""Measures with their definitions, and the list of solved problems."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.intake.v1 import intake_measures_pb2 as pb
from ctl import times
from ctl.tables.look import Look

_SHARE = "%"


def measures(look: Look, response: pb.GetMeasuresResponse) -> list[RenderableType]:
    """Returns a table of each group, and what the measures mean."""
    definitions = {one.measure: one for one in response.definitions}
    compared = {one.value: one for one in response.compared_sets}
    parts: list[RenderableType] = []
    for group in response.sets:
        before = {one.measure: one for one in compared.get(group.value, pb.MeasureSet()).measures}
        title = group.name or group.value or look.words("all_of_it")
        columns = ["measure", "value", "share_of"]
        if response.compared_sets:
            columns.append("compared")
        table = look.table(title, *columns, wide="measure")
        for one in group.measures:
            definition = definitions.get(one.measure, pb.MeasureDefinition(title=one.measure))
            row = [escape(definition.title), _figure(look, one, definition.unit), _share(one)]
            if response.compared_sets:
                other = before.get(one.measure)
                row.append("" if other is None else _figure(look, other, definition.unit))
            table.add_row(*row)
        parts.append(table)
    meaning = look.table(look.words("meaning"), "measure", "numerator", "denominator")
    for definition in response.definitions:
        meaning.add_row(
            escape(definition.title), escape(definition.numerator), escape(definition.denominator)
        )
    return [*parts, meaning]


def _figure(look: Look, one: pb.MeasureValue, unit: str) -> str:
    if one.suppressed:
        return look.words("suppressed")
    if not one.HasField("value"):
        return "–"
    # A share comes as a percentage; counts and days are whole, or halves of a median.
    if unit == _SHARE:
        return f"{one.value:.1f}%"
    return f"{round(one.value, 1):g}{' ' if unit else ''}{unit}"


def _share(one: pb.MeasureValue) -> str:
    return f"{one.numerator}/{one.denominator}" if one.denominator and not one.suppressed else ""


def solved(look: Look, problems: Iterable[pb.SolvedProblem]) -> Table:
    """Returns solved problems without names."""
    table = look.table(
        look.words("solved_list"), "category", "problem", "solution", "solve_date", "days_taken",
        wide="problem",
    )  # fmt: skip
    for one in problems:
        table.add_row(
            escape(one.category_name),
            escape(one.problem),
            escape(one.solution),
            times.show_date(one.solve_date),
            str(one.days),
        )
    return table
