"""Calls to the four services: one deadline, one identity, and the same request id on every try.

A mutation that got no answer may have happened. Repeating it with its request id is the suite's
own rule for finding out, so that is what `Client.call` does, a few times, by itself.
"""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import grpc
from google.protobuf.message import Message

from backstop.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from backstop.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from backstop.operations.v1.operations_service_pb2_grpc import (
    FeedServiceStub,
    OperationsServiceStub,
)
from backstop.routing.v1.routing_service_pb2_grpc import RoutingServiceStub
from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceStub
from ctl import bounds
from ctl.failures import Failure, answer_of
from ctl.settings import Settings

if TYPE_CHECKING:
    # These exist for the type checker alone.
    from backstop.intake.v1.intake_service_pb2_grpc import IntakeServiceAsyncStub
    from backstop.notify.v1.notify_service_pb2_grpc import NotifyServiceAsyncStub
    from backstop.operations.v1.operations_service_pb2_grpc import (
        FeedServiceAsyncStub,
        OperationsServiceAsyncStub,
    )
    from backstop.routing.v1.routing_service_pb2_grpc import RoutingServiceAsyncStub
    from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceAsyncStub

TIMEOUT_SECONDS = 10.0
# Waits between tries; with jitter, so that many clients don't come back together.
BACKOFF_SECONDS = (0.2, 0.6, 1.5)
# CANCELLED is how a server that drains resets a call that crossed its last word.
_RETRIED = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
)

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


def new_request_id() -> str:
    """Returns a fresh request id."""
    return str(uuid.uuid4())


class Connections:
    """Channels to the services, opened with the first use and shared by all clients."""

    def __init__(self, endpoints: Mapping[str, str], ca_file: Path | None = None) -> None:
        self._settings = Settings(endpoints=endpoints)
        self._ca_file = ca_file
        self._channels: dict[str, grpc.aio.Channel] = {}

    def channel(self, service: str) -> grpc.aio.Channel:
        """Returns the service's channel; Problem when its address isn't known."""
        if service not in self._channels:
            self._channels[service] = self._open(self._settings.endpoint(service))
        return self._channels[service]

    def _open(self, address: str) -> grpc.aio.Channel:
        options = [
            # The suite is on this machine or in the same network, never behind a web proxy.
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", 32 * 1024 * 1024),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2_000),
        ]
        if self._ca_file is None:
            return grpc.aio.insecure_channel(address, options=options)
        roots = grpc.ssl_channel_credentials(root_certificates=self._ca_file.read_bytes())
        return grpc.aio.secure_channel(address, roots, options=options)

    async def close(self) -> None:
        """Ends all channels."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()


class Client:
    """One caller of the suite."""

    def __init__(
        self,
        connections: Connections,
        *,
        token: str = "",
        language: str = "zh",
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._connections = connections
        self._timeout = timeout
        self._language = language
        metadata = [("accept-language", "en" if language == "en" else "zh-CN")]
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        self._metadata = tuple(metadata)

    @property
    def intake(self) -> "IntakeServiceAsyncStub":
        return IntakeServiceStub(self._connections.channel("intake"))

    @property
    def routing(self) -> "RoutingServiceAsyncStub":
        return RoutingServiceStub(self._connections.channel("routing"))

    @property
    def sla(self) -> "SlaServiceAsyncStub":
        return SlaServiceStub(self._connections.channel("sla"))

    @property
    def notify(self) -> "NotifyServiceAsyncStub":
        return NotifyServiceStub(self._connections.channel("notify"))

    def operations(self, service: str) -> "OperationsServiceAsyncStub":
        """Returns the operator's stub of one service."""
        return OperationsServiceStub(self._connections.channel(service))

    def feed(self, service: str) -> "FeedServiceAsyncStub":
        """Returns the stub for reading one service's facts."""
        return FeedServiceStub(self._connections.channel(service))

    async def call(
        self,
        service: str,
        method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]",
        request: Request,
        *,
        repeat: bool = True,
        timeout: float | None = None,
    ) -> Response:
        """Calls, and repeats the very same request while nobody answers.

        `repeat` is False for the few calls that are neither reads nor carry a request id.
        Raises Failure, and Problem for a text that is too long to be sent.
        """
        bounds.check(request, language=self._language)
        waits = BACKOFF_SECONDS if repeat else ()
        for wait in (*waits, None):
            try:
                return await method(
                    request, timeout=timeout or self._timeout, metadata=self._metadata
                )
            except grpc.aio.AioRpcError as error:
                if wait is None or error.code() not in _RETRIED:
                    raise Failure(
                        answer_of(service, error), request_id=getattr(request, "request_id", "")
                    ) from None
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
        raise AssertionError("the last try returns or raises")

    async def stream(
        self,
        service: str,
        method: "grpc.aio.UnaryStreamMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout: float,
    ) -> AsyncIterator[Response]:
        """Calls a method that answers piece by piece; nothing is repeated. Raises as `call`."""
        bounds.check(request, language=self._language)
        try:
            async for piece in method(request, timeout=timeout, metadata=self._metadata):
                yield piece
        except grpc.aio.AioRpcError as error:
            raise Failure(answer_of(service, error)) from None
