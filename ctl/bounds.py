"""Texts that are too long, told before they are sent: the protos say how long each may be.

A text past the size of a message would be refused by gRPC, which knows neither field nor limit.
"""

from collections.abc import Iterator

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from ctl import vocabulary
from ctl.failures import Problem
from ctl.words import ZH


def check(request: Message, *, language: str = ZH) -> None:
    """Raises Problem for the first text of a request that is longer than its field takes."""
    for path, length, limit in _too_long(request):
        parts = "·".join(vocabulary.FIELDS.get(part, part) for part in path.split("."))
        name = vocabulary.FIELDS.get(path, parts)
        raise Problem(
            f"最多 {limit} 个字符，现有 {length} 个，没有发出 / at most {limit} characters, "
            f"these are {length}; nothing was sent",
            field=name if language == ZH else path,
        )


def _too_long(message: Message, path: str = "") -> Iterator[tuple[str, int, int]]:
    """Yields the path, the length and the limit of each text that is too long."""
    for field, value in message.ListFields():
        rules = _rules(field)
        each = rules.repeated.items if field.is_repeated else rules
        # Of many appeals, each is refused on its own.
        if validate_pb2.IGNORE_ALWAYS in (rules.ignore, each.ignore):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        here = f"{path}{field.name}"
        for one in value if field.is_repeated else (value,):
            if isinstance(one, Message):
                yield from _too_long(one, f"{here}.")
            elif isinstance(one, str) and 0 < each.string.max_len < len(one):
                yield here, len(one), each.string.max_len


def _rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    return field.GetOptions().Extensions[validate_pb2.field]
