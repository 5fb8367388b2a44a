"""Is everything as it must be? Each service's own checks, and the comparison between services.

The live checks hold at every moment. The settled ones compare what a service knows of another
with what that one wrote; they mean something only when nothing is under way, and they look
through the read-only role, past the services, so that no service vouches for itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from backstop.operations.v1 import operations_service_pb2
from ctl.connection import Client
from ctl.failures import Problem
from ctl.settings import SERVICES
from ctl.settling import LISTENS

if TYPE_CHECKING:
    import asyncpg

_SQL = Path(__file__).parent / "sql" / "settled.sql"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, with the service it was found in, and how much was looked at."""

    check_count: int = 0
    findings: tuple[tuple[str, operations_service_pb2.Finding], ...] = field(default=())

    def plus(self, other: "Report") -> "Report":
        """Returns both together."""
        return Report(self.check_count + other.check_count, (*self.findings, *other.findings))


async def live(client: Client) -> Report:
    """Asks every service to check itself; needs the operator's role."""
    report = Report()
    for service in SERVICES:
        response = await client.call(
            service,
            client.operations(service).CheckInvariants,
            operations_service_pb2.CheckInvariantsRequest(),
            timeout=29.0,
        )
        report = report.plus(
            Report(response.check_count, tuple((service, one) for one in response.findings))
        )
    return report


async def settled(dsn: str) -> Report:
    """Compares the four schemas in one snapshot, over the read-only role."""
    # Only here: whoever has no database to look at needs no driver either.
    import asyncpg  # noqa: PLC0415

    try:
        connection = await asyncpg.connect(dsn, timeout=10, command_timeout=120)
    except (OSError, asyncpg.PostgresError) as error:
        raise Problem(
            f"{type(error).__name__}: 连不上数据库 / no connection", field="BACKSTOPCTL_FSCK_DSN"
        ) from None
    try:
        # One snapshot: facts that arrive meanwhile don't make two schemas look different.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            report = Report()
            for name, service, sql in checks():
                rows = await connection.fetch(sql)
                found = tuple((service, _finding(name, row)) for row in rows)
                report = report.plus(Report(1, found))
            return report
    except asyncpg.PostgresError as error:
        # An older schema, or a role that may not look.
        raise Problem(f"{name}: {error}", field="BACKSTOPCTL_FSCK_DSN") from None
    finally:
        await connection.close()


def _finding(check: str, row: "asyncpg.Record") -> operations_service_pb2.Finding:
    return operations_service_pb2.Finding(
        check=check,
        site_id=row["site_id"] or "",
        subject_id=row["subject_id"] or "",
        detail=row["detail"] or "",
    )


def checks() -> list[tuple[str, str, str]]:
    """Returns (name, service, SQL) of every settled check, those per pair of services spelt out."""
    found: list[tuple[str, str, str]] = []
    for name, sql in read_checks(_SQL.read_text()).items():
        found += spell_out(name, sql)
    return found


def spell_out(name: str, sql: str) -> list[tuple[str, str, str]]:
    """Puts schema names in the places of :consumer and :source, for each that listens to each."""
    if ":source" in sql:
        return [
            (name, consumer, sql.replace(":consumer", consumer).replace(":source", source))
            for consumer, sources in LISTENS.items()
            for source in sources
        ]
    if ":consumer" in sql:
        return [(name, service, sql.replace(":consumer", service)) for service in SERVICES]
    return [(name, name.partition("_")[0], sql)]


def read_checks(text: str) -> Mapping[str, str]:
    """Reads `-- name: <check>` sections; ValueError for a name used twice."""
    found: dict[str, str] = {}
    for section in text.split("-- name: ")[1:]:
        name, _, body = section.partition("\n")
        if name.strip() in found:
            raise ValueError(f"two checks are called {name.strip()}")
        found[name.strip()] = body.strip()
    return found
