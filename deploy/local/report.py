"""What `up` and `status` show: where things are, and one call to try."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.local import processes, servers, suite
from deploy.local.layout import ROOT, SERVICES, Instance, process_name

# What a person can copy: a worker's words become a case, and someone answers for it.
_CALLS = (
    "--as clerk-south case register --channel desk --where 南风井 --anonymous --what 浴室喷头损坏",
    "case list",
)


def states(instance: Instance) -> list[tuple[str, str, str, str]]:
    """Name, state, process number and address of everything that should run."""
    ports = instance.ports
    rows = []
    addresses = {"postgres": f"127.0.0.1:{ports.postgres}", "rabbitmq": f"127.0.0.1:{ports.amqp}"}
    outside = {"postgres": servers.POSTGRES_DSN, "rabbitmq": servers.AMQP_URL}
    for name, pid in servers.running(instance.folder, ports).items():
        if os.environ.get(outside[name]):
            rows.append((name, "external", "", f"${outside[name]}"))
        else:
            rows.append((name, "running" if pid else "stopped", str(pid or ""), addresses[name]))
    for service in SERVICES:
        process = processes.recall(instance.pid_file(service))
        if process is None:
            state = "stopped"
        else:
            state = "serving" if suite.serves(instance, service) else "not serving"
        number = str(process.pid) if process else ""
        rows.append((service, state, number, _addresses(instance, service, 1)))
    for one, replica in suite.replicas(instance).items():
        state = "serving" if suite.serves(instance, *one) else "not serving"
        address = _addresses(instance, *one)
        rows.append((process_name(*one), state, str(replica.pid), address))
    return rows


def all_up(rows: list[tuple[str, str, str, str]]) -> bool:
    return all(state in ("running", "serving", "external") for _, state, _, _ in rows)


def show(rows: list[tuple[str, str, str, str]]) -> None:
    for name, state, pid, address in rows:
        print(f"  {name:<10} {state:<12} {pid:>8}  {address}")


def show_access(instance: Instance) -> None:
    """How to call it: addresses and token files for a program, one command for a person."""
    folder = _short(instance.folder)
    holders = sorted(path.stem for path in instance.tokens.glob("*.jwt"))
    print(f"\n  tokens     {folder}/tokens/: {', '.join(holders)}")
    print(f"  logs       {folder}/logs/")
    command = "backstopctl" if instance.name == "up" else f"backstopctl --instance {instance.name}"
    print(f"  messages   {_short(instance.mailbox)}/")
    for index, call in enumerate(_CALLS):
        print(
            f"{'' if index else chr(10)}  {'' if index else 'try':<10} .venv/bin/{command} {call}"
        )


def _addresses(instance: Instance, service: str, number: int) -> str:
    metrics = instance.metrics_address(service, number)
    return f"{instance.address(service, number)}  metrics {metrics}"


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
