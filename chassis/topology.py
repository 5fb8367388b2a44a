"""What must exist in the broker, made from one table of who listens to whom.

A mandatory publish is acknowledged although one of two expected queues is missing; so nobody
publishes before every expected queue was seen. Queue type is an argument; limits and dead
lettering are a policy, which AMQP can't set, so a missing one stops `migrate` with the command.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed
from aiormq.abc import FieldTable

EXCHANGE = "backstop.facts"
DEAD_EXCHANGE = "backstop.dead"
POLICY_NAME = "backstop-consumers"
# Below this, a prefetch's worth of good batches could be dead-lettered along with a bad one.
LEAST_DELIVERY_LIMIT = 100

Bindings = Mapping[str, Sequence[str]]


class TopologyMissing(Exception):
    """The broker lacks a queue or a policy; the text says which, and what to run."""


def queue_of(service: str) -> str:
    """Returns the queue that a consuming service reads."""
    return f"backstop.{service}"


def dead_queue_of(service: str) -> str:
    """Returns the queue of what the broker gave up delivering to a service."""
    return f"backstop.dead.{service}"


def consumers_of(source: str, bindings: Bindings) -> list[str]:
    """Returns the services that listen to `source`."""
    return sorted(service for service, sources in bindings.items() if source in sources)


async def declare(channel: AbstractChannel, bindings: Bindings) -> None:
    """Declares exchanges, queues and bindings of all services; repeating it changes nothing."""
    facts = await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
    dead = await channel.declare_exchange(DEAD_EXCHANGE, ExchangeType.TOPIC, durable=True)
    arguments: FieldTable = {"x-queue-type": "quorum"}
    for service, sources in sorted(bindings.items()):
        # The dead end first: what is dead-lettered before it exists would be kept back.
        grave = await channel.declare_queue(
            dead_queue_of(service), durable=True, arguments=arguments
        )
        # A dead letter keeps its source as routing key, so every grave gets all of them and its
        # reader takes those that died in its own service's queue.
        await grave.bind(dead, "#")
        queue = await channel.declare_queue(queue_of(service), durable=True, arguments=arguments)
        for source in sources:
            await queue.bind(facts, source)


async def verify(channel: AbstractChannel, source: str, bindings: Bindings) -> None:
    """Sees every queue that facts of `source` must reach, and asserts its binding again.

    Raises TopologyMissing; the channel is closed by then.
    """
    for service in consumers_of(source, bindings):
        name = queue_of(service)
        try:
            queue = await channel.get_queue(name, ensure=True)
            await queue.bind(EXCHANGE, source)
        except ChannelClosed as error:
            raise TopologyMissing(
                f"queue {name} or exchange {EXCHANGE} is missing; run a service's migrate command"
            ) from error


def wanted_policy(bindings: Bindings) -> dict[str, Any]:
    """Returns the policy in the management API's form."""
    return {
        "pattern": rf"^backstop\.({'|'.join(sorted(bindings))})$",
        "apply-to": "queues",
        "definition": {
            "delivery-limit": LEAST_DELIVERY_LIMIT,
            "dead-letter-exchange": DEAD_EXCHANGE,
            "dead-letter-strategy": "at-least-once",
            "overflow": "reject-publish",
        },
    }


def policy_command(vhost: str, bindings: Bindings) -> str:
    """Returns the command that sets the policy."""
    policy = wanted_policy(bindings)
    definition = json.dumps(policy["definition"], separators=(",", ":"))
    return (
        f"rabbitmqctl set_policy --vhost {vhost} --apply-to queues "
        f"{POLICY_NAME} '{policy['pattern']}' '{definition}'"
    )


@dataclass(frozen=True, slots=True)
class _Policy:
    pattern: str
    priority: int
    definition: Mapping[str, Any]


def check_policies(policies: Sequence[Mapping[str, Any]], vhost: str, bindings: Bindings) -> None:
    """Raises TopologyMissing unless each consumer's queue is under a policy that is safe."""
    known = [
        _Policy(policy["pattern"], policy.get("priority", 0), policy["definition"])
        for policy in policies
        if policy.get("apply-to", "all") in ("all", "queues", "quorum_queues")
    ]
    wanted = wanted_policy(bindings)["definition"]
    for service in sorted(bindings):
        name = queue_of(service)
        matching = [policy for policy in known if re.search(policy.pattern, name)]
        in_force = max(matching, key=lambda policy: policy.priority, default=None)
        definition: Mapping[str, Any] = {} if in_force is None else in_force.definition
        fits = definition.get("delivery-limit", 0) >= LEAST_DELIVERY_LIMIT and all(
            definition.get(key) == value for key, value in wanted.items() if key != "delivery-limit"
        )
        if not fits:
            raise TopologyMissing(
                f"no fitting policy is in force for queue {name}; run: "
                f"{policy_command(vhost, bindings)}"
            )


async def check_policy(management_url: str, vhost: str, bindings: Bindings) -> None:
    """Asks the management API for the policies; see `check_policies`.

    Raises TopologyMissing also when the API can't be asked.
    """
    parts = urlsplit(management_url)
    host = parts.hostname or "localhost"
    port = f":{parts.port}" if parts.port else ""
    address = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
    url = f"{address}/api/policies/{quote(vhost, safe='')}"
    try:
        async with httpx.AsyncClient(
            auth=(parts.username or "", parts.password or ""), timeout=10.0, trust_env=False
        ) as client:
            answer = await client.get(url)
            answer.raise_for_status()
            policies = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise TopologyMissing(
            f"the management API can't be asked for policies ({type(error).__name__}); the one "
            f"needed is set by: {policy_command(vhost, bindings)}"
        ) from error
    check_policies(policies, vhost, bindings)
