"""One transaction, from the first lock to the journal: what every handler is given.

State changes lock their subjects first, decide, store, and record facts; the facts, the subjects'
new versions, the stamper's list and the request row are written together by one statement just
before the commit. So a fact exists exactly when the state it tells of does, and a repeated
request finds what it did before.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from google.protobuf.message import Message

from chassis.actor import Actor
from chassis.call import Call
from chassis.conflicts import trying
from chassis.database import Connection, Database, scope_of
from chassis.errors import Refused
from chassis.ids import new_fact_id, new_id
from chassis.journal import Cause, Entry, causes_to_json, fact_hash
from chassis.queries import load_queries

T = TypeVar("T")

# Topics of wake-ups that the chassis itself listens to.
FACTS = "facts"
JOBS = "jobs"

_queries = load_queries("chassis")
_job_queries = load_queries("chassis", "sql/jobs.sql")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a mutation did: the subject it changed, the version it left, and a word of outcome.

    Kept for replays instead of the response, so keep personal data out of `outcome`.
    """

    subject_id: str
    version: int
    outcome: str = ""
    replayed: bool = False


@dataclass(slots=True)
class _Subject:
    site_id: str
    version: int
    stored: int
    new: bool = False


class Work:
    """An open transaction of one actor. Ends with the function it was given to."""

    def __init__(
        self,
        database: Database,
        connection: Connection,
        actor: Actor,
        time: datetime,
        raw_time: datetime,
        trace: str = "",
    ) -> None:
        self._database = database
        self._subjects: dict[str, _Subject] = {}
        self._entries: list[tuple[Entry, bytes]] = []
        self._topics: set[str] = set()
        self._trace = trace
        self._causes: tuple[Cause, ...] = ()
        self.connection = connection
        self.actor = actor
        self.time = time
        self.raw_time = raw_time

    @property
    def service(self) -> str:
        """Name of the service whose transaction this is: the source of its facts."""
        return self._database.schema

    async def lock(self, site_id: str, *subject_ids: str) -> None:
        """Locks subjects of one site in sorted order, creating the missing ones.

        Call it once per transaction with all subjects, so that no two transactions wait for each
        other. Raises LookupError for a subject of another site.
        """
        await self.lock_all(dict.fromkeys(subject_ids, site_id))

    async def lock_all(self, sites: dict[str, str]) -> None:
        """Locks subjects given with their sites, {subject id: site id}; see `lock`."""
        wanted = {key: site for key, site in sites.items() if key not in self._subjects}
        if wanted:
            found = await self.lock_existing(*wanted)
            missing = sorted(wanted.keys() - found.keys())
            if missing:
                try:
                    rows = await self.connection.fetch(
                        _queries.make_subjects, missing, [wanted[key] for key in missing]
                    )
                except asyncpg.InsufficientPrivilegeError as error:
                    raise LookupError("a subject belongs to a site out of sight") from error
                self._keep(rows)
        for key, site in sites.items():
            if self._subjects[key].site_id != site:
                raise LookupError(f"the subject {key} belongs to another site")

    async def lock_existing(self, *subject_ids: str) -> dict[str, str]:
        """Locks those subjects that exist and are in sight; returns {subject id: site id}.

        For commands that name a subject but not its site.
        """
        rows = await self.connection.fetch(_queries.lock_subjects, sorted(set(subject_ids)))
        return self._keep(rows)

    async def lock_free(self, *subject_ids: str) -> dict[str, str]:
        """Locks those subjects that nobody else holds at the moment; returns {subject id: site id}.

        For workers beside one another, each of which finds other work to do meanwhile.
        """
        rows = await self.connection.fetch(_queries.lock_free_subjects, sorted(set(subject_ids)))
        return self._keep(rows)

    def create(self, site_id: str, subject_id: str) -> None:
        """Takes a subject whose id was made just now; its row is written with the facts.

        Saves the round trips of `lock` where nobody else can know the id yet.
        """
        if subject_id in self._subjects:
            raise LookupError(f"the subject {subject_id} is held already")
        self._subjects[subject_id] = _Subject(site_id, 0, 0, new=True)

    def version(self, subject_id: str) -> int:
        """Returns the version of a locked subject, facts of this transaction included; 0 = new."""
        return self._held(subject_id).version

    def expect(self, subject_id: str, expected_version: int) -> None:
        """Raises Refused VERSION_MISMATCH unless the subject is as the caller saw it; 0 = any."""
        actual = self.version(subject_id)
        if expected_version not in (0, actual):
            raise Refused("VERSION_MISMATCH", expected=expected_version, actual=actual)

    def record(
        self,
        subject_id: str,
        site_id: str,
        fact: Message,
        *,
        occurred_time: datetime | None = None,
        fact_id: UUID | None = None,
        causes: Sequence[Cause] = (),
        must_understand: bool = False,
        call: Call | None = None,
    ) -> int:
        """Appends a fact to a locked subject and returns its version.

        It is written with the commit. In a fact handler the fact in hand is added to its causes.
        `call` names who did it where one transaction serves several calls.
        """
        subject = self._held(subject_id)
        if subject.site_id != site_id:
            raise LookupError(f"the subject {subject_id} belongs to another site")
        subject.version += 1
        actor = self.actor if call is None else call.actor
        entry = Entry(
            fact_id=fact_id or new_fact_id(),
            source=self.service,
            site_id=site_id,
            subject_id=subject_id,
            subject_version=subject.version,
            type=fact.DESCRIPTOR.full_name,
            occurred_time=occurred_time or self.time,
            record_time=self.time,
            actor=actor.subject,
            acting_for=actor.acting_for,
            causes=tuple(dict.fromkeys((*self._causes, *causes))),
            trace=self._trace if call is None else call.trace,
            payload=fact.SerializeToString(deterministic=True),
            must_understand=must_understand,
        )
        self._entries.append((entry, fact_hash(entry)))
        self._topics.add(FACTS)
        return subject.version

    async def enqueue_job(self, site_id: str, kind: str, payload: bytes, *, total: int = 0) -> str:
        """Adds a job that a worker takes up after the commit; returns its id."""
        job_id = new_id()
        await self.connection.execute(
            _job_queries.add_job, job_id, site_id, kind, payload, total, self.time
        )
        self._topics.add(JOBS)
        return job_id

    def wake(self, *topics: str) -> None:
        """Wakes the sleepers of these topics after the commit."""
        self._topics.update(topics)

    @contextmanager
    def following(self, cause: Cause, trace: str) -> Iterator[None]:
        """Makes facts recorded inside follow from `cause`; the gate's business."""
        kept = self._causes, self._trace
        self._causes, self._trace = (cause,), trace
        try:
            yield
        finally:
            self._causes, self._trace = kept

    async def flush(self, requests: Sequence[tuple[Call, Receipt]] = ()) -> None:
        """Writes facts, versions and request rows in one statement; the last one of its work."""
        asked = [
            (call, receipt, self._site_of(receipt.subject_id))
            for call, receipt in requests
            if call.request_id
        ]
        moved = [(k, s) for k, s in self._subjects.items() if s.version > s.stored and not s.new]
        made = [(k, s) for k, s in self._subjects.items() if s.new]
        if not (asked or moved or made):
            return
        entries = [entry for entry, _ in self._entries]
        columns: list[Any] = [
            [entry.fact_id for entry in entries],
            [entry.site_id for entry in entries],
            [entry.subject_id for entry in entries],
            [entry.subject_version for entry in entries],
            [entry.type for entry in entries],
            [entry.occurred_time for entry in entries],
            [entry.actor for entry in entries],
            [entry.acting_for for entry in entries],
            [causes_to_json(entry.causes) for entry in entries],
            [entry.trace for entry in entries],
            [entry.payload for entry in entries],
            [digest for _, digest in self._entries],
            [entry.must_understand for entry in entries],
            self.time,
            [key for key, _ in moved],
            [subject.version for _, subject in moved],
            [key for key, _ in made],
            [subject.site_id for _, subject in made],
            [subject.version for _, subject in made],
            [call.actor.subject for call, _, _ in asked],
            [call.method for call, _, _ in asked],
            [call.request_id for call, _, _ in asked],
            [call.fingerprint for call, _, _ in asked],
            [site_id for _, _, site_id in asked],
            [receipt.subject_id for _, receipt, _ in asked],
            [receipt.version for _, receipt, _ in asked],
            [receipt.outcome for _, receipt, _ in asked],
        ]
        count = await self.connection.fetchval(_queries.flush_work, *columns)
        if count != len(moved):
            raise LookupError("a locked subject has gone")
        self._entries.clear()
        for subject in self._subjects.values():
            subject.stored, subject.new = subject.version, False

    def ring(self) -> None:
        """Sends the wake-ups collected on the way; only after the commit."""
        self._database.wake(*self._topics)

    def _keep(self, rows: Sequence[asyncpg.Record]) -> dict[str, str]:
        for row in rows:
            self._subjects.setdefault(
                row["subject_id"], _Subject(row["site_id"], row["version"], row["version"])
            )
        return {row["subject_id"]: row["site_id"] for row in rows}

    def _held(self, subject_id: str) -> _Subject:
        try:
            return self._subjects[subject_id]
        except KeyError:
            raise LookupError(f"the subject {subject_id} is not locked") from None

    def _site_of(self, subject_id: str) -> str:
        subject = self._subjects.get(subject_id)
        if subject is not None:
            return subject.site_id
        # A mutation that changed no subject belongs to nobody's site; only its caller finds it.
        return ""


