"""What may happen to a case that is on file, and what it is afterwards.

Each function takes the file as it stands under its lock and returns what has changed; it raises
Refused when the file doesn't allow it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from services.intake.domain.commands import (
    AnswerCase,
    CloseCase,
    ConfirmCase,
    FeedBackAnswer,
    GivenFeedback,
    ResolveCase,
    VerifyCase,
)
from services.intake.domain.times import believed, first_wake, kept_promise_day
from services.intake.domain.values import (
    DISPATCH_ROOM,
    Answer,
    Basis,
    Case,
    CaseFile,
    CaseState,
    Confidentiality,
    Feedback,
    FeedbackWay,
    Grade,
    Outcome,
    Verification,
)

# A message may be left after this many tries in different hours (domain: "LEFT").
ATTEMPTS_NEEDED = 2

IN_HAND = (CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.IN_PROGRESS)
NOT_CLOSED = (*IN_HAND, CaseState.RESOLVED)
_ORDER = tuple(CaseState)

# What would prove the ends that a confirmation doesn't.
_PROOFS = {
    Outcome.EXPLAINED_NOT_ACCEPTED: "director_review",
    Outcome.UNCONFIRMED: "callbacks",
    Outcome.REFERRED: "result_of_the_other_body",
    Outcome.DUPLICATE: "master_case",
    Outcome.WITHDRAWN: "withdrawal",
}


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, and when it is decided."""

    by: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    case: Case
    answer: Answer
    feedback: Feedback | None


@dataclass(frozen=True, slots=True)
class FedBack:
    """`counts` tells that the answer became fed back by this very act."""

    case: Case
    answer: Answer
    feedback: Feedback
    counts: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    case: Case
    feedback: Feedback | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    case: Case
    counts: bool
    # False when the same had been said before on the same basis.
    new: bool = True


def require(case: Case, action: str, *allowed: CaseState) -> None:
    """Raises Refused WRONG_STATE unless the case is in one of the states."""
    if case.state not in allowed:
        raise Refused("WRONG_STATE", action=action, state=case.state, allowed=", ".join(allowed))


def advance(case: Case, state: CaseState) -> Case:
    """Returns the case moved on to a state of work; never back, and never out of its end."""
    if _ORDER.index(case.state) >= _ORDER.index(state):
        return case
    return replace(case, state=state)


def feedback_given(
    file: CaseFile,
    given: GivenFeedback,
    act: Act,
    answer_id: str,
    *,
    answer_time: datetime | None = None,
) -> Feedback:
    """Returns the feedback to keep; nobody is told before this cycle, nor before the answer.

    Raises Refused POSTED_NEEDS_ANONYMOUS, ATTEMPTS_MISSING, TIME_IN_FUTURE, INVALID_FIELD.
    """
    case = file.case
    instant = believed(
        given.feedback_time,
        act.time,
        "feedback.feedback_time",
        not_before=max(case.cycle_start_time, answer_time or case.cycle_start_time),
    )
    if given.way is FeedbackWay.POSTED and case.confidentiality is not Confidentiality.ANONYMOUS:
        raise Refused("POSTED_NEEDS_ANONYMOUS")
    if given.way is FeedbackWay.LEFT:
        hours = attempt_hours(file, instant)
        if hours < ATTEMPTS_NEEDED:
            raise Refused("ATTEMPTS_MISSING", attempts=hours, needed=ATTEMPTS_NEEDED)
    return Feedback(given.way, instant, given.note, answer_id, case.cycle, act.by)


def attempt_hours(file: CaseFile, until: datetime) -> int:
    """Counts the tries of this cycle up to an instant, those within one local hour as one."""
    return len(
        {
            feedback.feedback_time.astimezone(file.zone).replace(minute=0, second=0, microsecond=0)
            for feedback in file.feedbacks
            if feedback.way is FeedbackWay.ATTEMPT
            and feedback.cycle == file.case.cycle
            and feedback.feedback_time <= until
        }
    )


def verify(file: CaseFile, command: VerifyCase, act: Act) -> tuple[Case, Verification]:
    """Someone went and looked: the case is in progress."""
    case = file.case
    require(case, "VerifyCase", *IN_HAND)
    instant = believed(
        command.verify_time, act.time, "verify_time", not_before=case.cycle_start_time
    )
    verification = Verification(command.place, command.findings, act.by, instant)
    return advance(case, CaseState.IN_PROGRESS), verification


def answer(file: CaseFile, command: AnswerCase, act: Act, answer_id: str) -> Answered:
    """The reporter is answered; it counts at once when the feedback came with it and counts."""
    case = file.case
    require(case, "AnswerCase", *IN_HAND)
    promised = command.promised_date
    if promised is not None:
        promised = kept_promise_day(promised, act.time, file.zone)
    given = command.answer_time
    feedback = None
    if command.feedback:
        feedback = feedback_given(file, command.feedback, act, answer_id, answer_time=given)
        # What was told at ten and typed at eleven was answered at ten.
        given = given or feedback.feedback_time
    made = Answer(
        answer_id=answer_id,
        kind=command.kind,
        text=command.text,
        promised_date=promised,
        answer_time=believed(given, act.time, "answer_time", not_before=case.cycle_start_time),
        answered_by=act.by,
        cycle=case.cycle,
        fed_back_time=_fed_back_time(feedback),
    )
    return Answered(advance(case, CaseState.IN_PROGRESS), made, feedback)


