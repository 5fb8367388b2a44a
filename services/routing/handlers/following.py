"""Cases after a change of the site's lists: to whom they say now, and away from who keeps away."""

from chassis.work import Work
from services.routing.domain import route as routes
from services.routing.domain.assignment import Responsible
from services.routing.domain.directory import Site
from services.routing.domain.route import Route
from services.routing.handlers import assigning, recusing
from services.routing.store import work_orders as tasks

# Why a level changes hands that did nothing itself.
_LISTS_CHANGED = "组织信息有变。"


async def follow_lists(
    work: Work, site: Site, route: Route, *, here: bool, responsible: Responsible | None = None
) -> bool:
    """Moves a case to whom the site's lists name now; tells whether it moved.

    `here` tells whether its steward is at the site and not away today; `responsible` spares
    reading the matrix. Call `hold_assignments` before reading the site.
    """
    found = await assigning.candidates(work, route, site=site, responsible=responsible)
    assignment = routes.handed_over(route, found, here=here)
    moved = route
    if assignment is not None:
        moved = await assigning.give(work, route, assignment, found, site=site)
    if moved.shielded and moved.level:
        # Whom the lists put under an accused since then can't go on having the case.
        orders = await tasks.list_work_orders(work.connection, route.case_id)
        moved = await recusing.move_away(work, site, moved, orders, _LISTS_CHANGED)
    return moved is not route
