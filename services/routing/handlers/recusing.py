"""Keeping people away from a case for good (回避), and finding others in their place."""

from collections.abc import Mapping, Sequence
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
from services.routing.domain.directory import Person, Site
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
    person = await sites.load_person(work.connection, route.site_id, person_id)
    if person is None:
        raise Refused("PERSON_UNKNOWN", person_id=person_id, field="person_id")
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
    moved = await move_away(work, site, recused, file.work_orders, command.reason, recused=person)
    if moved is recused:
        step = RouteStep(
            recused.rule,
            person_id,
            StepOutcome.NOTED,
            f"{person.name}（{person_id}）回避本诉求：{command.reason}",
            f"{person.name} ({person_id}) keeps away from the case: {command.reason}",
        )
        await explaining.note(work, recused, (step,))
    return holding.receipt(work, command.case_id)


async def move_away(
    work: Work,
    site: Site,
    route: Route,
    orders: Sequence[WorkOrder],
    reason: str,
    *,
    recused: Person | None = None,
) -> Route:
    """Gives a case away from a steward and a level's owner who may not have it in hand any more.

    The same route when both may. `recused` is who has just been taken out of it.
    """
    found = await assigning.read_candidates(work.connection, site, route, work.time)
    names = found.names() | ({} if recused is None else {recused.person_id: recused.name})
    if route.steward and found.keeps_away(route.steward):
        why = _keeps_away(route.steward, names, reason)
        route = await _another_steward(work, site, route, found, why)
    owner = route.level_owner
    if owner and not routes.on_position(owner) and found.keeps_away(owner, route.level):
        why = _keeps_away(owner, names, reason)
        route = await give_level(work, site, route, orders, why, reason)
    return route


async def _another_steward(
    work: Work, site: Site, route: Route, found: Candidates, why: RouteStep
) -> Route:
    given = assignments.assign(found)
    given = replace(given, reasons=(why.zh, *given.reasons), steps=(why, *given.steps))
    return await assigning.give(work, route, given, found, site=site)


async def give_level(
    work: Work,
    site: Site,
    route: Route,
    orders: Sequence[WorkOrder],
    why: RouteStep,
    reason: str,
) -> Route:
    """Gives the level to whoever may have it: its holder of now, or the alternate chain.

    The same route when that is who has it already. Where the level has the case it owes its answer
    by the same deadline, or anew where it had taken the case over; an order that it gave stands,
    and nobody needs to hear that its owner is another now.
    """
    levels = await sites.list_ladder(work.connection, site.site_id, route.category)
    step = ladders.step_at(route.level, levels)
    owner, looked = await ladder.owner_of(work, site, route, step)
    if owner == route.level_owner:
        return route
    if route.level_holds:
        moved = ladders.replaced(route, step, owner, work.time)
    else:
        moved = replace(route, level_owner=owner)
    await store.save_route(work.connection, moved, work.time)
    await explaining.note(work, moved, (why, *looked))
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


def _keeps_away(person_id: str, names: Mapping[str, str], reason: str) -> RouteStep:
    name = names.get(person_id, "")
    return RouteStep(
        Rule.ALTERNATE,
        person_id,
        StepOutcome.SHIELDED,
        f"{f'{name}（{person_id}）' if name else f'{person_id} '}须回避本诉求：{reason}",
        f"{f'{name} ({person_id})' if name else person_id} may not have the case in hand: {reason}",
    )
