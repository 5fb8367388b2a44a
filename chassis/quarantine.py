"""An operator's handles on quarantined facts: try once more, or go on without."""

from dataclasses import dataclass

import asyncpg
import structlog
from google.protobuf.message import DecodeError

from backstop.fact.v1 import fact_pb2
from chassis import gatebook
from chassis.errors import Refused
from chassis.gate import Verdict, address_of
from chassis.gatekeeper import Gatekeeper, HandlerFailed, Outcome
from chassis.queries import load_queries
from chassis.work import Work, run

_log = structlog.get_logger(__name__)
_queries = load_queries("chassis", "sql/gate.sql")


@dataclass(frozen=True, slots=True)
class _Taken:
    fact: fact_pb2.Fact
    outcome: Outcome


async def replay(gatekeeper: Gatekeeper, quarantine_id: str) -> int:
    """Applies a quarantined fact once more, then what was parked behind it; returns how many.

    A fact applied since is only taken out. Raises Refused NOT_IN_QUARANTINE, and REPLAY_FAILED
    with the fact still in its place.
    """

    async def body(work: Work) -> _Taken:
        fact = _readable(await _take(work, quarantine_id), quarantine_id)
        outcome = Outcome()
        sites = {fact.subject_id: fact.site_id}
        await work.lock_all(sites)
        book = await gatebook.read_book(work, gatekeeper.table.sources, sites, [fact])
        book.held.discard(address_of(fact))
        verdict = await gatekeeper.pass_one(work, book, fact, outcome)
        if outcome.bad or verdict is Verdict.WAIT:
            raise Refused(
                "REPLAY_FAILED",
                quarantine_id=quarantine_id,
                detail=outcome.bad[0].detail if outcome.bad else "an earlier fact is missing",
            )
        outcome.awakened = await gatebook.write_book(work, book, sites)
        return _Taken(fact, outcome)

    try:
        taken = await run(gatekeeper.database, gatekeeper.actor, body)
    except HandlerFailed as failure:
        # The type only: an error's text may hold what the payload held.
        detail = type(failure.error).__name__
        raise Refused("REPLAY_FAILED", quarantine_id=quarantine_id, detail=detail) from failure
    waiting = {taken.fact.subject_id: taken.fact.site_id} | taken.outcome.awakened
    return taken.outcome.applied_count + await gatekeeper.settle_alone(waiting)


async def drop(gatekeeper: Gatekeeper, quarantine_id: str, reason: str) -> None:
    """Gives a quarantined fact up: the gate passes over it when its turn comes.

    The operator's `reason` is logged. Raises Refused NOT_IN_QUARANTINE.
    """

    async def body(work: Work) -> dict[str, str]:
        row = await _take(work, quarantine_id)
        if not row["subject_id"] or row["reason"] in (gatebook.FORK, gatebook.UNREADABLE):
            # It holds nothing back: its place is taken, or was never known.
            return {}
        fact = _readable(row, quarantine_id)
        # A fact without a type or payload moves the gate, and no handler sees it.
        fact.type, fact.payload, fact.must_understand = "", b"", False
        del fact.causes[:]
        sites = {fact.subject_id: fact.site_id}
        await work.lock_all(sites)
        book = await gatebook.read_book(work, gatekeeper.table.sources, sites, [])
        book.held.discard(address_of(fact))
        verdict, awaits = book.judge(fact)
        outcome = Outcome()
        if verdict is Verdict.WAIT:
            book.park(fact, awaits)
        elif verdict is Verdict.APPLY:
            await gatekeeper.pass_one(work, book, fact, outcome)
        return sites | await gatebook.write_book(work, book, sites)

    waiting = await run(gatekeeper.database, gatekeeper.actor, body)
    _log.warning("quarantined_fact_dropped", quarantine_id=quarantine_id, reason=reason)
    await gatekeeper.settle_alone(waiting)


async def _take(work: Work, quarantine_id: str) -> asyncpg.Record:
    row = await work.connection.fetchrow(_queries.take_quarantined, quarantine_id)
    if row is None:
        raise Refused("NOT_IN_QUARANTINE", quarantine_id=quarantine_id)
    return row


def _readable(row: asyncpg.Record, quarantine_id: str) -> fact_pb2.Fact:
    try:
        fact = fact_pb2.Fact.FromString(row["fact"])
    except DecodeError:
        fact = fact_pb2.Fact()
    if not (fact.subject_id and fact.site_id) or row["reason"] == gatebook.UNREADABLE:
        raise Refused(
            "REPLAY_FAILED", quarantine_id=quarantine_id, detail="it has no readable address"
        )
    return fact
