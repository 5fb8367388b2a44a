"""The four real processes as tests see them: callers with tokens, kills, and what has settled."""

import asyncio
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from backstop.intake.v1 import (
    intake_pb2,
    intake_registration_pb2,
    intake_service_pb2,
    intake_service_pb2_grpc,
)
from backstop.notify.v1 import notify_service_pb2_grpc
from backstop.operations.v1 import operations_service_pb2, operations_service_pb2_grpc
from backstop.routing.v1 import routing_service_pb2, routing_service_pb2_grpc
from backstop.sla.v1 import sla_service_pb2_grpc
from chassis.errors import details_of
from deploy.local import accounts, keys, processes, suite
from deploy.local.layout import SERVICES, Instance, open_instance
from services.topology import BINDINGS
from tests.waiting import eventually

T = TypeVar("T")
# A draining server answers calls that reach it before its goodbye reaches us with CANCELLED.
RETRYABLE = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
}
SITE = "yuwu"


@contextmanager
def running_suite(name: str, base_port: int) -> Iterator[Instance]:
    """Starts an instance of its own, in demonstration mode, and removes all of it afterwards."""
    instance = open_instance(name, base_port=base_port, demonstration=True)
    _remove(instance)
    try:
        suite.up(instance)
        yield instance
    finally:
        _remove(instance)


def _remove(instance: Instance) -> None:
    suite.stop(instance)
    accounts.erase(instance.folder)


def kill(instance: Instance, service: str, number: int = 1) -> None:
    """Ends a process of a service as a power cut would."""
    process = processes.recall(instance.pid_file(service, number))
    assert process is not None, f"{service} does not run"
    process.signal(signal.SIGKILL)
    assert processes.wait_for(lambda: not process.alive(), 10)


def restart(instance: Instance, service: str, number: int = 1) -> None:
    """Starts a process of a service that was killed; returns once it serves."""
    process = suite.start_service(instance, service, number)
    suite.wait_serving(instance, service, process, number)


async def until(
    condition: Callable[[], Awaitable[T | None]],
    what: str,
    seconds: float = 30.0,
    every: float = 0.02,
) -> T:
    """Returns the condition's first true value; fails when the time is over first."""
    return await eventually(condition, seconds=seconds, what=what, every=every)


