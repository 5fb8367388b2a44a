"""The RPCs of intake: message → command → one transaction → what the caller may read of it."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.intake.v1.intake_service_pb2_grpc import IntakeServiceServicer
from chassis.actor import ANYONE, Actor
from chassis.call import Call, current_call
from chassis.convert import set_timestamp, to_date
from chassis.database import Database
from chassis.errors import Refused
from chassis.pages import PageTokens, page_size
from chassis.work import once
from services.intake.convert import replies, requests
from services.intake.domain import registration, transitions, visibility
from services.intake.domain.times import OLDEST, bounded, end_of_day, start_of_day
from services.intake.grouping import Registrations
from services.intake.handlers import commands
from services.intake.handlers.register import Appeal
from services.intake.peers import Deadlines, WorkOrders
from services.intake.sentences import Narrator
from services.intake.store import cases, directory
from services.intake.views import Views

_NEWEST = datetime(9999, 1, 1, tzinfo=UTC)


class IntakeServicer(IntakeServiceServicer):
    """Serves IntakeService; the walls have passed every call before."""

    def __init__(
        self,
        app: Database,
        views: Views,
        registrations: Registrations,
        pages: PageTokens,
        work_orders: WorkOrders,
        deadlines: Deadlines,
    ) -> None:
        self._app = app
        self._views = views
        self._registrations = registrations
        self._pages = pages
        self._work_orders = work_orders
        self._deadlines = deadlines

    async def RegisterCase(
        self, request: rpc.RegisterCaseRequest, context: Any
    ) -> rpc.RegisterCaseResponse:
        call = current_call(request)
        actor = call.actor
        command = requests.register_case(request)
        if visibility.only_reporter(actor.roles):
            command = registration.own_appeal(command, actor.subject)
        command = registration.with_reporter(command)
        if not actor.may_see(command.site_id):
            raise Refused("SITE_UNKNOWN", site_id=command.site_id)
        callers = visibility.behind(actor.subject, actor.acting_for)
        caller = registration.Caller(
            actor.subject,
            staff=not actor.roles.isdisjoint(visibility.STAFF),
            persons=callers,
        )
        receipt = await self._registrations.register(
            Appeal(self._views.named(call), command, caller)
        )
        file = await self._views.registered(actor, receipt.subject_id)
        case = file.case
        promises = await self._deadlines.ask(case)
        response = rpc.RegisterCaseResponse(
            # Whom it is about may hand it in, and follow it by its code like anyone.
            case=(
                replies.case_file(file)
                if visibility.in_sight(case.about_persons, callers)
                else replies.tracked_case(file)
            ),
            receipt_code=self._views.codes.receipt(case.site_id, case.case_id, case.slip_number),
        )
        set_timestamp(response.first_reply_due_time, promises.first_reply_due_time)
        set_timestamp(response.plan_due_time, promises.plan_due_time)
        return response

    async def VerifyCase(
        self, request: rpc.VerifyCaseRequest, context: Any
    ) -> rpc.VerifyCaseResponse:
        call = current_call(request)
        command = requests.verify_case(request)
        await once(self._app, call, partial(commands.verify_case, command=command))
        return rpc.VerifyCaseResponse(case=await self._case(call, request.case_id))

    async def AnswerCase(
        self, request: rpc.AnswerCaseRequest, context: Any
    ) -> rpc.AnswerCaseResponse:
        call = current_call(request)
        command = requests.answer_case(request)
        receipt = await once(self._app, call, partial(commands.answer_case, command=command))
        return rpc.AnswerCaseResponse(
            case=await self._case(call, request.case_id), answer_id=receipt.outcome
        )

    async def FeedBackAnswer(
        self, request: rpc.FeedBackAnswerRequest, context: Any
    ) -> rpc.FeedBackAnswerResponse:
        call = current_call(request)
        command = requests.feed_back_answer(request)
        await once(self._app, call, partial(commands.feed_back_answer, command=command))
        return rpc.FeedBackAnswerResponse(case=await self._case(call, request.case_id))

    async def MovePromise(
        self, request: rpc.MovePromiseRequest, context: Any
    ) -> rpc.MovePromiseResponse:
        call = current_call(request)
        command = requests.move_promise(request)
        await once(self._app, call, partial(commands.move_promise, command=command))
        return rpc.MovePromiseResponse(case=await self._case(call, request.case_id))

    async def FlagCase(self, request: rpc.FlagCaseRequest, context: Any) -> rpc.FlagCaseResponse:
        call = current_call(request)
        command = requests.flag_case(request)
        await once(self._app, call, partial(commands.flag_case, command=command))
        return rpc.FlagCaseResponse(case=await self._case(call, request.case_id))

    async def EscalateCase(
        self, request: rpc.EscalateCaseRequest, context: Any
    ) -> rpc.EscalateCaseResponse:
        call = current_call(request)
        command = requests.escalate_case(request)
        await once(self._app, call, partial(commands.escalate_case, command=command))
        return rpc.EscalateCaseResponse(case=await self._case(call, request.case_id))

    async def ResolveCase(
        self, request: rpc.ResolveCaseRequest, context: Any
    ) -> rpc.ResolveCaseResponse:
        call = current_call(request)
        command = requests.resolve_case(request)
        resolve = partial(commands.resolve_case, command=command)
        try:
            await once(self._app, call, partial(resolve, sealed=False))
        except commands.SealNeeded as needed:
            await self._work_orders.seal(command.case_id, needed.site_id, call.request_id)
            # Any error but a refusal leaves the seal to lapse: the commit may have happened.
            try:
                await once(self._app, call, partial(resolve, sealed=True))
            except Refused:
                await self._give_seal_back(call, command.case_id)
                raise
        return rpc.ResolveCaseResponse(case=await self._case(call, request.case_id))

    async def RecordCallback(
        self, request: rpc.RecordCallbackRequest, context: Any
    ) -> rpc.RecordCallbackResponse:
        call = current_call(request)
        command = requests.record_callback(request)
        receipt = await once(self._app, call, partial(commands.record_callback, command=command))
        return rpc.RecordCallbackResponse(
            case=await self._case(call, request.case_id), unanswered_days=int(receipt.outcome)
        )

    async def ConfirmCase(
        self, request: rpc.ConfirmCaseRequest, context: Any
    ) -> rpc.ConfirmCaseResponse:
        call = current_call(request)
        command = requests.confirm_case(request)
        speaker, named = await self._views.speaker(call, request.case_id, request.receipt_code)
        receipt = await once(
            self._app, named, partial(commands.confirm_case, command=command, speaker=speaker)
        )
        return rpc.ConfirmCaseResponse(
            case=await self._spoken_of(call, request.case_id, request.receipt_code),
            basis=requests.basis(receipt.outcome),
        )

    async def RejectCase(
        self, request: rpc.RejectCaseRequest, context: Any
    ) -> rpc.RejectCaseResponse:
        call = current_call(request)
        command = requests.reject_case(request)
        speaker, named = await self._views.speaker(call, request.case_id, request.receipt_code)
        await once(
            self._app, named, partial(commands.reject_case, command=command, speaker=speaker)
        )
        return rpc.RejectCaseResponse(
            case=await self._spoken_of(call, request.case_id, request.receipt_code)
        )

    async def CloseCase(self, request: rpc.CloseCaseRequest, context: Any) -> rpc.CloseCaseResponse:
        call = current_call(request)
        command = requests.close_case(request)
        await once(self._app, call, partial(commands.close_case, command=command))
        return rpc.CloseCaseResponse(case=await self._case(call, request.case_id))

    async def UnsealReporter(
        self, request: rpc.UnsealReporterRequest, context: Any
    ) -> rpc.UnsealReporterResponse:
        call = current_call(request)
        command = requests.unseal_reporter(request)
        receipt = await once(self._app, call, partial(commands.unseal_reporter, command=command))
        if receipt.replayed:
            # The look is on record; whether the caller still may is decided anew.
            case = (await self._views.file(call.actor, request.case_id)).case
            visibility.check_unseal(case.confidentiality, call.actor.roles)
        reporter = await self._views.reporter(call.actor, request.case_id)
        return rpc.UnsealReporterResponse(reporter=reporter)

    async def GetReporterContact(
        self, request: rpc.GetReporterContactRequest, context: Any
    ) -> rpc.GetReporterContactResponse:
        call = current_call(request)
        reporter = await self._views.reporter(call.actor, request.case_id)
        return rpc.GetReporterContactResponse(phone=reporter.phone, email=reporter.email)

    async def GetCase(self, request: rpc.GetCaseRequest, context: Any) -> rpc.GetCaseResponse:
        actor = current_call(request).actor
        if request.case_id:
            file = await self._views.file(actor, request.case_id)
        else:
            file = await self._views.file_by_number(actor, request.number)
        return rpc.GetCaseResponse(case=replies.case_file(file))

    async def TrackCase(self, request: rpc.TrackCaseRequest, context: Any) -> rpc.TrackCaseResponse:
        opened = await self._views.opened(request.receipt_code)
        return replies.track(await self._views.opened_file(opened))

    async def ListCases(self, request: rpc.ListCasesRequest, context: Any) -> rpc.ListCasesResponse:
        call = current_call(request)
        size = page_size(request.page_size)
        before: Any = self._pages.read(request) or (_NEWEST, "")
        async with self._app.read(call.actor) as connection:
            found = await cases.list_cases(
                connection,
                request.site_id,
                requests.states(request),
                request.unit_id,
                request.accountable,
                before,
                size + 1,
                callers=visibility.behind(call.actor.subject, call.actor.acting_for),
            )
        page = found[:size]
        response = rpc.ListCasesResponse(cases=[replies.case_row(case) for case in page])
        if len(found) > size:
            last = page[-1]
            response.next_page_token = self._pages.issue(request, (last.record_time, last.case_id))
        return response

    async def GetTimeline(
        self, request: rpc.GetTimelineRequest, context: Any
    ) -> rpc.GetTimelineResponse:
        call = current_call(request)
        size = page_size(request.page_size, default=200, maximum=500)
        after: Any = self._pages.read(request) or (OLDEST, "", 0)
        file = await self._views.file(call.actor, request.case_id)
        async with self._app.read(call.actor) as connection:
            found = await cases.list_timeline(connection, request.case_id, after, size + 1)
            steps = found[:size]
            narrator = Narrator(steps, call.language, file.zone)
            names = await directory.list_names(connection, file.case.site_id, narrator.codes())
        numbers = await self._views.numbers(call.actor, narrator.cases())
        names |= {("case", case_id): number for case_id, number in numbers.items()}
        response = rpc.GetTimelineResponse(
            entries=[
                replies.timeline_entry(step, sentence)
                for step, sentence in zip(steps, narrator.tell(names), strict=True)
            ]
        )
        if len(found) > size:
            last = steps[-1]
            response.next_page_token = self._pages.issue(
                request, (last.record_time, last.source, last.version)
            )
        return response

    async def ListLedger(
        self, request: rpc.ListLedgerRequest, context: Any
    ) -> rpc.ListLedgerResponse:
        call = current_call(request)
        size = page_size(request.page_size, default=100, maximum=500)
        after: Any = self._pages.read(request) or (OLDEST - timedelta(days=1), "")
        async with self._app.read(call.actor) as connection:
            site = await directory.load_site(connection, request.site_id)
            if site is None:
                return rpc.ListLedgerResponse()
            start, end = OLDEST - timedelta(days=1), _NEWEST
            if request.HasField("start_date"):
                start = start_of_day(bounded(to_date(request.start_date, "start_date")), site.zone)
            if request.HasField("end_date"):
                end = end_of_day(bounded(to_date(request.end_date, "end_date")), site.zone)
            found = await cases.list_ledger(
                connection,
                request.site_id,
                start,
                end,
                request.category,
                after,
                size + 1,
                solved_only=request.solved_only,
                callers=visibility.behind(call.actor.subject, call.actor.acting_for),
            )
        page = found[:size]
        response = rpc.ListLedgerResponse(rows=[replies.ledger_row(row) for row in page])
        if len(found) > size:
            last = page[-1]
            response.next_page_token = self._pages.issue(
                request, (last.occurred_time, last.case_id)
            )
        return response

    async def _give_seal_back(self, call: Call, case_id: str) -> None:
        """Gives this request's seal back, unless the case was resolved in the meantime.

        Request ids are the callers' choice: two may hold the same seal, and the one who resolved
        needs it.
        """
        case = (await self._views.file(call.actor, case_id)).case
        if case.state in transitions.IN_HAND:
            await self._work_orders.unseal(case_id, case.site_id, call.request_id)

    async def _case(self, call: Call, case_id: str) -> Any:
        """Reads the case again with the caller's own rights, so that a replay gives no more."""
        return replies.case_file(await self._views.file(call.actor, case_id))

    async def _spoken_of(self, call: Call, case_id: str, code: str) -> Any:
        """Returns the case to whoever spoke about it: in full to those who may see it anyway."""
        if call.actor != ANYONE and await self._sees(call.actor, case_id):
            return await self._case(call, case_id)
        opened = await self._views.opened(code)
        return replies.tracked_case(await self._views.opened_file(opened))

    async def _sees(self, actor: Actor, case_id: str) -> bool:
        try:
            await self._views.file(actor, case_id)
        except Refused:
            return False
        return True
