"""Which fact moves which clocks; the rest of intake's and routing's facts are none of sla's."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.handling import Handlers
from services.sla.handlers import directory, facts, outreach


def handlers() -> Handlers:
    """Returns the handlers by source; what a fact of a case says is read in convert/facts_in.py."""
    return {
        "intake": {
            intake.CaseRegistered: facts.on_case_fact,
            intake.CaseAnswered: facts.on_case_fact,
            intake.CaseFedBack: facts.on_case_fact,
            intake.CasePromiseMoved: facts.on_case_fact,
            intake.CaseResolved: facts.on_case_fact,
            intake.CaseCalledBack: facts.on_case_fact,
            intake.CaseConfirmed: facts.on_case_fact,
            intake.CaseRejected: facts.on_case_fact,
            intake.CaseClosed: facts.on_case_fact,
            intake.CaseReopened: facts.on_case_fact,
            intake.CaseAmended: facts.on_case_fact,
            intake.CaseMeetingRecorded: facts.on_case_fact,
            intake.CaseFlagged: facts.on_case_fact,
        },
        "routing": {
            routing.DirectoryPublished: directory.on_directory_published,
            routing.CaseAssigned: facts.on_case_fact,
            routing.CaseEscalated: facts.on_case_fact,
            routing.CaseDeescalated: facts.on_case_fact,
            routing.CaseInstructed: facts.on_case_fact,
            routing.WorkOrdersDispatched: facts.on_case_fact,
            routing.WorkOrderReopened: facts.on_case_fact,
            routing.WorkOrderCompleted: facts.on_case_fact,
            routing.WorkOrderReturned: facts.on_case_fact,
            routing.WorkOrderRuled: facts.on_case_fact,
            routing.WorkOrderExtended: facts.on_case_fact,
            routing.OutreachRecorded: outreach.on_outreach_recorded,
        },
    }
