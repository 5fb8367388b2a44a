"""The gate's rules, without I/O: which fact may be applied now, which waits, which is a fork.

Messages arrive doubled, out of order and in several hands. Per source and subject the gate knows
the last version applied and the hashes of the last 256; a fact is applied when it is the next one
and everything it follows has been applied.
"""

import enum
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from backstop.fact.v1 import fact_pb2
from chassis.journal import Cause, entry_of, fact_hash

WINDOW = 256
PREFIX_BYTES = 8


class Key(NamedTuple):
    """One gate: what one source tells about one subject."""

    source: str
    subject_id: str


class Address(NamedTuple):
    """One fact's place."""

    source: str
    subject_id: str
    version: int

    @property
    def key(self) -> Key:
        """The gate it passes."""
        return Key(self.source, self.subject_id)


def address_of(fact: fact_pb2.Fact) -> Address:
    """Returns a fact's address."""
    return Address(fact.source, fact.subject_id, fact.subject_version)


def unreadable(fact: fact_pb2.Fact, source: str) -> str:
    """Tells what is wrong with an envelope that came from `source`; empty when nothing is."""
    if fact.source != source:
        return "the source is not the one it came from"
    texts = (fact.site_id, fact.subject_id, fact.type, fact.actor.subject, fact.trace)
    if not all((fact.site_id, fact.subject_id, fact.type)) or fact.subject_version < 1:
        return "the envelope lacks a site, a subject, a version or a type"
    if any("\x00" in text for text in texts):
        return "the envelope holds a zero character"
    try:
        matches = fact_hash(entry_of(fact)) == fact.hash
    except (ValueError, OverflowError):
        return "the envelope holds an id or a time that can't be read"
    return "" if matches else "the hash is another one"


@dataclass(slots=True)
class GateState:
    """Last version applied, and 8 bytes of the hash of each of the last versions, newest last."""

    version: int = 0
    hashes: bytes = b""

    def advance(self, digest: bytes) -> None:
        """Passes the next version."""
        self.version += 1
        self.hashes = (self.hashes + digest[:PREFIX_BYTES])[-WINDOW * PREFIX_BYTES :]

    def same(self, version: int, digest: bytes) -> bool:
        """Tells whether the fact applied as `version` had this hash; true when too long ago."""
        start = len(self.hashes) - PREFIX_BYTES * (self.version - version + 1)
        return start < 0 or self.hashes[start : start + PREFIX_BYTES] == digest[:PREFIX_BYTES]


@dataclass(slots=True)
class Parked:
    """A fact that waits, for another fact (`awaits`) or for its next try (`retry_time`)."""

    fact: fact_pb2.Fact
    awaits: Cause | None
    retry_time: datetime | None = None


class Verdict(enum.Enum):
    """What to do with a fact now."""

    APPLY = "apply"
    DUPLICATE = "duplicate"
    FORK = "fork"
    WAIT = "wait"
    # It stands in the quarantine, where only an operator lets it out.
    HELD = "held"