def feed_back(file: CaseFile, command: FeedBackAnswer, act: Act) -> FedBack:
    """An earlier answer reached the reporter, or was tried; the first that counts is kept."""
    case = file.case
    require(case, "FeedBackAnswer", *NOT_CLOSED)
    found = next((a for a in file.answers if a.answer_id == command.answer_id), None)
    if found is None:
        raise Refused("ANSWER_NOT_FOUND", answer_id=command.answer_id)
    feedback = feedback_given(
        file, command.feedback, act, found.answer_id, answer_time=found.answer_time
    )
    instant = _fed_back_time(feedback)
    first = instant is not None and found.fed_back_time is None
    if first:
        found = replace(found, fed_back_time=instant)
    return FedBack(case, found, feedback, first)


def escalate(file: CaseFile, subject: str, *, dispatch_room: bool) -> Case:
    """The next level is asked to take it in hand; routing moves it.

    Raises Refused NOT_ACCOUNTABLE for a caller who neither has it in hand nor is of the dispatch
    room: nobody passes over the level that owes an answer.
    """
    case = file.case
    require(case, "EscalateCase", *IN_HAND)
    if not dispatch_room and subject != case.accountable:
        raise Refused("NOT_ACCOUNTABLE", accountable=case.accountable)
    return case


def resolve(file: CaseFile, command: ResolveCase, act: Act) -> Resolved:
    """Done as far as the handlers are concerned; the reporter has the word.

    Raises Refused NOT_ANSWERED when no answer has reached the reporter in this cycle and the
    result is not fed back with the resolution. Work orders are looked at once they are sealed.
    """
    case = file.case
    require(case, "ResolveCase", *IN_HAND)
    feedback = feedback_given(file, command.feedback, act, "") if command.feedback else None
    told = feedback is not None and feedback.way.counts
    if not (told or file.fed_back_in_cycle):
        raise Refused("NOT_ANSWERED")
    given = command.resolve_time or (feedback.feedback_time if feedback else None)
    resolved = replace(
        case,
        state=CaseState.RESOLVED,
        resolution=command.resolution,
        proposed_outcome=command.outcome,
        resolve_time=believed(given, act.time, "resolve_time", not_before=case.cycle_start_time),
        # sla ends it when it hears of this; its fact may be a while.
        pause=None,
        grade=Grade.NONE,
        basis=Basis.NONE,
        confirmed=False,
    )
    return Resolved(_awake(resolved, file, act), feedback)


def confirm(file: CaseFile, command: ConfirmCase, basis: Basis) -> Confirmed:
    """The result is right, says the reporter or someone for them.

    What is only reported doesn't count, and never takes the place of what does.
    """
    case = file.case
    require(case, "ConfirmCase", CaseState.RESOLVED)
    real = basis is not Basis.REPORTED
    said = (case.grade, case.basis, case.confirmed)
    if said == (command.grade, basis, real) and not command.words:
        return Confirmed(case, counts=real, new=False)
    if case.confirmed and not real:
        return Confirmed(case, counts=False)
    confirmed = replace(case, grade=command.grade, basis=basis, confirmed=real)
    return Confirmed(confirmed, counts=real)


def reject(file: CaseFile, act: Act) -> Case:
    """The result isn't right: in progress again, a new cycle, back at the steward's level."""
    case = file.case
    require(case, "RejectCase", CaseState.RESOLVED)
    reopened = replace(
        case,
        state=CaseState.IN_PROGRESS,
        cycle=case.cycle + 1,
        cycle_start_time=act.time,
        reopen_count=case.reopen_count + 1,
        level=0,
        accountable=case.steward or DISPATCH_ROOM,
        grade=Grade.NONE,
        basis=Basis.NONE,
        confirmed=False,
        resolve_time=None,
        proposed_outcome=Outcome.NONE,
        next_wake_time=None,
    )
    return _awake(reopened, file, act)


def close(file: CaseFile, command: CloseCase, act: Act) -> Case:
    """Struck off. Raises Refused END_NOT_PROVEN, naming what is missing."""
    case = file.case
    require(case, "CloseCase", CaseState.RESOLVED)
    missing = _PROOFS.get(command.outcome, "")
    if not missing and command.outcome is not case.proposed_outcome:
        missing = "resolution_with_this_outcome"
    if not missing and not case.confirmed:
        missing = "confirmation"
    if missing:
        raise Refused("END_NOT_PROVEN", outcome=command.outcome, missing=missing)
    return replace(
        case,
        state=CaseState.CLOSED,
        outcome=command.outcome,
        close_time=act.time,
        accountable="",
        next_wake_time=None,
    )


def _fed_back_time(feedback: Feedback | None) -> datetime | None:
    if feedback is None or not feedback.way.counts:
        return None
    return feedback.feedback_time


def _awake(case: Case, file: CaseFile, act: Act) -> Case:
    """A wake-up that has passed is no wake-up; sla's next fact brings the real one."""
    if case.next_wake_time is not None and case.next_wake_time > act.time:
        return case
    return replace(case, next_wake_time=first_wake(act.time, file.zone))
