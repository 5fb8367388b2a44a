"""Which fact moves which clocks; the rest of intake's and routing's facts are none of sla's."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.handling import Handlers
from services.sla import handlers as facts


def handlers() -> Handlers:
    """Returns the handlers by source."""
    return {
        "intake": {
            intake.CaseRegistered: facts.on_case_registered,
            intake.CaseAnswered: facts.on_case_answered,
            intake.CaseFedBack: facts.on_case_fed_back,
            intake.CaseResolved: facts.on_case_resolved,
            intake.CaseConfirmed: facts.on_case_confirmed,
            intake.CaseRejected: facts.on_case_rejected,
            intake.CaseClosed: facts.on_case_closed,
        },
        "routing": {
            routing.DirectoryPublished: facts.on_directory_published,
            routing.CaseAssigned: facts.on_case_assigned,
            routing.CaseEscalated: facts.on_case_escalated,
            routing.CaseInstructed: facts.on_case_instructed,
            routing.WorkOrdersDispatched: facts.on_work_orders_dispatched,
            routing.WorkOrderCompleted: facts.on_work_order_completed,
        },
    }
