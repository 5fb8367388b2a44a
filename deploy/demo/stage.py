"""Where the play takes place: the actors' clients, the clock, and the wait for rest.

Time moves only when nothing is under way: every gate at its owner's version, no clock past its
deadline without a verdict, no message still to be sent. On the way to the next scene it stops at
every warning that is due and every deadline that runs out before, so that what follows from each
follows in its own time: a warning whose deadline has passed as well isn't given any more.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from backstop.notify.v1 import notify_pb2, notify_service_pb2
from backstop.routing.v1 import routing_sweeps_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from ctl import clock, settling, times
from ctl.connection import Client, Connections
from ctl.settings import Settings
from deploy.demo.month import Month

_SETTLE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
# A deadline is the first instant that is too late; a moment after it the verdict is due.
_AFTER_FIRING: Final = timedelta(seconds=1)
_ACTING_SERVICES: Final = ("intake", "routing", "sla")
_UNSENT: Final = (notify_pb2.DELIVERY_STATE_PLANNED, notify_pb2.DELIVERY_STATE_SENDING)


@dataclass(slots=True)
class Told:
    """A case once it is registered."""

    case_id: str
    number: str
    receipt_code: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Fired:
    """A clock that warned, or whose time ran out, while the play was between two scenes."""

    # Of the story.
    key: str
    clock: sla_pb2.Clock
    breached: bool
    # Whose work order it is about; empty for a clock of the case.
    unit_id: str = ""


Notice = Callable[[datetime, Sequence[Fired]], None]


@dataclass(slots=True)
class Stage:
    """Everything the actors share."""

    connections: Connections
    settings: Settings
    language: str
    month: Month
    site_id: str
    # Stories that have begun, by key.
    told: dict[str, Told] = field(default_factory=dict)
    # Sweeps that stories have opened, by the story's key.
    sweeps: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        """Returns the client of whoever holds that token; "receipt" holds none."""
        if name not in self._clients:
            token = "" if name == "receipt" else self.settings.token_of(name)
            self._clients[name] = Client(self.connections, token=token, language=self.language)
        return self._clients[name]

    @property
    def operator(self) -> Client:
        return self.client("operator")

    async def settle(self, case_id: str) -> None:
        """Waits until those who act on cases know all of this one; messages may still go out."""
        await settling.settle(
            self.operator, [case_id], timeout=_SETTLE_SECONDS, among=_ACTING_SERVICES
        )

    async def rest(self, cases: Collection[str] | None = None) -> None:
        """Waits until nothing is under way about these cases, or any: facts, verdicts, messages."""
        watched = [told.case_id for told in self.told.values()] if cases is None else list(cases)
        if not watched:
            return

        async def pending() -> Sequence[str]:
            now = await clock.decision_time(self.operator)
            found = await asyncio.gather(*(self._pending(case_id, now) for case_id in watched))
            return [text for texts in found for text in texts]

        await settling.settle(self.operator, watched, timeout=_SETTLE_SECONDS, also=pending)

    async def move_to(self, target: datetime, notice: Notice) -> None:
        """Moves decision time to the target, by way of every warning and deadline before it.

        `notice` is told what fired at each stop.
        """
        while True:
            running = await self._running()
            due = min((next_firing(one) for one in running), default=target)
            stop = min(target, due + _AFTER_FIRING)
            # Where the play stands already at a later moment there is nothing to move.
            if stop > await clock.decision_time(self.operator):
                stirred = [one for one in running if next_firing(one) <= stop]
                await clock.move_to(self.operator, stop)
                await self.rest({one.case_id for one in stirred})
                if fired := await self._fired(stirred):
                    notice(stop, fired)
            if stop == target:
                return

    async def _fired(self, before: Sequence[sla_pb2.Clock]) -> list[Fired]:
        """Tells which of these clocks, as they ran before, have warned or breached since."""
        keys = {told.case_id: key for key, told in self.told.items()}
        found = []
        for case_id, ran in groupby(before, lambda one: one.case_id):
            case, after = await asyncio.gather(self.case(case_id), self.clocks(case_id))
            units = {order.work_order_id: order.unit_id for order in case.work_orders}
            now = {one.clock_id: one for one in after}
            for one in ran:
                is_now = now.get(one.clock_id, one)
                breached = is_now.breach_time != one.breach_time
                if breached or is_now.warned_time != one.warned_time:
                    unit_id = units.get(one.reference, "")
                    found.append(Fired(keys[case_id], is_now, breached, unit_id))
        return found

    async def found_case(self, sweep_id: str, task_id: str) -> str:
        """Returns the case that was registered for what a sweep found, once routing knows it."""
        client = self.client("dispatcher")
        request = routing_sweeps_pb2.GetSweepRequest(sweep_id=sweep_id)
        deadline = asyncio.get_running_loop().time() + _SETTLE_SECONDS
        while True:
            sweep = (await client.call("routing", client.routing.GetSweep, request)).sweep
            [task] = [one for one in sweep.tasks if one.task_id == task_id]
            if task.found_case_id:
                return task.found_case_id
            if asyncio.get_running_loop().time() > deadline:
                raise LookupError(f"no case was registered for task {task_id} of {sweep_id}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def clocks(self, case_id: str) -> Sequence[sla_pb2.Clock]:
        """Returns all clocks of a case."""
        request = sla_service_pb2.GetCaseClocksRequest(case_id=case_id)
        response = await self.operator.call("sla", self.operator.sla.GetCaseClocks, request)
        return response.clocks

    async def case(self, case_id: str) -> intake_pb2.Case:
        """Returns the case file, as the dispatch room sees it."""
        client = self.client("dispatcher")
        request = intake_service_pb2.GetCaseRequest(case_id=case_id)
        return (await client.call("intake", client.intake.GetCase, request)).case

    async def deliveries(self, case_id: str) -> Sequence[notify_pb2.Delivery]:
        """Returns all messages about a case."""
        request = notify_service_pb2.ListDeliveriesRequest(case_id=case_id, page_size=500)
        client = self.operator
        response = await client.call("notify", client.notify.ListDeliveries, request)
        return response.deliveries

    async def _running(self) -> list[sla_pb2.Clock]:
        open_cases = [told.case_id for told in self.told.values() if not told.closed]
        found = await asyncio.gather(*(self.clocks(case_id) for case_id in open_cases))
        return [
            one for clocks in found for one in clocks if one.state == sla_pb2.CLOCK_STATE_RUNNING
        ]

    async def _pending(self, case_id: str, now: datetime) -> list[str]:
        deliveries, clocks = await asyncio.gather(self.deliveries(case_id), self.clocks(case_id))
        waiting = [
            f"message {one.delivery_id} ({one.template})"
            for one in deliveries
            if one.state in _UNSENT
        ]
        overdue = [
            f"clock {sla_pb2.ClockKind.Name(one.kind)} of {case_id}"
            for one in clocks
            if one.state == sla_pb2.CLOCK_STATE_RUNNING and next_firing(one) <= now
        ]
        return waiting + overdue


def is_grace(one: sla_pb2.Clock) -> bool:
    """Tells whether it is the time left to a unit after its work order's deadline.

    Such a clock climbs the ladder like a level's own, and refers to the work order.
    """
    try:
        uuid.UUID(one.reference)
    except ValueError:
        return False
    return one.kind == sla_pb2.CLOCK_KIND_ESCALATION


def next_firing(one: sla_pb2.Clock) -> datetime:
    """When a running clock warns or, having warned, gives its verdict."""
    warns = one.HasField("warn_time") and not one.HasField("warned_time")
    return times.moment(one.warn_time if warns else one.due_time)
