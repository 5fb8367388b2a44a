"""Proposals for the category table and their facts: messages and values."""

from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from services.routing.domain.category_proposals import CategoryProposal
from services.routing.domain.commands.work_orders import DecideCategoryProposal


def decide_category_proposal(request: rpc.DecideCategoryProposalRequest) -> DecideCategoryProposal:
    return DecideCategoryProposal(
        request.site_id, request.proposal_id, request.taken_over, request.reason
    )


def category_proposal_message(proposal: CategoryProposal) -> pb.CategoryProposal:
    return pb.CategoryProposal(
        proposal_id=proposal.proposal_id,
        site_id=proposal.site_id,
        category_id=proposal.category_id,
        table_unit_id=proposal.table_unit_id,
        unit_id=proposal.unit_id,
        case_ids=proposal.case_ids,
        first_time=to_timestamp(proposal.first_time),
        last_time=to_timestamp(proposal.last_time),
    )


def category_proposed(proposal: CategoryProposal) -> facts.CategoryProposed:
    return facts.CategoryProposed(proposal=category_proposal_message(proposal))


def category_proposal_decided(
    proposal: CategoryProposal,
    *,
    taken_over: bool,
    reason: str,
    decided_by: str,
    decide_time: datetime,
) -> facts.CategoryProposalDecided:
    return facts.CategoryProposalDecided(
        proposal=category_proposal_message(proposal),
        taken_over=taken_over,
        reason=reason,
        decided_by=decided_by,
        decide_time=to_timestamp(decide_time),
    )
