"""A refusal becomes exactly one ErrorInfo, one sentence, and the details it has."""

from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.rpc import error_details_pb2, status_pb2

from backstop.error.v1 import error_reason_pb2
from chassis.errors import (
    CHINESE,
    ENGLISH,
    RETRY_AFTER,
    FieldViolation,
    Precondition,
    Refused,
    Retry,
    catalogue,
    language_of,
    reason_of,
)

REASONS = catalogue("intake")


def unpack(status: status_pb2.Status, kind: type[Any]) -> list[Any]:
    found = []
    for detail in status.details:
        message = kind()
        if detail.Unpack(message):
            found.append(message)
    return found


def enum_of(package: str, **values: int) -> Any:
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package)
    file.syntax = "proto3"
    enum = file.enum_type.add(name="ErrorReason")
    for name, number in values.items():
        enum.value.add(name=name, number=number)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool.FindEnumTypeByName(f"{package}.ErrorReason")


def test_status_of_a_refusal() -> None:
    refused = Refused(
        "OVERLOADED",
        fields=[FieldViolation("a.b", "is wrong")],
        preconditions=[Precondition("STATE", "case-1", "is closed")],
        retry_after=timedelta(seconds=1.5),
        some=3,
    )
    status = REASONS.status(refused, CHINESE)
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    (info,) = unpack(status, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == ("OVERLOADED", "intake.backstop")
    assert dict(info.metadata) == {"some": "3"}
    (sentence,) = unpack(status, error_details_pb2.LocalizedMessage)
    assert sentence.locale == "zh-CN"
    assert sentence.message == "系统繁忙，请稍后再试。"
    (retry,) = unpack(status, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToTimedelta() == timedelta(seconds=1.5)
    (request,) = unpack(status, error_details_pb2.BadRequest)
    assert [v.field for v in request.field_violations] == ["a.b"]
    (failure,) = unpack(status, error_details_pb2.PreconditionFailure)
    assert failure.violations[0].subject == "case-1"
    assert len(status.details) == 5


@pytest.mark.parametrize("reason", ["OVERLOADED", "DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_where_the_same_request_may_come_again_it_is_told_when(reason: str) -> None:
    (retry,) = unpack(REASONS.status(Refused(reason), CHINESE), error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToTimedelta() == RETRY_AFTER
    longer = Refused(reason, retry_after=timedelta(seconds=10))
    (retry,) = unpack(REASONS.status(longer, CHINESE), error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToTimedelta() == timedelta(seconds=10)


@pytest.mark.parametrize("reason", ["VERSION_MISMATCH", "INVALID_FIELD", "NOT_IN_DEMONSTRATION"])
def test_where_it_may_not_no_delay_is_named(reason: str) -> None:
    hasty = Refused(reason, retry_after=timedelta(seconds=1))
    assert not unpack(REASONS.status(hasty, CHINESE), error_details_pb2.RetryInfo)


def test_retry_follows_the_code_unless_the_reason_says_otherwise() -> None:
    retries = {name: REASONS.meanings[name].retry for name in REASONS.meanings}
    assert retries["OVERLOADED"] is Retry.SAME_REQUEST
    assert retries["VERSION_MISMATCH"] is Retry.READ_AGAIN
    assert retries["REPLAY_FAILED"] is Retry.READ_AGAIN
    # Of the same code as the one before.
    assert retries["NOT_IN_DEMONSTRATION"] is Retry.NEVER
    assert retries["INVALID_FIELD"] is Retry.NEVER


def test_sentence_is_filled_in_both_languages() -> None:
    refused = Refused("VERSION_MISMATCH", expected=3, actual=4)
    assert "第 3 版，现为第 4 版" in REASONS.sentence(refused, CHINESE)
    assert "version 3, it is 4" in REASONS.sentence(refused, ENGLISH)


def test_the_usual_field_is_named_unless_others_are() -> None:
    status = REASONS.status(Refused("TIME_IN_FUTURE", field="occurred_time"), CHINESE)
    (request,) = unpack(status, error_details_pb2.BadRequest)
    assert [v.field for v in request.field_violations] == ["occurred_time"]
    assert request.field_violations[0].description == "时间 occurred_time 在将来。"
    named = Refused("TIME_IN_FUTURE", field="a", fields=[FieldViolation("b.c", "too late")])
    (request,) = unpack(REASONS.status(named, CHINESE), error_details_pb2.BadRequest)
    assert [v.field for v in request.field_violations] == ["b.c"]
    assert not unpack(REASONS.status(Refused("OVERLOADED"), CHINESE), error_details_pb2.BadRequest)


def test_missing_word_leaves_a_dash() -> None:
    assert REASONS.sentence(Refused("PERMISSION_DENIED"), ENGLISH).endswith("one of: —.")


def test_braces_in_values_are_only_text() -> None:
    refused = Refused("NOT_IN_QUARANTINE", quarantine_id="{reason.__class__}")
    assert "{reason.__class__}" in REASONS.sentence(refused, ENGLISH)


def test_reason_in_no_proto_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        REASONS.status(Refused("NO_SUCH_REASON"), CHINESE)


def test_details_fit_into_a_header() -> None:
    fields = [FieldViolation(f"field[{i}]" * 50, "描述" * 500) for i in range(1_000)]
    status = REASONS.status(Refused("INVALID_FIELD", fields=fields, field="长" * 9_000), CHINESE)
    (request,) = unpack(status, error_details_pb2.BadRequest)
    assert len(request.field_violations) >= 1
    assert status.ByteSize() < 7_000


def test_value_without_meaning_is_refused() -> None:
    bad = enum_of("a.v1", ERROR_REASON_UNSPECIFIED=0, ERROR_REASON_BLUE=1)
    with pytest.raises(ValueError, match="ERROR_REASON_BLUE has no"):
        catalogue("a", bad)


def test_name_used_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from chassis import errors

    once = errors._read([error_reason_pb2.ErrorReason.DESCRIPTOR])
    twice = [*once, *errors._read([error_reason_pb2.ErrorReason.DESCRIPTOR])]
    monkeypatch.setattr(errors, "_read", lambda _: twice)
    with pytest.raises(ValueError, match="stands in two"):
        catalogue("a")


def test_every_common_reason_has_a_code_and_two_sentences() -> None:
    values = error_reason_pb2.ErrorReason.DESCRIPTOR.values[1:]
    assert len(REASONS.meanings) == len(values)
    for value in values:
        reason = value.name.removeprefix("ERROR_REASON_")
        assert REASONS.code(reason) is not grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("header", "language"),
    [("", CHINESE), ("en", ENGLISH), ("EN-us, zh", ENGLISH), ("zh, en", CHINESE), ("de", CHINESE)],
)
def test_language_of_header(header: str, language: str) -> None:
    assert language_of(header) == language


def test_reason_of_a_peers_refusal() -> None:
    status = REASONS.status(Refused("OVERLOADED"), CHINESE)
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    error = grpc.aio.AioRpcError(
        grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.aio.Metadata(), trailing, "busy"
    )
    assert reason_of(error) == "OVERLOADED"
    bare = grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata()
    )
    assert reason_of(bare) == ""


def test_text_of_a_refusal_is_for_logs() -> None:
    assert str(Refused("VERSION_MISMATCH", expected=1)) == "VERSION_MISMATCH (expected=1)"
