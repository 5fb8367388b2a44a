"""What intake's own facts say of a case file, to rebuild it: the way back of convert's builders.

Where a handler decides, what it decided is in its fact; where it only applies what follows, the
same function of the domain is called here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as facts
from chassis.convert import opt_datetime, to_date, to_datetime
from services.intake.convert import replay_values as values_of
from services.intake.convert.enums import from_number
from services.intake.convert.marks import attachments
from services.intake.domain import amending, follow_up, transitions
from services.intake.domain.marks import Callback, Flag, FlagKind, PromiseMove, Withdrawal
from services.intake.domain.times import first_wake
from services.intake.domain.transitions import Act
from services.intake.domain.values import (
    DISPATCH_ROOM,
    Answer,
    AnswerKind,
    Basis,
    Case,
    CaseFile,
    CaseKind,
    CaseState,
    Channel,
    Confidentiality,
    Feedback,
    Grade,
    Link,
    Outcome,
    Relation,
    ReporterKind,
    Step,
    Urgency,
)

# (file, the step's payload, the step) → the file after it; the payload is of the type that APPLIED
# has it under.
Applied: TypeAlias = Callable[[CaseFile, Any, Step], CaseFile]


def registered(message: facts.CaseRegistered, step: Step, zone: ZoneInfo) -> CaseFile:
    """Returns the file that a case begins with; `zone` is its site's."""
    occurred_time = to_datetime(message.occurred_time)
    record_time = to_datetime(message.record_time)
    begun = opt_datetime(message.HasField("clock_start_time"), message.clock_start_time)
    case = Case(
        case_id=message.case_id,
        site_id=message.site_id,
        number=message.number,
        state=CaseState.REGISTERED,
        kind=from_number(CaseKind, message.kind),
        category=message.category,
        channel=from_number(Channel, message.channel),
        post_id=message.post_id,
        place=message.place,
        unit_id=message.unit_id,
        text=message.text,
        urgency=from_number(Urgency, message.urgency),
        reporter_kind=from_number(ReporterKind, message.reporter_kind),
        confidentiality=from_number(Confidentiality, message.confidentiality),
        occurred_time=occurred_time,
        record_time=record_time,
        cycle_start_time=begun or occurred_time,
        receiver=message.receiver,
        slip_number=message.slip_number,
        accountable=DISPATCH_ROOM,
        next_wake_time=first_wake(record_time, zone),
        about_persons=tuple(message.about_persons),
        recused_persons=tuple(message.recused_persons),
        late_entry=message.late_entry,
        external_system=message.external_system,
        external_ref=message.external_ref,
        suggested_category=message.suggested_category,
        version=step.version,
    )
    return CaseFile(
        case,
        zone,
        links=_tied((), *map(values_of.link, message.links)),
        attachments=attachments(message.attachments),
    )


def _verified(file: CaseFile, message: facts.CaseVerified, _step: Step) -> CaseFile:
    verification = values_of.verification(message.verification)
    return replace(_worked_on(file), verifications=(*file.verifications, verification))


def _answered(file: CaseFile, message: facts.CaseAnswered, step: Step) -> CaseFile:
    file = _worked_on(file)
    told = None
    if message.HasField("feedback"):
        file, told = _fed(file, message.feedback, message.answer_id, step)
    promised, again = message.HasField("promised_date"), message.HasField("next_date")
    answer = Answer(
        answer_id=message.answer_id,
        kind=from_number(AnswerKind, message.kind),
        text=message.text,
        promised_date=to_date(message.promised_date) if promised else None,
        answer_time=to_datetime(message.answer_time),
        answered_by=step.actor,
        cycle=message.cycle,
        fed_back_time=told.feedback_time if told and message.fed_back else None,
        next_date=to_date(message.next_date) if again else None,
    )
    return replace(file, answers=(*file.answers, answer))


def _fed_back(file: CaseFile, message: facts.CaseFedBack, step: Step) -> CaseFile:
    file, told = _fed(file, message.feedback, message.answer_id, step)
    if not message.fed_back:
        return file
    return _with_answer(file, message.answer_id, fed_back_time=told.feedback_time)


