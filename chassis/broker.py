"""Connections to RabbitMQ that are found dead soon, and never shared by readers and writers.

A broker short of memory blocks connections that publish: one that also consumed would stop
acknowledging. Reconnecting is the business of whoever holds the connection: it knows what to
check before it goes on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from yarl import URL

from chassis import topology

_log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 10
_CONNECT_SECONDS = 15.0
_CLOSE_SECONDS = 5.0


class Broker:
    """Opens connections to one virtual host, named so that operators can tell them apart."""

    def __init__(self, url: str, service: str) -> None:
        self._url = URL(url).update_query({"heartbeat": str(HEARTBEAT_SECONDS)})
        self._service = service

    @property
    def vhost(self) -> str:
        """Name of the virtual host."""
        return unquote(self._url.raw_path.removeprefix("/")) or "/"

    @asynccontextmanager
    async def connection(self, purpose: str) -> AsyncIterator[AbstractConnection]:
        """Lends a new connection for one purpose and closes it, by force if need be."""
        name = f"backstop {self._service} {purpose}"
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = await aio_pika.connect(
                self._url.update_query({"name": name}), client_properties={"connection_name": name}
            )
        try:
            yield connection
        finally:
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await connection.close()
            except Exception as error:  # noqa: BLE001 - it is being thrown away
                _log.info("connection_closed_badly", purpose=purpose, error=type(error).__name__)

    async def declare(self, bindings: topology.Bindings) -> None:
        """Declares the whole topology; the broker's part of `migrate`."""
        async with self.connection("migrate") as connection, asyncio.timeout(60):
            channel = await connection.channel()
            await topology.declare(channel, bindings)
