"""How a handler takes a case into its hands: who sees it, may touch it, has a hand in it.

One place, so that no handler forgets whom a case is about.
"""

from collections.abc import Set as AbstractSet
from typing import Protocol

from chassis.errors import Refused
from chassis.work import Work
from services.intake.domain import transitions, visibility
from services.intake.domain.values import Basis, CaseFile
from services.intake.store import cases


class Word(Protocol):
    """What a caller says about a case for the reporter, or as them."""

    @property
    def case_id(self) -> str: ...

    @property
    def expected_version(self) -> int: ...


class SealNeeded(Exception):
    """The case can be resolved or closed once routing has sealed its work orders.

    Nothing was written: so what is replayed or refused anyway never asks routing.
    """

    def __init__(self, site_id: str) -> None:
        super().__init__(site_id)
        self.site_id = site_id


async def spoken_of(
    work: Work, command: Word, speaker: visibility.Speaker
) -> tuple[CaseFile, Basis]:
    """Returns a case and the basis of a word about it.

    Who has no say learns nothing, the version neither.
    """
    file = await locked(work, command.case_id, speaker.persons)
    if not (speaker.own and "REPORTER" in speaker.roles):
        # Whoever raised it has the last word about it, recused as a handler or not.
        visibility.check_hand(file.case, speaker.persons)
    basis = visibility.basis_of(file, speaker)
    work.expect(command.case_id, command.expected_version)
    return file, basis


async def hold(work: Work, file: CaseFile, *others: str) -> None:
    """Keeps that those behind the call and others have a hand in the case; written once."""
    case = file.case
    told = visibility.persons([work.actor.subject, work.actor.acting_for, *others])
    new = [one for one in told if one not in file.hands]
    if new:
        await cases.add_hands(work.connection, case.case_id, case.site_id, new)


async def held(work: Work, case_id: str, expected_version: int) -> CaseFile:
    """Locks a case and returns its file to whoever may work on it.

    Raises Refused CASE_NOT_FOUND (to whom it is about, too), CASE_RECUSED, VERSION_MISMATCH.
    """
    callers = visibility.behind(work.actor.subject, work.actor.acting_for)
    file = await locked(work, case_id, callers)
    visibility.check_hand(file.case, callers)
    work.expect(case_id, expected_version)
    return file


async def locked(work: Work, case_id: str, callers: AbstractSet[str]) -> CaseFile:
    """Locks a case and returns its file; Refused CASE_NOT_FOUND where there is none for them."""
    if case_id not in await work.lock_existing(case_id):
        raise Refused("CASE_NOT_FOUND", case_id=case_id)
    file = await cases.load_file(work.connection, case_id)
    if file is None:
        raise Refused("CASE_NOT_FOUND", case_id=case_id)
    visibility.check_sight(file.case, callers)
    return file


def act(work: Work) -> transitions.Act:
    """Returns the caller and the time of the transaction as the domain takes them."""
    return transitions.Act(work.actor.subject, work.time, work.actor.acting_for)
