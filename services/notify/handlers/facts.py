"""What the other services' facts lead to: a changed view of the case, and messages planned once.

The gate lets each fact through once and has locked its subject. All messages of one fact are
planned by one fact of ours, in the same transaction as the change.
"""

from collections.abc import Sequence
from typing import TypeVar

from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.notify.v1 import notify_facts_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.handling import ReceivedFact
from chassis.ids import new_id
from chassis.work import Work
from services.notify import convert, store
from services.notify.domain import cases, plans
from services.notify.domain.cases import CaseView
from services.notify.domain.deliveries import Delivery, DeliveryState, Plan

# Wakes the sender.
DELIVERIES = "deliveries"

M = TypeVar("M", bound=Message)


# Routing -----------------------------------------------------------------------------------------


async def on_directory_published(work: Work, fact: ReceivedFact) -> None:
    """Keeps what the codes of a site are called."""
    directory = _payload(fact, routing.DirectoryPublished).directory
    await store.save_site(work.connection, convert.site(directory), convert.names(directory))


async def on_case_assigned(work: Work, fact: ReceivedFact) -> None:
    """The case has its steward."""
    message = _payload(fact, routing.CaseAssigned)
    case = await store.load_case(work.connection, message.case_id)
    case = cases.assign(case, message.steward, message.accountable)
    told = plans.assigned(
        case,
        also_told=message.also_told,
        previous=message.previous,
        handover=message.rule == routing_pb2.ASSIGNMENT_RULE_HANDOVER,
    )
    await _follow(work, fact, case, told)


async def on_case_accepted(work: Work, fact: ReceivedFact) -> None:
    """The receiver owes nothing more."""
    message = _payload(fact, routing.CaseAccepted)
    case = await store.load_case(work.connection, message.case_id)
    await store.save_case(work.connection, cases.accept(case))


async def on_case_escalated(work: Work, fact: ReceivedFact) -> None:
    """The case is one level higher."""
    message = _payload(fact, routing.CaseEscalated)
    case = await store.load_case(work.connection, message.case_id)
    if cases.gone_by(case, message.cycle):
        return
    case = cases.escalate(case, message.accountable, message.to_level, message.cycle)
    told = plans.escalated(
        case,
        position_id=message.position_id,
        cause=convert.enum_name(
            routing.EscalationCause.DESCRIPTOR, message.cause, "ESCALATION_CAUSE_"
        ),
        top=message.top,
        fallback=message.fallback,
    )
    await _follow(work, fact, case, told)


async def on_case_instructed(work: Work, fact: ReceivedFact) -> None:
    """The level that has the case answered."""
    message = _payload(fact, routing.CaseInstructed)
    case = await store.load_case(work.connection, message.case_id)
    if cases.gone_by(case, message.cycle):
        return
    case = cases.instruct(case, message.accountable, message.cycle)
    told = plans.instructed(
        case,
        level=message.level,
        kind=convert.enum_name(
            routing_pb2.InstructionKind.DESCRIPTOR, message.kind, "INSTRUCTION_KIND_"
        ),
        text=message.text,
        instructed_by=message.instructed_by,
    )
    await _follow(work, fact, case, told)


async def on_work_orders_dispatched(work: Work, fact: ReceivedFact) -> None:
    """Units have tasks; whose they are is kept for the day on which one is late."""
    message = _payload(fact, routing.WorkOrdersDispatched)
    case = await store.load_case(work.connection, message.case_id)
    work_orders = convert.work_orders(message)
    await store.insert_work_orders(work.connection, case, work_orders)
    await _tell(work, fact, case, plans.work_orders_dispatched(case, work_orders))


async def on_work_order_completed(work: Work, fact: ReceivedFact) -> None:
    """A unit has done its task."""
    message = _payload(fact, routing.WorkOrderCompleted)
    case = await store.load_case(work.connection, message.case_id)
    told = plans.work_order_completed(
        case,
        work_order_id=message.work_order_id,
        unit_id=message.unit_id,
        result=message.result,
        open_count=message.open_count,
    )
    await _tell(work, fact, case, told)


# Sla ---------------------------------------------------------------------------------------------


async def on_clocks_started(work: Work, fact: ReceivedFact) -> None:
    """The first deadlines are known: the reporter's receipt."""
    message = _payload(fact, sla.ClocksStarted)
    case = await store.load_case(work.connection, message.case_id)
    told = plans.clocks_started(case, convert.clocks(message.clocks))
    await _tell(work, fact, case, told)


async def on_clock_due_soon(work: Work, fact: ReceivedFact) -> None:
    """A deadline comes near."""
    message = _payload(fact, sla.ClockDueSoon)
    case = await store.load_case(work.connection, message.case_id)
    await _tell(work, fact, case, plans.clock_due_soon(case, convert.clock(message.clock)))


