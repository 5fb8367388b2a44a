"""Who may see and say what about a case, beyond what the site allows.

Takes the caller's roles as they are; names are those of the access proto without prefix.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from chassis.errors import Refused
from services.intake.domain.values import Basis, Case, CaseFile, Confidentiality

STAFF = frozenset({"CLERK", "STEWARD", "HANDLER", "DISPATCHER", "DIRECTOR", "SUPPORT", "LEADER"})
# May say for a reporter that the result is right, or not.
_MAY_REPORT = frozenset({"CLERK", "STEWARD", "DISPATCHER", "DIRECTOR", "SUPPORT", "REPORTER"})
SEES_CONFIDENTIAL = frozenset({"DIRECTOR", "SUPPORT"})


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whoever speaks about a case.

    `own` tells that the case's reporter is the holder of this account; `code` that the case's
    receipt code was shown; `persons` are all who stand behind the call.
    """

    subject: str
    roles: AbstractSet[str]
    own: bool = False
    code: bool = False
    persons: AbstractSet[str] = frozenset()

    def handled(self, file: CaseFile) -> bool:
        """Tells whether anyone behind the call has had a hand in the case."""
        return not file.hands.isdisjoint({self.subject, *self.persons})


def only_reporter(roles: AbstractSet[str]) -> bool:
    """Tells an account that may see its own cases and nothing else."""
    return "REPORTER" in roles and roles <= {"REPORTER"}


def behind(subject: str, acting_for: str) -> frozenset[str]:
    """Returns the persons who stand behind a call: the caller, and whom they act for."""
    return frozenset({subject, acting_for} - {""})


def in_sight(about_persons: Iterable[str], callers: AbstractSet[str]) -> bool:
    """Tells whether a case is there at all for those behind a call: not for whom it is about."""
    return callers.isdisjoint(about_persons)


def check_sight(case: Case, callers: AbstractSet[str]) -> None:
    """Raises Refused CASE_NOT_FOUND, as for an absent case, to whom it is about."""
    if not in_sight(case.about_persons, callers):
        raise Refused("CASE_NOT_FOUND", case_id=case.case_id)


def check_hand(case: Case, callers: AbstractSet[str]) -> None:
    """Raises Refused CASE_RECUSED to whom was taken out of the case's handling chain (回避)."""
    if not callers.isdisjoint(case.recused_persons):
        raise Refused("CASE_RECUSED", case_id=case.case_id)


def basis_of(file: CaseFile, speaker: Speaker) -> Basis:
    """Returns on what the speaker's word about the result rests.

    A callback must come from outside the chain that handled the case; what its members say is
    only reported, and so is a code in their hands: whoever registers is shown it. Nobody can have
    called the anonymous. Raises Refused CASE_NOT_FOUND for a reporter of other cases, and
    PERMISSION_DENIED.
    """
    outside = not speaker.handled(file)
    if speaker.code and outside:
        return Basis.CODE
    if "REPORTER" in speaker.roles and speaker.own:
        return Basis.REPORTER
    if speaker.code:
        return Basis.REPORTED
    if only_reporter(speaker.roles):
        raise Refused("CASE_NOT_FOUND", case_id=file.case.case_id)
    if speaker.roles.isdisjoint(_MAY_REPORT - {"REPORTER"}):
        raise Refused("PERMISSION_DENIED", needed=", ".join(sorted(_MAY_REPORT)))
    anonymous = file.case.confidentiality is Confidentiality.ANONYMOUS
    if "SUPPORT" in speaker.roles and outside and not anonymous:
        return Basis.CALLBACK
    return Basis.REPORTED


def persons(told: Iterable[str]) -> list[str]:
    """Returns the persons among actors and owners: no position, service, system or pseudonym."""
    return sorted({one for one in told if one and ":" not in one})


def check_unseal(
    confidentiality: Confidentiality, roles: AbstractSet[str], *, confidential_kin: bool
) -> None:
    """Raises Refused REPORTER_ANONYMOUS, or CASE_CONFIDENTIAL for those who handle the case.

    `confidential_kin` tells that a case which was one appeal with it, before a split, is
    confidential: the reporter is the same, so whoever reads one name has the other.
    """
    if confidentiality is Confidentiality.ANONYMOUS:
        raise Refused("REPORTER_ANONYMOUS")
    hidden = confidential_kin or confidentiality is Confidentiality.CONFIDENTIAL
    if hidden and roles.isdisjoint(SEES_CONFIDENTIAL):
        raise Refused("CASE_CONFIDENTIAL")
