"""What is asked of a site's cases: which, in which order, and from where on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from chassis.errors import FieldViolation, Refused
from services.intake.domain.filters import Filter
from services.intake.domain.grams import normalise, query_grams
from services.intake.domain.inbox import View
from services.intake.domain.values import Case, CaseState


class OrderField(StrEnum):
    """What cases may be ordered by."""

    RECORD_TIME = "record_time"
    OCCURRED_TIME = "occurred_time"
    DUE_TIME = "due_time"
    NUMBER = "number"
    LEVEL = "level"
    CLOSE_TIME = "close_time"

    @property
    def nullable(self) -> bool:
        """Tells whether cases may lack it; those come last, newest first."""
        return self in (OrderField.DUE_TIME, OrderField.CLOSE_TIME)


class CountGroup(StrEnum):
    """By what cases are counted."""

    NONE = "NONE"
    STATE = "STATE"
    CATEGORY = "CATEGORY"
    UNIT = "UNIT"
    STEWARD = "STEWARD"
    CHANNEL = "CHANNEL"
    LEVEL = "LEVEL"
    RECEIVER = "RECEIVER"


@dataclass(frozen=True, slots=True)
class Order:
    """An order; cases of the same value are ordered by their ids, in the same direction."""

    field: OrderField
    descending: bool


EVERYTHING = Filter(None)
NEWEST_FIRST = Order(OrderField.RECORD_TIME, descending=True)


@dataclass(frozen=True, slots=True)
class Word:
    """What is looked for in the text, and the pieces by which the index finds it, if any."""

    normal: str
    grams: tuple[str, ...]


SortValue: TypeAlias = str | int | datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A row of an order, after which a page begins.

    `lacking` tells that it is among those without a value: `value` is then its record time.
    """

    lacking: bool
    value: SortValue
    case_id: str


def place_of(case: Case, order: Order) -> Place:
    """Returns where a case stands in an order."""
    value: SortValue | None = getattr(case, order.field)
    if value is None:
        return Place(lacking=True, value=case.record_time, case_id=case.case_id)
    return Place(lacking=False, value=value, case_id=case.case_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases are asked for; every part that is empty lets all pass."""

    site_id: str
    filter: Filter = EVERYTHING
    words: tuple[Word, ...] = ()
    view: View = View.NONE
    states: tuple[CaseState, ...] = ()
    unit_id: str = ""
    accountable: str = ""


def parse_order(text: str) -> Order:
    """Returns the order of AIP-132's form, newest first for an empty text.

    Raises Refused INVALID_FIELD for another field, for several, and for another direction.
    """
    if not text.strip():
        return NEWEST_FIRST
    name, *rest = text.split()
    if name in set(OrderField) and rest in ([], ["asc"], ["desc"]):
        return Order(OrderField(name), descending=rest == ["desc"])
    raise _invalid("order_by", f'must be one of {", ".join(OrderField)}, with or without " desc"')


def parse_query(text: str) -> tuple[Word, ...]:
    """Returns the words that a text must hold, each once.

    Raises Refused INVALID_FIELD for a query of nothing that could be looked for.
    """
    found = dict.fromkeys(normal for part in text.split() if (normal := normalise(part)))
    if text.strip() and not found:
        raise _invalid("query", "must hold a letter or digit")
    return tuple(Word(normal, tuple(query_grams(normal))) for normal in found)


def text_grams(words: str) -> tuple[str, list[str]]:
    """Returns what a filter looks for in a text: its normalised form and its pieces."""
    return normalise(words), query_grams(words)


def _invalid(field: str, description: str) -> Refused:
    return Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)
