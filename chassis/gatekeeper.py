"""Passes facts through the gate into handlers, one transaction per batch, so that each fact takes
effect exactly once however often, in whatever order and in whose hands it arrives.

A batch that fails is taken again fact by fact, each try counted in a transaction of its own
before it is made, so that even a crash counts; at five the fact goes to the quarantine. What
depends on the database or a peer being away is the caller's to wait for and costs no try.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from google.protobuf.message import DecodeError

from backstop.fact.v1 import fact_pb2
from chassis import gatebook, metrics
from chassis.actor import service_actor
from chassis.database import Database
from chassis.failures import dependency_of, is_retryable
from chassis.gate import Address, Book, Verdict, address_of, unreadable
from chassis.gatebook import Bad
from chassis.handling import Handlers, HandlerTable, ReceivedFact
from chassis.journal import Cause, from_timestamp
from chassis.queries import load_queries
from chassis.work import Work, run

_log = structlog.get_logger(__name__)
_queries = load_queries("chassis", "sql/gate.sql")

MAX_ATTEMPTS = 5
# Doubled with each try: a fact that keeps failing is given up after some six seconds.
FIRST_RETRY = timedelta(milliseconds=400)


class HandlerFailed(Exception):
    """A handler raised on a fact; the transaction was rolled back."""

    def __init__(self, fact: fact_pb2.Fact, error: Exception) -> None:
        super().__init__(f"{type(error).__name__} on {fact.type}")
        self.fact = fact
        self.error = error


class ForeignSubject(HandlerFailed):
    """A fact names a subject that is known under another site: it is not what it says."""


@dataclass(slots=True)
class Outcome:
    """What a transaction came to: fates of facts by (source, fate), and who waited for them."""

    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    awakened: dict[str, str] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)

    def note(self, fact: fact_pb2.Fact, fate: str) -> None:
        """Counts a fact's fate."""
        self.fates[fact.source, fate] += 1

    @property
    def applied_count(self) -> int:
        """Number of facts that took effect, or would have if anyone here cared for them."""
        return sum(n for (_, fate), n in self.fates.items() if fate in ("applied", "skipped"))


