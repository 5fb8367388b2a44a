"""What routing does about the facts of intake and sla. Each touches its fact's case only."""

from collections.abc import Mapping
from typing import TypeVar

from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_datetime
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.routing.domain import ladder as ladders
from services.routing.domain import refiling as refiled
from services.routing.domain import route as routes
from services.routing.domain import same_hands
from services.routing.domain.route import SEAL_LEASE, Cause, Route, RouteState
from services.routing.domain.work_orders import WorkOrder
from services.routing.handlers import (
    assigning,
    ladder,
    recurrence,
    refiling,
    sweeps,
    tenures,
)
from services.routing.store import directory as sites
from services.routing.store import routes as store
from services.routing.store import work_orders as tasks

M = TypeVar("M", bound=Message)

# What a breach is called where people read why a case climbed, Chinese and English.
CLOCK_WORDS: Mapping[int, tuple[str, str]] = {
    sla_pb2.CLOCK_KIND_FIRST_REPLY: ("初步回复超期", "the first reply is late"),
    sla_pb2.CLOCK_KIND_PLAN: (
        "解决方案或处理进度说明超期",
        "the plan or progress note is late",
    ),
    sla_pb2.CLOCK_KIND_PROGRESS: ("处理进度说明超期", "the progress note is late"),
    sla_pb2.CLOCK_KIND_RESOLUTION: ("超过承诺的解决日期", "the promised date has passed"),
    sla_pb2.CLOCK_KIND_WORK_ORDER: ("工单超期", "a work order is late"),
    sla_pb2.CLOCK_KIND_ESCALATION: (
        "上级未在期限内批示",
        "the level did not answer in its time",
    ),
    sla_pb2.CLOCK_KIND_RULING: ("退单未在期限内裁定", "a return was not ruled on in time"),
    sla_pb2.CLOCK_KIND_CONFIRMATION: (
        "未在期限内回访确认",
        "the reporter was not asked in time",
    ),
}
_SOME_CLOCK = ("时限超期", "a deadline has passed")


async def on_case_registered(work: Work, fact: ReceivedFact) -> None:
    """Names who answers for a new case: by the matrix, else whoever is on duty, else the queue."""
    message = _read(fact, intake.CaseRegistered)
    await work.lock(fact.site_id, fact.subject_id)
    asked = routes.asked_for(
        fact.subject_id,
        fact.site_id,
        message.unit_id,
        work.time,
        category=message.category,
        place=message.place.strip(),
        post_id=message.post_id,
        receiver=message.receiver,
        register_time=to_datetime(message.occurred_time)
        if message.HasField("occurred_time")
        else fact.occurred_time,
        about_persons=message.about_persons,
        recused_persons=message.recused_persons,
    )
    await assigning.take_up(work, asked)
    await sweeps.note_found(work, message)
    await recurrence.suspect(work, fact, message)


async def on_case_escalation_requested(work: Work, fact: ReceivedFact) -> None:
    """Takes a case up because those who handle it asked; two who ask at once are one step."""
    message = _read(fact, intake.CaseEscalationRequested)
    route = await _load(work, fact)
    if route.state is RouteState.OPEN and message.from_level == route.level:
        await ladder.climb(
            work, route, Cause.MANUAL, message.reason, occurred_time=fact.occurred_time
        )


async def on_clock_breached(work: Work, fact: ReceivedFact) -> None:
    """Takes a case up because a clock that leads to the ladder ran out."""
    message = _read(fact, sla.ClockBreached)
    if message.consequence != sla_pb2.CONSEQUENCE_LADDER:
        return
    route = await _load(work, fact)
    if route.state is not RouteState.OPEN:
        return
    clock = message.clock
    cause, (words, english) = Cause.BREACH, CLOCK_WORDS.get(clock.kind, _SOME_CLOCK)
    escalation = clock.kind == sla_pb2.CLOCK_KIND_ESCALATION
    of_order = escalation or clock.kind == sla_pb2.CLOCK_KIND_WORK_ORDER
    order = await _work_order(work, route.case_id, clock.reference) if of_order else None
    # An open work order is of this cycle, whatever its clock was told: a case resolved has none.
    if clock.cycle < route.cycle and (order is None or not order.open):
        return
    if order is not None:
        words, english = CLOCK_WORDS[sla_pb2.CLOCK_KIND_WORK_ORDER]
    elif escalation:
        if ladders.stale_dwell(route, to_datetime(clock.start_time)):
            # The level answered, or the case was taken up, while the breach was on its way.
            return
        cause = Cause.DWELL
    if cause is Cause.BREACH and ladders.reached_since(route, to_datetime(clock.due_time)):
        return
    await ladder.climb(work, route, cause, words, english=english, clock_id=clock.clock_id)


