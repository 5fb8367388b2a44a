"""Which closed cases are called about a second time: drawn by lot, and the same again by the seed.

The unhappy come first and then those whom nobody outside of the handling chain has heard: a lot
among the content would say that all is well.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.intake.domain.values import Basis, Grade, Outcome


class Stratum(StrEnum):
    """In the order in which they are drawn."""

    UNHAPPY = "UNHAPPY"
    UNHEARD = "UNHEARD"
    LOT = "LOT"


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed case that could be drawn, as it was declared."""

    case_id: str
    cycle: int
    outcome: Outcome
    grade: Grade
    basis: Basis
    reopen_count: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case of a sample, and what was declared in the cycle that it was drawn for."""

    case_id: str
    cycle: int
    stratum: Stratum
    outcome: Outcome
    grade: Grade


@dataclass(frozen=True, slots=True)
class Heard:
    """How many reporters of a sample were reached, and how many of them say what was declared."""

    reached: int = 0
    agreeing: int = 0


def draw(closed: Iterable[Closed], count: int, seed: int) -> list[Drawn]:
    """Returns at most `count` of the cases, the unhappy and the unheard before the others.

    Within a stratum by lot: by a hash of the seed and the case, whatever the order they come in.
    """
    order = tuple(Stratum)
    drawn = sorted(closed, key=lambda one: (order.index(stratum(one)), _lot(seed, one.case_id)))
    return [
        Drawn(one.case_id, one.cycle, stratum(one), one.outcome, one.grade) for one in drawn[:count]
    ]


def stratum(one: Closed) -> Stratum:
    """Returns why a case would be drawn."""
    if one.reopen_count or one.grade is Grade.DISSATISFIED:
        return Stratum.UNHAPPY
    if one.basis in (Basis.NONE, Basis.REPORTED):
        return Stratum.UNHEARD
    return Stratum.LOT


def agrees(declared: Grade, outcome: Outcome, heard: Grade) -> bool:
    """Tells whether a reporter says what was declared; without a grade, that they are content.

    Whoever was reached and gave no grade (`heard` is NONE) agrees with nothing.
    """
    if heard is Grade.NONE:
        return False
    if declared is not Grade.NONE:
        return heard is declared
    content = heard in (Grade.SATISFIED, Grade.MOSTLY_SATISFIED)
    return content and outcome in (Outcome.SOLVED, Outcome.EXPLAINED)


def _lot(seed: int, case_id: str) -> bytes:
    return hashlib.sha256(f"{seed}:{case_id}".encode()).digest()
