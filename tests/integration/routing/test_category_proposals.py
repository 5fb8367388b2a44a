"""Rulings that contradict the category table: proposed once, decided once."""

import asyncio

import grpc

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.ids import new_id
from tests.integration.routing.conftest import SITE, Mine, directory, matrix
from tests.integration.routing.doing import (
    dispatch,
    findings,
    give_back,
    given_back_twice,
    registered,
)

SUBJECT = f"proposals/{SITE}"
ASKED = rpc.ListCategoryProposalsRequest(site_id=SITE)


async def ruled(
    mine: Mine,
    unit: str,
    kind: "pb.RulingKind.ValueType" = pb.RULING_KIND_REDISPATCH,
    *,
    category: str = "BATHING",
    first: str = "logistics",
) -> str:
    """A case of a category whose task went to a unit by a ruling; returns the case's id."""
    case_id = await registered(mine, category=category)
    (order,) = await dispatch(mine, case_id, first)
    await give_back(mine, case_id, order)
    request = rpc.RuleWorkOrderRequest(
        case_id=case_id, work_order_id=order, kind=kind, unit_id=unit, text="按职责分工"
    )
    await mine.ask("RuleWorkOrder", request)
    return case_id


async def listed(mine: Mine) -> list[pb.CategoryProposal]:
    return list((await mine.ask("ListCategoryProposals", ASKED, "SUPPORT")).proposals)


def deciding(
    proposal_id: str, *, taken_over: bool = True, site: str = SITE
) -> rpc.DecideCategoryProposalRequest:
    return rpc.DecideCategoryProposalRequest(
        site_id=site, proposal_id=proposal_id, taken_over=taken_over, reason="按实际分工"
    )


async def test_rulings_against_the_table_become_one_proposal(mine: Mine) -> None:
    first = await ruled(mine, "joint-1")
    (proposal,) = await listed(mine)
    assert (proposal.site_id, proposal.category_id) == (SITE, "BATHING")
    assert (proposal.table_unit_id, proposal.unit_id) == ("bathhouse", "joint-1")
    assert list(proposal.case_ids) == [first]
    assert proposal.first_time == proposal.last_time
    second = await ruled(mine, "joint-1", pb.RULING_KIND_LEAD)
    (grown,) = await listed(mine)
    assert grown.proposal_id == proposal.proposal_id
    assert list(grown.case_ids) == [first, second]
    assert grown.first_time == proposal.first_time
    assert grown.last_time.ToDatetime() > proposal.last_time.ToDatetime()
    told = await mine.facts(SUBJECT)
    assert all(isinstance(fact, facts.CategoryProposed) for fact in told)
    assert [fact.proposal for fact in told] == [proposal, grown]  # type: ignore[attr-defined]
    # Those of most rulings first.
    other = await ruled(mine, "logistics", first="joint-1")
    assert [list(one.case_ids) for one in await listed(mine)] == [[first, second], [other]]
    assert await findings(mine) == []


async def test_a_joint_meeting_speaks_for_a_proposal_as_well(mine: Mine) -> None:
    case_id = await registered(mine)
    order = await given_back_twice(mine, case_id)
    meeting = rpc.HoldJointMeetingRequest(
        case_id=case_id,
        work_order_id=order,
        unit_ids=["bathhouse", "joint-1"],
        lead_unit_id="joint-1",
        minutes="x",
    )
    await mine.ask("HoldJointMeeting", meeting)
    (proposal,) = await listed(mine)
    assert (proposal.unit_id, list(proposal.case_ids)) == ("joint-1", [case_id])


async def test_a_case_speaks_for_a_proposal_once(mine: Mine) -> None:
    case_id = await registered(mine)
    # Both tasks of the case go to the same unit, one after the other.
    for order in await dispatch(mine, case_id, "logistics", "bathhouse"):
        await give_back(mine, case_id, order)
        request = rpc.RuleWorkOrderRequest(
            case_id=case_id,
            work_order_id=order,
            kind=pb.RULING_KIND_REDISPATCH,
            unit_id="joint-1",
            text="x",
        )
        await mine.ask("RuleWorkOrder", request)
    (proposal,) = await listed(mine)
    assert list(proposal.case_ids) == [case_id]
    assert len(await mine.facts(SUBJECT)) == 1


async def test_a_ruling_as_the_table_has_it_proposes_nothing(mine: Mine) -> None:
    await ruled(mine, "bathhouse")
    await ruled(mine, "", pb.RULING_KIND_UPHOLD)
    await ruled(mine, "joint-1", category="NOT_IN_THE_TABLE")
    await ruled(mine, "joint-1", category="")
    assert await listed(mine) == []
    assert await mine.facts(SUBJECT) == []


