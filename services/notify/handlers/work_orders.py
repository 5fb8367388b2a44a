"""What routing's facts about units' tasks lead to; as in facts.py."""

from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from chassis.convert import to_datetime
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.notify import convert
from services.notify.domain import work_order_plans
from services.notify.domain.work_order_plans import WorkOrderView
from services.notify.handlers.telling import payload, tell
from services.notify.store import cases as store
from services.notify.store import work_orders as tasks


async def on_work_orders_dispatched(work: Work, fact: ReceivedFact) -> None:
    """Units have tasks; whose they are is kept for the day on which one is late."""
    message = payload(fact, routing.WorkOrdersDispatched)
    case = await store.load_case(work.connection, message.case_id)
    work_orders = convert.work_orders(message)
    await tasks.insert_work_orders(work.connection, case, work_orders)
    await tell(
        work, fact, work_order_plans.work_orders_dispatched(case, work_orders), case_id=case.case_id
    )


async def on_work_order_completed(work: Work, fact: ReceivedFact) -> None:
    """A unit has done its task."""
    message = payload(fact, routing.WorkOrderCompleted)
    case = await store.load_case(work.connection, message.case_id)
    told = work_order_plans.work_order_completed(
        case,
        work_order_id=message.work_order_id,
        unit_id=message.unit_id,
        result=message.result,
        open_count=message.open_count,
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_work_order_ruled(work: Work, fact: ReceivedFact) -> None:
    """A task that was given back may be another unit's now."""
    message = payload(fact, routing.WorkOrderRuled)
    case = await store.load_case(work.connection, message.case_id)
    before = await tasks.load_work_order(work.connection, case.case_id, message.work_order_id)
    await tasks.rule_work_order(
        work.connection, case.case_id, message.work_order_id, message.unit_id, message.head
    )
    if not message.HasField("deadline_time"):
        # A fact of before this service told of rulings: it has nothing to tell with.
        return
    now = await tasks.load_work_order(work.connection, case.case_id, message.work_order_id)
    met = await tasks.list_heads(work.connection, case.case_id, message.meeting_unit_ids)
    previous_unit_id = message.previous_unit_id or before.unit_id
    known = before.head if before.unit_id == previous_unit_id else ""
    told = work_order_plans.work_order_ruled(
        case,
        convert.ruled_work_order(message, message.head or now.head),
        kind=convert.enum_name(routing_pb2.RulingKind.DESCRIPTOR, message.kind, "RULING_KIND_"),
        text=message.text,
        previous=(
            None
            if previous_unit_id in ("", message.unit_id)
            else work_order_plans.WorkOrderHolder(previous_unit_id, known)
        ),
        met=met,
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_work_order_reopened(work: Work, fact: ReceivedFact) -> None:
    """A task is open again."""
    message = payload(fact, routing.WorkOrderReopened)
    order = message.work_order
    case = await store.load_case(work.connection, message.case_id)
    await tasks.rule_work_order(
        work.connection, case.case_id, order.work_order_id, order.unit_id, message.head
    )
    now = await tasks.load_work_order(work.connection, case.case_id, order.work_order_id)
    told = work_order_plans.work_order_reopened(
        case,
        WorkOrderView(
            work_order_id=order.work_order_id,
            unit_id=order.unit_id,
            lead=order.lead,
            task=order.task,
            deadline_time=to_datetime(order.deadline_time),
            head=message.head or now.head,
        ),
        reason=message.reason,
        reopened_by=message.reopened_by,
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_extension_asked(work: Work, fact: ReceivedFact) -> None:
    """A unit wants more time; who asked is kept for the day on which it is decided."""
    message = payload(fact, routing.WorkOrderExtensionAsked)
    case = await store.load_case(work.connection, message.case_id)
    await tasks.save_extension_asked(
        work.connection, case.case_id, message.work_order_id, message.asked_by
    )
    told = work_order_plans.extension_asked(
        case,
        work_order_id=message.work_order_id,
        unit_id=message.unit_id,
        due_time=to_datetime(message.deadline_time),
        asked_due_time=to_datetime(message.asked_deadline_time),
        reason=message.reason,
        asked_by=message.asked_by,
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_extended(work: Work, fact: ReceivedFact) -> None:
    """A task has more time, asked for or not."""
    message = payload(fact, routing.WorkOrderExtended)
    case = await store.load_case(work.connection, message.case_id)
    whose = await tasks.load_work_order(work.connection, case.case_id, message.work_order_id)
    await tasks.save_extension_asked(work.connection, case.case_id, message.work_order_id, "")
    told = work_order_plans.extended(
        case,
        work_order_id=message.work_order_id,
        whose=whose,
        due_time=to_datetime(message.deadline_time),
        reason=message.reason,
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_extension_declined(work: Work, fact: ReceivedFact) -> None:
    """A task has the time that it had."""
    message = payload(fact, routing.WorkOrderExtensionDeclined)
    case = await store.load_case(work.connection, message.case_id)
    whose = await tasks.load_work_order(work.connection, case.case_id, message.work_order_id)
    await tasks.save_extension_asked(work.connection, case.case_id, message.work_order_id, "")
    told = work_order_plans.extension_declined(
        case,
        work_order_id=message.work_order_id,
        whose=whose,
        asked_by=message.asked_by,
        words=message.words,
    )
    await tell(work, fact, told, case_id=case.case_id)
