"""Knowing, not guessing, that the suite has come to rest about a subject.

A fact is somewhere between its journal and a consumer until the consumer's gate shows its
version. When in two readings in a row every gate equals the owner's version, there was an
instant between them at which nothing about the subject was under way anywhere.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from backstop.operations.v1 import operations_service_pb2
from ctl.connection import Client
from ctl.failures import Problem
from ctl.settings import SERVICES

# Consuming service → services whose facts it receives.
LISTENS: Mapping[str, tuple[str, ...]] = {
    "intake": ("routing", "sla", "notify"),
    "routing": ("intake", "sla"),
    "sla": ("intake", "routing"),
    "notify": ("intake", "routing", "sla"),
}

# Asking costs the services more than waiting costs us.
_FIRST_PAUSE_SECONDS = 0.04
_LONGEST_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Standing:
    """Where all services stand about one subject."""

    # Service → its own version of the subject.
    versions: Mapping[str, int]
    # (consumer, source) → version applied.
    applied: Mapping[tuple[str, str], int]

    def missing(self) -> list[str]:
        """Returns what is still under way, in words; empty when nothing is."""
        if not any(self.versions.values()):
            # Equal versions of nothing are no sign of rest.
            return ["no service has the subject"]
        return [
            f"{consumer}: {source} {self.applied.get((consumer, source), 0)}/{version}"
            for consumer, sources in LISTENS.items()
            for source in sources
            if consumer in self.versions
            if (version := self.versions.get(source, 0)) != self.applied.get((consumer, source), 0)
        ]


async def standing(client: Client, subject_id: str, among: Sequence[str] = SERVICES) -> Standing:
    """Asks services about a subject; needs the operator's role.

    `among` leaves out services that need not have come to rest, as sources and as consumers.
    """
    flows = await asyncio.gather(*(_flow(client, service, subject_id) for service in among))
    by_service = dict(zip(among, flows, strict=True))
    return Standing(
        versions={service: flow.subject_version for service, flow in by_service.items()},
        applied={
            (service, one.source): one.version
            for service, flow in by_service.items()
            for one in flow.applied_versions
            if one.source in among
        },
    )


async def _flow(
    client: Client, service: str, subject_id: str
) -> operations_service_pb2.GetFlowResponse:
    request = operations_service_pb2.GetFlowRequest(subject_id=subject_id)
    return await client.call(service, client.operations(service).GetFlow, request)


async def until(look: Callable[[], Awaitable[Sequence[str]]], *, timeout: float, what: str) -> None:
    """Looks again and again until nothing is missing; Problem with what was, after `timeout` s."""
    end = time.monotonic() + timeout
    pause = _FIRST_PAUSE_SECONDS
    while True:
        missing = await look()
        if not missing:
            return
        if time.monotonic() > end:
            shown = "; ".join(missing[:8])
            raise Problem(f"{timeout:.0f} 秒后仍未就绪 / still waiting for {what}: {shown}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.4, _LONGEST_PAUSE_SECONDS)


async def settle(
    client: Client,
    subjects: Sequence[str],
    *,
    timeout: float = 30.0,
    among: Sequence[str] = SERVICES,
    also: Callable[[], Awaitable[Sequence[str]]] | None = None,
) -> None:
    """Waits until nothing about the subjects is under way `among` the services.

    And until `also` finds nothing missing either. Problem after `timeout` seconds.
    """

    async def look() -> Sequence[str]:
        before = await _all(client, subjects, among)
        missing = [text for one in before.values() for text in one.missing()]
        if missing:
            return missing
        if also is not None and (missing := list(await also())):
            return missing
        after = await _all(client, subjects, among)
        return [subject for subject in subjects if before[subject] != after[subject]]

    await until(look, timeout=timeout, what=", ".join(subjects[:3]))


async def _all(
    client: Client, subjects: Sequence[str], among: Sequence[str]
) -> dict[str, Standing]:
    found = await asyncio.gather(*(standing(client, subject, among) for subject in subjects))
    return dict(zip(subjects, found, strict=True))
