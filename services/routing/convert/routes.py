"""Commands about a case's route, the route, and the facts of both, between messages and values."""

from collections.abc import Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import set_timestamp, to_timestamp
from chassis.errors import ENGLISH
from services.routing.convert.common import RULE
from services.routing.convert.work_orders import work_order_message
from services.routing.domain.commands import cases as commands
from services.routing.domain.decisions import Decision
from services.routing.domain.proposals import Steward, UnitProposal
from services.routing.domain.route import (
    Assignment,
    Route,
    RouteFile,
)

OUTCOME = "STEP_OUTCOME_"


def assign_case(request: rpc.AssignCaseRequest) -> commands.AssignCase:
    return commands.AssignCase(
        request.case_id, request.expected_version, request.steward, request.reason
    )


def accept_case(request: rpc.AcceptCaseRequest) -> commands.AcceptCase:
    return commands.AcceptCase(request.case_id, request.expected_version)


def route_message(file: RouteFile, time: datetime) -> pb.Route:
    """Returns the route as it stands at `time`, on which the seal depends."""
    route = file.route
    message = pb.Route(
        case_id=route.case_id,
        site_id=route.site_id,
        unit_id=route.unit_id,
        steward=route.steward,
        accountable=route.accountable,
        rule=pb.AssignmentRule.Value(RULE + route.rule),
        assign_time=to_timestamp(route.assign_time),
        level=route.level,
        sealed=file.sealed(time),
        work_orders=[work_order_message(order) for order in file.work_orders],
        version=route.version,
        reasons=route.reasons,
        category=route.category,
        place=route.place,
        post_id=route.post_id,
        first_reply_by=route.first_reply_by,
        shielded=route.shielded,
    )
    set_timestamp(message.accountable_since, route.accountable_since)
    set_timestamp(message.not_lasting_time, route.not_lasting_time)
    set_timestamp(message.accept_time, route.accept_time)
    set_timestamp(message.instruct_time, route.answered.instruct_time if route.answered else None)
    return message


def case_assigned(
    route: Route,
    assignment: Assignment,
    *,
    previous: str,
    handover_note: str = "",
    assigned_by: str = "",
) -> facts.CaseAssigned:
    return facts.CaseAssigned(
        case_id=route.case_id,
        unit_id=route.unit_id,
        steward=route.steward,
        accountable=route.accountable,
        rule=pb.AssignmentRule.Value(RULE + route.rule),
        reasons=assignment.reasons,
        previous=previous,
        assign_time=to_timestamp(route.assign_time),
        also_told=route.also_told,
        handover_note=handover_note,
        first_reply_by=route.first_reply_by,
        shielded=route.shielded,
        assigned_by=assigned_by,
    )


def case_accepted(route: Route, accept_time: datetime) -> facts.CaseAccepted:
    return facts.CaseAccepted(
        case_id=route.case_id,
        accepted_by=route.accepted_by,
        accept_time=to_timestamp(accept_time),
    )


def recuse_from_case(request: rpc.RecuseFromCaseRequest) -> commands.RecuseFromCase:
    return commands.RecuseFromCase(
        request.case_id,
        request.expected_version,
        request.person_id,
        request.reason,
        request.asked_by_reporter,
    )


def person_recused(
    route: Route, command: commands.RecuseFromCase, person_id: str, recorded_by: str, time: datetime
) -> facts.PersonRecused:
    return facts.PersonRecused(
        case_id=route.case_id,
        person_id=person_id,
        reason=command.reason,
        asked_by_reporter=command.asked_by_reporter,
        recorded_by=recorded_by,
        recuse_time=to_timestamp(time),
    )


def decision_message(decision: Decision, language: str) -> rpc.ExplainRouteResponse.Decision:
    """Returns a decision with its steps as sentences of a language."""
    return rpc.ExplainRouteResponse.Decision(
        accountable=decision.accountable,
        rule=pb.AssignmentRule.Value(RULE + decision.rule),
        level=decision.level,
        steps=[
            pb.RouteStep(
                rule=pb.AssignmentRule.Value(RULE + step.rule),
                candidate=step.candidate,
                outcome=pb.StepOutcome.Value(OUTCOME + step.outcome),
                sentence=step.en if language == ENGLISH else step.zh,
            )
            for step in decision.steps
        ],
        decided_by=decision.decided_by,
        decide_time=to_timestamp(decision.decide_time),
        handover_note=decision.handover_note,
    )


def proposals_message(
    units: Sequence[UnitProposal], stewards: Sequence[Steward], language: str
) -> rpc.ListHandlerProposalsResponse:
    """Returns who could work on a case, with reasons in a language."""
    return rpc.ListHandlerProposalsResponse(
        units=[
            rpc.ListHandlerProposalsResponse.UnitProposal(
                unit_id=unit.unit_id,
                unit_name=unit.name,
                lead=unit.lead,
                reason=unit.en if language == ENGLISH else unit.zh,
                open_count=unit.open_count,
            )
            for unit in units
        ],
        stewards=[
            rpc.ListHandlerProposalsResponse.StewardProposal(
                person_id=steward.person_id,
                person_name=steward.name,
                open_count=steward.open_count,
                by_matrix=steward.by_matrix,
            )
            for steward in stewards
        ],
    )
