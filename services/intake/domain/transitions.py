"""What may happen to a case that is on file, and what it is afterwards.

Each function takes the file as it stands under its lock and returns what has changed; it raises
Refused when the file doesn't allow it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from services.intake.domain.attaching import check_attachments
from services.intake.domain.clocks import next_due
from services.intake.domain.commands import (
    AnswerCase,
    ConfirmCase,
    FeedBackAnswer,
    GivenFeedback,
    ResolveCase,
    VerifyCase,
)
from services.intake.domain.room import Entry, check_number, check_room
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


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, and when it is decided."""

    by: str
    time: datetime
    # In whose name; empty for their own.
    acting_for: str = ""

    @property
    def persons(self) -> frozenset[str]:
        """All who stand behind it."""
        return frozenset({self.by, self.acting_for} - {""})


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

    Raises Refused POSTED_NEEDS_ANONYMOUS, ATTEMPTS_MISSING, TIME_IN_FUTURE, INVALID_FIELD,
    TOO_MANY_ENTRIES.
    """
    case = file.case
    if answer_id:
        check_room(file, Entry.FEEDBACKS, given.note)
    else:
        check_number(file, Entry.RESULTS_FED_BACK)
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
    check_attachments(file, command.attachments)
    check_room(file, Entry.VERIFICATIONS, command.place, command.findings)
    verification = Verification(
        command.place, command.findings, act.by, instant, command.attachments
    )
    return advance(case, CaseState.IN_PROGRESS), verification


def answer(file: CaseFile, command: AnswerCase, act: Act, answer_id: str) -> Answered:
    """The reporter is answered; it counts at once when the feedback came with it and counts."""
    case = file.case
    require(case, "AnswerCase", *IN_HAND)
    note = command.feedback.note if command.feedback else ""
    check_room(file, Entry.ANSWERS, command.text, note)
    promised = command.promised_date
    if promised is not None:
        promised = kept_promise_day(promised, act.time, file.zone)
    next_date = command.next_date
    if next_date is not None:
        next_date = kept_promise_day(next_date, act.time, file.zone, "next_date")
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
        next_date=next_date,
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
    resolve_time = believed(given, act.time, "resolve_time", not_before=case.cycle_start_time)
    return Resolved(
        declared(file, command.resolution, command.outcome, resolve_time, act), feedback
    )


def declared(
    file: CaseFile, resolution: str, outcome: Outcome, resolve_time: datetime, act: Act
) -> Case:
    """Returns the case as resolved; nobody has said yet what they think of it."""
    resolved = replace(
        file.case,
        state=CaseState.RESOLVED,
        resolution=resolution,
        proposed_outcome=outcome,
        resolve_time=resolve_time,
        resolve_record_time=act.time,
        # sla ends it when it hears of this; its fact may be a while.
        pause=None,
        grade=Grade.NONE,
        basis=Basis.NONE,
        confirmed=False,
    )
    return _awake(resolved, file, act)


def confirm(
    file: CaseFile, command: ConfirmCase, basis: Basis, master: Case | None = None
) -> Confirmed:
    """The result is right, says the reporter or someone for them.

    What is only reported doesn't count, and never takes the place of what does. `master` is the
    case that went on in a duplicate's place: the word is about its result, and stays with the
    duplicate, which doesn't move. Raises Refused WRONG_STATE.
    """
    case = file.case
    if master is None:
        require(case, "ConfirmCase", CaseState.RESOLVED)
    else:
        require(master, "ConfirmCase", CaseState.RESOLVED, CaseState.CLOSED)
    real = basis is not Basis.REPORTED
    said = (case.grade, case.basis, case.confirmed)
    if said == (command.grade, basis, real) and not command.words:
        return Confirmed(case, counts=real, new=False)
    return Confirmed(graded(case, command.grade, basis, counts=real), counts=real)


def graded(case: Case, grade: Grade, basis: Basis, *, counts: bool) -> Case:
    """Returns the case with a word about its result, unless one stands that counts more."""
    if case.confirmed and not counts:
        return case
    return replace(case, grade=grade, basis=basis, confirmed=counts)


def reject(file: CaseFile, basis: Basis, act: Act) -> Case:
    """The result isn't right: in progress again, a new cycle, back at the steward's level.

    What is only reported begins the work anew, and isn't counted. Raises Refused WRONG_STATE.
    """
    case = file.case
    if case.state is CaseState.CLOSED:
        # A duplicate's reporter, too: what they follow isn't theirs to reject.
        raise Refused(
            "WRONG_STATE",
            action="RejectCase",
            state=case.state,
            allowed=CaseState.RESOLVED,
            instead="ReopenCase",
        )
    require(case, "RejectCase", CaseState.RESOLVED)
    return rejected(file, basis, act)


def rejected(file: CaseFile, basis: Basis, act: Act) -> Case:
    """Returns the case as rejected, the rejection counted where it is the reporter's own word."""
    begun = begin_cycle(file, act)
    return replace(begun, rejections=begun.rejections + basis.counts)


def struck_off(case: Case, outcome: Outcome, close_time: datetime) -> Case:
    """Returns the case as closed: nobody has it in hand, and nothing wakes it."""
    closed = replace(
        case,
        state=CaseState.CLOSED,
        outcome=outcome,
        close_time=close_time,
        accountable="",
        next_wake_time=None,
        # sla ends it when it hears of this; its fact may be a while.
        pause=None,
        due_time=None,
    )
    if outcome is Outcome.EXPLAINED_NOT_ACCEPTED:
        # Whoever said no twice has given their grade.
        return replace(closed, grade=Grade.DISSATISFIED, basis=Basis.NONE)
    return closed


def begin_cycle(file: CaseFile, act: Act) -> Case:
    """Returns the case in progress again: clocks, level and words of the reporter begin anew.

    The steward has it in hand, or the dispatch room where there is none who may.
    """
    case = file.case
    steward = "" if case.steward in case.shielded else case.steward
    begun = replace(
        case,
        state=CaseState.IN_PROGRESS,
        cycle=case.cycle + 1,
        cycle_start_time=act.time,
        reopen_count=case.reopen_count + 1,
        level=0,
        accountable=steward or DISPATCH_ROOM,
        grade=Grade.NONE,
        basis=Basis.NONE,
        confirmed=False,
        resolve_time=None,
        resolve_record_time=None,
        close_time=None,
        outcome=Outcome.NONE,
        proposed_outcome=Outcome.NONE,
        next_wake_time=None,
        # Until sla tells of new clocks those on file are what is owed.
        due_time=next_due(file.clocks),
    )
    return _awake(begun, file, act)


def _fed_back_time(feedback: Feedback | None) -> datetime | None:
    if feedback is None or not feedback.way.counts:
        return None
    return feedback.feedback_time


def _awake(case: Case, file: CaseFile, act: Act) -> Case:
    """A wake-up that has passed is no wake-up; sla's next fact brings the real one."""
    if case.next_wake_time is not None and case.next_wake_time > act.time:
        return case
    return replace(case, next_wake_time=first_wake(act.time, file.zone))
