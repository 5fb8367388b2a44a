"""The four services of an instance as processes: schemas first, then the programs, then the site.

Every step may be repeated. A crash between two of them leaves a state from
which the same `up` goes on: what exists is kept, what runs is left alone.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import asyncpg
import grpc
from grpc_health.v1 import health_pb2

from chassis.provision import provision
from deploy.local import files, keys, processes, servers, tokens, vacancy
from deploy.local.layout import REPLICAS, ROOT, SERVICES, Instance, make, process_name
from deploy.local.problem import Problem
from deploy.local.processes import Process
from deploy.local.servers import Endpoints

SAMPLES: Final = ROOT / "deploy" / "samples" / "yuwu"
_SERVING_SECONDS: Final = 60
# Longer than a service's own drain, so that it is never cut short.
_STOP_SECONDS: Final = 40
_LOG_LINES: Final = 25


def up(instance: Instance, *, load_samples: bool = True) -> None:
    """Brings everything up, in order, and leaves running what runs."""
    vacancy.check(instance)
    instance.save()
    _say("database and broker")
    endpoints = servers.ensure(instance.folder, instance.ports)
    keys.make(instance, endpoints)
    _say("schemas")
    prepare(instance, endpoints)
    _say("services")
    start(instance)
    tokens.mint_all(instance, SAMPLES)
    write_client_environment(instance)
    if load_samples:
        load_site(instance)


def prepare(instance: Instance, endpoints: Endpoints) -> None:
    """Makes database, roles and schemas, and migrates each service's own."""
    passwords = {role: keys.password_of(instance, role) for role in keys.roles()}
    try:
        asyncio.run(provision(endpoints.postgres_admin_dsn, SERVICES, passwords))
    except (OSError, ValueError, asyncpg.PostgresError) as error:
        raise Problem(f"the database can't be provisioned: {error}") from error
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        for outcome in [pool.submit(_migrate, instance, service) for service in SERVICES]:
            outcome.result()


def start(instance: Instance) -> None:
    """Starts the services that don't run and waits until all of them serve."""
    started = {service: start_service(instance, service) for service in SERVICES}
    for service, process in started.items():
        wait_serving(instance, service, process)


def start_service(instance: Instance, service: str, number: int = 1) -> Process:
    """Starts one process of a service unless it runs; doesn't wait for it."""
    pid_file = instance.pid_file(service, number)
    if (process := processes.recall(pid_file)) is not None:
        return process
    for port in (instance.ports.grpc(service, number), instance.ports.metrics(service, number)):
        if not processes.port_free(port):
            raise Problem(f"port {port} was taken by another program meanwhile")
    process = processes.spawn(
        [sys.executable, "-m", f"services.{service}", "serve"],
        log=instance.log_file(service, number),
        environment=service_environment(instance, service, number=number),
        folder=ROOT,
    )
    processes.remember(pid_file, process)
    return process


def start_replica(instance: Instance, service: str) -> int:
    """Starts one more process of a service that runs and waits until it serves; its number.

    `up` doesn't know of it: it is neither needed nor started again. `stop` ends it.
    """
    if processes.recall(instance.pid_file(service)) is None:
        raise Problem(f"{service} does not run; {make('up', instance.name)} first")
    for number in REPLICAS:
        addresses = instance.ports.grpc(service, number), instance.ports.metrics(service, number)
        if any(map(processes.port_taken, addresses)):
            continue
        wait_serving(instance, service, start_service(instance, service, number), number)
        return number
    raise Problem(f"{service} has as many processes as there are ports for")


def replicas(instance: Instance) -> dict[tuple[str, int], Process]:
    """Processes that were started by hand and run, by service and number."""
    recorded = {
        (service, number): processes.recall(instance.pid_file(service, number))
        for service in SERVICES
        for number in REPLICAS
    }
    return {name: process for name, process in recorded.items() if process is not None}


def wait_serving(instance: Instance, service: str, process: Process, number: int = 1) -> None:
    """Waits for the service's own word that it serves; Problem with its last words otherwise."""
    serving = processes.wait_for(
        lambda: serves(instance, service, number) or not process.alive(), _SERVING_SECONDS
    )
    if not serving or not process.alive():
        log = instance.log_file(service, number)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        name = process_name(service, number)
        raise Problem(f"{name} does not serve; the end of {log}:\n{tail}")


def stop(instance: Instance, *, keep_servers: bool = False) -> list[str]:
    """Ends services, then servers; returns the names of what ran."""
    serving = [*((service, 1) for service in SERVICES), *replicas(instance)]
    with ThreadPoolExecutor(len(serving)) as pool:
        ended = list(pool.map(lambda one: stop_service(instance, *one), serving))
    names = [process_name(*one) for one, ran in zip(serving, ended, strict=True) if ran]
    if not keep_servers:
        names += servers.stop(instance.folder, instance.ports)
    return names


