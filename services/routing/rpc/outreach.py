"""Contacts with units."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.errors import Refused
from chassis.pages import PageTokens, page_size
from chassis.work import once
from services.routing.convert import outreach as contacts
from services.routing.domain.outreach import COUNTED_DAYS, in_order
from services.routing.handlers import outreach
from services.routing.rpc.common import Base, hidden_from, site_of
from services.routing.store import matrix as answers
from services.routing.store import outreach as log

# Later than every contact.
_NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")


class OutreachMixin(Base):
    """Contacts with units."""

    async def RecordOutreach(
        self, request: rpc.RecordOutreachRequest, context: Any
    ) -> rpc.RecordOutreachResponse:
        call = current_call(request)
        command = contacts.record_outreach(request)
        receipt = await once(self.app, call, partial(outreach.record_outreach, command=command))
        async with self.app.read(call.actor) as connection:
            found = await log.list_occasion(connection, receipt.outcome)
        if not found:
            raise LookupError(f"the contact {receipt.outcome} just recorded is out of sight")
        made = [contacts.outreach_message(one) for one in found]
        return rpc.RecordOutreachResponse(outreach=made[0], contacts=made)

    async def ListOutreach(
        self, request: rpc.ListOutreachRequest, context: Any
    ) -> rpc.ListOutreachResponse:
        size = page_size(request.page_size, default=100, maximum=500)
        after = _key(self.pages, request)
        actor = current_call(request).actor
        async with self.app.read(actor) as connection:
            site = await site_of(connection, request.site_id)
            found = await log.list_outreach(
                connection, site.site_id, request.unit_id, after, size + 1
            )
            raised = {case_id for one in found for case_id in one.case_ids}
            hidden = await hidden_from(connection, actor, raised)
        response = rpc.ListOutreachResponse(
            outreach=[contacts.outreach_message(one.without(hidden)) for one in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = self.pages.issue(
                request, (last.outreach_time, last.outreach_id)
            )
        return response

    async def GetOutreachOverview(
        self, request: rpc.GetOutreachOverviewRequest, context: Any
    ) -> rpc.GetOutreachOverviewResponse:
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            site_id, version = site.site_id, site.matrix_version
            now = await decision_time(connection)
            kept = await log.list_kept(
                connection, site_id, site.local(now).date(), now - timedelta(days=COUNTED_DAYS)
            )
            held = await answers.list_answers(
                connection, site_id, [unit.unit_id for unit in kept], site.matrix_day(now), version
            )
            published = await answers.load_published(connection, site_id, version)
        units = [log.with_steward(unit, held.get(unit.unit_id)) for unit in kept]
        return contacts.overview(
            in_order(units, now), now, published, overdue_only=request.overdue_only
        )


def _key(pages: PageTokens, request: rpc.ListOutreachRequest) -> tuple[datetime, str]:
    """Returns the sort key after which the page begins."""
    match pages.read(request):
        case None:
            return _NEWEST
        case (datetime() as time, str() as outreach_id):
            return time, outreach_id
        case _:
            raise Refused("INVALID_PAGE_TOKEN")
