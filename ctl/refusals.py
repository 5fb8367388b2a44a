"""What the suite said no with, told in the reader's words instead of the API's.

A refusal's sentence is filled from metadata that are there for programs: states, methods, codes
of people. They are translated here, and the sentence of the contract is filled anew. Where
nothing is translated, and for reasons unknown here, the server's own sentence stands.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import grpc
from google.protobuf.descriptor import EnumDescriptor

from backstop.error.v1 import error_pb2, error_reason_pb2
from backstop.intake.v1 import error_reason_pb2 as intake_reason_pb2
from backstop.notify.v1 import error_reason_pb2 as notify_reason_pb2
from backstop.routing.v1 import error_reason_pb2 as routing_reason_pb2
from backstop.sla.v1 import error_reason_pb2 as sla_reason_pb2
from ctl import filters, rules, vocabulary
from ctl.failures import Answer, FieldFault
from ctl.names import Names
from ctl.words import ZH, Words

_REASONS: Final[tuple[EnumDescriptor, ...]] = (
    error_reason_pb2.ErrorReason.DESCRIPTOR,
    intake_reason_pb2.ErrorReason.DESCRIPTOR,
    routing_reason_pb2.ErrorReason.DESCRIPTOR,
    sla_reason_pb2.ErrorReason.DESCRIPTOR,
    notify_reason_pb2.ErrorReason.DESCRIPTOR,
)
_PERSONS: Final = frozenset({"steward", "person_id", "accountable", "holder", "owner"})
_PLACES: Final = frozenset({"unit_id", "post_id", "position_id", "category"})
_SUBSCRIPT: Final = re.compile(r"(\w+)\[(\d+)\]")
_CUT_OFF: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


@dataclass(frozen=True, slots=True)
class Told:
    """A field at fault: what it is called, and what is wrong unless the sentence says so."""

    label: str
    words: str


def sentence(answer: Answer, words: Words, names: Names) -> str:
    """Returns the refusal as a sentence in the reader's language."""
    if not answer.reason:
        return _of_transport(answer, words)
    template = _templates(words.language).get(answer.reason)
    if template is None:
        return answer.sentence
    if answer.reason == "FILTER_INVALID":
        return template.format_map(answer.metadata | _problem_of_filter(answer, words))
    filled = {
        key: _value(answer.reason, key, value, words, names)
        for key, value in answer.metadata.items()
    }
    if answer.reason == "INVALID_FIELD" and answer.faults:
        filled["field"] = _joined(
            words,
            dict.fromkeys(_label(fault, words, names, answer.service) for fault in answer.faults),
        )
    if filled == answer.metadata:
        return answer.sentence
    try:
        return template.format_map(filled)
    except (KeyError, ValueError):
        # The server's sentence has other places than the one known here.
        return answer.sentence


def _problem_of_filter(answer: Answer, words: Words) -> dict[str, str]:
    return {"problem": filters.problem(answer.metadata)} if words.language == ZH else {}


def faults(answer: Answer, words: Words, names: Names) -> list[Told]:
    """Returns the fields at fault; one whose description is the sentence has no words left."""
    found = []
    if answer.reason == "FILTER_INVALID":
        # The first is the problem, which the sentence tells.
        lines = (fault.description for fault in answer.faults[1:])
        return [
            Told("", filters.fields_line(one) if words.language == ZH else one) for one in lines
        ]
    for fault in answer.faults:
        text = "" if fault.description == answer.sentence else _rule(fault.description, words)
        label = field_label(fault.name, words, names, answer.service) if fault.name else ""
        if label or (text and answer.reason != "INVALID_FIELD"):
            found.append(Told(label, text))
    if instead := answer.metadata.get("instead"):
        found.append(Told("", words("instead", action=words.pick(vocabulary.ACTIONS, instead))))
    return found


def wants_names(answer: Answer) -> bool:
    """Tells whether the sentence has codes that a site's names would explain."""
    return bool((_PERSONS | _PLACES) & answer.metadata.keys()) or any(
        fault.name and "." not in fault.name for fault in answer.faults
    )


