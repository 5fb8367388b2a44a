"""Up the ladder and down, and what a level answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.routing.convert import ladder as convert
from services.routing.domain import ladder as ladders
from services.routing.domain import route as routes
from services.routing.domain.assignment import Alternate
from services.routing.domain.commands.ladder import DeescalateCase, InstructCase, UnitOrder
from services.routing.domain.deadlines import NOTHING_TOLD, Deadline, Told, settle
from services.routing.domain.decisions import RouteStep
from services.routing.domain.directory import Level, Site
from services.routing.domain.ladder import Step
from services.routing.domain.route import Cause, Instruction, Route, RouteFile, Seal
from services.routing.domain.work_orders import Task
from services.routing.handlers import explaining, holding, shielding, tenures, work_orders
from services.routing.store import directory as sites
from services.routing.store import roster as duty
from services.routing.store import routes as store
from services.routing.store.work_orders import list_work_orders


async def climb(
    work: Work,
    route: Route,
    cause: Cause,
    reason: str,
    *,
    english: str = "",
    clock_id: str = "",
    occurred_time: datetime | None = None,
) -> None:
    """Takes a case one level up and records it; at an unanswered top nothing changes.

    `english` are the English words of the reason, where they aren't somebody's own.
    """
    site = await sites.load_site(work.connection, route.site_id)
    ladder = await sites.list_ladder(work.connection, route.site_id, route.category)
    step = ladders.next_step(route, ladder, dwelt=cause is Cause.DWELL)
    if site is None or step is None:
        return
    risen = await _go(work, site, route, step, reason, english)
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
            time=work.time,
        ),
        occurred_time=occurred_time,
    )
    await tenures.follow(work, risen, await list_work_orders(work.connection, risen.case_id))


async def owner_of(
    work: Work, site: Site, route: Route, step: Step
) -> tuple[str, tuple[RouteStep, ...]]:
    """Returns who has a level now, a person or a position, and how they were found."""
    if step.level == 0:
        return "", ()
    connection = work.connection
    position = await sites.load_position(connection, site.site_id, step.position_id)
    holder = await duty.load_duty(connection, site, step.position_id, work.time)
    shield = await shielding.shield_of(work, site, route)
    alternates: Sequence[Alternate] = ()
    if shield:
        alternates = await shielding.list_alternates(connection, site, work.time)
    name = "" if position is None else position.name
    return ladders.owner(route, step, name, holder, shield, alternates)


async def instruct_case(
    work: Work,
    command: InstructCase,
    disproved: frozenset[Seal] = frozenset(),
    told: Told = NOTHING_TOLD,
) -> Receipt:
    """Records the answer of the level that has the case, by its holder or one above it.

    An order to a unit becomes a work order; what is sent down goes one level down. Raises
    SealUnknown and CalendarUnknown as `work_orders.dispatch_work_orders` does.
    """
    file = await holding.hold(work, command.case_id, command.expected_version)
    before = file.route
    routes.require_open(before)
    site = await holding.site(work, before.site_id)
    ladder = await sites.list_ladder(work.connection, site.site_id, before.category)
    route = ladders.instruct(before, command.kind, command.text, work.actor.subject, work.time)
    await _require_of_level(work, site, before, ladder)
    if command.kind is Instruction.SEND_DOWN:
        step = ladders.step_down(before, ladder)
        down = await _go(work, site, before, step, command.text)
        work.record(route.case_id, route.site_id, convert.case_instructed(route, down.accountable))
        await _record_down(work, file, down, step, command.text)
        return holding.receipt(work, command.case_id)
    await store.save_route(work.connection, route, work.time)
    if route.accountable != before.accountable:
        taker = await sites.load_person(work.connection, site.site_id, route.accountable)
        name = "" if taker is None else taker.name
        await explaining.note(work, route, (ladders.answered(route, command.text, name),))
    work.record(route.case_id, route.site_id, convert.case_instructed(route, route.accountable))
    answered = replace(file, route=route)
    if command.order is None:
        await tenures.follow(work, route, file.work_orders)
    else:
        await _send_order(work, answered, site, command.order, command.text, disproved, told)
    return holding.receipt(work, command.case_id)


async def deescalate_case(work: Work, command: DeescalateCase) -> Receipt:
    """Takes a case one level down, by its level's holder, one above it, or the director."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    before = file.route
    routes.require_open(before)
    site = await holding.site(work, before.site_id)
    ladder = await sites.list_ladder(work.connection, site.site_id, before.category)
    step = ladders.step_down(before, ladder)
    await _require_of_level(work, site, before, ladder, director=True)
    down = await _go(work, site, before, step, command.reason)
    await _record_down(work, file, down, step, command.reason)
    return holding.receipt(work, command.case_id)


