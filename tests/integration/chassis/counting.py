"""A toy service for tests of the chassis: counters that go up, and facts that say so."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from backstop.operations.v1 import operations_service_pb2 as pb
from chassis import fsck
from chassis.actor import Actor, service_actor
from chassis.call import Call
from chassis.database import Database
from chassis.feed import stamp, try_lock
from chassis.handling import FactHandler, ReceivedFact
from chassis.ids import new_id
from chassis.testing import make_call
from chassis.work import Receipt, Work, once

PACKAGE = "tests.integration.chassis.toy"
SITE = "yuwu"
CLERK = Actor("P001", frozenset({"CLERK"}), frozenset({SITE}))

Body = Callable[[Work], Awaitable[Receipt]]


def call(request_id: str = "", *, actor: Actor = CLERK, fingerprint: bytes = b"same") -> Call:
    """Returns a call with a request id of its own unless one is given."""
    made = make_call(actor)
    return Call(
        actor=actor,
        method="/toy/Count",
        request_id=request_id or new_id(),
        fingerprint=fingerprint,
        language=made.language,
        trace=made.trace,
    )


def count(counter_id: str, *, by: int = 1, site_id: str = SITE) -> Body:
    """Returns a handler that adds to a counter and records that it did."""

    async def body(work: Work) -> Receipt:
        await work.lock(site_id, counter_id)
        value = await work.connection.fetchval(
            "INSERT INTO counters VALUES ($1, $2, $3) ON CONFLICT (counter_id)"
            " DO UPDATE SET value = counters.value + $3 RETURNING value",
            counter_id, site_id, by,
        )  # fmt: skip
        version = work.record(counter_id, site_id, pb.Finding(check="counted", detail=str(value)))
        return Receipt(counter_id, version, outcome=str(value))

    return body


async def counted(database: Database, counter_id: str, times: int, *, site_id: str = SITE) -> None:
    """Counts some times, one transaction each."""
    actor = Actor("P001", sites=frozenset({site_id}))
    for _ in range(times):
        await once(database, call(actor=actor), count(counter_id, site_id=site_id))


async def stamp_all(worker: Database) -> int:
    """Stamps everything, as the relay would."""
    connection = await worker.dedicated()
    try:
        assert await try_lock(connection, worker.schema)
        total = 0
        while stamped := await stamp(connection, worker.schema):
            total += stamped
        return total
    finally:
        await connection.close()


async def note(work: Work, fact: ReceivedFact) -> None:
    """A fact handler that lists what it was given and records a fact of its own."""
    await work.connection.execute(
        "INSERT INTO applied (site_id, source, subject_id, version) VALUES ($1, $2, $3, $4)",
        fact.site_id, fact.source, fact.subject_id, fact.version,
    )  # fmt: skip
    work.record(fact.subject_id, fact.site_id, pb.Job(kind="noted"))


def failing_on(*subjects: str, failures: set[str]) -> FactHandler:
    """Returns `note`, raising for these subjects while they stand in `failures`."""
    failures.update(subjects)

    async def handler(work: Work, fact: ReceivedFact) -> None:
        await note(work, fact)
        if fact.subject_id in failures:
            raise RuntimeError("a fault of the handler")

    return handler


async def rows(database: Database, query: str, *arguments: object) -> list[asyncpg.Record]:
    """Reads rows of all sites."""
    async with database.transaction(service_actor(database.schema)) as connection:
        return list(await connection.fetch(query, *arguments))


async def value(database: Database, query: str, *arguments: object) -> object:
    """Reads one value over all sites."""
    async with database.transaction(service_actor(database.schema)) as connection:
        return await connection.fetchval(query, *arguments)


async def applied(database: Database) -> list[tuple[str, str, int]]:
    """Returns what `note` listed, in order."""
    found = await rows(database, "SELECT source, subject_id, version FROM applied ORDER BY id")
    return [(row["source"], row["subject_id"], row["version"]) for row in found]


async def findings(database: Database) -> list[fsck.Finding]:
    """Runs the chassis' invariants."""
    return await fsck.check(database, fsck.load_checks(PACKAGE))


async def together(*tasks: Awaitable[object]) -> list[object]:
    """Runs everything at once and returns results and errors."""
    return list(await asyncio.gather(*tasks, return_exceptions=True))
