"""Giving a case to somebody, and up the ladder: what commands, facts and jobs have in common."""

from dataclasses import dataclass
from datetime import datetime

from chassis.work import Work
from services.routing.convert import routes as convert
from services.routing.domain import route as routes
from services.routing.domain.directory import DUTY_LEAD, Site
from services.routing.domain.roster import Duty
from services.routing.domain.route import Assignment, Cause, Responsible, Route
from services.routing.store import directory as sites
from services.routing.store import duty
from services.routing.store import routes as store


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who a case of a unit could go to now."""

    responsible: Responsible
    duty_lead: Duty | None


async def candidates(work: Work, site_id: str, unit_id: str) -> Candidates:
    """Reads matrix and roster; holds them still until commit, so that no handover misses it."""
    await sites.hold_assignments(work.connection, site_id)
    site = await sites.load_site(work.connection, site_id)
    if site is None:
        return Candidates(Responsible(), None)
    responsible = await duty.load_responsible(work.connection, site, unit_id, work.time)
    lead = None
    if not responsible.steward:
        lead = await duty.load_duty(work.connection, site, DUTY_LEAD, work.time)
    return Candidates(responsible, lead)


async def give(work: Work, route: Route, assignment: Assignment) -> Route:
    """Moves a case to another steward and records it."""
    moved = routes.reassign(route, assignment, work.time)
    await store.save_route(work.connection, moved)
    work.record(
        moved.case_id, moved.site_id, convert.case_assigned(moved, assignment, route.steward)
    )
    return moved


async def climb(
    work: Work,
    route: Route,
    cause: Cause,
    reason: str,
    *,
    clock_id: str = "",
    occurred_time: datetime | None = None,
) -> None:
    """Takes a case one level up and records it; at an unanswered top nothing changes."""
    ladder = await sites.list_ladder(work.connection, route.site_id)
    step = routes.next_step(route, ladder)
    if step is None:
        return
    site = await sites.load_site(work.connection, route.site_id)
    holder = await _holder(work, site, step.position_id)
    risen = routes.escalate(route, step, holder, work.time)
    await store.save_route(work.connection, risen)
    work.record(
        risen.case_id,
        risen.site_id,
        convert.case_escalated(
            risen,
            step,
            from_level=route.level,
            cause=cause,
            reason=reason,
            clock_id=clock_id,
            fallback=risen.level_owner == routes.QUEUE,
            time=work.time,
        ),
        occurred_time=occurred_time,
    )


async def _holder(work: Work, site: Site | None, position_id: str) -> Duty | None:
    if site is None:
        return None
    return await duty.load_duty(work.connection, site, position_id, work.time)
