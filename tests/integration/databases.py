"""Databases for tests: made once per worker as templates, copied afresh for each test."""

import asyncio
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import asyncpg

from chassis.database import Database
from chassis.migrations import migrate
from chassis.provision import provision, roles_of

# Roles are the server's, not a database's: all workers must mean the same by them.
PASSWORD = "test-only"


@dataclass(frozen=True, slots=True)
class ServiceDatabase:
    """A fresh database with one service's schema, open as the app role and as the worker role."""

    service: str
    name: str
    admin_dsn: str
    app: Database
    worker: Database

    def dsn(self, kind: str, service: str = "") -> str:
        """Returns the address for a role: "owner", "app", "worker"."""
        return role_dsn(self.admin_dsn, self.name, f"backstop_{service or self.service}_{kind}")


@dataclass(slots=True)
class Databases:
    """Makes and drops the databases of one test worker."""

    admin_dsn: str
    worker_id: str
    templates: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)

    async def make(self, packages: Mapping[str, str], *, demonstration: bool = False) -> str:
        """Makes an empty, migrated database for these services, {service: package}."""
        name = self._name("db")
        await provision_for_tests(self.admin_dsn, list(packages), name)
        self.made.append(name)
        for service, package in packages.items():
            dsn = role_dsn(self.admin_dsn, name, f"backstop_{service}_owner")
            await migrate(dsn, service, package, demonstration=demonstration)
        return name

    async def copy(self, service: str, package: str, *, demonstration: bool = False) -> str:
        """Copies the service's template, which is made when it is first asked for."""
        key = service, package, demonstration
        if key not in self.templates:
            made = await self.make({service: package}, demonstration=demonstration)
            self.templates[key] = made
        name = self._name("copy")
        await self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{self.templates[key]}"')
        self.made.append(name)
        return name

    async def drop(self, name: str) -> None:
        """Drops a database and whoever is still in it."""
        await self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.made.remove(name)

    def close(self) -> None:
        """Drops everything that was made."""
        for name in list(self.made):
            asyncio.run(self.drop(name))

    def _name(self, kind: str) -> str:
        return f"bs_{self.worker_id}_{os.getpid()}_{kind}_{uuid.uuid4().hex[:8]}"

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def provision_for_tests(admin_dsn: str, services: list[str], database: str) -> None:
    """Provisions a database with passwords that tests know."""
    passwords = dict.fromkeys(roles_of(services), PASSWORD)
    await provision(admin_dsn, services, passwords, database=database)


def role_dsn(admin_dsn: str, database: str, role: str) -> str:
    """Returns the address of a database for a role of the suite."""
    parts = urlsplit(admin_dsn)
    address = parts.netloc.rpartition("@")[2]
    return parts._replace(
        netloc=f"{role}:{PASSWORD}@{address}", path=f"/{database}", query=""
    ).geturl()


async def open_service_database(admin_dsn: str, name: str, service: str) -> ServiceDatabase:
    """Opens both roles' pools on a database."""
    app = await Database.open(
        role_dsn(admin_dsn, name, f"backstop_{service}_app"), schema=service, size=8
    )
    worker = await Database.open(
        role_dsn(admin_dsn, name, f"backstop_{service}_worker"), schema=service, size=6
    )
    return ServiceDatabase(service, name, admin_dsn, app, worker)