async def on_case_resolved(work: Work, fact: ReceivedFact) -> None:
    """Seals the case for as long as it is resolved; the lease has done its work."""
    resolved = routes.resolve(await _load(work, fact), fact.occurred_time)
    await _keep(work, resolved)
    await _settle_seals(work, fact)


async def on_case_rejected(work: Work, fact: ReceivedFact) -> None:
    """Opens the case again, with its steward and at the foot of the ladder, and says so.

    What routing tells of the new cycle comes after that fact, which waits for intake's: nobody
    takes it for news of a cycle that is over.
    """
    message = _read(fact, intake.CaseRejected)
    reopened = routes.reopen(await _load(work, fact), message.new_cycle)
    await _keep(work, reopened)
    await _settle_seals(work, fact)
    site = await sites.load_site(work.connection, reopened.site_id)
    off = await assigning.accepted_off_shift(work, site, reopened)
    await assigning.tell_anew(work, reopened, same_hands.begun_again(reopened, off_shift=off))


async def on_case_closed(work: Work, fact: ReceivedFact) -> None:
    """Ends the case's way."""
    await _keep(work, routes.close(await _load(work, fact)))
    await _settle_seals(work, fact)


async def on_case_reopened(work: Work, fact: ReceivedFact) -> None:
    """Opens a closed case again, at the foot of the ladder, with its steward if that may be."""
    message = _read(fact, intake.CaseReopened)
    route = await _load(work, fact)
    if message.new_cycle <= route.cycle:
        return
    reopened = routes.reopen(route, message.new_cycle)
    await _keep(work, reopened)
    await _settle_seals(work, fact)
    await refiling.decide_again(work, route, reopened)


async def on_case_amended(work: Work, fact: ReceivedFact) -> None:
    """Decides anew about a case that is about another unit, place or thing, or other persons."""
    message = _read(fact, intake.CaseAmended)
    route = await _load(work, fact)
    amended = refiled.refile(
        route,
        unit_id=message.unit_id,
        category=message.category,
        place=message.place.strip(),
        post_id=message.post_id,
        about_persons=message.about_persons,
    )
    if amended != route:
        await refiling.refile(work, route, amended)


async def on_case_linked(work: Work, fact: ReceivedFact) -> None:
    """Takes a case said to be an old one again for what it says about that one's repair."""
    message = _read(fact, intake.CaseLinked)
    if message.set and message.link.relation == intake_pb2.RELATION_RECURRENCE_OF:
        await recurrence.suspect_linked(work, fact, message, await _load(work, fact))


async def _load(work: Work, fact: ReceivedFact) -> Route:
    await work.lock(fact.site_id, fact.subject_id)
    route = await store.load_route(work.connection, fact.subject_id)
    if route is None:
        # Facts of a case follow its registration; a hole here is a fault, for the quarantine.
        raise LookupError(f"{fact.type} about the unknown case {fact.subject_id}")
    return route


async def _keep(work: Work, route: Route) -> None:
    """Stores a route, and with whom it lies from now on."""
    await store.save_route(work.connection, route, work.time)
    orders = await tasks.list_work_orders(work.connection, route.case_id)
    await tenures.follow(work, route, orders)


async def _settle_seals(work: Work, fact: ReceivedFact) -> None:
    """Removes the seals made before the fact was recorded, which tells what became of them.

    One made since belongs to a resolution that the fact, late as it may come, knows nothing of.
    """
    made_before = fact.record_time + SEAL_LEASE
    await store.delete_seals_until(work.connection, fact.subject_id, made_before)


async def _work_order(work: Work, case_id: str, reference: str) -> WorkOrder | None:
    if not reference:
        return None
    orders = await tasks.list_work_orders(work.connection, case_id)
    return next((order for order in orders if order.work_order_id == reference), None)


def _read(fact: ReceivedFact, kind: type[M]) -> M:
    if not isinstance(fact.message, kind):
        raise TypeError(f"{fact.type} where {kind.__name__} was expected")
    return fact.message
