"""What a request means by leaving something out: never that a mark goes, nor a call in vain."""

from typing import Any

import pytest

from backstop.intake.v1 import error_reason_pb2
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.errors import CHINESE, ENGLISH, Refused, catalogue
from chassis.validation import check
from services.intake.convert import linking, requests
from services.intake.domain.room import Entry, check_number
from tests.unit.intake.test_room import full

CASE_ID = "0190a5d0-0000-7000-8000-000000000001"
ONE: dict[str, Any] = {"request_id": "a-request", "case_id": CASE_ID}


def mark(**fields: Any) -> rpc.FlagCaseRequest:
    flag = pb.CASE_FLAG_LONG_STANDING
    return rpc.FlagCaseRequest(**ONE, flag=flag, reason="顶板渗水", **fields)


def call(**fields: Any) -> rpc.RecordCallbackRequest:
    return rpc.RecordCallbackRequest(**ONE, words="无人接听", **fields)


def left(**fields: Any) -> rpc.FeedBackAnswerRequest:
    told = pb.Feedback(way=pb.FEEDBACK_WAY_LEFT, **fields)
    return rpc.FeedBackAnswerRequest(**ONE, answer_id=CASE_ID, feedback=told)


def test_a_mark_is_put_on_unless_it_is_said_to_go_as_a_tie_is() -> None:
    check(mark(leader="s-1"))
    assert requests.flag_case(mark()).set
    assert not requests.flag_case(mark(remove=True)).set
    tie = life.LinkCasesRequest(
        **ONE, link=pb.Link(case_id=CASE_ID, relation=pb.RELATION_RELATED), reason="同一处"
    )
    assert not linking.link_cases(tie).remove
    with pytest.raises(Refused, match="INVALID_FIELD"):
        check(mark(remove=True, leader="s-1"))


@pytest.mark.parametrize("reached", [True, False])
def test_a_call_says_whether_somebody_answered(reached: bool) -> None:
    check(call(reached=reached))
    assert requests.record_callback(call(reached=reached)).reached is reached
    with pytest.raises(Refused, match="INVALID_FIELD") as caught:
        check(call())
    assert [one.field for one in caught.value.fields] == ["reached"]


@pytest.mark.parametrize("note", ["", " ", "\t\n", "\u3000"])
def test_a_message_that_was_left_says_how_and_with_whom(note: str) -> None:
    check(left(note="回条交联建一队班前会"))
    with pytest.raises(Refused, match="INVALID_FIELD") as caught:
        check(left(note=note))
    # Blanks are no words in any field.
    assert {one.field for one in caught.value.fields} <= {"feedback", "feedback.note"}
    others = (pb.FEEDBACK_WAY_TOLD, pb.FEEDBACK_WAY_POSTED, pb.FEEDBACK_WAY_ATTEMPT)
    for way in others:
        request = left()
        request.feedback.way = way
        check(request)


def test_a_full_file_is_told_of_in_words_of_the_readers_language() -> None:
    with pytest.raises(Refused, match="TOO_MANY_ENTRIES") as caught:
        check_number(full(), Entry.RESULTS_FED_BACK)
    reasons = catalogue("intake", error_reason_pb2.ErrorReason.DESCRIPTOR)
    assert reasons.sentence(caught.value, CHINESE) == "该诉求的办理结果反馈记录已满，上限 200。"
    assert (
        reasons.sentence(caught.value, ENGLISH)
        == "The case takes no more feedbacks of results (limit 200)."
    )
    assert caught.value.metadata["what"] == "RESULT_FEEDBACKS"
