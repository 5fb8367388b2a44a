"""What rulings propose for the category table."""

from functools import partial
from typing import Any

from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.call import current_call
from chassis.work import once
from services.routing.convert import category_proposals as convert
from services.routing.handlers import category_proposals
from services.routing.rpc.common import Base, hidden_from, site_of
from services.routing.store import category_proposals as store


class CategoryProposalsMixin(Base):
    """What rulings propose for the category table."""

    async def ListCategoryProposals(
        self, request: rpc.ListCategoryProposalsRequest, context: Any
    ) -> rpc.ListCategoryProposalsResponse:
        actor = current_call(request).actor
        async with self.app.read(actor) as connection:
            site = await site_of(connection, request.site_id)
            found = await store.list_proposals(connection, site.site_id)
            ruled = {case_id for one in found for case_id in one.case_ids}
            hidden = await hidden_from(connection, actor, ruled)
        return rpc.ListCategoryProposalsResponse(
            proposals=[convert.category_proposal_message(one.without(hidden)) for one in found]
        )

    async def DecideCategoryProposal(
        self, request: rpc.DecideCategoryProposalRequest, context: Any
    ) -> rpc.DecideCategoryProposalResponse:
        command = convert.decide_category_proposal(request)
        body = partial(category_proposals.decide_category_proposal, command=command)
        receipt = await once(self.app, current_call(request), body)
        return rpc.DecideCategoryProposalResponse(directory_version=int(receipt.outcome))
