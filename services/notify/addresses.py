"""Where a message goes, found out at the moment of sending and forgotten after it.

Positions are asked of routing, a reporter's contact of intake, the staff's own contacts are opened
here. What is asked in vain because a service is away is asked again later.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import grpc

from backstop.intake.v1 import intake_service_pb2, intake_service_pb2_grpc
from backstop.notify.v1 import notify_pb2
from backstop.routing.v1 import routing_service_pb2, routing_service_pb2_grpc
from chassis.actor import Actor
from chassis.database import Database
from chassis.errors import reason_of
from chassis.sealing import KeyDestroyed, SubjectKeys
from services.notify import convert
from services.notify.domain.contacts import DEFAULT_LANGUAGE
from services.notify.domain.deliveries import (
    POSITION_PREFIX,
    REPORTER,
    UNIT_PREFIX,
    Channel,
    Delivery,
    settle_channel,
)
from services.notify.store import cases, contacts

# Who stands in where nobody holds a position. The dispatch room's queue is read by its duty lead.
_STAND_INS = {"SUPPORT": "DUTY_LEAD", "DISPATCH_ROOM": "DUTY_LEAD"}

# Answers that say that there is nobody, rather than that something is wrong.
_NOBODY = frozenset({"POSITION_UNKNOWN", "DIRECTORY_NOT_FOUND"})
_NO_CONTACT = frozenset({"CASE_NOT_FOUND", "REPORTER_ANONYMOUS"})

_ASK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Destination:
    """The way that is open. `to` is the code of who is meant, for paper; never logged.

    `closed` is the problem where no way may be taken, and nothing goes out.
    """

    channel: Channel
    to: str
    address: str = field(default="", repr=False)
    language: str = DEFAULT_LANGUAGE
    closed: str = ""


_KEPT_FROM_THEM = Destination(Channel.PAPER, "", closed="KEPT_FROM_THEM")


class Addresses:
    """Finds the destination of a message.

    Raises grpc.aio.AioRpcError, which `failures.dependency_of` recognises when the peer is away.
    """

    def __init__(
        self,
        database: Database,
        actor: Actor,
        keys: SubjectKeys,
        intake: grpc.aio.Channel,
        routing: grpc.aio.Channel,
    ) -> None:
        self._database = database
        self._actor = actor
        self._keys = keys
        self._intake = intake_service_pb2_grpc.IntakeServiceStub(intake)
        self._routing = routing_service_pb2_grpc.RoutingServiceStub(routing)

    async def find(self, delivery: Delivery) -> Destination:
        """Returns where a message goes; paper for whom no other way is known."""
        recipient = delivery.recipient
        if recipient == REPORTER:
            return await self._reporter(delivery)
        if recipient.startswith(UNIT_PREFIX):
            return Destination(Channel.PAPER, recipient)
        if recipient.startswith(POSITION_PREFIX):
            return await self._position(delivery, recipient.removeprefix(POSITION_PREFIX))
        if recipient in await self._shielded(delivery):
            # Recused since it was planned.
            return _KEPT_FROM_THEM
        return await self._person(delivery, recipient)

    async def _shielded(self, delivery: Delivery) -> AbstractSet[str]:
        """Returns who is told nothing of the case, whatever position they hold."""
        async with self._database.read(self._actor) as connection:
            case = await cases.find_case(connection, delivery.case_id)
        return frozenset() if case is None else case.shielded

    async def _reporter(self, delivery: Delivery) -> Destination:
        teller = str(delivery.context.get("teller", ""))
        if delivery.channel is Channel.PAPER:
            return Destination(Channel.PAPER, teller)
        try:
            contact = await self._intake.GetReporterContact(
                intake_service_pb2.GetReporterContactRequest(case_id=delivery.case_id),
                timeout=_ASK_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            if reason_of(error) in _NO_CONTACT:
                return Destination(Channel.PAPER, teller)
            raise
        channel, address = settle_channel(
            delivery.channel, phone=contact.phone, email=contact.email
        )
        to = teller if channel is Channel.PAPER else REPORTER
        return Destination(channel, to, address)

    async def _position(self, delivery: Delivery, position_id: str) -> Destination:
        shielded = await self._shielded(delivery)
        kept = False
        for position in (position_id, _STAND_INS.get(position_id)):
            person = await self._on_duty(delivery.site_id, position) if position else ""
            if person and person not in shielded:
                return await self._person(delivery, person)
            kept = kept or bool(person)
        # Paper in the position's name would be read by whoever holds it.
        return (
            _KEPT_FROM_THEM if kept else Destination(Channel.PAPER, POSITION_PREFIX + position_id)
        )

    async def _on_duty(self, site_id: str, position_id: str) -> str:
        try:
            answer = await self._routing.WhoIsOnDuty(
                routing_service_pb2.WhoIsOnDutyRequest(site_id=site_id, position_id=position_id),
                timeout=_ASK_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            if reason_of(error) in _NOBODY:
                return ""
            raise
        return str(answer.person_id)

    async def _person(self, delivery: Delivery, person_id: str) -> Destination:
        async with self._database.read(self._actor) as connection:
            sealed = await contacts.load_contact(connection, delivery.site_id, person_id)
            if sealed is None:
                return Destination(Channel.PAPER, person_id)
            try:
                plain = await self._keys.open_sealed(connection, sealed)
            except KeyDestroyed:
                return Destination(Channel.PAPER, person_id)
        contact = convert.contact(notify_pb2.Contact.FromString(plain))
        channel, address = settle_channel(
            delivery.channel, phone=contact.phone, email=contact.email
        )
        return Destination(channel, person_id, address, contact.language)
