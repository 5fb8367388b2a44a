"""What people do with a case as a whole. The case is locked first, then read."""

from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.convert import routes as convert
from services.routing.domain import route as routes
from services.routing.domain import same_hands
from services.routing.domain.assignment import Candidates
from services.routing.domain.commands.cases import AcceptCase, AssignCase
from services.routing.domain.directory import Person, Site
from services.routing.domain.route import Route
from services.routing.handlers import assigning, holding, shielding
from services.routing.store import directory as sites
from services.routing.store import matrix as answers
from services.routing.store import routes as store


async def assign_case(work: Work, command: AssignCase) -> Receipt:
    """Gives a case to a steward named by the dispatch room."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    route = file.route
    routes.require_open(route)
    person = await _person(work, route.site_id, command.steward, "steward")
    site = await assigning.hold_site(work, route.site_id)
    shield = await shielding.require_clear(work, site, route)
    found = await assigning.read_candidates(work.connection, site, route, work.time, shield=shield)
    await _give_by_hand(work, site, route, person, command.reason, found)
    return holding.receipt(work, command.case_id)


async def accept_case(work: Work, command: AcceptCase) -> Receipt:
    """Notes that the steward took the case.

    A dispatcher who accepts a case that a position has becomes its steward: somebody must be.
    """
    file = await holding.hold(work, command.case_id, command.expected_version)
    route = file.route
    routes.require_open(route)
    actor = work.actor
    if actor.subject != route.steward and not actor.has("DISPATCHER", "DIRECTOR"):
        raise Refused("NOT_THE_STEWARD", steward=route.steward or route.accountable)
    taker = None
    if not route.steward:
        taker = await _person(work, route.site_id, actor.subject, "")
    site = await assigning.hold_site(work, route.site_id)
    shield = await shielding.require_clear(work, site, route)
    if taker is not None:
        found = await assigning.read_candidates(
            work.connection, site, route, work.time, shield=shield
        )
        if found.keeps_away(taker.person_id):
            raise Refused("CONFLICT_OF_INTEREST", case_id=route.case_id)
        route = await _give_by_hand(work, site, route, taker, "从待办中领取。", found)
    if route.accept_time is None:
        off = await assigning.off_shift(work.connection, site, route.steward, work.time)
        accepted = routes.accept(route, actor.subject, work.time, off_shift=off)
        await store.save_route(work.connection, accepted, work.time)
        work.record(route.case_id, route.site_id, convert.case_accepted(accepted, work.time))
        if accepted.first_reply_by:
            # Who hears of an acceptance takes the steward for who owes the first reply.
            still = same_hands.accepted_off_shift(accepted)
            await assigning.tell_anew(work, accepted, still)
    return holding.receipt(work, command.case_id)


async def _give_by_hand(
    work: Work, site: Site, route: Route, person: Person, reason: str, found: Candidates
) -> Route:
    """Gives a case to somebody who is there and may have it."""
    steward = person.person_id
    day = site.matrix_day(work.time)
    there = await answers.list_presence(work.connection, route.site_id, [steward], day)
    if there[steward] != (True, False):
        raise Refused("PERSON_NOT_ACTIVE", person_id=steward)
    if found.keeps_away(steward):
        raise Refused("PERSON_SHIELDED", person_id=steward)
    by = work.actor.subject
    giver = person if by == steward else await sites.load_person(work.connection, site.site_id, by)
    given_by = (by, "" if giver is None else giver.name)
    assignment = routes.by_hand(steward, person.name, given_by, reason, found)
    return await assigning.give(work, route, assignment, found, site=site, assigned_by=by)


async def _person(work: Work, site_id: str, person_id: str, field: str) -> Person:
    person = await sites.load_person(work.connection, site_id, person_id)
    if person is None:
        raise Refused("PERSON_UNKNOWN", person_id=person_id, field=field)
    return person
