"""How a fact becomes messages: all that follow from one are planned by one fact of ours, once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import Message

from backstop.notify.v1 import notify_facts_pb2
from chassis.handling import ReceivedFact
from chassis.ids import new_id
from chassis.work import Work
from services.notify import convert
from services.notify.domain.cases import CaseView
from services.notify.domain.deliveries import Delivery, DeliveryState, Plan
from services.notify.domain.digests import Held
from services.notify.store import cases as store
from services.notify.store import deliveries as messages

# Wakes the sender.
DELIVERIES = "deliveries"

M = TypeVar("M", bound=Message)


def payload(fact: ReceivedFact, kind: type[M]) -> M:
    """Returns what a fact says; TypeError where it is of another kind."""
    if not isinstance(fact.message, kind):
        raise TypeError(f"{fact.type} is not a {kind.DESCRIPTOR.full_name}")
    return fact.message


async def follow(
    work: Work,
    fact: ReceivedFact,
    case: CaseView,
    told: Sequence[Plan],
    *,
    held: Held | None = None,
) -> None:
    """Keeps the case as it is now and plans the messages."""
    await store.save_case(work.connection, case)
    await tell(work, fact, told, case_id=case.case_id, held=held)


async def tell(
    work: Work,
    fact: ReceivedFact,
    told: Sequence[Plan],
    *,
    case_id: str = "",
    held: Held | None = None,
) -> None:
    """Plans the messages that follow from a fact; without a case they are about its subject.

    Those that are `held` wait for others and go out with them.
    """
    if not told:
        return
    deliveries = [
        Delivery(
            delivery_id=new_id(),
            subject_id=fact.subject_id,
            case_id=case_id,
            site_id=fact.site_id,
            recipient=plan.recipient,
            channel=plan.channel,
            template=plan.template,
            state=DeliveryState.PLANNED,
            attempt_count=0,
            plan_time=work.time,
            reference=plan.reference,
            urgent=plan.urgent,
            digest=held is not None,
            next_time=work.raw_time + (held.hold if held else timedelta(0)),
            context=held.context(plan.context) if held else plan.context,
        )
        for plan in told
    ]
    await messages.insert_deliveries(work.connection, fact.source, fact.version, deliveries)
    planned = notify_facts_pb2.DeliveriesPlanned(
        case_id=case_id, deliveries=[convert.delivery(delivery) for delivery in deliveries]
    )
    work.record(fact.subject_id, fact.site_id, planned)
    work.wake(DELIVERIES)
