"""Facts made for tests, hashed like real ones."""

from collections.abc import Iterable
from datetime import UTC, datetime

from google.protobuf.message import Message

from backstop.fact.v1 import fact_pb2
from chassis.ids import derived_fact_id
from chassis.journal import Cause, Entry, envelope, fact_hash

TIME = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def make_fact(
    source: str,
    subject_id: str,
    version: int,
    *,
    causes: Iterable[tuple[str, str, int]] = (),
    payload: bytes | Message = b"",
    type_name: str = "backstop.operations.v1.Finding",
    site_id: str = "site",
    must_understand: bool = False,
) -> fact_pb2.Fact:
    """Returns a fact as its source would have published it."""
    if isinstance(payload, Message):
        type_name, payload = payload.DESCRIPTOR.full_name, payload.SerializeToString()
    entry = Entry(
        fact_id=derived_fact_id(source, subject_id, version),
        source=source,
        site_id=site_id,
        subject_id=subject_id,
        subject_version=version,
        type=type_name,
        occurred_time=TIME,
        record_time=TIME,
        actor="service:test",
        acting_for="",
        causes=tuple(Cause(*cause) for cause in causes),
        trace="",
        payload=payload,
        must_understand=must_understand,
    )
    return envelope(entry, fact_hash(entry), version)