def refusal(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    """Returns code and reason of a typed refusal; fails when it is not one."""
    info = details_of(error)
    assert info is not None, f"not a typed refusal: {error!r}"
    return error.code(), info.reason


def sentences(error: grpc.aio.AioRpcError) -> tuple[str, list[str]]:
    """Returns the localized sentence of a refusal and the fields that it names."""
    sentence, fields = "", []
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(
                value if isinstance(value, bytes) else value.encode()
            )
            for detail in status.details:
                localized = error_details_pb2.LocalizedMessage()
                bad = error_details_pb2.BadRequest()
                if detail.Unpack(localized):
                    sentence = localized.message
                elif detail.Unpack(bad):
                    fields = [violation.field for violation in bad.field_violations]
    return sentence, fields


class Caller:
    """Calls the services as one of the sample site's people, by the name of their token."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        options = [("grpc.enable_http_proxy", 0)]
        self._channels = {
            name: grpc.aio.insecure_channel(instance.address(name), options=options)
            for name in SERVICES
        }
        self.intake = intake_service_pb2_grpc.IntakeServiceStub(self._channels["intake"])
        self.routing = routing_service_pb2_grpc.RoutingServiceStub(self._channels["routing"])
        self.sla = sla_service_pb2_grpc.SlaServiceStub(self._channels["sla"])
        self.notify = notify_service_pb2_grpc.NotifyServiceStub(self._channels["notify"])
        self.operations = {
            name: operations_service_pb2_grpc.OperationsServiceStub(channel)
            for name, channel in self._channels.items()
        }

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()

    def token(self, who: str) -> str:
        return (self.instance.tokens / f"{who}.jwt").read_text().strip()

    async def ask(
        self,
        method: Any,
        request: Message,
        who: str = "",
        *,
        timeout: float | None = 10.0,
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> Any:
        """Makes one call, with a fresh request id where the request has room for one."""
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:  # type: ignore[attr-defined]
            request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
        if who:
            metadata = (*metadata, ("authorization", f"Bearer {self.token(who)}"))
        return await method(request, timeout=timeout, metadata=metadata)

    async def insist(self, method: Any, request: Message, who: str, seconds: float = 60.0) -> Any:
        """Calls until it succeeds, with the same request id, as a good client does."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return await self.ask(method, request, who, timeout=5.0)
            except grpc.aio.AioRpcError as error:
                if error.code() not in RETRYABLE or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)

    async def register(
        self, text: str = "淋浴头坏了", who: str = "clerk-south", **fields: Any
    ) -> intake_registration_pb2.RegisterCaseResponse:
        """Registers a case of the South Shaft with ordinary values where none are given."""
        values: dict[str, Any] = {
            "site_id": SITE,
            "text": text,
            "channel": intake_pb2.CHANNEL_DESK,
            "unit_id": "bathhouse",
            "reporter": intake_pb2.Reporter(
                kind=intake_pb2.REPORTER_KIND_EMPLOYEE, name="样例·职工", phone="13900000000"
            ),
        } | fields
        response: intake_registration_pb2.RegisterCaseResponse = await self.ask(
            self.intake.RegisterCase, intake_registration_pb2.RegisterCaseRequest(**values), who
        )
        return response

    async def case(self, case_id: str, who: str = "dispatcher") -> intake_pb2.Case:
        response = await self.ask(
            self.intake.GetCase, intake_service_pb2.GetCaseRequest(case_id=case_id), who
        )
        return response.case  # type: ignore[no-any-return]

    async def case_when(
        self, case_id: str, condition: Callable[[intake_pb2.Case], bool], what: str
    ) -> intake_pb2.Case:
        """Returns the case file once it satisfies the condition."""

        async def look() -> intake_pb2.Case | None:
            case = await self.case(case_id)
            return case if condition(case) else None

        found = await until(look, what)
        assert found is not None
        return found

    async def route_when_known(self, case_id: str) -> Any:
        """Returns routing's record of a case once it has one."""

        async def look() -> Any:
            try:
                return await self.ask(
                    self.routing.GetRoute,
                    routing_service_pb2.GetRouteRequest(case_id=case_id),
                    "dispatcher",
                )
            except grpc.aio.AioRpcError as error:
                if refusal(error)[1] != "ROUTE_NOT_FOUND":
                    raise
                return None

        return (await until(look, "routing knows the case")).route

    async def flow(self, service: str) -> operations_service_pb2.GetFlowResponse:
        response: operations_service_pb2.GetFlowResponse = await self.ask(
            self.operations[service].GetFlow, operations_service_pb2.GetFlowRequest(), "operator"
        )
        return response


@asynccontextmanager
async def inspector(instance: Instance) -> AsyncIterator["Inspector"]:
    """Opens the read-only view over all schemas."""
    password = keys.password_of(instance, "backstop_fsck")
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=instance.ports.postgres,
        user="backstop_fsck",
        password=password,
        database="backstop",
    )
    try:
        yield Inspector(connection)
    finally:
        await connection.close()


class Inspector:
    """Looks into all schemas at once, as only fsck and tests may."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def value(self, sql: str, *arguments: Any) -> Any:
        return await self._connection.fetchval(sql, *arguments)

    async def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        return list(await self._connection.fetch(sql, *arguments))

    async def backlog(self) -> int:
        """Counts what has not arrived: unapplied facts, parked ones, open jobs, quarantine."""
        total = 0
        for consumer, sources in BINDINGS.items():
            for source in sources:
                total += await self.value(
                    f"SELECT count(*) FROM {source}.subjects AS s "
                    f"LEFT JOIN {consumer}.gates AS g "
                    f"ON g.source = '{source}' AND g.subject_id = s.subject_id "
                    "WHERE s.version > coalesce(g.version, 0)"
                )
            total += await self.value(
                f"SELECT (SELECT count(*) FROM {consumer}.parked) "
                f"+ (SELECT count(*) FROM {consumer}.quarantine) "
                f"+ (SELECT count(*) FROM {consumer}.journal_pending) "
                f"+ (SELECT count(*) FROM {consumer}.jobs WHERE state = 'OPEN')"
            )
        return total

    async def settle(self, seconds: float = 60.0) -> None:
        """Waits until every fact has been applied wherever it is heard."""

        async def settled() -> bool:
            return await self.backlog() == 0

        await until(settled, "every fact applied everywhere", seconds, every=0.05)


def logs(instance: Instance) -> dict[str, Path]:
    """Returns the log file of each service."""
    return {service: instance.log_file(service) for service in SERVICES}
