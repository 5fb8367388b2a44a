"""Units' tasks, and the seals on them."""

from functools import partial
from typing import Any

from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.call import current_call
from chassis.work import once
from services.routing.convert import work_orders as tasks
from services.routing.handlers import extensions, returns, seals, surveys, work_orders
from services.routing.rpc.common import Base
from services.routing.rpc.deadlines import once_told


class WorkOrdersMixin(Base):
    """Units' tasks, and the seals on them."""

    async def DispatchWorkOrders(
        self, request: rpc.DispatchWorkOrdersRequest, context: Any
    ) -> rpc.DispatchWorkOrdersResponse:
        call = current_call(request)
        command = tasks.dispatch_work_orders(request)
        body = partial(work_orders.dispatch_work_orders, command=command)
        receipt = await once_told(self, call, body)
        return rpc.DispatchWorkOrdersResponse(
            route=await self.route(call.actor, receipt.subject_id),
            work_order_ids=receipt.outcome.split(","),
        )

    async def AcceptWorkOrder(
        self, request: rpc.AcceptWorkOrderRequest, context: Any
    ) -> rpc.AcceptWorkOrderResponse:
        call = current_call(request)
        body = partial(work_orders.accept_work_order, command=tasks.accept_work_order(request))
        receipt = await once(self.app, call, body)
        return rpc.AcceptWorkOrderResponse(route=await self.route(call.actor, receipt.subject_id))

    async def CompleteWorkOrder(
        self, request: rpc.CompleteWorkOrderRequest, context: Any
    ) -> rpc.CompleteWorkOrderResponse:
        call = current_call(request)
        body = partial(work_orders.complete_work_order, command=tasks.complete_work_order(request))
        receipt = await once(self.app, call, body)
        return rpc.CompleteWorkOrderResponse(route=await self.route(call.actor, receipt.subject_id))

    async def ReopenWorkOrder(
        self, request: rpc.ReopenWorkOrderRequest, context: Any
    ) -> rpc.ReopenWorkOrderResponse:
        call = current_call(request)
        body = partial(work_orders.reopen_work_order, command=tasks.reopen_work_order(request))
        receipt = await once_told(self, call, body)
        return rpc.ReopenWorkOrderResponse(route=await self.route(call.actor, receipt.subject_id))

    async def ReturnWorkOrder(
        self, request: rpc.ReturnWorkOrderRequest, context: Any
    ) -> rpc.ReturnWorkOrderResponse:
        call = current_call(request)
        body = partial(returns.return_work_order, command=tasks.return_work_order(request))
        receipt = await once(self.app, call, body)
        return rpc.ReturnWorkOrderResponse(route=await self.route(call.actor, receipt.subject_id))

    async def RuleWorkOrder(
        self, request: rpc.RuleWorkOrderRequest, context: Any
    ) -> rpc.RuleWorkOrderResponse:
        call = current_call(request)
        body = partial(returns.rule_work_order, command=tasks.rule_work_order(request))
        receipt = await once(self.app, call, body)
        return rpc.RuleWorkOrderResponse(route=await self.route(call.actor, receipt.subject_id))

    async def HoldJointMeeting(
        self, request: rpc.HoldJointMeetingRequest, context: Any
    ) -> rpc.HoldJointMeetingResponse:
        call = current_call(request)
        body = partial(returns.hold_joint_meeting, command=tasks.hold_joint_meeting(request))
        receipt = await once_told(self, call, body)
        return rpc.HoldJointMeetingResponse(route=await self.route(call.actor, receipt.subject_id))

    async def ExtendWorkOrder(
        self, request: rpc.ExtendWorkOrderRequest, context: Any
    ) -> rpc.ExtendWorkOrderResponse:
        call = current_call(request)
        body = partial(extensions.extend_work_order, command=tasks.extend_work_order(request))
        receipt = await once(self.app, call, body)
        return rpc.ExtendWorkOrderResponse(route=await self.route(call.actor, receipt.subject_id))

    async def AskExtension(
        self, request: rpc.AskExtensionRequest, context: Any
    ) -> rpc.AskExtensionResponse:
        call = current_call(request)
        body = partial(extensions.ask_extension, command=tasks.ask_extension(request))
        receipt = await once_told(self, call, body)
        return rpc.AskExtensionResponse(route=await self.route(call.actor, receipt.subject_id))

    async def DecideExtension(
        self, request: rpc.DecideExtensionRequest, context: Any
    ) -> rpc.DecideExtensionResponse:
        call = current_call(request)
        body = partial(extensions.decide_extension, command=tasks.decide_extension(request))
        receipt = await once(self.app, call, body)
        return rpc.DecideExtensionResponse(route=await self.route(call.actor, receipt.subject_id))

    async def RecordJointSurvey(
        self, request: rpc.RecordJointSurveyRequest, context: Any
    ) -> rpc.RecordJointSurveyResponse:
        call = current_call(request)
        body = partial(surveys.record_joint_survey, command=tasks.record_joint_survey(request))
        receipt = await once(self.app, call, body)
        return rpc.RecordJointSurveyResponse(route=await self.route(call.actor, receipt.subject_id))

    async def SealWorkOrders(
        self, request: rpc.SealWorkOrdersRequest, context: Any
    ) -> rpc.SealWorkOrdersResponse:
        body = partial(seals.seal_work_orders, command=tasks.seal_work_orders(request))
        await once(self.app, current_call(request), body)
        return rpc.SealWorkOrdersResponse()

    async def UnsealWorkOrders(
        self, request: rpc.UnsealWorkOrdersRequest, context: Any
    ) -> rpc.UnsealWorkOrdersResponse:
        body = partial(seals.unseal_work_orders, command=tasks.unseal_work_orders(request))
        await once(self.app, current_call(request), body)
        return rpc.UnsealWorkOrdersResponse()
