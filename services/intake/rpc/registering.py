"""How appeals get on file: one, many, a stream of them; and how a lost code is replaced."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.actor import Actor
from chassis.call import Call, current_call, status_of
from chassis.convert import set_timestamp
from chassis.errors import Refused
from chassis.validation import check
from chassis.work import Receipt, once
from services.intake.convert import replies, requests
from services.intake.domain import registration, visibility
from services.intake.domain.values import CaseFile, Confidentiality
from services.intake.handlers.register import Appeal, reissue_code
from services.intake.importing import Import, Outcome
from services.intake.rpc.common import Base
from services.intake.store import registrations

# An appeal of many is the same mutation as one that comes alone: each replays the other.
_REGISTER = "/backstop.intake.v1.IntakeService/RegisterCase"


class RegisteringMixin(Base):
    """How appeals get on file."""

    async def RegisterCase(
        self, request: rpc.RegisterCaseRequest, context: Any
    ) -> rpc.RegisterCaseResponse:
        call = current_call(request)
        receipt = await self._register(request, call)
        actor = call.actor
        file, sees = await self._made(actor, receipt)
        case = file.case
        promises = await self.deadlines.ask(case)
        # An anonymous reporter can't be told from anybody else, and had the code before.
        theirs = sees or not receipt.replayed or case.confidentiality is Confidentiality.ANONYMOUS
        response = rpc.RegisterCaseResponse(
            case=await self.shown(actor, file) if sees else replies.tracked_case(file),
            receipt_code=self.code_for(actor, case, receipt) if theirs else "",
        )
        set_timestamp(response.first_reply_due_time, promises.first_reply_due_time)
        set_timestamp(response.plan_due_time, promises.plan_due_time)
        if request.hazard:
            response.hazard_notice.CopyFrom(await self.hazard_notice(call, case.site_id))
        return response

    async def BatchRegisterCases(
        self, request: rpc.BatchRegisterCasesRequest, context: Any
    ) -> rpc.BatchRegisterCasesResponse:
        if len({appeal.site_id for appeal in request.appeals}) > 1:
            raise Refused("BATCH_OF_TWO_SITES")
        outcomes = await asyncio.gather(*(self._attempt(one) for one in request.appeals))
        results = await self._results(current_call(request), 0, outcomes)
        return rpc.BatchRegisterCasesResponse(results=results, tally=_counted(results))

    async def StreamRegisterCases(
        self, request_iterator: AsyncIterator[rpc.StreamRegisterCasesRequest], context: Any
    ) -> AsyncIterator[rpc.StreamRegisterCasesResponse]:
        call = current_call(rpc.StreamRegisterCasesRequest())
        tally = rpc.RegistrationTally()
        stream = Import(
            (one.appeal async for one in request_iterator), self._attempt, self.backlog.behind
        )
        async with aclosing(stream.chunks()) as chunks:
            async for chunk in chunks:
                results = await self._results(call, tally.received, chunk.outcomes)
                _add(tally, _counted(results))
                yield rpc.StreamRegisterCasesResponse(
                    results=results, tally=tally, throttled=chunk.throttled
                )

    async def ReissueReceiptCode(
        self, request: rpc.ReissueReceiptCodeRequest, context: Any
    ) -> rpc.ReissueReceiptCodeResponse:
        call = current_call(request)
        codes = self.views.codes
        receipt = await once(
            self.app,
            call,
            partial(
                reissue_code,
                case_id=request.case_id,
                expected_version=request.expected_version,
                reason=request.reason,
                codes=codes,
            ),
        )
        file = await self.views.file(call.actor, request.case_id)
        case = file.case
        if receipt.outcome != str(case.code_attempt):
            raise Refused("CODE_REPLACED")
        return rpc.ReissueReceiptCodeResponse(
            case=await self.shown(call.actor, file),
            receipt_code=codes.of_case(case.site_id, case.case_id, case.code_attempt),
        )

    async def _register(
        self, request: rpc.RegisterCaseRequest, call: Call, *, of_many: bool = False
    ) -> Receipt:
        """Registers an appeal whose rules were checked; raises what it is to blame for."""
        actor = call.actor
        command = requests.register_case(request)
        if visibility.only_reporter(actor.roles):
            command = registration.own_appeal(command, actor.subject)
        command = registration.with_reporter(command)
        registration.check_links(command)
        if not actor.may_see(command.site_id):
            raise Refused("SITE_UNKNOWN", site_id=command.site_id)
        caller = registration.Caller(
            actor.subject,
            staff=not actor.roles.isdisjoint(visibility.STAFF),
            persons=visibility.behind(actor.subject, actor.acting_for),
        )
        appeal = Appeal(self.views.named(call), command, caller)
        return await self.registrations.register(appeal, of_many=of_many)

    async def _made(self, actor: Actor, receipt: Receipt) -> tuple[CaseFile, bool]:
        """Returns a case to whoever has registered it, and whether they see all of it.

        Whom it is about may hand it in, and sees what its code shows. A request that is repeated
        gives no more than any other read would by now.
        """
        if receipt.replayed:
            try:
                return await self.views.file(actor, receipt.subject_id), True
            except Refused:
                return await self.views.registered(actor, receipt.subject_id), False
        file = await self.views.registered(actor, receipt.subject_id)
        callers = visibility.behind(actor.subject, actor.acting_for)
        return file, visibility.in_sight(file.case.about_persons, callers)

    async def _attempt(self, request: rpc.RegisterCaseRequest) -> Outcome:
        """Registers one of many as it would be alone; its refusal is its own."""
        try:
            check(request)
            call = current_call(request, _REGISTER)
            receipt = await self._register(request, call, of_many=True)
        except Exception as error:  # noqa: BLE001 - status_of tells the caller, and logs
            return Outcome(request.request_id, refused=status_of(error))
        return Outcome(request.request_id, receipt=receipt)

    async def _results(
        self, call: Call, first: int, outcomes: Sequence[Outcome]
    ) -> list[rpc.RegistrationResult]:
        """Returns results with the places from `first` on; what is on file is read at once."""
        case_ids = [one.receipt.subject_id for one in outcomes if one.receipt is not None]
        found: dict[str, registrations.Registered] = {}
        if case_ids:
            async with self.app.read(call.actor) as connection:
                rows = await registrations.list_registered(connection, case_ids)
            found = {row.case_id: row for row in rows}
        return [self._result(call, first + place, one, found) for place, one in enumerate(outcomes)]

    def _result(
        self,
        call: Call,
        index: int,
        outcome: Outcome,
        found: dict[str, registrations.Registered],
    ) -> rpc.RegistrationResult:
        result = rpc.RegistrationResult(index=index, request_id=outcome.request_id)
        if outcome.receipt is None:
            result.refused.CopyFrom(outcome.refused)
            return result
        made = found[outcome.receipt.subject_id]
        result.registered.CopyFrom(
            rpc.RegisteredCase(
                case_id=made.case_id,
                number=made.number,
                receipt_code=self.code_for(call.actor, made, outcome.receipt),
                late_entry=made.late_entry,
                replayed=outcome.receipt.replayed,
            )
        )
        return result


def _counted(results: Sequence[rpc.RegistrationResult]) -> rpc.RegistrationTally:
    registered = [one.registered for one in results if one.HasField("registered")]
    return rpc.RegistrationTally(
        received=len(results),
        registered=len(registered),
        replayed=sum(one.replayed for one in registered),
        refused=len(results) - len(registered),
    )


def _add(tally: rpc.RegistrationTally, more: rpc.RegistrationTally) -> None:
    tally.received += more.received
    tally.registered += more.registered
    tally.replayed += more.replayed
    tally.refused += more.refused