def _promise_moved(file: CaseFile, message: facts.CasePromiseMoved, _step: Step) -> CaseFile:
    move = PromiseMove(
        answer_id=message.answer_id,
        previous_date=to_date(message.previous_promised_date),
        promised_date=to_date(message.promised_date),
        reason=message.reason,
        approved_by=message.approved_by,
        move_time=to_datetime(message.move_time),
    )
    return replace(
        _with_answer(file, move.answer_id, promised_date=move.promised_date),
        case=replace(file.case, promise_move_count=file.case.promise_move_count + 1),
        promise_moves=(*file.promise_moves, move),
    )


def _flagged(file: CaseFile, message: facts.CaseFlagged, step: Step) -> CaseFile:
    flag = Flag(
        kind=from_number(FlagKind, message.flag),
        reason=message.reason,
        leader=message.leader,
        flagged_by=step.actor,
        flag_time=to_datetime(message.flag_time),
    )
    return replace(file, case=follow_up.marked(file.case, flag, is_set=message.set))


def _called_back(file: CaseFile, message: facts.CaseCalledBack, _step: Step) -> CaseFile:
    callback = Callback(
        cycle=message.cycle,
        reached=message.reached,
        called_by=message.called_by,
        call_time=to_datetime(message.call_time),
        words=message.words,
        grade=from_number(Grade, message.grade),
        sample_id=message.sample_id,
    )
    return replace(file, callbacks=(*file.callbacks, callback))


def _resolved(file: CaseFile, message: facts.CaseResolved, step: Step) -> CaseFile:
    case = transitions.declared(
        file,
        message.resolution,
        from_number(Outcome, message.proposed_outcome),
        to_datetime(message.resolve_time),
        _act(step),
    )
    if message.HasField("feedback"):
        file, _ = _fed(file, message.feedback, "", step)
    return replace(file, case=case)


def _confirmed(file: CaseFile, message: facts.CaseConfirmed, _step: Step) -> CaseFile:
    case = transitions.graded(
        file.case,
        from_number(Grade, message.grade),
        from_number(Basis, message.basis),
        counts=message.counts,
    )
    return replace(file, case=case)


def _rejected(file: CaseFile, message: facts.CaseRejected, step: Step) -> CaseFile:
    basis = from_number(Basis, message.basis)
    return replace(file, case=transitions.rejected(file, basis, _act(step)))


def _reopened(file: CaseFile, _message: facts.CaseReopened, step: Step) -> CaseFile:
    return replace(file, case=transitions.begin_cycle(file, _act(step)))


def _closed(file: CaseFile, message: facts.CaseClosed, _step: Step) -> CaseFile:
    outcome = from_number(Outcome, message.outcome)
    case = transitions.struck_off(file.case, outcome, to_datetime(message.close_time))
    links = file.links
    if message.master_case_id:
        links = _tied(links, Link(message.master_case_id, Relation.DUPLICATE_OF))
    return replace(file, case=case, links=links)


def _withdrawn(file: CaseFile, message: facts.CaseWithdrawn, _step: Step) -> CaseFile:
    withdrawal = Withdrawal(
        cycle=message.cycle,
        reason=message.reason,
        basis=from_number(Basis, message.basis),
        counts=message.counts,
        withdraw_time=to_datetime(message.withdraw_time),
    )
    return replace(file, withdrawals=(*file.withdrawals, withdrawal))


def _referred(file: CaseFile, message: facts.CaseReferred, step: Step) -> CaseFile:
    referral = values_of.referral(message.referral, step.version)
    return replace(file, referrals=(*file.referrals, referral))


def _referral_resulted(
    file: CaseFile, message: facts.CaseReferralResulted, _step: Step
) -> CaseFile:
    *before, last = file.referrals
    return replace(file, referrals=(*before, values_of.referral(message.referral, last.version)))


def _reviewed(file: CaseFile, message: facts.CaseReviewed, _step: Step) -> CaseFile:
    return replace(file, reviews=(*file.reviews, values_of.review(message.review)))


def _linked(file: CaseFile, message: facts.CaseLinked, _step: Step) -> CaseFile:
    link = values_of.link(message.link)
    others = tuple(one for one in file.links if one != link)
    return replace(file, links=_tied(others, link) if message.set else others)


