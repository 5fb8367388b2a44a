"""Decision time, and the guard that keeps a lying clock from firing anything.

Decisions take the database's clock plus an offset that is zero outside of demonstrations. A
clock that jumps ahead would fire deadlines before their time, which nothing can take back; so
before anything fires, the database's raw clock, this process's clock and the highest time ever
agreed on must agree to within 5 s, and after a disagreement for 60 s on end.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from chassis import metrics
from chassis.actor import service_actor
from chassis.database import Connection, Database
from chassis.errors import FieldViolation, Refused
from chassis.queries import load_queries
from chassis.work import Work
from chassis.workers import loop

_log = structlog.get_logger(__name__)
_queries = load_queries("chassis", "sql/clock.sql")

TOLERANCE = timedelta(seconds=5)
RELEASE_SECONDS = 60.0
_INTERVAL_SECONDS = 1.0

# Wakes everyone who waits for a time, since the time has moved.
CLOCK = "clock"


async def decision_time(connection: Connection) -> datetime:
    """Returns the decision time of now, as a transaction would see it."""
    value: datetime = await connection.fetchval(_queries.get_decision_time)
    return value


async def clock_offset(connection: Connection) -> timedelta:
    """Returns the demonstration's offset; zero otherwise."""
    value: timedelta = await connection.fetchval(_queries.get_offset)
    return value


async def set_offset(database: Database, offset: timedelta) -> datetime:
    """Moves decision time to the database's clock plus `offset`; returns the new time.

    `database` is of the worker role. Raises Refused NOT_IN_DEMONSTRATION, and INVALID_FIELD for
    a step back: time that has been decided by stays passed.
    """
    async with database.transaction(service_actor(database.schema)) as connection:
        row = await connection.fetchrow(_queries.lock_clock)
        if row is None or not row["demonstration"]:
            raise Refused("NOT_IN_DEMONSTRATION")
        if offset < row["clock_offset"]:
            raise Refused(
                "INVALID_FIELD",
                fields=[FieldViolation("offset", "smaller than the present offset")],
                field="offset",
            )
        await connection.execute(_queries.set_offset, offset)
        moved = await decision_time(connection)
    database.wake(CLOCK)
    return moved


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ClockGuard:
    """A worker that watches the clocks; ask `allowed` or `admits` before anything fires.

    `now` is this process's clock and `monotonic` its seconds that never jump; given by tests.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime] = _utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._now = now
        self._monotonic = monotonic
        # Nothing is known before the first look.
        self._looked = False
        self._agreed_since: float | None = None
        self._held = False

    @property
    def allowed(self) -> bool:
        """Tells whether firing is allowed as of the last look."""
        return self._looked and not self._held

    def admits(self, work: Work) -> bool:
        """Tells whether this transaction may fire: the clocks agree now, not only a second ago."""
        if abs(work.raw_time - self._now()) > TOLERANCE:
            self._disagree(work.raw_time - self._now())
        return self.allowed

    async def run(self, stop: asyncio.Event) -> None:
        """Looks every second until told to stop."""
        await loop("clock_guard", self.look, stop=stop, poll=_INTERVAL_SECONDS)

    async def look(self) -> float | None:
        """Compares the clocks once; keeps the highest time agreed on."""
        async with self._database.connection() as connection:
            before = self._now()
            row = await connection.fetchrow(_queries.read_clocks)
            after = self._now()
            if row is None:
                raise LookupError("the schema has no clock; run migrate")
            raw, high_water = row["raw_time"], row["high_water"]
            # The database read its clock between our two readings.
            apart = timedelta(0)
            if raw > after:
                apart = raw - after
            elif raw < before:
                apart = raw - before
            metrics.CLOCK_DISAGREEMENT_SECONDS.set(apart.total_seconds())
            behind = max(timedelta(0), high_water - raw)
            if abs(apart) > TOLERANCE:
                self._disagree(apart)
            elif behind > TOLERANCE:
                # Both stand before a time they once agreed on. Nothing can fire too early by
                # that, but until it has lasted nobody knows which of the two readings was wrong.
                self._agree(high_water - raw)
                if not self._held:
                    await connection.execute(_queries.set_high_water, raw)
            else:
                self._agree(timedelta(0))
                if not self._held:
                    await connection.execute(_queries.raise_high_water, raw)
        return None

    def _disagree(self, apart: timedelta) -> None:
        if not self._held:
            _log.error("clocks_disagree", seconds=apart.total_seconds())
        self._looked, self._held, self._agreed_since = True, True, None
        metrics.CLOCK_HELD.set(1)

    def _agree(self, behind: timedelta) -> None:
        now = self._monotonic()
        if behind > timedelta(0) and not self._held:
            _log.error("clocks_fell_back", seconds=behind.total_seconds())
            self._held, self._agreed_since = True, now
            metrics.CLOCK_HELD.set(1)
        self._looked = True
        if self._held:
            if self._agreed_since is None:
                self._agreed_since = now
            if now - self._agreed_since >= RELEASE_SECONDS:
                _log.warning("clocks_agree_again")
                self._held = False
                metrics.CLOCK_HELD.set(0)
