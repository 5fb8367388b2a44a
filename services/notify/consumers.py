"""fact → handler, by source."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from chassis.handling import Handlers
from services.notify.domain.digests import Digesting
from services.notify.handlers import facts, life, work_orders
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
            intake.CaseClosed: life.on_case_closed,
            intake.CaseReopened: life.on_case_reopened,
            intake.CaseAmended: life.on_case_amended,
            intake.CaseWithdrawn: life.on_case_withdrawn,
            intake.CaseReferred: life.on_case_referred,
            intake.CaseReferralResulted: life.on_referral_resulted,
            intake.CaseReviewed: life.on_case_reviewed,
            intake.CaseCommented: life.on_case_commented,
            intake.CaseMeetingRecorded: life.on_meeting_recorded,
            intake.CaseMasterMoved: life.on_master_moved,
            intake.ShiftHandoverPrepared: life.on_handover_prepared,
            intake.CaseFlagged: facts.on_case_flagged,
        },
        "routing": {
            routing.DirectoryPublished: facts.on_directory_published,
            routing.CaseAssigned: facts.on_case_assigned,
            routing.CaseAccepted: facts.on_case_accepted,
            routing.CaseEscalated: escalations.on_case_escalated,
            routing.CaseInstructed: facts.on_case_instructed,
            routing.CaseDeescalated: facts.on_case_deescalated,
            routing.PersonRecused: facts.on_person_recused,
            routing.WorkOrdersDispatched: work_orders.on_work_orders_dispatched,
            routing.WorkOrderCompleted: work_orders.on_work_order_completed,
            routing.WorkOrderRuled: work_orders.on_work_order_ruled,
            routing.WorkOrderReopened: work_orders.on_work_order_reopened,
            routing.WorkOrderExtensionAsked: work_orders.on_extension_asked,
            routing.WorkOrderExtended: work_orders.on_extended,
            routing.WorkOrderExtensionDeclined: work_orders.on_extension_declined,
            routing.SweepOpened: facts.on_sweep_opened,
            routing.FixNotLasting: facts.on_fix_not_lasting,
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
