"""What a checked filter is made of, so that whoever compiles it need not doubt it again."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias


class Operator(StrEnum):
    EQUAL = "="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    HAS = ":"


# An instant is aware; a date is a day of the site.
Value: TypeAlias = str | int | date | datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field that has one value against a value of its type.

    HAS stands only where a part is looked for in a string; elsewhere it has become EQUAL.
    """

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Has:
    """A field that has several values has this one among them."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Is:
    """A field that is true or false is true."""

    field: str


@dataclass(frozen=True, slots=True)
class Present:
    """A field holds something: not empty, not zero."""

    field: str


@dataclass(frozen=True, slots=True)
class Search:
    """These words stand in the text of the case; `position` is where they stand in the filter."""

    words: str
    position: int = field(compare=False, default=1)


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """Two or more, of which each holds."""

    operands: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more, of which one holds."""

    operands: "tuple[Node, ...]"


Atom: TypeAlias = Comparison | Has | Is | Present | Search
Node: TypeAlias = Atom | Not | And | Or


@dataclass(frozen=True, slots=True)
class Filter:
    """A checked filter; without a condition it lets every case pass."""

    condition: Node | None


def mentions_text(checked: Filter) -> bool:
    """Tells whether a filter looks for words anywhere."""

    def looks(node: Node) -> bool:
        match node:
            case Search():
                return True
            case Not(operand):
                return looks(operand)
            case And(operands) | Or(operands):
                return any(looks(one) for one in operands)
            case _:
                return False

    return checked.condition is not None and looks(checked.condition)
