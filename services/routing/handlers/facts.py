"""What routing does about the facts of intake and sla. Each touches its fact's case only."""

from collections.abc import Mapping
from typing import TypeVar

from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_datetime
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.routing.convert import routes as convert
from services.routing.domain import route as routes
from services.routing.domain.route import SEAL_LEASE, Cause, Route, RouteState
from services.routing.domain.work_orders import WorkOrder
from services.routing.handlers import assigning
from services.routing.store import routes as store

M = TypeVar("M", bound=Message)

# What a breach is called where people read why a case climbed.
CLOCK_WORDS: Mapping[int, str] = {
    sla_pb2.CLOCK_KIND_FIRST_REPLY: "初步回复超期",
    sla_pb2.CLOCK_KIND_PLAN: "解决方案或处理进度说明超期",
    sla_pb2.CLOCK_KIND_PROGRESS: "处理进度说明超期",
    sla_pb2.CLOCK_KIND_RESOLUTION: "超过承诺的解决日期",
    sla_pb2.CLOCK_KIND_WORK_ORDER: "工单超期",
    sla_pb2.CLOCK_KIND_ESCALATION: "上级未在期限内批示",
    sla_pb2.CLOCK_KIND_RULING: "退单未在期限内裁定",
    sla_pb2.CLOCK_KIND_CONFIRMATION: "未在期限内回访确认",
}


async def on_case_registered(work: Work, fact: ReceivedFact) -> None:
    """Names who answers for a new case: by the matrix, else the duty lead, else the queue."""
    message = _read(fact, intake.CaseRegistered)
    await work.lock(fact.site_id, fact.subject_id)
    found = await assigning.candidates(work, fact.site_id, message.unit_id)
    assignment = routes.assign(message.unit_id, found.responsible, found.duty_lead)
    route = routes.open_route(fact.subject_id, fact.site_id, message.unit_id, assignment, work.time)
    await store.insert_route(work.connection, route)
    work.record(route.case_id, route.site_id, convert.case_assigned(route, assignment, previous=""))


async def on_case_escalation_requested(work: Work, fact: ReceivedFact) -> None:
    """Takes a case up because those who handle it asked; two who ask at once are one step."""
    message = _read(fact, intake.CaseEscalationRequested)
    route = await _load(work, fact)
    if route.state is RouteState.OPEN and message.from_level == route.level:
        await assigning.climb(
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
    cause, words = Cause.BREACH, CLOCK_WORDS.get(clock.kind, "时限超期")
    escalation = clock.kind == sla_pb2.CLOCK_KIND_ESCALATION
    order = await _work_order(work, route.case_id, clock.reference) if escalation else None
    # An open work order is of this cycle, whatever its clock was told: a case resolved has none.
    if clock.cycle < route.cycle and (order is None or not order.open):
        return
    if order is not None:
        words = CLOCK_WORDS[sla_pb2.CLOCK_KIND_WORK_ORDER]
    elif escalation:
        if routes.stale_dwell(route, to_datetime(clock.start_time)):
            # The level answered, or the case was taken up, while the breach was on its way.
            return
        cause = Cause.DWELL
    if cause is Cause.BREACH and routes.reached_since(route, to_datetime(clock.due_time)):
        return
    await assigning.climb(work, route, cause, words, clock_id=clock.clock_id)


async def on_case_resolved(work: Work, fact: ReceivedFact) -> None:
    """Seals the case for as long as it is resolved; the lease has done its work."""
    route = await _load(work, fact)
    await store.save_route(work.connection, routes.resolve(route))
    await _settle_seals(work, fact)


async def on_case_rejected(work: Work, fact: ReceivedFact) -> None:
    """Opens the case again, with its steward and at the foot of the ladder."""
    message = _read(fact, intake.CaseRejected)
    route = await _load(work, fact)
    await store.save_route(work.connection, routes.reopen(route, message.new_cycle))
    await _settle_seals(work, fact)


async def on_case_closed(work: Work, fact: ReceivedFact) -> None:
    """Ends the case's way."""
    route = await _load(work, fact)
    await store.save_route(work.connection, routes.close(route))
    await _settle_seals(work, fact)


async def _load(work: Work, fact: ReceivedFact) -> Route:
    await work.lock(fact.site_id, fact.subject_id)
    route = await store.load_route(work.connection, fact.subject_id)
    if route is None:
        # Facts of a case follow its registration; a hole here is a fault, for the quarantine.
        raise LookupError(f"{fact.type} about the unknown case {fact.subject_id}")
    return route


async def _settle_seals(work: Work, fact: ReceivedFact) -> None:
    """Removes the seals made before the fact was recorded, which tells what became of them.

    One made since belongs to a resolution that the fact, late as it may come, knows nothing of.
    """
    made_before = fact.record_time + SEAL_LEASE
    await store.delete_seals_until(work.connection, fact.subject_id, made_before)


async def _work_order(work: Work, case_id: str, reference: str) -> WorkOrder | None:
    if not reference:
        return None
    orders = await store.list_work_orders(work.connection, case_id)
    return next((order for order in orders if order.work_order_id == reference), None)


def _read(fact: ReceivedFact, kind: type[M]) -> M:
    if not isinstance(fact.message, kind):
        raise TypeError(f"{fact.type} where {kind.__name__} was expected")
    return fact.message
