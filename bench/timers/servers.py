"""The servers of the bench: private, on loopback, made for one run and erased after it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from deploy.local import accounts
from deploy.local import servers as local_servers
from deploy.local.layout import ROOT, Ports
from deploy.local.postgres import Postgres
from deploy.local.rabbit import Rabbit
from deploy.local.servers import Endpoints

FOLDER: Final = ROOT / ".backstop" / "bench"
PORTS: Final = Ports(8601)


@dataclass(frozen=True, slots=True)
class Servers:
    """Running servers, and where processes write their logs."""

    endpoints: Endpoints
    logs: Path
    postgres_version: str
    rabbitmq_version: str

    def dsn(self, database: str) -> str:
        """The superuser's address of a database."""
        return urlsplit(self.endpoints.postgres_admin_dsn)._replace(path=f"/{database}").geturl()

    def postgres_pid(self) -> int:
        return local_servers.running(FOLDER, PORTS)["postgres"] or 0

    def rabbitmq_pid(self) -> int:
        return local_servers.running(FOLDER, PORTS)["rabbitmq"] or 0

    async def fresh(self, database: str) -> str:
        """Makes an empty database, whatever there was of the name; returns its address."""
        await self.drop(database)
        await self._admin(f'CREATE DATABASE "{database}"')
        return self.dsn(database)

    async def drop(self, database: str) -> None:
        await self._admin(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    async def tidy(self, database: str) -> None:
        """Brings a database into the state in which a while of autovacuum would leave it."""
        await self._admin("VACUUM ANALYZE", self.dsn(database))
        await self._admin("CHECKPOINT")

    async def _admin(self, statement: str, dsn: str = "") -> None:
        connection = await asyncpg.connect(dsn or self.endpoints.postgres_admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def start() -> Servers:
    """Starts servers from nothing. Raises Problem, with what a person can do about it."""
    await asyncio.to_thread(erase)
    endpoints = await asyncio.to_thread(local_servers.ensure, FOLDER, PORTS)
    connection = await asyncpg.connect(endpoints.postgres_admin_dsn)
    try:
        # When a row was committed is asked of the server, so it is the same measure for all.
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        version = str(await connection.fetchval("SHOW server_version")).split()[0]
    finally:
        await connection.close()
    await asyncio.to_thread(Postgres(FOLDER, PORTS.postgres).stop)
    endpoints = await asyncio.to_thread(local_servers.ensure, FOLDER, PORTS)
    return Servers(endpoints, FOLDER / "bench-logs", version, _rabbitmq_version())


def erase() -> None:
    """Ends the servers and removes all they wrote."""
    local_servers.stop(FOLDER, PORTS)
    accounts.erase(FOLDER)


def _rabbitmq_version() -> str:
    """Reads it from the banner in the broker's log; empty when there is none."""
    log = Rabbit(FOLDER, PORTS).log.read_text(errors="replace")
    found = re.search(r"RabbitMQ (\d+\.\d+\.\d+)", log)
    return found[1] if found else ""
