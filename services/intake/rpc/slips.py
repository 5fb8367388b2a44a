"""Pads of pre-printed slips."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.call import current_call
from chassis.pages import page_size
from chassis.work import once
from services.intake.convert import slips as convert
from services.intake.handlers import slips as handlers
from services.intake.handlers.sites import check_site
from services.intake.rpc.common import Base
from services.intake.store import slips


class SlipsMixin(Base):
    """Pads of pre-printed slips."""

    async def IssueSlipPad(
        self, request: rpc.IssueSlipPadRequest, context: Any
    ) -> rpc.IssueSlipPadResponse:
        call = current_call(request)
        command = convert.issue_pad(request)
        receipt = await once(self.app, call, partial(handlers.issue_pad, command=command))
        async with self.app.read(call.actor) as connection:
            # A repeated request shows the codes again, but not to who has lost the site.
            await check_site(connection, call.actor, request.site_id)
            pad = await slips.load_pad(connection, receipt.outcome)
        return rpc.IssueSlipPadResponse(
            pad_id=pad.pad_id, slips=convert.printed(pad, self.views.codes)
        )

    async def ListSlipPads(
        self, request: rpc.ListSlipPadsRequest, context: Any
    ) -> rpc.ListSlipPadsResponse:
        call = current_call(request)
        size = page_size(request.page_size)
        after: Any = self.pages.read(request)
        async with self.app.read(call.actor) as connection:
            await check_site(connection, call.actor, request.site_id)
            found = await slips.list_pads(connection, request.site_id, after, size + 1)
        page = found[:size]
        response = rpc.ListSlipPadsResponse(pads=[convert.slip_pad(pad) for pad in page])
        if len(found) > size:
            last = page[-1]
            response.next_page_token = self.pages.issue(request, (last.issue_time, last.pad_id))
        return response
