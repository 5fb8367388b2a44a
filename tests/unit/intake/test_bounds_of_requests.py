"""However much somebody sends: every text and every list of a request has a bound of its own."""

from collections.abc import Iterator

import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from backstop.intake.v1 import intake_service_pb2

SERVICE = intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"]
REQUESTS = [method.input_type for method in SERVICE.methods]


def fields(message: Descriptor, seen: frozenset[str] = frozenset()) -> Iterator[FieldDescriptor]:
    """Yields all fields of ours that can be sent in a message, at whatever depth."""
    if message.full_name in seen or not message.full_name.startswith("backstop."):
        return
    for field in message.fields:
        yield field
        if field.message_type is not None:
            yield from fields(field.message_type, seen | {message.full_name})


def bounded(field: FieldDescriptor) -> bool:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    if field.is_repeated and not rules.repeated.HasField("max_items"):
        return False
    one = rules.repeated.items if field.is_repeated else rules
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            text = one.string
            # A pattern stands beside a length, or is one itself; see below.
            return text.HasField("max_len") or text.HasField("uuid") or text.HasField("pattern")
        case FieldDescriptor.TYPE_BYTES:
            return bool(one.bytes.HasField("max_len"))
    return True


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda one: one.name)
def test_every_text_and_list_of_a_request_is_bounded(request_type: Descriptor) -> None:
    unbounded = {field.full_name for field in fields(request_type) if not bounded(field)}
    assert unbounded == set()


def test_patterns_without_a_length_have_one_themselves() -> None:
    for request_type in REQUESTS:
        for field in fields(request_type):
            text = field.GetOptions().Extensions[validate_pb2.field].string
            if text.HasField("pattern") and not text.HasField("max_len"):
                assert not any(sign in text.pattern for sign in "*+"), field.full_name


def test_a_field_without_rules_is_seen() -> None:
    (case, *_) = intake_service_pb2.GetCaseResponse.DESCRIPTOR.fields
    assert case.message_type is not None
    text = case.message_type.fields_by_name["text"]
    assert not bounded(text)
