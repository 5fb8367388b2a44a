"""What the window does for a case on file, up to its resolution."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.call import current_call
from chassis.work import once
from services.intake.convert import requests
from services.intake.handlers import commands
from services.intake.rpc.common import Base


class AnsweringMixin(Base):
    """What the window does for a case on file, up to its resolution."""

    async def VerifyCase(
        self, request: rpc.VerifyCaseRequest, context: Any
    ) -> rpc.VerifyCaseResponse:
        call = current_call(request)
        command = requests.verify_case(request)
        await once(self.app, call, partial(commands.verify_case, command=command))
        return rpc.VerifyCaseResponse(case=await self.case_of(call, request.case_id))

    async def AnswerCase(
        self, request: rpc.AnswerCaseRequest, context: Any
    ) -> rpc.AnswerCaseResponse:
        call = current_call(request)
        command = requests.answer_case(request)
        receipt = await once(self.app, call, partial(commands.answer_case, command=command))
        return rpc.AnswerCaseResponse(
            case=await self.case_of(call, request.case_id), answer_id=receipt.outcome
        )

    async def FeedBackAnswer(
        self, request: rpc.FeedBackAnswerRequest, context: Any
    ) -> rpc.FeedBackAnswerResponse:
        call = current_call(request)
        command = requests.feed_back_answer(request)
        await once(self.app, call, partial(commands.feed_back_answer, command=command))
        return rpc.FeedBackAnswerResponse(case=await self.case_of(call, request.case_id))

    async def MovePromise(
        self, request: rpc.MovePromiseRequest, context: Any
    ) -> rpc.MovePromiseResponse:
        call = current_call(request)
        command = requests.move_promise(request)
        await once(self.app, call, partial(commands.move_promise, command=command))
        return rpc.MovePromiseResponse(case=await self.case_of(call, request.case_id))

    async def FlagCase(self, request: rpc.FlagCaseRequest, context: Any) -> rpc.FlagCaseResponse:
        call = current_call(request)
        command = requests.flag_case(request)
        await once(self.app, call, partial(commands.flag_case, command=command))
        case = await self.case_of(call, request.case_id)
        hazard = not request.remove and request.flag == pb.CASE_FLAG_HAZARD
        return rpc.FlagCaseResponse(
            case=case,
            hazard_notice=await self.hazard_notice(call, case.site_id) if hazard else None,
        )

    async def EscalateCase(
        self, request: rpc.EscalateCaseRequest, context: Any
    ) -> rpc.EscalateCaseResponse:
        call = current_call(request)
        command = requests.escalate_case(request)
        await once(self.app, call, partial(commands.escalate_case, command=command))
        return rpc.EscalateCaseResponse(case=await self.case_of(call, request.case_id))

    async def ResolveCase(
        self, request: rpc.ResolveCaseRequest, context: Any
    ) -> rpc.ResolveCaseResponse:
        call = current_call(request)
        command = requests.resolve_case(request)
        resolve = partial(commands.resolve_case, command=command)
        await self.sealed(call, request.case_id, resolve)
        return rpc.ResolveCaseResponse(case=await self.case_of(call, request.case_id))

    async def RecordCallback(
        self, request: rpc.RecordCallbackRequest, context: Any
    ) -> rpc.RecordCallbackResponse:
        call = current_call(request)
        command = requests.record_callback(request)
        receipt = await once(self.app, call, partial(commands.record_callback, command=command))
        return rpc.RecordCallbackResponse(
            case=await self.case_of(call, request.case_id), unanswered_days=int(receipt.outcome)
        )
