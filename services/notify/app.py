"""The only place where notify is wired together."""

import ssl
from datetime import timedelta

from backstop.notify.v1 import error_reason_pb2, notify_service_pb2, notify_service_pb2_grpc
from chassis.actor import service_actor
from chassis.sealing import KeyRing, SubjectKeys
from chassis.service import Parts, Registration, Runtime, ServiceSpec
from chassis.settings import SettingsError
from services.notify.addresses import Addresses
from services.notify.consumers import handlers
from services.notify.domain.deliveries import Channel
from services.notify.domain.digests import Digesting
from services.notify.drivers.base import Driver
from services.notify.drivers.file import FileDriver
from services.notify.drivers.smtp import SmtpDriver
from services.notify.drivers.webhook import WebhookDriver
from services.notify.rpc import NotifyServicer
from services.notify.settings import Settings
from services.notify.workers import Patience, Sender
from services.topology import BINDINGS

_SERVICE = notify_service_pb2.DESCRIPTOR.services_by_name["NotifyService"]


async def compose(runtime: Runtime[Settings]) -> Parts:
    """Builds the service from what the chassis has opened."""
    settings = runtime.settings
    actor = service_actor(runtime.service)
    keys = SubjectKeys(KeyRing(settings.root_key()))
    drivers = {
        Channel.PHONE: driver(settings.phone_driver, settings),
        Channel.EMAIL: driver(settings.email_driver, settings),
        Channel.PAPER: driver(settings.paper_driver, settings),
    }
    return Parts(
        servicers=[
            Registration(
                _SERVICE,
                notify_service_pb2_grpc.add_NotifyServiceServicer_to_server,
                NotifyServicer(runtime.app, runtime.pages, keys),
            )
        ],
        handlers=handlers(
            Digesting(
                late=timedelta(seconds=settings.digest_late_seconds),
                hold=timedelta(seconds=settings.digest_hold_seconds),
            )
        ),
        workers=[
            Sender(
                runtime.worker,
                actor,
                Addresses(
                    runtime.worker,
                    actor,
                    keys,
                    intake=runtime.channels["intake"],
                    routing=runtime.channels["routing"],
                ),
                drivers,
                runtime.guard,
                Patience(
                    timeout_seconds=settings.send_timeout_seconds,
                    attempts=settings.send_attempts,
                    concurrency=settings.send_concurrency,
                ),
            )
        ]
        if settings.sending
        else [],
        closing=[driver.close for driver in drivers.values()],
    )


def driver(name: str, settings: Settings) -> Driver:
    """Returns the driver of a channel by its name in the settings."""
    # Steps of one attempt share its time; a driver that knows which step failed says more than a
    # time-out around all of them.
    timeout = settings.send_timeout_seconds / 2
    if name == "smtp":
        return SmtpDriver(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_sender,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value(),
            security=settings.smtp_security,
            timeout=timeout,
        )
    if name == "webhook":
        context = None
        if settings.webhook_ca_file is not None:
            context = ssl.create_default_context(cafile=str(settings.webhook_ca_file))
        return WebhookDriver(
            settings.webhook_url,
            settings.webhook_secret.get_secret_value().encode(),
            timeout=timeout,
            tls_context=context,
        )
    if settings.mailbox_dir is None:
        raise SettingsError("not set: BACKSTOP_MAILBOX_DIR, where the file driver writes")
    return FileDriver(settings.mailbox_dir)


SPEC = ServiceSpec(
    name="notify",
    settings_type=Settings,
    compose=compose,
    package="services.notify",
    reasons=(error_reason_pb2.ErrorReason.DESCRIPTOR,),
    bindings=BINDINGS,
    peers=("intake", "routing"),
)
