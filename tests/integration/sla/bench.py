"""A real server over a real database, and a leader who asks for the past under other terms."""

import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest

from backstop.sla.v1 import (
    sla_calendar_pb2,
    sla_pb2,
    sla_policy_pb2,
    sla_service_pb2,
    sla_service_pb2_grpc,
)
from chassis.convert import to_date_message
from chassis.testing import Answer, Keys, bearer, read_refusal
from services.sla.rpc import SlaServicer
from tests.integration.sla.conftest import SITE, Sla
from tests.integration.sla.past import DAY, MONDAY, Known, lives
from tests.integration.sla.served import served, servicer_of

# The asynchronous stub exists for type checkers alone.
Stub: TypeAlias = "sla_service_pb2_grpc.SlaServiceAsyncStub"
Event: TypeAlias = sla_service_pb2.BacktestPolicyResponse

PLAN = sla_pb2.CLOCK_KIND_PLAN


@dataclass
class Desk:
    """An sla with its server, a past, and a leader who asks about it."""

    sla: Sla
    stub: Stub
    keys: Keys
    servicer: SlaServicer

    @property
    def known(self) -> list[Known]:
        return [known for known, _ in lives()]

    def request(
        self,
        plan_days: int = 0,
        calendar: sla_calendar_pb2.Calendar | None = None,
        **fields: Any,
    ) -> sla_service_pb2.BacktestPolicyRequest:
        usual: dict[str, Any] = {
            "site_id": SITE,
            "start_date": to_date_message(MONDAY),
            "end_date": to_date_message(MONDAY + 30 * DAY),
            "calendar": calendar,
            "max_differences": 100_000,
        }
        if plan_days:
            usual["policy"] = plan_in(plan_days)
        return sla_service_pb2.BacktestPolicyRequest(**(usual | fields))

    def call(
        self, request: sla_service_pb2.BacktestPolicyRequest, *roles: str, site: str = SITE
    ) -> Any:
        metadata = bearer(self.keys.person(roles=roles or ["LEADER"], sites=[site]))
        return self.stub.BacktestPolicy(request, metadata=metadata)

    async def run(self, request: sla_service_pb2.BacktestPolicyRequest) -> "Report":
        return Report([event async for event in self.call(request)])

    async def refused(
        self, request: sla_service_pb2.BacktestPolicyRequest, *roles: str, site: str = SITE
    ) -> Answer:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            async for _ in self.call(request, *roles, site=site):
                pass
        return read_refusal(raised.value)

    async def calendar(self) -> sla_calendar_pb2.Calendar:
        director = bearer(self.keys.person(roles=["DIRECTOR"], sites=[SITE]))
        request = sla_service_pb2.GetCalendarRequest(site_id=SITE)
        response = await self.stub.GetCalendar(request, metadata=director, timeout=5)
        return response.calendar


@dataclass
class Report:
    """All that a backtest told."""

    events: list[Event]

    @property
    def summary(self) -> sla_service_pb2.BacktestSummary:
        (summary,) = (event.summary for event in self.events if event.HasField("summary"))
        assert self.events[-1].HasField("summary")
        return summary

    @property
    def differences(self) -> list[sla_service_pb2.BacktestDifference]:
        return [event.difference for event in self.events if event.HasField("difference")]

    @property
    def progress(self) -> list[tuple[int, int]]:
        return [
            (event.progress.done, event.progress.total)
            for event in self.events
            if event.HasField("progress")
        ]

    def plans(self, before: str, after: str) -> set[str]:
        """Returns the cases whose first PLAN would have ended otherwise, from state to state."""
        return {
            found.case_id
            for found in self.differences
            if found.before.kind == PLAN == found.after.kind
            and found.before.cycle == 1
            and state(found.before) == before
            and state(found.after) == after
        }


def state(clock: sla_pb2.Clock) -> str:
    return sla_pb2.ClockState.Name(clock.state).removeprefix("CLOCK_STATE_")


def plan_in(days: int) -> sla_policy_pb2.Policy:
    terms = sla_policy_pb2.ClockTerms(clock=PLAN, working_days=days)
    rule = sla_policy_pb2.PolicyRule(name="试行", clocks=[terms])
    return sla_policy_pb2.Policy(site_id=SITE, rules=[rule])


@asynccontextmanager
async def bench_of(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    """Serves an sla without a past; its processes end with it."""
    keys = Keys()
    servicer = servicer_of(sla.database)
    async with served(servicer, keys, tmp_path) as stub:
        yield Desk(sla, stub, keys, servicer)
    await servicer.close()
    assert not multiprocessing.active_children()
