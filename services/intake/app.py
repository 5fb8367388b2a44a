"""Wires intake together; nothing else does."""

from backstop.intake.v1 import error_reason_pb2, intake_service_pb2
from backstop.intake.v1.intake_service_pb2_grpc import add_IntakeServiceServicer_to_server
from chassis.sealing import KeyRing, SubjectKeys
from chassis.service import Parts, Registration, Runtime, ServiceSpec
from services.intake.backlog import Backlog
from services.intake.consumers import handlers
from services.intake.domain.codes import Codes
from services.intake.grouping import Registrations
from services.intake.handlers import followers
from services.intake.handlers.register import Desk, Secrets
from services.intake.numbering import Numbers
from services.intake.peers import Deadlines, WorkOrders
from services.intake.rpc import IntakeServicer, Means
from services.intake.settings import Settings
from services.intake.store.lexicons import KeptLexicons
from services.intake.views import Views
from services.intake.watching import Pulse
from services.topology import BINDINGS


async def compose(runtime: Runtime[Settings]) -> Parts:
    """Builds the servicer and the fact handlers on an opened runtime."""
    settings = runtime.settings
    secrets = Secrets(
        codes=Codes(settings.pepper()), keys=SubjectKeys(KeyRing(settings.root_key()))
    )
    lexicons = KeptLexicons()
    pulse = Pulse(runtime.worker)
    servicer = IntakeServicer(
        Means(
            app=runtime.app,
            worker=runtime.worker,
            views=Views(runtime.app, runtime.worker, secrets),
            registrations=Registrations(
                runtime.app, Desk(secrets, numbers=Numbers(runtime.worker), lexicons=lexicons)
            ),
            backlog=Backlog(runtime.worker, settings.import_throttle_lag_seconds),
            pages=runtime.pages,
            work_orders=WorkOrders(runtime.channels.get("routing")),
            deadlines=Deadlines(
                runtime.channels.get("sla"), settings.deadline_budget_milliseconds / 1000
            ),
            lexicons=lexicons,
            pulse=pulse,
        )
    )
    return Parts(
        servicers=(
            Registration(
                intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"],
                add_IntakeServiceServicer_to_server,
                servicer,
            ),
        ),
        handlers=handlers(secrets),
        jobs={followers.MASTER_MOVED: followers.step},
        closing=(pulse.close,),
    )


SPEC = ServiceSpec(
    name="intake",
    settings_type=Settings,
    compose=compose,
    package="services.intake",
    reasons=(error_reason_pb2.ErrorReason.DESCRIPTOR,),
    bindings=BINDINGS,
    # Resolving asks routing; whoever forgets its address learns it at the start.
    peers=("routing",),
)
