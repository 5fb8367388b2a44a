"""Whose the time is that a case takes."""

from datetime import timedelta
from typing import Any

from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.convert import to_duration, to_timestamp
from services.routing.domain.tenures import attribute, boundaries
from services.routing.rpc.common import Base, route_of
from services.routing.store import tenures


class AttributionMixin(Base):
    """Whose the time is that a case takes."""

    async def GetAttributedTime(
        self, request: rpc.GetAttributedTimeRequest, context: Any
    ) -> rpc.GetAttributedTimeResponse:
        actor = current_call(request).actor
        async with self.app.read(actor) as connection:
            route = await route_of(connection, actor, request.case_id)
            lay = await tenures.list_tenures(connection, request.case_id)
            now = await decision_time(connection)
        if not lay:
            raise LookupError(f"nobody noted with whom the case {request.case_id} lies")
        start, ends = lay[0].start_time, boundaries(lay, now)
        counted = await self.terms.working_time(route.site_id, start, ends)
        shares = attribute(lay, counted.cumulative)
        return rpc.GetAttributedTimeResponse(
            shares=[
                rpc.GetAttributedTimeResponse.Share(
                    holder=share.holder, working_time=to_duration(timedelta(seconds=share.seconds))
                )
                for share in shares
            ],
            working_time=to_duration(timedelta(seconds=sum(share.seconds for share in shares))),
            start_time=to_timestamp(start),
            end_time=to_timestamp(ends[-1]),
            provisional=counted.provisional,
        )
