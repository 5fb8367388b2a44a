"""PostgreSQL as the services see it: pools whose every transaction knows its sites.

Row-level security shows a transaction only the sites in `backstop.sites`; it is set with each
transaction and ends with it, so that a connection given back carries nobody's rights.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, cast

import asyncpg
import structlog

from chassis.actor import Actor
from chassis.queries import load_queries
from chassis.wake import Bell, Ear

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_log = structlog.get_logger(__name__)
_queries = load_queries("chassis")


def scope_of(actor: Actor) -> str:
    """Returns the value of `backstop.sites` that shows an actor its sites and no others."""
    if "*" in actor.sites:
        return "*"
    if any("," in site for site in actor.sites):
        raise ValueError("a site id can't hold a comma")
    return ",".join(sorted(actor.sites))


class Database:
    """One role's pool on one service's schema. Owns its connections; close it."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        dsn: str,
        schema: str,
        acquire_timeout: float,
        command_timeout: float,
    ) -> None:
        self._pool = pool
        self._dsn = dsn
        self.schema = schema
        self._acquire_timeout = acquire_timeout
        self._command_timeout = command_timeout
        # The same for every role of the service: what follows the password, and the schema.
        place = f"{dsn.rpartition('@')[2]} {schema}"
        self._bell = Bell(place, schema, self._ring)
        self._ear = Ear(place, schema, self.dedicated)

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        schema: str,
        size: int = 8,
        acquire_timeout: float = 5.0,
        command_timeout: float = 30.0,
        application: str = "",
    ) -> "Database":
        """Opens a pool of `size` connections; times in seconds.

        Raises what `failures.dependency_of` recognises when the server can't be reached.
        """
        pool = await asyncpg.create_pool(
            dsn,
            min_size=min(2, size),
            max_size=size,
            command_timeout=command_timeout,
            timeout=10.0,
            max_inactive_connection_lifetime=600.0,
            server_settings={
                "search_path": schema,
                "application_name": application or f"backstop {schema}",
                # Decision times are compared as text nowhere, but logs are read by people.
                "timezone": "UTC",
                # A handler that hangs must not hold row locks for ever.
                "idle_in_transaction_session_timeout": "60000",
            },
            # The pool's own reset is a round trip per use; nothing here outlives a transaction.
            reset=_nothing_to_reset,
        )
        return cls(pool, dsn, schema, acquire_timeout, command_timeout)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lends a connection outside of any transaction; waits at most the acquire timeout."""
        async with self._pool.acquire(timeout=self._acquire_timeout) as proxy:
            yield cast(Connection, proxy)

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncIterator[Connection]:
        """Lends a read-only transaction that sees the actor's sites only.

        Raises what `failures.dependency_of` recognises when the database is away.
        """
        async with self.connection() as connection, connection.transaction(readonly=True):
            await self.scope(connection, actor)
            yield connection

    @asynccontextmanager
    async def transaction(self, actor: Actor) -> AsyncIterator[Connection]:
        """Lends a read-committed transaction scoped to the actor's sites; for chassis code.

        Services write through `work.once` and `work.run`.
        """
        async with self.connection() as connection, connection.transaction():
            await self.scope(connection, actor)
            yield connection

    @staticmethod
    async def scope(connection: Connection, actor: Actor) -> None:
        """Opens the transaction in hand to the actor's sites, until it ends."""
        await connection.execute(_queries.set_scope, scope_of(actor), actor.subject)

    async def dedicated(self) -> Connection:
        """Opens a connection outside of the pool, for LISTEN and session advisory locks.

        The caller owns it. TCP keepalives find a dead peer within half a minute.
        """
        return await asyncpg.connect(
            self._dsn,
            timeout=10.0,
            command_timeout=self._command_timeout,
            server_settings={
                "search_path": self.schema,
                "application_name": f"backstop {self.schema} dedicated",
                "timezone": "UTC",
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        )

    def wake(self, *topics: str) -> None:
        """Wakes whoever waits for a topic in any process of this service; never blocks.

        Debounced to 20 a second, since NOTIFY serialises commits; call it after a commit.
        """
        for topic in topics:
            self._bell.ring(topic)

    def woken(self, topic: str) -> asyncio.Event:
        """Returns an event that is set whenever some process wakes the topic; clear it yourself.

        A lost connection may lose wake-ups: keep a poll behind. Needs a running loop.
        """
        return self._ear.event(topic)

    async def _ring(self, channels: list[str]) -> None:
        async with self.connection() as connection:
            await connection.execute(_queries.notify, channels)

    async def close(self, grace: float = 5.0) -> None:
        """Closes all connections, waiting `grace` seconds for those in use."""
        await self._bell.close()
        await self._ear.close()
        try:
            async with asyncio.timeout(grace):
                await self._pool.close()
        except TimeoutError:
            _log.warning("pool_closed_by_force", schema=self.schema)
            self._pool.terminate()


async def _nothing_to_reset(_: Any) -> None:
    return None
