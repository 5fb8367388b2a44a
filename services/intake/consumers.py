"""Which fact of which service goes to which handler."""

from functools import partial

from backstop.fact.v1 import fact_pb2
from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from chassis.handling import Handlers
from services.intake.handlers import facts, roster, sweeps
from services.intake.handlers.register import Secrets


def handlers(secrets: Secrets) -> Handlers:
    """Returns the handlers by source; `Fact` stands for all types without one of their own.

    `secrets` are for cases that are registered because of a fact.
    """
    return {
        "routing": {
            routing.DirectoryPublished: facts.on_directory_published,
            routing.RosterPublished: roster.on_roster_published,
            routing.CaseAssigned: facts.on_case_assigned,
            routing.CaseAccepted: facts.on_case_accepted,
            routing.CaseEscalated: facts.on_case_escalated,
            routing.CaseDeescalated: facts.on_case_deescalated,
            routing.CaseInstructed: facts.on_case_instructed,
            routing.PersonRecused: facts.on_person_recused,
            routing.WorkOrdersDispatched: facts.on_work_orders_dispatched,
            routing.WorkOrderAccepted: facts.on_work_order_accepted,
            routing.WorkOrderCompleted: facts.on_work_order_completed,
            routing.WorkOrderReturned: facts.on_work_order_returned,
            routing.WorkOrderRuled: facts.on_work_order_ruled,
            routing.WorkOrderExtended: facts.on_work_order_extended,
            routing.WorkOrderReopened: facts.on_work_order_reopened,
            routing.WorkOrderExtensionAsked: facts.on_work_order_extension_asked,
            routing.WorkOrderExtensionDeclined: facts.on_work_order_extension_declined,
            routing.JointSurveyRecorded: facts.on_joint_survey_recorded,
            routing.SweepTaskAnswered: partial(sweeps.on_sweep_task_answered, secrets=secrets),
            fact_pb2.Fact: facts.on_other_fact,
        },
        "sla": {
            sla.ClocksStarted: facts.on_clocks,
            sla.ClockDueSoon: facts.on_clocks,
            sla.ClockBreached: facts.on_clocks,
            sla.ClocksStopped: facts.on_clocks,
            sla.ClocksPaused: facts.on_clocks_paused,
            sla.ClocksResumed: facts.on_clocks_resumed,
            sla.ClocksAmended: facts.on_clocks,
            sla.BreachExcused: facts.on_clocks,
            fact_pb2.Fact: facts.on_other_fact,
        },
        "notify": {
            notify.DeliveriesPlanned: facts.on_deliveries_planned,
            notify.DeliverySent: facts.on_delivery_sent,
            fact_pb2.Fact: facts.on_other_fact,
        },
    }
