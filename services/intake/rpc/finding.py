"""Many cases: lists, inboxes, counts."""

from typing import Any

from backstop.intake.v1 import intake_finding_pb2 as rpc
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.database import Connection
from chassis.pages import fitting, page_size
from services.intake.convert import finding as convert
from services.intake.convert import replies
from services.intake.domain import visibility
from services.intake.domain.filters import mentions_text
from services.intake.domain.finding import Order, Place, Wanted, parse_order, place_of
from services.intake.domain.inbox import View, caller_of
from services.intake.domain.times import end_of_day, local_day
from services.intake.domain.values import Listed, Site
from services.intake.handlers.sites import check_site
from services.intake.rpc.common import Base
from services.intake.store import finding


class FindingMixin(Base):
    """Many cases: lists, inboxes, counts."""

    async def ListCases(self, request: rpc.ListCasesRequest, context: Any) -> rpc.ListCasesResponse:
        actor = current_call(request).actor
        size = page_size(request.page_size)
        wanted, order = convert.wanted(request), parse_order(request.order_by)
        after = convert.place(self.pages.read(request))
        found = await self._list(actor, wanted, order, after, size + 1)
        rows = fitting(replies.case_row(one.case, overdue=one.overdue) for one in found[:size])
        response = rpc.ListCasesResponse(cases=rows)
        if len(found) > len(rows):
            keyset = convert.keyset_of(place_of(found[len(rows) - 1].case, order))
            response.next_page_token = self.pages.issue(request, keyset)
        return response

    async def CountCases(
        self, request: rpc.CountCasesRequest, context: Any
    ) -> rpc.CountCasesResponse:
        actor = current_call(request).actor
        wanted, group = convert.wanted(request), convert.group(request.group_by)
        async with self.app.read(actor) as connection:
            site = await check_site(connection, actor, wanted.site_id)
            reader = await _reader(connection, actor, site, wanted.view)
            if not _by_words(wanted):
                return convert.counts(await finding.count_cases(connection, wanted, reader, group))
        async with self.worker.read(actor) as connection:
            return convert.counts(await finding.count_cases(connection, wanted, reader, group))

    async def GetInbox(self, request: rpc.GetInboxRequest, context: Any) -> rpc.GetInboxResponse:
        actor = current_call(request).actor
        async with self.app.read(actor) as connection:
            site = await check_site(connection, actor, request.site_id)
            reader = await _reader(connection, actor, site, View.DUE_TODAY, View.MY_UNIT)
            return convert.inboxes(await finding.count_inboxes(connection, site.site_id, reader))

    async def _list(
        self, actor: Actor, wanted: Wanted, order: Order, after: Place | None, count: int
    ) -> list[Listed]:
        """Returns a page; Refused SITE_UNKNOWN for a site that isn't there or is out of sight."""
        async with self.app.read(actor) as connection:
            site = await check_site(connection, actor, wanted.site_id)
            reader = await _reader(connection, actor, site, wanted.view)
            if not _by_words(wanted):
                return await finding.list_cases(connection, wanted, reader, order, after, count)
        # The site was in the caller's sight a moment ago; what is found is read with their rights.
        async with self.worker.read(actor) as connection:
            ids = await finding.find_cases(connection, wanted, reader, order, after, count)
        async with self.app.read(actor) as connection:
            return await finding.load_found(connection, wanted.site_id, reader.callers, ids)


def _by_words(wanted: Wanted) -> bool:
    return bool(wanted.words) or mentions_text(wanted.filter)


async def _reader(connection: Connection, actor: Actor, site: Site, *views: View) -> finding.Reader:
    """Returns for whom and when is looked; asks only for what the views depend on."""
    person = caller_of(actor.subject, actor.acting_for)
    units: tuple[str, ...] = ()
    if View.MY_UNIT in views:
        units = await finding.list_units_of(connection, site.site_id, person)
    day_end = None
    if View.DUE_TODAY in views:
        now = await decision_time(connection)
        day_end = end_of_day(local_day(now, site.zone), site.zone)
    return finding.Reader(
        callers=visibility.behind(actor.subject, actor.acting_for),
        person=person,
        zone=site.zone,
        units=units,
        day_end=day_end,
    )
