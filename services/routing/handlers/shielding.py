"""The conflict shield around a case, read from the site's lists at the moment (回避)."""

from datetime import datetime

from chassis.database import Connection
from chassis.errors import Refused
from chassis.work import Work
from services.routing.domain.assignment import Alternate
from services.routing.domain.directory import Person, Site
from services.routing.domain.route import Route
from services.routing.domain.shield import NO_SHIELD, Shield, shield
from services.routing.store import candidates as store
from services.routing.store import directory as sites
from services.routing.store import roster as duty


async def read_shield(connection: Connection, site: Site, route: Route, time: datetime) -> Shield:
    """Returns who may not have a case in hand; costs nothing where it is about nobody."""
    if not route.about_persons:
        return Shield(frozenset(route.recused_persons)) if route.recused_persons else NO_SHIELD
    site_id = site.site_id
    standing = {
        position.position_id: position.holder
        for position in await sites.list_positions(connection, site_id)
    }
    ladder = []
    for level in await sites.list_ladder(connection, site_id, route.category):
        holder = await duty.load_duty(connection, site, level.position_id, time)
        on_duty = holder.person_id if holder is not None else ""
        # Who is off duty now is the superior of the others all the same.
        ladder.append({on_duty, standing.get(level.position_id, "")} - {""})
    heads = await store.list_headed(connection, site_id, route.about_persons, site.matrix_day(time))
    parents: dict[str, str] = {}
    people: list[Person] = []
    if heads:
        parents = await store.list_subtree(connection, site_id, heads)
        people = await store.list_people_of(connection, site_id, parents)
    return shield(
        route.about_persons,
        route.recused_persons,
        ladder=ladder,
        heads=heads,
        parents=parents,
        people=people,
    )


async def shield_of(work: Work, site: Site, route: Route) -> Shield:
    """Returns who may not have a case in hand at the time of a transaction."""
    return await read_shield(work.connection, site, route, work.time)


async def require_clear(work: Work, site: Site, route: Route) -> Shield:
    """Lets those pass who may have the case in hand; Refused CONFLICT_OF_INTEREST for others.

    Returns the shield, for whoever asks about others as well.
    """
    found = await shield_of(work, site, route)
    if found and found.covers_alone(work.actor.subject):
        raise Refused("CONFLICT_OF_INTEREST", case_id=route.case_id)
    return found


async def list_alternates(
    connection: Connection, site: Site, time: datetime
) -> tuple[Alternate, ...]:
    """Returns the positions of the site's alternate chain, in its order, with their holders."""
    chain = site.rules.alternate_chain
    known = {
        position.position_id: position
        for position in (await sites.list_positions(connection, site.site_id) if chain else ())
    }
    found = []
    for position_id in chain:
        holder = await duty.load_duty(connection, site, position_id, time)
        if holder is not None:
            found.append(
                Alternate(
                    position_id,
                    holder.person_id,
                    holder.person_name,
                    outside=known[position_id].outside,
                    position_name=known[position_id].name,
                )
            )
    return tuple(found)
