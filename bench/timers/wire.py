"""How the bench speaks with its processes: a line of JSON each way; standard library only.

A process ends when its standard input does, so none outlives the bench, however that ends.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

DSN: Final = "BENCH_DSN"
AMQP: Final = "BENCH_AMQP"
# Before each answer, because some libraries write to standard output as well.
MARK: Final = "@bench "

TABLE: Final = """
CREATE TABLE fired (
    timer_id bigint NOT NULL, due timestamptz NOT NULL, fired_at timestamptz NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Arming:
    """Timers numbered from `first`, due `spacing` seconds after one another from `due` on.

    `due` is in seconds since 1970.
    """

    first: int
    count: int
    due: float
    spacing: float = 0.0

    def timers(self) -> Iterator[tuple[int, float]]:
        """Yields number and due time of each."""
        for index in range(self.count):
            yield self.first + index, self.due + index * self.spacing

    def chunks(self, size: int) -> Iterator[list[tuple[int, float]]]:
        """Yields the timers in lists of at most `size`."""
        timers = list(self.timers())
        for start in range(0, len(timers), size):
            yield timers[start : start + size]

    def as_command(self) -> dict[str, Any]:
        return {"do": "arm", **asdict(self)}

    @classmethod
    def of(cls, command: dict[str, Any]) -> Arming:
        return cls(command["first"], command["count"], command["due"], command["spacing"])


def answer(**values: Any) -> None:
    """Tells the bench something."""
    os.write(1, f"{MARK}{json.dumps(values)}\n".encode())


def commands() -> Iterator[dict[str, Any]]:
    """Yields what the bench asks for, until it has gone or has no more to ask.

    Reads the descriptor itself: a thread that holds sys.stdin's lock would be in the way of forks.
    """
    held = b""
    while True:
        *lines, held = held.split(b"\n")
        for line in lines:
            yield json.loads(line)
        read = os.read(0, 65536)
        if not read:
            return
        held += read


def until_closed(ended: Callable[[], None]) -> None:
    """Calls `ended` from a thread once the bench has gone, or wants this process to end."""

    def wait() -> None:
        for _ in commands():
            pass
        ended()

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    # Tells the installed versions of the packages named.
    answer(**{name: importlib.metadata.version(name) for name in sys.argv[1:]})
