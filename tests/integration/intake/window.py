"""How tests call intake, send it facts, and look into what it has recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import grpc
from google.protobuf.message import Message

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from chassis.actor import service_actor
from chassis.fsck import Finding, check, load_checks
from chassis.gatekeeper import Gatekeeper
from chassis.ids import new_fact_id, new_id
from chassis.journal import Entry, envelope, fact_hash
from chassis.server import Server
from chassis.testing import Answer, Keys, bearer, read_refusal
from tests.integration.databases import ServiceDatabase

NOW = datetime.now(UTC)
_HOW = ("subject", "sites", "acting_for")


def directory(site_id: str, prefix: str) -> routing_facts_pb2.DirectoryPublished:
    """A small mine."""
    return routing_facts_pb2.DirectoryPublished(
        directory=routing_pb2.Directory(
            site_id=site_id,
            name="样例矿",
            number_prefix=prefix,
            units=[
                routing_pb2.Unit(unit_id="bath", name="浴室队", kind=routing_pb2.UNIT_KIND_TEAM),
                routing_pb2.Unit(unit_id="south", name="南风井", kind=routing_pb2.UNIT_KIND_TEAM),
            ],
            people=[
                routing_pb2.Person(person_id="c-1", name="样例甲"),
                routing_pb2.Person(person_id="s-1", name="样例乙"),
            ],
            positions=[routing_pb2.Position(position_id="DUTY_LEAD", name="值班主任")],
            posts=[
                routing_pb2.Post(post_id="canteen", name="南风井食堂值守点", place="南风井食堂门口")
            ],
            categories=[routing_pb2.Category(category_id="BATHING", name="洗浴")],
        )
    )


@dataclass
class Window:
    """One intake and its callers: `ask(request, role)` calls the RPC of the request's type."""

    database: ServiceDatabase
    stub: Any
    gatekeeper: Gatekeeper
    keys: Keys
    server: Server
    versions: dict[tuple[str, str], int] = field(default_factory=dict)

    async def ask(
        self,
        request: Message,
        *roles: str,
        subject: str = "",
        sites: Sequence[str] = ("yuwu",),
        language: str = "zh-CN",
        service: str = "",
        nobody: bool = False,
        acting_for: str = "",
    ) -> Any:
        """Calls as a person of these roles, as a service, or as nobody; adds a request id."""
        if "request_id" in request.DESCRIPTOR.fields_by_name and not getattr(
            request, "request_id", ""
        ):
            setattr(request, "request_id", new_id())  # noqa: B010 - any request that has one
        metadata: tuple[tuple[str, str], ...] = (("accept-language", language),)
        if service:
            metadata += bearer(self.keys.service_token(service))
        elif not nobody:
            who = subject or {"CLERK": "c-1", "STEWARD": "s-1"}.get(roles[0], roles[0].lower())
            claims: dict[str, Any] = {"acting_for": acting_for} if acting_for else {}
            metadata += bearer(self.keys.person(who, roles, sites, **claims))
        name = type(request).__name__.removesuffix("Request")
        return await getattr(self.stub, name)(request, timeout=10, metadata=metadata)

    async def refused(self, request: Message, *roles: str, **how: Any) -> Answer:
        """Calls, and returns the refusal; AssertionError when it is none."""
        try:
            reply = await self.ask(request, *roles, **how)
        except grpc.aio.AioRpcError as error:
            return read_refusal(error)
        raise AssertionError(f"not refused: {reply}")

    async def register(
        self, *roles: str, **fields: Any
    ) -> intake_registration_pb2.RegisterCaseResponse:
        """Registers an ordinary appeal as a clerk, or as told."""
        how = {name: fields.pop(name) for name in _HOW if name in fields}
        response: intake_registration_pb2.RegisterCaseResponse = await self.ask(
            appeal(**fields), *(roles or ("CLERK",)), **how
        )
        return response

    async def resolved(self, **fields: Any) -> intake_registration_pb2.RegisterCaseResponse:
        """Registers a case and resolves it, the reporter told."""
        made = await self.register(**fields)
        await self.ask(
            rpc.ResolveCaseRequest(
                case_id=made.case.case_id,
                resolution="已更换淋浴头",
                outcome=pb.OUTCOME_SOLVED,
                feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
            ),
            "STEWARD",
        )
        return made

    async def case(self, case_id: str) -> pb.Case:
        """Returns the case file as the dispatch room sees it."""
        reply = await self.ask(rpc.GetCaseRequest(case_id=case_id), "DISPATCHER")
        case: pb.Case = reply.case
        return case

    async def tell(
        self,
        source: str,
        subject_id: str,
        site_id: str,
        message: Message,
        *,
        actor: str = "",
        record_time: datetime | None = None,
    ) -> None:
        """Sends a fact of another service through the gate, in order; recorded now if untold."""
        version = self.versions.get((source, subject_id), 0) + 1
        self.versions[source, subject_id] = version
        now = record_time or datetime.now(UTC)
        entry = Entry(
            fact_id=new_fact_id(),
            source=source,
            site_id=site_id,
            subject_id=subject_id,
            subject_version=version,
            type=message.DESCRIPTOR.full_name,
            occurred_time=now,
            record_time=now,
            actor=actor or f"service:{source}",
            acting_for="",
            causes=(),
            trace="",
            payload=message.SerializeToString(),
        )
        fact = envelope(entry, fact_hash(entry), 1)
        outcome = await self.gatekeeper.apply([fact])
        if outcome.bad:
            raise AssertionError(f"not applied: {outcome.bad}")

    async def facts(self, case_id: str) -> list[str]:
        """Returns the types of what intake has recorded about a case, in order."""
        rows = await self.rows(
            "SELECT type FROM journal WHERE subject_id = $1 ORDER BY subject_version", case_id
        )
        return [row["type"].rpartition(".")[2] for row in rows]

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """Looks into the tables as the service itself does."""
        async with self.database.worker.read(service_actor("intake")) as connection:
            return list(await connection.fetch(sql, *arguments))

    async def backdate(self, age: str) -> None:
        """Makes every fact as old as told; an interval of PostgreSQL's."""
        parts = urlsplit(self.database.admin_dsn)
        connection = await asyncpg.connect(parts._replace(path=f"/{self.database.name}").geturl())
        try:
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(
                "UPDATE intake.journal SET record_time = now() - $1::text::interval", age
            )
        finally:
            await connection.close()

    async def findings(self) -> list[Finding]:
        """Runs every invariant."""
        return await check(self.database.worker, load_checks("services.intake"))


def appeal(**fields: Any) -> intake_registration_pb2.RegisterCaseRequest:
    """An ordinary appeal; fields replace its own."""
    usual: dict[str, Any] = {
        "site_id": "yuwu",
        "text": "南风井浴室淋浴头损坏",
        "channel": pb.CHANNEL_DESK,
        "post_id": "canteen",
        "unit_id": "bath",
        "category": "BATHING",
        "reporter": pb.Reporter(
            kind=pb.REPORTER_KIND_EMPLOYEE,
            name="CANARY-NAME",
            person_code="w-7",
            phone="13900001111",
        ),
    }
    return intake_registration_pb2.RegisterCaseRequest(**usual | fields)
