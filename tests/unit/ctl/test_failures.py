"""How a refusal reads: sentence, field, reason, what to do, and the code a script sees."""

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from ctl.exits import Exit
from ctl.failures import Answer, Failure, FieldFault, Problem, answer_of
from ctl.shell import error_data, error_lines
from ctl.words import Words


def _error(
    code: grpc.StatusCode, *details: Message, message: str = "said in English"
) -> grpc.aio.AioRpcError:
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    trailing = grpc.aio.Metadata(
        ("x-request-id", "log-7"), ("grpc-status-details-bin", status.SerializeToString())
    )
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details=message)


def _bad_request(*fields: str) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=field, description="too long")
            for field in fields
        ]
    )


def test_a_refusal_is_taken_apart() -> None:
    answer = answer_of(
        "intake",
        _error(
            grpc.StatusCode.INVALID_ARGUMENT,
            error_details_pb2.ErrorInfo(
                reason="INVALID_FIELD", domain="intake.backstop", metadata={"field": "text"}
            ),
            error_details_pb2.LocalizedMessage(locale="zh-CN", message="字段不合要求"),
            _bad_request("text", "place"),
        ),
    )
    assert answer.sentence == "字段不合要求"
    assert answer.reason == "INVALID_FIELD"
    assert answer.metadata == {"field": "text"}
    assert [fault.name for fault in answer.faults] == ["text", "place"]
    assert answer.x_request_id == "log-7"
    assert answer.exit is Exit.REFUSED


def test_preconditions_are_faults_too() -> None:
    failure = error_details_pb2.PreconditionFailure(
        violations=[
            error_details_pb2.PreconditionFailure.Violation(
                type="COVERAGE", subject="bathhouse", description="no steward"
            )
        ]
    )
    answer = answer_of("routing", _error(grpc.StatusCode.FAILED_PRECONDITION, failure))
    assert answer.faults == (FieldFault("bathhouse", "no steward"),)


def test_an_error_without_details_still_has_its_message() -> None:
    error = grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), details="refused"
    )
    answer = answer_of("sla", error)
    assert (answer.sentence, answer.reason, answer.exit) == ("refused", "", Exit.UNAVAILABLE)


@pytest.mark.parametrize(
    ("sentence", "exit_code"),
    [
        ("SERVER: Received message larger than max (9 vs. 4)", Exit.REFUSED),
        ("Sent message larger than max (9 vs. 4)", Exit.REFUSED),
        ("CLIENT: Received message larger than max (9 vs. 4)", Exit.REFUSED),
        ("Received http2 header with status: 429", Exit.UNAVAILABLE),
    ],
)
def test_a_message_that_is_too_large_is_not_sent_again(sentence: str, exit_code: Exit) -> None:
    answer = Answer("intake", grpc.StatusCode.RESOURCE_EXHAUSTED, sentence)
    assert answer.exit is exit_code
    busy = Answer("intake", grpc.StatusCode.RESOURCE_EXHAUSTED, sentence, reason="OVERLOADED")
    assert busy.exit is Exit.UNAVAILABLE


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        (grpc.StatusCode.NOT_FOUND, Exit.REFUSED),
        (grpc.StatusCode.PERMISSION_DENIED, Exit.REFUSED),
        (grpc.StatusCode.UNAUTHENTICATED, Exit.REFUSED),
        (grpc.StatusCode.FAILED_PRECONDITION, Exit.REFUSED),
        (grpc.StatusCode.ABORTED, Exit.REFUSED),
        (grpc.StatusCode.UNAVAILABLE, Exit.UNAVAILABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Exit.UNAVAILABLE),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, Exit.UNAVAILABLE),
        (grpc.StatusCode.INTERNAL, Exit.FAULT),
        (grpc.StatusCode.UNIMPLEMENTED, Exit.FAULT),
    ],
)
def test_exit_codes(code: grpc.StatusCode, exit_code: Exit) -> None:
    assert Answer("intake", code, "").exit is exit_code


def test_a_refusal_reads_as_a_sentence_with_its_field() -> None:
    failure = Failure(
        Answer(
            "intake",
            grpc.StatusCode.INVALID_ARGUMENT,
            "字段不合要求",
            reason="INVALID_FIELD",
            domain="intake.backstop",
            faults=(FieldFault("reporter.name", "must be at most 60 characters"),),
        )
    )
    text = "\n".join(error_lines(failure, Words("zh")))
    assert "未予办理" in text
    assert "字段不合要求" in text
    assert "[bold]诉求人姓名[/]：最多 60 个字符" in text
    assert "INVALID_FIELD · intake.backstop" in text


def test_an_unanswered_mutation_says_how_to_repeat_it() -> None:
    failure = Failure(Answer("intake", grpc.StatusCode.UNAVAILABLE, "away"), request_id="id-42")
    assert "--request-id id-42" in "\n".join(error_lines(failure, Words("en")))


def test_an_unanswered_read_does_not() -> None:
    failure = Failure(Answer("intake", grpc.StatusCode.UNAVAILABLE, "away"))
    assert "--request-id" not in "\n".join(error_lines(failure, Words("en")))


def test_a_fault_names_its_place_in_the_log() -> None:
    failure = Failure(Answer("sla", grpc.StatusCode.INTERNAL, "oops", x_request_id="log-7"))
    assert "log-7" in "\n".join(error_lines(failure, Words("zh")))


def test_brackets_in_what_was_said_are_not_markup() -> None:
    lines = error_lines(
        Failure(Answer("sla", grpc.StatusCode.NOT_FOUND, "no [bold] case")), Words("en")
    )
    assert r"no \[bold] case" in lines[0]


def test_a_problem_names_its_option() -> None:
    assert error_lines(Problem("which?", field="--site"), Words("en"))[0].endswith("--site: which?")


def test_a_script_gets_everything_as_data() -> None:
    failure = Failure(
        Answer("intake", grpc.StatusCode.NOT_FOUND, "no case", reason="CASE_NOT_FOUND"),
        request_id="id-42",
    )
    data = error_data(failure)
    assert data["exit"] == 1
    assert data["reason"] == "CASE_NOT_FOUND"
    assert data["request_id"] == "id-42"
    assert error_data(Problem("which?", field="--site"))["exit"] == 2
