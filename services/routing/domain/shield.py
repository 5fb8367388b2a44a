"""The conflict shield (回避): nobody handles a case about themselves, nor do those under them.

The persons a case is about are fields of it, kinship isn't inferred. Their line of subordinates is
what the site's own lists say: who acts on a level of the ladder below theirs, and who belongs to a
unit that one of them heads, or to one below it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.routing.domain.directory import Person, is_within


@dataclass(frozen=True, slots=True)
class Shield:
    """Who may not have a case in hand.

    `persons` are those it is about and the recused. `below` works in a unit that one of the former
    heads, or holds a lower level of the ladder; `level` is the highest that one of them holds, 0
    for none.
    """

    persons: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    level: int = 0

    def __bool__(self) -> bool:
        """Tells whether it keeps anybody away."""
        return bool(self.persons)

    def covers(self, person_id: str, level: int = 0) -> bool:
        """Tells whether a person may not act for the case at a level of the ladder, 0 = below it.

        Nobody in the line below an accused may, whoever they are.
        """
        return level < self.level or self.covers_alone(person_id)

    def covers_alone(self, person_id: str) -> bool:
        """Tells the same of one who stands outside of the ladder: the alternate chain, a unit."""
        return person_id in self.persons or person_id in self.below


NO_SHIELD = Shield()


def shield(
    about: Iterable[str],
    recused: Iterable[str],
    *,
    ladder: Sequence[Collection[str]],
    heads: Mapping[str, str],
    parents: Mapping[str, str],
    people: Iterable[Person],
) -> Shield:
    """Returns the shield of a case about some persons.

    `ladder` names everybody who holds each level, from level 1 up: who is on duty there, and whose
    office it is. `heads` is unit → head, `parents` unit → the one above; both and `people` may
    leave out units that none of the persons heads.
    """
    accused = frozenset(about)
    level = max((n for n, holders in enumerate(ladder, 1) if accused & set(holders)), default=0)
    # Who also holds a level from there up is nobody's subordinate.
    beside = {holder for holders in ladder[max(level - 1, 0) :] for holder in holders}
    lower = {holder for holders in ladder[: max(level - 1, 0)] for holder in holders} - beside
    headed = [unit_id for unit_id, head in heads.items() if head in accused]
    below = lower | {
        person.person_id
        for person in people
        if any(is_within(parents, person.unit_id, unit_id) for unit_id in headed)
    }
    return Shield(accused | frozenset(recused), frozenset(below - accused - {""}), level)
