"""Keeps back what would tell who a confidential or anonymous reporter is.

A cell (one measure of one group) is kept back when it is made of at least one case of such a
reporter and of fewer than the site's smallest cell of them (k, 5 unless the site says otherwise).

Two kinds of figures could give a kept-back cell away by subtraction, and are seen to:

- the other groups, from the total: where exactly one group of a breakdown is kept back, so is the
  next smallest one, so that what is missing from the total is the sum of two;
- measures that add up or share their population (the ageing bands and what is open; a rate and its
  excused part; the shares of the satisfied): they are one family, kept back together.

All together and a site as a whole are never kept back: they aren't a breakdown, so they expose
nobody, and a site's own dispatch room and group know its totals anyway. Neither is a unit's or a
steward's own list of work: they can't work on what they can't see, and they have the cases before
them anyway.

What can be had by subtracting two tables, of two periods that differ in a day or of sites with and
without one, isn't met here: whoever may ask may list the cases, without names. Kept back is what
one table, handed on to others, would tell.
"""

from collections.abc import Sequence

from services.intake.domain.measures.definitions import BY_NAME
from services.intake.domain.measures.figures import Figure, FigureSet, Group

_WHOLES = (Group.NONE, Group.SITE)
_WORK_LISTS = (Group.UNIT, Group.STEWARD)


def exposing(figure: Figure, smallest_cell: int, group: Group) -> bool:
    """Tells whether a figure by itself would point at a reporter."""
    return group not in (*_WHOLES, *_WORK_LISTS) and 1 <= figure.shielded < smallest_cell


def suppress(sets: Sequence[FigureSet], group: Group, smallest_cell: int) -> list[FigureSet]:
    """Returns the sets without the figures that would tell who somebody is."""
    families = {one.family for one in BY_NAME.values()}
    hidden: dict[str, set[str]] = {
        family: {
            one.value
            for one in sets
            if any(
                exposing(figure, smallest_cell, group)
                for figure in one.figures.values()
                if BY_NAME[figure.measure].family == family
            )
        }
        for family in families
    }
    for family, groups in hidden.items():
        if len(groups) == 1:
            groups.update(_next_smallest(sets, family, groups))
    return [
        FigureSet(
            one.value,
            {
                name: figure.hidden if one.value in hidden[BY_NAME[name].family] else figure
                for name, figure in one.figures.items()
            },
        )
        for one in sets
    ]


def _next_smallest(sets: Sequence[FigureSet], family: str, hidden: set[str]) -> set[str]:
    """Returns the smallest group that shows something; one that has nothing if all have nothing."""

    def size(one: FigureSet) -> int:
        return max(
            figure.population
            for figure in one.figures.values()
            if BY_NAME[figure.measure].family == family
        )

    others = [one for one in sets if one.value not in hidden]
    others.sort(key=lambda one: (size(one) == 0, size(one), one.value))
    return {one.value for one in others[:1]}
