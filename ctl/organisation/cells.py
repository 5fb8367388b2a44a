"""One cell of a table ↔ what the message's YAML form holds, both as text."""

import re
from collections.abc import Iterable
from typing import Any

from ctl.failures import Problem
from ctl.organisation.layout import Cell

_SEPARATOR = re.compile(r"[;；]")
# Days of the week before the hours, the season behind them.
_WINDOW = re.compile(
    r"(?:(?P<days>[1-7](?:[-,，][1-7])*)\s+)?"
    r"(?P<start>\d{1,2}:\d{2})\s*[-–—~]\s*(?P<end>\d{1,2}:\d{2})"
    r"(?:\s*@\s*(?P<from>\d{4}-\d{2}-\d{2})?\.\.(?P<to>\d{4}-\d{2}-\d{2})?)?"
)
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def read(text: str, cell: Cell) -> object:
    """Returns what a cell says, as the reader of YAML takes it; Problem when it says nothing."""
    if cell is Cell.PLAIN:
        return text.strip()
    parts = [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
    return parts if cell is Cell.LIST else [_window(part) for part in parts]


def write(value: object, cell: Cell) -> str:
    """Returns the cell that says a value, which is as the writer of YAML has it."""
    if cell is Cell.PLAIN:
        return {True: "是", False: ""}[value] if isinstance(value, bool) else str(value)
    every = value if isinstance(value, list) else [value]
    return "; ".join(str(one) if cell is Cell.LIST else _window_text(one) for one in every)


def _window(text: str) -> dict[str, object]:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise Problem(f"应写作 06:30-08:00 或 1-5 06:30-08:00 / not a window: {text}")
    found: dict[str, object] = {
        "start_time": match["start"].zfill(5),
        "end_time": match["end"].zfill(5),
    }
    if match["days"]:
        found["days"] = [DAYS[number - 1] for number in _numbers(match["days"])]
    if match["from"]:
        found["start_date"] = match["from"]
    if match["to"]:
        found["end_date"] = match["to"]
    return found


def _numbers(text: str) -> Iterable[int]:
    for part in re.split("[,，]", text):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _window_text(window: Any) -> str:
    text = f"{window['start_time']}-{window['end_time']}"
    days = window.get("days")
    if isinstance(days, list):
        text = ",".join(str(DAYS.index(day) + 1) for day in days) + " " + text
    if "start_date" in window or "end_date" in window:
        text += f"@{window.get('start_date', '')}..{window.get('end_date', '')}"
    return text
