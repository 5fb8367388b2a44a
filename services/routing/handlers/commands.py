"""What people do with a case as a whole. The case is locked first, then read."""

from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.convert import routes as convert
from services.routing.domain import route as routes
from services.routing.domain.commands import AcceptCase, AssignCase, InstructCase
from services.routing.domain.directory import Person
from services.routing.domain.route import QUEUE, Route
from services.routing.handlers import assigning, holding
from services.routing.store import directory as sites
from services.routing.store import duty
from services.routing.store import routes as store


async def assign_case(work: Work, command: AssignCase) -> Receipt:
    """Gives a case to a steward named by the dispatch room."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    routes.require_open(file.route)
    person = await _person(work, file.route.site_id, command.steward)
    assignment = routes.by_hand(person.person_id, person.name, work.actor.subject, command.reason)
    await assigning.give(work, file.route, assignment)
    return holding.receipt(work, command.case_id)


async def accept_case(work: Work, command: AcceptCase) -> Receipt:
    """Notes that the steward took the case.

    A dispatcher who accepts a case of the queue becomes its steward: somebody must be.
    """
    file = await holding.hold(work, command.case_id, command.expected_version)
    route = file.route
    routes.require_open(route)
    actor = work.actor
    if actor.subject != route.steward and not actor.has("DISPATCHER", "DIRECTOR"):
        raise Refused("NOT_THE_STEWARD", steward=route.steward or routes.QUEUE)
    if not route.steward:
        person = await _person(work, route.site_id, actor.subject)
        assignment = routes.by_hand(
            person.person_id, person.name, actor.subject, "从调度室待办中领取。"
        )
        route = await assigning.give(work, route, assignment)
    accepted = routes.accept(route, actor.subject, work.time)
    if accepted is not route:
        await store.save_route(work.connection, accepted)
        work.record(route.case_id, route.site_id, convert.case_accepted(accepted, work.time))
    return holding.receipt(work, command.case_id)


async def instruct_case(work: Work, command: InstructCase) -> Receipt:
    """Records the answer of the level that has the case, by its holder or one above it."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    routes.require_open(file.route)
    route = routes.instruct(file.route, command.kind, command.text, work.actor.subject, work.time)
    await _require_of_level(work, file.route)
    await store.save_route(work.connection, route)
    if route.answered is not None:
        work.record(route.case_id, route.site_id, convert.case_instructed(route, route.answered))
    return holding.receipt(work, command.case_id)


async def _person(work: Work, site_id: str, person_id: str) -> Person:
    person = await sites.load_person(work.connection, site_id, person_id)
    if person is None:
        raise Refused("PERSON_UNKNOWN", person_id=person_id)
    return person


async def _require_of_level(work: Work, route: Route) -> None:
    """Lets those pass who have the case, or hold its level's position now, or one above it.

    The director answers for a vacant level, whose cases lie in the dispatch room's queue.
    """
    actor = work.actor
    if actor.subject == route.level_owner:
        return
    site = await holding.site(work, route.site_id)
    vacant = route.level_owner == QUEUE
    ladder = await sites.list_ladder(work.connection, site.site_id)
    for position_id in routes.may_answer(route, ladder):
        holder = await duty.load_duty(work.connection, site, position_id, work.time)
        if holder is not None and holder.person_id == actor.subject:
            return
        if position_id == route.level_position and (holder is None or not holder.person_id):
            vacant = True
    if not (vacant and actor.has("DIRECTOR")):
        raise Refused("NOT_OF_THE_LEVEL", level=route.level)
