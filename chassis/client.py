"""Channels to the other services: every call with a deadline, an identity and its trace.

A deadline in the service config would give the server none, so the interceptor passes it with
each call; inside a call it never outlives the caller's, less a margin to answer in.
"""

import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from chassis import metrics
from chassis.call import call_context
from chassis.errors import Refused
from chassis.ids import new_id
from chassis.interceptors import TRACEPARENT, X_REQUEST_ID
from chassis.server import (
    KEEPALIVE_MILLISECONDS,
    KEEPALIVE_TIMEOUT_MILLISECONDS,
    LARGEST_MESSAGE_BYTES,
)
from chassis.tokens import ServiceTokens

DEFAULT_TIMEOUT_SECONDS = 5.0
# What the asker keeps of its own deadline, to answer with after a peer didn't.
_MARGIN_SECONDS = 0.05
_LEAST_SECONDS = 0.005

_Continuation = Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]]


def connect(
    peer: str,
    address: str,
    *,
    tokens: ServiceTokens | None = None,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    ca_file: Path | None = None,
    services: Sequence[ServiceDescriptor] = (),
) -> grpc.aio.Channel:
    """Opens a channel to a peer; connecting happens with the first call, and again by itself.

    `timeout` (seconds) is used where a call names none. `services` are those whose every
    method may be repeated: they get the retry policy for UNAVAILABLE.
    """
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),
        ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MILLISECONDS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MILLISECONDS),
        ("grpc.keepalive_permit_without_calls", 0),
        # A peer that restarts is back in a second; the default would wait up to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.enable_retries", 1),
        ("grpc.service_config", retry_policy(services)),
    ]
    interceptors: list[grpc.aio.ClientInterceptor] = [
        _UnaryCalls(peer, tokens, timeout),
        _StreamCalls(peer, tokens, timeout),
    ]
    if ca_file is None:
        return grpc.aio.insecure_channel(address, options=options, interceptors=interceptors)
    credentials = grpc.ssl_channel_credentials(root_certificates=ca_file.read_bytes())
    return grpc.aio.secure_channel(address, credentials, options=options, interceptors=interceptors)


def retry_policy(services: Sequence[ServiceDescriptor] = ()) -> str:
    """Returns the service config: four tries within about a second.

    Without services it applies to every method. That is safe by the suite's own rule: reads
    change nothing, and mutations carry a request id that makes a repetition a replay.
    """
    names: list[dict[str, str]] = [{"service": service.full_name} for service in services] or [{}]
    return json.dumps(
        {
            # A name that stands for several replicas is used for all of them, not for the first.
            "loadBalancingConfig": [{"round_robin": {}}],
            "methodConfig": [
                {
                    "name": names,
                    "retryPolicy": {
                        "maxAttempts": 4,
                        "initialBackoff": "0.1s",
                        "maxBackoff": "1s",
                        "backoffMultiplier": 2,
                        # A server that has begun to drain resets calls that reach it before its
                        # goodbye reaches the client; they were never looked at.
                        "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
                    },
                }
            ],
        }
    )


class _Calls:
    """What both kinds of call have in common."""

    def __init__(self, peer: str, tokens: ServiceTokens | None, timeout: float) -> None:
        self._peer = peer
        self._tokens = tokens
        self._timeout = timeout

    def _details(
        self, details: grpc.aio.ClientCallDetails, *, stream: bool
    ) -> grpc.aio.ClientCallDetails:
        context = call_context()
        pairs = list(details.metadata or ())
        given = {key for key, _ in pairs}
        if self._tokens is not None and "authorization" not in given:
            pairs.append(("authorization", f"Bearer {self._tokens.token()}"))
        if X_REQUEST_ID not in given:
            pairs.append((X_REQUEST_ID, context.x_request_id if context else new_id()))
        if context is not None and TRACEPARENT not in given:
            pairs.append((TRACEPARENT, context.trace))
        timeout = details.timeout
        if timeout is None and not stream:
            timeout = self._timeout
        return grpc.aio.ClientCallDetails(
            details.method,
            shave(timeout),
            grpc.aio.Metadata(*pairs),
            details.credentials,
            details.wait_for_ready,
        )

    @contextmanager
    def _measured(self) -> Iterator[None]:
        started = time.monotonic()
        code = "OK"
        try:
            yield
        except grpc.aio.AioRpcError as error:
            code = error.code().name
            raise
        finally:
            metrics.CLIENT_SECONDS.labels(peer=self._peer).observe(time.monotonic() - started)
            metrics.CLIENT_CODES.labels(peer=self._peer, code=code).inc()


def shave(timeout: float | None) -> float | None:
    """Returns the timeout, cut to what the call in hand has left less a margin.

    Raises Refused DEADLINE_EXCEEDED when too little is left to ask anybody anything.
    """
    context = call_context()
    remaining = context.remaining() if context is not None else None
    if remaining is None:
        return timeout
    left = remaining - _MARGIN_SECONDS
    if left < _LEAST_SECONDS:
        raise Refused("DEADLINE_EXCEEDED")
    return left if timeout is None else min(timeout, left)


class _UnaryCalls(_Calls, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self,
        continuation: _Continuation,
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        with self._measured():
            call = await continuation(self._details(client_call_details, stream=False), request)
            # Awaited here so that the measure covers the answer; gRPC hands the response on.
            return await call


class _StreamCalls(_Calls, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self,
        continuation: _Continuation,
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        return await continuation(self._details(client_call_details, stream=True), request)
