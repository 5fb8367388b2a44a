"""Which fields a filter knows, and what may be said of each: a comparison becomes a checked one.

The values of enums are the proto's names without their prefix, in any case of letters. What a
caller wrote is never repeated in a refusal, since it may be somebody's name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType

from services.intake.domain.filters.problems import Problem, refusal
from services.intake.domain.filters.tree import (
    Atom,
    Comparison,
    Has,
    Is,
    Not,
    Operator,
    Present,
    Search,
    Value,
)
from services.intake.domain.marks import FlagKind
from services.intake.domain.times import bounded
from services.intake.domain.values import (
    Basis,
    CaseKind,
    CaseState,
    Channel,
    Confidentiality,
    Grade,
    Outcome,
    Relation,
    ReporterKind,
    Urgency,
)

# sla's names of how a clock stands.
CLOCK_STATES = ("RUNNING", "PAUSED", "MET", "MET_LATE", "BREACHED", "CANCELLED")

# What PostgreSQL's integer surely holds.
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class FieldKind(StrEnum):
    """What a field is; the value is how a list of fields is headed."""

    CHOICE = "one of a list"
    CODE = "codes"
    PART = "texts of which a part may be asked"
    NUMBER = "numbers"
    TIME = "times"
    TRUTH = "true or false"
    MARK = "several of a list"
    CLOCK = "clocks of this cycle"
    MEMBER = "several codes"
    TEXT = "words"


@dataclass(frozen=True, slots=True)
class Field:
    """A field and, where its values are listed, the list."""

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written; `position` counts the filter's characters from 1."""

    text: str
    quoted: bool
    position: int


def _names(enum: Iterable[StrEnum]) -> tuple[str, ...]:
    """Returns what can be asked for: whether there is a value is asked by presence."""
    return tuple(one.value for one in enum if one.value not in ("", "UNSPECIFIED"))


def _fields() -> Iterable[Field]:
    choices: tuple[tuple[str, Iterable[StrEnum]], ...] = (
        ("state", CaseState),
        ("outcome", Outcome),
        ("kind", CaseKind),
        ("channel", Channel),
        ("urgency", Urgency),
        ("confidentiality", Confidentiality),
        ("reporter_kind", ReporterKind),
        ("grade", Grade),
        ("confirmation_basis", Basis),
    )
    for name, enum in choices:
        yield Field(name, FieldKind.CHOICE, _names(enum))
    plain: tuple[tuple[FieldKind, str], ...] = (
        (
            FieldKind.CODE,
            "category unit_id post_id steward accountable receiver slip_number external_system",
        ),
        (FieldKind.PART, "number place"),
        (FieldKind.NUMBER, "level cycle reopen_count promise_move_count"),
        (FieldKind.TIME, "occurred_time record_time resolve_time close_time due_time"),
        (FieldKind.TRUTH, "overdue paused late_entry hazard open"),
        (FieldKind.MEMBER, "work_order_unit hand"),
        (FieldKind.TEXT, "text"),
    )
    for kind, names in plain:
        for name in names.split():
            yield Field(name, kind)
    yield Field("flag", FieldKind.MARK, _names(FlagKind))
    yield Field("link", FieldKind.MARK, _names(Relation))
    yield Field("clock", FieldKind.MARK, CLOCK_STATES)
    for name in ("first_reply", "plan", "progress", "resolution", "confirmation", "escalation"):
        yield Field(name, FieldKind.CLOCK, CLOCK_STATES)


FIELDS: Mapping[str, Field] = MappingProxyType({one.name: one for one in _fields()})

_EQUALITY = (Operator.EQUAL, Operator.DIFFERENT, Operator.HAS)
_OPERATORS: Mapping[FieldKind, tuple[Operator, ...]] = {
    kind: tuple(Operator) if kind in (FieldKind.NUMBER, FieldKind.TIME) else _EQUALITY
    for kind in FieldKind
} | {FieldKind.TEXT: (Operator.HAS,)}


