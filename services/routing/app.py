"""Wires the service together; the only place that knows all of its rooms."""

from backstop.routing.v1 import (
    error_reason_pb2,
    routing_service_pb2,
    routing_service_pb2_grpc,
)
from chassis.service import Parts, Registration, Runtime, ServiceSpec
from services.routing.consumers import handlers
from services.routing.handlers import recurrence
from services.routing.handlers.jobs import hand_over
from services.routing.handlers.lists import HANDOVER, TEMPLATE
from services.routing.handlers.templates import follow_template
from services.routing.peers import Cases, Terms
from services.routing.rpc import RoutingServicer
from services.routing.settings import Settings
from services.routing.workers import DayWorker
from services.topology import BINDINGS


async def compose(runtime: Runtime[Settings]) -> Parts:
    """Builds the RPCs, the fact handlers, the handover and its clock over an open runtime."""
    registration = Registration(
        descriptor=routing_service_pb2.DESCRIPTOR.services_by_name["RoutingService"],
        add=routing_service_pb2_grpc.add_RoutingServiceServicer_to_server,
        servicer=RoutingServicer(
            runtime.app,
            runtime.worker,
            Cases(runtime.channels.get("intake")),
            Terms(runtime.channels.get("sla")),
            runtime.pages,
        ),
    )
    days = DayWorker(runtime.worker, runtime.guard, poll_seconds=runtime.settings.day_poll_seconds)
    return Parts(
        servicers=[registration],
        handlers=handlers(),
        workers=[days],
        jobs={
            HANDOVER: hand_over,
            TEMPLATE: follow_template,
            recurrence.NOT_LASTING: recurrence.tell,
        },
    )


SPEC = ServiceSpec(
    name="routing",
    settings_type=Settings,
    compose=compose,
    package="services.routing",
    reasons=[error_reason_pb2.ErrorReason.DESCRIPTOR],
    bindings=BINDINGS,
    # Only intake knows what became of a lapsed seal, only sla how days are counted; who lacks an
    # address learns it at the start.
    peers=("intake", "sla"),
)
