"""Where a case stands, who gets it and why."""

from functools import partial
from typing import Any

from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.work import once
from services.routing.convert import routes as convert
from services.routing.domain import proposals
from services.routing.domain.proposals import Matter
from services.routing.handlers import assigning, commands, recusing
from services.routing.rpc.common import Base, route_of
from services.routing.store import candidates as people
from services.routing.store import decisions
from services.routing.store import directory as sites
from services.routing.store import matrix as answers


class CasesMixin(Base):
    """Where a case stands, who gets it and why."""

    async def GetRoute(self, request: rpc.GetRouteRequest, context: Any) -> rpc.GetRouteResponse:
        return rpc.GetRouteResponse(
            route=await self.route(current_call(request).actor, request.case_id)
        )

    async def ExplainRoute(
        self, request: rpc.ExplainRouteRequest, context: Any
    ) -> rpc.ExplainRouteResponse:
        call = current_call(request)
        async with self.app.read(call.actor) as connection:
            await route_of(connection, call.actor, request.case_id)
            found = await decisions.list_decisions(connection, request.case_id)
        return rpc.ExplainRouteResponse(
            decisions=[convert.decision_message(one, call.language) for one in found]
        )

    async def ListHandlerProposals(
        self, request: rpc.ListHandlerProposalsRequest, context: Any
    ) -> rpc.ListHandlerProposalsResponse:
        call = current_call(request)
        async with self.app.read(call.actor) as connection:
            route = await route_of(connection, call.actor, request.case_id)
            site = await sites.load_site(connection, route.site_id)
            if site is None:
                return rpc.ListHandlerProposalsResponse()
            time = await decision_time(connection)
            found = await assigning.read_candidates(connection, site, route, time)
            post = await sites.load_post(connection, site.site_id, route.post_id)
            matter = Matter(
                route.category, route.place, "" if post is None else post.unit_id, route.unit_id
            )
            proposed = proposals.of_matter(
                matter,
                await sites.list_categories(connection, site.site_id),
                await people.list_place_rules(connection, site.site_id),
            )
            units = [one.unit_id for one in proposed]
            day = site.matrix_day(time)
            places = await people.list_workplaces(connection, site.site_id, units, day)
            heads = await answers.load_heads(connection, site, units, time)
            # Only where an accused on the ladder leaves nobody else.
            chain = found.alternates if found.shield.level else ()
            alternates = [one.person_id for one in chain if one.person_id]
            stewards = await people.list_stewards(connection, site.site_id, day, alternates)
        return convert.proposals_message(
            proposals.units(proposed, places, dict(zip(units, heads, strict=True)), found.shield),
            proposals.stewards(stewards, found),
            call.language,
        )

    async def AssignCase(
        self, request: rpc.AssignCaseRequest, context: Any
    ) -> rpc.AssignCaseResponse:
        call = current_call(request)
        command = convert.assign_case(request)
        receipt = await once(self.app, call, partial(commands.assign_case, command=command))
        return rpc.AssignCaseResponse(route=await self.route(call.actor, receipt.subject_id))

    async def AcceptCase(
        self, request: rpc.AcceptCaseRequest, context: Any
    ) -> rpc.AcceptCaseResponse:
        call = current_call(request)
        command = convert.accept_case(request)
        receipt = await once(self.app, call, partial(commands.accept_case, command=command))
        return rpc.AcceptCaseResponse(route=await self.route(call.actor, receipt.subject_id))

    async def RecuseFromCase(
        self, request: rpc.RecuseFromCaseRequest, context: Any
    ) -> rpc.RecuseFromCaseResponse:
        call = current_call(request)
        command = convert.recuse_from_case(request)
        receipt = await once(self.app, call, partial(recusing.recuse_from_case, command=command))
        return rpc.RecuseFromCaseResponse(route=await self.route(call.actor, receipt.subject_id))