class Gatekeeper:
    """The gate of one service, over its worker database and its handlers."""

    def __init__(
        self, database: Database, handlers: Handlers, *, first_retry: timedelta = FIRST_RETRY
    ) -> None:
        self.database = database
        self._first_retry = first_retry
        self.table = HandlerTable(handlers)
        self.actor = service_actor(database.schema)
        # Tries that a lost dependency cut short: counted already, and not to be counted again.
        self._uncharged: set[Address] = set()

    async def take_message(self, body: bytes, source: str, *, alone: bool = False) -> None:
        """Takes a message that came under a source's routing key; commits before it returns.

        With `alone` fact by fact. Raises only what shows a dependency to be away.
        """
        try:
            batch = fact_pb2.FactBatch.FromString(body)
        except DecodeError:
            await self.put_aside(
                [Bad(gatebook.UNREADABLE, "not a FactBatch", source=source, raw=body)]
            )
            return
        await self.take(batch.facts, source, alone=alone)

    async def take(
        self, facts: Sequence[fact_pb2.Fact], source: str, *, alone: bool = False
    ) -> None:
        """Takes facts that came from `source`, in any order; see `take_message`."""
        problems = [(fact, unreadable(fact, source)) for fact in facts]
        bad = [
            Bad(gatebook.UNREADABLE, why, fact, source, fact.SerializeToString())
            for fact, why in problems
            if why
        ]
        if bad:
            await self.put_aside(bad)
        good = [fact for fact, why in problems if not why]
        if not good:
            return
        if not alone:
            try:
                with metrics.APPLY_SECONDS.labels(consumer=self.database.schema).time():
                    outcome = await self.apply(good)
                await self.settle(outcome.awakened)
                return
            except HandlerFailed as failure:
                self._report(failure, 0)
        for fact in good:
            await self.take_alone(fact)

    async def take_alone(self, fact: fact_pb2.Fact) -> int:
        """Tries one fact and then what waited for it, each try counted before it is made.

        Returns how many were applied; a fact that failed waits for its next try.
        """
        outcome = await self._try(fact)
        if outcome is None:
            return 0
        waiting = {fact.subject_id: fact.site_id} | outcome.awakened
        return outcome.applied_count + await self.settle_alone(waiting)

    async def settle_alone(self, subjects: Mapping[str, str]) -> int:
        """Like `settle`, fact by fact: for whatever may have ended a process before."""
        applied = 0
        waiting = dict(subjects)
        while waiting:
            subject_id, site_id = waiting.popitem()
            fact = await self._next_ready(subject_id)
            outcome = None if fact is None else await self._try(fact)
            if outcome is not None and outcome.applied_count:
                applied += outcome.applied_count
                waiting |= {subject_id: site_id} | outcome.awakened
        return applied

    async def settle(self, subjects: Mapping[str, str]) -> int:
        """Applies what is parked and ready for these subjects, {subject: site}, and what waits
        for that in turn; returns how many facts it was."""
        applied = 0
        waiting = dict(subjects)
        while waiting:
            now, waiting = waiting, {}
            try:
                outcome = await self.apply([], settle=now)
            except HandlerFailed as failure:
                self._report(failure, 0)
                # One by one, so that what stands before the one that fails takes effect.
                return applied + await self.settle_alone(now)
            applied += outcome.applied_count
            waiting = outcome.awakened
        return applied

    async def apply(
        self,
        facts: Sequence[fact_pb2.Fact],
        *,
        settle: Mapping[str, str] | None = None,
        follow: bool = True,
    ) -> Outcome:
        """Passes readable facts through the gate in one transaction.

        With `follow`, parked facts of the same subjects, and of `settle`, are applied as soon as
        they may be. Raises HandlerFailed, with nothing done.
        """

        async def body(work: Work) -> Outcome:
            outcome = Outcome()
            sites = dict(settle or {}) | {fact.subject_id: fact.site_id for fact in facts}
            await self._lock(work, sites, facts)
            book = await gatebook.read_book(work, self.table.sources, sites, facts)
            for fact in facts:
                await self.pass_one(work, book, fact, outcome)
            if follow:
                for fact in book.ready(sites):
                    await self.pass_one(work, book, fact, outcome)
            outcome.awakened = await gatebook.write_book(work, book, sites)
            await gatebook.quarantine(work, outcome.bad)
            return outcome

        outcome = await run(self.database, self.actor, body)
        for (source, fate), count in outcome.fates.items():
            metrics.FACTS_RECEIVED.labels(
                consumer=self.database.schema, source=source, fate=fate
            ).inc(count)
        return outcome

    async def pass_one(
        self, work: Work, book: Book, fact: fact_pb2.Fact, outcome: Outcome
    ) -> Verdict:
        """Does with a fact what the gate says; handlers run here."""
        address = address_of(fact)
        verdict, awaits = book.judge(fact)
        if verdict is Verdict.WAIT:
            book.park(fact, awaits)
            book.settle(address)
            outcome.note(fact, "parked")
        elif verdict is Verdict.FORK:
            _log.error(
                "fact_forked", source=fact.source, subject_id=fact.subject_id,
                version=fact.subject_version,
            )  # fmt: skip
            outcome.bad.append(Bad(gatebook.FORK, "another fact stands at this place", fact))
            outcome.note(fact, "fork")
        elif verdict is Verdict.APPLY:
            await self._handle(work, book, fact, outcome)
        else:
            if verdict is Verdict.DUPLICATE:
                book.settle(address)
            outcome.note(fact, verdict.value)
        return verdict

    async def put_aside(self, bad: Sequence[Bad]) -> None:
        """Quarantines facts in a transaction of its own, and says so in the log."""
        for one in bad:
            fact = one.fact or fact_pb2.Fact()
            _log.error(
                "fact_quarantined", reason=one.reason, detail=one.detail,
                source=one.source or fact.source, subject_id=fact.subject_id[:120],
                version=fact.subject_version,
            )  # fmt: skip
        await run(self.database, self.actor, lambda work: gatebook.quarantine(work, bad))

    async def _try(self, fact: fact_pb2.Fact) -> Outcome | None:
        """Makes one counted try; None when it failed and the fact was put off or given up."""
        address = address_of(fact)
        count = 1
        if address not in self._uncharged:
            count = await run(self.database, self.actor, lambda work: self._count(work, fact))
        if count > MAX_ATTEMPTS:
            await self._give_up(fact, "every try ended the process")
            return None
        try:
            outcome = await self.apply([fact], follow=False)
        except ForeignSubject:
            await self.put_aside([Bad(gatebook.UNREADABLE, "the site is another one", fact)])
            return None
        except HandlerFailed as failure:
            self._uncharged.discard(address)
            self._report(failure, count)
            if count >= MAX_ATTEMPTS:
                await self._give_up(fact, type(failure.error).__name__)
            else:
                await self._try_later(fact, count)
            return None
        except Exception as error:
            if dependency_of(error) or is_retryable(error):
                self._uncharged.add(address)
            raise
        self._uncharged.discard(address)
        return outcome

    async def _next_ready(self, subject_id: str) -> fact_pb2.Fact | None:
        async def look(work: Work) -> fact_pb2.Fact | None:
            book = await gatebook.read_book(work, self.table.sources, [subject_id], [])
            return next(book.ready([subject_id]), None)

        return await run(self.database, self.actor, look)

    async def _lock(
        self, work: Work, sites: dict[str, str], facts: Sequence[fact_pb2.Fact]
    ) -> None:
        for fact in facts:
            if sites[fact.subject_id] != fact.site_id:
                raise ForeignSubject(fact, LookupError("one subject under two sites"))
        try:
            await work.lock_all(sites)
        except LookupError as error:
            if not facts:
                raise
            # Taken fact by fact, only the one with the foreign subject fails.
            raise ForeignSubject(facts[0], error) from error

    async def _handle(self, work: Work, book: Book, fact: fact_pb2.Fact, outcome: Outcome) -> None:
        # An operator's "go on without it" has no type, and no handler sees it.
        bound = self.table.find(fact.source, fact.type) if fact.type else None
        if bound is None:
            if fact.must_understand:
                self._hold(book, outcome, fact, gatebook.UNKNOWN_TYPE, fact.type)
                return
            book.applied(fact)
            outcome.note(fact, "skipped")
            return
        try:
            message = fact if bound.type is fact_pb2.Fact else bound.type.FromString(fact.payload)
        except DecodeError:
            # Not FAILED: a later program won't read it either. It holds its successors back.
            detail = f"the payload is no {fact.type}"
            self._hold(book, outcome, fact, gatebook.FAILED, detail)
            return
        received = ReceivedFact(
            source=fact.source,
            subject_id=fact.subject_id,
            version=fact.subject_version,
            site_id=fact.site_id,
            type=fact.type,
            occurred_time=from_timestamp(fact.occurred_time),
            record_time=from_timestamp(fact.record_time),
            actor=fact.actor,
            message=message,
            envelope=fact,
        )
        cause = Cause(fact.source, fact.subject_id, fact.subject_version)
        try:
            with work.following(cause, fact.trace):
                await bound.handler(work, received)
        except Exception as error:
            if dependency_of(error) or is_retryable(error):
                raise
            raise HandlerFailed(fact, error) from error
        book.applied(fact)
        outcome.note(fact, "applied")

    @staticmethod
    def _hold(book: Book, outcome: Outcome, fact: fact_pb2.Fact, reason: str, detail: str) -> None:
        book.hold(address_of(fact))
        outcome.bad.append(Bad(reason, detail, fact))
        outcome.note(fact, "quarantined")

    @staticmethod
    async def _count(work: Work, fact: fact_pb2.Fact) -> int:
        count: int = await work.connection.fetchval(
            _queries.count_attempt,
            fact.source, fact.subject_id, fact.subject_version, fact.site_id,
        )  # fmt: skip
        return count

    async def _try_later(self, fact: fact_pb2.Fact, count: int) -> None:
        async def park(work: Work) -> None:
            sites = {fact.subject_id: fact.site_id}
            await work.lock_all(sites)
            book = await gatebook.read_book(work, self.table.sources, sites, [fact])
            if book.judge(fact)[0] is Verdict.APPLY:
                book.park(fact, None, work.time + self._first_retry * 2 ** (count - 1))
                await gatebook.write_book(work, book, sites)

        await run(self.database, self.actor, park)

    async def _give_up(self, fact: fact_pb2.Fact, detail: str) -> None:
        bad = Bad(gatebook.FAILED, detail, fact)

        async def body(work: Work) -> None:
            sites = {fact.subject_id: fact.site_id}
            await work.lock_all(sites)
            book = await gatebook.read_book(work, self.table.sources, sites, [fact])
            if book.judge(fact)[0] in (Verdict.APPLY, Verdict.WAIT):
                book.hold(address_of(fact))
                await gatebook.write_book(work, book, sites)
                await gatebook.quarantine(work, [bad])
            await work.connection.execute(
                _queries.forget_attempts, fact.source, fact.subject_id, fact.subject_version
            )

        await run(self.database, self.actor, body)
        _log.error(
            "fact_quarantined", reason=bad.reason, detail=detail, source=fact.source,
            subject_id=fact.subject_id, version=fact.subject_version,
        )  # fmt: skip

    def _report(self, failure: HandlerFailed, attempt: int) -> None:
        fact = failure.fact
        _log.warning(
            "fact_handler_failed", source=fact.source, subject_id=fact.subject_id,
            version=fact.subject_version, type=fact.type, attempt=attempt,
            exc_info=failure.error,
        )  # fmt: skip
