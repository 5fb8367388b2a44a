"""`serve`: opens everything in order, serves, and closes it in the reverse order.

Ready means: the pools are open and the server listens. The broker isn't waited for, since calls
are answered and facts written without it. At the end: probes are told, no new calls, calls in
flight finish, workers and consumers finish their batch, the relay publishes what is left, pools
close, telemetry is sent.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import grpc
import structlog

from chassis import metrics
from chassis.broker import Broker
from chassis.client import connect
from chassis.clock import ClockGuard
from chassis.commands import check_files
from chassis.database import Database
from chassis.foundation import Foundation, lay
from chassis.inbox import InboxState
from chassis.pages import PageTokens
from chassis.patience import StoppedWaiting, patiently
from chassis.process import WorkerGroup, run_until_signal
from chassis.server import Server, TlsFiles
from chassis.settings import ServiceSettings, SettingsError, split_address
from chassis.spec import Parts, Runtime, S, ServiceSpec
from chassis.telemetry import MetricsPage, Tracing
from chassis.tokens import ServiceTokens, TokenVerifier, read_private_key

_log = structlog.get_logger(__name__)

CALLS_GRACE_SECONDS = 20.0
WORKERS_GRACE_SECONDS = 10.0
RELAY_GRACE_SECONDS = 5.0


def serve(spec: ServiceSpec[S], settings: S) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    check_files(spec, settings)
    return run_until_signal(lambda stop: serve_until(spec, settings, stop))


async def serve_until(
    spec: ServiceSpec[S],
    settings: S,
    stop: asyncio.Event,
    *,
    ready: asyncio.Event | None = None,
) -> int:
    """Serves until `stop` is set; sets `ready` once health checks say SERVING."""
    started = time.monotonic()
    async with AsyncExitStack() as closing:
        try:
            server = await _open(spec, settings, stop, closing)
        except StoppedWaiting:
            return 0
        _log.info("ready", port=server.port, seconds=round(time.monotonic() - started, 3))
        if ready is not None:
            ready.set()
        await stop.wait()
    _log.info("stopped")
    return 0


async def _open(
    spec: ServiceSpec[S], settings: S, stop: asyncio.Event, closing: AsyncExitStack
) -> Server:
    """Opens everything; what was opened is closed by the stack, last first."""
    tracing = Tracing(spec.name, endpoint=settings.otlp_endpoint, ratio=settings.trace_ratio)
    closing.push_async_callback(asyncio.to_thread, tracing.close)
    page = MetricsPage(*split_address(settings.metrics_address, "metrics_address"))
    closing.push_async_callback(asyncio.to_thread, page.close)
    metrics.BUILD.labels(service=spec.name).set(1)

    app, worker = await _open_databases(spec.name, settings, stop)
    closing.push_async_callback(worker.close)
    closing.push_async_callback(app.close)
    guard = ClockGuard(worker)
    await _first_look(spec.name, guard)
    channels = _open_channels(spec.name, settings)
    for channel in channels.values():
        closing.push_async_callback(channel.close, None)

    runtime = Runtime(
        service=spec.name,
        settings=settings,
        app=app,
        worker=worker,
        channels=channels,
        pages=PageTokens(settings.pepper()),
        guard=guard,
        tracing=tracing,
        # Who listens to nobody has heard everything.
        inbox=InboxState(caught_up=not spec.bindings.get(spec.name)),
    )
    parts = await spec.compose(runtime)
    for close in parts.closing:
        closing.push_async_callback(close)
    broker = Broker(settings.amqp_url.get_secret_value(), spec.name)
    foundation = lay(spec, runtime, parts, broker)

    relay = WorkerGroup("relay", foundation.relay)
    closing.push_async_callback(relay.stop, RELAY_GRACE_SECONDS)
    workers = WorkerGroup("workers", [*foundation.workers, *parts.workers])
    closing.push_async_callback(workers.stop, WORKERS_GRACE_SECONDS)
    server = _build_server(spec, runtime, parts, foundation)
    closing.push_async_callback(server.drain, CALLS_GRACE_SECONDS)
    await server.start()
    relay.start()
    workers.start()
    return server


async def _open_databases(
    service: str, settings: ServiceSettings, stop: asyncio.Event
) -> tuple[Database, Database]:
    """Opens the pools of both roles, waiting a bounded time for PostgreSQL."""
    app = await patiently(
        lambda: Database.open(
            settings.app_dsn.get_secret_value(),
            schema=service,
            size=settings.pool_size,
            application=f"backstop {service} app",
        ),
        stop=stop,
    )
    try:
        worker = await patiently(
            lambda: Database.open(
                settings.worker_dsn.get_secret_value(),
                schema=service,
                size=max(2, settings.pool_size // 2),
                application=f"backstop {service} worker",
            ),
            stop=stop,
        )
    except BaseException:
        await app.close()
        raise
    return app, worker


async def _first_look(service: str, guard: ClockGuard) -> None:
    """Looks at the clocks once, so that timers needn't wait; finds a missing schema out."""
    try:
        await guard.look()
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, LookupError) as error:
        raise SettingsError(
            f"the schema {service} is not migrated: run `migrate` first ({error})"
        ) from None


def _open_channels(service: str, settings: ServiceSettings) -> Mapping[str, grpc.aio.Channel]:
    if settings.service_key_file is None:
        raise SettingsError("not set: BACKSTOP_SERVICE_KEY_FILE")
    tokens = ServiceTokens(service, read_private_key(settings.service_key_file))
    return {
        peer: connect(peer, address, tokens=tokens, ca_file=settings.tls_ca_file)
        for peer, address in settings.peers.items()
        if peer != service
    }


def _build_server(
    spec: ServiceSpec[S], runtime: Runtime[Any], parts: Parts, foundation: Foundation
) -> Server:
    settings = runtime.settings
    if settings.trust_file is None:
        raise SettingsError("not set: BACKSTOP_TRUST_FILE")
    tls = None
    if settings.tls_cert_file is not None and settings.tls_key_file is not None:
        tls = TlsFiles(settings.tls_cert_file, settings.tls_key_file)
    return Server(
        [*parts.servicers, *foundation.servicers],
        address=settings.grpc_address,
        catalogue=spec.catalogue(),
        verifier=TokenVerifier(settings.trust_file),
        pepper=settings.pepper(),
        tracing=runtime.tracing,
        tls=tls,
        allow_plaintext=settings.allow_plaintext,
        enable_reflection=settings.reflection,
    )
