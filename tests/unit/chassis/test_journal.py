"""The canonical form of a fact never changes: hashes of years ago must still verify."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chassis import journal
from chassis.journal import Cause, Entry

ENTRY = Entry(
    fact_id=UUID("01936b2e-7c00-7000-8000-000000000001"),
    source="intake",
    site_id="yuwu",
    subject_id="01936b2e-7c00-7000-8000-0000000000aa",
    subject_version=3,
    type="backstop.intake.v1.Something",
    occurred_time=datetime(2026, 11, 22, 8, 30, 0, 123456, UTC),
    record_time=datetime(2026, 11, 22, 8, 31, tzinfo=UTC),
    actor="P001",
    acting_for="P002",
    causes=(Cause("sla", "x", 2), Cause("routing", "余吾", 1)),
    trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    payload=b"\x0a\x03abc",
)
GOLDEN = "a1ceccdec4a45f87d50b8206e715ea033c54ba49a26c3f2a3ebc00a85bd34b24"


def test_the_hash_of_a_known_entry_is_what_it_always_was() -> None:
    assert journal.fact_hash(ENTRY).hex() == GOLDEN


@pytest.mark.parametrize(
    "change",
    [
        {"fact_id": UUID("01936b2e-7c00-7000-8000-000000000002")},
        {"source": "sla"},
        {"site_id": "other"},
        {"subject_id": "other"},
        {"subject_version": 4},
        {"type": "backstop.intake.v1.Other"},
        {"occurred_time": ENTRY.occurred_time + timedelta(microseconds=1)},
        {"record_time": ENTRY.record_time + timedelta(microseconds=1)},
        {"actor": "P0"},
        {"acting_for": ""},
        {"causes": ENTRY.causes[:1]},
        {"causes": ENTRY.causes[::-1]},
        {"trace": ""},
        {"payload": b""},
        # The same bytes, cut elsewhere.
        {"actor": "P00", "acting_for": "1P002"},
    ],
)
def test_any_other_field_gives_another_hash(change: dict[str, object]) -> None:
    assert journal.fact_hash(replace(ENTRY, **change)).hex() != GOLDEN  # type: ignore[arg-type]


def test_an_entry_survives_the_journey_as_a_fact() -> None:
    fact = journal.envelope(ENTRY, journal.fact_hash(ENTRY), 7)
    back = journal.entry_of(type(fact).FromString(fact.SerializeToString()))
    assert back == ENTRY
    assert journal.fact_hash(back) == fact.hash


def test_causes_survive_the_column() -> None:
    assert journal.causes_from_json(journal.causes_to_json(ENTRY.causes)) == ENTRY.causes


def test_a_time_before_1970_keeps_its_microseconds() -> None:
    time = datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)
    assert journal.from_timestamp(journal.timestamp(time)) == time


def test_a_chain_depends_on_everything_before_it() -> None:
    one = journal.chain_hash(journal.GENESIS, 1, b"a" * 32)
    assert journal.chain_hash(one, 2, b"b" * 32) != journal.chain_hash(
        journal.chain_hash(journal.GENESIS, 1, b"c" * 32), 2, b"b" * 32
    )
