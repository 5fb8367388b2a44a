"""Database and broker of an instance as one thing: the suite stands on it, and so do the tests.

    endpoints = servers.ensure(folder, Ports(7501))
    ...
    servers.stop(folder, Ports(7501))

`ensure` costs a few milliseconds when both run already, waits for another
process that is starting them, and survives whatever was killed before it.
BACKSTOP_POSTGRES_DSN (a superuser's) and BACKSTOP_AMQP_URL with
BACKSTOP_AMQP_MANAGEMENT_URL name servers that exist already; these are used as
they are and never stopped.
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local import files, packages
from deploy.local.definitions import ADMINISTRATOR, service_user
from deploy.local.layout import SERVICES, Ports
from deploy.local.management import POLICY, POLICY_NAME, Management
from deploy.local.postgres import Postgres
from deploy.local.rabbit import Rabbit

POSTGRES_DSN: Final = "BACKSTOP_POSTGRES_DSN"
AMQP_URL: Final = "BACKSTOP_AMQP_URL"
MANAGEMENT_URL: Final = "BACKSTOP_AMQP_MANAGEMENT_URL"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """How to reach the servers, with all rights; passwords are in it."""

    postgres_admin_dsn: str
    amqp_url: str
    management_url: str  # empty: an existing broker whose management API wasn't named
    # Each service's own user, where there is one.
    service_amqp_urls: Mapping[str, str] = field(default_factory=dict)

    def amqp_url_of(self, service: str) -> str:
        """The URL with which one service of the suite connects."""
        return self.service_amqp_urls.get(service, self.amqp_url)

    def create_vhost(self, name: str) -> str:
        """Makes a virtual host with the suite's policy; returns its AMQP URL."""
        Management(self.management_url).put_vhost(name)
        parts = urllib.parse.urlsplit(self.amqp_url)
        return parts._replace(path="/" + urllib.parse.quote(name, safe="")).geturl()

    def delete_vhost(self, name: str) -> None:
        Management(self.management_url).delete_vhost(name)


def ensure(folder: Path, ports: Ports) -> Endpoints:
    """Returns running servers; installs, initialises and starts what is needed for it.

    Raises Problem, with what a person can do about it.
    """
    postgres, broker = Postgres(folder, ports.postgres), Rabbit(folder, ports)
    own_postgres, own_broker = _private()
    with files.locked(folder / "servers.lock"):
        packages.ensure(postgres=own_postgres, rabbitmq=own_broker)
        (folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            starts = []
            if own_postgres:
                starts.append(pool.submit(postgres.start))
            if own_broker:
                starts.append(pool.submit(broker.start))
        for start in starts:
            start.result()
    if own_broker:
        amqp, management = broker.url(ADMINISTRATOR), broker.management_url
    else:
        amqp, management = os.environ[AMQP_URL], os.environ.get(MANAGEMENT_URL, "")
        _ensure_policy(amqp, management)
    return Endpoints(
        postgres.dsn if own_postgres else os.environ[POSTGRES_DSN],
        amqp,
        management,
        {name: broker.url(service_user(name)) for name in SERVICES} if own_broker else {},
    )


def wanted(folder: Path, ports: Ports) -> dict[int, str]:
    """Ports that must be free for the private servers that don't run yet, and what for."""
    own_postgres, own_broker = _private()
    found = running(folder, ports)
    needed: dict[int, str] = {}
    if own_postgres and found["postgres"] is None:
        needed[ports.postgres] = "postgres"
    if own_broker and found["rabbitmq"] is None:
        needed |= Rabbit(folder, ports).wanted()
    return needed


def stop(folder: Path, ports: Ports) -> list[str]:
    """Ends the private servers of an instance; returns the names of those that ran."""
    if not folder.is_dir():
        return []
    postgres, broker = Postgres(folder, ports.postgres), Rabbit(folder, ports)
    with files.locked(folder / "servers.lock"), ThreadPoolExecutor(2) as pool:
        stops = {"postgres": pool.submit(postgres.stop), "rabbitmq": pool.submit(broker.stop)}
    return [name for name, ended in stops.items() if ended.result()]


def running(folder: Path, ports: Ports) -> dict[str, int | None]:
    """Process numbers of the private servers; None where one doesn't run."""
    if not folder.is_dir():
        return {"postgres": None, "rabbitmq": None}
    postgres = Postgres(folder, ports.postgres).process()
    broker = Rabbit(folder, ports).process()
    return {
        "postgres": postgres.pid if postgres else None,
        "rabbitmq": broker.pid if broker else None,
    }


def _private() -> tuple[bool, bool]:
    return not os.environ.get(POSTGRES_DSN), not os.environ.get(AMQP_URL)


def _ensure_policy(amqp_url: str, management_url: str) -> None:
    vhost = urllib.parse.unquote(urllib.parse.urlsplit(amqp_url).path[1:]) or "/"
    if management_url:
        Management(management_url).put_policy(vhost)
        return
    definition = str(POLICY["definition"]).replace("'", '"')
    command = f"rabbitmqctl set_policy -p '{vhost}' {POLICY_NAME} '{POLICY['pattern']}'"
    print(
        f"  {MANAGEMENT_URL} is not set, so the queues' policy can't be checked.\n"
        "  Without it a fact that can't be delivered is lost. On the broker's machine, once:\n"
        f"  {command} '{definition}' --priority 10 --apply-to queues",
        flush=True,
    )
