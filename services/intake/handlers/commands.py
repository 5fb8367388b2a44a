"""What callers do to a case on file, one transaction each: lock, load, decide, store, record.

Whoever works on it has had a hand in it for good; to look at the reporter, to speak for them and
to strike the case off is not to work on it.
"""

from collections.abc import Set as AbstractSet

from chassis.errors import FieldViolation, Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.intake.convert import facts
from services.intake.domain import commands, follow_up, transitions, visibility
from services.intake.domain.values import Basis, Case, CaseFile
from services.intake.store import cases, directory


async def verify_case(work: Work, command: commands.VerifyCase) -> Receipt:
    """Writes an on-site verification."""
    file = await _held(work, command.case_id, command.expected_version)
    case, verification = transitions.verify(file, command, _act(work))
    version = work.record(
        case.case_id,
        case.site_id,
        facts.case_verified(case, verification),
        occurred_time=verification.verify_time,
    )
    await cases.save_case(work.connection, case)
    await cases.insert_verification(work.connection, case, verification, version)
    await _hold(work, file)
    return Receipt(case.case_id, version)


async def answer_case(work: Work, command: commands.AnswerCase) -> Receipt:
    """Writes an answer, with its feedback when it came along; the outcome is the answer's id."""
    file = await _held(work, command.case_id, command.expected_version)
    answered = transitions.answer(file, command, _act(work), new_id())
    case, answer, feedback = answered.case, answered.answer, answered.feedback
    version = work.record(
        case.case_id,
        case.site_id,
        facts.case_answered(answered),
        occurred_time=answer.answer_time,
    )
    await cases.save_case(work.connection, case)
    await cases.insert_answer(work.connection, case, answer, version)
    if feedback is not None:
        await cases.insert_feedback(work.connection, case, feedback, version)
    await _hold(work, file)
    return Receipt(case.case_id, version, outcome=answer.answer_id)


async def feed_back_answer(work: Work, command: commands.FeedBackAnswer) -> Receipt:
    """Writes that an answer reached the reporter, or was tried."""
    file = await _held(work, command.case_id, command.expected_version)
    fed_back = transitions.feed_back(file, command, _act(work))
    case, feedback = fed_back.case, fed_back.feedback
    version = work.record(
        case.case_id,
        case.site_id,
        facts.case_fed_back(fed_back),
        occurred_time=feedback.feedback_time,
    )
    await cases.insert_feedback(work.connection, case, feedback, version)
    if fed_back.counts:
        await cases.mark_fed_back(work.connection, case.case_id, fed_back.answer)
    await _hold(work, file)
    return Receipt(case.case_id, version)


async def move_promise(work: Work, command: commands.MovePromise) -> Receipt:
    """Writes a plan's new promised date; whoever approves it has had a hand in the case."""
    file = await _held(work, command.case_id, command.expected_version)
    moved = follow_up.move_promise(file, command, _act(work))
    case = moved.case
    version = work.record(case.case_id, case.site_id, facts.case_promise_moved(moved))
    await cases.save_case(work.connection, case)
    await cases.move_promise(work.connection, case, moved.move, version)
    await _hold(work, file)
    return Receipt(case.case_id, version)


async def flag_case(work: Work, command: commands.FlagCase) -> Receipt:
    """Writes a flag, or that it is taken off; the leader in charge has a hand in the case, too."""
    file = await _held(work, command.case_id, command.expected_version)
    flagged = follow_up.flag(file, command, _act(work))
    case = flagged.case
    if not flagged.new:
        return Receipt(case.case_id, work.version(case.case_id))
    await _check_leader(work, case, command.leader)
    fact = facts.case_flagged(flagged, is_set=command.set)
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_flag(work.connection, case, command.flag)
    await _hold(work, file, command.leader)
    return Receipt(case.case_id, version)


async def record_callback(work: Work, command: commands.RecordCallback) -> Receipt:
    """Writes a call about the result; the outcome is the number of days with a call in vain.

    To call is to have no hand in the case: whoever called may prove its result.
    """
    file = await _held(work, command.case_id, command.expected_version)
    called = follow_up.call_back(file, command, _act(work))
    case, callback = called.case, called.callback
    version = work.record(
        case.case_id,
        case.site_id,
        facts.case_called_back(called),
        occurred_time=callback.call_time,
    )
    await cases.insert_callback(work.connection, case, callback, version)
    return Receipt(case.case_id, version, outcome=str(called.unanswered_days))


async def escalate_case(work: Work, command: commands.EscalateCase) -> Receipt:
    """Asks for the next level; nothing of the case changes until routing has moved it."""
    file = await _held(work, command.case_id, command.expected_version)
    dispatch_room = work.actor.has("DISPATCHER", "DIRECTOR")
    case = transitions.escalate(file, work.actor.subject, dispatch_room=dispatch_room)
    await _hold(work, file)
    fact = facts.case_escalation_requested(case, command, work.actor.subject)
    return Receipt(case.case_id, work.record(case.case_id, case.site_id, fact))


class SealNeeded(Exception):
    """The case can be resolved once routing has sealed its work orders; nothing was written."""

    def __init__(self, site_id: str) -> None:
        super().__init__(site_id)
        self.site_id = site_id


