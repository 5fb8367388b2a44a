"""Bad input: a typed refusal with reason, field and sentences; nothing is written."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_pb2 as intake
from backstop.intake.v1 import intake_registration_pb2
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.harness import Caller, Inspector, refusal, sentences

CODE = grpc.StatusCode


def _request(**fields: Any) -> intake_registration_pb2.RegisterCaseRequest:
    values: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "site_id": "yuwu",
        "text": "食堂碗筷旧了",
        "channel": intake.CHANNEL_DESK,
        "place": "中央区餐厅",
        "reporter": intake.Reporter(
            kind=intake.REPORTER_KIND_EMPLOYEE, confidentiality=intake.CONFIDENTIALITY_ANONYMOUS
        ),
    } | fields
    return intake_registration_pb2.RegisterCaseRequest(**values)


def _future(**delta: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(datetime.now(UTC) + timedelta(**delta))
    return stamp


CASES = [
    (
        "unknown site",
        _request(site_id="nowhere"),
        CODE.FAILED_PRECONDITION,
        "SITE_UNKNOWN",
        "site_id",
    ),
    (
        "unknown unit",
        _request(unit_id="no-unit"),
        CODE.FAILED_PRECONDITION,
        "UNIT_UNKNOWN",
        "unit_id",
    ),
    (
        "unknown post",
        _request(post_id="no-post"),
        CODE.FAILED_PRECONDITION,
        "POST_UNKNOWN",
        "post_id",
    ),
    (
        "unknown category",
        _request(category="NO_SUCH"),
        CODE.FAILED_PRECONDITION,
        "CATEGORY_UNKNOWN",
        "category",
    ),
    ("no text", _request(text=""), CODE.INVALID_ARGUMENT, "INVALID_FIELD", "text"),
    ("blank text", _request(text=" \u3000"), CODE.INVALID_ARGUMENT, "INVALID_FIELD", "text"),
    ("text too long", _request(text="长" * 4001), CODE.INVALID_ARGUMENT, "INVALID_FIELD", "text"),
    ("nowhere", _request(place=""), CODE.INVALID_ARGUMENT, "INVALID_FIELD", ""),
    ("no channel", _request(channel=0), CODE.INVALID_ARGUMENT, "INVALID_FIELD", "channel"),
    ("unknown channel", _request(channel=99), CODE.INVALID_ARGUMENT, "INVALID_FIELD", "channel"),
    ("short id", _request(request_id="x"), CODE.INVALID_ARGUMENT, "INVALID_FIELD", "request_id"),
    ("control character", _request(text="a\0b"), CODE.INVALID_ARGUMENT, "INVALID_FIELD", "text"),
    (
        "in the future",
        _request(occurred_time=_future(minutes=10, days=900)),
        CODE.INVALID_ARGUMENT,
        "TIME_IN_FUTURE",
        "occurred_time",
    ),
    (
        "neither name nor anonymous",
        _request(reporter=intake.Reporter(kind=intake.REPORTER_KIND_EMPLOYEE)),
        CODE.INVALID_ARGUMENT,
        "REPORTER_MISSING",
        "reporter.name",
    ),
    (
        "anonymous with a name",
        _request(
            reporter=intake.Reporter(
                confidentiality=intake.CONFIDENTIALITY_ANONYMOUS, name="样例·某"
            )
        ),
        CODE.INVALID_ARGUMENT,
        "ANONYMOUS_WITH_IDENTITY",
        "reporter.name",
    ),
]


async def _written(inside: Inspector) -> tuple[int, int, int]:
    return (
        await inside.value("SELECT count(*) FROM intake.cases"),
        await inside.value("SELECT count(*) FROM intake.journal"),
        await inside.value("SELECT count(*) FROM intake.requests"),
    )


@pytest.mark.parametrize(
    ("request_", "code", "reason", "field"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
async def test_registration_is_refused_and_nothing_is_written(
    caller: Caller,
    inside: Inspector,
    request_: intake_registration_pb2.RegisterCaseRequest,
    code: grpc.StatusCode,
    reason: str,
    field: str,
) -> None:
    await inside.settle()
    before = await _written(inside)
    for language in ("zh-CN", "en"):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await caller.ask(
                caller.intake.RegisterCase,
                request_,
                "clerk",
                metadata=(("accept-language", language),),
            )
        assert refusal(refused.value) == (code, reason)
        sentence, fields = sentences(refused.value)
        chinese = any("\u4e00" <= character <= "\u9fff" for character in sentence)
        assert chinese == (language == "zh-CN"), sentence
        assert field in fields
    assert await _written(inside) == before


async def test_a_request_id_with_another_body_is_refused(caller: Caller, inside: Inspector) -> None:
    request = _request()
    first = await caller.ask(caller.intake.RegisterCase, request, "clerk")
    again = await caller.ask(caller.intake.RegisterCase, request, "clerk")
    assert again.case.case_id == first.case.case_id
    assert again.case.number == first.case.number
    assert again.receipt_code == first.receipt_code
    request.text = "别的事"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(caller.intake.RegisterCase, request, "clerk")
    assert refusal(refused.value) == (CODE.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
    count = await inside.value(
        "SELECT count(*) FROM intake.requests WHERE request_id = $1", request.request_id
    )
    assert count == 1


async def test_wrong_state_stale_version_and_no_deadline(caller: Caller) -> None:
    case = (await caller.register()).case
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(
            caller.intake.ConfirmCase,
            rpc.ConfirmCaseRequest(case_id=case.case_id, grade=intake.GRADE_SATISFIED),
            "support",
        )
    assert refusal(refused.value) == (CODE.FAILED_PRECONDITION, "WRONG_STATE")

    verify = rpc.VerifyCaseRequest(
        case_id=case.case_id, expected_version=case.version + 7, place="澡堂", findings="坏了"
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(caller.intake.VerifyCase, verify, "steward-3")
    assert refusal(refused.value) == (CODE.ABORTED, "VERSION_MISMATCH")

    for timeout in (None, 40.0):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await caller.ask(caller.intake.RegisterCase, _request(), "clerk", timeout=timeout)
        assert refusal(refused.value) == (CODE.INVALID_ARGUMENT, "DEADLINE_REQUIRED")


async def test_who_may_not_is_refused(caller: Caller) -> None:
    case = (await caller.register()).case
    close = rpc.CloseCaseRequest(case_id=case.case_id, outcome=intake.OUTCOME_SOLVED)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(caller.intake.CloseCase, close, "steward-3")
    assert refusal(refused.value) == (CODE.PERMISSION_DENIED, "PERMISSION_DENIED")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(caller.intake.GetCase, rpc.GetCaseRequest(case_id=case.case_id))
    assert refusal(refused.value) == (CODE.UNAUTHENTICATED, "UNAUTHENTICATED")


async def test_another_sites_case_is_as_if_it_were_not_there(caller: Caller) -> None:
    from deploy.local import tokens

    case = (await caller.register()).case
    stranger = tokens.Holder("stranger", "p1", ("DISPATCHER",), ("elsewhere",))
    path = caller.instance.tokens / "stranger.jwt"
    path.write_text(tokens.mint(caller.instance, stranger))
    answers = []
    for case_id in (case.case_id, str(uuid.uuid4())):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await caller.ask(caller.intake.GetCase, rpc.GetCaseRequest(case_id=case_id), "stranger")
        answers.append(refusal(refused.value))
    assert answers == [(CODE.NOT_FOUND, "CASE_NOT_FOUND")] * 2
