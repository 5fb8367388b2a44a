"""What the timer asks for: which subjects have clocks that are due, and when the next one is."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.database import Connection
from services.sla.store.files import Q


async def list_due(
    connection: Connection, time: datetime, limit: int, aside: Sequence[str] = ()
) -> dict[str, datetime]:
    """Returns the subjects of the `limit` clocks that have been due longest, and since when.

    In that order; without those set aside.
    """
    found: dict[str, datetime] = {}
    for row in await connection.fetch(Q.list_due, time, limit, aside):
        found.setdefault(row["subject_id"], row["next_fire_time"])
    return found


async def time_to_next(connection: Connection, aside: Sequence[str] = ()) -> timedelta | None:
    """Returns how long until the next clock fires, zero or less when one is due, else None.

    Subjects set aside don't count.
    """
    row = await connection.fetchrow(Q.next_fire_time, aside)
    if row is None or row["next_fire_time"] is None:
        return None
    left: timedelta = row["next_fire_time"] - row["decision_time"]
    return left
