"""Cases after a change of the site's lists: to whom they say now, and away from who keeps away."""

from chassis.work import Work
from services.routing.domain import handover, same_hands
from services.routing.domain import route as routes
from services.routing.domain.assignment import Responsible
from services.routing.domain.directory import Site
from services.routing.domain.handover import There
from services.routing.domain.route import Route, RouteState
from services.routing.handlers import assigning, recusing
from services.routing.store import work_orders as tasks

# Why a level changes hands that did nothing itself.
_LISTS_CHANGED = "组织信息有变。"


async def follow_lists(
    work: Work, site: Site, route: Route, *, there: There, responsible: Responsible | None = None
) -> bool:
    """Moves a case to whom the site's lists name now; tells whether it moved.

    `there` tells who of its people is at the site; `responsible` spares reading the matrix. Call
    `hold_assignments` before reading the site.
    """
    found = await assigning.candidates(work, route, site=site, responsible=responsible)
    assignment = routes.handed_over(route, found, here=there.steward)
    moved = route
    if assignment is not None:
        moved = await assigning.give(work, route, assignment, found, site=site)
    else:
        off = await assigning.accepted_off_shift(work, site, route)
        told = same_hands.told_anew(route, found, receiver_here=there.receiver, off_shift=off)
        if told is not None:
            moved = await assigning.tell_anew(work, route, told)
    if moved.level and moved.state is not RouteState.CLOSED:
        moved = await _follow_level(work, site, moved, there)
    return moved is not route


async def _follow_level(work: Work, site: Site, route: Route, there: There) -> Route:
    """Gives the level away from an owner who left, is away or has to keep away, or a position.

    Whoever has it by the roster keeps it off shift.
    """
    if not route.shielded and handover.level_gone(route, there) is None:
        return route
    orders = await tasks.list_work_orders(work.connection, route.case_id)
    moved = route
    if route.shielded:
        # Whom the lists put under an accused since then can't go on having the case.
        moved = await recusing.move_away(work, site, route, orders, _LISTS_CHANGED)
    if moved.level_owner != route.level_owner:
        return moved
    why = handover.level_gone(moved, there)
    if why is None:
        return moved
    return await recusing.give_level(work, site, moved, orders, why, _LISTS_CHANGED)
