"""The ladder: what a level answers, the way down, and what lies with an owner of last resort."""

import asyncio
from datetime import date, datetime
from functools import partial
from typing import Any

from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.work import once
from services.routing.convert import ladder as convert
from services.routing.domain.fallbacks import fallbacks, is_fallback, since_by_day
from services.routing.handlers import ladder
from services.routing.handlers.holding import is_about
from services.routing.rpc.common import Base, site_of
from services.routing.rpc.deadlines import once_told
from services.routing.store import fallbacks as store

# So many questions go to sla at once.
_ASKED_AT_ONCE = 8


class LadderMixin(Base):
    """The ladder: what a level answers, the way down, and what lies with a last resort."""

    async def InstructCase(
        self, request: rpc.InstructCaseRequest, context: Any
    ) -> rpc.InstructCaseResponse:
        call = current_call(request)
        body = partial(ladder.instruct_case, command=convert.instruct_case(request))
        receipt = await once_told(self, call, body)
        return rpc.InstructCaseResponse(route=await self.route(call.actor, receipt.subject_id))

    async def DeescalateCase(
        self, request: rpc.DeescalateCaseRequest, context: Any
    ) -> rpc.DeescalateCaseResponse:
        call = current_call(request)
        command = convert.deescalate_case(request)
        receipt = await once(self.app, call, partial(ladder.deescalate_case, command=command))
        return rpc.DeescalateCaseResponse(route=await self.route(call.actor, receipt.subject_id))

    async def ListFallbacks(
        self, request: rpc.ListFallbacksRequest, context: Any
    ) -> rpc.ListFallbacksResponse:
        call = current_call(request)
        async with self.app.read(call.actor) as connection:
            site = await site_of(connection, request.site_id)
            now = await decision_time(connection)
            standing = await store.list_standing_in(connection, site.site_id)
        found = [
            route for route in standing if is_fallback(route) and not is_about(route, call.actor)
        ]
        # sla is asked once for a day, not for each case, and outside of the transaction.
        days = await self._working_days(site.site_id, since_by_day(found, site.zone), now)
        return convert.fallbacks(fallbacks(found, days, site.zone), call.language)

    async def _working_days(
        self, site_id: str, since: dict[date, datetime], now: datetime
    ) -> dict[date, int]:
        """Returns how many working days have passed since each day.

        Raises Refused DEPENDENCY_UNAVAILABLE when sla can't be asked.
        """
        limit = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def ask(start: datetime) -> int:
            async with limit:
                told = await self.terms.working_time(site_id, min(start, now), [now])
                return told.working_days

        asked = {day: asyncio.create_task(ask(start)) for day, start in since.items()}
        try:
            counted = await asyncio.gather(*asked.values())
        finally:
            # After a refusal the others aren't worth asking.
            for task in asked.values():
                task.cancel()
        return dict(zip(asked, counted, strict=True))
