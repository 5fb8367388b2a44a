"""Stand-ins for those whom routing asks: each answers by its proto, or is away."""

from collections.abc import Awaitable, Callable
from typing import Any
from zoneinfo import ZoneInfo

from backstop.intake.v1 import intake_pb2, intake_service_pb2, intake_service_pb2_grpc
from chassis.actor import Actor
from chassis.errors import Refused
from services.sla.domain.calendar import Calendar, CalendarPlan
from services.sla.domain.policy import Policy
from services.sla.domain.policy import Terms as PolicyTerms
from services.sla.domain.seeds import PLAIN_WEEK
from services.sla.rpc.questions import QuestionsMixin


class Intake(intake_service_pb2_grpc.IntakeServiceServicer):
    """What routing asks intake: the state of a case, or that nobody can tell it."""

    def __init__(self) -> None:
        self.state = intake_pb2.CASE_STATE_IN_PROGRESS
        self.away = False
        self.asked = 0
        self.before_answer: Callable[[], Awaitable[None]] | None = None

    async def GetCase(
        self, request: intake_service_pb2.GetCaseRequest, context: Any
    ) -> intake_service_pb2.GetCaseResponse:
        self.asked += 1
        if self.away:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="postgres")
        if self.before_answer is not None:
            await self.before_answer()
        return intake_service_pb2.GetCaseResponse(
            case=intake_pb2.Case(case_id=request.case_id, state=self.state)
        )


class Sla(QuestionsMixin):
    """What routing asks sla, with its own sums, over a calendar without holidays; or nobody there.

    Mondays to Fridays, 08:00 to 12:00 and 14:00 to 18:00 in Shanghai.
    """

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def _terms(self, actor: Actor, site_id: str) -> PolicyTerms:
        self.asked += 1
        if self.away:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="postgres")
        zone = ZoneInfo("Asia/Shanghai")
        return PolicyTerms(Calendar(zone, CalendarPlan("", PLAIN_WEEK, ())), Policy())