def stop_service(instance: Instance, service: str, number: int = 1) -> bool:
    pid_file = instance.pid_file(service, number)
    process = processes.recall(pid_file)
    if process is not None:
        processes.stop(process, grace=_STOP_SECONDS)
    pid_file.unlink(missing_ok=True)
    return process is not None


def serves(instance: Instance, service: str, number: int = 1) -> bool:
    """Asks the service's health; False when it doesn't answer within two seconds."""
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(instance.address(service, number), options=options) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def load_site(instance: Instance) -> None:
    """Loads the sample site through the API, as its administrator would."""
    if not SAMPLES.is_dir() or not (ROOT / "ctl").is_dir():
        return
    _say("sample site")
    run_ctl(instance, "administrator", "site", "load", str(SAMPLES))


def run_ctl(instance: Instance, person: str, *arguments: str) -> None:
    """Runs backstopctl as one of the token holders; Problem when it fails."""
    command = [sys.executable, "-m", "ctl", "--as", person, *arguments]
    environment = clean_environment() | client_environment(instance)
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Problem(f"backstopctl {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def client_environment(instance: Instance) -> dict[str, str]:
    """What backstopctl reads: where the services are, and as whom it speaks unless told."""
    endpoints = ",".join(f"{name}={instance.address(name)}" for name in SERVICES)
    return {
        "BACKSTOPCTL_ENDPOINTS": endpoints,
        "BACKSTOPCTL_TOKENS": str(instance.tokens),
        "BACKSTOPCTL_AS": "dispatcher",
        "BACKSTOPCTL_FSCK_DSN": (instance.secrets / "fsck_dsn").read_text(),
    }


def write_client_environment(instance: Instance) -> None:
    """The same as a file, KEY=VALUE lines; a password is in it."""
    lines = [f"{key}={value}" for key, value in client_environment(instance).items()]
    files.write(instance.folder / "client.env", "\n".join(lines) + "\n", mode=0o600)


def service_environment(
    instance: Instance, service: str, *, number: int = 1, migrating: bool = False
) -> dict[str, str]:
    """All settings of one service; secrets only as the folder they are in."""
    secrets = instance.secrets / (f"{service}-migrate" if migrating else service)
    environment = clean_environment() | {"BACKSTOP_SECRETS_DIR": str(secrets)}
    if migrating:
        has_management = bool((secrets / "amqp_management_url").read_text().strip())
        return environment | {"BACKSTOP_AMQP_POLICY_CHECK": str(has_management).lower()}
    environment |= {
        "BACKSTOP_GRPC_ADDRESS": instance.address(service, number),
        "BACKSTOP_METRICS_ADDRESS": instance.metrics_address(service, number),
        "BACKSTOP_PEERS": _peers(instance, service),
        "BACKSTOP_TRUST_FILE": str(instance.secrets / "trust.json"),
        "BACKSTOP_SERVICE_KEY_FILE": str(secrets / "service_key.pem"),
        "BACKSTOP_PEPPER_FILE": str(secrets / "pepper.key"),
        "BACKSTOP_REFLECTION": "true",
        "BACKSTOP_DEMONSTRATION": str(instance.demonstration).lower(),
    }
    if service in keys.SEALING:
        environment["BACKSTOP_ROOT_KEY_FILE"] = str(secrets / "root.key")
    if service == "notify":
        environment["BACKSTOP_MAILBOX_DIR"] = str(instance.mailbox)
        if instance.demonstration:
            # Every leap of the clock is an outage to those who were asleep; nobody at a
            # demonstration waits a minute for what that made late.
            environment["BACKSTOP_DIGEST_HOLD_SECONDS"] = "2"
    return environment


def _peers(instance: Instance, service: str) -> str:
    others = (f'"{name}":"{instance.address(name)}"' for name in SERVICES if name != service)
    return "{" + ",".join(others) + "}"


def clean_environment() -> dict[str, str]:
    """Ours without settings meant for something else, and with the tree on the path."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("BACKSTOP")
    }
    return environment | {"PYTHONPATH": _path(ROOT, ROOT / "gen"), "PYTHONUNBUFFERED": "1"}


def _path(*folders: Path) -> str:
    return os.pathsep.join(str(folder) for folder in folders)


def _migrate(instance: Instance, service: str) -> None:
    command = [sys.executable, "-m", f"services.{service}", "migrate"]
    if instance.demonstration:
        command.append("--demonstration")
    environment: Mapping[str, str] = service_environment(instance, service, migrating=True)
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Problem(f"{service} migrate failed:\n{done.stdout}{done.stderr}")


def _say(step: str) -> None:
    print(f"· {step}", flush=True)
