"""Makes the golden samples of facts, from their descriptors; adds missing ones, changes none."""

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.contract.descriptors import SERVICES

GOLDEN = Path(__file__).parent / "golden" / "facts.json"


@cache
def fact_types() -> dict[str, type[Message]]:
    """Returns every message of the four <service>_facts.proto by its full name."""
    found: dict[str, type[Message]] = {}
    for service in SERVICES:
        module = import_module(f"backstop.{service}.v1.{service}_facts_pb2")
        for name in module.DESCRIPTOR.message_types_by_name:
            found[f"backstop.{service}.v1.{name}"] = getattr(module, name)
    return found


def sample(message_type: type[Message]) -> Message:
    """Returns a message with every field set to a value that follows from its number."""
    message = message_type()
    _fill(message)
    return message


def _fill(message: Message) -> None:
    for field in message.DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            inner = getattr(message, field.name)
            _fill(inner.add() if field.is_repeated else inner)
            if not field.is_repeated:
                inner.SetInParent()
        elif field.is_repeated:
            getattr(message, field.name).append(_value(field))
        else:
            setattr(message, field.name, _value(field))


def _value(field: Any) -> object:
    if field.type == FieldDescriptor.TYPE_STRING:
        return f"{field.name} {field.number}"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes([field.number])
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_ENUM:
        assert field.enum_type is not None
        return field.enum_type.values[-1].number
    return field.number


def main() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    for name, message_type in fact_types().items():
        if name not in golden:
            message = sample(message_type)
            golden[name] = {
                "bytes": message.SerializeToString(deterministic=True).hex(),
                "says": json_format.MessageToDict(message),
            }
    GOLDEN.parent.mkdir(exist_ok=True)
    text = json.dumps(golden, ensure_ascii=False, indent=1, sort_keys=True)
    GOLDEN.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
