"""A call is repeated with the very same request while nobody answers, and only then."""

from typing import Any

import grpc
import pytest

from backstop.intake.v1 import intake_service_pb2
from ctl import connection
from ctl.connection import Client, Connections
from ctl.failures import Failure, Problem


class Method:
    """An RPC that gives the answers it was told to, and remembers what it was asked."""

    def __init__(self, *answers: grpc.StatusCode | None) -> None:
        self._answers = list(answers)
        self.requests: list[intake_service_pb2.CloseCaseRequest] = []
        self.metadata: list[tuple[str, str]] = []
        self.timeouts: list[float] = []

    async def __call__(
        self, request: Any, *, timeout: float, metadata: Any
    ) -> intake_service_pb2.CloseCaseResponse:
        self.requests.append(request)
        self.timeouts.append(timeout)
        self.metadata = list(metadata)
        answer = self._answers.pop(0)
        if answer is None:
            return intake_service_pb2.CloseCaseResponse()
        raise grpc.aio.AioRpcError(answer, grpc.aio.Metadata(), grpc.aio.Metadata())


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(connection, "BACKOFF_SECONDS", (0.0, 0.0, 0.0))
    return Client(Connections({}), token="t", language="en")


AWAY, LATE = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED
REQUEST = intake_service_pb2.CloseCaseRequest(request_id="same-every-time")


async def _call(client: Client, method: Method, **options: Any) -> None:
    await client.call("intake", method, REQUEST, **options)  # type: ignore[arg-type]  # stands in for a stub's method


async def test_a_service_that_is_away_is_asked_again_with_the_same_id(client: Client) -> None:
    method = Method(AWAY, LATE, None)
    await _call(client, method)
    assert [request.request_id for request in method.requests] == ["same-every-time"] * 3


async def test_after_a_few_tries_it_is_given_up_with_the_id(client: Client) -> None:
    method = Method(AWAY, AWAY, AWAY, AWAY, None)
    with pytest.raises(Failure) as caught:
        await _call(client, method)
    assert len(method.requests) == 4
    assert caught.value.request_id == "same-every-time"


async def test_a_refusal_is_not_asked_again(client: Client) -> None:
    method = Method(grpc.StatusCode.FAILED_PRECONDITION, None)
    with pytest.raises(Failure):
        await _call(client, method)
    assert len(method.requests) == 1


async def test_a_call_that_may_not_be_repeated_is_not(client: Client) -> None:
    method = Method(AWAY, None)
    with pytest.raises(Failure):
        await _call(client, method, repeat=False)
    assert len(method.requests) == 1


async def test_every_call_has_a_deadline_a_token_and_a_language(client: Client) -> None:
    method = Method(None)
    await _call(client, method)
    assert 0 < method.timeouts[0] <= 30
    assert ("authorization", "Bearer t") in method.metadata
    assert ("accept-language", "en") in method.metadata


async def test_without_a_token_nothing_is_claimed() -> None:
    method = Method(None)
    await _call(Client(Connections({})), method)
    assert method.metadata == [("accept-language", "zh-CN")]


def test_an_address_that_is_not_known_is_a_problem() -> None:
    with pytest.raises(Problem, match="sla"):
        Connections({"intake": "a:1"}).channel("sla")
