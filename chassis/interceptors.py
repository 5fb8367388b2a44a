"""The walls that every call passes, once and in one order, so that no handler builds its own.

Request id, trace, access log and metrics → room → deadline → caller and access → validation →
handler → error mapping. They are one interceptor rather than a chain: each link of a chain costs
a coroutine per call, and the order is then a matter of configuration instead of code.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import cache
from typing import Any, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from chassis import metrics
from chassis.access import Rule
from chassis.accesslog import access_log
from chassis.actor import ANYONE, Actor
from chassis.call import CallContext, call_context, enter_call
from chassis.errors import ENGLISH, Catalogue, FieldViolation, Refused, language_of
from chassis.failures import dependency_of
from chassis.ids import new_id
from chassis.inflight import Context, InFlight, Limits
from chassis.telemetry import Span, Tracing
from chassis.tokens import TokenVerifier
from chassis.validation import check

_log = structlog.get_logger(__name__)

X_REQUEST_ID = "x-request-id"
TRACEPARENT = "traceparent"

# A single call: people wait for it.
LONGEST_DEADLINE_SECONDS = 30
# A stream, whichever side streams: an import, an export, a watch. Without a deadline of its
# caller's it ends after as long, and whoever watches goes on with a new one.
LONGEST_STREAM_SECONDS = 3_600
# The typed DEADLINE_EXCEEDED must reach the caller before its own clock gives up.
DEADLINE_MARGIN_SECONDS = 0.01

# Answered by gRPC's own servicers: for probes and tools, with nothing of ours behind them.
EXEMPT_PREFIXES = (
    "/grpc.health.v1.Health/",
    "/grpc.reflection.",
    "/grpc.channelz.v1.Channelz/",
)

_LONGEST_X_REQUEST_ID = 100

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Metadata = Mapping[str, str | bytes]


class Walls(grpc.aio.ServerInterceptor):
    """The one server interceptor of the suite."""

    def __init__(
        self,
        *,
        rules: Mapping[str, Rule],
        catalogue: Catalogue,
        verifier: TokenVerifier,
        tracing: Tracing,
        fingerprint_key: bytes,
        limits: Limits | None = None,
    ) -> None:
        self._rules = rules
        self._catalogue = catalogue
        self._verifier = verifier
        self._tracing = tracing
        self._fingerprint_key = fingerprint_key
        self.in_flight = InFlight(limits or Limits())
        self._draining = asyncio.Event()
        self._wrapped: dict[str, Handler] = {}
        self._unknown: Handler = grpc.stream_stream_rpc_method_handler(self._refuse_unknown)

    def drain(self) -> None:
        """Tells the streams that the server is about to stop; see `CallContext.draining`."""
        self._draining.set()

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Returns the method's handler with the walls around it."""
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is not None:
            return wrapped
        handler = await continuation(handler_call_details)
        if handler is None:
            return self._unknown
        if not method.startswith(EXEMPT_PREFIXES):
            handler = self._wrap(method, handler)
        self._wrapped[method] = handler
        return handler

    def _wrap(self, method: str, handler: Handler) -> Handler:
        """Moves parsing inside the walls: gRPC would answer a bad body without a type."""
        parse: Any = handler.request_deserializer
        serialize = handler.response_serializer
        seconds = metrics.RPC_SECONDS.labels(method=method)
        if handler.request_streaming:
            behaviour: Any = handler.stream_stream or handler.stream_unary
        else:
            behaviour = handler.unary_stream or handler.unary_unary

        async def unary(raw: Any, context: Context) -> Any:
            passage = self._enter(method, context, stream=handler.request_streaming)
            try:
                self._admit(passage)
                request = _each(raw, parse) if handler.request_streaming else _read(raw, parse)
                async with passage.timed():
                    response = await behaviour(request, context)
                passage.finish(context)
                return response
            except BaseException as error:  # noqa: BLE001 - raised again by _fail
                await self._fail(passage, error)
            finally:
                seconds.observe(time.monotonic() - passage.started)

        async def stream(raw: Any, context: Context) -> AsyncIterator[Any]:
            passage = self._enter(method, context, stream=True)
            try:
                self._admit(passage)
                request = _each(raw, parse) if handler.request_streaming else _read(raw, parse)
                async with aclosing(behaviour(request, context)) as responses:
                    # Only the handler's time is bounded here, not that of a reader who is slow.
                    async for response in _timed(responses, passage):
                        yield response
                passage.finish(context)
            except GeneratorExit:
                # gRPC lets go of the stream because the caller left; nobody is there to answer.
                passage.record("CANCELLED", "")
                raise
            except BaseException as error:  # noqa: BLE001 - raised again by _fail
                await self._fail(passage, error)
            finally:
                seconds.observe(time.monotonic() - passage.started)

        if handler.response_streaming:
            make: Any = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            return make(stream, None, serialize)  # type: ignore[no-any-return]
        make = (
            grpc.stream_unary_rpc_method_handler
            if handler.request_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        return make(unary, None, serialize)  # type: ignore[no-any-return]

    def _enter(self, method: str, context: Context, *, stream: bool) -> "_Passage":
        metadata: Metadata = dict(context.invocation_metadata() or ())
        x_request_id = _text(metadata, X_REQUEST_ID)
        if not _printable(x_request_id):
            x_request_id = new_id()
        span = self._tracing.start(method, _text(metadata, TRACEPARENT))
        call = CallContext(
            method=method,
            x_request_id=x_request_id,
            trace=span.traceparent,
            language=language_of(_text(metadata, "accept-language")),
            fingerprint_key=self._fingerprint_key,
            draining=self._draining,
            judge=lambda context, error: self._judge(context, error)[1],
        )
        enter_call(call)
        return _Passage(call, context, span, metadata, stream)

    def _admit(self, passage: "_Passage") -> None:
        """Room, deadline, caller, rule: each refuses by raising."""
        self.in_flight.enter(passage.context, stream=passage.stream)
        passage.demand_deadline()
        call = passage.call
        rule = self._rules.get(call.method)
        if rule is None:
            raise Refused("PERMISSION_DENIED", needed="—")
        authorization = _text(passage.metadata, "authorization")
        if authorization:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise Refused("UNAUTHENTICATED", problem="scheme")
            call.actor = self._verifier.verify(token.strip())
        elif rule.anyone:
            call.actor = ANYONE
        else:
            raise Refused("UNAUTHENTICATED", problem="no token")
        rule.decide(call.actor)

    async def _fail(self, passage: "_Passage", error: BaseException) -> None:
        """Ends the call with the status of its error; always raises."""
        if isinstance(error, grpc.aio.AbortError):
            passage.record(str(passage.context.code()), "")
            raise error
        if isinstance(error, asyncio.CancelledError):
            left = passage.call.remaining()
            passage.record("DEADLINE_EXCEEDED" if left == 0.0 else "CANCELLED", "")
            raise error
        if not isinstance(error, Exception):
            raise error
        if isinstance(error, TimeoutError) and passage.expired():
            error = Refused("DEADLINE_EXCEEDED")
        refused, status = self._judge(passage.call, error)
        code = self._catalogue.code(refused.reason)
        passage.record(code.name, refused.reason)
        await passage.context.abort(
            code,
            status.message,
            (
                (X_REQUEST_ID, passage.call.x_request_id),
                ("grpc-status-details-bin", status.SerializeToString()),
            ),
        )

    def _judge(self, call: CallContext, error: Exception) -> tuple[Refused, status_pb2.Status]:
        """Returns what an error is for the caller; logs what is nobody's refusal."""
        refused = _to_refusal(call, error)
        try:
            return refused, self._catalogue.status(refused, call.language)
        except KeyError:
            _log.error("unknown_reason", reason=refused.reason, exc_info=error)
            refused = Refused("INTERNAL", x_request_id=call.x_request_id)
            return refused, self._catalogue.status(refused, call.language)

    async def _refuse_unknown(self, raw: Any, context: Context) -> AsyncIterator[bytes]:
        passage = self._enter("unknown", context, stream=True)
        await self._fail(passage, Refused("UNKNOWN_METHOD"))
        yield b""  # never reached: it makes this a generator, the shape gRPC asks for


class _Passage:
    """One call on its way through the walls."""

    __slots__ = ("call", "context", "metadata", "scope", "span", "started", "stream")

    def __init__(
        self,
        call: CallContext,
        context: Context,
        span: Span,
        metadata: Metadata,
        stream: bool,
    ) -> None:
        self.call = call
        self.context = context
        self.span = span
        self.metadata = metadata
        self.stream = stream
        self.started = time.monotonic()
        self.scope: asyncio.Timeout | None = None

    def demand_deadline(self) -> None:
        """Keeps the caller's deadline; Refused DEADLINE_REQUIRED when it is too far or missing.

        A stream may go without one: it then has the longest.
        """
        longest = LONGEST_STREAM_SECONDS if self.stream else LONGEST_DEADLINE_SECONDS
        # The stub forgets that there may be no deadline.
        remaining = cast("float | None", self.context.time_remaining())
        if remaining is None and self.stream:
            remaining = float(longest)
        # A second of grace, because the caller's time was measured by another clock.
        if remaining is None or remaining > longest + 1:
            raise Refused("DEADLINE_REQUIRED", maximum_seconds=longest)
        self.call.deadline = time.monotonic() + remaining

    def timed(self) -> asyncio.Timeout:
        """Returns a scope that ends with the call's deadline."""
        left = self.call.remaining()
        self.scope = asyncio.timeout(
            None if left is None else max(0.0, left - DEADLINE_MARGIN_SECONDS)
        )
        return self.scope

    def expired(self) -> bool:
        """Tells whether it was the call's own deadline that ran out, and no smaller time-out."""
        return self.scope is not None and self.scope.expired()

    def finish(self, context: Context) -> None:
        context.set_trailing_metadata(((X_REQUEST_ID, self.call.x_request_id),))
        self.record("OK", "")

    def record(self, code: str, reason: str) -> None:
        _counter(self.call.method, code, reason).inc()
        self.span.finish(code, reason)
        access_log.write(
            "rpc",
            x_request_id=self.call.x_request_id,
            trace=self.call.trace,
            method=self.call.method,
            code=code,
            reason=reason,
            actor=_name(self.call.actor),
            milliseconds=round((time.monotonic() - self.started) * 1_000, 2),
        )


def _to_refusal(call: CallContext, error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    dependency = dependency_of(error)
    if dependency is not None:
        _log.warning(
            "rpc_dependency_unavailable",
            method=call.method,
            dependency=dependency,
            error=type(error).__name__,
        )
        return Refused("DEPENDENCY_UNAVAILABLE", dependency=dependency)
    _log.error("rpc_failed", method=call.method, exc_info=error)
    return Refused("INTERNAL", x_request_id=call.x_request_id)


def _name(actor: Actor | None) -> str:
    """Returns whom the log names: never a reporter, since its trace leads to the case."""
    if actor is None:
        return ""
    return "reporter" if actor.only_reports else actor.subject


@cache
def _counter(method: str, code: str, reason: str) -> Any:
    """Returns the counter of these labels; bounded, since none of them comes from the wire."""
    return metrics.RPC_CODES.labels(method=method, code=code, reason=reason)


def _read(raw: bytes, parse: Callable[[bytes], Message]) -> Message:
    """Parses and checks one message of the caller's; Refused INVALID_FIELD when it is bad."""
    try:
        request = parse(raw)
    except (DecodeError, UnicodeDecodeError):
        raise Refused(
            "INVALID_FIELD",
            fields=[FieldViolation("", _unreadable())],
            field="—",
        ) from None
    check(request)
    return request


def _unreadable() -> str:
    call = call_context()
    if call is not None and call.language == ENGLISH:
        return "the message can't be read: not protobuf of this type, or text that is not UTF-8"
    return "消息无法读取:格式不符,或文本不是 UTF-8"


async def _timed(responses: AsyncIterator[Any], passage: _Passage) -> AsyncIterator[Any]:
    while True:
        async with passage.timed():
            try:
                response = await anext(responses)
            except StopAsyncIteration:
                return
        yield response


async def _each(raw: AsyncIterator[bytes], parse: Callable[[bytes], Message]) -> AsyncIterator[Any]:
    async for one in raw:
        yield _read(one, parse)


def _text(metadata: Metadata, key: str) -> str:
    value = metadata.get(key, "")
    return value if isinstance(value, str) else ""


def _printable(x_request_id: str) -> bool:
    return 0 < len(x_request_id) <= _LONGEST_X_REQUEST_ID and x_request_id.isprintable()
