"""RoutingService: message → command → handler → message, and nothing else."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.routing.v1 import routing_service_pb2_grpc
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.database import Connection, Database
from chassis.errors import Refused
from chassis.pages import PageTokens, page_size
from chassis.work import once
from services.routing.convert import directory as lists
from services.routing.convert import outreach as contacts
from services.routing.convert import routes as convert
from services.routing.convert import work_orders as tasks
from services.routing.convert.common import opt_instant
from services.routing.domain import matrix
from services.routing.domain.directory import Site
from services.routing.domain.route import SealUnknown
from services.routing.handlers import commands, outreach, publishing, work_orders
from services.routing.peers import Cases
from services.routing.store import directory as sites
from services.routing.store import duty
from services.routing.store import outreach as log
from services.routing.store import routes as store

# Later than every contact.
_NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")


class RoutingServicer(routing_service_pb2_grpc.RoutingServiceServicer):
    """Answers from the database as the caller may see it; changes it through the handlers."""

    def __init__(self, app: Database, cases: Cases, pages: PageTokens) -> None:
        self._app = app
        self._cases = cases
        self._pages = pages

    async def PublishDirectory(
        self, request: rpc.PublishDirectoryRequest, context: Any
    ) -> rpc.PublishDirectoryResponse:
        command = lists.publish_directory(request)
        receipt = await once(
            self._app,
            current_call(request),
            partial(publishing.publish_directory, command=command),
        )
        return rpc.PublishDirectoryResponse(version=receipt.version)

    async def PublishMatrix(
        self, request: rpc.PublishMatrixRequest, context: Any
    ) -> rpc.PublishMatrixResponse:
        command = lists.publish_matrix(request)
        receipt = await once(
            self._app, current_call(request), partial(publishing.publish_matrix, command=command)
        )
        return rpc.PublishMatrixResponse(version=receipt.version, handover_job_id=receipt.outcome)

    async def PublishRoster(
        self, request: rpc.PublishRosterRequest, context: Any
    ) -> rpc.PublishRosterResponse:
        command = lists.publish_roster(request)
        receipt = await once(
            self._app, current_call(request), partial(publishing.publish_roster, command=command)
        )
        return rpc.PublishRosterResponse(version=receipt.version)

    async def GetDirectory(
        self, request: rpc.GetDirectoryRequest, context: Any
    ) -> rpc.GetDirectoryResponse:
        async with self._app.read(current_call(request).actor) as connection:
            site = await _site(connection, request.site_id)
            directory = await sites.load_directory(connection, site)
        return rpc.GetDirectoryResponse(
            directory=lists.directory_message(directory), version=site.directory_version
        )

    async def GetCoverage(
        self, request: rpc.GetCoverageRequest, context: Any
    ) -> rpc.GetCoverageResponse:
        at_time = opt_instant(request.HasField("at_time"), request.at_time, "at_time")
        async with self._app.read(current_call(request).actor) as connection:
            site = await _site(connection, request.site_id)
            time = at_time or await decision_time(connection)
            day = site.local(time).date()
            units = await sites.list_units(connection, site.site_id)
            people = await sites.list_people(connection, site.site_id)
            published = await duty.load_published(connection, site.site_id, time)
            rows = []
            if published is not None:
                rows = await duty.list_responsibilities(
                    connection, site.site_id, published.version, day
                )
        return lists.coverage(
            units,
            matrix.holders_on(rows, day),
            {person.person_id: person.name for person in people},
            [gap for gap in matrix.gaps(units, rows, day) if gap.start_date == day],
            published,
        )

    async def WhoIsOnDuty(
        self, request: rpc.WhoIsOnDutyRequest, context: Any
    ) -> rpc.WhoIsOnDutyResponse:
        at_time = opt_instant(request.HasField("at_time"), request.at_time, "at_time")
        async with self._app.read(current_call(request).actor) as connection:
            site = await _site(connection, request.site_id)
            time = at_time or await decision_time(connection)
            if request.WhichOneof("at") == "post_id":
                found = await duty.load_duty_at_post(connection, site, request.post_id, time)
            else:
                found = await duty.load_duty_of_any(connection, site, request.position_id, time)
        return lists.on_duty(found)

    async def GetRoute(self, request: rpc.GetRouteRequest, context: Any) -> rpc.GetRouteResponse:
        return rpc.GetRouteResponse(
            route=await self._route(current_call(request).actor, request.case_id)
        )

    async def AssignCase(
        self, request: rpc.AssignCaseRequest, context: Any
    ) -> rpc.AssignCaseResponse:
        call = current_call(request)
        command = convert.assign_case(request)
        receipt = await once(self._app, call, partial(commands.assign_case, command=command))
        return rpc.AssignCaseResponse(route=await self._route(call.actor, receipt.subject_id))

    async def AcceptCase(
        self, request: rpc.AcceptCaseRequest, context: Any
    ) -> rpc.AcceptCaseResponse:
        call = current_call(request)
        command = convert.accept_case(request)
        receipt = await once(self._app, call, partial(commands.accept_case, command=command))
        return rpc.AcceptCaseResponse(route=await self._route(call.actor, receipt.subject_id))

    async def DispatchWorkOrders(
        self, request: rpc.DispatchWorkOrdersRequest, context: Any
    ) -> rpc.DispatchWorkOrdersResponse:
        call = current_call(request)
        command = tasks.dispatch_work_orders(request)
        body = partial(work_orders.dispatch_work_orders, command=command)
        while True:
            try:
                receipt = await once(self._app, call, body)
                break
            except SealUnknown as unknown:
                # Asked between two transactions; the second finds whatever was sealed meanwhile.
                await self._cases.require_in_hand(unknown.case_id)
                body = partial(body, disproved=unknown.seals)
        return rpc.DispatchWorkOrdersResponse(
            route=await self._route(call.actor, receipt.subject_id),
            work_order_ids=receipt.outcome.split(","),
        )

    async def AcceptWorkOrder(
        self, request: rpc.AcceptWorkOrderRequest, context: Any
    ) -> rpc.AcceptWorkOrderResponse:
        call = current_call(request)
        command = tasks.accept_work_order(request)
        receipt = await once(
            self._app, call, partial(work_orders.accept_work_order, command=command)
        )
        return rpc.AcceptWorkOrderResponse(route=await self._route(call.actor, receipt.subject_id))

    async def CompleteWorkOrder(
        self, request: rpc.CompleteWorkOrderRequest, context: Any
    ) -> rpc.CompleteWorkOrderResponse:
        call = current_call(request)
        command = tasks.complete_work_order(request)
        receipt = await once(
            self._app, call, partial(work_orders.complete_work_order, command=command)
        )
        return rpc.CompleteWorkOrderResponse(
            route=await self._route(call.actor, receipt.subject_id)
        )

    async def ReturnWorkOrder(
        self, request: rpc.ReturnWorkOrderRequest, context: Any
    ) -> rpc.ReturnWorkOrderResponse:
        call = current_call(request)
        command = tasks.return_work_order(request)
        receipt = await once(
            self._app, call, partial(work_orders.return_work_order, command=command)
        )
        return rpc.ReturnWorkOrderResponse(route=await self._route(call.actor, receipt.subject_id))

    async def RuleWorkOrder(
        self, request: rpc.RuleWorkOrderRequest, context: Any
    ) -> rpc.RuleWorkOrderResponse:
        call = current_call(request)
        command = tasks.rule_work_order(request)
        receipt = await once(self._app, call, partial(work_orders.rule_work_order, command=command))
        return rpc.RuleWorkOrderResponse(route=await self._route(call.actor, receipt.subject_id))

    async def ExtendWorkOrder(
        self, request: rpc.ExtendWorkOrderRequest, context: Any
    ) -> rpc.ExtendWorkOrderResponse:
        call = current_call(request)
        command = tasks.extend_work_order(request)
        receipt = await once(
            self._app, call, partial(work_orders.extend_work_order, command=command)
        )
        return rpc.ExtendWorkOrderResponse(route=await self._route(call.actor, receipt.subject_id))

    async def InstructCase(
        self, request: rpc.InstructCaseRequest, context: Any
    ) -> rpc.InstructCaseResponse:
        call = current_call(request)
        command = convert.instruct_case(request)
        receipt = await once(self._app, call, partial(commands.instruct_case, command=command))
        return rpc.InstructCaseResponse(route=await self._route(call.actor, receipt.subject_id))

    async def RecordOutreach(
        self, request: rpc.RecordOutreachRequest, context: Any
    ) -> rpc.RecordOutreachResponse:
        call = current_call(request)
        command = contacts.record_outreach(request)
        receipt = await once(self._app, call, partial(outreach.record_outreach, command=command))
        async with self._app.read(call.actor) as connection:
            found = await log.load_outreach(connection, receipt.outcome)
        if found is None:
            raise LookupError(f"the contact {receipt.outcome} just recorded is out of sight")
        return rpc.RecordOutreachResponse(outreach=contacts.outreach_message(found))

    async def ListOutreach(
        self, request: rpc.ListOutreachRequest, context: Any
    ) -> rpc.ListOutreachResponse:
        size = page_size(request.page_size, default=100, maximum=500)
        after = _key(self._pages, request)
        async with self._app.read(current_call(request).actor) as connection:
            site = await _site(connection, request.site_id)
            found = await log.list_outreach(
                connection, site.site_id, request.unit_id, after, size + 1
            )
        response = rpc.ListOutreachResponse(
            outreach=[contacts.outreach_message(one) for one in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = self._pages.issue(
                request, (last.outreach_time, last.outreach_id)
            )
        return response

    async def SealWorkOrders(
        self, request: rpc.SealWorkOrdersRequest, context: Any
    ) -> rpc.SealWorkOrdersResponse:
        command = tasks.seal_work_orders(request)
        await once(
            self._app, current_call(request), partial(work_orders.seal_work_orders, command=command)
        )
        return rpc.SealWorkOrdersResponse()

    async def UnsealWorkOrders(
        self, request: rpc.UnsealWorkOrdersRequest, context: Any
    ) -> rpc.UnsealWorkOrdersResponse:
        command = tasks.unseal_work_orders(request)
        await once(
            self._app,
            current_call(request),
            partial(work_orders.unseal_work_orders, command=command),
        )
        return rpc.UnsealWorkOrdersResponse()

    async def _route(self, actor: Actor, case_id: str) -> pb.Route:
        async with self._app.read(actor) as connection:
            file = await store.load_route_file(connection, case_id)
            if file is None:
                raise Refused("ROUTE_NOT_FOUND", case_id=case_id)
            return convert.route_message(file, await decision_time(connection))


async def _site(connection: Connection, site_id: str) -> Site:
    site = await sites.load_site(connection, site_id)
    if site is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    return site


def _key(pages: PageTokens, request: rpc.ListOutreachRequest) -> tuple[datetime, str]:
    """Returns the sort key after which the page begins."""
    match pages.read(request):
        case None:
            return _NEWEST
        case (datetime() as time, str() as outreach_id):
            return time, outreach_id
        case _:
            raise Refused("INVALID_PAGE_TOKEN")
