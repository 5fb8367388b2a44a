"""Which answers of a peer mean that it is away, and which that somebody has made a mistake."""

import grpc
import pytest

from chassis.failures import PEER, dependency_of


def answer(code: grpc.StatusCode, words: str = "") -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), words)


@pytest.mark.parametrize(
    "error",
    [
        answer(grpc.StatusCode.UNAVAILABLE),
        answer(grpc.StatusCode.DEADLINE_EXCEEDED),
        # Ours, which carries a reason, and gRPC's own.
        answer(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy"),
        answer(grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!"),
    ],
    ids=str,
)
def test_a_peer_that_is_gone_late_or_sheds_load_is_away(error: grpc.aio.AioRpcError) -> None:
    assert dependency_of(error) == PEER


@pytest.mark.parametrize(
    "error",
    [
        answer(grpc.StatusCode.INTERNAL),
        answer(grpc.StatusCode.INVALID_ARGUMENT),
        # No waiting makes it smaller.
        answer(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CLIENT: Received message larger than max (5000000 vs. 4194304)",
        ),
        answer(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CLIENT: Sent message larger than max (5000000 vs. 4194304)",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_none(error: grpc.aio.AioRpcError) -> None:
    assert dependency_of(error) is None
