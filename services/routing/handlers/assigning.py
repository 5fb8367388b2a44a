"""Giving a case to somebody: what commands, facts and jobs have in common."""

from dataclasses import replace
from datetime import datetime

from chassis.database import Connection
from chassis.work import Work
from services.routing.convert import routes as convert
from services.routing.domain import assignment as assignments
from services.routing.domain import handover, same_hands
from services.routing.domain import route as routes
from services.routing.domain.assignment import Assignment, Candidates, Responsible
from services.routing.domain.directory import DUTY_LEAD, Site
from services.routing.domain.roster import Duty
from services.routing.domain.route import Route
from services.routing.domain.shield import Shield
from services.routing.handlers import explaining, holding, shielding, tenures
from services.routing.store import candidates as people
from services.routing.store import directory as sites
from services.routing.store import matrix as answers
from services.routing.store import roster as duty
from services.routing.store import routes as store
from services.routing.store import work_orders as tasks


async def hold_site(work: Work, site_id: str) -> Site:
    """Holds a site's lists still until commit and returns its head; DIRECTORY_NOT_FOUND."""
    await sites.hold_assignments(work.connection, site_id)
    return await holding.site(work, site_id)


async def candidates(
    work: Work,
    route: Route,
    *,
    site: Site | None = None,
    responsible: Responsible | None = None,
) -> Candidates:
    """Reads who could have a case now; holds the lists still, so that no handover misses it.

    Whoever gives `site` has called `hold_assignments` before reading it; `responsible` spares
    reading the matrix where it was read already.
    """
    if site is None:
        await sites.hold_assignments(work.connection, route.site_id)
        site = await sites.load_site(work.connection, route.site_id)
    if site is None:
        return Candidates(route.unit_id)
    return await read_candidates(work.connection, site, route, work.time, responsible=responsible)


async def read_candidates(
    connection: Connection,
    site: Site,
    route: Route,
    time: datetime,
    *,
    responsible: Responsible | None = None,
    shield: Shield | None = None,
) -> Candidates:
    """Reads the same without holding anything; `shield` spares reading that too.

    Behind a steward who may have the case nobody is looked for: no alternate chain counts then.
    """
    if shield is None:
        shield = await shielding.read_shield(connection, site, route, time)
    if responsible is None:
        responsible = await answers.load_responsible(connection, site, route.unit_id, time)
    steward = responsible.steward
    if steward and not shield.covers(steward):
        away = await off_shift(connection, site, steward, time)
        return Candidates(route.unit_id, responsible, shield=shield, off_shift=away)
    at_post, post_name = await _at_post(connection, site, route, time)
    return Candidates(
        route.unit_id,
        responsible,
        at_post,
        post_name,
        await duty.load_duty(connection, site, DUTY_LEAD, time),
        await shielding.list_alternates(connection, site, time) if shield else (),
        shield,
    )


async def off_shift(connection: Connection, site: Site, person_id: str, time: datetime) -> bool:
    """Tells whether a steward isn't at work at an instant, as far as the site says when they are.

    A shift of the roster counts beside the stewards' hours.
    """
    hours = site.rules.steward_hours
    if not hours or assignments.in_hours(hours, site.local(time)):
        return False
    return not await duty.on_shift(connection, site, person_id, time)


async def accepted_off_shift(work: Work, site: Site | None, route: Route) -> bool:
    """Tells whether a steward who accepted a case off shift is off shift still.

    Until they aren't, the receiver owes the first reply.
    """
    if site is None or route.accept_time is None or not route.first_reply_by:
        return False
    return await off_shift(work.connection, site, route.steward, work.time)


async def take_up(work: Work, asked: Route) -> Route:
    """Gives a case just registered to its first hands."""
    found = await candidates(work, asked)
    given = assignments.with_first_reply(assignments.assign(found), found, asked.receiver)
    route = routes.reassign(asked, given, work.time)
    await store.insert_route(work.connection, route, work.time)
    await explaining.note(work, route, given.steps)
    await tenures.follow(work, route, ())
    work.record(route.case_id, route.site_id, convert.case_assigned(route, given, previous=""))
    return route


async def give(
    work: Work,
    route: Route,
    assignment: Assignment,
    found: Candidates,
    *,
    site: Site | None = None,
    assigned_by: str = "",
) -> Route:
    """Moves a case to other hands in one step, and records it with what they have to know."""
    orders = await tasks.list_work_orders(work.connection, route.case_id)
    units = [order.unit_id for order in orders if order.open]
    names = {("person", person_id): name for person_id, name in found.names().items()}
    # A case of the many that a matrix moves is spared the question.
    if units or route.level or assigned_by:
        answered_by = route.answered.instructed_by if route.answered is not None else ""
        codes = {*units, route.steward, route.level_position, answered_by} - {""}
        names |= await people.list_names(work.connection, route.site_id, codes)
    if site is None:
        site = await sites.load_site(work.connection, route.site_id)
    note = handover.note(route, orders, names, site.zone) if site is not None else ""
    receiver = await _receiver(work, route, site)
    given = assignments.with_first_reply(assignment, found, receiver)
    moved = routes.reassign(route, given, work.time)
    await store.save_route(work.connection, moved, work.time)
    await explaining.note(work, moved, given.steps, handover_note=note)
    await tenures.follow(work, moved, orders)
    work.record(
        moved.case_id,
        moved.site_id,
        convert.case_assigned(
            moved,
            given,
            previous=route.steward,
            handover_note=note,
            assigned_by=assigned_by,
        ),
    )
    return moved


async def tell_anew(work: Work, route: Route, told: Assignment) -> Route:
    """Keeps and records who else is told of a case, and who owes its first reply, by new lists.

    The fact names the steward as the one before: the case stays in the same hands.
    """
    changed = same_hands.tell_anew(route, told)
    await store.save_route(work.connection, changed, work.time)
    await explaining.note(work, changed, told.steps)
    same = route.steward or assignments.position(route.fallback_position)
    # Told as of now: whoever was accountable since it was assigned was so until now.
    as_of_now = replace(changed, assign_time=work.time)
    work.record(
        changed.case_id,
        changed.site_id,
        convert.case_assigned(as_of_now, told, previous=same),
    )
    return changed


async def _receiver(work: Work, route: Route, site: Site | None) -> str:
    """Who took the appeal, nobody when they have left the site since."""
    receiver = route.receiver
    if site is None or not receiver or routes.on_position(receiver):
        return ""
    day = site.matrix_day(work.time)
    there = await answers.list_presence(work.connection, site.site_id, [receiver], day)
    return receiver if there[receiver][0] else ""


async def _at_post(
    connection: Connection, site: Site, route: Route, time: datetime
) -> tuple[tuple[Duty, ...] | None, str]:
    """Who was on duty where the case was taken, of those who are at the site today."""
    if not route.post_id:
        return None, ""
    post = await sites.load_post(connection, site.site_id, route.post_id)
    if post is None:
        return None, ""
    taken = route.register_time or time
    there = await duty.list_duties_at_post(connection, site, post.post_id, taken)
    today = await answers.list_presence(
        connection, site.site_id, [one.person_id for one in there], site.local(time).date()
    )
    return tuple(one for one in there if today[one.person_id] == (True, False)), post.name
