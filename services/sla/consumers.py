"""Which fact moves which clocks; the rest of intake's and routing's facts are none of sla's."""

from collections.abc import Mapping

from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2
from backstop.routing.v1 import routing_facts_pb2
from chassis.handling import FactHandler
from services.sla import handlers as on

HANDLERS: Mapping[str, Mapping[type[Message], FactHandler]] = {
    "intake": {
        intake_facts_pb2.CaseRegistered: on.on_case_registered,
        intake_facts_pb2.CaseAnswered: on.on_case_answered,
        intake_facts_pb2.CaseFedBack: on.on_case_fed_back,
        intake_facts_pb2.CaseResolved: on.on_case_resolved,
        intake_facts_pb2.CaseConfirmed: on.on_case_confirmed,
        intake_facts_pb2.CaseRejected: on.on_case_rejected,
        intake_facts_pb2.CaseClosed: on.on_case_closed,
    },
    "routing": {
        routing_facts_pb2.DirectoryPublished: on.on_directory_published,
        routing_facts_pb2.CaseAssigned: on.on_case_assigned,
        routing_facts_pb2.CaseEscalated: on.on_case_escalated,
        routing_facts_pb2.CaseInstructed: on.on_case_instructed,
        routing_facts_pb2.WorkOrdersDispatched: on.on_work_orders_dispatched,
        routing_facts_pb2.WorkOrderCompleted: on.on_work_order_completed,
    },
}
