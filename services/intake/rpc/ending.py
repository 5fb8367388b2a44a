"""The reporter's word about the result, how a case is struck off, and how it begins again."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.call import current_call
from chassis.work import once
from services.intake.convert import ending as convert
from services.intake.convert import requests
from services.intake.handlers import commands, ending
from services.intake.rpc.common import Base


class EndingMixin(Base):
    """The reporter's word about the result, how a case is struck off, and how it begins again."""

    async def ConfirmCase(
        self, request: rpc.ConfirmCaseRequest, context: Any
    ) -> rpc.ConfirmCaseResponse:
        call = current_call(request)
        command = requests.confirm_case(request)
        speaker, named = await self.views.speaker(call, request.case_id, request.receipt_code)
        receipt = await once(
            self.app, named, partial(commands.confirm_case, command=command, speaker=speaker)
        )
        return rpc.ConfirmCaseResponse(
            case=await self.spoken_of(call, request.case_id, request.receipt_code),
            basis=requests.basis(receipt.outcome),
        )

    async def RejectCase(
        self, request: rpc.RejectCaseRequest, context: Any
    ) -> rpc.RejectCaseResponse:
        call = current_call(request)
        command = requests.reject_case(request)
        speaker, named = await self.views.speaker(call, request.case_id, request.receipt_code)
        await once(self.app, named, partial(commands.reject_case, command=command, speaker=speaker))
        return rpc.RejectCaseResponse(
            case=await self.spoken_of(call, request.case_id, request.receipt_code)
        )

    async def CloseCase(self, request: rpc.CloseCaseRequest, context: Any) -> rpc.CloseCaseResponse:
        call = current_call(request)
        command = requests.close_case(request)
        await self.sealed(call, request.case_id, partial(ending.close_case, command=command))
        return rpc.CloseCaseResponse(case=await self.case_of(call, request.case_id))

    async def WithdrawCase(
        self, request: life.WithdrawCaseRequest, context: Any
    ) -> life.WithdrawCaseResponse:
        call = current_call(request)
        command = convert.withdraw_case(request)
        speaker, named = await self.views.speaker(call, request.case_id, request.receipt_code)
        receipt = await once(
            self.app, named, partial(ending.withdraw_case, command=command, speaker=speaker)
        )
        return life.WithdrawCaseResponse(
            case=await self.spoken_of(call, request.case_id, request.receipt_code),
            basis=requests.basis(receipt.outcome),
        )

    async def ReopenCase(
        self, request: life.ReopenCaseRequest, context: Any
    ) -> life.ReopenCaseResponse:
        call = current_call(request)
        command = convert.reopen_case(request)
        speaker, named = await self.views.speaker(call, request.case_id, request.receipt_code)
        await once(self.app, named, partial(ending.reopen_case, command=command, speaker=speaker))
        return life.ReopenCaseResponse(
            case=await self.spoken_of(call, request.case_id, request.receipt_code)
        )

    async def ReferCase(
        self, request: life.ReferCaseRequest, context: Any
    ) -> life.ReferCaseResponse:
        call = current_call(request)
        command = convert.refer_case(request)
        await once(self.app, call, partial(ending.refer_case, command=command))
        return life.ReferCaseResponse(case=await self.case_of(call, request.case_id))

    async def RecordReferralResult(
        self, request: life.RecordReferralResultRequest, context: Any
    ) -> life.RecordReferralResultResponse:
        call = current_call(request)
        command = convert.record_referral_result(request)
        await once(self.app, call, partial(ending.record_referral_result, command=command))
        return life.RecordReferralResultResponse(case=await self.case_of(call, request.case_id))

    async def ReviewCase(
        self, request: life.ReviewCaseRequest, context: Any
    ) -> life.ReviewCaseResponse:
        call = current_call(request)
        command = convert.review_case(request)
        await once(self.app, call, partial(ending.review_case, command=command))
        return life.ReviewCaseResponse(case=await self.case_of(call, request.case_id))
