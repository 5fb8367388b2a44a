"""fact → handler, by source."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from chassis.handling import Handlers
from services.notify.handlers import facts


def handlers() -> Handlers:
    """Returns who handles what; facts not named here tell nobody anything."""
    return {
        "intake": {
            intake.CaseRegistered: facts.on_case_registered,
            intake.CaseAnswered: facts.on_case_answered,
            intake.CaseFedBack: facts.on_case_fed_back,
            intake.CaseResolved: facts.on_case_resolved,
            intake.CaseRejected: facts.on_case_rejected,
            intake.CaseClosed: facts.on_case_closed,
        },
        "routing": {
            routing.DirectoryPublished: facts.on_directory_published,
            routing.CaseAssigned: facts.on_case_assigned,
            routing.CaseAccepted: facts.on_case_accepted,
            routing.CaseEscalated: facts.on_case_escalated,
            routing.CaseInstructed: facts.on_case_instructed,
            routing.WorkOrdersDispatched: facts.on_work_orders_dispatched,
            routing.WorkOrderCompleted: facts.on_work_order_completed,
        },
        "sla": {
            sla.ClocksStarted: facts.on_clocks_started,
            sla.ClockDueSoon: facts.on_clock_due_soon,
            sla.ClockBreached: facts.on_clock_breached,
        },
    }
