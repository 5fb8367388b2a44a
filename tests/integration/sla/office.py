"""Publishing as an administrator does it, through a real server with all its walls."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.sla.v1 import (
    sla_calendar_pb2,
    sla_service_pb2,
)
from chassis.convert import to_date_message
from chassis.ids import new_id
from chassis.jobs import JobRunner
from chassis.testing import Answer, Keys, bearer, read_refusal
from services.sla.handlers import jobs
from tests.integration.sla.conftest import SITE, Sla
from tests.integration.sla.served import served, servicer_of

ADMINISTRATOR = ("ADMINISTRATOR",)
EVERYWHERE = ("*",)


@dataclass(frozen=True, slots=True)
class Office:
    """Where an administrator sits."""

    stub: Any
    keys: Keys

    async def ask(
        self,
        request: Message,
        *,
        roles: Sequence[str] = ADMINISTRATOR,
        sites: Sequence[str] = (SITE,),
    ) -> Any:
        """Makes the call whose request this is; gives it a request id if it wants one."""
        fields = request.DESCRIPTOR.fields_by_name
        if "request_id" in fields and not getattr(request, "request_id"):  # noqa: B009
            setattr(request, "request_id", new_id())  # noqa: B010 - any command
        return await self._method(request)(
            request, metadata=bearer(self.keys.person("p-9", roles, sites)), timeout=20
        )

    async def refused(self, request: Message, **others: Any) -> Answer:
        """Makes a call, or reads a stream, that must be refused."""
        ask = self.preview if type(request).__name__.startswith("Preview") else self.ask
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ask(request, **others)
        return read_refusal(raised.value)

    async def preview(
        self,
        request: Message,
        *,
        roles: Sequence[str] = ADMINISTRATOR,
        sites: Sequence[str] = (SITE,),
    ) -> list[sla_service_pb2.PreviewEvent]:
        """Returns all that a preview tells."""
        stream = self._method(request)(
            request, metadata=bearer(self.keys.person("p-9", roles, sites))
        )
        return [response.event async for response in stream]

    async def publish(
        self, calendar: sla_calendar_pb2.Calendar, **fields: Any
    ) -> sla_service_pb2.PublishCalendarResponse:
        """Publishes a calendar."""
        request = sla_service_pb2.PublishCalendarRequest(calendar=calendar, **fields)
        response: sla_service_pb2.PublishCalendarResponse = await self.ask(request)
        return response

    async def calendar(self, site_id: str = SITE) -> sla_calendar_pb2.Calendar:
        """Returns the calendar in force."""
        response = await self.ask(
            sla_service_pb2.GetCalendarRequest(site_id=site_id), sites=EVERYWHERE
        )
        calendar: sla_calendar_pb2.Calendar = response.calendar
        return calendar

    def _method(self, request: Message) -> Any:
        return getattr(self.stub, type(request).__name__.removesuffix("Request"))


@asynccontextmanager
async def office_of(sla: Sla, folder: Path) -> AsyncIterator[Office]:
    """Serves an sla's publishing while the context lasts."""
    keys = Keys()
    async with served(servicer_of(sla.database), keys, folder) as stub:
        yield Office(stub, keys)


async def run_jobs(sla: Sla) -> int:
    """Does all open jobs of publishing to their end; returns how many steps that took."""
    runner = JobRunner(sla.database.worker, jobs.STEPS)
    steps = 0
    while await runner.step() is not None:
        steps += 1
    return steps


SUNDAY = 6


def add_year(
    calendar: sla_calendar_pb2.Calendar, year: int, *off: tuple[date, date]
) -> sla_calendar_pb2.Calendar:
    """Announces a year with some days off, and a Sunday in June to make up unless that is off."""
    sunday = next(day for n in range(1, 8) if (day := date(year, 6, n)).weekday() == SUNDAY)
    announced = calendar.years.add(year=year, source="样例")
    if not any(first <= sunday <= last for first, last in off):
        announced.makeup_dates.append(to_date_message(sunday))
    for first, last in off:
        announced.holidays.add(
            name="假日", start_date=to_date_message(first), end_date=to_date_message(last)
        )
    return calendar


def close_on(
    calendar: sla_calendar_pb2.Calendar, first: date, last: date | None = None
) -> sla_calendar_pb2.Calendar:
    """Closes the site on some days; returns the calendar."""
    calendar.closures.add(
        name="停产检修",
        start_date=to_date_message(first),
        end_date=to_date_message(last or first),
    )
    return calendar


async def deadlines(sla: Sla) -> dict[str, datetime]:
    """Returns the deadline of every clock that runs or stands still."""
    rows = await sla.rows(
        "SELECT clock_id::text, due_time FROM clocks WHERE state IN ('RUNNING', 'PAUSED')"
    )
    return {row["clock_id"]: row["due_time"] for row in rows}
