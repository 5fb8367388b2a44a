"""What callers do to a case on file, one transaction each: lock, load, decide, store, record.

Whoever works on it has had a hand in it for good; to look at the reporter and to speak for them is
not to work on it.
"""

from chassis.errors import FieldViolation, Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.intake.convert import facts
from services.intake.domain import commands, follow_up, transitions, visibility
from services.intake.domain.values import Case, CaseFile, Outcome
from services.intake.handlers.followers import tell_followers
from services.intake.handlers.holding import SealNeeded, act, held, hold, spoken_of
from services.intake.store import cases, directory, talking
from services.intake.store.ending import is_sampled
from services.intake.store.linking import last_master
from services.intake.store.rules import load_rules


async def verify_case(work: Work, command: commands.VerifyCase) -> Receipt:
    """Writes an on-site verification."""
    file = await held(work, command.case_id, command.expected_version)
    case, verification = transitions.verify(file, command, act(work))
    version = work.record(
        case.case_id,
        case.site_id,
        facts.case_verified(case, verification),
        occurred_time=verification.verify_time,
    )
    await cases.save_case(work.connection, case)
    await cases.insert_verification(work.connection, case, verification, version)
    await talking.insert_attachments(work.connection, case, verification.attachments, version)
    await hold(work, file)
    return Receipt(case.case_id, version)


async def answer_case(work: Work, command: commands.AnswerCase) -> Receipt:
    """Writes an answer, with its feedback when it came along; the outcome is the answer's id."""
    file = await held(work, command.case_id, command.expected_version)
    answered = transitions.answer(file, command, act(work), new_id())
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
    await hold(work, file)
    return Receipt(case.case_id, version, outcome=answer.answer_id)


async def feed_back_answer(work: Work, command: commands.FeedBackAnswer) -> Receipt:
    """Writes that an answer reached the reporter, or was tried."""
    file = await held(work, command.case_id, command.expected_version)
    fed_back = transitions.feed_back(file, command, act(work))
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
    await hold(work, file)
    return Receipt(case.case_id, version)


async def move_promise(work: Work, command: commands.MovePromise) -> Receipt:
    """Writes a plan's new promised date; whoever approves it has had a hand in the case."""
    file = await held(work, command.case_id, command.expected_version)
    rules = await load_rules(work.connection, file.case.site_id)
    moved = follow_up.move_promise(file, command, act(work), rules)
    case = moved.case
    version = work.record(case.case_id, case.site_id, facts.case_promise_moved(moved))
    await cases.save_case(work.connection, case)
    await cases.move_promise(work.connection, case, moved.move, version)
    await hold(work, file)
    return Receipt(case.case_id, version)


async def flag_case(work: Work, command: commands.FlagCase) -> Receipt:
    """Writes a flag, or that it is taken off; the leader in charge has a hand in the case, too."""
    file = await held(work, command.case_id, command.expected_version)
    flagged = follow_up.flag(file, command, act(work))
    case = flagged.case
    if not flagged.new:
        return Receipt(case.case_id, work.version(case.case_id))
    await _check_leader(work, case, command.leader)
    fact = facts.case_flagged(flagged, is_set=command.set)
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_flag(work.connection, case, command.flag)
    await hold(work, file, command.leader)
    return Receipt(case.case_id, version)


async def record_callback(work: Work, command: commands.RecordCallback) -> Receipt:
    """Writes a call about the result; the outcome is the number of days with a call in vain.

    To call is to have no hand in the case: whoever called may prove its result.
    """
    file = await held(work, command.case_id, command.expected_version)
    sampled = await is_sampled(work.connection, command.sample_id, file.case.case_id)
    called = follow_up.call_back(file, command, act(work), sampled=sampled)
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
    file = await held(work, command.case_id, command.expected_version)
    dispatch_room = work.actor.has("DISPATCHER", "DIRECTOR")
    case = transitions.escalate(file, work.actor.subject, dispatch_room=dispatch_room)
    await hold(work, file)
    fact = facts.case_escalation_requested(case, command, work.actor.subject)
    return Receipt(case.case_id, work.record(case.case_id, case.site_id, fact))


async def resolve_case(work: Work, command: commands.ResolveCase, *, sealed: bool) -> Receipt:
    """Declares the matter done; raises SealNeeded unless its work orders are sealed for it."""
    file = await held(work, command.case_id, command.expected_version)
    resolved = transitions.resolve(file, command, act(work))
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
    await hold(work, file)
    await tell_followers(work, file, case)
    return Receipt(case.case_id, version)


async def confirm_case(
    work: Work, command: commands.ConfirmCase, speaker: visibility.Speaker
) -> Receipt:
    """Writes that the result is right; the outcome is the basis it rests on.

    A duplicate's reporter speaks of the result of the case that went on.
    """
    file, basis = await spoken_of(work, command, speaker)
    master = await _master(work, file)
    confirmed = transitions.confirm(file, command, basis, master)
    case = confirmed.case
    if not confirmed.new:
        return Receipt(case.case_id, work.version(case.case_id), outcome=basis)
    fact = facts.case_confirmed(confirmed, command, basis, act(work))
    if master is not None:
        fact.master_case_id = master.case_id
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_case(work.connection, case)
    return Receipt(case.case_id, version, outcome=basis)


async def reject_case(
    work: Work, command: commands.RejectCase, speaker: visibility.Speaker
) -> Receipt:
    """Writes that the result isn't right; a new cycle begins."""
    file, basis = await spoken_of(work, command, speaker)
    case = transitions.reject(file, basis, act(work))
    fact = facts.case_rejected(case, command, basis, act(work))
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_case(work.connection, case)
    await tell_followers(work, file, case)
    return Receipt(case.case_id, version)


async def unseal_reporter(work: Work, command: commands.UnsealReporter) -> Receipt:
    """Writes who looks at the reporter and why; the seal is opened after the commit."""
    case = (await held(work, command.case_id, 0)).case
    kin = await cases.has_confidential_kin(work.connection, case.case_id)
    visibility.check_unseal(case.confidentiality, work.actor.roles, confidential_kin=kin)
    fact = facts.case_unsealed(case, command, work.actor.subject)
    return Receipt(case.case_id, work.record(case.case_id, case.site_id, fact))


async def _master(work: Work, file: CaseFile) -> Case | None:
    """Returns the case that goes on in the end in a duplicate's place; None for any other case."""
    if file.case.outcome is not Outcome.DUPLICATE:
        return None
    found = await last_master(work.connection, file.case.case_id)
    master = await cases.load_case(work.connection, found)
    if master is None or found == file.case.case_id:
        raise LookupError(f"the master of the duplicate {file.case.case_id} has gone")
    return master


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
