"""A case from registration to close-out, over the real walls and a real database."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.intake.conftest import Peers
from tests.integration.intake.window import Window, appeal
from tests.waiting import eventually

SOON = (datetime.now(UTC) + timedelta(days=10)).date()
TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)


async def test_registering_opens_the_file(window: Window) -> None:
    made = await window.register()
    case = made.case
    assert case.number.startswith("YW-")
    assert case.number.endswith("-0001")
    assert case.state == pb.CASE_STATE_REGISTERED
    assert case.accountable == "position:DISPATCH_ROOM"
    assert case.next_wake_time.ToDatetime(UTC) > datetime.now(UTC)
    assert case.receiver == "c-1"
    assert case.first_reply_owed_by == "c-1"
    assert case.place == "南风井食堂门口"
    assert case.kind == pb.CASE_KIND_REQUEST
    assert case.version == 1
    assert len(made.receipt_code) == 16
    assert made.receipt_code.isdigit()
    assert await window.facts(case.case_id) == ["CaseRegistered"]
    second = await window.register()
    assert second.case.number.endswith("-0002")
    assert await window.findings() == []


async def test_the_deadlines_on_the_receipt_are_those_of_its_kind_of_case(
    window: Window, peers: Peers
) -> None:
    # The first call only connects; what it does not wait for is on the file soon after.
    async def promised() -> intake_registration_pb2.RegisterCaseResponse | None:
        made = await window.register(kind=pb.CASE_KIND_INQUIRY, urgency=pb.URGENCY_URGENT)
        return made if made.HasField("first_reply_due_time") else None

    made = await eventually(promised, what="sla was asked in time")
    asked = peers.deadlines_of[-1]
    assert (asked.site_id, asked.category, asked.kind, asked.urgency) == (
        "yuwu", "BATHING", pb.CASE_KIND_INQUIRY, pb.URGENCY_URGENT,
    )  # fmt: skip
    assert asked.occurred_time == made.case.occurred_time
    assert not asked.clocks


async def test_repeating_a_registration_returns_the_same_case(window: Window) -> None:
    request = appeal(request_id="slip-pad-0001")
    first = await window.ask(request, "CLERK")
    again = await window.ask(request, "CLERK")
    assert again.case == first.case
    assert again.receipt_code == first.receipt_code
    request.text = "别的内容"
    assert (await window.refused(request, "CLERK")).reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"site_id": "nowhere"}, "SITE_UNKNOWN"),
        ({"site_id": "other"}, "SITE_UNKNOWN"),
        ({"unit_id": "none"}, "UNIT_UNKNOWN"),
        ({"post_id": "none"}, "POST_UNKNOWN"),
        ({"category": "NONE"}, "CATEGORY_UNKNOWN"),
        ({"receiver": "nobody"}, "INVALID_FIELD"),
        (
            {
                "links": [
                    pb.Link(
                        case_id="0190a5d0-0000-7000-8000-000000000000", relation=pb.RELATION_RELATED
                    )
                ]
            },
            "LINK_NOT_FOUND",
        ),
        ({"reporter": pb.Reporter(phone="139")}, "REPORTER_MISSING"),
        (
            {"reporter": pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS, name="x")},
            "ANONYMOUS_WITH_IDENTITY",
        ),
        ({"occurred_time": Timestamp(seconds=4_000_000_000)}, "TIME_IN_FUTURE"),
        ({"occurred_time": Timestamp(seconds=-62_135_596_800)}, "INVALID_FIELD"),
        ({"text": ""}, "INVALID_FIELD"),
        ({"text": "a\x00b"}, "INVALID_FIELD"),
        ({"place": "", "post_id": "", "unit_id": ""}, "INVALID_FIELD"),
        ({"channel": 99}, "INVALID_FIELD"),
    ],
)
async def test_a_faulty_appeal_is_refused_and_leaves_nothing(
    window: Window, fields: dict[str, object], reason: str
) -> None:
    answer = await window.refused(appeal(**fields), "CLERK")
    assert answer.reason == reason
    assert answer.domain == "intake.backstop"
    assert answer.sentence
    assert "{" not in answer.sentence
    assert await window.rows("SELECT case_id FROM cases") == []
    assert await window.rows("SELECT id FROM journal") == []


async def test_a_progress_note_tells_when_the_reporter_hears_again(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    again = Date(year=SOON.year, month=SOON.month, day=SOON.day)
    note = rpc.AnswerCaseRequest(
        case_id=case_id, kind=pb.ANSWER_KIND_PROGRESS, text="等配件", next_date=again
    )
    for wrong, reason, field in (
        (rpc.AnswerCaseRequest(next_date=Date(year=2020)), "PROMISE_IN_PAST", "next_date"),
        (
            rpc.AnswerCaseRequest(kind=pb.ANSWER_KIND_FIRST_REPLY),
            "INVALID_FIELD",
            "only a progress note has a next_date",
        ),
    ):
        changed = rpc.AnswerCaseRequest()
        changed.CopyFrom(note)
        changed.MergeFrom(wrong)
        refused = await window.refused(changed, "STEWARD")
        assert (refused.reason, refused.metadata["field"]) == (reason, field)
    told = await window.ask(note, "STEWARD")
    assert told.case.answers[0].next_date == again
    # Without one, none is told.
    bare = rpc.AnswerCaseRequest(case_id=case_id, kind=pb.ANSWER_KIND_PROGRESS, text="仍在等")
    assert not (await window.ask(bare, "STEWARD")).case.answers[1].HasField("next_date")
    request = rpc.TrackCaseRequest(receipt_code=made.receipt_code)
    seen = await window.ask(request, nobody=True)
    assert [one.HasField("next_date") for one in seen.answers] == [True, False]
    assert seen.answers[0].next_date == again
    history = await window.ask(rpc.GetTimelineRequest(case_id=case_id), "DISPATCHER")
    said = f"，下次说明 {SOON.year}年{SOON.month}月{SOON.day}日（"
    assert [said in one.sentence for one in history.entries] == [False, True, False]
    assert await window.findings() == []


async def test_a_case_goes_its_whole_way(window: Window, peers: Peers) -> None:
    made = await window.register()
    case_id = made.case.case_id
    await window.ask(
        rpc.VerifyCaseRequest(case_id=case_id, place="南风井浴室", findings="6 个淋浴头损坏"),
        "STEWARD",
    )
    answered = await window.ask(
        rpc.AnswerCaseRequest(
            case_id=case_id,
            kind=pb.ANSWER_KIND_PLAN,
            text="更换淋浴头",
            promised_date=Date(year=SOON.year, month=SOON.month, day=SOON.day),
        ),
        "STEWARD",
    )
    assert answered.case.state == pb.CASE_STATE_IN_PROGRESS
    assert not answered.case.answers[0].HasField("fed_back_time")
    early = rpc.ResolveCaseRequest(case_id=case_id, resolution="已更换", outcome=pb.OUTCOME_SOLVED)
    assert (await window.refused(early, "STEWARD")).reason == "NOT_ANSWERED"
    assert case_id not in peers.sealed
    told = await window.ask(
        rpc.FeedBackAnswerRequest(
            case_id=case_id, answer_id=answered.answer_id, feedback=TOLD, expected_version=3
        ),
        "STEWARD",
    )
    assert told.case.answers[0].HasField("fed_back_time")
    assert told.case.first_reply_owed_by == ""
    await window.ask(rpc.EscalateCaseRequest(case_id=case_id, reason="超出权限"), "DIRECTOR")
    peers.open_work_orders = 2
    answer = await window.refused(early, "STEWARD")
    assert (answer.reason, answer.metadata["count"]) == ("WORK_ORDER_OPEN", "2")
    peers.open_work_orders = 0
    resolved = await window.ask(early, "STEWARD")
    assert resolved.case.state == pb.CASE_STATE_RESOLVED
    assert case_id in peers.sealed
    again = await window.ask(early, "STEWARD")
    assert again.case == resolved.case

    close = rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED)
    answer = await window.refused(close, "DISPATCHER")
    assert (answer.reason, answer.metadata["missing"]) == ("END_NOT_PROVEN", "confirmation")
    confirm = rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED, words="谢谢")
    reported = await window.ask(confirm, "STEWARD")
    assert reported.basis == pb.CONFIRMATION_BASIS_REPORTED
    assert (await window.refused(close, "DISPATCHER")).reason == "END_NOT_PROVEN"
    confirm.request_id = ""
    confirm.receipt_code = made.receipt_code
    confirmed = await window.ask(confirm, nobody=True)
    assert confirmed.basis == pb.CONFIRMATION_BASIS_CODE
    assert confirmed.case.number == made.case.number
    assert confirmed.case.steward == ""
    assert confirmed.case.receiver == ""
    assert (await window.refused(close, "STEWARD")).reason == "PERMISSION_DENIED"
    closed = await window.ask(close, "DISPATCHER")
    assert closed.case.state == pb.CASE_STATE_CLOSED
    assert closed.case.outcome == pb.OUTCOME_SOLVED
    assert not closed.case.HasField("next_wake_time")
    assert await window.facts(case_id) == [
        "CaseRegistered", "CaseVerified", "CaseAnswered", "CaseFedBack",
        "CaseEscalationRequested", "CaseResolved", "CaseConfirmed", "CaseConfirmed", "CaseClosed",
    ]  # fmt: skip
    assert await window.findings() == []


async def test_a_rejected_result_begins_a_new_cycle(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    rejected = await window.ask(
        rpc.RejectCaseRequest(case_id=case_id, reason="还是没热水", receipt_code=made.receipt_code),
        nobody=True,
    )
    assert rejected.case.state == pb.CASE_STATE_IN_PROGRESS
    case = await window.case(case_id)
    assert (case.cycle, case.reopen_count) == (2, 1)
    assert case.first_reply_owed_by == "c-1"
    # What was told before the rejection does not answer the new cycle.
    again = rpc.ResolveCaseRequest(case_id=case_id, resolution="修好", outcome=pb.OUTCOME_SOLVED)
    assert (await window.refused(again, "STEWARD")).reason == "NOT_ANSWERED"
    assert await window.findings() == []


async def test_nothing_of_a_new_cycle_happened_before_it(window: Window) -> None:
    spoken = datetime.now(UTC) - timedelta(days=5)
    made = await window.resolved(occurred_time=to_timestamp(spoken))
    case_id = made.case.case_id
    assert (await window.case(case_id)).first_reply_owed_by == ""
    await window.ask(rpc.RejectCaseRequest(case_id=case_id, reason="没修好"), "CLERK")
    old = to_timestamp(spoken + timedelta(days=1))
    told = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD, feedback_time=old)
    reply = pb.ANSWER_KIND_FIRST_REPLY
    for request, field in (
        (
            rpc.VerifyCaseRequest(case_id=case_id, place="x", findings="y", verify_time=old),
            "verify_time",
        ),
        (
            rpc.AnswerCaseRequest(case_id=case_id, kind=reply, text="x", answer_time=old),
            "answer_time",
        ),
        (
            rpc.AnswerCaseRequest(case_id=case_id, kind=reply, text="x", feedback=told),
            "feedback.feedback_time",
        ),
        (
            rpc.ResolveCaseRequest(
                case_id=case_id,
                resolution="x",
                outcome=pb.OUTCOME_SOLVED,
                feedback=TOLD,
                resolve_time=old,
            ),
            "resolve_time",
        ),
    ):
        answer = await window.refused(request, "STEWARD")
        assert (answer.reason, answer.metadata["field"]) == ("INVALID_FIELD", field)


async def test_a_message_may_be_left_after_tries_in_two_hours(window: Window) -> None:
    spoken = datetime.now(UTC) - timedelta(hours=5)
    occurred = Timestamp()
    occurred.FromDatetime(spoken)
    made = await window.register(occurred_time=occurred)
    case_id = made.case.case_id
    answered = await window.ask(
        rpc.AnswerCaseRequest(
            case_id=case_id,
            kind=pb.ANSWER_KIND_FIRST_REPLY,
            text="已派人看",
            answer_time=to_timestamp(spoken),
        ),
        "CLERK",
    )

    async def feed_back(way: pb.FeedbackWay.ValueType, hours: int) -> None:
        tried = Timestamp()
        tried.FromDatetime(spoken + timedelta(hours=hours))
        await window.ask(
            rpc.FeedBackAnswerRequest(
                case_id=case_id,
                answer_id=answered.answer_id,
                feedback=pb.Feedback(way=way, feedback_time=tried, note="回条交班长"),
            ),
            "CLERK",
        )

    await feed_back(pb.FEEDBACK_WAY_ATTEMPT, 1)
    with pytest.raises(grpc.aio.AioRpcError):
        await feed_back(pb.FEEDBACK_WAY_LEFT, 3)
    await feed_back(pb.FEEDBACK_WAY_ATTEMPT, 2)
    await feed_back(pb.FEEDBACK_WAY_LEFT, 3)
    case = await window.case(case_id)
    assert [one.way for one in case.answers[0].feedbacks] == [4, 4, 2]
    assert case.answers[0].HasField("fed_back_time")


async def test_two_people_editing_are_told_of_each_other(window: Window) -> None:
    made = await window.register()
    request = rpc.EscalateCaseRequest(
        case_id=made.case.case_id, expected_version=7, reason="超出权限"
    )
    answer = await window.refused(request, "STEWARD")
    assert answer.reason == "VERSION_MISMATCH"
    assert answer.metadata == {"expected": "7", "actual": "1"}


async def test_a_slip_is_the_receipt_and_serves_once(window: Window) -> None:
    made = await window.register(slip_number="A-0001", channel=pb.CHANNEL_SLIP)
    tracked = await window.ask(rpc.TrackCaseRequest(receipt_code=made.receipt_code), nobody=True)
    assert tracked.number == made.case.number
    answer = await window.refused(appeal(slip_number="A-0001"), "CLERK")
    assert (answer.reason, answer.code) == ("SLIP_IN_USE", grpc.StatusCode.ALREADY_EXISTS)
    elsewhere = await window.register(slip_number="A-0001", site_id="other", sites=("other",))
    assert elsewhere.receipt_code != made.receipt_code
    assert await window.findings() == []
