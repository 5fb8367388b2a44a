"""Is a site there for the caller?"""

from chassis.actor import Actor
from chassis.database import Connection
from chassis.errors import Refused
from services.intake.domain.values import Site
from services.intake.store import directory


async def check_site(connection: Connection, actor: Actor, site_id: str) -> Site:
    """Returns a site; Refused SITE_UNKNOWN when it is absent or out of the caller's sight."""
    site = None
    if actor.may_see(site_id):
        site = await directory.load_site(connection, site_id)
    if site is None:
        raise Refused("SITE_UNKNOWN", site_id=site_id)
    return site
