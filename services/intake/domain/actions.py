"""What a caller may do with a case now, so that nobody has to try a button to see it refused.

As far as the case's state, the caller's roles and their hand in it decide: what is listed may
still be refused for what it says (a date that has passed, a work order that is open, a sample that
the case wasn't drawn in) or for another case (a confidential one that it was split from); what
isn't listed is refused.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from chassis.errors import Refused
from services.intake.domain import ending, visibility
from services.intake.domain.commands import CloseCase
from services.intake.domain.marks import Referral
from services.intake.domain.rules import DEFAULTS, Rules
from services.intake.domain.transitions import IN_HAND, NOT_CLOSED, Act
from services.intake.domain.values import (
    AnswerKind,
    Basis,
    Case,
    CaseFile,
    CaseState,
    Confidentiality,
    Outcome,
)

_ALL = tuple(CaseState)
_ROOM = frozenset({"DISPATCHER", "DIRECTOR"})
# A duplicate ends by MergeCase.
_ENDS = tuple(one for one in Outcome if one not in (Outcome.NONE, Outcome.DUPLICATE))

# The reporter's own words, which a code may say as well.
BY_CODE = ("ConfirmCase", "RejectCase", "WithdrawCase", "ReopenCase", "CommentCase")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an RPC at all: these roles, or anyone."""

    roles: frozenset[str]
    anyone: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; `own` is the reporter's account, `code` whoever shows the case's code."""

    subject: str
    roles: AbstractSet[str]
    persons: frozenset[str]
    own: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides beside the case; `master` is the one that goes on in a duplicate's place.

    `sampled` tells that a closed case was drawn in a sample for callbacks, whichever; `sample_ids`
    are those that still wait for a call that reaches its reporter.
    """

    time: datetime
    rules: Rules = DEFAULTS
    master: Case | None = None
    sampled: bool = False
    sample_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    file: CaseFile
    caller: Caller
    around: Circumstances

    @property
    def reporter(self) -> bool:
        """The caller speaks for themselves about what they raised."""
        by_code = self.caller.code and self.outside
        return by_code or (self.caller.own and "REPORTER" in self.caller.roles)

    @property
    def outside(self) -> bool:
        """Nobody behind the call has had a hand in the case."""
        return _outside(self.file, self.caller)

    @property
    def room(self) -> bool:
        return not self.caller.roles.isdisjoint(_ROOM)


def needs_circumstances(file: CaseFile, caller: Caller, access: Mapping[str, Access]) -> bool:
    """Tells whether anything but the case itself decides, so that it has to be read."""
    if needs_samples(file, caller, access):
        return True
    if file.case.outcome is Outcome.DUPLICATE and _confirms(caller, access):
        # How the case stands that goes on in its place.
        return True
    if not caller.roles.isdisjoint(_ROOM):
        # What would end it, or begin it again.
        proofs = file.withdrawals or file.referrals or file.reviews
        again = file.case.reopen_count >= ending.REJECTIONS_NEEDED
        return file.case.state is CaseState.RESOLVED or bool(proofs) or again
    return file.case.state is CaseState.CLOSED and (caller.own or caller.code)


def _confirms(caller: Caller, access: Mapping[str, Access]) -> bool:
    return not access["ConfirmCase"].roles.isdisjoint(caller.roles)


def needs_samples(file: CaseFile, caller: Caller, access: Mapping[str, Access]) -> bool:
    """Tells whether it decides that a case was drawn: it is closed, and the caller might call."""
    calls = not access["RecordCallback"].roles.isdisjoint(caller.roles)
    return calls and file.case.state is CaseState.CLOSED and _may_be_asked_by(file, caller)


def allowed(
    file: CaseFile, caller: Caller, access: Mapping[str, Access], around: Circumstances
) -> tuple[str, ...]:
    """Returns the names of the RPCs that the caller may make about the case, in their order."""
    if not visibility.in_sight(file.case.about_persons, caller.persons):
        return ()
    asked = _Asked(file, caller, around)
    recused = not caller.persons.isdisjoint(file.case.recused_persons)
    return tuple(
        name
        for name, rule in _RULES.items()
        if name in access
        and (asked.reporter if name in BY_CODE and recused else not recused)
        and _admitted(asked, name, access[name])
        and file.case.state in rule.states
        and rule.holds(asked)
    )


def _admitted(asked: _Asked, name: str, access: Access) -> bool:
    if asked.reporter and name in BY_CODE and access.anyone:
        return True
    # A reporter's role is for what they raised, which is the case above.
    return not (access.roles - {"REPORTER"}).isdisjoint(asked.caller.roles)