def _commented(file: CaseFile, message: facts.CaseCommented, _step: Step) -> CaseFile:
    return replace(file, comments=(*file.comments, values_of.comment(message.comment)))


def _met(file: CaseFile, message: facts.CaseMeetingRecorded, _step: Step) -> CaseFile:
    meeting = values_of.meeting(message.meeting, message.cycle)
    return replace(_worked_on(file), meetings=(*file.meetings, meeting))


def _amended(file: CaseFile, message: facts.CaseAmended, _step: Step) -> CaseFile:
    case = replace(
        file.case,
        text=message.text,
        place=message.place,
        post_id=message.post_id,
        category=message.category,
        kind=from_number(CaseKind, message.kind),
        urgency=from_number(Urgency, message.urgency),
        about_persons=tuple(message.about_persons),
        reporter_kind=from_number(ReporterKind, message.reporter_kind),
        confidentiality=from_number(Confidentiality, message.confidentiality),
        receiver=message.receiver,
    )
    # routing, too, tells whose it is: what the amendment left alone may be older than its word.
    if any(one.field == "unit_id" for one in message.amendments):
        case = replace(case, unit_id=message.unit_id)
    return replace(file, case=amending.out_of_their_hands(case))


def _code_reissued(file: CaseFile, message: facts.CaseCodeReissued, _step: Step) -> CaseFile:
    return replace(file, case=replace(file.case, code_attempt=message.attempt))


def _master_moved(file: CaseFile, message: facts.CaseMasterMoved, _step: Step) -> CaseFile:
    """The case that it is a duplicate of may be another from now on."""
    others = tuple(one for one in file.links if one.relation is not Relation.DUPLICATE_OF)
    return replace(file, links=_tied(others, Link(message.master_case_id, Relation.DUPLICATE_OF)))


def _nothing(file: CaseFile, _message: Message, _step: Step) -> CaseFile:
    """Whoever looked, asked for the next level or split off a second matter changed no file."""
    return file


# Every fact about a case but the first.
APPLIED: Mapping[type[Message], Applied] = {
    facts.CaseVerified: _verified,
    facts.CaseAnswered: _answered,
    facts.CaseFedBack: _fed_back,
    facts.CasePromiseMoved: _promise_moved,
    facts.CaseFlagged: _flagged,
    facts.CaseEscalationRequested: _nothing,
    facts.CaseResolved: _resolved,
    facts.CaseCalledBack: _called_back,
    facts.CaseConfirmed: _confirmed,
    facts.CaseRejected: _rejected,
    facts.CaseReopened: _reopened,
    facts.CaseClosed: _closed,
    facts.CaseWithdrawn: _withdrawn,
    facts.CaseReferred: _referred,
    facts.CaseReferralResulted: _referral_resulted,
    facts.CaseReviewed: _reviewed,
    facts.CaseLinked: _linked,
    facts.CaseSplit: _nothing,
    facts.CaseCommented: _commented,
    facts.CaseMeetingRecorded: _met,
    facts.CaseAmended: _amended,
    facts.CaseCodeReissued: _code_reissued,
    facts.CaseUnsealed: _nothing,
    facts.CaseMasterMoved: _master_moved,
}


def _act(step: Step) -> Act:
    """intake decides at the instant that it records."""
    return Act(step.actor, step.record_time)


def _worked_on(file: CaseFile) -> CaseFile:
    return replace(file, case=transitions.advance(file.case, CaseState.IN_PROGRESS))


def _fed(file: CaseFile, message: Any, answer_id: str, step: Step) -> tuple[CaseFile, Feedback]:
    """Adds a try to reach the reporter; it is of the present cycle, whatever answer it tells of."""
    feedback = values_of.feedback(message, answer_id, file.case.cycle, step.actor)
    return replace(file, feedbacks=(*file.feedbacks, feedback)), feedback


def _with_answer(file: CaseFile, answer_id: str, **changes: Any) -> CaseFile:
    return replace(
        file,
        answers=tuple(
            replace(one, **changes) if one.answer_id == answer_id else one for one in file.answers
        ),
    )


def _tied(links: tuple[Link, ...], *new: Link) -> tuple[Link, ...]:
    """Returns ties in the order that a file shows them in, each once."""
    return tuple(sorted({*links, *new}, key=lambda one: (one.case_id, one.relation)))
