"""Figures by group, as they are counted and as they are shown."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.intake.domain.measures.definitions import BY_NAME, DEFINITIONS, Unit


class Group(StrEnum):
    """By what measures are given."""

    NONE = "NONE"
    SITE = "SITE"
    CATEGORY = "CATEGORY"
    UNIT = "UNIT"
    STEWARD = "STEWARD"
    CHANNEL = "CHANNEL"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: a share's two counts, or a count or quantile in `value` over its population.

    `shielded` is how many cases of confidential or anonymous reporters it is made of. A suppressed
    one shows nothing.
    """

    measure: str
    numerator: int = 0
    denominator: int = 0
    value: float | None = None
    shielded: int = 0
    suppressed: bool = False

    @property
    def population(self) -> int:
        """Returns of how many it is made."""
        return max(self.numerator, self.denominator)

    @property
    def hidden(self) -> "Figure":
        """Returns it with nothing to see."""
        return Figure(self.measure, suppressed=True)


@dataclass(frozen=True, slots=True)
class FigureSet:
    """The figures of one group, every measure once, in the order of the definitions."""

    value: str
    figures: Mapping[str, Figure]

    def __getitem__(self, measure: str) -> Figure:
        return self.figures[measure]


@dataclass(frozen=True, slots=True)
class Counted:
    """One figure as it was counted for a group; `value` is None unless it is a quantile."""

    group: str
    measure: str
    numerator: int
    denominator: int | None
    value: float | None
    shielded: int


def arrange(
    rows: Iterable[Counted], group: Group, unknown: Collection[str] = ()
) -> list[FigureSet]:
    """Returns every measure of every group that has any, in the order of the groups.

    A count of nothing is 0; a share or quantile of nothing has no value, nor has what is `unknown`.
    All together is one set, even of nothing.
    """
    found: dict[str, dict[str, Figure]] = {}
    if group is Group.NONE:
        found[""] = {}
    for row in rows:
        figures = found.setdefault(row.group, {})
        figures[row.measure] = Figure(row.measure) if row.measure in unknown else _figure(row)
    return [
        FigureSet(
            value,
            {
                one.measure: figures.get(one.measure) or _nothing(one.measure, unknown)
                for one in DEFINITIONS
            },
        )
        for value, figures in sorted(found.items())
    ]


def _figure(row: Counted) -> Figure:
    value = row.value
    if value is None and row.denominator is None:
        value = float(row.numerator)
    elif value is None and row.denominator:
        value = 100 * row.numerator / row.denominator
    return Figure(row.measure, row.numerator, row.denominator or 0, value, row.shielded)


def _nothing(measure: str, unknown: Collection[str]) -> Figure:
    counted = BY_NAME[measure].unit is Unit.COUNT and measure not in unknown
    return Figure(measure, value=0.0 if counted else None)
