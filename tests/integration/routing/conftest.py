"""A small mine, its RPCs behind the real walls, and the gate through which facts come in."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.fact.v1 import fact_pb2
from backstop.intake.v1 import error_reason_pb2 as intake_reasons
from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_service_pb2, intake_service_pb2_grpc
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.routing.v1 import routing_service_pb2_grpc
from backstop.sla.v1 import error_reason_pb2 as sla_reasons
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2, sla_service_pb2, sla_service_pb2_grpc
from chassis.actor import service_actor
from chassis.client import connect
from chassis.clock import ClockGuard, decision_time, set_offset
from chassis.convert import to_date_message, to_timestamp
from chassis.errors import catalogue
from chassis.gatekeeper import Gatekeeper
from chassis.ids import new_fact_id, new_id
from chassis.jobs import JobRunner
from chassis.journal import Entry, envelope, fact_hash
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.testing import Answer, Keys, bearer, read_refusal, serving
from chassis.tokens import ServiceTokens
from services.routing.app import SPEC
from services.routing.consumers import handlers
from services.routing.handlers.jobs import hand_over
from services.routing.handlers.lists import HANDOVER, TEMPLATE
from services.routing.handlers.templates import follow_template
from services.routing.peers import Cases, Terms
from services.routing.rpc import RoutingServicer
from services.routing.workers import DayWorker
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase
from tests.integration.routing.standins import Intake, Sla

SITE = "yuwu"
EPOCH_DAY = date(2026, 1, 1)

STEWARD = pb.RESPONSIBILITY_ROLE_STEWARD
INSTRUCTOR = pb.RESPONSIBILITY_ROLE_INSTRUCTOR
TECHNICIAN = pb.RESPONSIBILITY_ROLE_TECHNICIAN
HEAD = pb.RESPONSIBILITY_ROLE_HEAD


def directory(site_id: str = SITE) -> pb.Directory:
    """The sample organisation: three units, a ladder of three, a chain beside it of two."""
    return pb.Directory(
        site_id=site_id,
        name="余吾煤业",
        number_prefix="YW",
        units=[
            pb.Unit(unit_id="logistics", name="后勤部", kind=pb.UNIT_KIND_DEPARTMENT),
            pb.Unit(
                unit_id="bathhouse",
                name="浴室班",
                kind=pb.UNIT_KIND_TEAM,
                parent_id="logistics",
            ),
            pb.Unit(unit_id="joint-1", name="联建一队", kind=pb.UNIT_KIND_JOINT_TEAM),
        ],
        people=[
            pb.Person(person_id="zhang", name="张三"),
            pb.Person(person_id="li", name="李四"),
            pb.Person(person_id="wang", name="王五", unit_id="bathhouse"),
            pb.Person(person_id="zhao", name="赵六", unit_id="logistics"),
            pb.Person(person_id="sun", name="孙七"),
            pb.Person(person_id="zhou", name="周八"),
            pb.Person(person_id="wu", name="吴九"),
            pb.Person(person_id="zheng", name="郑十"),
        ],
        positions=[
            pb.Position(position_id="DUTY_LEAD", name="值班负责人", holder="sun"),
            pb.Position(position_id="DIRECTOR", name="调度室主任", holder="zhou"),
            pb.Position(position_id="LEADING_GROUP", name="领导小组"),
            pb.Position(position_id="UNION", name="工会", holder="wu"),
            pb.Position(
                position_id="GROUP_INSPECTION", name="集团纪委", holder="zheng", outside=True
            ),
        ],
        posts=[pb.Post(post_id="south", name="南风井职工餐厅", place="门口")],
        categories=[pb.Category(category_id="BATHING", name="洗浴", lead_unit_id="bathhouse")],
        ladder=[
            pb.LadderLevel(position_id="DUTY_LEAD", dwell_working_days=1),
            pb.LadderLevel(position_id="DIRECTOR", dwell_working_days=2),
            pb.LadderLevel(position_id="LEADING_GROUP", dwell_working_days=5),
        ],
        rules=pb.SiteRules(alternate_chain=["UNION", "GROUP_INSPECTION"]),
    )


def row(
    unit: str,
    person: str,
    role: "pb.ResponsibilityRole.ValueType" = STEWARD,
    start: date = EPOCH_DAY,
    end: date | None = None,
) -> pb.Responsibility:
    return pb.Responsibility(
        unit_id=unit,
        role=role,
        person_id=person,
        start_date=to_date_message(start),
        end_date=None if end is None else to_date_message(end),
    )


def matrix(*instead: pb.Responsibility) -> list[pb.Responsibility]:
    """A matrix without gaps; rows given replace those of the same unit and role."""
    rows = [
        row("logistics", "zhang"),
        row("bathhouse", "zhang"),
        row("bathhouse", "wang", HEAD),
        row("joint-1", "li"),
        row("joint-1", "zhao", INSTRUCTOR),
        row("joint-1", "wang", TECHNICIAN),
    ]
    replaced = {(given.unit_id, given.role) for given in instead}
    return [kept for kept in rows if (kept.unit_id, kept.role) not in replaced] + list(instead)


@dataclass(slots=True)
class Mine:
    """The service as its callers and its sources see it."""

    database: ServiceDatabase
    stub: Any
    keys: Keys
    gate: Gatekeeper
    intake: Intake
    sla: Sla
    versions: dict[tuple[str, str], int] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        request: Message,
        roles: str = "DISPATCHER",
        *,
        who: str = "sun",
        site: str = SITE,
    ) -> Any:
        """Calls as a person with these roles and sites, or as "service:<name>"."""
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:  # type: ignore[attr-defined]
            request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
        if roles.startswith("service:"):
            token = self.keys.service_token(roles.removeprefix("service:"))
        else:
            token = self.keys.person(who, roles.split(), site.split())
        return await getattr(self.stub, method)(request, timeout=10, metadata=bearer(token))

    async def refused(
        self, method: str, request: Message, roles: str = "DISPATCHER", **who: str
    ) -> Answer:
        """Calls, expects a refusal and returns it."""
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await self.ask(method, request, roles, **who)
        return read_refusal(error.value)

    async def publish(self, rows: list[pb.Responsibility] | None = None) -> Any:
        """Publishes a matrix, the sample one unless given."""
        request = rpc.PublishMatrixRequest(
            site_id=SITE,
            responsibilities=matrix() if rows is None else rows,
            leading_office="调度室",
            supporting_office="党建调度",
            basis_document="试行〔2026〕1号",
        )
        return await self.ask("PublishMatrix", request, "ADMINISTRATOR")

    async def publish_directory(self, changed: pb.Directory | None = None) -> Any:
        request = rpc.PublishDirectoryRequest(directory=changed or directory())
        return await self.ask("PublishDirectory", request, "ADMINISTRATOR")

    async def now(self) -> datetime:
        async with self.database.worker.connection() as connection:
            return await decision_time(connection)

    async def advance(self, by: timedelta) -> None:
        """Moves decision time ahead."""
        async with self.database.worker.connection() as connection:
            row = await connection.fetchrow("SELECT clock_offset FROM suite_clock")
        assert row is not None
        await set_offset(self.database.worker, row["clock_offset"] + by)

    def fact(
        self,
        source: str,
        case_id: str,
        message: Message,
        site: str = SITE,
        *,
        time: datetime | None = None,
    ) -> fact_pb2.Fact:
        """Makes the next fact of a source about a case, as its relay would send it."""
        version = self.versions.get((source, case_id), 0) + 1
        self.versions[source, case_id] = version
        time = time or datetime.now(UTC)
        entry = Entry(
            fact_id=new_fact_id(),
            source=source,
            site_id=site,
            subject_id=case_id,
            subject_version=version,
            type=message.DESCRIPTOR.full_name,
            occurred_time=time,
            record_time=time,
            actor="clerk",
            acting_for="",
            causes=(),
            trace="",
            payload=message.SerializeToString(deterministic=True),
        )
        return envelope(entry, fact_hash(entry), 1)

    async def hear(
        self, source: str, case_id: str, message: Message, *, time: datetime | None = None
    ) -> None:
        """Lets a fact, of now unless told, through the gate; fails when it isn't applied."""
        fact = self.fact(source, case_id, message, time=time or await self.now())
        await self.gate.take([fact], source)
        assert await self.value("SELECT count(*) FROM quarantine") == 0
        assert await self.value("SELECT count(*) FROM parked") == 0

    async def registered(self, unit: str = "bathhouse") -> str:
        """A new case has arrived; returns its id."""
        case_id = new_id()
        message = intake.CaseRegistered(case_id=case_id, site_id=SITE, unit_id=unit)
        await self.hear("intake", case_id, message)
        return case_id

    async def breached(
        self,
        case_id: str,
        kind: "sla_pb2.ClockKind.ValueType" = sla_pb2.CLOCK_KIND_FIRST_REPLY,
        *,
        consequence: "sla_pb2.Consequence.ValueType" = sla_pb2.CONSEQUENCE_LADDER,
        start_time: datetime | None = None,
        due_time: datetime | None = None,
        cycle: int = 1,
        reference: str = "",
    ) -> None:
        """A clock of the case ran out, now unless told."""
        clock = sla_pb2.Clock(
            clock_id=new_id(),
            case_id=case_id,
            kind=kind,
            reference=reference,
            cycle=cycle,
            start_time=to_timestamp(start_time or await self.now()),
            due_time=to_timestamp(due_time or await self.now()),
        )
        message = sla.ClockBreached(case_id=case_id, clock=clock, consequence=consequence)
        await self.hear("sla", case_id, message)

    async def route(self, case_id: str) -> pb.Route:
        response = await self.ask("GetRoute", rpc.GetRouteRequest(case_id=case_id), "CLERK")
        return response.route  # type: ignore[no-any-return]

    async def hand_over(self) -> None:
        """Runs jobs until none is left."""
        runner = JobRunner(self.database.worker, {HANDOVER: hand_over, TEMPLATE: follow_template})
        while await runner.step() is not None:
            pass

    async def next_day(self) -> None:
        """Lets the loop of days look once."""
        guard = ClockGuard(self.database.worker)
        await guard.look()
        await DayWorker(self.database.worker, guard, poll_seconds=60).step()

    async def facts(self, subject_id: str) -> list[Message]:
        """Returns what routing has recorded about a subject, oldest first."""
        from backstop.routing.v1 import routing_facts_pb2 as facts

        async with self.database.worker.read(service_actor("routing")) as connection:
            rows = await connection.fetch(
                "SELECT type, payload FROM journal WHERE subject_id = $1 ORDER BY subject_version",
                subject_id,
            )
        return [
            getattr(facts, row["type"].rpartition(".")[2]).FromString(row["payload"])
            for row in rows
        ]

    async def value(self, sql: str, *arguments: object) -> Any:
        async with self.database.worker.read(service_actor("routing")) as connection:
            return await connection.fetchval(sql, *arguments)


