"""A migrated sla schema behind its gate, and a hand that writes facts as the others would."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.fact.v1 import fact_pb2
from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2
from chassis.clock import ClockGuard, set_offset
from chassis.convert import to_duration
from chassis.database import Database
from chassis.gatekeeper import Gatekeeper
from chassis.ids import new_fact_id, new_id
from chassis.inbox import InboxState
from chassis.jobs import JobRunner
from chassis.journal import Cause, Entry, envelope, fact_hash, timestamp
from services.sla import consumers
from services.sla.handlers import jobs, outreach
from services.sla.workers.timers import TimerWorker
from tests.integration.databases import ServiceDatabase

SITE = "yuwu"
_PUBLISHED = {
    message.DESCRIPTOR.full_name: message
    for message in (
        sla_facts_pb2.ClocksStarted,
        sla_facts_pb2.ClocksStopped,
        sla_facts_pb2.ClocksPaused,
        sla_facts_pb2.ClocksResumed,
        sla_facts_pb2.ClocksAmended,
        sla_facts_pb2.ClockDueSoon,
        sla_facts_pb2.ClockBreached,
        sla_facts_pb2.BreachExcused,
        sla_facts_pb2.CalendarPublished,
        sla_facts_pb2.CalendarYearMissing,
        sla_facts_pb2.PolicyPublished,
    )
}


@dataclass
class Sla:
    """The service's database behind its gate; facts given to `take` are committed when it ends."""

    database: ServiceDatabase
    gate: Gatekeeper
    versions: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def now(self) -> datetime:
        """Returns the decision time."""
        async with self.database.worker.connection() as connection:
            value: datetime = await connection.fetchval("SELECT decision_time()")
        return value

    def fact(
        self,
        message: Message,
        time: datetime,
        *,
        subject_id: str = "",
        site_id: str = SITE,
        recorded: datetime | None = None,
        follows: int = 1,
    ) -> fact_pb2.Fact:
        """Returns a fact as its source would publish it, next in its subject's order.

        One of routing's about a case follows from intake's of the version `follows`.
        """
        source = message.DESCRIPTOR.full_name.split(".")[1]
        subject = subject_id or str(getattr(message, "case_id"))  # noqa: B009 - any fact of a case
        self.versions[source, subject] += 1
        causes: tuple[Cause, ...] = ()
        if source == "routing" and "/" not in subject:
            causes = (Cause("intake", subject, follows),)
        entry = Entry(
            fact_id=new_fact_id(),
            source=source,
            site_id=site_id,
            subject_id=subject,
            subject_version=self.versions[source, subject],
            type=message.DESCRIPTOR.full_name,
            occurred_time=time,
            record_time=recorded or time,
            actor="p-1",
            acting_for="",
            causes=causes,
            trace="",
            payload=message.SerializeToString(),
        )
        return envelope(entry, fact_hash(entry), self.versions[source, subject])

    async def take(self, *facts: fact_pb2.Fact) -> None:
        """Brings facts of one source to the gate."""
        await self.gate.take(facts, facts[0].source)

    async def tell(self, message: Message, time: datetime, **others: Any) -> None:
        """Writes a fact and brings it to the gate."""
        await self.take(self.fact(message, time, **others))

    async def publish_directory(
        self, site_id: str = SITE, time_zone: str = "", *, units: Sequence[str] = ()
    ) -> None:
        """Brings a site's directory, with a ladder of a working day, four working hours, a top."""
        message = routing_facts_pb2.DirectoryPublished(
            directory=routing_pb2.Directory(
                site_id=site_id,
                name="余吾",
                time_zone=time_zone,
                units=[routing_pb2.Unit(unit_id=unit_id) for unit_id in units],
                ladder=[
                    routing_pb2.LadderLevel(position_id="DIRECTOR", dwell_working_days=1),
                    routing_pb2.LadderLevel(
                        position_id="MINE_DIRECTOR",
                        dwell_working_time=to_duration(timedelta(hours=4)),
                    ),
                    routing_pb2.LadderLevel(position_id="LEADING_GROUP", dwell_working_days=1),
                ],
            )
        )
        time = datetime(2026, 1, 5, tzinfo=UTC)
        await self.tell(message, time, subject_id=f"directory/{site_id}", site_id=site_id)

    async def work_jobs(self) -> None:
        """Does all jobs that are open, to their end."""
        runner = JobRunner(self.database.worker, {**jobs.STEPS, outreach.KIND: outreach.step})
        while await runner.step() is not None:
            pass
        failed = await self.rows("SELECT kind FROM jobs WHERE failure_count > 0")
        assert not failed, [row["kind"] for row in failed]

    async def pass_time(self, offset: timedelta) -> None:
        """Moves the decision time to `offset` after the real one; fires all that is due then."""
        await set_offset(self.database.worker, offset)
        await self.fire()

    async def fire(self) -> None:
        """Fires all that is due now."""
        worker = await timer(self.database.worker)
        while await worker.step() == 0.0:
            pass

    async def register(
        self,
        time: datetime,
        *,
        count: int = 1,
        site_id: str = SITE,
        recorded: datetime | None = None,
        **fields: Any,
    ) -> list[str]:
        """Registers cases spoken of at `time`, with these fields of CaseRegistered; returns their
        ids."""
        ids = [new_id() for _ in range(count)]
        facts = [
            self.fact(
                intake_facts_pb2.CaseRegistered(
                    case_id=case_id, site_id=site_id, occurred_time=timestamp(time), **fields
                ),
                time,
                site_id=site_id,
                recorded=recorded,
            )
            for case_id in ids
        ]
        for start in range(0, count, 200):
            await self.take(*facts[start : start + 200])
        return ids

    async def dispatch(self, deadlines: Sequence[tuple[str, datetime]], time: datetime) -> None:
        """Sends one work order per (case, deadline); its id is "w-" and the case's."""
        facts = [
            self.fact(
                routing_facts_pb2.WorkOrdersDispatched(
                    case_id=case_id,
                    work_orders=[
                        routing_pb2.WorkOrder(
                            work_order_id=f"w-{case_id}", deadline_time=timestamp(deadline)
                        )
                    ],
                ),
                time,
            )
            for case_id, deadline in deadlines
        ]
        for start in range(0, len(facts), 200):
            await self.take(*facts[start : start + 200])

    async def published(self, case_id: str | None = None) -> list[Any]:
        """Returns the facts recorded so far, in order, of one case or of all."""
        async with self.database.worker.connection() as connection:
            rows = await connection.fetch(
                "SELECT type, payload FROM journal"
                " WHERE $1::text IS NULL OR subject_id = $1 ORDER BY id",
                case_id,
            )
        return [_PUBLISHED[row["type"]].FromString(row["payload"]) for row in rows]

    async def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Asks the tables as the service itself."""
        async with self.database.worker.connection() as connection:
            return list(await connection.fetch(sql, *arguments))


def fed_back(
    case_id: str, kind: "intake_pb2.AnswerKind.ValueType", time: datetime, cycle: int = 1
) -> intake_facts_pb2.CaseAnswered:
    """Returns an answer that was told in the same act."""
    return intake_facts_pb2.CaseAnswered(
        case_id=case_id,
        cycle=cycle,
        answer_id=new_id(),
        kind=kind,
        answer_time=timestamp(time),
        feedback=intake_pb2.Feedback(
            way=intake_pb2.FEEDBACK_WAY_TOLD, feedback_time=timestamp(time)
        ),
        fed_back=True,
    )


async def timer(
    database: Database,
    *,
    batch_size: int = 500,
    poll_seconds: float = 1.0,
    inbox: InboxState | None = None,
) -> TimerWorker:
    """Returns a timer worker whose guard has looked at the clocks, and whose queue is empty."""
    guard = ClockGuard(database)
    await guard.look()
    return TimerWorker(
        database,
        guard,
        inbox or InboxState(caught_up=True),
        batch_size=batch_size,
        poll_seconds=poll_seconds,
    )


def utc(value: Timestamp) -> datetime:
    """Returns a message's time."""
    return datetime.fromtimestamp(value.seconds, UTC) + timedelta(microseconds=value.nanos // 1000)


@pytest.fixture
async def sla(
    database_for: Callable[..., Awaitable[ServiceDatabase]],
) -> AsyncIterator[Sla]:
    """An sla whose site is known."""
    database = await database_for("sla", demonstration=True)
    service = Sla(database, Gatekeeper(database.worker, consumers.handlers()))
    await service.publish_directory()
    yield service
    quarantined = await service.rows("SELECT type.detail FROM quarantine AS type")
    assert not quarantined, [row["detail"] for row in quarantined]
