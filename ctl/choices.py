"""Enum values on a command line: by name in any case, with hyphens, or by their Chinese word."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import typer
from google.protobuf.descriptor import EnumDescriptor

from ctl.words import VALUES

Number_co = TypeVar("Number_co", covariant=True)


class Enum(Protocol[Number_co]):
    """What a generated enum offers."""

    @property
    def DESCRIPTOR(self) -> EnumDescriptor: ...  # noqa: N802 - protobuf's name

    def Value(self, name: str) -> Number_co: ...  # noqa: N802


def names_of(enum: EnumDescriptor) -> list[str]:
    """Returns the values as they are typed: "site-visit"; without the unspecified one."""
    prefix = prefix_of(enum)
    return [
        value.name.removeprefix(prefix).lower().replace("_", "-")
        for value in enum.values
        if value.number != 0
    ]


def prefix_of(enum: EnumDescriptor) -> str:
    """Returns what the names of an enum's values begin with: "CHANNEL_"."""
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


def parse(enum: Enum[Number_co], text: str, *, option: str) -> Number_co:
    """Returns the value of that name, the unspecified one for an empty text.

    Raises typer.BadParameter with the names there are.
    """
    descriptor = enum.DESCRIPTOR
    prefix = prefix_of(descriptor)
    if not text:
        return enum.Value(f"{prefix}UNSPECIFIED")
    wanted = text.strip().upper().replace("-", "_")
    for value in descriptor.values:
        chinese = VALUES.get(value.name, ("", ""))[0]
        short = value.name.removeprefix(prefix)
        if value.number and (wanted in (value.name, short) or text.strip() == chinese):
            return enum.Value(value.name)
    raise typer.BadParameter(f"{text!r}: {', '.join(names_of(descriptor))}", param_hint=option)


def completion(enum: EnumDescriptor) -> Callable[[str], list[str]]:
    """Returns what the shell's completion asks for an option of this enum."""
    names = names_of(enum)

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete.lower())]

    return complete
