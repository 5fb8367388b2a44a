"""Facts of a case's ends, its beginning again and its amendments become messages, once each."""

import random

import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_marks_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.ids import new_id
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import SITE, Stream
from tests.integration.notify.test_facts import told


async def begun(notify: Notify, stream: Stream, case_id: str) -> None:
    for fact in (stream.registered(case_id), stream.assigned(case_id)):
        await notify.gatekeeper.take([fact], fact.source)


async def hear(notify: Notify, stream: Stream, case_id: str, *messages: Message) -> None:
    for message in messages:
        source = "routing" if message.DESCRIPTOR.full_name.startswith("backstop.r") else "intake"
        fact = stream.fact(source, case_id, message)
        # At least once is how facts come.
        await notify.gatekeeper.take([fact], source)
        await notify.gatekeeper.take([fact], source)
    assert await notify.rows("SELECT 1 FROM quarantine") == []


def reopened(case_id: str, cycle: int = 1) -> intake.CaseReopened:
    return intake.CaseReopened(
        case_id=case_id,
        cycle=cycle,
        new_cycle=cycle + 1,
        reopen_count=cycle,
        previous_outcome=intake_pb2.OUTCOME_SOLVED,
    )


async def test_a_closed_case_that_begins_again(notify: Notify) -> None:
    stream, case_id = Stream(), new_id()
    await begun(notify, stream, case_id)
    await hear(
        notify,
        stream,
        case_id,
        routing.CaseEscalated(case_id=case_id, cycle=1, to_level=1, accountable="lead1"),
        intake.CaseClosed(case_id=case_id, outcome=intake_pb2.OUTCOME_SOLVED),
        reopened(case_id),
        # Of the cycle that is over.
        routing.CaseEscalated(case_id=case_id, cycle=1, to_level=2, accountable="lead2"),
    )
    assert (await told(notify, case_id))[-5:] == [
        ("reporter", "case_closed"),
        ("dd01", "case_closed_staff"),
        ("reporter", "case_reopened"),
        ("dd01", "case_reopened_staff"),
        ("position:DUTY_LEAD", "case_reopened_staff"),
    ]
    (case,) = await notify.rows("SELECT state, level, accountable, cycle FROM cases")
    assert tuple(case) == ("OPEN", 0, "dd01", 2)
    assert await notify.findings() == []


async def test_what_hangs_on_a_case(notify: Notify) -> None:
    stream, case_id = Stream(), new_id()
    await begun(notify, stream, case_id)
    before = len(await told(notify, case_id))
    referral = intake_marks_pb2.Referral(body="区住建局", reference="JS-17", result="已更换")
    comment, shown = intake_marks_pb2.Comment, intake_marks_pb2.COMMENT_VISIBILITY_REPORTER
    internal = intake_marks_pb2.COMMENT_VISIBILITY_INTERNAL
    await hear(
        notify,
        stream,
        case_id,
        intake.CaseReferred(case_id=case_id, referral=referral),
        intake.CaseReferralResulted(case_id=case_id, referral=referral),
        intake.CaseReviewed(
            case_id=case_id,
            review=intake_marks_pb2.Review(
                decision=intake_marks_pb2.REVIEW_DECISION_UPHELD, reviewed_by="dd00"
            ),
        ),
        intake.CaseCommented(case_id=case_id, comment=comment(visibility=shown, text="明日")),
        intake.CaseCommented(case_id=case_id, comment=comment(visibility=internal, text="内部")),
        intake.CaseCommented(
            case_id=case_id,
            comment=comment(visibility=shown, by_reporter=True, text="家里没人"),
        ),
        intake.CaseMeetingRecorded(
            case_id=case_id,
            meeting=intake_marks_pb2.CoordinationMeeting(
                chaired_by="dd00", next_date=Date(year=2026, month=12, day=3)
            ),
        ),
        intake.CaseWithdrawn(case_id=case_id, counts=False),
        intake.CaseWithdrawn(case_id=case_id, counts=True),
        intake.CaseFlagged(case_id=case_id, flag=intake_pb2.CASE_FLAG_HAZARD, set=False),
        intake.CaseFlagged(case_id=case_id, flag=intake_pb2.CASE_FLAG_HAZARD, set=True),
        intake.CaseCodeReissued(case_id=case_id),
        intake.CaseLinked(case_id=case_id, set=True),
        intake.CaseMasterMoved(
            case_id=case_id,
            master_number="YW-20261123-0002",
            master_state=intake_pb2.CASE_STATE_RESOLVED,
            resolution="已更换",
        ),
    )
    assert (await told(notify, case_id))[before:] == [
        ("reporter", "case_referred"),
        ("reporter", "referral_resulted"),
        ("dd01", "case_reviewed"),
        ("reporter", "case_comment"),
        ("dd01", "case_comment_staff"),
        ("dd01", "meeting_next"),
        ("dd00", "meeting_next"),
        ("position:DUTY_LEAD", "case_withdrawn"),
        ("position:DUTY_LEAD", "case_hazard"),
        ("reporter", "master_moved"),
    ]
    contexts = str([row["context"] for row in await notify.rows("SELECT context FROM deliveries")])
    assert "明日" in contexts
    assert "家里没人" not in contexts
    assert "内部" not in contexts


