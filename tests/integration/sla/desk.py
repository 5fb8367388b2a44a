"""A real server with all its walls over a real database, and those who pause and excuse there.

Decision time is moved to a Monday of a March to come, in which no law knows a holiday.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc
import pytest

from backstop.sla.v1 import sla_pb2, sla_service_pb2
from chassis.clock import set_offset
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.queries import parse_queries
from chassis.testing import Answer, Keys, bearer, read_refusal
from tests.integration.sla.conftest import SITE, Sla
from tests.integration.sla.served import (
    MIDNIGHT,
    MONDAY,
    Stub,
    served,
    servicer_of,
)

FIRST_REPLY, PLAN = sla_pb2.CLOCK_KIND_FIRST_REPLY, sla_pb2.CLOCK_KIND_PLAN
RUNNING, PAUSED = sla_pb2.CLOCK_STATE_RUNNING, sla_pb2.CLOCK_STATE_PAUSED
BREACHED = sla_pb2.CLOCK_STATE_BREACHED
WAITING = sla_pb2.PAUSE_REASON_WAITING_FOR_REPORTER
CHECKS = parse_queries("fsck", files("services.sla").joinpath("sql/fsck.sql").read_text("utf-8"))


@dataclass
class Desk:
    """An sla with its server, and those who call it."""

    sla: Sla
    stub: Stub
    keys: Keys

    async def move_to(self, time: datetime, *, fire: bool = True) -> None:
        """Moves decision time on, and lets fire what is due by then."""
        await set_offset(self.sla.database.worker, time - datetime.now(UTC))
        if fire:
            await self.sla.fire()

    def caller(self, *roles: str, site: str = SITE, subject: str = "p-7") -> Any:
        return bearer(self.keys.person(subject, roles=roles, sites=[site]))

    async def pause(
        self,
        case_id: str,
        latest_end: datetime = MIDNIGHT[20],
        *,
        request_id: str = "",
        metadata: Any = None,
        **fields: Any,
    ) -> sla_service_pb2.PauseClocksResponse:
        wanted: dict[str, Any] = {"reason": WAITING, "words": "等诉求人提供材料。"} | fields
        request = sla_service_pb2.PauseClocksRequest(
            request_id=request_id or new_id(),
            case_id=case_id,
            latest_end_time=to_timestamp(latest_end),
            **wanted,
        )
        caller = metadata or self.caller("DISPATCHER")
        return await self.stub.PauseClocks(request, metadata=caller, timeout=5)

    async def resume(
        self, case_id: str, *, request_id: str = "", metadata: Any = None, **fields: Any
    ) -> sla_service_pb2.ResumeClocksResponse:
        request = sla_service_pb2.ResumeClocksRequest(
            request_id=request_id or new_id(), case_id=case_id, **fields
        )
        caller = metadata or self.caller("STEWARD", subject="p-8")
        return await self.stub.ResumeClocks(request, metadata=caller, timeout=5)

    async def excuse(
        self, clock_id: str, *, request_id: str = "", metadata: Any = None
    ) -> sla_pb2.Clock:
        request = sla_service_pb2.ExcuseBreachRequest(
            request_id=request_id or new_id(), clock_id=clock_id, reason="全矿停电。"
        )
        caller = metadata or self.caller("DIRECTOR", subject="p-9")
        return (await self.stub.ExcuseBreach(request, metadata=caller, timeout=5)).clock

    async def case(
        self, case_id: str, *, with_events: bool = False
    ) -> sla_service_pb2.GetCaseClocksResponse:
        request = sla_service_pb2.GetCaseClocksRequest(case_id=case_id, with_events=with_events)
        caller = self.caller("DISPATCHER")
        return await self.stub.GetCaseClocks(request, metadata=caller, timeout=5)

    async def clock(self, case_id: str, kind: "sla_pb2.ClockKind.ValueType") -> sla_pb2.Clock:
        return of_kind((await self.case(case_id)).clocks, kind)

    async def facts(self, case_id: str, *kinds: type[Any]) -> list[Any]:
        """Returns the facts of a case that are of these kinds, in order."""
        return [fact for fact in await self.sla.published(case_id) if isinstance(fact, kinds)]

    async def acts(self, case_id: str) -> list[tuple[str, str, str]]:
        """Returns (kind, actor, cause) of what was applied to a case, in order."""
        rows = await self.sla.rows(
            "SELECT kind, actor, cause FROM acts WHERE case_id = $1 ORDER BY id", case_id
        )
        return [(row["kind"], row["actor"], row["cause"]) for row in rows]

    async def state(self, case_id: str) -> list[Any]:
        """Returns everything that is kept of a case."""
        return [
            [tuple(row.values()) for row in await self.sla.rows(sql, case_id)]
            for sql in (
                "SELECT * FROM cases WHERE case_id = $1",
                "SELECT * FROM clocks WHERE subject_id = $1 ORDER BY clock_id",
                "SELECT * FROM acts WHERE case_id = $1 ORDER BY id",
                "SELECT * FROM excuses WHERE case_id = $1 ORDER BY clock_id",
                "SELECT version FROM subjects WHERE subject_id = $1",
            )
        ]


def of_kind(clocks: Any, kind: "sla_pb2.ClockKind.ValueType") -> sla_pb2.Clock:
    """Returns the one clock of the kind."""
    (clock,) = (clock for clock in clocks if clock.kind == kind)
    assert isinstance(clock, sla_pb2.Clock)
    return clock


async def refusal(call: Any) -> Answer:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return read_refusal(raised.value)


def reasons(answers: Sequence[Any]) -> list[str]:
    """Returns the reasons of those answers that are refusals."""
    errors = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    return [read_refusal(error).reason for error in errors]


@asynccontextmanager
async def opened(sla: Sla, folder: Path) -> AsyncIterator[Desk]:
    """Serves from that Monday on; fsck has nothing to say at the end."""
    keys = Keys()
    async with served(servicer_of(sla.database), keys, folder) as stub:
        desk = Desk(sla, stub, keys)
        await desk.move_to(MONDAY, fire=False)
        yield desk
    found = {check.name: len(await sla.rows(check.sql)) for check in CHECKS}
    assert not any(found.values()), found