@dataclass(slots=True)
class Book:
    """The gates of some locked subjects as one transaction sees and changes them.

    `gates` may also hold gates of other subjects, read only, that causes point to. `held` are
    addresses in the quarantine.
    """

    service: str
    sources: frozenset[str]
    gates: dict[Key, GateState]
    parked: dict[Address, Parked] = field(default_factory=dict)
    held: set[Address] = field(default_factory=set)
    # What has changed, for the one statement that writes it.
    sites: dict[Key, str] = field(default_factory=dict)
    settled: set[Address] = field(default_factory=set)
    unparked: set[Address] = field(default_factory=set)
    newly_parked: dict[Address, Parked] = field(default_factory=dict)

    def judge(self, fact: fact_pb2.Fact) -> tuple[Verdict, Cause | None]:
        """Decides about a fact; with WAIT comes what it waits for."""
        address = address_of(fact)
        last = self._version(address.key)
        if address.version <= last:
            same = self.gates[address.key].same(address.version, fact.hash)
            return (Verdict.DUPLICATE if same else Verdict.FORK), None
        if address in self.held:
            return Verdict.HELD, None
        twin = self.parked.get(address)
        if twin is not None and twin.fact.hash != fact.hash:
            return Verdict.FORK, None
        if address.version > last + 1:
            return Verdict.WAIT, Cause(*address.key, address.version - 1)
        missing = self._missing(fact)
        return (Verdict.APPLY, None) if missing is None else (Verdict.WAIT, missing)

    def applied(self, fact: fact_pb2.Fact) -> None:
        """Moves the gate over a fact."""
        address = address_of(fact)
        self.gates.setdefault(address.key, GateState()).advance(fact.hash)
        self.sites[address.key] = fact.site_id
        self.settle(address)
        self.drop(address)

    def park(
        self, fact: fact_pb2.Fact, awaits: Cause | None, retry_time: datetime | None = None
    ) -> None:
        """Keeps a fact until what it awaits has been applied, or until its next try."""
        address = address_of(fact)
        entry = Parked(fact, awaits, retry_time)
        known = self.parked.get(address)
        if known is not None and known.awaits == awaits and known.retry_time == retry_time:
            return
        self.parked[address] = entry
        self.newly_parked[address] = entry

    def settle(self, address: Address) -> None:
        """Notes that a try of this fact ended well: its attempts are forgotten."""
        self.settled.add(address)

    def ready(self, subjects: Iterable[str]) -> Iterator[fact_pb2.Fact]:
        """Yields parked facts of these subjects that may be applied now, until none is left.

        The caller applies each, or holds it, before it asks for the next. Facts that wait for
        another try are left to whoever counts the tries.
        """
        wanted = set(subjects)
        keys = sorted({address.key for address in self.parked if address.subject_id in wanted})
        moved = True
        while moved:
            moved = False
            for key in keys:
                while (entry := self._next_parked(key)) is not None:
                    verdict, awaits = self.judge(entry.fact)
                    if verdict is Verdict.WAIT:
                        self.park(entry.fact, awaits)
                    if verdict is not Verdict.APPLY:
                        break
                    before = self._version(key)
                    yield entry.fact
                    if self._version(key) == before:
                        break
                    moved = True
        for address in [a for a in self.parked if a.subject_id in wanted]:
            if address.version <= self._version(address.key):
                # It was applied from another copy while it was parked.
                self._forget(address)

    def hold(self, address: Address) -> None:
        """Notes that a fact goes to the quarantine and keeps its successors back."""
        self.held.add(address)
        self.drop(address)

    def _next_parked(self, key: Key) -> Parked | None:
        entry = self.parked.get(Address(*key, self._version(key) + 1))
        return None if entry is None or entry.retry_time is not None else entry

    def _forget(self, address: Address) -> None:
        del self.parked[address]
        self.newly_parked.pop(address, None)
        # It may be a row from before that was only changed here; to delete none is harmless.
        self.unparked.add(address)

    def drop(self, address: Address) -> None:
        """Takes a fact out of the waiting ones."""
        if address in self.parked:
            self._forget(address)

    def _version(self, key: Key) -> int:
        state = self.gates.get(key)
        return 0 if state is None else state.version

    def _missing(self, fact: fact_pb2.Fact) -> Cause | None:
        for cause in fact.causes:
            # Its own facts it knows, and of those it isn't bound to it will never hear.
            if cause.source == self.service or cause.source not in self.sources:
                continue
            if self._version(Key(cause.source, cause.subject_id)) < cause.subject_version:
                return Cause(cause.source, cause.subject_id, cause.subject_version)
        return None


def causes_elsewhere(facts: Iterable[fact_pb2.Fact], subjects: Container[str]) -> set[str]:
    """Returns subjects that causes point to and that aren't among `subjects`."""
    return {
        cause.subject_id
        for fact in facts
        for cause in fact.causes
        if cause.subject_id not in subjects
    }
