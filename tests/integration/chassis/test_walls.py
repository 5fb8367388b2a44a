"""Every wall refuses what it should, in a form that a client can act on."""

import asyncio
import base64
import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc
from chassis import accesslog
from chassis.actor import Actor
from chassis.errors import Refused
from chassis.inflight import Limits
from chassis.testing import Answer, Keys, bearer, read_refusal
from chassis.tokens import sign
from tests.integration.chassis.conftest import Feed, Serve

READ_SUBJECT = "/backstop.operations.v1.FeedService/ReadSubject"


def ask(subject_id: str = "s", from_version: int = 1, page_size: int = 0) -> pb.ReadSubjectRequest:
    return pb.ReadSubjectRequest(
        subject_id=subject_id, from_version=from_version, page_size=page_size
    )


def operator(keys: Keys, **claims: Any) -> tuple[tuple[str, str], ...]:
    return bearer(keys.person("p-7", ["OPERATOR"], ["north"], **claims))


def raw(channel: grpc.aio.Channel, method: str) -> Any:
    """Returns the method as one that takes bytes, whatever the proto says."""
    return channel.unary_unary(method)


async def refusal(call: Any) -> Answer:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return read_refusal(caught.value)


async def test_handler_learns_who_calls(stub: Any, feed: Feed, keys: Keys) -> None:
    await stub.ReadSubject(ask(), timeout=5, metadata=operator(keys, acting_for="p-2"))
    (call,) = feed.calls
    assert call.actor == Actor(
        "p-7", frozenset({"OPERATOR"}), frozenset({"north"}), acting_for="p-2"
    )
    assert call.method == READ_SUBJECT
    assert call.language == "zh-CN"


async def test_service_calls_as_itself(stub: Any, feed: Feed, keys: Keys) -> None:
    await stub.ReadSubject(ask(), timeout=5, metadata=bearer(keys.service_token("sla")))
    assert feed.calls[0].actor.service_name == "sla"
    assert feed.calls[0].actor.may_see("any site")


async def test_service_not_in_the_rule_is_denied(stub: Any, feed: Feed, keys: Keys) -> None:
    token = keys.service_token("stranger")
    answer = await refusal(stub.ReadSubject(ask(), timeout=5, metadata=bearer(token)))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    )
    assert not feed.calls


@pytest.mark.parametrize("roles", [[], ["CLERK"], ["ROLE_OPERATOR"], ["operator"]])
async def test_role_not_in_the_rule_is_denied(
    stub: Any, feed: Feed, keys: Keys, roles: list[str]
) -> None:
    token = keys.person("p-1", roles)
    answer = await refusal(stub.ReadSubject(ask(), timeout=5, metadata=bearer(token)))
    assert answer.reason == "PERMISSION_DENIED"
    assert "OPERATOR" in answer.metadata["needed"]
    assert not feed.calls


async def test_no_token_is_unauthenticated(stub: Any, feed: Feed) -> None:
    answer = await refusal(stub.ReadSubject(ask(), timeout=5))
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    assert not feed.calls


def _none_algorithm(keys: Keys) -> str:
    payload = jwt.decode(keys.person("p", ["OPERATOR"]), options={"verify_signature": False})
    parts = ({"alg": "none", "kid": "people"}, payload)
    text = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*text, ""])


def _shared_secret(keys: Keys) -> str:
    payload = jwt.decode(keys.person("p", ["OPERATOR"]), options={"verify_signature": False})
    return jwt.encode(payload, "k" * 32, algorithm="HS256", headers={"kid": "people"})


def _with_claims(keys: Keys, **claims: Any) -> str:
    token = keys.person("p", ["OPERATOR"])
    payload = jwt.decode(token, options={"verify_signature": False})
    return sign(keys.people, kid="people", claims=payload | claims)


def _foreign_key(keys: Keys) -> str:
    payload = jwt.decode(keys.person("p", ["OPERATOR"]), options={"verify_signature": False})
    return sign(Ed25519PrivateKey.generate(), kid="people", claims=payload)


def _service_by_peoples_key(keys: Keys) -> str:
    return keys.person("service:sla", ["OPERATOR"])


