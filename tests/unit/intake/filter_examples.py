"""Filters at random: checked conditions, and one way of the many to write each."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from services.intake.domain.filters import (
    FIELDS,
    And,
    Comparison,
    Field,
    FieldKind,
    Has,
    Is,
    Node,
    Not,
    Operator,
    Or,
    Present,
    Search,
)

# Whatever may stand between quotes, with what would be grammar outside of them.
TEXTS = st.text(
    st.one_of(
        st.sampled_from("淋浴头坏了 ()\"'\\:=<>!*-,（）："),
        st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")),
    ),
    min_size=1,
    max_size=12,
)
WORDS = TEXTS.filter(lambda text: not text.isspace())
_EQUALITY = (Operator.EQUAL, Operator.DIFFERENT)
_ORDER = (*_EQUALITY, Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)
_TIMES = st.one_of(
    st.dates(date(1970, 1, 1), date(9998, 12, 31)),
    st.integers(0, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)


def _of(*kinds: FieldKind) -> list[Field]:
    return [field for field in FIELDS.values() if field.kind in kinds]


def _value(field: Field) -> st.SearchStrategy[str]:
    return st.sampled_from(field.choices) if field.choices else TEXTS


def _comparison(field: Field) -> st.SearchStrategy[Node]:
    match field.kind:
        case FieldKind.CHOICE:
            return st.builds(
                Comparison, st.just(field.name), st.sampled_from(_EQUALITY), _value(field)
            )
        case FieldKind.PART:
            operators = st.sampled_from((*_EQUALITY, Operator.HAS))
            return st.builds(Comparison, st.just(field.name), operators, TEXTS)
        case FieldKind.NUMBER:
            numbers = st.integers(-999_999_999, 999_999_999)
            return st.builds(Comparison, st.just(field.name), st.sampled_from(_ORDER), numbers)
        case FieldKind.TIME:
            return st.builds(Comparison, st.just(field.name), st.sampled_from(_ORDER), _TIMES)
        case _:
            return st.builds(
                Comparison,
                st.just(field.name),
                st.sampled_from(_EQUALITY),
                st.one_of(TEXTS, st.just("")),
            )


def _has(field: Field) -> st.SearchStrategy[Node]:
    return st.builds(Has, st.just(field.name), _value(field))


_SINGLE = _of(FieldKind.CHOICE, FieldKind.CODE, FieldKind.PART, FieldKind.NUMBER, FieldKind.TIME)
_SEVERAL = _of(FieldKind.MARK, FieldKind.CLOCK, FieldKind.MEMBER)

ATOMS: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(_SINGLE).flatmap(_comparison),
    st.sampled_from(_SEVERAL).flatmap(_has),
    st.sampled_from(_of(FieldKind.TRUTH)).map(lambda field: Is(field.name)),
    st.sampled_from(_SINGLE + _SEVERAL).map(lambda field: Present(field.name)),
    WORDS.map(Search),
)


def _joined(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(parts.map(Not), several.map(And), several.map(Or))


def _fits(node: Node) -> bool:
    """Tells that neither the depth nor the length of what is written passes its bound."""
    return depth(node) <= 10 and len(write(node, lambda _: False)) <= 1_000


def depth(node: Node) -> int:
    """Returns how many parentheses stand around the innermost part, at most."""
    match node:
        case Not(operand):
            return 1 + depth(operand)
        case And(operands) | Or(operands):
            return 1 + max(depth(one) for one in operands)
        case _:
            return 0


CONDITIONS = st.recursive(ATOMS, _joined, max_leaves=8).filter(_fits)


def quoted(text: str, *, single: bool = False) -> str:
    """Returns a text between quotes, with what must be escaped."""
    mark = "'" if single else '"'
    inner = text.replace("\\", "\\\\").replace(mark, "\\" + mark)
    return f"{mark}{inner}{mark}"


def write(node: Node, choose: Callable[[str], bool]) -> str:
    """Writes a condition; `choose` is asked where it can be written in two ways."""
    match node:
        case Search(words):
            form = quoted(words, single=choose("single quotes"))
            return f"text:{form}" if choose("by its field") else form
        case Present(field):
            return f"{field}:*"
        case Is(field):
            return f"{field} = true" if choose("as equal") else f"{field}!=FALSE"
        case Has(field, value):
            colon = ":" if choose("a colon") else " = "
            return f"{field}{colon}{quoted(value)}"
        case Comparison(field, operator, value):
            if isinstance(value, int) and choose("bare"):
                return f"{field}{operator}{value}"
            if isinstance(value, date) and choose("bare"):
                return f"{field} {operator} {value.isoformat()}"
            written = value.isoformat() if isinstance(value, date) else str(value)
            return f"{field} {operator}  {quoted(written)}"
        case Not(operand):
            sign = "-" if choose("a minus") else "NOT "
            return sign + _part(operand, choose, bare=not isinstance(operand, Not | And | Or))
        case And(operands):
            between = " AND " if choose("spelt out") else " "
            return between.join(
                _part(one, choose, bare=not isinstance(one, And)) for one in operands
            )
        case Or(operands):
            return " OR ".join(
                _part(one, choose, bare=not isinstance(one, And | Or)) for one in operands
            )


def _part(node: Node, choose: Callable[[str], bool], *, bare: bool) -> str:
    return write(node, choose) if bare else f"( {write(node, choose)})"
