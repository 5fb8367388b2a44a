"""Everything is published three times over, to two replicas: the state stays, hash for hash."""

import asyncio
import hashlib

from backstop.operations.v1 import operations_service_pb2 as operations
from deploy.local.layout import SERVICES, Instance
from services.topology import BINDINGS
from tests.faults.findings import findings
from tests.faults.replicas import Replica, counter, replica
from tests.harness import Caller, Inspector, until

CASES = 60
# What the services hold; each row as text, so that no column can be forgotten.
TABLES = {
    "intake": ("cases", "journal", "timeline", "gates"),
    "routing": ("journal", "gates"),
    "sla": ("clocks", "journal", "gates"),
    "notify": ("deliveries", "journal", "gates"),
}


async def test_tripled_facts_change_nothing(
    instance: Instance, caller: Caller, inside: Inspector
) -> None:
    async with replica(instance, "routing") as second:
        await asyncio.gather(*(caller.register(f"重复 {n}", who="clerk") for n in range(CASES)))
        await _quiet(inside)
        before = await _state(inside)
        for _ in range(2):
            wanted = {
                consumer: _duplicates(instance, second, consumer) + await _heard(inside, consumer)
                for consumer in SERVICES
            }
            for service in SERVICES:
                rewind = operations.RewindRelayRequest(position=0)
                answer = await caller.ask(
                    caller.operations[service].RewindRelay, rewind, "operator"
                )
                assert answer.fact_count > 0

            async def all_came_again(wanted: dict[str, float] = wanted) -> bool:
                return all(_duplicates(instance, second, c) >= wanted[c] for c in SERVICES)

            await until(all_came_again, "every fact came once more and was known", 60, every=0.1)
        assert counter(second.metrics_port, "backstop_facts_received_total", consumer="routing") > 0
        assert (
            counter(
                instance.ports.metrics("routing"),
                "backstop_facts_received_total",
                consumer="routing",
            )
            > 0
        )
    await _quiet(inside)
    assert await _state(inside) == before
    assert await findings(instance) == []


async def _quiet(inside: Inspector) -> None:
    async def sent() -> bool:
        return not await inside.value(
            "SELECT count(*) FROM notify.deliveries WHERE state IN ('PLANNED', 'SENDING')"
        )

    # Only once every fact has come is every message planned; sending writes facts again.
    await inside.settle()
    await until(sent, "all deliveries are out")
    await inside.settle()


async def _state(inside: Inspector) -> dict[str, str]:
    state = {}
    for service, tables in TABLES.items():
        for table in tables:
            rows = await inside.rows(
                f"SELECT t::text AS row FROM {service}.{table} AS t ORDER BY t::text"
            )
            text = "\n".join(row["row"] for row in rows)
            state[f"{service}.{table}"] = hashlib.sha256(text.encode()).hexdigest()
    return state


async def _heard(inside: Inspector, consumer: str) -> int:
    """Counts the facts that a consumer hears when all are published once."""
    total = 0
    for source in BINDINGS[consumer]:
        total += await inside.value(f"SELECT count(*) FROM {source}.feed")
    return total


def _duplicates(instance: Instance, second: Replica, consumer: str) -> float:
    ports = [instance.ports.metrics(consumer)]
    if consumer == "routing":
        ports.append(second.metrics_port)
    return sum(
        counter(port, "backstop_facts_received_total", consumer=consumer, fate="duplicate")
        for port in ports
    )
