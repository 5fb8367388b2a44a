"""What is said about a case beside its answers."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_life_pb2 as rpc
from chassis.call import current_call
from chassis.work import once
from services.intake.convert import talking as convert
from services.intake.handlers import talking
from services.intake.rpc.common import Base


class TalkingMixin(Base):
    """What is said about a case beside its answers."""

    async def CommentCase(
        self, request: rpc.CommentCaseRequest, context: Any
    ) -> rpc.CommentCaseResponse:
        call = current_call(request)
        command = convert.comment_case(request)
        speaker, named = await self.views.speaker(call, request.case_id, request.receipt_code)
        await once(self.app, named, partial(talking.comment_case, command=command, speaker=speaker))
        return rpc.CommentCaseResponse(
            case=await self.spoken_of(call, request.case_id, request.receipt_code)
        )

    async def RecordMeeting(
        self, request: rpc.RecordMeetingRequest, context: Any
    ) -> rpc.RecordMeetingResponse:
        call = current_call(request)
        command = convert.record_meeting(request)
        await once(self.app, call, partial(talking.record_meeting, command=command))
        return rpc.RecordMeetingResponse(case=await self.case_of(call, request.case_id))
