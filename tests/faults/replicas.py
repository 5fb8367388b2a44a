"""A second process of a service, as an operator would start one by hand."""

import asyncio
import re
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.local import processes, suite
from deploy.local.layout import ROOT, Instance

_OFFSET = 50  # beyond the services' own ports, below the metrics ports


@dataclass(frozen=True, slots=True)
class Replica:
    """A process and where its metrics are."""

    process: processes.Process
    metrics_port: int


@asynccontextmanager
async def replica(instance: Instance, service: str) -> AsyncIterator[Replica]:
    """Runs a second process of a service beside the first; ends it afterwards."""
    grpc_port = instance.ports.grpc(service) + _OFFSET
    metrics_port = grpc_port + 10
    environment = suite.service_environment(instance, service) | {
        "BACKSTOP_GRPC_ADDRESS": f"127.0.0.1:{grpc_port}",
        "BACKSTOP_METRICS_ADDRESS": f"127.0.0.1:{metrics_port}",
    }
    process = processes.spawn(
        [sys.executable, "-m", f"services.{service}", "serve"],
        log=instance.logs / f"{service}-2.log",
        environment=environment,
        folder=ROOT,
    )
    try:
        ready = await asyncio.to_thread(
            processes.wait_for,
            lambda: processes.accepts(grpc_port) or not process.alive(),
            30,
        )
        assert ready, f"{service} does not accept"
        assert process.alive(), (instance.logs / f"{service}-2.log").read_text()[-2000:]
        yield Replica(process, metrics_port)
    finally:
        await asyncio.to_thread(processes.stop, process, grace=20, first=signal.SIGTERM)


def counter(port: int, name: str, **labels: str) -> float:
    """Returns the sum of a counter over the label sets that have these labels, from /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    total = 0.0
    for found, value in re.findall(rf"^{name}(?:\{{([^}}]*)\}})? ([0-9.e+]+)$", text, re.MULTILINE):
        if all(f'{label}="{wanted}"' in found for label, wanted in labels.items()):
            total += float(value)
    return total
