"""A director's words on breaches."""

from chassis.database import Connection
from chassis.queries import load_queries
from services.sla.domain.clocks import Clock
from services.sla.store.questions import Excuse

Q = load_queries("services.sla", "sql/excuses.sql")


async def add_excuse(connection: Connection, clock: Clock, excuse: Excuse) -> bool:
    """Adds the word on a clock's breach; returns False where it has one, which stands."""
    row = await connection.fetchrow(
        Q.add_excuse,
        clock.clock_id,
        clock.site_id,
        clock.subject_id,
        excuse.reason,
        excuse.excused_by,
        excuse.time,
    )
    return row is not None
