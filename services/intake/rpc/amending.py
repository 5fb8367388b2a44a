"""Corrections of what was registered."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_life_pb2 as rpc
from chassis.call import current_call
from chassis.work import once
from services.intake.convert import amending as convert
from services.intake.convert import replies
from services.intake.domain import visibility
from services.intake.handlers import amending
from services.intake.rpc.common import Base


class AmendingMixin(Base):
    """Corrections of what was registered."""

    async def AmendCase(self, request: rpc.AmendCaseRequest, context: Any) -> rpc.AmendCaseResponse:
        call = current_call(request)
        await once(
            self.app,
            call,
            partial(
                amending.amend_case,
                command=convert.amend_case(request),
                secrets=self.views.secrets,
            ),
        )
        file = await self.views.registered(call.actor, request.case_id)
        callers = visibility.behind(call.actor.subject, call.actor.acting_for)
        if visibility.in_sight(file.case.about_persons, callers):
            return rpc.AmendCaseResponse(case=await self.case_of(call, request.case_id))
        # Whoever says that it is about themselves sees of it what its code shows, this once.
        return rpc.AmendCaseResponse(case=replies.tracked_case(file))
