"""The gRPC server of a service: what it listens on, what it bears, how it starts and drains."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from grpc_channelz.v1 import channelz
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chassis import metrics
from chassis.access import check_services
from chassis.call import fingerprint_key
from chassis.errors import Catalogue
from chassis.inflight import Limits
from chassis.interceptors import Walls
from chassis.settings import is_loopback
from chassis.telemetry import Tracing
from chassis.tokens import TokenVerifier
from chassis.validation import warm

_log = structlog.get_logger(__name__)

LARGEST_MESSAGE_BYTES = 4 * 1024 * 1024
# A client pings every 30 s (client.py); the server allows twice that, and pings idle ones itself.
KEEPALIVE_MILLISECONDS = 30_000
KEEPALIVE_TIMEOUT_MILLISECONDS = 10_000

_SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", KEEPALIVE_MILLISECONDS * 2),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MILLISECONDS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MILLISECONDS // 2),
    ("grpc.http2.max_ping_strikes", 3),
    # Two processes on one port would answer by turns; a start must fail instead.
    ("grpc.so_reuseport", 0),
    # Headers above this are refused by gRPC itself; tokens are the largest of ours.
    ("grpc.max_metadata_size", 16 * 1024),
)
# Behind the walls' own limit, which answers in words, stands gRPC's, which doesn't.
_BEHIND_THE_LIMIT = 4


@dataclass(frozen=True, slots=True)
class Registration:
    """One gRPC service and who serves it."""

    descriptor: ServiceDescriptor
    # The generated add_<Service>Servicer_to_server.
    add: Callable[[Any, Any], None]
    servicer: object


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of the server's identity."""

    certificate: Path
    key: Path


class _GenericOnly:
    """Registers handlers in gRPC's generic way only.

    grpc.aio waits for the next call of every method registered by name at once, so that each
    call costs time in proportion to their number; generic handlers share
    one wait, and the walls remember which handler a method has.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """Leaves them out; see above."""


class PlaintextRefusedError(Exception):
    """The address can be reached from elsewhere, and nothing encrypts the calls."""


class Server:
    """A grpc.aio server with the walls up; not accepting calls until `start`."""

    def __init__(
        self,
        registrations: Sequence[Registration],
        *,
        address: str,
        catalogue: Catalogue,
        verifier: TokenVerifier,
        pepper: bytes,
        tracing: Tracing | None = None,
        tls: TlsFiles | None = None,
        allow_plaintext: bool = False,
        enable_reflection: bool = False,
        limits: Limits | None = None,
    ) -> None:
        """Raises MissingAccessRuleError, PlaintextRefusedError, OSError when the port is taken."""
        descriptors = [registration.descriptor for registration in registrations]
        limits = limits or Limits()
        self._walls = Walls(
            rules=check_services(descriptors),
            catalogue=catalogue,
            verifier=verifier,
            tracing=tracing or Tracing(catalogue.service),
            fingerprint_key=fingerprint_key(pepper),
            limits=limits,
        )
        warm(descriptors)
        self._server = grpc.aio.server(
            interceptors=[self._walls],
            options=_SERVER_OPTIONS,
            maximum_concurrent_rpcs=(limits.calls + limits.streams) * _BEHIND_THE_LIMIT,
        )
        generic: Any = _GenericOnly(self._server)
        for registration in registrations:
            registration.add(registration.servicer, generic)
        self._names = ["", *(descriptor.full_name for descriptor in descriptors)]
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, generic)
        if enable_reflection:
            names = [*self._names[1:], "grpc.health.v1.Health", reflection.SERVICE_NAME]
            reflection.enable_server_reflection(names, generic)
        # Channelz tells peers' addresses and costs nothing; for this machine's eyes only.
        if is_loopback(address):
            channelz.add_channelz_servicer(generic)
        self.port = self._bind(address, tls, allow_plaintext)

    def _bind(self, address: str, tls: TlsFiles | None, allow_plaintext: bool) -> int:
        if tls is not None:
            credentials = grpc.ssl_server_credentials(
                [(tls.key.read_bytes(), tls.certificate.read_bytes())]
            )
            port = self._server.add_secure_port(address, credentials)
        elif allow_plaintext or is_loopback(address):
            port = self._server.add_insecure_port(address)
        else:
            raise PlaintextRefusedError(
                f"{address} without TLS; BACKSTOP_ALLOW_PLAINTEXT would allow it"
            )
        if not port:
            raise OSError(f"can't listen on {address}")
        return port

    @property
    def walls(self) -> Walls:
        """The interceptor, for its count of calls in flight."""
        return self._walls

    async def start(self) -> None:
        """Listens, and answers SERVING to health checks of every service and of ""."""
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)
        metrics.SERVING.set(1)
        _log.info("serving", port=self.port)

    async def drain(self, grace: float = 20.0) -> None:
        """Tells probes NOT_SERVING, takes no new calls, and waits for those in flight.

        Streams that go on are told, and end by themselves (`CallContext.draining`).
        After `grace` seconds what is still running is cancelled. Streams that only watch health
        don't hold the end up.
        """
        metrics.SERVING.set(0)
        self._walls.drain()
        await self._health.enter_graceful_shutdown()
        stopping = asyncio.ensure_future(self._server.stop(grace))
        try:
            async with asyncio.timeout(grace):
                await self._walls.in_flight.idle()
        except TimeoutError:
            _log.warning(
                "drain_cut_short",
                calls=self._walls.in_flight.calls,
                streams=self._walls.in_flight.streams,
            )
        await self._server.stop(None)
        await stopping

    async def _set_health(self, status: Any) -> None:
        for name in self._names:
            await self._health.set(name, status)