async def test_whom_a_case_turns_out_to_be_about_hears_nothing_more(notify: Notify) -> None:
    stream, case_id = Stream(), new_id()
    await begun(notify, stream, case_id)
    await hear(
        notify,
        stream,
        case_id,
        intake.CaseAmended(
            case_id=case_id,
            unit_id="kitchen",
            category="DINING",
            urgency=intake_pb2.URGENCY_URGENT,
            about_persons=["dd01"],
            has_email=True,
        ),
    )
    before = len(await told(notify, case_id))
    await hear(notify, stream, case_id, reopened(case_id))
    assert (await told(notify, case_id))[before:] == [
        ("reporter", "case_reopened"),
        ("position:DUTY_LEAD", "case_reopened_staff"),
    ]
    (case,) = await notify.rows(
        "SELECT unit_id, category, urgent, has_phone, has_email, about_persons, shielded FROM cases"
    )
    assert tuple(case) == ("kitchen", "DINING", True, False, True, ["dd01"], ["dd01"])
    (row,) = await notify.rows(
        "SELECT channel FROM deliveries WHERE template = 'case_reopened' AND recipient = 'reporter'"
    )
    assert row["channel"] == "EMAIL"
    # Whom it was about stays so, whatever a later amendment repeats.
    await hear(notify, stream, case_id, intake.CaseAmended(case_id=case_id))
    (case,) = await notify.rows("SELECT about_persons, shielded FROM cases")
    assert tuple(case) == (["dd01"], ["dd01"])
    assert await notify.findings() == []


async def test_a_handover_is_about_no_case(notify: Notify) -> None:
    stream, handover_id = Stream(), new_id()
    message = intake.ShiftHandoverPrepared(
        handover_id=handover_id, site_id=SITE, sequence=7, outgoing="dd00", incoming="dd02"
    )
    await hear(notify, stream, handover_id, message)
    rows = await notify.rows("SELECT recipient, template, case_id, subject_id FROM deliveries")
    assert [tuple(row) for row in rows] == [("dd02", "shift_handover", None, handover_id)]
    assert await notify.findings() == []


@pytest.mark.parametrize("seed", range(3))
async def test_in_whatever_order_intakes_facts_come_they_end_alike(
    notify: Notify, seed: int
) -> None:
    stream, case_id = Stream(), new_id()
    facts = [
        stream.registered(case_id),
        stream.fact("intake", case_id, intake.CaseClosed(case_id=case_id)),
        stream.fact("intake", case_id, reopened(case_id)),
        stream.fact("intake", case_id, intake.CaseClosed(case_id=case_id, cycle=2)),
        stream.fact("intake", case_id, reopened(case_id, 2)),
    ]
    copies = facts * 2
    random.Random(seed).shuffle(copies)
    for fact in copies:
        await notify.gatekeeper.take([fact], "intake")
    assert await notify.rows("SELECT 1 FROM parked") == []
    (case,) = await notify.rows("SELECT state, cycle FROM cases")
    assert tuple(case) == ("OPEN", 3)
    reporter = [one for one in await told(notify, case_id) if one[0] == "reporter"]
    assert reporter == [("reporter", "case_closed"), ("reporter", "case_reopened")] * 2