async def on_clock_breached(work: Work, fact: ReceivedFact) -> None:
    """A deadline passed."""
    message = _payload(fact, sla.ClockBreached)
    case = await store.load_case(work.connection, message.case_id)
    clock = convert.clock(message.clock)
    unit_id = head = ""
    if clock.kind == "WORK_ORDER":
        unit_id, head = await store.load_work_order(work.connection, case.case_id, clock.reference)
    consequence = convert.enum_name(
        sla_pb2.Consequence.DESCRIPTOR, message.consequence, "CONSEQUENCE_"
    )
    told = plans.clock_breached(case, clock, consequence, work_order=unit_id, head=head)
    await _tell(work, fact, case, told)


# Intake ------------------------------------------------------------------------------------------


async def on_case_registered(work: Work, fact: ReceivedFact) -> None:
    """A case begins."""
    message = _payload(fact, intake.CaseRegistered)
    case = convert.registered_case(message)
    await store.insert_case(work.connection, case)
    await _tell(work, fact, case, plans.registered(case))


async def on_case_answered(work: Work, fact: ReceivedFact) -> None:
    """An answer to the reporter was written."""
    message = _payload(fact, intake.CaseAnswered)
    case = await store.load_case(work.connection, message.case_id)
    told = plans.answered(
        case,
        answer_id=message.answer_id,
        kind=convert.answer_kind(message.kind),
        text=message.text,
        promised_date=convert.date_text(message.promised_date),
        way=convert.feedback_way(message.feedback),
    )
    await _tell(work, fact, case, told)


async def on_case_fed_back(work: Work, fact: ReceivedFact) -> None:
    """An answer was fed back, or tried."""
    message = _payload(fact, intake.CaseFedBack)
    case = await store.load_case(work.connection, message.case_id)
    told = plans.fed_back(
        case,
        answer_id=message.answer_id,
        kind=convert.answer_kind(message.kind),
        way=convert.feedback_way(message.feedback),
    )
    await _tell(work, fact, case, told)


async def on_case_resolved(work: Work, fact: ReceivedFact) -> None:
    """Done, as far as the handlers are concerned."""
    message = _payload(fact, intake.CaseResolved)
    case = cases.resolve(await store.load_case(work.connection, message.case_id))
    told = plans.resolved(
        case, resolution=message.resolution, outcome=convert.outcome(message.proposed_outcome)
    )
    await _follow(work, fact, case, told)


async def on_case_rejected(work: Work, fact: ReceivedFact) -> None:
    """Not done, as the reporter says."""
    message = _payload(fact, intake.CaseRejected)
    case = await store.load_case(work.connection, message.case_id)
    case = cases.reject(case, message.new_cycle)
    await _follow(work, fact, case, plans.rejected(case, reopen_count=message.reopen_count))


async def on_case_closed(work: Work, fact: ReceivedFact) -> None:
    """Struck off."""
    message = _payload(fact, intake.CaseClosed)
    case = cases.close(await store.load_case(work.connection, message.case_id))
    told = plans.closed(case, outcome=convert.outcome(message.outcome))
    await _follow(work, fact, case, told)


async def _follow(work: Work, fact: ReceivedFact, case: CaseView, told: Sequence[Plan]) -> None:
    """Keeps the case as it is now and plans the messages."""
    await store.save_case(work.connection, case)
    await _tell(work, fact, case, told)


async def _tell(work: Work, fact: ReceivedFact, case: CaseView, told: Sequence[Plan]) -> None:
    """Plans the messages that follow from a fact, all of them with one fact of ours."""
    if not told:
        return
    deliveries = [
        Delivery(
            delivery_id=new_id(),
            case_id=case.case_id,
            site_id=case.site_id,
            recipient=plan.recipient,
            channel=plan.channel,
            template=plan.template,
            state=DeliveryState.PLANNED,
            attempt_count=0,
            plan_time=work.time,
            reference=plan.reference,
            urgent=plan.urgent,
            next_time=work.raw_time,
            context=plan.context,
        )
        for plan in told
    ]
    await store.insert_deliveries(work.connection, fact.source, fact.version, deliveries)
    planned = notify_facts_pb2.DeliveriesPlanned(
        case_id=case.case_id, deliveries=[convert.delivery(delivery) for delivery in deliveries]
    )
    work.record(case.case_id, case.site_id, planned)
    work.wake(DELIVERIES)


def _payload(fact: ReceivedFact, kind: type[M]) -> M:
    if not isinstance(fact.message, kind):
        raise TypeError(f"{fact.type} is not a {kind.DESCRIPTOR.full_name}")
    return fact.message
