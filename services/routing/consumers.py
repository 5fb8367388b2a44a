"""Which fact of which service goes to which handler."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.sla.v1 import sla_facts_pb2 as sla
from chassis.handling import Handlers
from services.routing.handlers import facts, outreach


def handlers() -> Handlers:
    """Returns the handlers by source; facts of other types concern routing not."""
    return {
        "intake": {
            intake.CaseRegistered: facts.on_case_registered,
            intake.CaseEscalationRequested: facts.on_case_escalation_requested,
            intake.CaseResolved: facts.on_case_resolved,
            intake.CaseRejected: facts.on_case_rejected,
            intake.CaseClosed: facts.on_case_closed,
            intake.CaseReopened: facts.on_case_reopened,
            intake.CaseAmended: facts.on_case_amended,
            intake.CaseLinked: facts.on_case_linked,
        },
        "sla": {
            sla.ClockBreached: outreach.unit_or_case(
                outreach.on_clock_breached, facts.on_clock_breached
            ),
            # Of units only; those of cases concern routing not.
            sla.ClocksStarted: outreach.on_clocks_started,
            sla.ClocksStopped: outreach.on_clocks_stopped,
            sla.ClocksAmended: outreach.on_clocks_amended,
        },
    }