@pytest.fixture
def keys() -> Keys:
    keys = Keys()
    for name in ("intake", "routing", "sla", "notify"):
        keys.service(name)
    return keys


@pytest.fixture
async def asked() -> Intake:
    return Intake()  # type: ignore[abstract] # what routing never asks stays unimplemented


@pytest.fixture
async def to_intake(asked: Intake, keys: Keys, tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    """A channel that leads to intake's stand-in, with routing's own token."""
    folder = tmp_path / "intake"
    folder.mkdir()
    servicer = Registration(
        descriptor=intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"],
        add=intake_service_pb2_grpc.add_IntakeServiceServicer_to_server,
        servicer=asked,
    )
    reasons = catalogue("intake", intake_reasons.ErrorReason.DESCRIPTOR)
    async with serving(servicer, keys=keys, folder=folder, reasons=reasons) as (_, address):
        tokens = ServiceTokens("routing", keys.service("routing"))
        channel = connect("intake", address, tokens=tokens)
        yield channel
        await channel.close()


@pytest.fixture
async def counting() -> Sla:
    return Sla()  # type: ignore[abstract] # as above


@pytest.fixture
async def to_sla(counting: Sla, keys: Keys, tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    """A channel that leads to sla's calendars, with routing's own token."""
    folder = tmp_path / "sla"
    folder.mkdir()
    servicer = Registration(
        descriptor=sla_service_pb2.DESCRIPTOR.services_by_name["SlaService"],
        add=sla_service_pb2_grpc.add_SlaServiceServicer_to_server,
        servicer=counting,
    )
    reasons = catalogue("sla", sla_reasons.ErrorReason.DESCRIPTOR)
    async with serving(servicer, keys=keys, folder=folder, reasons=reasons) as (_, address):
        tokens = ServiceTokens("routing", keys.service("routing"))
        channel = connect("sla", address, tokens=tokens)
        yield channel
        await channel.close()


@pytest.fixture
async def bare(
    database_for: DatabaseFor,
    keys: Keys,
    asked: Intake,
    to_intake: grpc.aio.Channel,
    counting: Sla,
    to_sla: grpc.aio.Channel,
    tmp_path: Path,
) -> AsyncIterator[Mine]:
    """A service that no directory was published to."""
    database = await database_for("routing", demonstration=True)
    servicer = Registration(
        descriptor=rpc.DESCRIPTOR.services_by_name["RoutingService"],
        add=routing_service_pb2_grpc.add_RoutingServiceServicer_to_server,
        servicer=RoutingServicer(
            database.app,
            database.worker,
            Cases(to_intake),
            Terms(to_sla),
            PageTokens(b"pepper of the tests"),
        ),
    )
    async with (
        serving(servicer, keys=keys, folder=tmp_path, reasons=SPEC.catalogue()) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        stub = routing_service_pb2_grpc.RoutingServiceStub(channel)
        gate = Gatekeeper(database.worker, handlers())
        yield Mine(database, stub, keys, gate, asked, counting)


@pytest.fixture
async def mine(bare: Mine) -> Mine:
    """A site with its directory and a matrix without gaps."""
    await bare.publish_directory()
    await bare.publish()
    await bare.hand_over()
    return bare