def _other_service(keys: Keys) -> str:
    claims = {"sub": "service:sla", "iss": "service:stranger", "aud": "backstop", "exp": 2**33}
    return sign(keys.service("stranger"), kid="service:stranger", claims=claims)


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        (lambda keys: keys.person("p", ["OPERATOR"], lifetime=timedelta(minutes=-5)), "expired"),
        (lambda keys: keys.person("p", ["OPERATOR"], iss="elsewhere"), "issuer"),
        (lambda keys: keys.person("p", ["OPERATOR"], aud="elsewhere"), "audience"),
        (lambda keys: _with_claims(keys, roles="OPERATOR"), "claims"),
        (lambda keys: _with_claims(keys, sites=[1]), "claims"),
        (lambda keys: _with_claims(keys, sub=""), "subject"),
        (lambda keys: keys.person("p", ["OPERATOR"], exp="soon"), "claims"),
        (_none_algorithm, "algorithm"),
        (_shared_secret, "algorithm"),
        (_foreign_key, "signature"),
        (_service_by_peoples_key, "subject"),
        (_other_service, "subject"),
        (lambda _: "not.a.token", "malformed"),
        (lambda _: "x" * 9_000, "too long"),
    ],
)
async def test_token_that_cant_be_believed(
    stub: Any, feed: Feed, keys: Keys, token: Any, problem: str
) -> None:
    answer = await refusal(stub.ReadSubject(ask(), timeout=5, metadata=bearer(token(keys))))
    assert answer.reason == "UNAUTHENTICATED"
    assert answer.metadata == {"problem": problem}
    assert not feed.calls


@pytest.mark.parametrize("timeout", [None, 60.0])
async def test_deadline_is_demanded(
    stub: Any, feed: Feed, keys: Keys, timeout: float | None
) -> None:
    answer = await refusal(stub.ReadSubject(ask(), timeout=timeout, metadata=operator(keys)))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "DEADLINE_REQUIRED",
    )
    assert not feed.calls


async def test_longest_deadline_passes(stub: Any, feed: Feed, keys: Keys) -> None:
    await stub.ReadSubject(ask(), timeout=30, metadata=operator(keys))
    (remaining,) = feed.remaining
    assert remaining is not None
    assert 25 < remaining <= 31  # the wall's own second of grace


@pytest.mark.parametrize(
    ("asked", "locale", "word"),
    [
        ("", "zh-CN", "字段"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "字段"),
        ("en-GB,en;q=0.9", "en", "field"),
        ("fr", "zh-CN", "字段"),
    ],
)
async def test_invalid_fields_are_named_in_the_callers_language(
    stub: Any, feed: Feed, keys: Keys, asked: str, locale: str, word: str
) -> None:
    metadata = operator(keys) + ((("accept-language", asked),) if asked else ())
    answer = await refusal(stub.ReadSubject(ask("", 0), timeout=5, metadata=metadata))
    assert (answer.code, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert answer.fields == ("subject_id", "from_version")
    assert answer.locale == locale
    assert word in answer.sentence
    assert "subject_id" in answer.sentence
    assert not feed.calls


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31mred", "\x7f", "\x85"])
async def test_control_characters_are_refused(stub: Any, feed: Feed, keys: Keys, text: str) -> None:
    answer = await refusal(stub.ReadSubject(ask(text), timeout=5, metadata=operator(keys)))
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("subject_id",))
    assert not feed.calls


@pytest.mark.parametrize("body", [b"\x0a\x02\xff\xff", b"\x0a\x7f", b"\xff\xff\xff"])
async def test_unreadable_body_is_the_callers_fault(serve: Serve, keys: Keys, body: bytes) -> None:
    async with serve() as (_, address), grpc.aio.insecure_channel(address) as channel:
        answer = await refusal(raw(channel, READ_SUBJECT)(body, timeout=5, metadata=operator(keys)))
    assert (answer.code, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_stranger_learns_nothing_about_bodies(serve: Serve) -> None:
    async with serve() as (_, address), grpc.aio.insecure_channel(address) as channel:
        answer = await refusal(raw(channel, READ_SUBJECT)(b"\xff", timeout=5))
    assert answer.reason == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("roles", "name"),
    [
        (["REPORTER"], "reporter"),
        (["OPERATOR"], "w-99"),
        # Staff act in their own name, and so they do where they also have cases of their own.
        (["REPORTER", "OPERATOR"], "w-99"),
    ],
)
async def test_the_log_names_no_reporter(
    stub: Any, keys: Keys, monkeypatch: pytest.MonkeyPatch, roles: list[str], name: str
) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(accesslog.access_log, "write", lambda _, **fields: lines.append(fields))
    metadata = bearer(keys.person("w-99", roles, acting_for="w-98"))
    with suppress(grpc.aio.AioRpcError):  # reporters may not; it is logged all the same
        await stub.ReadSubject(ask(), timeout=5, metadata=metadata)
    (line,) = lines
    assert line["actor"] == name
    assert ("w-99" in repr(line)) == (name == "w-99")
    assert "w-98" not in repr(line)


