"""Constant pieces of SQL, from which statements of a shape that callers choose are put together.

What isn't a piece is a placeholder: no value ever becomes part of a statement's text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chassis.queries import load_queries

_PART = re.compile(r"\$(\d)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of a file of named SQL."""

    texts: Mapping[str, str] = field(repr=False)

    @classmethod
    def load(cls, path: str) -> "Pieces":
        """Reads a file of the service's."""
        # Without the name that leads a statement's text: it would stand there once for each piece.
        return cls(
            {
                piece.name: piece.sql.removeprefix(f"/* {piece.name} */ ")
                for piece in load_queries("services.intake", path)
            }
        )

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    def put(self, name: str, *parts: str) -> str:
        """Returns a piece with its own $1, $2, … replaced by the parts."""
        return _PART.sub(lambda match: parts[int(match[1]) - 1], self.texts[name])


class Arguments(Generic[T]):
    """The values of a statement, in the order of their placeholders."""

    def __init__(self, *values: T, first: int = 1) -> None:
        self.values: list[T] = list(values)
        self._first = first

    def add(self, value: T) -> str:
        """Adds an argument and returns its placeholder."""
        self.values.append(value)
        return f"${self.next - 1}"

    @property
    def next(self) -> int:
        """The number of the placeholder that comes next."""
        return self._first + len(self.values)
