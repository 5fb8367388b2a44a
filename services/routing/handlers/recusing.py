"""Keeping people away from a case for good (回避), and finding others in their place."""

from collections.abc import Sequence
from dataclasses import replace

from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.convert import ladder as convert_ladder
from services.routing.convert import routes as convert
from services.routing.domain import assignment as assignments
from services.routing.domain import ladder as ladders
from services.routing.domain import route as routes
from services.routing.domain.assignment import Candidates
from services.routing.domain.commands.cases import RecuseFromCase
from services.routing.domain.decisions import RouteStep, Rule, StepOutcome
from services.routing.domain.directory import Site
from services.routing.domain.route import Cause, Route, RouteState
from services.routing.domain.work_orders import WorkOrder
from services.routing.handlers import assigning, explaining, holding, ladder, tenures
from services.routing.store import directory as sites
from services.routing.store import routes as store


async def recuse_from_case(work: Work, command: RecuseFromCase) -> Receipt:
    """Takes a person out of a case; what they have of it moves in the same transaction."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    route, actor = file.route, work.actor
    if route.state is RouteState.CLOSED:
        raise Refused("CASE_NOT_OPEN", case_id=route.case_id)
    person_id = command.person_id or actor.subject
    others = person_id != actor.subject
    # Who has to keep away themselves can't take the others out of it.
    if others and (not actor.has("DISPATCHER", "DIRECTOR") or actor.subject in route.shielded):
        raise Refused("PERMISSION_DENIED", needed="DISPATCHER, DIRECTOR")
    if await sites.load_person(work.connection, route.site_id, person_id) is None:
        raise Refused("PERSON_UNKNOWN", person_id=person_id)
    if person_id in route.shielded:
        raise Refused("PERSON_SHIELDED", person_id=person_id)
    site = await assigning.hold_site(work, route.site_id)
    recused = routes.recuse(route, person_id)
    await store.save_route(work.connection, recused, work.time)
    work.record(
        route.case_id,
        route.site_id,
        convert.person_recused(route, command, person_id, actor.subject, work.time),
    )
    moved = await move_away(work, site, recused, file.work_orders, command.reason)
    if moved is recused:
        step = RouteStep(
            recused.rule,
            person_id,
            StepOutcome.NOTED,
            f"{person_id} 回避本诉求：{command.reason}",
            f"{person_id} keeps away from the case: {command.reason}",
        )
        await explaining.note(work, recused, (step,))
    return holding.receipt(work, command.case_id)


async def move_away(
    work: Work, site: Site, route: Route, orders: Sequence[WorkOrder], reason: str
) -> Route:
    """Gives a case away from a steward and a level's owner who may not have it in hand any more.

    The same route when both may.
    """
    found = await assigning.read_candidates(work.connection, site, route, work.time)
    if route.steward and found.keeps_away(route.steward):
        route = await _another_steward(work, site, route, found, reason)
    owner = route.level_owner
    if owner and not routes.on_position(owner) and found.keeps_away(owner, route.level):
        route = await _another_owner(work, site, route, orders, reason)
    return route


async def _another_steward(
    work: Work, site: Site, route: Route, found: Candidates, reason: str
) -> Route:
    given = assignments.assign(found)
    why = _keeps_away(route.steward, reason)
    given = replace(given, reasons=(why.zh, *given.reasons), steps=(why, *given.steps))
    return await assigning.give(work, route, given, found, site=site)


async def _another_owner(
    work: Work, site: Site, route: Route, orders: Sequence[WorkOrder], reason: str
) -> Route:
    """Gives the level to whoever may have it: its holder of now, or the alternate chain.

    Where the level has the case it owes its answer by the same deadline, or anew where it had taken
    the case over; an order that it gave stands, and nobody needs to hear that its owner is another
    now.
    """
    levels = await sites.list_ladder(work.connection, site.site_id, route.category)
    step = ladders.step_at(route.level, levels)
    owner, looked = await ladder.owner_of(work, site, route, step)
    if route.level_holds:
        moved = ladders.replaced(route, step, owner, work.time)
    else:
        moved = replace(route, level_owner=owner)
    await store.save_route(work.connection, moved, work.time)
    await explaining.note(work, moved, (_keeps_away(route.level_owner, reason), *looked))
    await tenures.follow(work, moved, orders)
    if route.level_holds:
        work.record(
            moved.case_id,
            moved.site_id,
            convert_ladder.case_escalated(
                moved,
                step,
                from_level=route.level,
                cause=Cause.MANUAL,
                reason=reason,
                clock_id="",
                time=work.time,
            ),
        )
    return moved


def _keeps_away(person_id: str, reason: str) -> RouteStep:
    return RouteStep(
        Rule.ALTERNATE,
        person_id,
        StepOutcome.SHIELDED,
        f"{person_id} 须回避本诉求：{reason}",
        f"{person_id} may not have the case in hand: {reason}",
    )
