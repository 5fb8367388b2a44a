"""Looks after what is parked: tries that are due, waits that nobody saw end, gaps that stay open.

Whoever fills a gap normally applies what waited for it. This is what stands behind: a wait that
ended in another replica's hands at the same moment, and a fact that the broker never brought,
which is asked from its source.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import grpc
import structlog

from backstop.fact.v1 import fact_pb2
from backstop.operations.v1 import operations_service_pb2 as operations
from backstop.operations.v1 import operations_service_pb2_grpc as operations_grpc
from chassis import metrics
from chassis.failures import dependency_of
from chassis.gatekeeper import Gatekeeper
from chassis.queries import load_queries
from chassis.workers import loop

_log = structlog.get_logger(__name__)
_queries = load_queries("chassis", "sql/gate.sql")

GAP = timedelta(seconds=30)
_POLL_SECONDS = 1.0
_AT_ONCE = 100
_PULL_FACTS = 100
_PULL_SECONDS = 5.0
_PULL_AGAIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that something has waited for too long."""

    source: str
    subject_id: str
    version: int


class Sweeper:
    """A worker over one service's parked facts; `channels` lead to their sources."""

    name = "sweeper"

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        channels: Mapping[str, grpc.aio.Channel],
        *,
        gap: timedelta = GAP,
        poll: float = _POLL_SECONDS,
        pull_again: float = _PULL_AGAIN_SECONDS,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._channels = channels
        self._gap = gap
        self._poll = poll
        self._pull_again = pull_again
        self._pulled: dict[Gap, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Sweeps every second until told to stop."""
        await loop(self.name, self.sweep, stop=stop, poll=self._poll)

    async def sweep(self) -> float | None:
        """Does one round; returns 0.0 when there may be more to do at once."""
        due = await self._fetch(_queries.read_due, _AT_ONCE)
        for row in due:
            await self._gatekeeper.take_alone(fact_pb2.Fact.FromString(row["fact"]))
        satisfied = await self._fetch(_queries.read_satisfied, _AT_ONCE)
        applied = await self._gatekeeper.settle_alone(
            {row["subject_id"]: row["site_id"] for row in satisfied}
        )
        for row in await self._fetch(_queries.read_gaps, self._gap, _AT_ONCE):
            gap = Gap(row["source"], row["subject_id"], row["version"])
            if self._may_pull(gap):
                await self.pull(gap)
        more = len(due) == _AT_ONCE or (len(satisfied) == _AT_ONCE and applied > 0)
        return 0.0 if more else None

    async def pull(self, gap: Gap) -> int:
        """Asks a source for the facts of a subject from the gap on; returns how many came.

        A source that is away is asked again later.
        """
        channel = self._channels.get(gap.source)
        if channel is None:
            return 0
        # The generated constructor is typed for synchronous channels first.
        stub = operations_grpc.FeedServiceStub(channel)
        request = operations.ReadSubjectRequest(
            subject_id=gap.subject_id, from_version=gap.version, page_size=_PULL_FACTS
        )
        try:
            response = await stub.ReadSubject(request, timeout=_PULL_SECONDS)
        except grpc.aio.AioRpcError as error:
            if dependency_of(error) is None:
                _log.error("gap_not_pulled", source=gap.source, code=error.code().name)
            return 0
        facts = list(response.facts)
        consumer = self._gatekeeper.database.schema
        metrics.FACTS_PULLED.labels(consumer=consumer, source=gap.source).inc(len(facts))
        _log.warning(
            "gap_pulled", source=gap.source, subject_id=gap.subject_id, version=gap.version,
            facts=len(facts),
        )  # fmt: skip
        await self._gatekeeper.take(facts, gap.source)
        return len(facts)

    def _may_pull(self, gap: Gap) -> bool:
        now = time.monotonic()
        self._pulled = {key: at for key, at in self._pulled.items() if now - at < self._pull_again}
        if gap in self._pulled:
            return False
        self._pulled[gap] = now
        return True

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        async with self._gatekeeper.database.transaction(self._gatekeeper.actor) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        return rows
