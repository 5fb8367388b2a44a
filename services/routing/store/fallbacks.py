"""Which open cases may lie with an owner of last resort."""

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.fallbacks import STANDING_IN
from services.routing.domain.route import Route
from services.routing.store.routes import list_routes

Q = load_queries("services.routing", "sql/fallbacks.sql")


async def list_standing_in(connection: Connection, site_id: str) -> list[Route]:
    """Returns a site's open cases that may lie with an owner of last resort."""
    rows = await connection.fetch(Q.list_standing_in, site_id, sorted(STANDING_IN))
    return await list_routes(connection, [row["case_id"] for row in rows])
