"""Notify with a database of its own, and stand-ins of intake and routing behind real walls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from backstop.intake.v1 import error_reason_pb2 as intake_reasons
from backstop.intake.v1 import intake_service_pb2, intake_service_pb2_grpc
from backstop.routing.v1 import error_reason_pb2 as routing_reasons
from backstop.routing.v1 import routing_service_pb2, routing_service_pb2_grpc
from chassis.actor import service_actor
from chassis.client import connect
from chassis.clock import ClockGuard
from chassis.errors import Refused, catalogue
from chassis.gatekeeper import Gatekeeper
from chassis.queries import load_queries
from chassis.sealing import KeyRing, SubjectKeys
from chassis.server import Registration
from chassis.testing import Keys, serving
from chassis.tokens import ServiceTokens
from services.notify.addresses import Addresses
from services.notify.consumers import handlers
from services.notify.domain.deliveries import Channel
from services.notify.domain.digests import Digesting
from services.notify.drivers.base import Driver
from services.notify.drivers.file import FileDriver
from services.notify.workers import Patience, Sender
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase

ROOT_KEY = bytes(range(32))
ACTOR = service_actor("notify")


@dataclass(slots=True)
class Intake(intake_service_pb2_grpc.IntakeServiceServicer):
    """Knows reporters' contacts, {case: (phone, email)}."""

    contacts: dict[str, tuple[str, str]] = field(default_factory=dict)
    away: bool = False
    asked: int = 0

    async def GetReporterContact(
        self, request: intake_service_pb2.GetReporterContactRequest, context: Any
    ) -> intake_service_pb2.GetReporterContactResponse:
        self.asked += 1
        if self.away:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="postgres")
        if request.case_id not in self.contacts:
            raise Refused("CASE_NOT_FOUND", case_id=request.case_id)
        phone, email = self.contacts[request.case_id]
        return intake_service_pb2.GetReporterContactResponse(phone=phone, email=email)


@dataclass(slots=True)
class Routing(routing_service_pb2_grpc.RoutingServiceServicer):
    """Knows who is on duty, {position: person}; an empty person is a vacancy."""

    duty: dict[str, str] = field(default_factory=dict)
    away: bool = False

    async def WhoIsOnDuty(
        self, request: routing_service_pb2.WhoIsOnDutyRequest, context: Any
    ) -> routing_service_pb2.WhoIsOnDutyResponse:
        if self.away:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="postgres")
        if request.position_id not in self.duty:
            raise Refused("POSITION_UNKNOWN", position_id=request.position_id)
        return routing_service_pb2.WhoIsOnDutyResponse(person_id=self.duty[request.position_id])


@dataclass(slots=True)
class Notify:
    """The service's parts around one database, as compose would put them together."""

    database: ServiceDatabase
    gatekeeper: Gatekeeper
    keys: SubjectKeys
    guard: ClockGuard
    intake: Intake
    routing: Routing
    channels: dict[str, grpc.aio.Channel]
    mailbox: Path

    def sender(self, driver: Driver | None = None, **patience: Any) -> Sender:
        """Returns a sender that hands everything to one driver, the file driver unless given."""
        used = driver or FileDriver(self.mailbox)
        values = {"timeout_seconds": 5.0, "attempts": 3, "concurrency": 4} | patience
        return Sender(
            self.database.worker,
            ACTOR,
            Addresses(
                self.database.worker,
                ACTOR,
                self.keys,
                intake=self.channels["intake"],
                routing=self.channels["routing"],
            ),
            dict.fromkeys(Channel, used),
            self.guard,
            Patience(**values),
        )

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.database.worker.connection() as connection:
            return list(await connection.fetch(sql, *arguments))

    async def states(self) -> dict[str, int]:
        """Returns how many messages are in each state."""
        rows = await self.rows("SELECT state, count(*) FROM deliveries GROUP BY state")
        return {row["state"]: row["count"] for row in rows}

    async def facts(self) -> dict[str, int]:
        """Returns how many facts of each type notify has recorded."""
        rows = await self.rows("SELECT type, count(*) FROM journal GROUP BY type")
        return {row["type"].rpartition(".")[2]: row["count"] for row in rows}

    async def make_due(self) -> None:
        """Lets the pauses of all waiting messages be over."""
        async with self.database.worker.connection() as connection:
            await connection.execute(
                "UPDATE deliveries SET next_time = clock_timestamp() - interval '1 second' "
                "WHERE state = 'PLANNED'"
            )

    def files(self) -> list[Path]:
        """Returns what the file driver wrote."""
        return sorted(self.mailbox.glob("*/*.txt"))

    async def findings(self) -> list[tuple[str, str]]:
        """Returns what the service's own checks find."""
        checks = load_queries("services.notify", "sql/fsck.sql")
        found = []
        for check in checks:
            found += [(check.name, str(dict(row))) for row in await self.rows(check.sql)]
        return found


@pytest.fixture
async def notify(database_for: DatabaseFor, tmp_path: Path) -> AsyncIterator[Notify]:
    database = await database_for("notify")
    guard = ClockGuard(database.worker)
    await guard.look()
    keys = Keys()
    # What they are not asked for is left to the generated base, which says UNIMPLEMENTED.
    intake, routing = Intake(), Routing()  # type: ignore[abstract]
    tokens = ServiceTokens("notify", keys.service("notify"))
    intake_service = Registration(
        intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"],
        intake_service_pb2_grpc.add_IntakeServiceServicer_to_server,
        intake,
    )
    routing_service = Registration(
        routing_service_pb2.DESCRIPTOR.services_by_name["RoutingService"],
        routing_service_pb2_grpc.add_RoutingServiceServicer_to_server,
        routing,
    )
    async with (
        serving(
            intake_service,
            keys=keys,
            folder=tmp_path,
            reasons=catalogue("intake", intake_reasons.ErrorReason.DESCRIPTOR),
        ) as (_, intake_address),
        serving(
            routing_service,
            keys=keys,
            folder=tmp_path,
            reasons=catalogue("routing", routing_reasons.ErrorReason.DESCRIPTOR),
        ) as (_, routing_address),
    ):
        channels = {
            "intake": connect("intake", intake_address, tokens=tokens),
            "routing": connect("routing", routing_address, tokens=tokens),
        }
        yield Notify(
            database=database,
            gatekeeper=Gatekeeper(database.worker, handlers(Digesting())),
            keys=SubjectKeys(KeyRing(ROOT_KEY)),
            guard=guard,
            intake=intake,
            routing=routing,
            channels=channels,
            mailbox=tmp_path / "mailbox",
        )
        for channel in channels.values():
            await channel.close()