async def _go(
    work: Work, site: Site, route: Route, step: Step, reason: str, english: str = ""
) -> Route:
    """Brings a case to a level and keeps how; recording the fact is left to the caller."""
    owner, looked = await owner_of(work, site, route, step)
    moved = ladders.move(route, step, owner, work.time)
    await store.save_route(work.connection, moved, work.time)
    await explaining.note(work, moved, (ladders.moved(route, step, reason, english), *looked))
    return moved


async def _record_down(work: Work, file: RouteFile, down: Route, step: Step, reason: str) -> None:
    work.record(
        down.case_id,
        down.site_id,
        convert.case_deescalated(
            down,
            step,
            from_level=file.route.level,
            reason=reason,
            decided_by=work.actor.subject,
            time=work.time,
        ),
    )
    await tenures.follow(work, down, file.work_orders)


async def _send_order(
    work: Work,
    file: RouteFile,
    site: Site,
    order: UnitOrder,
    text: str,
    disproved: frozenset[Seal],
    told: Told,
) -> None:
    (deadline,) = settle(
        [Deadline(order.deadline_time)], site, work.time, told, allow_rest_day=order.allow_rest_day
    )
    task = Task(order.unit_id, text, deadline)
    await work_orders.send_tasks(work, file, site, [task], disproved)


async def _require_of_level(
    work: Work, site: Site, route: Route, ladder: list[Level], *, director: bool = False
) -> None:
    """Lets those pass who have the case, or hold its level's position now, or one above it.

    The director answers for a vacant level, whose cases lie in the dispatch room's queue; with
    `director`, for every one. Raises Refused CONFLICT_OF_INTEREST for whoever must not have the
    case in hand: at a level below an accused's that is everyone of the ladder.
    """
    actor = work.actor
    await shielding.require_clear(work, site, route)
    if actor.subject == route.level_owner:
        return
    holders = {}
    for level, step in enumerate(ladder, 1):
        holders[level] = await _holder(work, site, step.position_id)
    # Its own position first: a directory published since may have another one at that level.
    holders[route.level] = await _holder(work, site, route.level_position)
    shield = await shielding.shield_of(work, site, route)
    held = [level for level, person in holders.items() if person == actor.subject]
    if shield and any(shield.covers(actor.subject, level) for level in held):
        raise Refused("CONFLICT_OF_INTEREST", case_id=route.case_id)
    if any(level >= route.level for level in held):
        return
    # A role is no way round the shield: without a position one is of the line below as well.
    if shield.covers(actor.subject, route.level) and not await _is_alternate(work, site):
        raise Refused("CONFLICT_OF_INTEREST", case_id=route.case_id)
    vacant = director or routes.on_position(route.level_owner) or not holders[route.level]
    if not (vacant and actor.has("DIRECTOR")):
        raise Refused("NOT_OF_THE_LEVEL", level=route.level)


async def _is_alternate(work: Work, site: Site) -> bool:
    """Tells whether the caller holds a position of the alternate chain."""
    chain = await shielding.list_alternates(work.connection, site, work.time)
    return any(one.person_id == work.actor.subject for one in chain)


async def _holder(work: Work, site: Site, position_id: str) -> str:
    found = await duty.load_duty(work.connection, site, position_id, work.time)
    return "" if found is None else found.person_id
