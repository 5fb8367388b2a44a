"""Handovers between shifts, and samples for callbacks."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from backstop.intake.v1 import intake_handover_pb2 as shift
from backstop.intake.v1 import intake_life_pb2 as life
from chassis.actor import Actor
from chassis.call import current_call
from chassis.errors import Refused
from chassis.pages import page_size
from chassis.work import once
from services.intake.convert import shifts as convert
from services.intake.domain import visibility
from services.intake.domain.samples import Heard
from services.intake.handlers import shifts
from services.intake.handlers.sites import check_site
from services.intake.rpc.common import Base
from services.intake.store import handover, samples

_NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), "")
_LAST = 2**62


class ShiftsMixin(Base):
    """Handovers between shifts, and samples for callbacks."""

    async def PrepareShiftHandover(
        self, request: shift.PrepareShiftHandoverRequest, context: Any
    ) -> shift.PrepareShiftHandoverResponse:
        call = current_call(request)
        command = convert.prepare_handover(request)
        receipt = await once(self.app, call, partial(shifts.prepare_handover, command=command))
        return shift.PrepareShiftHandoverResponse(
            handover=await self._handover(call.actor, receipt.outcome)
        )

    async def SignShiftHandover(
        self, request: shift.SignShiftHandoverRequest, context: Any
    ) -> shift.SignShiftHandoverResponse:
        call = current_call(request)
        sign = partial(
            shifts.sign_handover, handover_id=request.handover_id, note=request.note.strip()
        )
        await once(self.app, call, sign)
        return shift.SignShiftHandoverResponse(
            handover=await self._handover(call.actor, request.handover_id)
        )

    async def GetShiftHandover(
        self, request: shift.GetShiftHandoverRequest, context: Any
    ) -> shift.GetShiftHandoverResponse:
        actor = current_call(request).actor
        return shift.GetShiftHandoverResponse(
            handover=await self._handover(actor, request.handover_id)
        )

    async def ListShiftHandovers(
        self, request: shift.ListShiftHandoversRequest, context: Any
    ) -> shift.ListShiftHandoversResponse:
        call = current_call(request)
        size = page_size(request.page_size)
        token: Any = self.pages.read(request) or (_LAST,)
        async with self.app.read(call.actor) as connection:
            await check_site(connection, call.actor, request.site_id)
            found = await handover.list_handovers(connection, request.site_id, token[0], size + 1)
        page = found[:size]
        response = shift.ListShiftHandoversResponse(
            handovers=[convert.handover_message(one) for one in page]
        )
        if len(found) > size:
            response.next_page_token = self.pages.issue(request, (page[-1].sequence,))
        return response

    async def DrawCallbackSample(
        self, request: life.DrawCallbackSampleRequest, context: Any
    ) -> life.DrawCallbackSampleResponse:
        call = current_call(request)
        command = convert.draw_sample(request)
        receipt = await once(self.app, call, partial(shifts.draw_sample, command=command))
        return life.DrawCallbackSampleResponse(
            sample=await self._sample(call.actor, receipt.outcome)
        )

    async def GetCallbackSample(
        self, request: life.GetCallbackSampleRequest, context: Any
    ) -> life.GetCallbackSampleResponse:
        actor = current_call(request).actor
        return life.GetCallbackSampleResponse(sample=await self._sample(actor, request.sample_id))

    async def ListCallbackSamples(
        self, request: life.ListCallbackSamplesRequest, context: Any
    ) -> life.ListCallbackSamplesResponse:
        call = current_call(request)
        size = page_size(request.page_size)
        before: Any = self.pages.read(request) or _NEWEST
        callers = visibility.behind(call.actor.subject, call.actor.acting_for)
        async with self.app.read(call.actor) as connection:
            await check_site(connection, call.actor, request.site_id)
            found = await samples.list_samples(connection, request.site_id, before, size + 1)
            page = found[:size]
            ids = [one.sample_id for one in page]
            heard = await samples.count_heard(connection, ids, callers)
        response = life.ListCallbackSamplesResponse(
            samples=[convert.sample_message(one, heard.get(one.sample_id, Heard())) for one in page]
        )
        if len(found) > size:
            key = (page[-1].draw_time, page[-1].sample_id)
            response.next_page_token = self.pages.issue(request, key)
        return response

    async def _handover(self, actor: Actor, handover_id: str) -> shift.ShiftHandover:
        callers = visibility.behind(actor.subject, actor.acting_for)
        async with self.app.read(actor) as connection:
            found = await handover.load_handover(connection, handover_id)
            if found is None:
                raise Refused("HANDOVER_NOT_FOUND", handover_id=handover_id)
            lines = await handover.list_lines(connection, handover_id, callers)
        return convert.handover_message(found, lines)

    async def _sample(self, actor: Actor, sample_id: str) -> life.CallbackSample:
        callers = visibility.behind(actor.subject, actor.acting_for)
        async with self.app.read(actor) as connection:
            found = await samples.load_sample(connection, sample_id)
            if found is None:
                raise Refused("SAMPLE_NOT_FOUND", sample_id=sample_id)
            sampled = await samples.list_sampled(connection, sample_id, callers)
            heard = await samples.count_heard(connection, [sample_id], callers)
        return convert.sample_message(found, heard.get(sample_id, Heard()), sampled)
