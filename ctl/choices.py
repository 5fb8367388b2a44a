"""Enum values on a command line: by name in any case, with hyphens, or by their Chinese word."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from google.protobuf.descriptor import EnumDescriptor

from ctl.failures import Problem
from ctl.values import VALUES

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
    zero = enum.values_by_number[0].name
    # Not every enum that we didn't write has a prefix: DAY_OF_WEEK_UNSPECIFIED, MONDAY.
    prefix = zero.removesuffix("UNSPECIFIED")
    return prefix if all(value.name.startswith(prefix) for value in enum.values) else ""


def parse(enum: Enum[Number_co], text: str, *, option: str) -> Number_co:
    """Returns the value of that name, the unspecified one for an empty text.

    Raises Problem with the words and names there are.
    """
    descriptor = enum.DESCRIPTOR
    if not text:
        return enum.Value(f"{prefix_of(descriptor)}UNSPECIFIED")
    name = name_of(descriptor, text)
    if name is None:
        raise Problem(f"没有“{text}” / none of: {_listed(descriptor)}", field=option)
    return enum.Value(name)


def _listed(enum: EnumDescriptor) -> str:
    """Returns the values as they are typed, with their Chinese words: "told（当面或电话告知）"."""
    prefix = prefix_of(enum)
    shown = []
    for name in names_of(enum):
        word = VALUES.get(f"{prefix}{name.upper().replace('-', '_')}", ("", ""))[0]
        shown.append(f"{name}（{word}）" if word else name)
    return "、".join(shown)


def name_of(enum: EnumDescriptor, text: str) -> str | None:
    """Returns the full name of the value that a text stands for; None when it is none's."""
    prefix = prefix_of(enum)
    wanted = text.strip().upper().replace("-", "_")
    for value in enum.values:
        chinese = VALUES.get(value.name, ("", ""))[0]
        short = value.name.removeprefix(prefix)
        if value.number and (wanted in (value.name, short) or text.strip() == chinese):
            return value.name
    return None


def completion(enum: EnumDescriptor) -> Callable[[str], list[str]]:
    """Returns what the shell's completion asks for an option of this enum."""
    names = names_of(enum)

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete.lower())]

    return complete
