"""What the parts of the servicer stand on, and what several of them ask."""

from collections.abc import Collection

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2_grpc
from chassis.actor import Actor
from chassis.clock import decision_time
from chassis.database import Connection, Database
from chassis.errors import Refused
from chassis.pages import PageTokens
from services.routing.convert import routes as convert
from services.routing.domain.directory import Site
from services.routing.domain.route import Route
from services.routing.handlers.holding import callers, is_about
from services.routing.peers import Cases, Terms
from services.routing.store import directory as sites
from services.routing.store import routes as store


class Base(routing_service_pb2_grpc.RoutingServiceServicer):
    """The database as the caller may see it, as the service itself does, and whom routing asks."""

    def __init__(
        self, app: Database, worker: Database, cases: Cases, terms: Terms, pages: PageTokens
    ) -> None:
        self.app = app
        self.worker = worker
        self.cases = cases
        self.terms = terms
        self.pages = pages

    async def route(self, actor: Actor, case_id: str) -> pb.Route:
        """Returns where a case stands; Refused ROUTE_NOT_FOUND."""
        async with self.app.read(actor) as connection:
            file = await store.load_route_file(connection, case_id)
            if file is None or is_about(file.route, actor):
                raise Refused("ROUTE_NOT_FOUND", case_id=case_id)
            return convert.route_message(file, await decision_time(connection))


async def hidden_from(
    connection: Connection, actor: Actor, case_ids: Collection[str]
) -> frozenset[str]:
    """Returns those of some cases that aren't for the caller to know of: they are about them."""
    if not case_ids:
        return frozenset()
    return await store.list_about(connection, case_ids, callers(actor))


async def site_of(connection: Connection, site_id: str) -> Site:
    """Returns a site in sight; Refused DIRECTORY_NOT_FOUND for others."""
    site = await sites.load_site(connection, site_id)
    if site is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    return site


async def route_of(connection: Connection, actor: Actor, case_id: str) -> Route:
    """Returns a route in sight; Refused ROUTE_NOT_FOUND for others, and to whom it is about."""
    route = await store.load_route(connection, case_id)
    if route is None or is_about(route, actor):
        raise Refused("ROUTE_NOT_FOUND", case_id=case_id)
    return route
