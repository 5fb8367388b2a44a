"""What intake's facts about a case's ends, its beginning again and its amendments lead to."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_marks_pb2, intake_pb2
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.notify import convert
from services.notify.domain import cases, life_plans
from services.notify.handlers.telling import follow, payload, tell
from services.notify.store import cases as store


async def on_case_closed(work: Work, fact: ReceivedFact) -> None:
    """Struck off."""
    message = payload(fact, intake.CaseClosed)
    case = cases.close(await store.load_case(work.connection, message.case_id))
    told = life_plans.closed(
        case,
        outcome=convert.outcome(message.outcome),
        master=message.master_number,
        appeal=message.appeal_words,
    )
    await follow(work, fact, case, told)


async def on_case_reopened(work: Work, fact: ReceivedFact) -> None:
    """Worked on again after its close-out."""
    message = payload(fact, intake.CaseReopened)
    case = cases.begin_again(
        await store.load_case(work.connection, message.case_id), message.new_cycle
    )
    told = life_plans.reopened(
        case,
        outcome=convert.outcome(message.previous_outcome),
        reopen_count=message.reopen_count,
    )
    await follow(work, fact, case, told)


async def on_case_withdrawn(work: Work, fact: ReceivedFact) -> None:
    """Taken back; what is only reported waits for a word that counts."""
    message = payload(fact, intake.CaseWithdrawn)
    if message.counts:
        case = await store.load_case(work.connection, message.case_id)
        await tell(work, fact, life_plans.withdrawn(case), case_id=case.case_id)


async def on_case_amended(work: Work, fact: ReceivedFact) -> None:
    """Something that was registered is different; who gets it hears of that by routing's fact."""
    message = payload(fact, intake.CaseAmended)
    case = await store.load_case(work.connection, message.case_id)
    amended = convert.amended_case(case, message)
    await store.amend_case(work.connection, amended, message.about_persons)


async def on_case_referred(work: Work, fact: ReceivedFact) -> None:
    """Another body has the matter."""
    message = payload(fact, intake.CaseReferred)
    case = await store.load_case(work.connection, message.case_id)
    told = life_plans.referred(
        case, body=message.referral.body, their_reference=message.referral.reference
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_referral_resulted(work: Work, fact: ReceivedFact) -> None:
    """What came of it there is known."""
    message = payload(fact, intake.CaseReferralResulted)
    case = await store.load_case(work.connection, message.case_id)
    told = life_plans.referral_resulted(
        case, body=message.referral.body, result=message.referral.result
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_case_reviewed(work: Work, fact: ReceivedFact) -> None:
    """The director has reviewed it."""
    message = payload(fact, intake.CaseReviewed)
    case = await store.load_case(work.connection, message.case_id)
    told = life_plans.reviewed(
        case,
        decision=convert.enum_name(
            intake_marks_pb2.ReviewDecision.DESCRIPTOR, message.review.decision, "REVIEW_DECISION_"
        ),
        findings=message.review.findings,
        reviewed_by=message.review.reviewed_by,
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_case_commented(work: Work, fact: ReceivedFact) -> None:
    """Something was said; internal comments are told nobody."""
    message = payload(fact, intake.CaseCommented)
    comment = message.comment
    shown = comment.visibility == intake_marks_pb2.COMMENT_VISIBILITY_REPORTER
    if not (shown or comment.by_reporter):
        return
    case = await store.load_case(work.connection, message.case_id)
    # The reporter's words stay where access to them is checked.
    text = "" if comment.by_reporter else comment.text
    told = life_plans.commented(case, by_reporter=comment.by_reporter, text=text)
    await tell(work, fact, told, case_id=case.case_id)


async def on_meeting_recorded(work: Work, fact: ReceivedFact) -> None:
    """Several units met about it."""
    message = payload(fact, intake.CaseMeetingRecorded)
    case = await store.load_case(work.connection, message.case_id)
    told = life_plans.met(
        case,
        chaired_by=message.meeting.chaired_by,
        next_date=convert.date_text(message.meeting.next_date),
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_master_moved(work: Work, fact: ReceivedFact) -> None:
    """There is news of the case in whose place a duplicate was closed."""
    message = payload(fact, intake.CaseMasterMoved)
    case = await store.load_case(work.connection, message.case_id)
    told = life_plans.master_moved(
        case,
        master=message.master_number,
        state=convert.enum_name(
            intake_pb2.CaseState.DESCRIPTOR, message.master_state, "CASE_STATE_"
        ),
        resolution=message.resolution,
        outcome=convert.outcome(message.outcome) if message.outcome else "",
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_handover_prepared(work: Work, fact: ReceivedFact) -> None:
    """A shift is handed over; about no case."""
    message = payload(fact, intake.ShiftHandoverPrepared)
    told = life_plans.handed_over(
        sequence=message.sequence,
        outgoing=message.outgoing,
        incoming=message.incoming,
        open_count=message.open_count,
        at_risk_count=message.at_risk_count,
    )
    await tell(work, fact, told)
