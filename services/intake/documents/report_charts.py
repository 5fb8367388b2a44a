"""Where the bars of a report's charts stand; the template only draws them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.documents.report_content import Part
from services.intake.store.measures import Day

WIDTH = 680.0
_LEFT, _RIGHT = 34.0, 6.0
_TOP, _HEIGHT = 10.0, 130.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle with its value; `kind` is its colour's class."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    value: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid, or a word of an axis, at a coordinate."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Two columns a day over a baseline, with a grid."""

    bars: Sequence[Bar]
    grid: Sequence[Mark]
    labels: Sequence[Mark]
    baseline: float
    left: float = _LEFT
    width: float = WIDTH
    height: float = _TOP + _HEIGHT + 22


@dataclass(frozen=True, slots=True)
class Row:
    """A name with its stacked bars; `text` stands behind them."""

    name: str
    y: float
    bars: Sequence[Bar]
    text: str
    text_x: float


@dataclass(frozen=True, slots=True)
class Rows:
    """Lying bars, one row each."""

    rows: Sequence[Row]
    height: float
    name_width: float
    width: float = WIDTH


def days_chart(days: Sequence[Day]) -> Columns:
    """Returns inflow and outflow by day, beside one another."""
    top, step = _scale(max((max(day.came, day.closed) for day in days), default=0))
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(days))
    baseline = _TOP + _HEIGHT
    bars = []
    for place, day in enumerate(days):
        for side, (kind, value) in enumerate((("came", day.came), ("closed", day.closed))):
            height = _HEIGHT * value / top
            x = _LEFT + slot * place + slot * (0.12 + 0.38 * side)
            bars.append(Bar(x, baseline - height, slot * 0.36, height, kind, value))
    grid = [Mark(baseline - _HEIGHT * value / top, str(value)) for value in range(0, top + 1, step)]
    labels = [
        Mark(_LEFT + slot * (place + 0.5), str(day.day.day)) for place, day in enumerate(days)
    ]
    return Columns(bars, grid, labels, baseline)


def bars_chart(values: Sequence[tuple[str, int | None, str]], kind: str, name_width: float) -> Rows:
    """Returns one bar for each (name, value, text); None has no bar."""
    return _rows(
        [(name, [(kind, value or 0)], text) for name, value, text in values],
        max((value or 0 for _, value, _ in values), default=0),
        name_width,
    )


def parts_chart(parts: Sequence[Part], name_width: float = 150.0) -> Rows:
    """Returns a stacked bar for each part: overdue, the rest of what is open, solved."""
    rows = []
    for part in parts:
        overdue = int(part.figures["OVERDUE"].value or 0)
        standing = int(part.figures["OPEN"].value or 0)
        solved = int(part.figures["SOLVED_COUNT"].value or 0)
        kept_back = any(
            part.figures[name].suppressed for name in ("OPEN", "OVERDUE", "SOLVED_COUNT")
        )
        text = "＊" if kept_back else f"{overdue} / {standing} / {solved}"
        stack = [("overdue", overdue), ("open", max(0, standing - overdue)), ("solved", solved)]
        rows.append((part.name, stack, text))
    longest = max((sum(value for _, value in stack) for _, stack, _ in rows), default=0)
    return _rows(rows, longest, name_width)


def _rows(
    rows: Sequence[tuple[str, Sequence[tuple[str, int]], str]], longest: int, name_width: float
) -> Rows:
    pitch, thick = 22.0, 14.0
    room = WIDTH - name_width - 96
    made = []
    for place, (name, stack, text) in enumerate(rows):
        x, y = name_width, place * pitch + 4
        bars = []
        for kind, value in stack:
            width = room * value / max(1, longest)
            if value:
                bars.append(Bar(x, y, width, thick, kind, value))
            x += width
        made.append(Row(name, y + thick - 3, bars, text, x + 6))
    return Rows(made, len(rows) * pitch + 6, name_width)


def _scale(largest: int) -> tuple[int, int]:
    """Returns the top of an axis and the step of its grid: round numbers, at most five steps."""
    steps = (digit * 10**power for power in range(10) for digit in (1, 2, 5))
    step = next(step for step in steps if step * 5 >= largest)
    return step * max(1, math.ceil(largest / step)), step
