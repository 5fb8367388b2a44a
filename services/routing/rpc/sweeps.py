"""Sweeps for the same defect elsewhere."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from backstop.routing.v1 import routing_sweeps_pb2 as pb
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.errors import Refused
from chassis.pages import PageTokens, page_size
from chassis.work import once
from services.routing.convert import sweeps as convert
from services.routing.handlers import sweeps
from services.routing.handlers.holding import callers
from services.routing.rpc.common import Base, hidden_from, site_of
from services.routing.store import sweeps as store

# Later than every sweep.
_NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")


class SweepsMixin(Base):
    """Sweeps for the same defect elsewhere."""

    async def OpenSweep(self, request: pb.OpenSweepRequest, context: Any) -> pb.OpenSweepResponse:
        call = current_call(request)
        command = convert.open_sweep(request)
        receipt = await once(self.app, call, partial(sweeps.open_sweep, command=command))
        return pb.OpenSweepResponse(sweep=await self._sweep(call.actor, receipt.outcome))

    async def AnswerSweepTask(
        self, request: pb.AnswerSweepTaskRequest, context: Any
    ) -> pb.AnswerSweepTaskResponse:
        call = current_call(request)
        command = convert.answer_sweep_task(request)
        receipt = await once(self.app, call, partial(sweeps.answer_sweep_task, command=command))
        return pb.AnswerSweepTaskResponse(sweep=await self._sweep(call.actor, receipt.outcome))

    async def CloseSweep(
        self, request: pb.CloseSweepRequest, context: Any
    ) -> pb.CloseSweepResponse:
        call = current_call(request)
        command = convert.close_sweep(request)
        receipt = await once(self.app, call, partial(sweeps.close_sweep, command=command))
        return pb.CloseSweepResponse(sweep=await self._sweep(call.actor, receipt.outcome))

    async def GetSweep(self, request: pb.GetSweepRequest, context: Any) -> pb.GetSweepResponse:
        actor = current_call(request).actor
        return pb.GetSweepResponse(sweep=await self._sweep(actor, convert.key(request.sweep_id)))

    async def ListSweeps(
        self, request: pb.ListSweepsRequest, context: Any
    ) -> pb.ListSweepsResponse:
        size = page_size(request.page_size, default=100, maximum=500)
        after = _key(self.pages, request)
        actor = current_call(request).actor
        async with self.app.read(actor) as connection:
            site = await site_of(connection, request.site_id)
            found = await store.list_sweeps(
                connection,
                site.site_id,
                request.case_id,
                open_only=request.open_only,
                after=after,
                limit=size + 1,
                hidden_from=callers(actor),
            )
            time = await decision_time(connection)
        response = pb.ListSweepsResponse(
            sweeps=[convert.sweep_message(parts, time) for parts in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1][0]
            response.next_page_token = self.pages.issue(request, (last.open_time, last.sweep_id))
        return response

    async def _sweep(self, actor: Actor, sweep_id: str) -> pb.Sweep:
        """Returns a sweep, as far as it is in sight.

        Raises Refused SWEEP_NOT_FOUND, for those whom its case is about as well.
        """
        async with self.app.read(actor) as connection:
            parts = await store.load_parts(connection, sweep_id)
            case_ids = {part.case_id for part in parts}
            if not parts or await hidden_from(connection, actor, case_ids):
                raise Refused("SWEEP_NOT_FOUND", sweep_id=sweep_id)
            return convert.sweep_message(parts, await decision_time(connection))


def _key(pages: PageTokens, request: pb.ListSweepsRequest) -> tuple[datetime, str]:
    """Returns the sort key after which the page begins."""
    match pages.read(request):
        case None:
            return _NEWEST
        case (datetime() as time, str() as sweep_id):
            return time, sweep_id
        case _:
            raise Refused("INVALID_PAGE_TOKEN")
