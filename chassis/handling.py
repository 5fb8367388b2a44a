"""What a fact handler is and what it is given, apart from how facts get there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from google.protobuf.message import Message

from backstop.fact.v1 import fact_pb2
from chassis.work import Work


@dataclass(frozen=True, slots=True)
class ReceivedFact:
    """A fact of another service, its payload read; times are aware and UTC.

    `actor` tells who did it and grants nothing; the work's own actor is this service.
    """

    source: str
    subject_id: str
    version: int
    site_id: str
    type: str
    occurred_time: datetime
    record_time: datetime
    actor: fact_pb2.Actor
    message: Message
    envelope: fact_pb2.Fact


# Runs inside the gate's transaction, the fact's subject locked; touches only that subject.
FactHandler: TypeAlias = Callable[[Work, ReceivedFact], Awaitable[None]]

# {source service: {payload type: handler}}. The type `fact_pb2.Fact` stands for every type of the
# source that has no handler of its own, unknown ones included; its `message` is the envelope.
Handlers: TypeAlias = Mapping[str, Mapping[type[Message], FactHandler]]


@dataclass(frozen=True, slots=True)
class Bound:
    """A handler together with the message type it reads."""

    type: type[Message]
    handler: FactHandler


class HandlerTable:
    """Finds the handler of a fact by its source and the full name of its type."""

    def __init__(self, handlers: Handlers) -> None:
        self._table = {
            source: {
                message.DESCRIPTOR.full_name: Bound(message, handler)
                for message, handler in by_type.items()
            }
            for source, by_type in handlers.items()
        }

    @property
    def sources(self) -> frozenset[str]:
        """Sources whose facts can come at all."""
        return frozenset(self._table)

    def find(self, source: str, type_name: str) -> Bound | None:
        """Returns the handler for a type, else the source's handler for everything, else None."""
        by_type = self._table.get(source)
        if by_type is None:
            return None
        return by_type.get(type_name) or by_type.get(fact_pb2.Fact.DESCRIPTOR.full_name)