def find_field(name: str, position: int) -> Field:
    """Returns the field of a name; raises Refused naming the nearest, and all by their kinds."""
    found = FIELDS.get(name)
    if found is not None:
        return found
    near = get_close_matches(name.lower(), FIELDS, n=3)
    raise refusal(
        position,
        Problem.FIELD_UNKNOWN,
        (
            f"{kind}: " + ", ".join(one.name for one in FIELDS.values() if one.kind is kind)
            for kind in FieldKind
        ),
        near=", ".join(near),
    )


def search(words: str, position: int) -> Search:
    """Returns the search for words; raises Refused where there is nothing to look for."""
    if not words.strip():
        raise refusal(position, Problem.WORDS_MISSING)
    return Search(words, position)


def compare(
    field: Field, operator: Operator, literal: Literal, operator_position: int
) -> Atom | Not:
    """Returns the checked comparison.

    Raises Refused where the field isn't compared like this, or not with this value.
    """
    if operator not in _OPERATORS[field.kind]:
        raise refusal(
            operator_position,
            Problem.OPERATOR_UNFIT,
            field=field.name,
            operators=" ".join(_OPERATORS[field.kind]),
        )
    if literal.text == "*" and not literal.quoted:
        return _present(field, operator, literal)
    match field.kind:
        case FieldKind.TEXT:
            return search(literal.text, literal.position)
        case FieldKind.TRUTH:
            truth = _choice(field, literal, ("TRUE", "FALSE")) == "TRUE"
            condition = Is(field.name)
            return condition if truth is (operator is not Operator.DIFFERENT) else Not(condition)
        case FieldKind.MARK | FieldKind.CLOCK | FieldKind.MEMBER:
            has = Has(field.name, _member(field, literal))
            return Not(has) if operator is Operator.DIFFERENT else has
        case FieldKind.PART:
            if operator is Operator.HAS and not literal.text:
                raise refusal(literal.position, Problem.PART_MISSING)
            return Comparison(field.name, operator, literal.text)
        case FieldKind.CHOICE | FieldKind.CODE | FieldKind.NUMBER | FieldKind.TIME:
            single = Operator.EQUAL if operator is Operator.HAS else operator
            return Comparison(field.name, single, _single(field, literal))


def _present(field: Field, operator: Operator, literal: Literal) -> Present:
    if operator is not Operator.HAS:
        raise refusal(literal.position, Problem.STAR_MISPLACED)
    if field.kind is FieldKind.TRUTH:
        raise refusal(literal.position, Problem.TRUTH_ALWAYS_THERE, field=field.name)
    if field.kind is FieldKind.TEXT:
        raise refusal(literal.position, Problem.TEXT_ALWAYS_THERE)
    return Present(field.name)


def _single(field: Field, literal: Literal) -> Value:
    match field.kind:
        case FieldKind.CHOICE:
            return _choice(field, literal, field.choices)
        case FieldKind.NUMBER:
            return _number(field, literal)
        case FieldKind.TIME:
            return _time(literal)
        case _:
            return literal.text


def _member(field: Field, literal: Literal) -> str:
    if field.choices:
        return _choice(field, literal, field.choices)
    if not literal.text:
        raise refusal(literal.position, Problem.CODE_MISSING, field=field.name)
    return literal.text


def _choice(field: Field, literal: Literal, choices: tuple[str, ...]) -> str:
    chosen = literal.text.upper()
    if chosen not in choices:
        raise refusal(
            literal.position,
            Problem.CHOICE_UNKNOWN,
            field=field.name,
            choices=", ".join(choices),
        )
    return chosen


def _number(field: Field, literal: Literal) -> int:
    if not _NUMBER.fullmatch(literal.text):
        raise refusal(literal.position, Problem.NUMBER_WANTED, field=field.name)
    return int(literal.text)


def _time(literal: Literal) -> date | datetime:
    """Returns a day of the site, or an instant in UTC, that has a place in every zone."""
    written = literal.text.upper()
    try:
        if _DAY.fullmatch(written):
            day = date.fromisoformat(written)
            value: date | datetime = day
        elif _INSTANT.fullmatch(written):
            value = datetime.fromisoformat(written)
            day = value.date()
        else:
            raise refusal(literal.position, Problem.TIME_WANTED)
    except ValueError:
        raise refusal(literal.position, Problem.NO_SUCH_TIME) from None
    if bounded(day) != day:
        raise refusal(literal.position, Problem.TIME_OUT_OF_RANGE)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
