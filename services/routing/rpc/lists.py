"""The organisation of sites: published, changed, read; the group's template; transfers."""

from functools import partial
from typing import Any, TypeVar

from backstop.routing.v1 import routing_organisation_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.database import Connection
from chassis.errors import Refused
from chassis.work import Receipt, once
from services.routing.convert import directory as convert_directory
from services.routing.convert import organisation as convert
from services.routing.convert.changes import change_message, fault_message
from services.routing.convert.common import invalid, opt_instant
from services.routing.convert.matrix import gap_message
from services.routing.convert.roster import gap_messages
from services.routing.domain.directory_check import NO_DUTY_LEAD
from services.routing.handlers import directory as organisation
from services.routing.handlers import drafts, lists, templates, transfers
from services.routing.handlers.drafts import Draft
from services.routing.rpc.common import Base, site_of
from services.routing.rpc.roster import soon_unstaffed
from services.routing.store import directory_versions as versions
from services.routing.store.templates import load_template

R = TypeVar("R", rpc.PublishDirectoryResponse, pb.UpdateDirectoryResponse)


class ListsMixin(Base):
    """The organisation of sites: published, changed, read; the group's template; transfers."""

    async def PublishDirectory(
        self, request: rpc.PublishDirectoryRequest, context: Any
    ) -> rpc.PublishDirectoryResponse:
        call = current_call(request)
        command = convert.publish_directory(request)
        site_id = command.directory.site_id
        response = rpc.PublishDirectoryResponse()
        if request.validate_only:
            organisation.check_sight(call.actor, site_id)
            async with self.app.read(call.actor) as connection:
                now = await decision_time(connection)
                draft = await drafts.draft_whole(connection, command, now)
                await _expect(connection, draft, command.expected_version)
                lost = await drafts.lacks_duty_lead(connection, draft, now)
            response.roster_version = 0 if draft.site is None else draft.site.roster_version
            return _would(response, draft, lost=lost)
        body = partial(organisation.publish_directory, command=command)
        receipt = await once(self.app, call, body)
        await self._did(response, call.actor, site_id, receipt)
        async with self.app.read(call.actor) as connection:
            response.roster_version = organisation.outcome_of(receipt).roster_version
            if command.roster is not None:
                site = await site_of(connection, site_id)
                found = await soon_unstaffed(connection, site, command.roster.shifts)
                response.post_gaps.extend(gap_messages(found))
        return response

    async def UpdateDirectory(
        self, request: pb.UpdateDirectoryRequest, context: Any
    ) -> pb.UpdateDirectoryResponse:
        call = current_call(request)
        command = convert.update_directory(request)
        response = pb.UpdateDirectoryResponse()
        if request.validate_only:
            async with self.app.read(call.actor) as connection:
                now = await decision_time(connection)
                draft = await drafts.draft_update(connection, command, now)
                await _expect(connection, draft, command.expected_version)
                lost = await drafts.lacks_duty_lead(connection, draft, now)
            return _would(response, draft, lost=lost)
        body = partial(organisation.update_directory, command=command)
        receipt = await once(self.app, call, body)
        return await self._did(response, call.actor, command.site_id, receipt)

    async def GetDirectory(
        self, request: rpc.GetDirectoryRequest, context: Any
    ) -> rpc.GetDirectoryResponse:
        at_time = opt_instant(request.HasField("at_time"), request.at_time, "at_time")
        if at_time is not None and request.version:
            raise invalid("at_time", "a version or an instant, not both")
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            if at_time is None:
                version = request.version or site.directory_version
                kept = await versions.load_version(connection, site.site_id, version)
            else:
                kept = await versions.load_version_at(connection, site.site_id, at_time)
        if kept is None:
            raise Refused("NO_SUCH_LIST_VERSION", version=request.version)
        directory = kept.source if request.as_published else kept.directory
        return rpc.GetDirectoryResponse(
            directory=convert_directory.directory_message(directory),
            version=kept.version,
            template_version=kept.template_version,
        )

    async def ListSites(self, request: pb.ListSitesRequest, context: Any) -> pb.ListSitesResponse:
        async with self.app.read(current_call(request).actor) as connection:
            summaries = await versions.list_summaries(connection)
        return pb.ListSitesResponse(sites=[convert.summary_message(each) for each in summaries])

    async def ListPublications(
        self, request: pb.ListPublicationsRequest, context: Any
    ) -> pb.ListPublicationsResponse:
        which = convert.list_from(request.list)
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            publications = await versions.list_publications(connection, site.site_id, which)
        return pb.ListPublicationsResponse(
            publications=[convert.publication_message(which, each) for each in publications]
        )

    async def PublishGroupTemplate(
        self, request: pb.PublishGroupTemplateRequest, context: Any
    ) -> pb.PublishGroupTemplateResponse:
        command = convert.publish_template(request)
        body = partial(templates.publish_template, command=command)
        receipt = await once(self.app, current_call(request), body)
        return pb.PublishGroupTemplateResponse(
            version=receipt.version, site_count=int(receipt.outcome)
        )

    async def GetGroupTemplate(
        self, request: pb.GetGroupTemplateRequest, context: Any
    ) -> pb.GetGroupTemplateResponse:
        async with self.app.read(current_call(request).actor) as connection:
            template = await load_template(connection)
        response = pb.GetGroupTemplateResponse(version=template.version)
        if template.version:
            response.template.CopyFrom(convert_directory.template_message(template))
        return response

    async def TransferPerson(
        self, request: pb.TransferPersonRequest, context: Any
    ) -> pb.TransferPersonResponse:
        command = convert.transfer_person(request)
        body = partial(transfers.transfer_person, command=command)
        receipt = await once(self.app, current_call(request), body)
        return pb.TransferPersonResponse(
            from_version=receipt.version, to_version=int(receipt.outcome)
        )

    async def _did(self, response: R, actor: Actor, site_id: str, receipt: Receipt) -> R:
        async with self.app.read(actor) as connection:
            told = await organisation.told(connection, site_id, receipt)
        response.version = receipt.version
        response.matrix_version = told.matrix_version
        response.changes.extend(change_message(change) for change in told.changes)
        response.handover_job_id = told.handover_job_id
        return response


def _would(response: R, draft: Draft, *, lost: bool) -> R:
    """Fills in what a publication would do, and whatever it would be refused for."""
    if draft.site is not None:
        response.version = draft.site.directory_version
        response.matrix_version = draft.site.matrix_version
    faults = [*draft.faults, *draft.matrix_faults, *draft.roster_faults]
    faults += [NO_DUTY_LEAD] if lost else []
    response.changes.extend(change_message(change) for change in draft.changes)
    response.faults.extend(fault_message(fault) for fault in faults)
    response.gaps.extend(gap_message(gap) for gap in draft.gaps)
    return response


async def _expect(connection: Connection, draft: Draft, expected_version: int) -> None:
    site_id = draft.directory.site_id
    actual = 0 if draft.site is None else draft.site.directory_version
    meanwhile = organisation.meanwhile(connection, site_id)
    await lists.expect_version(expected_version, actual, meanwhile)
