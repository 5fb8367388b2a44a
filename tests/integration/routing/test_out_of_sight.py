"""A case is out of sight for those it is about."""

import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.ids import new_id
from tests.integration.routing.conftest import SITE, Mine

READS = {
    "GetRoute": rpc.GetRouteRequest,
    "ExplainRoute": rpc.ExplainRouteRequest,
    "ListHandlerProposals": rpc.ListHandlerProposalsRequest,
    "GetAttributedTime": rpc.GetAttributedTimeRequest,
}


@pytest.mark.parametrize("method", READS)
async def test_whom_a_case_is_about_is_told_that_there_is_none(mine: Mine, method: str) -> None:
    case_id = new_id()
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id="bathhouse", about_persons=["wang"]
    )
    await mine.hear("intake", case_id, message)
    request = READS[method](case_id=case_id)
    refused = await mine.refused(method, request, "STEWARD", who="wang")
    assert refused.reason == "ROUTE_NOT_FOUND"
    assert await mine.ask(method, request, "STEWARD", who="zhang") is not None


async def test_nor_is_it_among_the_fallbacks(mine: Mine) -> None:
    case_id = new_id()
    # Nobody answers for a case of no unit but the duty lead.
    message = intake.CaseRegistered(case_id=case_id, site_id=SITE, about_persons=["wang"])
    await mine.hear("intake", case_id, message)
    request = rpc.ListFallbacksRequest(site_id=SITE)
    seen = await mine.ask("ListFallbacks", request, "SUPPORT", who="zhang")
    assert [one.case_id for one in seen.fallbacks] == [case_id]
    seen = await mine.ask("ListFallbacks", request, "SUPPORT", who="wang")
    assert not seen.fallbacks
