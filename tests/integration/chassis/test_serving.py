"""A whole service starts without its broker, answers, refuses nonsense and ends in order."""

import asyncio
import base64
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc
from chassis.testing import PEPPER, Keys, bearer
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import Databases, provision_for_tests, role_dsn
from tests.waiting import eventually

PROBE = "tests.integration.chassis.probe"
READY_SECONDS = 20.0


def free_port() -> int:
    """Returns a port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Probe:
    """The environment of one process, and the process."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        keys.service("probe")
        (folder / "pepper").write_text(base64.b64encode(PEPPER).decode())
        self.grpc_port, self.metrics_port = free_port(), free_port()
        # Nothing inherited: variables of the test run are no settings of a service.
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([".", "gen"]),
            "BACKSTOP_GRPC_ADDRESS": f"127.0.0.1:{self.grpc_port}",
            "BACKSTOP_METRICS_ADDRESS": f"127.0.0.1:{self.metrics_port}",
            "BACKSTOP_TRUST_FILE": str(keys.write_trust_file(folder / "trust.json")),
            "BACKSTOP_SERVICE_KEY_FILE": str(keys.write_service_key(folder / "key.pem", "probe")),
            "BACKSTOP_PEPPER_FILE": str(folder / "pepper"),
            # Nothing listens there: a service must not need its broker to serve.
            "BACKSTOP_AMQP_URL": "amqp://nobody:nothing@127.0.0.1:1/none",
            "BACKSTOP_APP_DSN": "postgresql://nobody:secret-word@127.0.0.1:1/none",
            "BACKSTOP_WORKER_DSN": "postgresql://nobody:secret-word@127.0.0.1:1/none",
        }

    def use(self, app_dsn: str, worker_dsn: str) -> None:
        self.environment |= {"BACKSTOP_APP_DSN": app_dsn, "BACKSTOP_WORKER_DSN": worker_dsn}

    async def start(self, command: str = "serve") -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            PROBE,
            command,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def outcome(self, command: str = "serve") -> tuple[int | None, str, str]:
        """Runs a command to its end; returns code, output and errors."""
        process = await self.start(command)
        output, errors = await asyncio.wait_for(process.communicate(), READY_SECONDS)
        return process.returncode, output.decode(), errors.decode()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[tuple[asyncio.subprocess.Process, grpc.aio.Channel]]:
        process = await self.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
                await eventually(lambda: self.status(channel, process), seconds=READY_SECONDS)
                yield process, channel
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def status(self, channel: grpc.aio.Channel, process: asyncio.subprocess.Process) -> bool:
        """Tells whether the process answers SERVING; AssertionError when it has ended."""
        if process.returncode is not None:
            output, errors = await process.communicate()
            raise AssertionError(f"ended: {output.decode()} {errors.decode()}")
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.fixture
def probe(tmp_path: Path, keys: Keys) -> Probe:
    return Probe(tmp_path, keys)


@pytest.fixture
async def migrated(probe: Probe, database_for: DatabaseFor) -> Probe:
    database = await database_for("probe", package=PROBE)
    probe.use(database.dsn("app"), database.dsn("worker"))
    return probe


async def test_serves_without_a_broker_and_ends_in_order(migrated: Probe, keys: Keys) -> None:
    async with migrated.serving() as (process, channel):
        flow = await pb_grpc.OperationsServiceStub(channel).GetFlow(
            pb.GetFlowRequest(), timeout=5, metadata=bearer(keys.person("p", ["OPERATOR"]))
        )
        assert flow.feed_position == 0
        async with httpx.AsyncClient(trust_env=False) as client:
            page = await client.get(f"http://127.0.0.1:{migrated.metrics_port}/metrics")
        assert "backstop_serving 1.0" in page.text
        assert 'code="OK",method="/backstop.operations.v1.OperationsService/GetFlow"' in page.text
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in output.decode().splitlines()]
    assert events.index("ready") < events.index("stopping") < events.index("stopped")
    assert "rpc" in events


async def test_second_process_on_the_port_ends(migrated: Probe) -> None:
    async with migrated.serving() as (first, _):
        migrated.environment["BACKSTOP_METRICS_ADDRESS"] = f"127.0.0.1:{free_port()}"
        code, _, errors = await migrated.outcome()
        assert code == 1
        assert str(migrated.grpc_port) in errors
        assert first.returncode is None


async def test_waits_for_postgres_and_can_be_stopped_meanwhile(probe: Probe) -> None:
    process = await probe.start()
    assert process.stdout is not None
    line = json.loads(await asyncio.wait_for(process.stdout.readline(), READY_SECONDS))
    assert (line["event"], line["dependency"]) == ("waiting_for_dependency", "postgres")
    process.send_signal(signal.SIGTERM)
    output, errors = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0
    assert "secret-word" not in (output + errors).decode()


async def test_schema_that_is_not_migrated_is_named(probe: Probe, databases: Databases) -> None:
    name = f"bs_bare_{os.getpid()}_{free_port()}"
    await provision_for_tests(databases.admin_dsn, ["probe"], name)
    databases.made.append(name)
    probe.use(
        role_dsn(databases.admin_dsn, name, "backstop_probe_app"),
        role_dsn(databases.admin_dsn, name, "backstop_probe_worker"),
    )
    code, _, errors = await probe.outcome()
    await databases.drop(name)
    assert code == 2
    assert "the schema probe is not migrated: run `migrate` first" in errors


async def test_misspelt_variable_ends_the_start(probe: Probe) -> None:
    probe.environment["BACKSTOP_POOLSIZE"] = "4"
    code, _, errors = await probe.outcome()
    assert code == 2
    assert errors == (
        "probe: BACKSTOP_POOLSIZE is not a setting of probe; did you mean BACKSTOP_POOL_SIZE?\n"
    )


async def test_missing_settings_are_all_named(probe: Probe) -> None:
    del probe.environment["BACKSTOP_APP_DSN"], probe.environment["BACKSTOP_TRUST_FILE"]
    code, _, errors = await probe.outcome("check-config")
    assert code == 2
    assert "BACKSTOP_APP_DSN, BACKSTOP_TRUST_FILE" in errors


async def test_check_config_opens_nothing(probe: Probe) -> None:
    code, output, _ = await probe.outcome("check-config")
    assert (code, output) == (0, "probe: the settings can be used\n")
