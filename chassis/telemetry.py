"""Logs, traces and the metrics page of a process.

A log line is a constant event name and fields, with the call's request and trace id bound to it.
Error texts of the database are cut before the part that quotes rows: bodies are never logged.
"""

import json
import logging
import random
import sys
import threading
import traceback
from dataclasses import dataclass
from typing import Any, TextIO
from wsgiref.simple_server import WSGIServer

import asyncpg
import structlog
from opentelemetry import trace as otel
from prometheus_client import start_http_server
from structlog.typing import EventDict, WrappedLogger

from chassis.accesslog import access_log
from chassis.call import call_context

_LONGEST_TEXT = 300
_LONGEST_CHAIN = 5
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
# Libraries that tell each step at info; their warnings are ours to see.
_CHATTY = ("aio_pika", "asyncio", "grpc", "httpx", "httpcore", "opentelemetry")
# Logs an error at each attempt to connect; whoever attempts reports an outage once.
_NOISY = ("aiormq",)


def configure_logging(
    service: str, *, level: str = "info", form: str = "json", stream: TextIO | None = None
) -> None:
    """Sends all logs of the process, the libraries' too, to `stream` (standard output)."""
    stream = stream or sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_call,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _ServiceName(service),
        _render_exception,
    ]
    renderer: structlog.typing.Processor
    if form == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_to_json)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    access_log.write_to(
        stream if form == "json" else None, service, enabled=_LEVELS[level] <= logging.INFO
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(_LEVELS[level], logging.WARNING))
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _ServiceName:
    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        event["service"] = self._service
        return event


def _add_call(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    context = call_context()
    if context is not None:
        event.setdefault("x_request_id", context.x_request_id)
        event.setdefault("trace", context.trace)
    return event


def _render_exception(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = format_exception(error)
    return event


def format_exception(error: BaseException) -> str:
    """Returns the stack of an error and of those it came from, outermost first."""
    parts: list[str] = []
    current: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if current is None:
            break
        stack = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"{stack}{type(current).__qualname__}: {safe_text(current)}")
        suppressed = current.__suppress_context__
        current = current.__cause__ or (None if suppressed else current.__context__)
    return "\n-- from --\n".join(parts)


def safe_text(error: BaseException) -> str:
    """Returns an error's text without what PostgreSQL's DETAIL quotes from rows."""
    if isinstance(error, asyncpg.PostgresError):
        message = str(error.args[0]) if error.args else ""
        return f"{message[:_LONGEST_TEXT]} [{getattr(error, 'sqlstate', '')}]"
    return str(error)[:_LONGEST_TEXT]


def _to_json(event: Any, **_: Any) -> str:
    return json.dumps(event, ensure_ascii=False, default=str, separators=(",", ":"))


@dataclass(slots=True)
class Span:
    """One timed stretch of a trace; `traceparent` is what its children and peers are told."""

    traceparent: str
    _span: otel.Span | None = None

    def finish(self, code: str = "OK", reason: str = "") -> None:
        """Ends the stretch with the code it came to."""
        if self._span is not None:
            self._span.set_attribute("rpc.grpc.status_code", code)
            if reason:
                self._span.set_attribute("backstop.reason", reason)
            self._span.end()


class Tracing:
    """Follows the caller's trace or starts one; exports the sampled share, when told where to.

    The share is decided here, from the trace's own id, rather than in the SDK's sampler: an
    unsampled call then costs two random numbers instead of a span.
    """

    def __init__(self, service: str, *, endpoint: str = "", ratio: float = 0.0) -> None:
        self._bound = int(ratio * (1 << 64))
        self._tracer: otel.Tracer | None = None
        self._provider: Any = None
        if endpoint:
            self._tracer = self._open(service, endpoint)

    def _open(self, service: str, endpoint: str) -> otel.Tracer:
        # Imported here: the exporter costs a third of a second at start, and few use it.
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        resource = Resource.create({"service.name": f"backstop-{service}"})
        self._provider = TracerProvider(resource=resource)
        insecure = not endpoint.startswith("https://")
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=insecure)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        tracer: otel.Tracer = self._provider.get_tracer("backstop.chassis")
        return tracer

    def start(self, name: str, traceparent: str = "") -> Span:
        """Starts a span under the given W3C traceparent, or a new trace when it is none."""
        parent = parse_traceparent(traceparent)
        if parent is None:
            trace_id = f"{random.getrandbits(128):032x}"
            sampled = int(trace_id[16:], 16) < self._bound
            parent_span = _span_id()
        else:
            trace_id, parent_span, sampled = parent
        if not sampled or self._tracer is None:
            return Span(f"00-{trace_id}-{_span_id()}-{'01' if sampled else '00'}")
        remote = otel.SpanContext(
            int(trace_id, 16), int(parent_span, 16), is_remote=True, trace_flags=otel.TraceFlags(1)
        )
        span = self._tracer.start_span(
            name,
            context=otel.set_span_in_context(otel.NonRecordingSpan(remote)),
            kind=otel.SpanKind.SERVER,
        )
        return Span(f"00-{trace_id}-{span.get_span_context().span_id:016x}-01", span)

    def close(self) -> None:
        """Sends what is left and stops exporting; blocks for a few seconds at most."""
        if self._provider is not None:
            self._provider.force_flush(2_000)
            self._provider.shutdown()


def _span_id() -> str:
    return f"{random.getrandbits(64):016x}"


def parse_traceparent(text: str) -> tuple[str, str, bool] | None:
    """Splits a W3C traceparent into trace id, parent span id and the sampled flag; None if bad."""
    parts = text.split("-")
    if len(parts) != 4 or [len(part) for part in parts] != [2, 32, 16, 2]:
        return None
    try:
        version, trace_id, span_id, flags = (int(part, 16) for part in parts)
    except ValueError:
        return None
    if version == 0xFF or not trace_id or not span_id or text != text.lower():
        return None
    return parts[1], parts[2], bool(flags & 1)


class MetricsPage:
    """The Prometheus page of the process, on an address of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._server: WSGIServer
        self._thread: threading.Thread
        self._server, self._thread = start_http_server(port, host)

    @property
    def port(self) -> int:
        """The port in use, for those who asked for port 0."""
        return int(self._server.server_port)

    def close(self) -> None:
        """Stops answering; blocks for half a second at most."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=1)
