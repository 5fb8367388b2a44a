"""What commands about a case begin and end with: the lock, the site, the receipt."""

from chassis.actor import Actor
from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.domain.directory import Site
from services.routing.domain.route import Route, RouteFile
from services.routing.store import directory as sites
from services.routing.store import routes as store


async def hold(work: Work, case_id: str, expected_version: int) -> RouteFile:
    """Locks a case and reads it; Refused ROUTE_NOT_FOUND and VERSION_MISMATCH.

    For those it is about there is no such case: nothing else of it may be told before.
    """
    locked = await work.lock_existing(case_id)
    file = await store.load_route_file(work.connection, case_id) if locked else None
    if file is None or is_about(file.route, work.actor):
        raise Refused("ROUTE_NOT_FOUND", case_id=case_id)
    work.expect(case_id, expected_version)
    return file


def is_about(route: Route, actor: Actor) -> bool:
    """Tells whether a case is about its caller, or whom they act for."""
    return not set(callers(actor)).isdisjoint(route.about_persons)


def callers(actor: Actor) -> list[str]:
    """Returns who calls: the caller, and whom they act for if anybody."""
    return [person_id for person_id in (actor.subject, actor.acting_for) if person_id]


async def site(work: Work, site_id: str) -> Site:
    """Returns a site in sight; Refused DIRECTORY_NOT_FOUND for others."""
    found = await sites.load_site(work.connection, site_id)
    if found is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    return found


def receipt(work: Work, case_id: str, outcome: str = "") -> Receipt:
    """Returns the receipt of a command about a case."""
    return Receipt(case_id, work.version(case_id), outcome)
