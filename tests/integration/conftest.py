"""Real PostgreSQL and RabbitMQ for every integration test; a database and a host of its own."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from deploy.local import servers as local_servers
from deploy.local.layout import ROOT, Ports
from deploy.local.servers import Endpoints
from tests.contract.documented import given, undocumented
from tests.integration.databases import Databases, ServiceDatabase, open_service_database

DatabaseFor = Callable[..., Awaitable[ServiceDatabase]]

_FOLDER = ROOT / ".backstop" / "test"
_PORTS = Ports(int(os.environ.get("BACKSTOP_TEST_BASE_PORT", "7501")))


@pytest.fixture(scope="session", autouse=True)
def every_refusal_is_documented() -> Iterator[None]:
    """Fails at the end for a reason that an RPC has given and that its comment doesn't list."""
    yield
    assert undocumented(given()) == set()


@pytest.fixture(scope="session")
def servers() -> Endpoints:
    """Addresses of running servers; they go on running for the next session."""
    return local_servers.ensure(_FOLDER, _PORTS)


@pytest.fixture(scope="session")
def databases(servers: Endpoints) -> Iterator[Databases]:
    """Makes databases for this worker and drops them at the end."""
    made = Databases(servers.postgres_admin_dsn, os.environ.get("PYTEST_XDIST_WORKER", "main"))
    yield made
    made.close()


@pytest.fixture
async def database_for(servers: Endpoints, databases: Databases) -> AsyncIterator[DatabaseFor]:
    """Gives `await database_for("sla")`: a fresh, migrated, opened database of a service.

    `package` says whose sql/ is migrated, services.<service> unless given; `demonstration` makes
    the clock movable.
    """
    opened: list[ServiceDatabase] = []

    async def open_one(
        service: str, *, package: str = "", demonstration: bool = False
    ) -> ServiceDatabase:
        name = await databases.copy(
            service, package or f"services.{service}", demonstration=demonstration
        )
        database = await open_service_database(servers.postgres_admin_dsn, name, service)
        opened.append(database)
        return database

    yield open_one
    for database in opened:
        await asyncio.gather(database.app.close(), database.worker.close())
        await databases.drop(database.name)


@pytest.fixture
def broker_url(servers: Endpoints) -> Iterator[str]:
    """Address of a virtual host of this test's own, with the suite's policy and nothing else."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield servers.create_vhost(name)
    servers.delete_vhost(name)
