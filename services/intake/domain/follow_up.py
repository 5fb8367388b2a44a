"""What the window does beside a case's course: move a promise, mark the case, call the reporter.

None of it moves the case on. Each function takes the file as it stands under its lock and raises
Refused when the file doesn't allow it.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from chassis.errors import FieldViolation, Refused
from services.intake.domain.commands import FlagCase, MovePromise, RecordCallback
from services.intake.domain.marks import Callback, Flag, FlagKind, PromiseMove
from services.intake.domain.room import Entry, check_room
from services.intake.domain.rules import DEFAULTS, Rules
from services.intake.domain.times import OLDEST, believed, kept_promise_day, local_day
from services.intake.domain.transitions import IN_HAND, NOT_CLOSED, Act, require
from services.intake.domain.values import (
    Answer,
    AnswerKind,
    Case,
    CaseFile,
    CaseState,
    Confidentiality,
)

# A call is entered at the latest this long after it was made.
CALL_ENTERED_WITHIN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Moved:
    case: Case
    answer: Answer
    move: PromiseMove


@dataclass(frozen=True, slots=True)
class Flagged:
    """`flag` is the one put on or taken off; `new` is False for what was so already."""

    case: Case
    flag: Flag
    new: bool


@dataclass(frozen=True, slots=True)
class CalledBack:
    """`unanswered_days` are as the function of this name counts them, this call included."""

    case: Case
    callback: Callback
    unanswered_days: int


def move_promise(file: CaseFile, command: MovePromise, act: Act, rules: Rules = DEFAULTS) -> Moved:
    """A plan of this cycle gets another promised date, while the one it has hasn't passed.

    Raises Refused WRONG_STATE, ANSWER_NOT_FOUND, NO_PROMISE, PROMISE_HAS_PASSED, PROMISE_IN_PAST,
    PROMISE_NOT_MOVED, TOO_MANY_ENTRIES, and TOO_MANY_MOVES once the site's rules have had enough in
    this cycle.
    """
    case = file.case
    require(case, "MovePromise", *IN_HAND)
    plan, previous = _promise(file, command.answer_id)
    if previous < local_day(act.time, file.zone):
        raise Refused("PROMISE_HAS_PASSED", promised_date=previous.isoformat())
    promised = kept_promise_day(command.promised_date, act.time, file.zone)
    if promised == previous:
        raise Refused("PROMISE_NOT_MOVED", promised_date=previous.isoformat())
    if _moves_in_cycle(file) >= rules.promise_moves:
        raise Refused("TOO_MANY_MOVES", limit=rules.promise_moves)
    check_room(file, Entry.PROMISE_MOVES, command.reason)
    move = PromiseMove(plan.answer_id, previous, promised, command.reason, act.by, act.time)
    return Moved(
        replace(case, promise_move_count=case.promise_move_count + 1),
        replace(plan, promised_date=promised),
        move,
    )


def flag(file: CaseFile, command: FlagCase, act: Act) -> Flagged:
    """A mark is put on the case or taken off; what is so already is nothing new.

    Another leader is. Raises Refused WRONG_STATE.
    """
    case = file.case
    require(case, "FlagCase", *NOT_CLOSED)
    asked = Flag(command.flag, command.reason, command.leader, act.by, act.time)
    standing = next((one for one in case.flags if one.kind is command.flag), None)
    if command.set:
        new = standing is None or standing.leader != asked.leader
    else:
        new = standing is not None
    if not new:
        return Flagged(case, standing or asked, new=False)
    return Flagged(marked(case, asked, is_set=command.set), asked, new=True)


def marked(case: Case, flag: Flag, *, is_set: bool) -> Case:
    """Returns the case with a flag in the place of the same one before, or without it."""
    others = [one for one in case.flags if one.kind is not flag.kind]
    kept = [*others, flag] if is_set else others
    order = tuple(FlagKind)
    return replace(case, flags=tuple(sorted(kept, key=lambda one: order.index(one.kind))))


def call_back(
    file: CaseFile, command: RecordCallback, act: Act, *, sampled: bool = False
) -> CalledBack:
    """The reporter was called about the result, by someone who has had no hand in the case.

    `sampled` tells that the case is in the sample named by the command: only for one is a closed
    case called, and such a call counts no day. Raises Refused WRONG_STATE, SAMPLE_NOT_FOUND,
    CALLER_HANDLED_CASE, REPORTER_ANONYMOUS, TOO_MANY_ENTRIES, TIME_IN_FUTURE, and INVALID_FIELD for
    a call before the resolution was put on record, or before the closing, and for one entered days
    late.
    """
    case = file.case
    drawn = bool(command.sample_id)
    if drawn and not sampled:
        raise Refused("SAMPLE_NOT_FOUND", sample_id=command.sample_id)
    require(case, "RecordCallback", CaseState.CLOSED if drawn else CaseState.RESOLVED)
    if not act.persons.isdisjoint(file.hands):
        raise Refused("CALLER_HANDLED_CASE")
    if case.confidentiality is Confidentiality.ANONYMOUS:
        # No way to them is on file, so nobody can have called.
        raise Refused("REPORTER_ANONYMOUS")
    check_room(file, Entry.CALLBACKS, command.words)
    ended = (case.close_time if drawn else case.resolve_record_time) or case.cycle_start_time
    instant = believed(command.call_time, act.time, "call_time", not_before=ended)
    if instant < act.time - CALL_ENTERED_WITHIN:
        violation = FieldViolation(
            "call_time", f"must be entered within {CALL_ENTERED_WITHIN.days} days"
        )
        raise Refused("INVALID_FIELD", fields=[violation], field="call_time")
    callback = Callback(
        case.cycle,
        command.reached,
        act.by,
        instant,
        command.words,
        command.grade,
        command.sample_id,
    )
    in_vain = unanswered_days(file, callback)
    return CalledBack(case, callback, in_vain)


def unanswered_days(file: CaseFile, *added: Callback) -> int:
    """Returns on how many local days of this cycle the reporter was called in vain.

    Whoever was reached has been asked, and the count begins anew. `added` are calls not on file
    yet; those for a sample ask about something else.
    """
    calls = [
        one
        for one in (*file.callbacks, *added)
        if one.cycle == file.case.cycle and not one.sample_id
    ]
    reached = max((one.call_time for one in calls if one.reached), default=OLDEST)
    return len({local_day(one.call_time, file.zone) for one in calls if one.call_time > reached})


def _moves_in_cycle(file: CaseFile) -> int:
    present = {one.answer_id for one in file.answers if one.cycle == file.case.cycle}
    return sum(1 for one in file.promise_moves if one.answer_id in present)


def _promise(file: CaseFile, answer_id: str) -> tuple[Answer, date]:
    """Returns a plan of this cycle with its promise: the one named, else the last."""
    if answer_id and all(one.answer_id != answer_id for one in file.answers):
        raise Refused("ANSWER_NOT_FOUND", answer_id=answer_id)
    for one in reversed(file.answers):
        promised = one.promised_date
        if (
            one.kind is AnswerKind.PLAN
            and promised is not None
            and one.cycle == file.case.cycle
            and answer_id in ("", one.answer_id)
        ):
            return one, promised
    raise Refused("NO_PROMISE", cycle=file.case.cycle)
