"""A window to call: intake's own servicer behind the real walls, on a fresh database."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import grpc
import pytest

from backstop.intake.v1 import intake_service_pb2_grpc
from backstop.routing.v1 import error_reason_pb2
from backstop.routing.v1 import routing_service_pb2 as routing
from backstop.routing.v1 import routing_service_pb2_grpc as routing_grpc
from backstop.sla.v1 import sla_pb2
from backstop.sla.v1 import sla_service_pb2 as sla
from backstop.sla.v1 import sla_service_pb2_grpc as sla_grpc
from chassis.client import connect
from chassis.clock import ClockGuard
from chassis.convert import to_date, to_date_message, to_datetime
from chassis.errors import Refused, catalogue
from chassis.gatekeeper import Gatekeeper
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.spec import Runtime
from chassis.telemetry import Tracing
from chassis.testing import PEPPER, Keys, serving
from chassis.tokens import ServiceTokens
from services.intake.app import SPEC, compose
from services.intake.domain.times import local_day
from services.intake.settings import Settings
from tests.integration.conftest import DatabaseFor
from tests.integration.intake.past import Ledger
from tests.integration.intake.window import Window, directory

_MINE = ZoneInfo("Asia/Shanghai")


class Peers(routing_grpc.RoutingServiceServicer, sla_grpc.SlaServiceServicer):
    """What intake asks routing and sla: seals that can be refused, deadlines, working days.

    Mondays to Fridays are worked, and the `rest_days` are not.
    """

    def __init__(self) -> None:
        # Seals as (case id, holder); `meanwhile` runs once, behind the next seal.
        self.seals: set[tuple[str, str]] = set()
        self.unsealed: list[tuple[str, str]] = []
        self.asked = 0
        self.open_work_orders = 0
        # What the deadlines of a receipt were asked for.
        self.deadlines_of: list[sla.ComputeDeadlinesRequest] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.rest_days: set[date] = set()
        self.has_calendar = True

    @property
    def sealed(self) -> set[str]:
        """Cases that are sealed, by whomever."""
        return {case_id for case_id, _ in self.seals}

    async def SealWorkOrders(
        self, request: routing.SealWorkOrdersRequest, context: Any
    ) -> routing.SealWorkOrdersResponse:
        self.asked += 1
        if self.open_work_orders:
            raise Refused("WORK_ORDERS_OPEN", count=self.open_work_orders)
        self.seals.add((request.case_id, request.holder))
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return routing.SealWorkOrdersResponse()

    async def UnsealWorkOrders(
        self, request: routing.UnsealWorkOrdersRequest, context: Any
    ) -> routing.UnsealWorkOrdersResponse:
        self.asked += 1
        self.seals.discard((request.case_id, request.holder))
        self.unsealed.append((request.case_id, request.holder))
        return routing.UnsealWorkOrdersResponse()

    async def ComputeDeadlines(
        self, request: sla.ComputeDeadlinesRequest, context: Any
    ) -> sla.ComputeDeadlinesResponse:
        self.deadlines_of.append(request)
        return sla.ComputeDeadlinesResponse(
            deadlines=[
                sla_pb2.Deadline(
                    kind=sla_pb2.CLOCK_KIND_FIRST_REPLY, due_time=request.occurred_time
                )
            ]
        )

    async def WorkingTimeBetween(
        self, request: sla.WorkingTimeBetweenRequest, context: Any
    ) -> sla.WorkingTimeBetweenResponse:
        if not self.has_calendar:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        first, last = (
            local_day(to_datetime(time), _MINE) for time in (request.start_time, request.end_time)
        )
        days = (first + timedelta(days=count) for count in range(1, (last - first).days + 1))
        return sla.WorkingTimeBetweenResponse(working_days=sum(map(self._worked, days)))

    async def AddWorkingDays(
        self, request: sla.AddWorkingDaysRequest, context: Any
    ) -> sla.AddWorkingDaysResponse:
        day, left = to_date(request.start_date), request.working_days
        while left:
            day += timedelta(days=1)
            left -= self._worked(day)
        return sla.AddWorkingDaysResponse(date=to_date_message(day))

    def _worked(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.rest_days


@pytest.fixture
def keys() -> Keys:
    keys = Keys()
    for name in ("intake", "routing", "sla", "notify"):
        keys.service(name)
    return keys


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name, key in (("pepper", PEPPER), ("root_key", bytes(range(32, 64)))):
        (tmp_path / name).write_text(base64.b64encode(key).decode())
    return Settings(pepper_file=tmp_path / "pepper", root_key_file=tmp_path / "root_key")


@pytest.fixture
async def peers() -> Peers:
    return Peers()  # type: ignore[abstract] # what intake never asks stays unimplemented


@pytest.fixture
async def peer_channel(peers: Peers, keys: Keys, tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    """A channel that leads to the peers, with intake's own token."""
    folder = tmp_path / "peers"
    folder.mkdir()
    async with serving(
        Registration(
            routing.DESCRIPTOR.services_by_name["RoutingService"],
            routing_grpc.add_RoutingServiceServicer_to_server,
            peers,
        ),
        Registration(
            sla.DESCRIPTOR.services_by_name["SlaService"],
            sla_grpc.add_SlaServiceServicer_to_server,
            peers,
        ),
        keys=keys,
        folder=folder,
        reasons=catalogue("routing", error_reason_pb2.ErrorReason.DESCRIPTOR),
    ) as (_, address):
        channel = connect(
            "routing", address, tokens=ServiceTokens("intake", keys.service("intake"))
        )
        yield channel
        await channel.close()


@pytest.fixture
async def window(
    database_for: DatabaseFor,
    settings: Settings,
    keys: Keys,
    peer_channel: grpc.aio.Channel,
    tmp_path: Path,
) -> AsyncIterator[Window]:
    """intake with the directories of two mines, to call and to send facts to."""
    database = await database_for("intake")
    runtime = Runtime(
        service="intake",
        settings=settings,
        app=database.app,
        worker=database.worker,
        channels={"routing": peer_channel, "sla": peer_channel},
        pages=PageTokens(PEPPER),
        guard=ClockGuard(database.worker),
        tracing=Tracing("intake", endpoint="", ratio=0.0),
    )
    parts = await compose(runtime)
    async with (
        serving(*parts.servicers, keys=keys, folder=tmp_path, reasons=SPEC.catalogue()) as (
            server,
            address,
        ),
        grpc.aio.insecure_channel(address) as channel,
    ):
        made = Window(
            server=server,
            database=database,
            stub=intake_service_pb2_grpc.IntakeServiceStub(channel),
            gatekeeper=Gatekeeper(database.worker, parts.handlers),
            keys=keys,
        )
        await made.tell("routing", "directory/yuwu", "yuwu", directory("yuwu", "YW"))
        await made.tell("routing", "directory/other", "other", directory("other", "OT"))
        yield made


@pytest.fixture
async def ledger(window: Window) -> AsyncIterator[Ledger]:
    """Writes into the tables of the window."""
    connection = await asyncpg.connect(
        window.database.dsn("owner"), server_settings={"search_path": "intake"}
    )
    await connection.execute("SELECT set_config('backstop.sites', '*', false)")
    yield Ledger(connection)
    await connection.close()