def _always(_: _Asked) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Rule:
    states: tuple[CaseState, ...]
    holds: Callable[[_Asked], bool] = _always


def _may_confirm(asked: _Asked) -> bool:
    case, master = asked.file.case, asked.around.master
    if case.state is CaseState.RESOLVED:
        return True
    # A duplicate's reporter is asked about the result of the case that went on.
    return (
        case.outcome is Outcome.DUPLICATE
        and master is not None
        and master.state in (CaseState.RESOLVED, CaseState.CLOSED)
    )


def _may_reopen(asked: _Asked) -> bool:
    basis = Basis.NONE if asked.room else Basis.CODE
    if basis is not Basis.NONE and not asked.reporter:
        return False
    act, rules = Act(asked.caller.subject, asked.around.time), asked.around.rules
    return _passes(lambda: ending.reopen(asked.file, basis, act, rules))


def _may_close(asked: _Asked) -> bool:
    """Some end is proven; each is asked for as CloseCase would."""
    file, around = asked.file, asked.around
    act = Act(asked.caller.subject, around.time)
    return any(
        _passes(lambda: ending.close(file, command, act, around.rules))  # noqa: B023 - called at once
        for command in (CloseCase(file.case.case_id, 0, outcome, "") for outcome in _ENDS)
    )


def _passes(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except Refused:
        return False
    return True


def _may_call(asked: _Asked) -> bool:
    """What is closed is called about only for a sample."""
    waits = asked.file.case.state is CaseState.RESOLVED
    return _may_be_asked_by(asked.file, asked.caller) and (waits or asked.around.sampled)


def _may_be_asked_by(file: CaseFile, caller: Caller) -> bool:
    anonymous = file.case.confidentiality is Confidentiality.ANONYMOUS
    return _outside(file, caller) and not anonymous


def _outside(file: CaseFile, caller: Caller) -> bool:
    return file.hands.isdisjoint({caller.subject, *caller.persons})


def _may_unseal(asked: _Asked) -> bool:
    reach = asked.file.case.confidentiality
    if reach is Confidentiality.CONFIDENTIAL:
        return not asked.caller.roles.isdisjoint(visibility.SEES_CONFIDENTIAL)
    return reach is not Confidentiality.ANONYMOUS


def _has_plan(asked: _Asked) -> bool:
    return any(
        one.kind is AnswerKind.PLAN
        and one.promised_date is not None
        and one.cycle == asked.file.case.cycle
        for one in asked.file.answers
    )


def _waits_for_referral(asked: _Asked) -> bool:
    last: Referral | None = asked.file.referrals[-1] if asked.file.referrals else None
    return last is not None and last.result_time is None


def _has_it(asked: _Asked) -> bool:
    return asked.room or asked.caller.subject == asked.file.case.accountable


# In the order of IntakeService.
_RULES: Mapping[str, _Rule] = {
    "VerifyCase": _Rule(IN_HAND),
    "AnswerCase": _Rule(IN_HAND),
    "FeedBackAnswer": _Rule(NOT_CLOSED, lambda asked: bool(asked.file.answers)),
    "MovePromise": _Rule(IN_HAND, _has_plan),
    "FlagCase": _Rule(NOT_CLOSED),
    "EscalateCase": _Rule(IN_HAND, _has_it),
    "ResolveCase": _Rule(IN_HAND),
    "RecordCallback": _Rule((CaseState.RESOLVED, CaseState.CLOSED), _may_call),
    "ConfirmCase": _Rule((CaseState.RESOLVED, CaseState.CLOSED), _may_confirm),
    "RejectCase": _Rule((CaseState.RESOLVED,)),
    "CloseCase": _Rule(NOT_CLOSED, _may_close),
    "UnsealReporter": _Rule(_ALL, _may_unseal),
    "ReissueReceiptCode": _Rule(_ALL),
    "AmendCase": _Rule(IN_HAND),
    "CommentCase": _Rule(_ALL),
    "RecordMeeting": _Rule(IN_HAND),
    "LinkCases": _Rule(_ALL),
    "MergeCase": _Rule(NOT_CLOSED),
    "SplitCase": _Rule(NOT_CLOSED),
    "WithdrawCase": _Rule(NOT_CLOSED),
    "ReopenCase": _Rule((CaseState.CLOSED,), _may_reopen),
    "ReferCase": _Rule(IN_HAND),
    "RecordReferralResult": _Rule(IN_HAND, _waits_for_referral),
    "ReviewCase": _Rule(
        NOT_CLOSED, lambda asked: asked.file.case.rejections >= ending.REJECTIONS_NEEDED
    ),
}

NAMES = tuple(_RULES)
