"""What a handler may know of the call it serves, without seeing gRPC.

The interceptors put a `CallContext` into a context variable; `current_call` turns it, together
with the request, into the frozen `Call` that handlers and the request table work with.
"""

import hmac
import time
from contextvars import ContextVar
from dataclasses import dataclass

from google.protobuf.message import Message

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

    `x_request_id` names one attempt in logs; `deadline` is on the monotonic clock, None for
    streams.
    """

    method: str
    x_request_id: str
    trace: str
    language: str
    fingerprint_key: bytes
    deadline: float | None = None
    actor: Actor | None = None

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


def current_call(request: Message) -> Call:
    """Returns the call that `request` came with.

    Raises LookupError outside of a call that passed the interceptors.
    """
    context = _context.get()
    if context is None or context.actor is None:
        raise LookupError("current_call() outside of a served call")
    return Call(
        actor=context.actor,
        method=context.method,
        request_id=getattr(request, "request_id", ""),
        fingerprint=fingerprint(context.fingerprint_key, context.method, request),
        language=context.language,
        trace=context.trace,
    )
