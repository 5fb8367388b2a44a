"""What routing asks others: intake whether a case is still in hand, sla how time is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.message import Message

from backstop.intake.v1 import intake_pb2
from backstop.intake.v1 import intake_service_pb2 as intake
from backstop.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from backstop.sla.v1 import sla_service_pb2 as sla
from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceStub
from chassis.convert import to_date, to_date_message, to_datetime, to_timedelta, to_timestamp
from chassis.errors import Refused
from chassis.failures import dependency_of

_ASK_SECONDS = 3.0

# As many as sla takes at once.
_MOST_BOUNDARIES = 1000

# Only these say that no resolution was committed, or that it was rejected since.
_IN_HAND = frozenset(
    {
        intake_pb2.CASE_STATE_REGISTERED,
        intake_pb2.CASE_STATE_ASSIGNED,
        intake_pb2.CASE_STATE_IN_PROGRESS,
    }
)


class Cases:
    """intake's cases; without a channel nobody can be asked."""

    def __init__(self, channel: grpc.aio.Channel | None) -> None:
        self._stub = None if channel is None else IntakeServiceStub(channel)

    async def require_in_hand(self, case_id: str) -> None:
        """Raises Refused CASE_NOT_OPEN unless intake says that the case is being worked on.

        Refused DEPENDENCY_UNAVAILABLE when intake can't be asked.
        """
        if self._stub is None:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="intake")
        try:
            answer = await self._stub.GetCase(
                intake.GetCaseRequest(case_id=case_id), timeout=_ASK_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            if dependency_of(error) is None:
                raise
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="intake") from None
        if answer.case.state not in _IN_HAND:
            raise Refused("CASE_NOT_OPEN", case_id=case_id)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Working time from a start to each of some later instants, and working days to the last."""

    cumulative: tuple[timedelta, ...]
    working_days: int
    provisional: bool


class Terms:
    """sla's calendars; without a channel nobody can be asked."""

    def __init__(self, channel: grpc.aio.Channel | None) -> None:
        self._stub = None if channel is None else SlaServiceStub(channel)

    async def working_time(
        self, site_id: str, start: datetime, boundaries: Sequence[datetime]
    ) -> WorkingTime:
        """Returns how much working time lies between `start` and each of the `boundaries`.

        These never fall, and none is before `start`; there may be as many as there are. The
        working days are those after the day of `start`, up to and with that of the last boundary.
        Raises Refused DEPENDENCY_UNAVAILABLE when sla can't be asked.
        """
        # Once each: several may fall on one instant.
        times = sorted({*boundaries, start})
        reached: dict[datetime, timedelta] = {}
        working_days, provisional = 0, False
        for first in range(0, len(times), _MOST_BOUNDARIES):
            part = times[first : first + _MOST_BOUNDARIES]
            request = sla.WorkingTimeBetweenRequest(
                site_id=site_id,
                start_time=to_timestamp(start),
                end_time=to_timestamp(part[-1]),
                boundary_times=[to_timestamp(time) for time in part],
            )
            answer = await self._ask("WorkingTimeBetween", request)
            spans = answer.cumulative_working_times
            found = [to_timedelta(span, "cumulative_working_times") for span in spans]
            reached.update(zip(part, found, strict=True))
            working_days = answer.working_days
            provisional = provisional or answer.provisional
        cumulative = tuple(reached[time] for time in boundaries)
        return WorkingTime(cumulative, working_days, provisional)

    async def is_working_day(self, site_id: str, day: date) -> bool:
        """Tells whether people work on a local day.

        Raises Refused DEPENDENCY_UNAVAILABLE when sla can't be asked.
        """
        before = to_date_message(day - timedelta(days=1))
        request = sla.AddWorkingDaysRequest(site_id=site_id, start_date=before, working_days=1)
        answer = await self._ask("AddWorkingDays", request)
        return to_date(answer.date) == day

    async def end_of_working_day(self, site_id: str, day: date, working_days: int) -> datetime:
        """Returns 24:00 of the n-th working day after a local day.

        Raises Refused DEPENDENCY_UNAVAILABLE when sla can't be asked.
        """
        request = sla.AddWorkingDaysRequest(
            site_id=site_id, start_date=to_date_message(day), working_days=working_days
        )
        answer = await self._ask("AddWorkingDays", request)
        return to_datetime(answer.end_time)

    async def _ask(self, method: str, request: Message) -> Any:
        if self._stub is None:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="sla")
        try:
            return await getattr(self._stub, method)(request, timeout=_ASK_SECONDS)
        except grpc.aio.AioRpcError as error:
            # A site without a calendar can't be counted for, as if there were no sla.
            unknown = error.code() is grpc.StatusCode.NOT_FOUND
            if not unknown and dependency_of(error) is None:
                raise
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="sla") from None
