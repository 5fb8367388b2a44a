"""A second process of a service, as an operator would start one by hand."""

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.local import suite
from deploy.local.layout import Instance


@dataclass(frozen=True, slots=True)
class Replica:
    """A second process, its number among those of its service, and where its metrics are."""

    number: int
    metrics_port: int


@asynccontextmanager
async def replica(instance: Instance, service: str) -> AsyncIterator[Replica]:
    """Runs a second process of a service beside the first; ends it afterwards."""
    number = await asyncio.to_thread(suite.start_replica, instance, service)
    try:
        yield Replica(number, instance.ports.metrics(service, number))
    finally:
        await asyncio.to_thread(suite.stop_service, instance, service, number)


def counter(port: int, name: str, **labels: str) -> float:
    """Returns the sum of a counter over the label sets that have these labels, from /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    total = 0.0
    for found, value in re.findall(rf"^{name}(?:\{{([^}}]*)\}})? ([0-9.e+]+)$", text, re.MULTILINE):
        if all(f'{label}="{wanted}"' in found for label, wanted in labels.items()):
            total += float(value)
    return total
