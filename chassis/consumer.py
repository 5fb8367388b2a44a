"""Brings messages to the gate, and what the broker gave up delivering to the quarantine."""

from aio_pika.abc import AbstractIncomingMessage
from google.protobuf.message import DecodeError

from backstop.fact.v1 import fact_pb2
from chassis import gatebook, topology
from chassis.broker import Broker
from chassis.gatebook import Bad
from chassis.gatekeeper import Gatekeeper
from chassis.handling import FactHandler, Handlers, ReceivedFact
from chassis.inbox import WATCH_SECONDS, Inbox, InboxState, delivery_count

__all__ = ["FactHandler", "Handlers", "ReceivedFact", "consumer", "grave_digger"]

# From the third delivery on a message is suspected of ending processes.
SUSPICIOUS_DELIVERIES = 2


def consumer(
    gatekeeper: Gatekeeper,
    broker: Broker,
    *,
    watch: float = WATCH_SECONDS,
    state: InboxState | None = None,
) -> Inbox:
    """Returns the worker that reads the service's queue; replicas compete for its batches.

    After `watch` quiet seconds it makes sure that the connection still answers. In `state` it
    keeps whether it has caught up.
    """

    async def handle(message: AbstractIncomingMessage) -> None:
        alone = delivery_count(message) >= SUSPICIOUS_DELIVERIES
        await gatekeeper.take_message(message.body, message.routing_key or "", alone=alone)

    queue = topology.queue_of(gatekeeper.database.schema)
    return Inbox(broker, queue, handle, watch=watch, state=state)


def grave_digger(gatekeeper: Gatekeeper, broker: Broker) -> Inbox:
    """Returns the worker that puts dead letters of the service's queue into the quarantine.

    They hold nothing back: when a copy arrives after all, or is pulled, it is applied.
    """
    service = gatekeeper.database.schema

    async def handle(message: AbstractIncomingMessage) -> None:
        if message.headers.get("x-first-death-queue") != topology.queue_of(service):
            return
        source = message.routing_key or ""
        try:
            facts = list(fact_pb2.FactBatch.FromString(message.body).facts)
        except DecodeError:
            facts = []
        detail = str(message.headers.get("x-first-death-reason", ""))
        if facts:
            bad = [Bad(gatebook.DEAD_LETTERED, detail, fact, source) for fact in facts]
        else:
            bad = [Bad(gatebook.DEAD_LETTERED, detail, source=source, raw=message.body)]
        await gatekeeper.put_aside(bad)

    return Inbox(broker, topology.dead_queue_of(service), handle)