async def test_request_id_comes_back(stub: Any, keys: Keys) -> None:
    metadata = (*operator(keys), ("x-request-id", "mine-1"))
    call = stub.ReadSubject(ask(), timeout=5, metadata=metadata)
    await call
    assert ("x-request-id", "mine-1") in tuple(await call.trailing_metadata())
    answer = await refusal(stub.ReadSubject(ask(""), timeout=5, metadata=metadata))
    assert answer.x_request_id == "mine-1"


async def test_request_id_is_made_when_absent(stub: Any, keys: Keys) -> None:
    call = stub.ReadSubject(ask(), timeout=5, metadata=operator(keys))
    await call
    made = dict(await call.trailing_metadata())["x-request-id"]
    assert len(str(made)) == 36


async def test_internal_fault_hides_its_details(stub: Any, feed: Feed, keys: Keys) -> None:
    feed.failures["boom"] = ValueError("secret of 王五 13800000000")
    answer = await refusal(stub.ReadSubject(ask("boom"), timeout=5, metadata=operator(keys)))
    assert (answer.code, answer.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert answer.metadata == {"x_request_id": answer.x_request_id}
    assert "secret" not in repr(answer)


async def test_reason_in_no_proto_is_an_internal_fault(stub: Any, keys: Keys) -> None:
    call = stub.ReadSubject(ask("unknown-reason"), timeout=5, metadata=operator(keys))
    answer = await refusal(call)
    assert answer.reason == "INTERNAL"


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.ConnectionDoesNotExistError("connection was closed"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.DiskFullError("could not extend file"),
        ConnectionRefusedError(111, "refused"),
        TimeoutError(),
    ],
)
async def test_absent_database_is_unavailable(
    stub: Any, feed: Feed, keys: Keys, error: Exception
) -> None:
    feed.failures["db"] = error
    answer = await refusal(stub.ReadSubject(ask("db"), timeout=5, metadata=operator(keys)))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.UNAVAILABLE,
        "DEPENDENCY_UNAVAILABLE",
    )
    assert answer.metadata == {"dependency": "postgres"}
    assert answer.retry


async def test_refusal_carries_code_domain_and_metadata(stub: Any, feed: Feed, keys: Keys) -> None:
    feed.failures["old"] = Refused("VERSION_MISMATCH", expected=3, actual=4)
    answer = await refusal(stub.ReadSubject(ask("old"), timeout=5, metadata=operator(keys)))
    assert (answer.code, answer.domain) == (grpc.StatusCode.ABORTED, "test.backstop")
    assert answer.metadata == {"expected": "3", "actual": "4"}
    assert "第 3 版" in answer.sentence


async def test_deadline_that_passes_is_told_in_words(stub: Any, feed: Feed, keys: Keys) -> None:
    answer = await refusal(stub.ReadSubject(ask("wait"), timeout=0.5, metadata=operator(keys)))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
    )
    assert feed.entered.is_set()


async def test_one_too_many_is_asked_to_come_back(serve: Serve, feed: Feed, keys: Keys) -> None:
    async with (
        serve(limits=Limits(calls=1)) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        stub = pb_grpc.FeedServiceStub(channel)
        first = asyncio.ensure_future(
            stub.ReadSubject(ask("wait"), timeout=10, metadata=operator(keys))
        )
        await asyncio.wait_for(feed.entered.wait(), 5)
        answer = await refusal(stub.ReadSubject(ask(), timeout=5, metadata=operator(keys)))
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "OVERLOADED",
        )
        assert answer.retry
        feed.release.set()
        await first
        await stub.ReadSubject(ask(), timeout=5, metadata=operator(keys))


async def test_unknown_method_has_a_reason(serve: Serve) -> None:
    async with serve() as (_, address), grpc.aio.insecure_channel(address) as channel:
        answer = await refusal(raw(channel, "/backstop.none.v1.None/Nothing")(b"", timeout=5))
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")
