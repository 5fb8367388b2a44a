"""What a service tells the chassis about itself, and what it gets in return.

A service is a `ServiceSpec`; its `compose` (in app.py) receives the opened `Runtime` and returns
its `Parts`. Everything between the two is the same for all services and stands in serving.py.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import grpc
from google.protobuf.descriptor import EnumDescriptor

from chassis.clock import ClockGuard
from chassis.database import Database
from chassis.errors import Catalogue, catalogue
from chassis.handling import Handlers
from chassis.inbox import InboxState
from chassis.jobs import JobStep
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.settings import ServiceSettings
from chassis.telemetry import Tracing
from chassis.workers import Worker

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True, slots=True)
class Runtime(Generic[S]):
    """What a service is handed to compose itself from; all of it is open until it has drained.

    `app` is the database as callers see it (row-level security), `worker` as the service itself
    does. `channels` lead to the peers of the settings, by name, with deadline and token built in.
    `guard` says whether timers may fire, `inbox` whether all that waited in the queue was heard.
    """

    service: str
    settings: S
    app: Database
    worker: Database
    channels: Mapping[str, grpc.aio.Channel]
    pages: PageTokens
    guard: ClockGuard
    tracing: Tracing
    inbox: InboxState = field(default_factory=InboxState)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service adds to the common ones: its RPCs, fact handlers, loops and job steps.

    `closing` is awaited at the very end, in order.
    """

    servicers: Sequence[Registration]
    handlers: Handlers = field(default_factory=dict)
    workers: Sequence[Worker] = ()
    jobs: Mapping[str, JobStep] = field(default_factory=dict)
    closing: Sequence[Callable[[], Awaitable[None]]] = ()


@dataclass(frozen=True, slots=True)
class ServiceSpec(Generic[S]):
    """A service as its __main__ describes it.

    `package` is the Python package that holds sql/ ("services.x"); `reasons` are the enums of its
    error_reason.proto; `bindings` is the suite's whole topology, consumer → sources; `peers` are
    the services whose address it can't do without.
    """

    name: str
    settings_type: type[S]
    compose: Callable[[Runtime[S]], Awaitable[Parts]]
    package: str
    reasons: Sequence[EnumDescriptor] = ()
    bindings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    peers: Sequence[str] = ()

    def catalogue(self) -> Catalogue:
        """Reads every reason the service may give."""
        return catalogue(self.name, *self.reasons)
