"""One case: its file, its history, its reporter."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.call import current_call
from chassis.convert import to_datetime
from chassis.pages import fitting, page_size
from chassis.work import once
from services.intake.convert import replies, requests, tracking
from services.intake.domain import visibility
from services.intake.domain.times import OLDEST
from services.intake.handlers import commands
from services.intake.rpc.common import Base
from services.intake.sentences import Narrator, public
from services.intake.store import cases, directory


class ReadingMixin(Base):
    """One case: its file, its history, its reporter."""

    async def GetCase(self, request: rpc.GetCaseRequest, context: Any) -> rpc.GetCaseResponse:
        actor = current_call(request).actor
        if request.case_id:
            file = await self.views.file(actor, request.case_id)
        else:
            file = await self.views.file_by_number(actor, request.number)
        if request.HasField("as_of_time"):
            instant = to_datetime(request.as_of_time, "as_of_time")
            then = await self.views.file_as_of(actor, file.case.case_id, instant)
            # Nothing is allowed in the past.
            return rpc.GetCaseResponse(case=replies.case_file(then))
        return rpc.GetCaseResponse(case=await self.shown(actor, file))

    async def TrackCase(self, request: rpc.TrackCaseRequest, context: Any) -> rpc.TrackCaseResponse:
        opened = await self.views.opened(request.receipt_code)
        file = await self.views.opened_file(opened)
        steps = await self.views.public_steps(opened.actor, opened.case_id)
        response = replies.track(file)
        tracking.add(
            response,
            file,
            steps=public.tell(steps, current_call(request).language),
            allowed=(await self.views.allowed(opened.actor, file, code=True)).actions,
            master=await self.views.master_of(opened.actor, file),
        )
        return response

    async def GetTimeline(
        self, request: rpc.GetTimelineRequest, context: Any
    ) -> rpc.GetTimelineResponse:
        call = current_call(request)
        size = page_size(request.page_size, default=200, maximum=500)
        after: Any = self.pages.read(request) or (OLDEST, "", 0)
        file = await self.views.file(call.actor, request.case_id)
        async with self.app.read(call.actor) as connection:
            found = await cases.list_timeline(connection, request.case_id, after, size + 1)
            steps = found[:size]
            narrator = Narrator(steps, call.language, file.zone)
            names = await directory.list_names(connection, file.case.site_id, narrator.codes())
        numbers = await self.views.numbers(call.actor, file.case.site_id, narrator.cases())
        names |= {("case", case_id): number for case_id, number in numbers.items()}
        entries = fitting(
            replies.timeline_entry(step, sentence)
            for step, sentence in zip(steps, narrator.tell(names), strict=True)
        )
        response = rpc.GetTimelineResponse(entries=entries)
        if len(found) > len(entries):
            last = steps[len(entries) - 1]
            response.next_page_token = self.pages.issue(
                request, (last.record_time, last.source, last.version)
            )
        return response

    async def UnsealReporter(
        self, request: rpc.UnsealReporterRequest, context: Any
    ) -> rpc.UnsealReporterResponse:
        call = current_call(request)
        command = requests.unseal_reporter(request)
        receipt = await once(self.app, call, partial(commands.unseal_reporter, command=command))
        if receipt.replayed:
            # The look is on record; whether the caller still may is decided anew.
            case = (await self.views.file(call.actor, request.case_id)).case
            async with self.app.read(call.actor) as connection:
                kin = await cases.has_confidential_kin(connection, case.case_id)
            visibility.check_unseal(case.confidentiality, call.actor.roles, confidential_kin=kin)
        reporter = await self.views.reporter(call.actor, request.case_id)
        return rpc.UnsealReporterResponse(reporter=reporter)

    async def GetReporterContact(
        self, request: rpc.GetReporterContactRequest, context: Any
    ) -> rpc.GetReporterContactResponse:
        call = current_call(request)
        reporter = await self.views.reporter(call.actor, request.case_id)
        return rpc.GetReporterContactResponse(phone=reporter.phone, email=reporter.email)
