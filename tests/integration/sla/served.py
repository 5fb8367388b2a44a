"""sla's server over a real database with all its walls, and a Monday on which it is asked.

Decision time is moved to a Monday of a March to come, in which no law knows a holiday.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import grpc

from backstop.sla.v1 import sla_service_pb2, sla_service_pb2_grpc
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.testing import PEPPER, Keys, serving
from services.sla.app import SPEC
from services.sla.rpc import SlaServicer
from tests.integration.databases import ServiceDatabase

# The asynchronous stub exists for type checkers alone.
Stub: TypeAlias = "sla_service_pb2_grpc.SlaServiceAsyncStub"

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _monday() -> datetime:
    """Returns 9:00 at the site of the second Monday of next year's March."""
    first = datetime(datetime.now(UTC).year + 1, 3, 1, 9, tzinfo=SHANGHAI)
    return (first + DAY * ((-first.weekday()) % 7) + 7 * DAY).astimezone(UTC)


MONDAY = _monday()
# 24:00 of days from that Monday on.
MIDNIGHT = [MONDAY + 15 * HOUR + number * DAY for number in range(60)]


def servicer_of(database: ServiceDatabase) -> SlaServicer:
    """Returns sla's RPCs over a database."""
    return SlaServicer(database.app, database.worker, PageTokens(PEPPER))


@asynccontextmanager
async def served(servicer: SlaServicer, keys: Keys, folder: Path) -> AsyncIterator[Stub]:
    """Serves sla while the context lasts; the tokens it takes are signed by `keys`."""
    registration = Registration(
        descriptor=sla_service_pb2.DESCRIPTOR.services_by_name["SlaService"],
        add=sla_service_pb2_grpc.add_SlaServiceServicer_to_server,
        servicer=servicer,
    )
    async with (
        serving(registration, keys=keys, folder=folder, reasons=SPEC.catalogue()) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield sla_service_pb2_grpc.SlaServiceStub(channel)