async def resolve_case(work: Work, command: commands.ResolveCase, *, sealed: bool) -> Receipt:
    """Declares the matter done; raises SealNeeded unless its work orders are sealed for it.

    So what is replayed or refused anyway never asks routing.
    """
    file = await _held(work, command.case_id, command.expected_version)
    resolved = transitions.resolve(file, command, _act(work))
    case = resolved.case
    if not sealed:
        raise SealNeeded(case.site_id)
    version = work.record(
        case.case_id,
        case.site_id,
        facts.case_resolved(resolved),
        occurred_time=case.resolve_time,
    )
    await cases.save_case(work.connection, case)
    if resolved.feedback is not None:
        await cases.insert_feedback(work.connection, case, resolved.feedback, version)
    await _hold(work, file)
    return Receipt(case.case_id, version)


async def confirm_case(
    work: Work, command: commands.ConfirmCase, speaker: visibility.Speaker
) -> Receipt:
    """Writes that the result is right; the outcome is the basis it rests on."""
    file, basis = await _spoken_of(work, command, speaker)
    confirmed = transitions.confirm(file, command, basis)
    case = confirmed.case
    if not confirmed.new:
        return Receipt(case.case_id, work.version(case.case_id), outcome=basis)
    fact = facts.case_confirmed(confirmed, command, basis, _act(work))
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_case(work.connection, case)
    return Receipt(case.case_id, version, outcome=basis)


async def reject_case(
    work: Work, command: commands.RejectCase, speaker: visibility.Speaker
) -> Receipt:
    """Writes that the result isn't right; a new cycle begins."""
    file, basis = await _spoken_of(work, command, speaker)
    case = transitions.reject(file, _act(work))
    fact = facts.case_rejected(case, command, basis, _act(work))
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_case(work.connection, case)
    return Receipt(case.case_id, version)


async def close_case(work: Work, command: commands.CloseCase) -> Receipt:
    """Strikes the case off."""
    file = await _held(work, command.case_id, command.expected_version)
    case = transitions.close(file, command, _act(work))
    version = work.record(case.case_id, case.site_id, facts.case_closed(case, command))
    await cases.save_case(work.connection, case)
    return Receipt(case.case_id, version)


async def unseal_reporter(work: Work, command: commands.UnsealReporter) -> Receipt:
    """Writes who looks at the reporter and why; the seal is opened after the commit."""
    case = (await _held(work, command.case_id, 0)).case
    visibility.check_unseal(case.confidentiality, work.actor.roles)
    fact = facts.case_unsealed(case, command, work.actor.subject)
    return Receipt(case.case_id, work.record(case.case_id, case.site_id, fact))


async def _spoken_of(
    work: Work, command: commands.ConfirmCase | commands.RejectCase, speaker: visibility.Speaker
) -> tuple[CaseFile, Basis]:
    """Returns a case and the basis of a word about it.

    Who has no say learns nothing, the version neither.
    """
    file = await _locked(work, command.case_id, speaker.persons)
    if not (speaker.own and "REPORTER" in speaker.roles):
        # Whoever raised it has the last word about it, recused as a handler or not.
        visibility.check_hand(file.case, speaker.persons)
    basis = visibility.basis_of(file, speaker)
    work.expect(command.case_id, command.expected_version)
    return file, basis


async def _check_leader(work: Work, case: Case, leader: str) -> None:
    """Raises Refused INVALID_FIELD for a leader who is nobody of the site's directory.

    So it does for one who may not have the case in hand.
    """
    if not leader:
        return
    known = await directory.list_names(work.connection, case.site_id, [leader])
    problem = "" if ("person", leader) in known else "is nobody of the site's directory"
    if leader in case.shielded:
        problem = "may not have the case in hand"
    if problem:
        raise Refused("INVALID_FIELD", fields=[FieldViolation("leader", problem)], field="leader")


async def _hold(work: Work, file: CaseFile, *others: str) -> None:
    """Keeps that the caller and others have a hand in the case; written once."""
    case = file.case
    told = visibility.persons([work.actor.subject, *others])
    new = [one for one in told if one not in file.hands]
    if new:
        await cases.add_hands(work.connection, case.case_id, case.site_id, new)


async def _held(work: Work, case_id: str, expected_version: int) -> CaseFile:
    """Locks a case and returns its file to whoever may work on it.

    Raises Refused CASE_NOT_FOUND (to whom it is about, too), CASE_RECUSED, VERSION_MISMATCH.
    """
    callers = visibility.behind(work.actor.subject, work.actor.acting_for)
    file = await _locked(work, case_id, callers)
    visibility.check_hand(file.case, callers)
    work.expect(case_id, expected_version)
    return file


async def _locked(work: Work, case_id: str, callers: AbstractSet[str]) -> CaseFile:
    """Locks a case and returns its file; Refused CASE_NOT_FOUND where there is none for them."""
    if case_id not in await work.lock_existing(case_id):
        raise Refused("CASE_NOT_FOUND", case_id=case_id)
    file = await cases.load_file(work.connection, case_id)
    if file is None:
        raise Refused("CASE_NOT_FOUND", case_id=case_id)
    visibility.check_sight(file.case, callers)
    return file


def _act(work: Work) -> transitions.Act:
    return transitions.Act(work.actor.subject, work.time)
