"""Sweeps: opened from a solved case, answered by units, closed. A site's part is one subject."""

from collections.abc import Mapping

from backstop.intake.v1 import intake_facts_pb2 as intake
from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import sweeps as convert
from services.routing.domain import sweeps
from services.routing.domain.commands.sweeps import AnswerSweepTask, CloseSweep, OpenSweep
from services.routing.domain.directory import Site
from services.routing.domain.route import RouteState
from services.routing.domain.shield import NO_SHIELD, Shield
from services.routing.domain.sweeps import Ground, Origin, Sweep
from services.routing.handlers import holding, shielding, units
from services.routing.store import directory as sites
from services.routing.store import matrix as answers
from services.routing.store import routes
from services.routing.store import sweeps as store


async def open_sweep(work: Work, command: OpenSweep) -> Receipt:
    """Sends units to look, one part for each site; the receipt's outcome is the sweep's id."""
    route = (await holding.hold(work, command.case_id, 0)).route
    if route.state is RouteState.OPEN:
        raise Refused("SWEEP_CASE_NOT_SOLVED", case_id=route.case_id)
    home = await holding.site(work, route.site_id)
    shield = await shielding.shield_of(work, home, route)
    if shield.covers_alone(work.actor.subject):
        raise Refused("CONFLICT_OF_INTEREST", case_id=route.case_id)
    targets = sweeps.aim(command.targets, home.site_id)
    known = {home.site_id: home}
    for site_id in {target.site_id for target in targets} - known.keys():
        site = await sites.load_site(work.connection, site_id)
        if site is not None and work.actor.may_see(site_id):
            known[site_id] = site
    parts = sweeps.open_sweep(
        new_id(),
        Origin(route.case_id, route.site_id, route.category, command.defect),
        targets,
        [new_id() for _ in targets],
        {site_id: await _ground(work, site) for site_id, site in known.items()},
        command.due_date,
        work.actor.subject,
        work.time,
    )
    # Nobody else can know these subjects yet, so they are made rather than waited for.
    for part in parts:
        work.create(part.site_id, sweeps.subject(part.sweep_id, part.site_id))
    await store.insert_sweep(work.connection, parts)
    for part in parts:
        # Codes of people are each site's own: the shield of the case says nothing elsewhere.
        covering = shield if part.site_id == home.site_id else NO_SHIELD
        heads = await _heads(work, known[part.site_id], part, covering)
        subject = sweeps.subject(part.sweep_id, part.site_id)
        work.record(subject, part.site_id, convert.sweep_opened(part, heads))
    return _receipt(work, parts[0])


async def answer_sweep_task(work: Work, command: AnswerSweepTask) -> Receipt:
    """Keeps what a unit found; the last answer owed closes the site's part."""
    found = await _part_sites(work, command.sweep_id, command.task_id)
    here = [site_id for site_id, has_task in found.items() if has_task]
    if not here:
        raise Refused("SWEEP_TASK_NOT_FOUND", task_id=command.task_id)
    (part,) = await _hold(work, command.sweep_id, here)
    task = sweeps.task_of(part, command.task_id)
    await units.require_of(work, part.site_id, task.unit_id)
    await _require_clear(work, part)
    changed = sweeps.answer_task(
        part, command.task_id, command.answer, work.actor.subject, work.time
    )
    answered = sweeps.task_of(changed, command.task_id)
    await store.save_answer(work.connection, answered)
    subject = sweeps.subject(part.sweep_id, part.site_id)
    work.record(subject, part.site_id, convert.sweep_task_answered(changed, answered))
    if part.open and not changed.open:
        await _end(work, changed)
    return _receipt(work, part)


async def close_sweep(work: Work, command: CloseSweep) -> Receipt:
    """Ends the parts in the caller's sight although tasks are owed."""
    found = await _part_sites(work, command.sweep_id)
    parts = await _hold(work, command.sweep_id, list(found))
    if not any(part.open for part in parts):
        raise Refused("SWEEP_CLOSED", sweep_id=command.sweep_id)
    for part in parts:
        if part.open:
            await _end(work, sweeps.close(part, work.actor.subject, command.reason, work.time))
    return _receipt(work, parts[0])


async def note_found(work: Work, message: intake.CaseRegistered) -> None:
    """Names the case that intake has registered for what a sweep's task found, if it is one."""
    if message.sweep_task_id:
        await store.note_found(
            work.connection, message.site_id, message.sweep_task_id, message.case_id
        )


async def _part_sites(work: Work, sweep_id: str, task_id: str = "") -> Mapping[str, bool]:
    """Returns {site in sight with a part: whether the task is there}.

    Raises Refused SWEEP_NOT_FOUND, for those whom the sweep's case is about as well.
    """
    persons = holding.callers(work.actor)
    found = await store.list_part_sites(work.connection, sweep_id, task_id, persons)
    if not found:
        raise Refused("SWEEP_NOT_FOUND", sweep_id=sweep_id)
    return found


async def _hold(work: Work, sweep_id: str, site_ids: list[str]) -> list[Sweep]:
    """Locks the parts of some sites, all at once, and reads them."""
    await work.lock_all({sweeps.subject(sweep_id, site_id): site_id for site_id in site_ids})
    parts = await store.load_parts(work.connection, sweep_id)
    return [part for part in parts if part.site_id in site_ids]


async def _end(work: Work, part: Sweep) -> None:
    await store.save_closing(work.connection, part)
    subject = sweeps.subject(part.sweep_id, part.site_id)
    work.record(subject, part.site_id, convert.sweep_closed(part))


async def _ground(work: Work, site: Site) -> Ground:
    """Reads which units are there today."""
    today = site.local(work.time).date()
    listed = await sites.list_units(work.connection, site.site_id)
    return Ground(frozenset(unit.unit_id for unit in listed if unit.days.holds(today)), site.zone)


async def _heads(work: Work, site: Site, part: Sweep, shield: Shield) -> list[str]:
    """Returns the head of each task's unit; nobody where the case keeps them away."""
    unit_ids = [task.unit_id for task in part.tasks]
    heads = await answers.load_heads(work.connection, site, unit_ids, work.time)
    return ["" if shield.covers_alone(head) else head for head in heads]


async def _require_clear(work: Work, part: Sweep) -> None:
    """Keeps those away whom the sweep's case does, where it is a case of this site."""
    if part.case_site_id != part.site_id:
        return
    route = await routes.load_route(work.connection, part.case_id)
    if route is not None:
        site = await holding.site(work, part.site_id)
        await shielding.require_clear(work, site, route)


def _receipt(work: Work, part: Sweep) -> Receipt:
    subject = sweeps.subject(part.sweep_id, part.site_id)
    return Receipt(subject, work.version(subject), part.sweep_id)
