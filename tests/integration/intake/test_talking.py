"""Comments, meetings, files, and what whoever follows a case by its code sees of it."""

from datetime import timedelta
from typing import Any

import pytest
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.intake.window import NOW, Window

INTERNAL = marks.COMMENT_VISIBILITY_INTERNAL
FOR_REPORTER = marks.COMMENT_VISIBILITY_REPORTER


def photo(number: int = 1) -> marks.Attachment:
    return marks.Attachment(
        reference=f"photos/{number}.jpg", sha256="ab" * 32, media_type="image/jpeg", size_bytes=9
    )


def comment(case_id: str, text: str = "已联系班组", **fields: Any) -> life.CommentCaseRequest:
    return life.CommentCaseRequest(case_id=case_id, text=text, **fields)


async def test_internal_unless_it_is_for_the_reporter(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    await window.ask(comment(case_id, attachments=[photo()]), "HANDLER", subject="h-1")
    await window.ask(comment(case_id, "请明天到窗口", visibility=FOR_REPORTER), "STEWARD")
    case = await window.case(case_id)
    assert [(one.visibility, one.written_by, one.by_reporter) for one in case.comments] == [
        (INTERNAL, "h-1", False),
        (FOR_REPORTER, "s-1", False),
    ]
    assert list(case.comments[0].attachments) == [photo()]
    # The reporter reads what is for them, by code and by account, and not who wrote it by code.
    track = await window.ask(rpc.TrackCaseRequest(receipt_code=made.receipt_code), nobody=True)
    assert [(one.text, one.written_by) for one in track.comments] == [("请明天到窗口", "")]
    own = await window.ask(rpc.GetCaseRequest(case_id=case_id), "REPORTER", subject="w-7")
    assert [one.text for one in own.case.comments] == ["请明天到窗口"]
    # To say something is to have no hand in it.
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert {row["person"] for row in hands} == {"c-1"}
    assert await window.facts(case_id) == ["CaseRegistered", "CaseCommented", "CaseCommented"]
    assert await window.findings() == []


async def test_the_reporters_own_words(window: Window) -> None:
    made = await window.register()
    case_id, code = made.case.case_id, made.receipt_code
    by_code = comment(case_id, "还在漏水", receipt_code=code, visibility=INTERNAL)
    reply = await window.ask(by_code, nobody=True)
    assert (reply.case.text, reply.case.number) == ("", made.case.number)
    assert [one.text for one in reply.case.comments] == ["还在漏水"]
    await window.ask(comment(case_id, "谢谢"), "REPORTER", subject="w-7")
    case = await window.case(case_id)
    assert [(one.visibility, one.written_by, one.by_reporter) for one in case.comments] == [
        (FOR_REPORTER, "", True),
        (FOR_REPORTER, "", True),
    ]
    rows = await window.rows(
        "SELECT actor, payload FROM journal WHERE subject_id = $1 AND type LIKE '%CaseCommented'",
        case_id,
    )
    assert all(row["actor"].partition(":")[0] in {"receipt", "reporter"} for row in rows)
    assert not any("w-7" in row["actor"] or code in row["actor"] for row in rows)
    assert facts.CaseCommented.FromString(rows[0]["payload"]).comment.by_reporter
    # A code in the hands of whoever registered it proves nobody's word.
    await window.ask(comment(case_id, "转述", receipt_code=code), "CLERK", subject="c-1")
    assert (await window.case(case_id)).comments[-1].written_by == "c-1"


async def test_strangers_say_nothing(window: Window) -> None:
    made = await window.register()
    other = await window.register()
    case_id = made.case.case_id
    strangers: list[tuple[tuple[str, ...], dict[str, Any], str]] = [
        (("REPORTER",), {"subject": "w-9"}, "CASE_NOT_FOUND"),
        (("OPERATOR",), {}, "PERMISSION_DENIED"),
        (("SYSTEM",), {"subject": "system:x"}, "PERMISSION_DENIED"),
        ((), {"nobody": True}, "CODE_WRONG"),
        (("CLERK",), {"sites": ("other",)}, "CASE_NOT_FOUND"),
    ]
    for roles, how, reason in strangers:
        answer = await window.refused(comment(case_id), *roles, **how)
        assert answer.reason == reason, (roles, how)
    wrong = comment(case_id, receipt_code=other.receipt_code)
    assert (await window.refused(wrong, nobody=True)).reason == "CODE_WRONG"
    recused = routing_facts_pb2.PersonRecused(case_id=case_id, person_id="r-1", reason="亲属")
    await window.tell("routing", case_id, "yuwu", recused)
    assert (await window.refused(comment(case_id), "STEWARD", subject="r-1")).reason == (
        "CASE_RECUSED"
    )
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_a_closed_case_takes_comments(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    request = rpc.ConfirmCaseRequest(
        case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
    )
    await window.ask(request, nobody=True)
    await window.ask(rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DISPATCHER")
    reply = await window.ask(
        comment(case_id, "又坏了", receipt_code=made.receipt_code), nobody=True
    )
    assert reply.case.state == pb.CASE_STATE_CLOSED


async def test_a_case_takes_a_bounded_number_of_files(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    many = [photo(number) for number in range(50)]
    look = rpc.VerifyCaseRequest(case_id=case_id, place="浴室", findings="漏", attachments=many)
    shown = (await window.ask(look, "STEWARD")).case
    assert list(shown.verifications[0].attachments) == many
    for _ in range(3):
        await window.ask(comment(case_id, attachments=many), "CLERK")
    more = comment(case_id, attachments=[photo()])
    answer = await window.refused(more, "CLERK")
    assert (answer.reason, answer.metadata["limit"]) == ("TOO_MANY_ATTACHMENTS", "200")
    look.request_id = ""
    assert (await window.refused(look, "STEWARD")).reason == "TOO_MANY_ATTACHMENTS"
    # Without one, it says what there is to say.
    await window.ask(comment(case_id), "CLERK")
    flood = comment(case_id, attachments=[photo(number) for number in range(10_000)])
    assert (await window.refused(flood, "CLERK")).reason == "INVALID_FIELD"
    forged = marks.Attachment(reference="x", sha256="AB" * 32)
    assert (await window.refused(comment(case_id, attachments=[forged]), "CLERK")).reason == (
        "INVALID_FIELD"
    )
    assert await window.findings() == []


async def test_a_case_takes_a_bounded_number_of_comments(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await window.ask(comment(case_id), "CLERK")
    for number in range(499):
        await window.ask(comment(case_id, f"第 {number} 条"), "CLERK")
    answer = await window.refused(comment(case_id), "CLERK")
    assert (answer.reason, answer.metadata["limit"]) == ("TOO_MANY_COMMENTS", "500")


async def test_units_meet_and_the_case_is_in_progress(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    request = life.RecordMeetingRequest(
        case_id=case_id,
        chaired_by="s-1",
        participants=["c-1"],
        unit_ids=["bath", "south"],
        decisions="浴室队换管，南风井配合停水",
        next_date=Date(year=2100, month=1, day=1),
    )
    # Five years is what a day is believed for.
    refused = await window.refused(request, "LEADER")
    assert (refused.reason, refused.metadata["field"]) == ("INVALID_FIELD", "next_date")
    request.ClearField("next_date")
    case = (await window.ask(request, "LEADER", subject="l-1")).case
    assert case.state == pb.CASE_STATE_IN_PROGRESS
    (met,) = case.meetings
    assert (met.chaired_by, list(met.unit_ids), met.recorded_by) == (
        "s-1",
        ["bath", "south"],
        "l-1",
    )
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert {row["person"] for row in hands} == {"c-1", "s-1", "l-1"}
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND subject_version = 2", case_id
    )
    assert facts.CaseMeetingRecorded.FromString(rows[0]["payload"]).meeting == met
    assert await window.findings() == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"unit_ids": ["bath", "nowhere"]}, "UNIT_UNKNOWN"),
        ({"unit_ids": ["bath"]}, "INVALID_FIELD"),
        ({"chaired_by": "nobody"}, "INVALID_FIELD"),
        ({"participants": ["nobody"]}, "INVALID_FIELD"),
        ({"participants": ["s-1"]}, "INVALID_FIELD"),
        ({"next_date": Date(year=2020, month=1, day=1)}, "PROMISE_IN_PAST"),
        ({"meeting_time": to_timestamp(NOW + timedelta(hours=2))}, "TIME_IN_FUTURE"),
        ({"meeting_time": to_timestamp(NOW - timedelta(days=2))}, "INVALID_FIELD"),
        ({"case_id": new_id()}, "CASE_NOT_FOUND"),
    ],
)
async def test_meetings_that_are_not_taken(
    window: Window, fields: dict[str, Any], reason: str
) -> None:
    case_id = (await window.register(about_persons=["s-1"])).case.case_id
    usual: dict[str, Any] = {
        "case_id": case_id,
        "chaired_by": "c-1",
        "unit_ids": ["bath", "south"],
        "decisions": "换管",
    }
    request = life.RecordMeetingRequest(**usual | fields)
    assert (await window.refused(request, "DISPATCHER")).reason == reason
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_the_history_tells_what_was_done_and_nobodys_name(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    assigned = routing_facts_pb2.CaseAssigned(
        case_id=case_id, steward="s-1", accountable="s-1", unit_id="bath"
    )
    await window.tell("routing", case_id, "yuwu", assigned)
    promised = Date(year=NOW.year + 1, month=1, day=4)
    plan = rpc.AnswerCaseRequest(
        case_id=case_id, kind=pb.ANSWER_KIND_PLAN, text="换淋浴头", promised_date=promised
    )
    await window.ask(plan, "STEWARD")
    await window.ask(comment(case_id, "样例乙请假"), "STEWARD")
    request = rpc.TrackCaseRequest(receipt_code=made.receipt_code)
    seen = await window.ask(request, nobody=True)
    assert [step.sentence for step in seen.history] == [
        "诉求已登记。",
        "已明确包保责任人。",
        "已给出解决方案。",
    ]
    assert seen.promised_date == promised
    assert list(seen.allowed_actions) == ["CommentCase", "WithdrawCase"]
    assert seen.master_state == pb.CASE_STATE_UNSPECIFIED
    english = await window.ask(request, nobody=True, language="en")
    assert english.history[-1].sentence == "The window has given its plan."
    shown = str(seen) + str(english)
    for name in ("s-1", "c-1", "样例甲", "样例乙", "CANARY", "浴室队", "bath"):
        assert name not in shown, name
