"""Ties between cases, duplicates, and second matters."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_life_pb2 as rpc
from chassis.call import current_call
from chassis.server import LARGEST_MESSAGE_BYTES
from chassis.work import once
from services.intake.convert import linking as convert
from services.intake.convert import replies
from services.intake.domain import clocks
from services.intake.handlers import linking
from services.intake.rpc.common import Base


class LinkingMixin(Base):
    """Ties between cases, duplicates, and second matters."""

    async def LinkCases(self, request: rpc.LinkCasesRequest, context: Any) -> rpc.LinkCasesResponse:
        call = current_call(request)
        command = convert.link_cases(request)
        await once(self.app, call, partial(linking.link_cases, command=command))
        return rpc.LinkCasesResponse(case=await self.case_of(call, request.case_id))

    async def MergeCase(self, request: rpc.MergeCaseRequest, context: Any) -> rpc.MergeCaseResponse:
        call = current_call(request)
        merge = partial(linking.merge_case, command=convert.merge_case(request))
        await self.sealed(call, request.case_id, merge)
        return rpc.MergeCaseResponse(case=await self.case_of(call, request.case_id))

    async def SplitCase(self, request: rpc.SplitCaseRequest, context: Any) -> rpc.SplitCaseResponse:
        call = current_call(request)
        named = self.views.named(call)
        split = partial(
            linking.split_case,
            command=convert.split_case(request),
            secrets=self.views.secrets,
            call=named,
        )
        receipt = await once(self.app, named, split)
        new = (await self.views.registered(call.actor, receipt.subject_id)).case
        response = rpc.SplitCaseResponse(
            case=await self.case_of(call, request.case_id),
            new_case=await self.case_of(call, receipt.subject_id),
            receipt_code=self.code_for(call.actor, new, receipt),
        )
        if response.ByteSize() > LARGEST_MESSAGE_BYTES:
            # A message takes any case; two that have grown since may be too much for it.
            old = await self.views.file(call.actor, request.case_id)
            late = clocks.overdue(old.case, old.clocks)
            response.case.CopyFrom(replies.case_row(old.case, overdue=late))
        return response
