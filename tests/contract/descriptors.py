"""The protos as data: services, enums and messages of the suite, with their comments."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import (
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "sla", "notify")


@dataclass(frozen=True, slots=True)
class Commented:
    """A described thing, its full name and the comment that leads it."""

    name: str
    comment: str
    descriptor: Any


@cache
def files() -> tuple[FileDescriptorProto, ...]:
    """Returns the suite's own files, in the order of their names."""
    image = FileDescriptorSet.FromString((ROOT / "gen" / "backstop.binpb").read_bytes())
    own = (file for file in image.file if file.name.startswith("backstop/"))
    return tuple(sorted(own, key=lambda file: file.name))


def _comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {
        tuple(location.path): location.leading_comments.strip()
        for location in file.source_code_info.location
    }


def rpcs() -> Iterator[Commented]:
    """Yields every method as backstop.intake.v1.IntakeService/RegisterCase."""
    for file in files():
        comments = _comments(file)
        for s, service in enumerate(file.service):
            for m, method in enumerate(service.method):
                name = f"{file.package}.{service.name}/{method.name}"
                yield Commented(name, comments.get((6, s, 2, m), ""), method)


def services() -> Iterator[Commented]:
    """Yields every gRPC service."""
    for file in files():
        comments = _comments(file)
        for s, service in enumerate(file.service):
            yield Commented(f"{file.package}.{service.name}", comments.get((6, s), ""), service)


def enum_values() -> Iterator[Commented]:
    """Yields every value of every enum, those nested in messages included."""
    for file in files():
        comments = _comments(file)
        found: list[tuple[tuple[int, ...], str, EnumDescriptorProto]] = [
            ((5, e), file.package, enum) for e, enum in enumerate(file.enum_type)
        ]
        for m, message in enumerate(file.message_type):
            inside = f"{file.package}.{message.name}"
            found += [((4, m, 4, e), inside, enum) for e, enum in enumerate(message.enum_type)]
        for path, scope, enum in found:
            for v, value in enumerate(enum.value):
                name = f"{scope}.{enum.name}.{value.name}"
                yield Commented(name, comments.get((*path, 2, v), ""), value)


def messages() -> Iterator[Commented]:
    """Yields every message at the top level of a file."""
    for file in files():
        comments = _comments(file)
        for m, message in enumerate(file.message_type):
            yield Commented(f"{file.package}.{message.name}", comments.get((4, m), ""), message)
