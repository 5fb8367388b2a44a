"""Codes in a message's context become names only when it is sent, with the directory of then.

So what a fact leads to doesn't depend on which directory had come by, and a person's new name
shows in messages still waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.notify.domain.deliveries import POSITION_PREFIX, UNIT_PREFIX, Context

# Of a site whose directory has not come, or names none.
DEFAULT_TIME_ZONE = "Asia/Shanghai"


class NameKind(StrEnum):
    """What a code belongs to."""

    UNIT = "UNIT"
    PERSON = "PERSON"
    POSITION = "POSITION"
    CATEGORY = "CATEGORY"


class Code(NamedTuple):
    """A code of the site's own together with what it belongs to."""

    kind: NameKind
    code: str


@dataclass(frozen=True, slots=True)
class Site:
    """What notify keeps of a site."""

    site_id: str
    name: str
    time_zone: str


# Fields of a context that hold codes.
_FIELDS: Mapping[str, NameKind] = {
    "category": NameKind.CATEGORY,
    "unit": NameKind.UNIT,
    "work_unit": NameKind.UNIT,
    "steward": NameKind.PERSON,
    "accountable": NameKind.PERSON,
    "previous": NameKind.PERSON,
    "teller": NameKind.PERSON,
    "by": NameKind.PERSON,
    "person": NameKind.PERSON,
    "position": NameKind.POSITION,
}


def code_of(text: str, kind: NameKind = NameKind.PERSON) -> Code:
    """Returns the code a text stands for; "position:" and "unit:" say their kind themselves."""
    if text.startswith(POSITION_PREFIX):
        return Code(NameKind.POSITION, text.removeprefix(POSITION_PREFIX))
    if text.startswith(UNIT_PREFIX):
        return Code(NameKind.UNIT, text.removeprefix(UNIT_PREFIX))
    return Code(kind, text)


def codes_in(context: Context) -> frozenset[Code]:
    """Returns every code a context holds."""
    return frozenset(
        code_of(context[field], kind) for field, kind in _FIELDS.items() if context.get(field)
    )


def named(context: Context, names: Mapping[Code, str]) -> Context:
    """Returns the context with names for codes; a code nobody knows stays as it is."""
    result = dict(context)
    for field, kind in _FIELDS.items():
        if context.get(field):
            code = code_of(context[field], kind)
            result[field] = names.get(code, code.code)
    return result
