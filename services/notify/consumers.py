"""fact → handler, by source."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from chassis.handling import Handlers
from services.notify.domain.digests import Digesting
from services.notify.handlers import facts
from services.notify.handlers.clocks import Clocks


def handlers(digesting: Digesting) -> Handlers:
    """Returns who handles what; facts not named here tell nobody anything."""
    clocks, escalations = Clocks(digesting), facts.Escalations(digesting)
    return {
        "intake": {
            intake.CaseRegistered: facts.on_case_registered,
            intake.CaseAnswered: facts.on_case_answered,
            intake.CaseFedBack: facts.on_case_fed_back,
            intake.CaseResolved: facts.on_case_resolved,
            intake.CaseRejected: facts.on_case_rejected,
            intake.CaseClosed: facts.on_case_closed,
            intake.CaseFlagged: facts.on_case_flagged,
        },
        "routing": {
            routing.DirectoryPublished: facts.on_directory_published,
            routing.CaseAssigned: facts.on_case_assigned,
            routing.CaseAccepted: facts.on_case_accepted,
            routing.CaseEscalated: escalations.on_case_escalated,
            routing.CaseInstructed: facts.on_case_instructed,
            routing.WorkOrdersDispatched: facts.on_work_orders_dispatched,
            routing.WorkOrderCompleted: facts.on_work_order_completed,
            routing.WorkOrderRuled: facts.on_work_order_ruled,
        },
        "sla": {
            sla.ClocksStarted: clocks.on_started,
            sla.ClockDueSoon: clocks.on_due_soon,
            sla.ClockBreached: clocks.on_breached,
            sla.ClocksPaused: clocks.on_paused,
            sla.ClocksResumed: clocks.on_resumed,
            sla.ClocksAmended: clocks.on_amended,
            sla.CalendarYearMissing: clocks.on_calendar_year_missing,
        },
    }
