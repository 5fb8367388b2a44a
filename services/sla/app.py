"""Wires the service together; the only place that knows all of its rooms."""

from collections.abc import Mapping

from backstop.sla.v1 import error_reason_pb2, sla_service_pb2, sla_service_pb2_grpc
from chassis.jobs import JobStep
from chassis.service import Parts, Registration, Runtime, ServiceSpec
from services.sla import consumers
from services.sla.handlers import jobs, outreach
from services.sla.rpc import SlaServicer
from services.sla.settings import Settings
from services.sla.workers.timers import TimerWorker
from services.sla.workers.years import YearWorker
from services.topology import BINDINGS

JOBS: Mapping[str, JobStep] = {**jobs.STEPS, outreach.KIND: outreach.step}


async def compose(runtime: Runtime[Settings]) -> Parts:
    """Builds the RPCs, the fact handlers, the jobs and the loops over an open runtime."""
    settings = runtime.settings
    timers = TimerWorker(
        runtime.worker,
        runtime.guard,
        runtime.inbox,
        batch_size=settings.timer_batch_size,
        poll_seconds=settings.timer_poll_seconds,
    )
    years = YearWorker(runtime.worker, runtime.guard, poll_seconds=settings.year_poll_seconds)
    servicer = SlaServicer(runtime.app, runtime.worker, runtime.pages)
    registration = Registration(
        descriptor=sla_service_pb2.DESCRIPTOR.services_by_name["SlaService"],
        add=sla_service_pb2_grpc.add_SlaServiceServicer_to_server,
        servicer=servicer,
    )
    return Parts(
        servicers=[registration],
        handlers=consumers.handlers(),
        workers=[timers, years],
        jobs=JOBS,
        closing=[servicer.close],
    )


SPEC = ServiceSpec(
    name="sla",
    settings_type=Settings,
    compose=compose,
    package="services.sla",
    reasons=[error_reason_pb2.ErrorReason.DESCRIPTOR],
    bindings=BINDINGS,
)
