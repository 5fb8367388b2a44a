"""What the other services tell of a case while a random life goes on."""

from google.protobuf.message import Message

from backstop.intake.v1 import intake_pb2 as pb
from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.notify.v1 import notify_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from tests.integration.intake.replay_life import CLOCKS, Life, Tell


def _some_order(it: Life) -> str:
    return str(it.one(*it.orders, "unknown"))


def _dispatched(it: Life, case: pb.Case) -> Message:
    new = [f"wo-{it.count}-{number}" for number in range(it.random.randint(1, 2))]
    it.orders += new
    return routing.WorkOrdersDispatched(
        case_id=it.case_id, work_orders=[it.order(work_order_id=one) for one in new]
    )


def _assigned(it: Life, case: pb.Case) -> Message:
    return routing.CaseAssigned(
        case_id=it.case_id,
        unit_id=it.one("", "bath", "south"),
        steward=it.one("s-1", "p-1"),
        accountable=it.one("s-1", "p-1", ""),
        first_reply_by=it.one("", "p-2"),
    )


def _ruled(it: Life, case: pb.Case) -> Message:
    return routing.WorkOrderRuled(
        case_id=it.case_id,
        work_order_id=_some_order(it),
        kind=it.one(routing_pb2.RULING_KIND_LEAD, routing_pb2.RULING_KIND_UNSPECIFIED),
        unit_id=it.one("bath", "south"),
        lead=it.one(True, False),
        deadline_time=it.one(it.at(), None),
    )


def _paused(it: Life, case: pb.Case) -> Message:
    return sla.ClocksPaused(
        **it.clocks(),
        reason=it.one(*sla_pb2.PauseReason.values()),
        words=f"等料{it.count}",
        approved_by="d-1",
        latest_end_time=it.one(it.at(), None),
    )


def _excused(it: Life, case: pb.Case) -> Message:
    clock = it.clock()
    clock.excuse.reason = "停电"
    return sla.BreachExcused(case_id=it.case_id, clock=clock)


def _planned(it: Life, case: pb.Case) -> Message:
    deliveries = [notify_pb2.Delivery()] * it.random.randint(1, 3)
    return notify.DeliveriesPlanned(case_id=it.case_id, deliveries=deliveries)


FACTS: tuple[Tell, ...] = (
    _assigned,
    lambda it, _: routing.CaseAccepted(case_id=it.case_id, accepted_by="s-1"),
    lambda it, case: routing.CaseEscalated(
        case_id=it.case_id,
        to_level=it.random.randint(1, 4),
        accountable="position:DUTY_LEAD",
        cycle=it.one(case.cycle, case.cycle, 1, 0),
    ),
    lambda it, case: routing.CaseDeescalated(
        case_id=it.case_id, to_level=0, accountable="s-1", cycle=it.one(case.cycle, 1)
    ),
    lambda it, case: routing.CaseInstructed(
        case_id=it.case_id, accountable=it.one(), cycle=it.one(case.cycle, 1)
    ),
    lambda it, _: routing.PersonRecused(case_id=it.case_id, person_id=it.one("p-2", "p-3")),
    lambda it, _: routing.JointSurveyRecorded(case_id=it.case_id),
    _dispatched,
    lambda it, _: routing.WorkOrderAccepted(case_id=it.case_id, work_order_id=_some_order(it)),
    lambda it, _: routing.WorkOrderCompleted(case_id=it.case_id, work_order_id=_some_order(it)),
    lambda it, _: routing.WorkOrderReturned(case_id=it.case_id, work_order_id=_some_order(it)),
    _ruled,
    lambda it, _: routing.WorkOrderReopened(
        case_id=it.case_id, work_order=it.order(work_order_id=_some_order(it))
    ),
    lambda it, _: routing.WorkOrderExtended(
        case_id=it.case_id, work_order_id=_some_order(it), deadline_time=it.at()
    ),
    lambda it, _: routing.WorkOrderExtensionAsked(case_id=it.case_id, asked_by="h-1"),
    lambda it, _: sla.ClocksStarted(**it.clocks()),
    lambda it, _: sla.ClocksStopped(**it.clocks()),
    lambda it, _: sla.ClocksAmended(**it.clocks()),
    _paused,
    lambda it, _: sla.ClocksResumed(**it.clocks()),
    lambda it, _: sla.ClockDueSoon(case_id=it.case_id, clock=it.clock()),
    lambda it, _: sla.ClockBreached(
        case_id=it.case_id, clock=it.clock(it.one(*CLOCKS)), next_wake_time=it.at()
    ),
    _excused,
    _planned,
    lambda it, _: notify.DeliverySent(case_id=it.case_id),
    # Nothing of the file follows from it.
    lambda it, _: notify.DeliveryFailed(case_id=it.case_id),
)