def field_label(path: str, words: Words, names: Names, service: str = "") -> str:
    """Returns what people call a field: "reporter.phone" is 诉求人·电话; a unit's code its name.

    `service` is whose field it is: some names mean another thing there.
    """
    if words.language != ZH:
        return names.unit(path)
    if path in vocabulary.FIELDS_OF.get(service, {}):
        return vocabulary.FIELDS_OF[service][path]
    if path in vocabulary.FIELDS:
        return vocabulary.FIELDS[path]
    if path in names.units:
        return names.units[path]
    return "·".join(_part(part) for part in path.split("."))


def _part(part: str) -> str:
    subscript = _SUBSCRIPT.fullmatch(part)
    if subscript is None:
        return vocabulary.FIELDS.get(part, part)
    name = vocabulary.FIELDS.get(subscript[1], subscript[1])
    return f"第 {int(subscript[2]) + 1} 个{name}"


def _label(fault: FieldFault, words: Words, names: Names, service: str) -> str:
    # A rule of the whole message names no field; its words say which are meant.
    if fault.name:
        return field_label(fault.name, words, names, service)
    return _rule(fault.description, words)


def _rule(description: str, words: Words) -> str:
    return rules.in_chinese(description) if words.language == ZH else description


def _value(reason: str, key: str, value: str, words: Words, names: Names) -> str:
    if key in _PERSONS:
        return names.who(value)
    match key:
        case "state" | "allowed":
            prefix = "WORK_ORDER_STATE" if reason.startswith("WORK_ORDER") else "CASE_STATE"
            return _joined(words, (words.named(prefix, one) for one in value.split(", ")))
        case "action":
            return words.pick(vocabulary.ACTIONS, value)
        case "outcome":
            return words.named("OUTCOME", value)
        case "missing":
            return words.pick(vocabulary.MISSING, value)
        case "dependency":
            return words.pick(vocabulary.DEPENDENCIES, value)
        case "clock" | "consequence" | "day" if words.language == ZH:
            return words.named(
                {"clock": "CLOCK_KIND", "consequence": "CONSEQUENCE"}.get(key, ""), value
            )
        case "reason" if reason == "NOTHING_TO_PAUSE":
            return words.named("PAUSE_REASON", value)
        case "counting":
            return words.pick(vocabulary.COUNTINGS, value)
        case "needed" if not value.isdigit():
            return _joined(words, _needed(value, words))
        case "problem" if reason == "UNAUTHENTICATED":
            return words.pick(vocabulary.TOKEN_PROBLEMS, value)
        case "problem" if reason == "PERIOD_INVALID":
            return _rule(value, words)
        case "field":
            return field_label(value, words, names)
        case "unit_id":
            return names.unit(value)
        case "post_id":
            return names.post(value)
        case "position_id":
            return names.who(f"position:{value}")
        case "category":
            return names.category(value)
        case _:
            return value


def _needed(value: str, words: Words) -> list[str]:
    """Who may do it; another service is no help to a person, unless nobody else may."""
    wanted = value.split(", ")
    people = [one for one in wanted if not one.startswith("service:")] or wanted
    every_site = words("every_site")
    return [every_site if one == "site:*" else words.pick(vocabulary.ROLES, one) for one in people]


def _joined(words: Words, parts: Iterator[str] | list[str] | dict[str, None]) -> str:
    return ("、" if words.language == ZH else ", ").join(parts)


def _of_transport(answer: Answer, words: Words) -> str:
    """The sentence for a call that no service answered: gRPC's own words are for programmers."""
    if answer.code is grpc.StatusCode.UNAVAILABLE and "failed to connect" in answer.sentence:
        return words("not_running", service=answer.service)
    if answer.code in _CUT_OFF:
        return words("cut_off", service=answer.service)
    if answer.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return words("too_slow", service=answer.service)
    if answer.request_too_large:
        return words("request_too_large", service=answer.service)
    if answer.response_too_large:
        return words("response_too_large", service=answer.service)
    return answer.sentence


@cache
def _templates(language: str) -> Mapping[str, str]:
    """The sentences of all reasons, as their protos have them."""
    found: dict[str, str] = {}
    for enum in _REASONS:
        for value in enum.values:
            meaning = value.GetOptions().Extensions[error_pb2.meaning]
            name = value.name.removeprefix("ERROR_REASON_")
            found[name] = meaning.zh if language == ZH else meaning.en
    return found