async def once(
    database: Database, call: Call, body: Callable[[Work], Awaitable[Receipt]]
) -> Receipt:
    """Runs a mutation in one transaction, or replays what it did before.

    A known (caller, method, request id) gives its old receipt with `replayed` set; with another
    fingerprint, Refused REQUEST_ID_REUSED. So it is when a twin does it meanwhile, also where the
    body then refuses because of what the twin did. A body may run again after a conflict: it must
    do nothing outside of its transaction. Without a request id nothing is remembered.
    """

    async def attempt() -> Receipt:
        async with database.connection() as connection, connection.transaction():
            work, done = await _begin(database, connection, call.actor, [call])
            if done:
                return _replay(call, done[0])
            receipt = await body(work)
            await work.flush([(call, receipt)])
        work.ring()
        return receipt

    return await _or_replayed(database, call.actor, [call], attempt)


async def together(
    database: Database,
    site_id: str,
    calls: Sequence[Call],
    body: Callable[[Work, Sequence[Call]], Awaitable[Sequence[Receipt]]],
) -> list[Receipt]:
    """Runs several callers' mutations of one site in one transaction; receipts in their order.

    The body gets the calls that are new and returns a receipt for each; it records with
    `call=`. The transaction sees `site_id` only, so every caller must have been checked for it.
    Any error concerns all: the caller of this function then runs each call alone.
    """
    if not all(call.actor.may_see(site_id) for call in calls):
        raise PermissionError("a caller of the group may not see the site")
    actor = replace(calls[0].actor, sites=frozenset({site_id}))

    async def attempt() -> list[Receipt]:
        async with database.connection() as connection, connection.transaction():
            work, done = await _begin(database, connection, actor, calls)
            receipts = {index: _replay(calls[index], row) for index, row in done.items()}
            fresh = [index for index in range(len(calls)) if index not in receipts]
            if fresh:
                made = await body(work, [calls[index] for index in fresh])
                receipts.update(zip(fresh, made, strict=True))
                await work.flush([(calls[index], receipts[index]) for index in fresh])
        work.ring()
        return [receipts[index] for index in range(len(calls))]

    return await _or_replayed(database, actor, calls, attempt)


