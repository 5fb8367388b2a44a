"""A case that is amended or begins again is decided anew, with a journal entry and a hand-over."""

from chassis.work import Work
from services.routing.domain import handover, refiling
from services.routing.domain.directory import Site
from services.routing.domain.handover import There
from services.routing.domain.route import Route
from services.routing.handlers import assigning, recusing
from services.routing.store import directory as sites
from services.routing.store import matrix as answers
from services.routing.store import routes as store
from services.routing.store import work_orders as tasks

_AMENDED = "登记内容已更正。"


async def refile(work: Work, before: Route, route: Route) -> None:
    """Keeps an amended case and gives it to whoever may have it now: steward and level."""
    await store.refile_route(work.connection, route)
    site = await _held_site(work, route)
    if site is None:
        return
    moved = await _decide(work, site, before, route)
    if moved.shielded and moved.level:
        orders = await tasks.list_work_orders(work.connection, route.case_id)
        await recusing.move_away(work, site, moved, orders, _AMENDED)


async def decide_again(work: Work, before: Route, route: Route) -> None:
    """Records with whom a case lies that begins again; closed, it didn't follow the lists.

    What routing tells of the new cycle comes after this fact, which waits for intake's: nobody
    takes it for news of a case that is closed.
    """
    site = await _held_site(work, route)
    if site is not None:
        await _decide(work, site, before, route)


async def _decide(work: Work, site: Site, before: Route, route: Route) -> Route:
    there = await _there(work, site, route)
    found = await assigning.candidates(work, route, site=site)
    given, moves = refiling.decided_anew(
        before,
        route,
        found,
        here=there.steward,
        receiver_here=there.receiver,
        off_shift=await assigning.accepted_off_shift(work, site, route),
    )
    if moves:
        return await assigning.give(work, route, given, found, site=site)
    return await assigning.tell_anew(work, route, given)


async def _held_site(work: Work, route: Route) -> Site | None:
    """Holds the site's lists still until commit; None for a site that has none yet."""
    await sites.hold_assignments(work.connection, route.site_id)
    return await sites.load_site(work.connection, route.site_id)


async def _there(work: Work, site: Site, route: Route) -> There:
    day = site.matrix_day(work.time)
    people = handover.people_of(route)
    presence = await answers.list_presence(work.connection, site.site_id, people, day)
    return handover.who_is_there(route, presence)
