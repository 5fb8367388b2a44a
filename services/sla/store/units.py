"""Units whose outreach is watched, and when they were last heard of."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database import Connection
from services.sla.domain.clocks import Clock
from services.sla.store.files import Q


async def list_units(connection: Connection, site_id: str) -> list[str]:
    """Returns the units of a site that have a clock to which something can still happen."""
    return [row["reference"] for row in await connection.fetch(Q.list_units, site_id)]


async def directory_version(connection: Connection, site_id: str) -> int:
    """Returns the version of a site's directory that was applied last, 0 before the first."""
    version = await connection.fetchval(Q.get_directory_version, f"directory/{site_id}")
    return version or 0


async def last_contacts(connection: Connection, clocks: Sequence[Clock]) -> dict[str, datetime]:
    """Returns when the units of these clocks were heard of last, if since the clock's start.

    {subject: time}; an appeal counts from when it was spoken.
    """
    rows = await connection.fetch(
        Q.list_last_contacts,
        [clock.subject_id for clock in clocks],
        [clock.site_id for clock in clocks],
        [clock.reference for clock in clocks],
        [clock.start_time for clock in clocks],
    )
    return {row["subject_id"]: row["occurred_time"] for row in rows}
