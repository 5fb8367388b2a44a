"""What a request's strings may hold, wherever in the message they stand."""

import pytest
from google.protobuf.message import Message

from backstop.operations.v1 import operations_service_pb2 as pb
from chassis.errors import Refused
from chassis.validation import check

ID = "01a20320-3810-75b6-8346-e9bf1bbb6bc8"


@pytest.mark.parametrize("text", ["a\nb\tc", "澡堂", " x "])
def test_what_people_write_passes(text: str) -> None:
    check(pb.DropQuarantinedRequest(quarantine_id=ID, reason=text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\0b", "must not hold control characters"),
        ("\x1b[31m", "must not hold control characters"),
        ("已\u202e销号", "must not hold control characters"),
        ("\u2066x\u2069", "must not hold control characters"),
        ("   ", "must not be blank"),
        ("\u3000\n", "must not be blank"),
    ],
)
def test_what_nobody_means_is_refused(text: str, problem: str) -> None:
    request: Message = pb.DropQuarantinedRequest(quarantine_id=ID, reason=text)
    with pytest.raises(Refused, match="INVALID_FIELD") as refused:
        check(request)
    assert [(v.field, v.description) for v in refused.value.fields] == [("reason", problem)]


def test_plain_marks_of_direction_are_allowed() -> None:
    check(pb.DropQuarantinedRequest(quarantine_id=ID, reason="a\u200eb\u200f"))


def test_an_empty_string_is_the_rules_business() -> None:
    check(pb.GetFlowRequest(subject_id=""))
