"""Everything that moves facts in one service, put together in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc

from chassis import topology
from chassis.broker import Broker
from chassis.consumer import consumer, grave_digger
from chassis.database import Database
from chassis.gatekeeper import Gatekeeper
from chassis.handling import Handlers
from chassis.relay import Relay
from chassis.sweeper import Sweeper
from chassis.workers import Worker


@dataclass(frozen=True, slots=True)
class Flow:
    """The moving parts of a service's facts."""

    gatekeeper: Gatekeeper
    relay: Relay
    workers: Sequence[Worker]


def build_flow(
    database: Database,
    broker: Broker,
    bindings: topology.Bindings,
    handlers: Handlers,
    channels: Mapping[str, grpc.aio.Channel],
) -> Flow:
    """Builds relay, consumers and sweeper over the worker database.

    Raises ValueError when handlers are given for a source the service isn't bound to, or none
    for one it is.
    """
    service = database.schema
    bound = frozenset(bindings.get(service, ()))
    if bound != frozenset(handlers):
        wrong = ", ".join(sorted(bound ^ frozenset(handlers)))
        raise ValueError(f"bindings and handlers of {service} differ in: {wrong}")
    gatekeeper = Gatekeeper(database, handlers)
    relay = Relay(database, broker, bindings)
    workers: list[Worker] = [relay]
    if bound:
        workers += [
            consumer(gatekeeper, broker),
            grave_digger(gatekeeper, broker),
            Sweeper(gatekeeper, channels),
        ]
    return Flow(gatekeeper, relay, workers)
