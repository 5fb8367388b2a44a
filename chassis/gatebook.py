"""Reads the gates of a batch's subjects into a book, and writes back what changed: three
statements for a batch, however many facts it holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backstop.fact.v1 import fact_pb2
from chassis import metrics
from chassis.gate import Address, Book, GateState, Key, Parked, causes_elsewhere
from chassis.ids import new_id
from chassis.journal import Cause
from chassis.queries import load_queries
from chassis.work import Work

_queries = load_queries("chassis", "sql/gate.sql")

FAILED = "FAILED"
FORK = "FORK"
UNREADABLE = "UNREADABLE"
UNKNOWN_TYPE = "UNKNOWN_TYPE"
DEAD_LETTERED = "DEAD_LETTERED"

_LONGEST_DETAIL = 500
_LONGEST_ID = 120


@dataclass(frozen=True, slots=True)
class Bad:
    """A fact on its way to the quarantine; `raw` where not even the envelope could be read."""

    reason: str
    detail: str
    fact: fact_pb2.Fact | None = None
    source: str = ""
    raw: bytes = b""


async def read_book(
    work: Work,
    sources: frozenset[str],
    subjects: Iterable[str],
    facts: Sequence[fact_pb2.Fact],
) -> Book:
    """Reads gates, parked facts and the quarantine's hold for locked subjects."""
    wanted = sorted(set(subjects))
    book = Book(work.service, sources, {})
    for row in await work.connection.fetch(_queries.read_waiting, wanted):
        address = Address(row["source"], row["subject_id"], row["version"])
        if row["kind"] == "held":
            book.held.add(address)
            continue
        awaits = None
        if row["awaits_source"] is not None:
            awaits = Cause(row["awaits_source"], row["awaits_subject_id"], row["awaits_version"])
        fact = fact_pb2.Fact.FromString(row["fact"])
        book.parked[address] = Parked(fact, awaits, row["retry_time"])
    parked = [entry.fact for entry in book.parked.values()]
    elsewhere = causes_elsewhere([*facts, *parked], set(wanted))
    rows = await work.connection.fetch(_queries.read_gates, [*wanted, *sorted(elsewhere)])
    for row in rows:
        key = Key(row["source"], row["subject_id"])
        book.gates[key] = GateState(row["version"], row["hashes"])
    return book


async def write_book(work: Work, book: Book, subjects: Iterable[str]) -> dict[str, str]:
    """Writes what changed; returns subjects elsewhere that waited for it, {subject: site}."""
    if not (book.sites or book.settled or book.unparked or book.newly_parked):
        return {}
    moved = [(key, site, book.gates[key]) for key, site in book.sites.items()]
    late = sorted(book.newly_parked.items(), key=lambda item: item[0])
    awaited = [entry.awaits for _, entry in late]
    rows = await work.connection.fetch(
        _queries.flush_gates,
        [key.source for key, _, _ in moved],
        [key.subject_id for key, _, _ in moved],
        [site for _, site, _ in moved],
        [gate.version for _, _, gate in moved],
        [gate.hashes for _, _, gate in moved],
        *_columns(sorted(book.unparked - book.newly_parked.keys())),
        *_columns(sorted(book.settled)),
        *_columns([address for address, _ in late]),
        [entry.fact.site_id for _, entry in late],
        [entry.fact.SerializeToString() for _, entry in late],
        [None if cause is None else cause.source for cause in awaited],
        [None if cause is None else cause.subject_id for cause in awaited],
        [None if cause is None else cause.version for cause in awaited],
        [entry.retry_time for _, entry in late],
        sorted(set(subjects)),
        work.time,
    )
    return {row["subject_id"]: row["site_id"] for row in rows}


async def quarantine(work: Work, bad: Sequence[Bad]) -> None:
    """Puts facts aside in one statement; the same bytes for the same address once."""
    if not bad:
        return
    facts = [fact_pb2.Fact() if one.fact is None else one.fact for one in bad]
    await work.connection.execute(
        _queries.quarantine,
        [new_id() for _ in bad],
        [_text(one.source or fact.source) for one, fact in zip(bad, facts, strict=True)],
        [_text(fact.subject_id) for fact in facts],
        [fact.subject_version for fact in facts],
        [_text(fact.site_id) for fact in facts],
        [one.raw or fact.SerializeToString() for one, fact in zip(bad, facts, strict=True)],
        [one.reason for one in bad],
        [one.detail.replace("\x00", " ")[:_LONGEST_DETAIL] for one in bad],
        work.time,
    )
    for one in bad:
        metrics.FACTS_QUARANTINED.labels(consumer=work.service, reason=one.reason).inc()


def _columns(addresses: Iterable[Address]) -> tuple[list[str], list[str], list[int]]:
    listed = list(addresses)
    return (
        [address.source for address in listed],
        [address.subject_id for address in listed],
        [address.version for address in listed],
    )


def _text(value: str) -> str:
    """Returns what PostgreSQL can hold of a text that nobody has checked."""
    return value.replace("\x00", " ")[:_LONGEST_ID]
