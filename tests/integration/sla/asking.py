"""A real server over a real database, and those who ask it for clocks.

Decision time is moved to a Monday of a March to come, in which no law knows a holiday.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest

from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from chassis.clock import set_offset
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.testing import Answer, Keys, bearer, read_refusal
from tests.integration.sla.conftest import SITE, Sla, fed_back
from tests.integration.sla.served import (
    HOUR,
    MIDNIGHT,
    MONDAY,
    Stub,
    served,
    servicer_of,
)

Kind: TypeAlias = "sla_pb2.ClockKind.ValueType"

FIRST_REPLY, PLAN = sla_pb2.CLOCK_KIND_FIRST_REPLY, sla_pb2.CLOCK_KIND_PLAN
REMINDER, PAUSE = sla_pb2.CLOCK_KIND_REMINDER, sla_pb2.CLOCK_KIND_PAUSE
OUTREACH, REVIEW = sla_pb2.CLOCK_KIND_OUTREACH, sla_pb2.CLOCK_KIND_REVIEW


@dataclass
class Desk:
    """An sla with its server, and those who ask it."""

    sla: Sla
    stub: Stub
    keys: Keys

    async def move_to(self, time: datetime) -> None:
        """Moves decision time on, and lets fire what is due by then."""
        await set_offset(self.sla.database.worker, time - datetime.now(UTC))
        await self.sla.fire()

    def caller(self, *roles: str, sites: Sequence[str] = (SITE,)) -> Any:
        return bearer(self.keys.person("p-7", roles=roles or ["DISPATCHER"], sites=list(sites)))

    async def clocks(
        self, case_id: str, as_of: datetime | None = None, *, with_events: bool = False
    ) -> sla_service_pb2.GetCaseClocksResponse:
        request = sla_service_pb2.GetCaseClocksRequest(case_id=case_id, with_events=with_events)
        if as_of is not None:
            request.as_of_time.CopyFrom(to_timestamp(as_of))
        return await self.stub.GetCaseClocks(request, metadata=self.caller(), timeout=5)

    async def listed(
        self, *, sites: Sequence[str] = (SITE,), **asked: Any
    ) -> sla_service_pb2.ListClocksResponse:
        request = sla_service_pb2.ListClocksRequest(**asked)
        return await self.stub.ListClocks(request, metadata=self.caller(sites=sites), timeout=5)

    async def kinds(self, **asked: Any) -> list[tuple[str, Kind]]:
        """Returns (case, kind of clock) of what is listed, in order."""
        return [(row.clock.case_id, row.clock.kind) for row in (await self.listed(**asked)).clocks]

    async def explained(self, clock_id: str) -> sla_service_pb2.ExplainDeadlineResponse:
        request = sla_service_pb2.ExplainDeadlineRequest(clock_id=clock_id)
        return await self.stub.ExplainDeadline(request, metadata=self.caller(), timeout=5)

    async def pause(self, case_id: str, latest_end: datetime) -> None:
        request = sla_service_pb2.PauseClocksRequest(
            request_id=new_id(),
            case_id=case_id,
            reason=sla_pb2.PAUSE_REASON_WAITING_FOR_REPORTER,
            words="等诉求人补照片。",
            latest_end_time=to_timestamp(latest_end),
        )
        await self.stub.PauseClocks(request, metadata=self.caller(), timeout=5)

    async def resume(self, case_id: str) -> None:
        request = sla_service_pb2.ResumeClocksRequest(request_id=new_id(), case_id=case_id)
        await self.stub.ResumeClocks(request, metadata=self.caller(), timeout=5)

    async def assign(self, case_id: str, unit_id: str, steward: str, accountable: str) -> None:
        message = routing_facts_pb2.CaseAssigned(
            case_id=case_id, unit_id=unit_id, steward=steward, accountable=accountable
        )
        await self.sla.tell(message, await self.sla.now())


def one(clocks: Any, kind: Kind) -> sla_pb2.Clock:
    (clock,) = (clock for clock in clocks if clock.kind == kind)
    assert isinstance(clock, sla_pb2.Clock)
    return clock


async def refused(call: Any) -> Answer:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return read_refusal(raised.value)


@asynccontextmanager
async def desk_of(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    """Serves an sla on that Monday."""
    keys = Keys()
    async with served(servicer_of(sla.database), keys, tmp_path) as stub:
        desk = Desk(sla, stub, keys)
        await set_offset(sla.database.worker, MONDAY - datetime.now(UTC))
        yield desk


async def live_a_little(desk: Desk) -> str:
    """A case that is paused on its Monday, answered late on Tuesday, and excused."""
    (case_id,) = await desk.sla.register(MONDAY)
    await desk.move_to(MONDAY + HOUR)
    await desk.pause(case_id, MIDNIGHT[20])
    await desk.move_to(MIDNIGHT[0] + HOUR)
    await desk.move_to(MIDNIGHT[0] + 10 * HOUR)
    answered = fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, MIDNIGHT[0] + 9 * HOUR)
    await desk.sla.tell(answered, MIDNIGHT[0] + 9 * HOUR)
    await desk.move_to(MIDNIGHT[0] + 12 * HOUR)
    await desk.resume(case_id)
    late = one((await desk.clocks(case_id)).clocks, FIRST_REPLY)
    await desk.move_to(MIDNIGHT[0] + 14 * HOUR)
    excuse = sla_service_pb2.ExcuseBreachRequest(
        request_id=new_id(), clock_id=late.clock_id, reason="全矿停电。"
    )
    await desk.stub.ExcuseBreach(excuse, metadata=desk.caller("DIRECTOR"), timeout=5)
    return case_id
