"""Checks a request: the rules written beside its fields in the proto, and its characters.

Rules are compiled once per message type (milliseconds) by the shared validator and then cost a
few microseconds a message.
"""

from collections.abc import Iterable
from typing import Any

import protovalidate
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from chassis.characters import bad_texts
from chassis.errors import FieldViolation, Refused


def check(request: Message) -> None:
    """Raises Refused INVALID_FIELD naming every field that breaks its rule."""
    violations = protovalidate.collect_violations(request)
    fields = [
        FieldViolation(field_path(violation.proto.field), violation.proto.message)
        for violation in violations
    ]
    fields += [FieldViolation(path, problem) for path, problem in bad_texts(request)]
    if fields:
        # A rule of the whole message names no field of its own; its words say which are meant.
        named = ", ".join(f.field or f.description for f in fields)
        raise Refused("INVALID_FIELD", fields=fields, field=named)


def warm(descriptors: Iterable[ServiceDescriptor]) -> None:
    """Compiles the rules of all requests before the first call pays for it.

    Raises protovalidate.CompilationError for a rule that doesn't fit its field.
    """
    for descriptor in descriptors:
        for method in descriptor.methods:
            protovalidate.collect_violations(GetMessageClass(method.input_type)())


def field_path(path: Any) -> str:
    """Writes a field path the way BadRequest wants it: "reporter.phones[1]"."""
    if path is None:
        return ""
    text = ""
    for element in path.elements:
        text += ("." if text else "") + element.field_name
        subscript = element.subscript
        if subscript is not None:
            text += f"[{subscript.value}]"
    return text
