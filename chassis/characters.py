"""Finds strings of a message that no person means: control characters, nothing but spaces.

PostgreSQL's text can't hold U+0000, and the other control characters are never typed: in a log or
on a terminal they do harm. Those that turn the direction of what follows would let a text pass for
another in a list or a ledger. A text of spaces would pass for an answer. What to look at is worked
out once per message type. What the rules leave to be checked later is left alone here, too.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

# All of C0 and C1 but tab, line feed and carriage return; embeddings, overrides and isolates of
# direction, but not the plain marks that right-to-left names need.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

CONTROL = "must not hold control characters"
BLANK = "must not be blank"

# Yields the path of a string and what is wrong with it.
_Finder = Callable[[Message], Iterator[tuple[str, str]]]

# By full name; a message type never changes within a process.
_plans: dict[str, tuple[_Finder, ...]] = {}


def bad_texts(message: Message) -> list[tuple[str, str]]:
    """Returns path and problem of each string field with a control character or only spaces."""
    return list(_find(message))


def _problem(text: str) -> str:
    if _CONTROL.search(text):
        return CONTROL
    return BLANK if text.isspace() else ""


def _find(message: Message) -> Iterator[tuple[str, str]]:
    name = message.DESCRIPTOR.full_name
    plan = _plans.get(name)
    if plan is None:
        plan = _plans[name] = tuple(_plan(message.DESCRIPTOR))
    for finder in plan:
        yield from finder(message)


def _plan(descriptor: Any) -> Iterator[_Finder]:
    for field in descriptor.fields:
        if _left_alone(field):
            continue
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        if is_map:
            yield _map_finder(field)
        elif field.type == FieldDescriptor.TYPE_STRING:
            yield _texts_finder(field) if field.is_repeated else _text_finder(field)
        elif field.message_type is not None and _may_hold_text(field.message_type, set()):
            yield _each_finder(field) if field.is_repeated else _one_finder(field)


def _left_alone(field: FieldDescriptor) -> bool:
    """Tells a field whose messages are checked later, each on its own: many in one request."""
    options = field.GetOptions()
    if not options.HasExtension(validate_pb2.field):
        return False
    rules = options.Extensions[validate_pb2.field]
    always: int = validate_pb2.IGNORE_ALWAYS
    return always in (rules.ignore, rules.repeated.items.ignore)


def _may_hold_text(descriptor: Descriptor, seen: set[str]) -> bool:
    """Tells whether strings can stand anywhere below, so that times and durations are skipped."""
    if descriptor.full_name in seen:
        return False
    seen.add(descriptor.full_name)
    return any(
        field.type == FieldDescriptor.TYPE_STRING
        or (field.message_type is not None and _may_hold_text(field.message_type, seen))
        for field in descriptor.fields
    )


def _text_finder(field: FieldDescriptor) -> _Finder:
    name = field.name

    def find(message: Message) -> Iterator[tuple[str, str]]:
        if problem := _problem(getattr(message, name)):
            yield name, problem

    return find


def _texts_finder(field: FieldDescriptor) -> _Finder:
    name = field.name

    def find(message: Message) -> Iterator[tuple[str, str]]:
        for index, text in enumerate(getattr(message, name)):
            if problem := _problem(text):
                yield f"{name}[{index}]", problem

    return find


def _one_finder(field: FieldDescriptor) -> _Finder:
    name = field.name

    def find(message: Message) -> Iterator[tuple[str, str]]:
        if message.HasField(name):
            for path, problem in _find(getattr(message, name)):
                yield f"{name}.{path}", problem

    return find


def _each_finder(field: FieldDescriptor) -> _Finder:
    name = field.name

    def find(message: Message) -> Iterator[tuple[str, str]]:
        for index, item in enumerate(getattr(message, name)):
            for path, problem in _find(item):
                yield f"{name}[{index}].{path}", problem

    return find


def _map_finder(field: FieldDescriptor) -> _Finder:
    name = field.name

    def find(message: Message) -> Iterator[tuple[str, str]]:
        items: Any = getattr(message, name).items()
        for key, value in items:
            texts = [text for text in (key, value) if isinstance(text, str)]
            if problem := next(filter(None, map(_problem, texts)), ""):
                yield name, problem
            elif isinstance(value, Message):
                for path, inner in _find(value):
                    yield f"{name}.{path}", inner

    return find
