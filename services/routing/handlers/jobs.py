"""Handover: open cases follow the matrix, a page of them per transaction."""

from chassis.jobs import MAX_SUBJECTS_PER_STEP, Job
from chassis.work import Work
from services.routing.domain import route as routes
from services.routing.handlers import assigning
from services.routing.handlers.publishing import HANDOVER
from services.routing.store import directory as sites
from services.routing.store import duty
from services.routing.store import routes as store


async def hand_over(work: Work, job: Job) -> str | None:
    """Moves the next cases of a site to whom the matrix names now; the cursor is a case id."""
    connection = work.connection
    await sites.hold_assignments(connection, job.site_id)
    site = await sites.load_site(connection, job.site_id)
    if site is None:
        return None
    case_ids = await store.list_handovers(
        connection,
        job.site_id,
        job.cursor,
        site.matrix_day(work.time),
        MAX_SUBJECTS_PER_STEP,
    )
    await work.lock(job.site_id, *case_ids)
    for route in await store.list_routes(connection, case_ids):
        known = bool(route.steward) and (
            await sites.load_person(connection, job.site_id, route.steward) is not None
        )
        found = await assigning.candidates(work, job.site_id, route.unit_id)
        assignment = routes.handed_over(route, found.responsible, found.duty_lead, known=known)
        if assignment is not None:
            await assigning.give(work, route, assignment)
            job.done += 1
    return case_ids[-1] if len(case_ids) == MAX_SUBJECTS_PER_STEP else None


async def follow_the_day(work: Work, site_id: str) -> bool:
    """Starts a handover when a new local day has other rows; tells whether it did.

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
    changed = await duty.rows_change(connection, site_id, site.handover_date, today)
    await sites.move_handover_date(connection, site_id, today)
    if changed:
        await work.enqueue_job(site_id, HANDOVER, b"")
    return changed
