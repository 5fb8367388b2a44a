"""What a journal entry is, byte for byte, so that anyone can check that none was changed.

The canonical form is also written in SQL (fsck.sql); a golden test holds both to the same bytes.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from backstop.fact.v1 import fact_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

GENESIS = bytes(32)


class Cause(NamedTuple):
    """Address of a fact that must have been applied before another one."""

    source: str
    subject_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal row before it has an id."""

    fact_id: UUID
    source: str
    site_id: str
    subject_id: str
    subject_version: int
    type: str
    occurred_time: datetime
    record_time: datetime
    actor: str
    acting_for: str
    causes: tuple[Cause, ...]
    trace: str
    payload: bytes
    must_understand: bool = False


def microseconds(time: datetime) -> int:
    """Returns whole microseconds since 1970; PostgreSQL keeps no more than these."""
    return (time - _EPOCH) // _MICROSECOND


def fact_hash(entry: Entry) -> bytes:
    """Returns SHA-256 over an entry's canonical form.

    Each field is its length in 4 bytes, big-endian, then its bytes: UUID as 16 bytes, text as
    UTF-8, numbers and microseconds since 1970 as 8 bytes, big-endian. Causes are their count in
    4 bytes, then three fields each. must_understand and the place in the feed are not covered.
    """
    parts: list[bytes] = [
        entry.fact_id.bytes,
        entry.source.encode(),
        entry.site_id.encode(),
        entry.subject_id.encode(),
        entry.subject_version.to_bytes(8, "big", signed=True),
        entry.type.encode(),
        microseconds(entry.occurred_time).to_bytes(8, "big", signed=True),
        microseconds(entry.record_time).to_bytes(8, "big", signed=True),
        entry.actor.encode(),
        entry.acting_for.encode(),
        entry.trace.encode(),
        entry.payload,
    ]
    for cause in entry.causes:
        parts += (
            cause.source.encode(),
            cause.subject_id.encode(),
            cause.version.to_bytes(8, "big", signed=True),
        )
    digest = hashlib.sha256(len(entry.causes).to_bytes(4, "big"))
    for part in parts:
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()


def chain_hash(previous: bytes, sequence: int, fact: bytes) -> bytes:
    """Returns a site's next feed hash: SHA-256 over previous, sequence (8 bytes), fact hash."""
    return hashlib.sha256(previous + sequence.to_bytes(8, "big", signed=True) + fact).digest()


def causes_to_json(causes: Sequence[Cause]) -> str:
    """Returns causes as the journal's column holds them."""
    return json.dumps([list(cause) for cause in causes], ensure_ascii=False)


def causes_from_json(text: str) -> tuple[Cause, ...]:
    """Reads the journal's column."""
    return tuple(Cause(str(s), str(i), int(v)) for s, i, v in json.loads(text))


def timestamp(time: datetime) -> Timestamp:
    """Returns a time as facts carry it, exact to the microsecond."""
    seconds, rest = divmod(microseconds(time), 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def from_timestamp(value: Timestamp) -> datetime:
    """Returns an aware UTC time; digits below the microsecond are dropped."""
    return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)


def envelope(entry: Entry, digest: bytes, site_sequence: int) -> fact_pb2.Fact:
    """Builds the fact that travels for an entry."""
    return fact_pb2.Fact(
        fact_id=str(entry.fact_id),
        source=entry.source,
        site_id=entry.site_id,
        subject_id=entry.subject_id,
        subject_version=entry.subject_version,
        type=entry.type,
        occurred_time=timestamp(entry.occurred_time),
        record_time=timestamp(entry.record_time),
        actor=fact_pb2.Actor(subject=entry.actor, acting_for=entry.acting_for),
        causes=[
            fact_pb2.Cause(source=c.source, subject_id=c.subject_id, subject_version=c.version)
            for c in entry.causes
        ],
        trace=entry.trace,
        payload=entry.payload,
        hash=digest,
        site_sequence=site_sequence,
        must_understand=entry.must_understand,
    )


def entry_of(fact: fact_pb2.Fact) -> Entry:
    """Returns the entry a fact was built from; ValueError when its id or times can't be."""
    try:
        return Entry(
            fact_id=UUID(fact.fact_id),
            source=fact.source,
            site_id=fact.site_id,
            subject_id=fact.subject_id,
            subject_version=fact.subject_version,
            type=fact.type,
            occurred_time=from_timestamp(fact.occurred_time),
            record_time=from_timestamp(fact.record_time),
            actor=fact.actor.subject,
            acting_for=fact.actor.acting_for,
            causes=tuple(Cause(c.source, c.subject_id, c.subject_version) for c in fact.causes),
            trace=fact.trace,
            payload=fact.payload,
            must_understand=fact.must_understand,
        )
    except OverflowError as error:
        raise ValueError("a time of the fact is out of range") from error
