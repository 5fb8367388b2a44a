"""A case is out of sight for those it is about."""

from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.routing.v1 import routing_sweeps_pb2 as sweeps
from chassis.convert import to_date_message, to_timestamp
from chassis.ids import new_id
from chassis.testing import bearer, read_refusal
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.doing import dispatch, give_back, registered, task

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


async def commands(mine: Mine, case_id: str) -> list[tuple[str, Message]]:
    """Every command about a case, none of which its state allows or whose version fits."""
    now = await mine.now()
    later = to_timestamp(now)
    one: dict[str, Any] = {"case_id": case_id, "expected_version": 77}
    order = one | {"work_order_id": new_id()}
    return [
        ("AssignCase", rpc.AssignCaseRequest(**one, steward="nobody", reason="x")),
        ("AcceptCase", rpc.AcceptCaseRequest(case_id=case_id)),
        ("RecuseFromCase", rpc.RecuseFromCaseRequest(**one, reason="x")),
        (
            "InstructCase",
            rpc.InstructCaseRequest(**one, kind=pb.INSTRUCTION_KIND_ORDER, text="x"),
        ),
        ("DeescalateCase", rpc.DeescalateCaseRequest(case_id=case_id, reason="x")),
        (
            "DispatchWorkOrders",
            rpc.DispatchWorkOrdersRequest(**one, tasks=[task("gone", now)]),
        ),
        ("AcceptWorkOrder", rpc.AcceptWorkOrderRequest(**order)),
        ("CompleteWorkOrder", rpc.CompleteWorkOrderRequest(**order, result="x")),
        (
            "ReopenWorkOrder",
            rpc.ReopenWorkOrderRequest(**order, reason="x", deadline_time=later),
        ),
        ("ReturnWorkOrder", rpc.ReturnWorkOrderRequest(**order, reason="x")),
        (
            "RuleWorkOrder",
            rpc.RuleWorkOrderRequest(**order, kind=pb.RULING_KIND_UPHOLD, text="x"),
        ),
        (
            "HoldJointMeeting",
            rpc.HoldJointMeetingRequest(
                **order,
                unit_ids=["bathhouse", "logistics"],
                lead_unit_id="logistics",
                minutes="x",
            ),
        ),
        (
            "ExtendWorkOrder",
            rpc.ExtendWorkOrderRequest(**order, reason="x", deadline_time=later),
        ),
        ("AskExtension", rpc.AskExtensionRequest(**order, reason="x", deadline_time=later)),
        ("DecideExtension", rpc.DecideExtensionRequest(**order, granted=True)),
        (
            "RecordJointSurvey",
            rpc.RecordJointSurveyRequest(
                **one, unit_ids=["gone", "logistics"], place="x", findings="x"
            ),
        ),
        (
            "OpenSweep",
            sweeps.OpenSweepRequest(
                case_id=case_id,
                defect="x",
                due_date=to_date_message(now.date()),
                targets=[sweeps.SweepTarget(unit_id="gone")],
            ),
        ),
        (
            "RecordOutreach",
            rpc.RecordOutreachRequest(
                site_id=SITE,
                unit_id="bathhouse",
                form=pb.OUTREACH_FORM_VISIT,
                place="x",
                heard="x",
                case_ids=[case_id],
            ),
        ),
    ]


async def test_no_command_tells_them_of_it_nor_who_acts_for_them(mine: Mine) -> None:
    case_id = await registered(mine, "wang")
    count = len(await mine.facts(case_id))
    roles = ["STEWARD", "HANDLER", "DISPATCHER", "DIRECTOR", "LEADER"]
    for token in (
        mine.keys.person("wang", roles, [SITE]),
        mine.keys.person("zhao", roles, [SITE], acting_for="wang"),
    ):
        for method, request in await commands(mine, case_id):
            request.request_id = new_id()  # type: ignore[attr-defined]
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await getattr(mine.stub, method)(request, timeout=10, metadata=bearer(token))
            answer = read_refusal(error.value)
            assert (answer.code, answer.reason, answer.metadata) == (
                grpc.StatusCode.NOT_FOUND,
                "ROUTE_NOT_FOUND",
                {"case_id": case_id},
            ), method
    assert len(await mine.facts(case_id)) == count


async def test_contacts_and_proposals_do_not_name_it(mine: Mine) -> None:
    case_id = await registered(mine, "zhang")
    other = await registered(mine)
    contact = rpc.RecordOutreachRequest(
        site_id=SITE,
        unit_id="bathhouse",
        form=pb.OUTREACH_FORM_VISIT,
        place="浴室",
        heard="水压不足",
        case_ids=[case_id, other],
    )
    await mine.ask("RecordOutreach", contact)
    for ruled in (case_id, other):
        (order,) = await dispatch(mine, ruled, "logistics")
        await give_back(mine, ruled, order)
        ruling = rpc.RuleWorkOrderRequest(
            case_id=ruled,
            work_order_id=order,
            kind=pb.RULING_KIND_REDISPATCH,
            unit_id="joint-1",
            text="按职责分工",
        )
        await mine.ask("RuleWorkOrder", ruling)
    log = rpc.ListOutreachRequest(site_id=SITE)
    proposed = rpc.ListCategoryProposalsRequest(site_id=SITE)
    for who, seen in (("zhang", [other]), ("li", [case_id, other])):
        (one,) = (await mine.ask("ListOutreach", log, who=who)).outreach
        assert list(one.case_ids) == seen
        (proposal,) = (await mine.ask("ListCategoryProposals", proposed, who=who)).proposals
        assert list(proposal.case_ids) == seen
