"""With whom a case lay, from when on."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.tenures import Tenure

Q = load_queries("services.routing", "sql/tenures.sql")


async def note_tenure(
    connection: Connection, case_id: str, site_id: str, start_time: datetime, holders: Sequence[str]
) -> None:
    """Adds a tenure unless the last one has the same holders."""
    await connection.execute(Q.note_tenure, case_id, site_id, start_time, list(holders))


async def list_tenures(connection: Connection, case_id: str) -> list[Tenure]:
    """Returns a case's tenures, from the first on."""
    rows = await connection.fetch(Q.list_tenures, case_id)
    return [Tenure(row["start_time"], tuple(row["holders"])) for row in rows]
