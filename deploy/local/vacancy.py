"""Whether the ports of an instance are free, asked before anything of it is started."""

from __future__ import annotations

from typing import Final

from deploy.local import processes, servers
from deploy.local.layout import SERVICES, Instance, Ports, make
from deploy.local.problem import Problem

# Bases that are proposed: beyond those of the instances that have one by name.
_PROPOSED: Final = range(10101, 60000, 200)
_SHOWN: Final = 60


class PortsTaken(Problem):
    """Other programs have ports of the instance; nothing was started."""


def check(instance: Instance) -> None:
    """Raises PortsTaken, naming every port that is held by anyone but the instance itself."""
    needed = wanted(instance)
    # Waits a little: a process killed a moment ago may still be letting go.
    if processes.wait_for(lambda: not processes.taken(needed), processes.RELEASE_SECONDS):
        return
    lines = [
        f"port {port} ({needed[port]}) is taken by {_holder(port)}"
        for port in sorted(processes.taken(needed))
    ]
    raise PortsTaken("\n".join([*lines, "Nothing was started."]))


def wanted(instance: Instance) -> dict[int, str]:
    """Ports that must be free for what doesn't run yet, and what for."""
    needed = servers.wanted(instance.folder, instance.ports)
    for service in SERVICES:
        if processes.recall(instance.pid_file(service)) is None:
            needed[instance.ports.grpc(service)] = f"{service}, gRPC"
            needed[instance.ports.metrics(service)] = f"{service}, metrics"
    return needed


def advice(instance: Instance, target: str) -> str:
    """What a person can do about it; an instance that exists must be erased to move."""
    moved = make(target, instance.name, "--base-port", str(_proposal()))
    if not instance.exists:
        return f"End what holds it, or take other ports:\n  {moved}"
    erased = make("down", instance.name, "--erase")
    return (
        "End what holds it, or take other ports, which erases the instance's data:\n"
        f"  {erased}\n  {moved}"
    )


def _holder(port: int) -> str:
    process = processes.listener(port)
    if process is None:
        return "a program of another user"
    words = " ".join(processes.command_line(process.pid)).strip()
    return f"process {process.pid}: {words[:_SHOWN]}"


def _proposal() -> int:
    """The first base that nobody listens above."""
    for base in _PROPOSED:
        if not processes.taken(range(base, Ports(base).last + 1)):
            return base
    return _PROPOSED.start
