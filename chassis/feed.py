"""The feed: every fact of a service in one order, without gaps, each site's part chained by hash.

Transactions commit in another order than their journal ids were drawn in, so the order is given
afterwards, by one stamper. Who reads the feed up to a position has read everything before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from backstop.fact.v1 import fact_pb2
from chassis import metrics
from chassis.database import Connection, Database
from chassis.journal import GENESIS, Entry, causes_from_json, chain_hash, envelope
from chassis.queries import load_queries
from chassis.work import FACTS

_queries = load_queries("chassis", "sql/feed.sql")

STAMP_LIMIT = 1000

# Topic of the wake-up for whoever reads the feed: facts have been given their places.
STAMPED = "stamped"


async def try_lock(connection: Connection, schema: str) -> bool:
    """Makes this connection the stamper's and the relay's, unless another session is."""
    locked: bool = await connection.fetchval(_queries.try_lock, f"backstop relay {schema}")
    return locked


async def stamp(connection: Connection, source: str, limit: int = STAMP_LIMIT) -> int:
    """Gives up to `limit` unstamped facts their places; returns how many.

    The connection must hold the stamper's lock (`try_lock`): a lost connection then also loses
    what it was stamping, and two stampers never meet. One statement writes, so no transaction.
    """
    rows = await connection.fetch(_queries.read_pending, limit)
    if not rows:
        return 0
    heads: dict[str, tuple[int, bytes]] = {}
    sequences: list[int] = []
    hashes: list[bytes] = []
    for row in rows:
        site_id = row["site_id"]
        sequence, previous = heads.get(site_id) or (
            row["site_sequence"] or 0, row["site_hash"] or GENESIS
        )  # fmt: skip
        sequence += 1
        digest = chain_hash(previous, sequence, row["hash"])
        heads[site_id] = sequence, digest
        sequences.append(sequence)
        hashes.append(digest)
    await connection.execute(
        _queries.write_feed,
        rows[0]["last_position"],
        [row["journal_id"] for row in rows],
        [row["site_id"] for row in rows],
        sequences,
        hashes,
        list(heads),
        [sequence for sequence, _ in heads.values()],
        [digest for _, digest in heads.values()],
    )
    metrics.FACTS_STAMPED.labels(source=source).inc(len(rows))
    return len(rows)


@dataclass(frozen=True, slots=True)
class Unpublished:
    """Facts after the relay's head, in order, and the head they were read at."""

    head: int
    positions: Sequence[int]
    facts: Sequence[fact_pb2.Fact]


async def read_unpublished(database: Database, limit: int) -> Unpublished:
    """Reads facts after the relay's head."""
    async with database.connection() as connection:
        rows = await connection.fetch(_queries.read_unpublished, limit)
    if not rows:
        return Unpublished(0, (), ())
    return Unpublished(
        rows[0]["head"],
        [row["position"] for row in rows],
        [fact_of(database.schema, row) for row in rows],
    )


async def move_head(database: Database, head: int, position: int) -> bool:
    """Moves the relay's head on, unless someone else has moved it since it was read."""
    async with database.connection() as connection:
        status = await connection.execute(_queries.move_head, head, position)
    return status.endswith(" 1")


async def rewind(database: Database, position: int) -> tuple[int | None, int]:
    """Sets the relay's head; returns how many facts follow it and the feed's last position.

    Beyond the feed's end nothing is set, and the number is None.
    """
    async with database.connection() as connection, connection.transaction():
        end: int = await connection.fetchval(_queries.read_end)
        if position > end:
            return None, end
        await connection.execute(_queries.set_head, position)
    database.wake(FACTS)
    return end - position, end


async def relay_lag(connection: Connection) -> timedelta:
    """Returns the age of the oldest fact that isn't known to be with the broker; zero if none."""
    lag: timedelta = await connection.fetchval(_queries.relay_lag)
    return max(lag, timedelta(0))


async def read_subject(
    connection: Connection, source: str, subject_id: str, from_version: int, limit: int
) -> list[fact_pb2.Fact]:
    """Returns stamped facts of a subject from a version on, in order."""
    rows = await connection.fetch(_queries.read_subject, subject_id, from_version, limit)
    return [fact_of(source, row) for row in rows]


@dataclass(frozen=True, slots=True)
class SiteFact:
    """A fact where it stands in its site's feed; `site_hash` chains it to the one before."""

    sequence: int
    site_hash: bytes
    subject_id: str
    version: int
    type: str
    occurred_time: datetime
    record_time: datetime
    actor: str
    acting_for: str
    payload: bytes


async def read_site(connection: Connection, site_id: str, after: int, limit: int) -> list[SiteFact]:
    """Returns a site's facts after a sequence, in order and without a gap."""
    return [
        SiteFact(
            sequence=row["site_sequence"],
            site_hash=row["site_hash"],
            subject_id=row["subject_id"],
            version=row["subject_version"],
            type=row["type"],
            occurred_time=row["occurred_time"],
            record_time=row["record_time"],
            actor=row["actor"],
            acting_for=row["acting_for"],
            payload=row["payload"],
        )
        for row in await connection.fetch(_queries.read_site, site_id, after, limit)
    ]


async def link_at(connection: Connection, site_id: str, sequence: int) -> bytes | None:
    """Returns the hash at a sequence of a site's feed; None where the feed hasn't come to."""
    digest: bytes | None = await connection.fetchval(_queries.get_link, site_id, sequence)
    return digest


async def site_end(connection: Connection, site_id: str) -> int:
    """Returns the last sequence of a site's feed; 0 for one without facts."""
    end: int = await connection.fetchval(_queries.get_site_end, site_id)
    return end


def fact_of(source: str, row: asyncpg.Record) -> fact_pb2.Fact:
    """Builds the fact that travels from a row of journal and feed."""
    entry = Entry(
        fact_id=row["fact_id"],
        source=source,
        site_id=row["site_id"],
        subject_id=row["subject_id"],
        subject_version=row["subject_version"],
        type=row["type"],
        occurred_time=row["occurred_time"],
        record_time=row["record_time"],
        actor=row["actor"],
        acting_for=row["acting_for"],
        causes=causes_from_json(row["causes"]),
        trace=row["trace"],
        payload=row["payload"],
        must_understand=row["must_understand"],
    )
    return envelope(entry, row["hash"], row["site_sequence"])
