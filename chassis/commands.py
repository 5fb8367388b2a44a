"""The commands of a service besides `serve`: `migrate` and `check-config`."""

import sys

import structlog

from chassis import migrations, topology
from chassis.broker import Broker
from chassis.failures import dependency_of
from chassis.patience import patiently
from chassis.settings import ServiceSettings, SettingsError
from chassis.spec import S, ServiceSpec
from chassis.tokens import TrustError, read_private_key, read_trust_file

_log = structlog.get_logger(__name__)


async def migrate(spec: ServiceSpec[S], settings: S, *, demonstration: bool) -> int:
    """Brings schema and broker topology up to date, and checks the broker's policy.

    Repeating it changes nothing. Waits a bounded time for a database or broker that is away.
    """
    settings.require(*settings.for_migrating)
    if settings.amqp_policy_check:
        settings.require("amqp_management_url")
    broker = Broker(settings.amqp_url.get_secret_value(), spec.name)
    try:
        applied = await patiently(
            lambda: migrations.migrate(
                settings.owner_dsn.get_secret_value(),
                spec.name,
                spec.package,
                demonstration=demonstration,
            )
        )
        _log.info("schema_migrated", schema=spec.name, applied=applied)
        await patiently(lambda: broker.declare(spec.bindings))
        _log.info("topology_declared", services=sorted(spec.bindings))
        if settings.amqp_policy_check:
            url = settings.amqp_management_url.get_secret_value()
            await topology.check_policy(url, broker.vhost, spec.bindings)
    except (migrations.MigrationError, topology.TopologyMissing) as error:
        return _failed(spec.name, str(error))
    except Exception as error:
        dependency = dependency_of(error)
        if dependency is None:
            raise
        return _failed(spec.name, f"{dependency} can't be reached: {type(error).__name__}")
    return 0


def check_config(spec: ServiceSpec[S], settings: S) -> int:
    """Reads everything that `serve` would read before it opens a connection."""
    check_files(spec, settings)
    print(f"{spec.name}: the settings can be used")  # noqa: T201 - the command's answer
    return 0


def check_files(spec: ServiceSpec[S], settings: ServiceSettings) -> None:
    """Raises SettingsError when a setting, a file or a peer that serving needs is missing."""
    settings.require(*settings.for_serving)
    missing = [name for name in spec.peers if name not in settings.peers]
    if missing:
        raise SettingsError(f"BACKSTOP_PEERS lacks {', '.join(missing)}")
    settings.pepper()
    if settings.root_key_file is not None:
        settings.root_key()
    try:
        if settings.trust_file is not None:
            read_trust_file(settings.trust_file)
        if settings.service_key_file is not None:
            read_private_key(settings.service_key_file)
    except TrustError as error:
        raise SettingsError(str(error)) from None
    for path in (settings.tls_cert_file, settings.tls_key_file, settings.tls_ca_file):
        if path is not None and not path.is_file():
            raise SettingsError(f"{path} is not a file")
    spec.catalogue()


def _failed(service: str, text: str) -> int:
    print(f"{service}: {text}", file=sys.stderr)  # noqa: T201 - for whoever ran the command
    return 1