async def run(database: Database, actor: Actor, body: Callable[[Work], Awaitable[T]]) -> T:
    """Runs a worker's transaction; like `once`, but nothing is remembered for replays."""

    async def attempt() -> T:
        async with database.connection() as connection, connection.transaction():
            work, _ = await _begin(database, connection, actor, [])
            result = await body(work)
            await work.flush()
        work.ring()
        return result

    return await trying(attempt)


async def _begin(
    database: Database, connection: Connection, actor: Actor, calls: Sequence[Call]
) -> tuple[Work, dict[int, asyncpg.Record]]:
    known = [call for call in calls if call.request_id]
    rows = await connection.fetch(
        _queries.begin_work,
        scope_of(actor),
        [call.actor.subject for call in known],
        [call.method for call in known],
        [call.request_id for call in known],
    )
    if not rows:
        raise LookupError("the schema has no clock; run migrate")
    indexes = [index for index, call in enumerate(calls) if call.request_id]
    done = {indexes[row["ordinality"] - 1]: row for row in rows if row["ordinality"] is not None}
    trace = calls[0].trace if calls else ""
    work = Work(database, connection, actor, rows[0]["decision_time"], rows[0]["raw_time"], trace)
    return work, done


def _replay(call: Call, row: asyncpg.Record) -> Receipt:
    if row["fingerprint"] != call.fingerprint:
        raise Refused("REQUEST_ID_REUSED", request_id=call.request_id)
    return Receipt(row["subject_id"], row["version"], row["outcome"], replayed=True)


async def _or_replayed(
    database: Database, actor: Actor, calls: Sequence[Call], attempt: Callable[[], Awaitable[T]]
) -> T:
    """Like `trying`; refused after a twin of a call has committed, it runs again and replays it.

    The refusal may be due to the twin's own deed: the version moved, the slip is in use.
    """
    known = 0
    while True:
        try:
            return await trying(attempt)
        except (Refused, LookupError, asyncpg.UniqueViolationError):
            if not any(call.request_id for call in calls):
                raise
            async with database.connection() as connection, connection.transaction(readonly=True):
                _, done = await _begin(database, connection, actor, calls)
            # Each round finds more of them done, so the rounds end.
            if len(done) <= known:
                raise
            known = len(done)
