"""Four schemas with roles of their own; four queues; nobody gets into another's."""

import json
import urllib.request

import asyncpg
import pytest

from deploy.local import keys, servers
from deploy.local.layout import SERVICES, Instance
from tests.harness import Caller


@pytest.mark.parametrize("kind", ["app", "worker", "owner"])
@pytest.mark.parametrize("service", SERVICES)
async def test_no_role_reads_another_schema(instance: Instance, service: str, kind: str) -> None:
    role = f"backstop_{service}_{kind}"
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=instance.ports.postgres,
        user=role,
        password=keys.password_of(instance, role),
        database="backstop",
    )
    try:
        # Its own is open to it, so that the refusals below are not those of a broken role.
        await connection.fetchval(f"SELECT count(*) FROM {service}.subjects")
        for other in SERVICES:
            if other != service:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetchval(f"SELECT count(*) FROM {other}.subjects")
    finally:
        await connection.close()


async def test_the_inspecting_role_reads_all_and_writes_nothing(instance: Instance) -> None:
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=instance.ports.postgres,
        user="backstop_fsck",
        password=keys.password_of(instance, "backstop_fsck"),
        database="backstop",
    )
    try:
        for service in SERVICES:
            assert await connection.fetchval(f"SELECT count(*) FROM {service}.journal") is not None
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(f"DELETE FROM {service}.requests")
    finally:
        await connection.close()


async def test_the_broker_has_a_quorum_queue_per_consuming_service(instance: Instance) -> None:
    endpoints = servers.ensure(instance.folder, instance.ports)
    parts = urllib.request.urlparse(endpoints.management_url)  # type: ignore[attr-defined]
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    address = f"http://{parts.hostname}:{parts.port}/api/queues"
    manager.add_password(None, address, parts.username, parts.password)
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    with opener.open(address, timeout=10) as answer:
        queues = {queue["name"]: queue for queue in json.load(answer)}
    for service in SERVICES:
        queue = queues[f"backstop.{service}"]
        assert queue["arguments"]["x-queue-type"] == "quorum"
        assert queue["durable"]
        assert queue["policy"] == "backstop-consumers"
        assert f"backstop.dead.{service}" in queues


async def test_every_service_is_closed_to_calls_without_a_rule(caller: Caller) -> None:
    for service in SERVICES:
        assert (await caller.flow(service)).feed_position >= 0
