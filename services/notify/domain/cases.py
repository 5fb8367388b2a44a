"""The little that notify keeps of a case: enough to know whom to tell, and nothing of a person.

Built from facts alone. The reporter's words are left out on purpose: whoever needs them reads the
case file, where access is checked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

POSITION = "position:"
DISPATCH_ROOM = f"{POSITION}DISPATCH_ROOM"


class CaseState(StrEnum):
    """Where a case stands, as far as messages depend on it."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as notify sees it. People are codes; `accountable` may be "position:<id>".

    `fallback` is the last such position that had the case at the foot of the ladder, empty where
    none did: while a level has it, that is who it goes back to for want of a steward.

    `shielded` are told nothing of it: the persons it is about, and those who were taken out of its
    handling. `first_reply_by` owes the first reply in the steward's place, while anyone does.

    `leader` is in charge of a long-standing case, empty when nobody is. `cycle` is the latest that
    intake or routing told of.

    What a deadline that was noticed late leads to before `late_until` (real time, the database's
    clock) counts as late by `late_by`; both are None where none was.
    """

    case_id: str
    site_id: str
    number: str
    category: str
    place: str
    unit_id: str
    urgent: bool
    confidentiality: str
    has_phone: bool
    has_email: bool
    receiver: str
    steward: str = ""
    accountable: str = DISPATCH_ROOM
    leader: str = ""
    accepted: bool = False
    level: int = 0
    cycle: int = 1
    state: CaseState = CaseState.OPEN
    first_reply_by: str = ""
    shielded: frozenset[str] = frozenset()
    late_until: datetime | None = None
    late_by: timedelta | None = None
    fallback: str = ""

    @property
    def teller(self) -> str:
        """Who can tell the reporter in person: steward, else receiver, else dispatch room."""
        told = (self.steward, self.receiver)
        return next((one for one in told if one and one not in self.shielded), DISPATCH_ROOM)

    @property
    def replier(self) -> str:
        """Who owes the first reply beside the steward: whom routing named, else the receiver."""
        return self.first_reply_by or self.receiver


def assign(
    case: CaseView,
    steward: str,
    accountable: str,
    *,
    first_reply_by: str = "",
    shielded: Iterable[str] = (),
) -> CaseView:
    """A case has come to its steward; a new one has yet to accept it.

    `shielded` are those of whom routing knows that they may not have it.
    """
    return replace(
        case,
        steward=steward,
        accountable=accountable,
        accepted=case.accepted and steward == case.steward,
        first_reply_by=first_reply_by,
        shielded=case.shielded.union(shielded),
        fallback=_fallback(case, accountable, case.level),
    )


def same_hands(before: CaseView, case: CaseView, previous: str) -> bool:
    """Tells whether an assignment leaves a case with whom it was, `previous` in its words.

    A first assignment names nobody before it.
    """
    if (before.steward, before.accountable) != (case.steward, case.accountable):
        return False
    return bool(previous) and (previous == case.steward or not case.steward)


def accept(case: CaseView) -> CaseView:
    """The steward took it: nobody else owes the first reply any more."""
    return replace(case, accepted=True, first_reply_by="")


def recuse(case: CaseView, person_id: str) -> CaseView:
    """A person is told nothing of the case from now on."""
    return replace(case, shielded=case.shielded | {person_id})


def gone_by(case: CaseView, cycle: int) -> bool:
    """Tells whether a fact is about a cycle that is over: it concerns nobody now."""
    return cycle < case.cycle


def escalate(case: CaseView, accountable: str, level: int, cycle: int) -> CaseView:
    """The case is on another level, with whoever holds it."""
    return replace(
        case,
        accountable=accountable,
        level=level,
        cycle=cycle,
        fallback=_fallback(case, accountable, level),
    )


def instruct(case: CaseView, accountable: str, cycle: int) -> CaseView:
    """The level answered and said who must move now."""
    return replace(case, accountable=accountable, cycle=cycle)


def lead(case: CaseView, leader: str) -> CaseView:
    """A leader is in charge of a long-standing case, or nobody any more."""
    return replace(case, leader=leader)


def miss_late(case: CaseView, late_by: timedelta, until: datetime) -> CaseView:
    """A deadline was noticed late: what it leads to before `until` (real time) is late as well."""
    return replace(case, late_until=until, late_by=late_by)


def follows_late_by(case: CaseView, raw_time: datetime) -> timedelta | None:
    """Returns how late that was which a consequence of now follows from, None if it was in time."""
    over = case.late_until is None or case.late_until <= raw_time
    return None if over else case.late_by


def resolve(case: CaseView) -> CaseView:
    """The case waits for its reporter."""
    return replace(case, state=CaseState.RESOLVED)


def begin_again(case: CaseView, new_cycle: int) -> CaseView:
    """The reporter says it isn't done, or it was reopened: open, with the steward, on level 0.

    Without a steward it is with the position that has it for want of one. Unless routing has told
    of a level of the new cycle already.
    """
    if not case.cycle < new_cycle:
        return replace(case, state=CaseState.OPEN)
    return replace(
        case,
        state=CaseState.OPEN,
        cycle=new_cycle,
        level=0,
        accountable=case.steward or case.fallback or DISPATCH_ROOM,
    )


def close(case: CaseView) -> CaseView:
    """The case is struck off."""
    return replace(case, state=CaseState.CLOSED)


def _fallback(case: CaseView, accountable: str, level: int) -> str:
    # Whoever has it on a level says nothing of who has it at the foot.
    at_foot = not level and accountable.startswith(POSITION)
    return accountable if at_foot else case.fallback
