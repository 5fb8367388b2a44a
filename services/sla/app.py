"""Wires the service together; the only place that knows all of its rooms."""

from backstop.sla.v1 import error_reason_pb2, sla_service_pb2, sla_service_pb2_grpc
from chassis.service import Parts, Registration, Runtime, ServiceSpec
from services.sla import consumers
from services.sla.rpc import SlaServicer
from services.sla.settings import Settings
from services.sla.workers import TimerWorker
from services.topology import BINDINGS


async def compose(runtime: Runtime[Settings]) -> Parts:
    """Builds the RPCs, the fact handlers and the timer worker over an open runtime."""
    settings = runtime.settings
    timers = TimerWorker(
        runtime.worker,
        runtime.guard,
        runtime.inbox,
        batch_size=settings.timer_batch_size,
        poll_seconds=settings.timer_poll_seconds,
    )
    registration = Registration(
        descriptor=sla_service_pb2.DESCRIPTOR.services_by_name["SlaService"],
        add=sla_service_pb2_grpc.add_SlaServiceServicer_to_server,
        servicer=SlaServicer(runtime.app),
    )
    return Parts(servicers=[registration], handlers=consumers.handlers(), workers=[timers])


SPEC = ServiceSpec(
    name="sla",
    settings_type=Settings,
    compose=compose,
    package="services.sla",
    reasons=[error_reason_pb2.ErrorReason.DESCRIPTOR],
    bindings=BINDINGS,
)
