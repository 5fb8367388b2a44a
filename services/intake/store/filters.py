"""A checked filter as a condition of SQL, so that lists find what callers ask for.

The text of a condition is put together from the pieces of sql/filters.sql, joined by AND, OR and
NOT; every value is an argument. So a filter's shape alone decides its SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from services.intake.domain.filters import (
    FIELDS,
    And,
    Comparison,
    FieldKind,
    Filter,
    Has,
    Is,
    Node,
    Not,
    Operator,
    Or,
    Present,
    Problem,
    Search,
    refusal,
)
from services.intake.domain.times import end_of_day, start_of_day
from services.intake.store.pieces import Arguments, Pieces

_PIECES = Pieces.load("sql/filters.sql")

_DEADLINE = "due_time"
# What PostgreSQL's timestamps tell apart.
_INSTANT = timedelta(microseconds=1)

_COMPARED: Mapping[Operator, str] = {
    Operator.EQUAL: "is_equal",
    Operator.DIFFERENT: "is_different",
    Operator.LESS: "is_less",
    Operator.AT_MOST: "is_at_most",
    Operator.MORE: "is_more",
    Operator.AT_LEAST: "is_at_least",
    Operator.HAS: "has_part",
}

Argument: TypeAlias = str | int | datetime | list[str]
TextGrams: TypeAlias = Callable[[str], tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition on a row called `cases`, and its arguments in the order of their placeholders.

    It is true for what the filter lets pass, and false or null for the rest.
    """

    sql: str
    arguments: tuple[Argument, ...]


def compile_filter(
    checked: Filter, first_placeholder: int, zone: ZoneInfo, text_grams: TextGrams
) -> Compiled:
    """Returns the condition; its placeholders are numbered from `first_placeholder` on.

    Days are those of `zone`. `text_grams` makes of words what is looked for in `normal_text` and
    which grams that has, none when it is too short. Raises Refused FILTER_INVALID for words of
    which it leaves nothing.
    """
    compiler = _Compiler(first_placeholder, zone, text_grams)
    if checked.condition is None:
        sql = _PIECES["everything"]
    else:
        sql = compiler.condition(checked.condition)
    return Compiled(sql, tuple(compiler.arguments.values))


class _Compiler:
    def __init__(self, first: int, zone: ZoneInfo, text_grams: TextGrams) -> None:
        self.arguments = Arguments[Argument](first=first)
        self._zone = zone
        self._text_grams = text_grams

    def condition(self, node: Node) -> str:
        match node:
            case And(operands):
                return f"({' AND '.join(self.condition(one) for one in operands)})"
            case Or(operands):
                return f"({' OR '.join(self.condition(one) for one in operands)})"
            case Not(operand):
                # NOT of null is null, but what a case doesn't have isn't as was asked.
                return f"(({self.condition(operand)}) IS NOT TRUE)"
            case Comparison():
                return self._comparison(node)
            case Has(field, value):
                if FIELDS[field].kind is FieldKind.CLOCK:
                    return _PIECES.put(
                        "clock_of_kind",
                        self.arguments.add(field.upper()),
                        self.arguments.add(value),
                    )
                return _PIECES.put(field, self.arguments.add(value))
            case Is(field):
                return _PIECES[field]
            case Present(field):
                return self._present(field)
            case Search():
                return self._search(node)
        assert_never(node)

    def _comparison(self, node: Comparison) -> str:
        operand, operator, value = _PIECES[node.field], node.operator, node.value
        if not isinstance(value, date) or isinstance(value, datetime):
            return _PIECES.put(_COMPARED[operator], operand, self.arguments.add(value))
        start, end = start_of_day(value, self._zone), end_of_day(value, self._zone)
        if node.field == _DEADLINE:
            # A deadline is an end: 24:00 of a day is that day's, and not the next one's 0:00.
            start, end = start + _INSTANT, end + _INSTANT
        match operator:
            case Operator.EQUAL | Operator.HAS:
                return _PIECES.put(
                    "is_within", operand, self.arguments.add(start), self.arguments.add(end)
                )
            case Operator.DIFFERENT:
                return _PIECES.put(
                    "is_outside", operand, self.arguments.add(start), self.arguments.add(end)
                )
            case Operator.LESS:
                return _PIECES.put("is_less", operand, self.arguments.add(start))
            case Operator.AT_LEAST:
                return _PIECES.put("is_at_least", operand, self.arguments.add(start))
            case Operator.AT_MOST:
                return _PIECES.put("is_less", operand, self.arguments.add(end))
            case Operator.MORE:
                return _PIECES.put("is_at_least", operand, self.arguments.add(end))
        assert_never(operator)

    def _present(self, field: str) -> str:
        match FIELDS[field].kind:
            case FieldKind.CHOICE:
                return _PIECES.put("has_choice", _PIECES[field])
            case FieldKind.CODE | FieldKind.PART:
                return _PIECES.put("has_string", _PIECES[field])
            case FieldKind.NUMBER:
                return _PIECES.put("has_number", _PIECES[field])
            case FieldKind.TIME:
                return _PIECES.put("has_time", _PIECES[field])
            case FieldKind.CLOCK:
                return _PIECES.put("any_clock_of_kind", self.arguments.add(field.upper()))
            case FieldKind.MARK | FieldKind.MEMBER:
                return _PIECES[f"any_{field}"]
            case FieldKind.TRUTH | FieldKind.TEXT:
                raise ValueError(f"the presence of {field} has been let through unchecked")

    def _search(self, node: Search) -> str:
        normal, grams = self._text_grams(node.words)
        if not normal:
            raise refusal(node.position, Problem.NOTHING_LEFT)
        if grams:
            return _PIECES.put("says", self.arguments.add(grams), self.arguments.add(normal))
        return _PIECES.put("says_briefly", self.arguments.add(normal))