async def test_a_proposal_is_taken_over_into_a_new_directory(mine: Mine) -> None:
    await ruled(mine, "joint-1")
    (proposal,) = await listed(mine)
    before = await mine.ask("GetDirectory", rpc.GetDirectoryRequest(site_id=SITE), "ADMINISTRATOR")
    for roles in ("DISPATCHER", "SUPPORT", "STEWARD"):
        answer = await mine.refused("DecideCategoryProposal", deciding(proposal.proposal_id), roles)
        assert answer.reason == "PERMISSION_DENIED"
    request = deciding(proposal.proposal_id)
    response = await mine.ask("DecideCategoryProposal", request, "DIRECTOR", who="zhou")
    assert response.directory_version == before.version + 1
    assert response == await mine.ask("DecideCategoryProposal", request, "DIRECTOR", who="zhou")
    after = await mine.ask("GetDirectory", rpc.GetDirectoryRequest(site_id=SITE), "ADMINISTRATOR")
    assert after.version == response.directory_version
    (category,) = after.directory.categories
    assert (category.category_id, category.lead_unit_id) == ("BATHING", "joint-1")
    category.lead_unit_id = "bathhouse"
    assert after.directory == before.directory
    assert await listed(mine) == []
    told = (await mine.facts(SUBJECT))[-1]
    assert isinstance(told, facts.CategoryProposalDecided)
    assert told.proposal == proposal
    assert (told.taken_over, told.reason, told.decided_by) == (True, "按实际分工", "zhou")
    published = (await mine.facts(f"directory/{SITE}"))[-1]
    assert isinstance(published, facts.DirectoryPublished)
    assert published.directory.categories[0].lead_unit_id == "joint-1"
    again = await mine.refused(
        "DecideCategoryProposal", deciding(proposal.proposal_id, taken_over=False), "DIRECTOR"
    )
    assert (again.code, again.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "PROPOSAL_DECIDED",
    )
    await mine.hand_over()
    assert await findings(mine) == []
    # The table agrees with it now.
    await ruled(mine, "joint-1")
    assert await listed(mine) == []


async def test_a_declined_proposal_may_come_up_again(mine: Mine) -> None:
    await ruled(mine, "joint-1")
    (proposal,) = await listed(mine)
    request = deciding(proposal.proposal_id, taken_over=False)
    response = await mine.ask("DecideCategoryProposal", request, "ADMINISTRATOR")
    assert response.directory_version == 0
    told = (await mine.facts(SUBJECT))[-1]
    assert isinstance(told, facts.CategoryProposalDecided)
    assert not told.taken_over
    assert await mine.value("SELECT directory_version FROM sites") == 1
    case_id = await ruled(mine, "joint-1")
    (fresh,) = await listed(mine)
    assert fresh.proposal_id != proposal.proposal_id
    assert list(fresh.case_ids) == [case_id]
    assert await findings(mine) == []


async def test_what_is_gone_from_the_directory_is_not_taken_over(mine: Mine) -> None:
    await ruled(mine, "joint-1")
    (proposal,) = await listed(mine)
    without = directory()
    del without.units[2]
    rows = [one for one in matrix() if one.unit_id != "joint-1"]
    request = rpc.PublishDirectoryRequest(
        directory=without, matrix=rpc.MatrixContent(responsibilities=rows)
    )
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    answer = await mine.refused(
        "DecideCategoryProposal", deciding(proposal.proposal_id), "DIRECTOR"
    )
    assert (answer.reason, answer.metadata) == ("NO_SUCH_UNIT", {"unit_id": "joint-1"})
    await mine.ask(
        "DecideCategoryProposal", deciding(proposal.proposal_id, taken_over=False), "DIRECTOR"
    )


async def test_nor_for_a_category_that_is_gone(mine: Mine) -> None:
    await ruled(mine, "joint-1")
    (proposal,) = await listed(mine)
    other = directory()
    other.categories[0].category_id = "WASHING"
    await mine.publish_directory(other)
    answer = await mine.refused(
        "DecideCategoryProposal", deciding(proposal.proposal_id), "DIRECTOR"
    )
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("proposal_id",))


async def test_proposals_of_others_are_out_of_reach(mine: Mine) -> None:
    await ruled(mine, "joint-1")
    (proposal,) = await listed(mine)
    unknown = await mine.refused("DecideCategoryProposal", deciding(new_id()), "DIRECTOR")
    assert (unknown.code, unknown.reason) == (grpc.StatusCode.NOT_FOUND, "PROPOSAL_NOT_FOUND")
    for taken_over in (True, False):
        request = deciding(proposal.proposal_id, taken_over=taken_over)
        foreign = await mine.refused("DecideCategoryProposal", request, "DIRECTOR", site="gucheng")
        assert foreign.reason == "DIRECTORY_NOT_FOUND"
        theirs = deciding(proposal.proposal_id, taken_over=taken_over, site="gucheng")
        none = await mine.refused("DecideCategoryProposal", theirs, "DIRECTOR", site="gucheng")
        assert none.reason == "DIRECTORY_NOT_FOUND"
    hidden = await mine.refused("ListCategoryProposals", ASKED, site="gucheng")
    assert hidden.reason == "DIRECTORY_NOT_FOUND"
    for roles in ("STEWARD", "HANDLER", "CLERK"):
        assert (await mine.refused("ListCategoryProposals", ASKED, roles)).reason == (
            "PERMISSION_DENIED"
        )
    assert await mine.value("SELECT count(*) FROM subjects WHERE site_id = 'gucheng'") == 0


async def test_decisions_rulings_and_publications_at_once_all_end(mine: Mine) -> None:
    await ruled(mine, "joint-1")
    (proposal,) = await listed(mine)
    results = await asyncio.gather(
        *(
            mine.ask("DecideCategoryProposal", deciding(proposal.proposal_id), "DIRECTOR")
            for _ in range(2)
        ),
        *(ruled(mine, "logistics", first="joint-1") for _ in range(3)),
        mine.publish(),
        return_exceptions=True,
    )
    failed = [result for result in results if isinstance(result, grpc.aio.AioRpcError)]
    assert [error.code() for error in failed] == [grpc.StatusCode.FAILED_PRECONDITION]
    assert [type(result) for result in results if isinstance(result, BaseException)] == [
        type(failed[0])
    ]
    (left,) = await listed(mine)
    assert (left.unit_id, len(left.case_ids)) == ("logistics", 3)
    await mine.hand_over()
    assert await findings(mine) == []
