"""SlaService: three questions, no commands. Clocks are moved by facts and by time alone."""

from typing import Any

from backstop.sla.v1 import sla_service_pb2, sla_service_pb2_grpc
from chassis.actor import Actor
from chassis.call import current_call
from chassis.convert import to_date_message, to_timestamp
from chassis.database import Database
from chassis.errors import Refused
from services.sla import convert, store
from services.sla.domain import clocks as rules
from services.sla.domain.clocks import ClockKind
from services.sla.domain.policy import Terms


class SlaServicer(sla_service_pb2_grpc.SlaServiceServicer):
    """Answers from the database as the caller may see it."""

    def __init__(self, app: Database) -> None:
        self._app = app

    async def GetCaseClocks(
        self, request: sla_service_pb2.GetCaseClocksRequest, context: Any
    ) -> sla_service_pb2.GetCaseClocksResponse:
        call = current_call(request)
        async with self._app.read(call.actor) as connection:
            case = await store.load_case(connection, request.case_id)
            if case is None:
                raise Refused("CLOCKS_NOT_FOUND", case_id=request.case_id)
            clocks = await store.list_clocks(connection, request.case_id)
        return convert.case_clocks_response(clocks, case.next_wake_time)

    async def ComputeDeadlines(
        self, request: sla_service_pb2.ComputeDeadlinesRequest, context: Any
    ) -> sla_service_pb2.ComputeDeadlinesResponse:
        occurred = convert.occurred_time(request)
        terms = await self._terms(current_call(request).actor, request.site_id)
        return sla_service_pb2.ComputeDeadlinesResponse(
            deadlines=[
                convert.deadline_message(
                    ClockKind.FIRST_REPLY, rules.first_reply_due(terms, occurred)
                ),
                convert.deadline_message(ClockKind.PLAN, rules.plan_due(terms, occurred)),
            ]
        )

    async def AddWorkingDays(
        self, request: sla_service_pb2.AddWorkingDaysRequest, context: Any
    ) -> sla_service_pb2.AddWorkingDaysResponse:
        start = convert.start_date(request)
        terms = await self._terms(current_call(request).actor, request.site_id)
        day, provisional = terms.calendar.add_working_days(start, request.working_days)
        return sla_service_pb2.AddWorkingDaysResponse(
            date=to_date_message(day),
            end_time=to_timestamp(terms.calendar.end_of(day)),
            provisional=provisional,
        )

    async def _terms(self, actor: Actor, site_id: str) -> Terms:
        async with self._app.read(actor) as connection:
            found = await store.load_terms(connection, site_id)
        if site_id not in found:
            raise Refused("CALENDAR_NOT_FOUND", site_id=site_id)
        return found[site_id]
