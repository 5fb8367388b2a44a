"""Lays what every service has besides its own parts: relay, consumers, jobs, clock, operations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis.broker import Broker
from chassis.consumer import consumer, grave_digger
from chassis.gatekeeper import Gatekeeper
from chassis.housekeeping import Housekeeping
from chassis.jobs import JobRunner
from chassis.operations import registrations
from chassis.relay import Relay
from chassis.server import Registration
from chassis.spec import Parts, Runtime, ServiceSpec
from chassis.sweeper import Sweeper
from chassis.workers import Worker


@dataclass(frozen=True, slots=True)
class Foundation:
    """Workers and servicers of the chassis for one service.

    The relay stands apart because it stops last: workers that finish still write facts.
    """

    relay: Sequence[Worker]
    workers: Sequence[Worker]
    servicers: Sequence[Registration]


def lay(spec: ServiceSpec[Any], runtime: Runtime[Any], parts: Parts, broker: Broker) -> Foundation:
    """Makes the common parts of a service; nothing runs yet."""
    gatekeeper = Gatekeeper(runtime.worker, parts.handlers)
    workers: list[Worker] = [
        runtime.guard,
        JobRunner(runtime.worker, parts.jobs),
        Housekeeping(runtime.worker),
        Sweeper(gatekeeper, runtime.channels),
    ]
    if spec.bindings.get(spec.name):
        workers += [
            consumer(gatekeeper, broker, state=runtime.inbox),
            grave_digger(gatekeeper, broker),
        ]
    return Foundation(
        relay=[Relay(runtime.worker, broker, spec.bindings)],
        workers=workers,
        servicers=registrations(runtime.worker, gatekeeper, runtime.pages, spec.package),
    )
