"""Pausing and resuming a case's clocks, and excusing their breaches."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from backstop.sla.v1 import sla_pb2
from backstop.sla.v1 import sla_service_pb2 as rpc
from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceServicer
from chassis.actor import Actor
from chassis.call import current_call
from chassis.convert import to_datetime
from chassis.database import Connection, Database
from chassis.errors import Refused
from chassis.work import once
from services.sla.convert.clocks import PAUSE_REASONS
from services.sla.convert.questions import excused, pause_message
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import CasePause
from services.sla.domain.sight import behind
from services.sla.handlers import pausing
from services.sla.store import files
from services.sla.store.questions import list_excuses

# Every excuse there is.
_EVER = datetime(9999, 12, 30, tzinfo=UTC)


class PausingMixin(SlaServiceServicer):
    """Changes what the caller may, and answers with what is there afterwards.

    A repeated request is answered with what is there by then.
    """

    _app: Database

    async def PauseClocks(
        self, request: rpc.PauseClocksRequest, context: Any
    ) -> rpc.PauseClocksResponse:
        call = current_call(request)
        body = partial(
            pausing.pause_clocks,
            case_id=request.case_id,
            expected_version=request.expected_version,
            reason=PAUSE_REASONS.word(request.reason),
            words=request.words,
            latest_end_time=to_datetime(request.latest_end_time, "latest_end_time"),
        )
        receipt = await once(self._app, call, body)
        clocks, pause = await self._case(call.actor, receipt.subject_id)
        response = rpc.PauseClocksResponse(clocks=clocks, version=receipt.version)
        if pause is not None:
            response.pause.CopyFrom(pause_message(pause))
        return response

    async def ResumeClocks(
        self, request: rpc.ResumeClocksRequest, context: Any
    ) -> rpc.ResumeClocksResponse:
        call = current_call(request)
        body = partial(
            pausing.resume_clocks,
            case_id=request.case_id,
            expected_version=request.expected_version,
        )
        receipt = await once(self._app, call, body)
        clocks, _ = await self._case(call.actor, receipt.subject_id)
        return rpc.ResumeClocksResponse(clocks=clocks, version=receipt.version)

    async def ExcuseBreach(
        self, request: rpc.ExcuseBreachRequest, context: Any
    ) -> rpc.ExcuseBreachResponse:
        call = current_call(request)
        body = partial(pausing.excuse_breach, clock_id=request.clock_id, reason=request.reason)
        await once(self._app, call, body)
        async with self._app.read(call.actor) as connection:
            callers = behind(call.actor.subject, call.actor.acting_for)
            clock = await files.load_clock(connection, request.clock_id, callers)
            if clock is None:
                # A replay, by someone who has lost the site since.
                raise Refused("CLOCK_NOT_FOUND", clock_id=request.clock_id)
            (message,) = await _messages(connection, [clock])
        return rpc.ExcuseBreachResponse(clock=message)

    async def _case(
        self, actor: Actor, case_id: str
    ) -> tuple[list[sla_pb2.Clock], CasePause | None]:
        async with self._app.read(actor) as connection:
            callers = behind(actor.subject, actor.acting_for)
            case = await files.load_case(connection, case_id, callers)
            if case is None:
                # A replay, by someone who has lost the site since.
                raise Refused("CLOCKS_NOT_FOUND", case_id=case_id)
            clocks = await files.load_all_clocks(connection, case_id)
            return await _messages(connection, clocks), case.pause


async def _messages(connection: Connection, clocks: Sequence[Clock]) -> list[sla_pb2.Clock]:
    excuses = await list_excuses(connection, [clock.clock_id for clock in clocks], _EVER)
    return [excused(clock, excuses.get(clock.clock_id)) for clock in clocks]
