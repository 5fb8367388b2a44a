"""Handover: open cases follow matrix, absences and departures, a page of them per transaction."""

from collections.abc import Mapping, Sequence

from chassis.jobs import MAX_SUBJECTS_PER_STEP, Job
from chassis.work import Work
from services.routing.domain import handover
from services.routing.domain.assignment import Responsible
from services.routing.domain.directory import Site
from services.routing.domain.handover import There
from services.routing.domain.route import Route
from services.routing.handlers import following
from services.routing.handlers.lists import HANDOVER
from services.routing.store import directory as sites
from services.routing.store import matrix as answers
from services.routing.store import routes as store

NOBODY = Responsible()


async def hand_over(work: Work, job: Job) -> str | None:
    """Moves the next cases of a site to whom its lists name now; the cursor is a case id.

    Who might move is read for the whole page at once; only those are locked, and decided on again.
    """
    connection = work.connection
    await sites.hold_assignments(connection, job.site_id)
    site = await sites.load_site(connection, job.site_id)
    if site is None:
        return None
    case_ids = await answers.list_not_closed(
        connection, job.site_id, job.cursor, MAX_SUBJECTS_PER_STEP
    )
    seen = await store.list_routes(connection, case_ids)
    named = await answers.list_responsible(
        connection, site, {route.unit_id for route in seen}, work.time
    )
    there = await _there(work, site, seen)
    moving = [
        route.case_id
        for route in seen
        if handover.may_move(route, named.get(route.unit_id, NOBODY), there[route.case_id])
    ]
    if moving:
        await work.lock(job.site_id, *moving)
        locked = await store.list_routes(connection, moving)
        there = await _there(work, site, locked)
        for route in locked:
            job.done += await following.follow_lists(
                work,
                site,
                route,
                there=there[route.case_id],
                responsible=named.get(route.unit_id, NOBODY),
            )
    return case_ids[-1] if len(case_ids) == MAX_SUBJECTS_PER_STEP else None


async def follow_the_day(work: Work, site_id: str) -> bool:
    """Starts a handover when others may answer on a new local day; tells whether it did.

    Waits for assignments under way: those after it go by the new day.
    """
    connection = work.connection
    await sites.stop_assignments(connection, site_id)
    site = await sites.load_site(connection, site_id)
    if site is None:
        return False
    today = site.matrix_day(work.time)
    if today <= site.handover_date:
        return False
    changed = await answers.days_change(connection, site_id, site.handover_date, today)
    await sites.move_handover_date(connection, site_id, today)
    if changed:
        await work.enqueue_job(site_id, HANDOVER, b"")
    return changed


async def _there(work: Work, site: Site, routes: Sequence[Route]) -> Mapping[str, There]:
    """Returns {case: who of its people is there today}."""
    presence = await answers.list_presence(
        work.connection,
        site.site_id,
        set().union(*(handover.people_of(route) for route in routes)),
        site.matrix_day(work.time),
    )
    return {route.case_id: handover.who_is_there(route, presence) for route in routes}
