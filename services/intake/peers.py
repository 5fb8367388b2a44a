"""What intake asks other services: seals of work orders, promised deadlines, working days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import grpc

from backstop.routing.v1 import routing_service_pb2 as routing
from backstop.routing.v1.routing_service_pb2_grpc import RoutingServiceStub
from backstop.sla.v1 import sla_pb2
from backstop.sla.v1 import sla_service_pb2 as sla
from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceStub
from chassis.convert import to_date, to_date_message, to_datetime, to_timestamp
from chassis.errors import Refused, details_of
from chassis.failures import dependency_of
from services.intake.convert.enums import to_number
from services.intake.domain.times import start_of_day
from services.intake.domain.values import Case

_SEAL_SECONDS = 3.0
_CALENDAR_SECONDS = 3.0
# No mine stands still for so long.
_REST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Promises:
    """Deadlines as the receipt tells them; None where nobody could say in time."""

    first_reply_due_time: datetime | None = None
    plan_due_time: datetime | None = None


class WorkOrders:
    """routing's work orders, as far as resolving a case needs them."""

    def __init__(self, channel: grpc.aio.Channel | None) -> None:
        self._stub = None if channel is None else RoutingServiceStub(channel)

    async def seal(self, case_id: str, site_id: str, holder: str) -> None:
        """Makes routing refuse new work orders on the case, on the holder's behalf.

        Raises Refused WORK_ORDER_OPEN while one is open, DEPENDENCY_UNAVAILABLE when routing
        can't be asked.
        """
        if self._stub is None:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="routing")
        try:
            await self._stub.SealWorkOrders(
                routing.SealWorkOrdersRequest(case_id=case_id, site_id=site_id, holder=holder),
                timeout=_SEAL_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            info = details_of(error)
            if info is not None and info.reason == "WORK_ORDERS_OPEN":
                raise Refused("WORK_ORDER_OPEN", count=info.metadata.get("count", "1")) from None
            if dependency_of(error) is None:
                raise
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="routing") from None

    async def unseal(self, case_id: str, site_id: str, holder: str) -> None:
        """Gives the holder's seal back; when that fails it lapses by itself, within minutes."""
        if self._stub is None:
            return
        try:
            await self._stub.UnsealWorkOrders(
                routing.UnsealWorkOrdersRequest(case_id=case_id, site_id=site_id, holder=holder),
                timeout=_SEAL_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            if dependency_of(error) is None:
                raise


class Deadlines:
    """sla's arithmetic, asked within a budget and never waited for."""

    def __init__(self, channel: grpc.aio.Channel | None, budget_seconds: float) -> None:
        self._channel = channel
        self._stub = None if channel is None else SlaServiceStub(channel)
        self._budget = budget_seconds

    async def ask(self, case: Case) -> Promises:
        """Returns what sla promises for a case; nothing when it isn't connected or too slow."""
        if self._stub is None or self._channel is None:
            return Promises()
        # A channel that still has to connect would eat the whole budget; it connects meanwhile.
        if self._channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
            return Promises()
        request = sla.ComputeDeadlinesRequest(
            site_id=case.site_id,
            # The clocks of a long-standing one begin when it is entered.
            occurred_time=to_timestamp(case.cycle_start_time),
            category=case.category,
            kind=to_number(case.kind),
            urgency=to_number(case.urgency),
        )
        try:
            answer = await self._stub.ComputeDeadlines(request, timeout=self._budget)
        except grpc.aio.AioRpcError:
            # Late, refused or gone: the receipt does without, and clocks_started brings them.
            return Promises()
        due = {one.kind: to_datetime(one.due_time) for one in answer.deadlines}
        return Promises(
            first_reply_due_time=due.get(sla_pb2.CLOCK_KIND_FIRST_REPLY),
            plan_due_time=due.get(sla_pb2.CLOCK_KIND_PLAN),
        )

    async def working_day_before_last(self, site_id: str, zone: ZoneInfo, day: date) -> date | None:
        """Returns the working day before the last one, where `day` may be the last itself.

        None when sla can't be asked, or has no calendar of the site for that time. Whatever else
        it fails by is in its own log: what is asked here does without.
        """
        if self._stub is None:
            return None
        first = day - timedelta(days=_REST_DAYS)
        try:
            passed = await self._stub.WorkingTimeBetween(
                sla.WorkingTimeBetweenRequest(
                    site_id=site_id,
                    start_time=to_timestamp(start_of_day(first, zone)),
                    end_time=to_timestamp(start_of_day(day, zone)),
                ),
                timeout=_CALENDAR_SECONDS,
            )
            if passed.working_days < 2:
                return None
            found = await self._stub.AddWorkingDays(
                sla.AddWorkingDaysRequest(
                    site_id=site_id,
                    start_date=to_date_message(first),
                    working_days=passed.working_days - 1,
                ),
                timeout=_CALENDAR_SECONDS,
            )
        except grpc.aio.AioRpcError:
            return None
        return to_date(found.date)
