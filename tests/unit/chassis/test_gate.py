"""However facts arrive, each is applied once, in order, and after what it follows."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstop.fact.v1 import fact_pb2
from chassis import gate, journal
from chassis.gate import Address, Book, GateState, Key, Verdict, address_of
from tests.unit.chassis.facts import make_fact

SOURCES = frozenset({"a", "b"})


@dataclass
class Consumer:
    """The gate's rules over memory, batch by batch, as gatebook keeps them in tables."""

    gates: dict[Key, GateState] = field(default_factory=dict)
    parked: dict[Address, gate.Parked] = field(default_factory=dict)
    log: list[Address] = field(default_factory=list)
    forks: list[Address] = field(default_factory=list)

    def take(self, facts: Sequence[fact_pb2.Fact]) -> None:
        waiting = self._batch({fact.subject_id for fact in facts}, facts)
        while waiting:
            waiting = self._batch(waiting, ())

    def _batch(self, subjects: set[str], facts: Sequence[fact_pb2.Fact]) -> set[str]:
        parked = {a: e for a, e in self.parked.items() if a.subject_id in subjects}
        book = Book("me", SOURCES, self.gates, parked)
        for fact in facts:
            self._one(book, fact)
        for fact in book.ready(subjects):
            self._one(book, fact)
        for address in book.unparked - book.newly_parked.keys():
            self.parked.pop(address, None)
        self.parked.update(book.newly_parked)
        return {
            address.subject_id
            for address, entry in self.parked.items()
            if entry.awaits is not None
            and address.subject_id not in subjects
            and Key(*entry.awaits[:2]) in book.sites
            and self.gates[Key(*entry.awaits[:2])].version >= entry.awaits.version
        }

    def _one(self, book: Book, fact: fact_pb2.Fact) -> None:
        verdict, awaits = book.judge(fact)
        if verdict is Verdict.APPLY:
            book.applied(fact)
            self.log.append(address_of(fact))
        elif verdict is Verdict.WAIT:
            book.park(fact, awaits)
        elif verdict is Verdict.FORK:
            self.forks.append(address_of(fact))


def history(subjects: int, versions: int) -> list[fact_pb2.Fact]:
    """Two sources over some subjects; b's facts follow a's, and some of another subject."""
    facts = []
    for subject in range(subjects):
        for version in range(1, versions + 1):
            facts.append(make_fact("a", f"s{subject}", version))
            causes = [("a", f"s{subject}", version), ("me", f"s{subject}", 99), ("other", "z", 5)]
            if subject:
                causes.append(("b", f"s{subject - 1}", version))
            facts.append(make_fact("b", f"s{subject}", version, causes=causes))
    return facts


def check(consumer: Consumer, facts: Sequence[fact_pb2.Fact]) -> None:
    assert sorted(consumer.log) == sorted(address_of(fact) for fact in facts)
    place = {address: index for index, address in enumerate(consumer.log)}
    for fact in facts:
        address = address_of(fact)
        if address.version > 1:
            assert place[Address(*address.key, address.version - 1)] < place[address]
        for cause in fact.causes:
            if cause.source in SOURCES:
                before = Address(cause.source, cause.subject_id, cause.subject_version)
                assert place[before] < place[address]
    assert not consumer.parked
    assert not consumer.forks


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(1, 4))
def test_shuffled_and_tripled_each_is_applied_once_and_in_order(
    data: st.DataObject, subjects: int, versions: int
) -> None:
    facts = history(subjects, versions)
    arriving = data.draw(st.permutations(facts * 3))
    consumer = Consumer()
    while arriving:
        size = data.draw(st.integers(1, 7))
        consumer.take(arriving[:size])
        arriving = arriving[size:]
    check(consumer, facts)


def test_all_interleavings_of_two_sources_end_the_same() -> None:
    a = [make_fact("a", "s", version) for version in (1, 2, 3)]
    b = [make_fact("b", "s", version, causes=[("a", "s", version)]) for version in (1, 2, 3)]
    count = 0
    for places in itertools.combinations(range(6), 3):
        left, right = iter(a), iter(b)
        consumer = Consumer()
        for index in range(6):
            consumer.take([next(left) if index in places else next(right)])
        check(consumer, [*a, *b])
        assert {key: gate.hashes for key, gate in consumer.gates.items()} == {
            Key("a", "s"): b"".join(fact.hash[:8] for fact in a),
            Key("b", "s"): b"".join(fact.hash[:8] for fact in b),
        }
        count += 1
    assert count == 20


def test_another_fact_at_an_applied_place_is_a_fork() -> None:
    consumer = Consumer()
    consumer.take([make_fact("a", "s", 1), make_fact("a", "s", 2)])
    consumer.take([make_fact("a", "s", 1, payload=b"other")])
    assert consumer.forks == [Address("a", "s", 1)]
    assert consumer.gates[Key("a", "s")].version == 2


def test_another_fact_at_a_parked_place_is_a_fork() -> None:
    consumer = Consumer()
    consumer.take([make_fact("a", "s", 2)])
    consumer.take([make_fact("a", "s", 2, payload=b"other")])
    assert consumer.forks == [Address("a", "s", 2)]


def test_the_window_forgets_only_what_is_older_than_256_versions() -> None:
    state = GateState()
    for version in range(1, 301):
        state.advance(version.to_bytes(32, "big"))
    assert len(state.hashes) == gate.WINDOW * gate.PREFIX_BYTES
    other = b"\xff" * 32
    assert state.same(44, other)
    assert not state.same(45, other)
    assert not state.same(300, other)


def test_a_held_fact_keeps_its_successors_back() -> None:
    consumer = Consumer()
    book = Book("me", SOURCES, consumer.gates, held={Address("a", "s", 1)})
    assert book.judge(make_fact("a", "s", 1))[0] is Verdict.HELD
    assert book.judge(make_fact("a", "s", 2)) == (Verdict.WAIT, journal.Cause("a", "s", 1))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"source": "b"}, "source"),
        ({"subject_id": ""}, "lacks"),
        ({"subject_version": 0}, "lacks"),
        ({"type": ""}, "lacks"),
        ({"trace": "a\x00b"}, "zero"),
        ({"fact_id": "no uuid"}, "can't be read"),
        ({"payload": b"changed"}, "hash"),
        ({"site_id": "changed"}, "hash"),
    ],
)
def test_an_envelope_that_is_not_what_it_says_is_unreadable(
    change: dict[str, object], problem: str
) -> None:
    fact = make_fact("a", "s", 1)
    for name, value in change.items():
        setattr(fact, name, value)
    found = gate.unreadable(fact, "a")
    assert problem in found
    assert bool(found) is bool(change)
    assert gate.unreadable(make_fact("a", "s", 1), "b")
