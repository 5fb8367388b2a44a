"""What a handler may know of the call it serves, without seeing gRPC.

The interceptors put a `CallContext` into a context variable; `current_call` turns it, together
with the request, into the frozen `Call` that handlers and the request table work with.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from google.protobuf.message import Message
from google.rpc import status_pb2

from chassis.actor import Actor
from chassis.errors import CHINESE

_FINGERPRINT_LABEL = b"backstop request fingerprint 1"


@dataclass(frozen=True, slots=True)
class Call:
    """One mutation asked for by a caller.

    `request_id` is the message's own field (empty when it has none) and names the mutation
    across retries; `fingerprint` is a keyed hash of the rest of the message.
    """

    actor: Actor
    method: str
    request_id: str
    fingerprint: bytes
    language: str = CHINESE
    trace: str = ""


@dataclass(slots=True)
class CallContext:
    """State of the call in hand, filled by the interceptors from the outside in.

    `x_request_id` names one attempt in logs; `deadline` is on the monotonic clock. `draining` is
    set when the server is about to stop: a stream that could go on for long then ends by itself,
    since what is still running after the grace is cancelled.
    """

    method: str
    x_request_id: str
    trace: str
    language: str
    fingerprint_key: bytes
    deadline: float | None = None
    actor: Actor | None = None
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    judge: "Callable[[CallContext, Exception], status_pb2.Status] | None" = None

    def remaining(self) -> float | None:
        """Returns the seconds left, never negative; None when there is no deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


_context: ContextVar[CallContext | None] = ContextVar("backstop_call", default=None)


def call_context() -> CallContext | None:
    """Returns the call being served, None outside of one (workers, consumers)."""
    return _context.get()


def enter_call(context: CallContext) -> None:
    """Makes `context` the current call of this task; gRPC gives each call a task of its own."""
    _context.set(context)


def fingerprint_key(pepper: bytes) -> bytes:
    """Derives the key of request fingerprints from the pepper."""
    return hmac.digest(pepper, _FINGERPRINT_LABEL, "sha256")


def fingerprint(key: bytes, method: str, request: Message) -> bytes:
    """Returns the keyed hash of a request without its request id.

    Stable for one client: fields are written in order of their numbers and maps sorted. Keyed,
    because requests hold personal data whose plain hash could be guessed.
    """
    if "request_id" in request.DESCRIPTOR.fields_by_name:
        copy = type(request)()
        copy.CopyFrom(request)
        copy.ClearField("request_id")
        request = copy
    body = request.SerializeToString(deterministic=True)
    return hmac.digest(key, method.encode() + b"\0" + body, "sha256")


def current_call(request: Message, method: str = "") -> Call:
    """Returns the call that `request` came with.

    `method` is the single call that `request` would have been by itself, where many come as one.
    Raises LookupError outside of a call that passed the interceptors.
    """
    context = _served()
    method = method or context.method
    return Call(
        actor=_actor_of(context),
        method=method,
        request_id=getattr(request, "request_id", ""),
        fingerprint=fingerprint(context.fingerprint_key, method, request),
        language=context.language,
        trace=context.trace,
    )


def status_of(error: Exception) -> status_pb2.Status:
    """Returns the status that the call in hand would end with for an error, details included.

    For calls that answer for many requests at once. What is no refusal is logged. Raises
    LookupError outside of a call that passed the interceptors.
    """
    context = _served()
    if context.judge is None:
        raise LookupError("status_of() outside of a served call")
    return context.judge(context, error)


def _served() -> CallContext:
    context = _context.get()
    if context is None:
        raise LookupError("outside of a served call")
    return context


def _actor_of(context: CallContext) -> Actor:
    if context.actor is None:
        raise LookupError("outside of a served call")
    return context.actor
