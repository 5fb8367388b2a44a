"""The steps of sending, each a transaction of its own; docs in domain/deliveries.py.

reserve → (address and text, outside) → claim → (driver, outside) → finish. A crash before the
claim has sent nothing and is picked up by whoever comes next; a crash after it leaves a hold that
ends, and a message that is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.message import Message

from backstop.notify.v1 import notify_facts_pb2
from chassis.clock import ClockGuard
from chassis.work import Work
from services.notify import convert, store
from services.notify.domain import deliveries as domain
from services.notify.domain.deliveries import Channel, Delivery, DeliveryState, Result

# How long a worker may take from a reservation to its claim: asking two peers, with retries.
RESERVATION = timedelta(seconds=30)

_EXPIRED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Reserved messages in the order in which they should go, and the raw time of taking them."""

    deliveries: Sequence[Delivery]
    raw_time: datetime


async def reserve(work: Work, *, limit: int) -> Batch:
    """Takes up to `limit` messages that are due, urgent ones first."""
    until = work.raw_time + RESERVATION
    found = await store.reserve_deliveries(work.connection, work.raw_time, until, limit)
    found.sort(key=lambda delivery: (not delivery.urgent, delivery.delivery_id))
    return Batch(found, work.raw_time)


async def defer(work: Work, delivery: Delivery, *, delay: timedelta) -> None:
    """Gives a reserved message back for later: what it needs is away. Costs no attempt."""
    await store.defer_delivery(work.connection, delivery, work.raw_time + delay)


async def claim(
    work: Work, delivery: Delivery, *, channel: Channel, lease: timedelta
) -> int | None:
    """Takes a reserved message in hand by the way that is open.

    Returns the attempt's number, None when the reservation ran out and someone else has it.
    """
    return await store.claim_delivery(work.connection, delivery, channel, work.raw_time + lease)


async def finish(
    work: Work, delivery: Delivery, attempt: int, result: Result, *, most_attempts: int
) -> Delivery | None:
    """Keeps what the driver said; None when the attempt is no longer its own."""
    await work.lock(delivery.site_id, delivery.case_id)
    current = await store.lock_delivery(work.connection, delivery.delivery_id)
    after = domain.finish(
        current,
        attempt,
        result,
        time=work.time,
        raw_time=work.raw_time,
        most_attempts=most_attempts,
    )
    if after is not None:
        await _end(work, after)
    return after


async def expire(work: Work, guard: ClockGuard) -> list[Delivery]:
    """Makes unknown what was in the hand of a worker whose hold is over.

    A clock that may be lying ends no hold.
    """
    if not guard.admits(work):
        return []
    found = await store.list_expired(work.connection, work.raw_time, _EXPIRED_AT_ONCE)
    # Cases before their messages, in the same order as everyone.
    await work.lock_all({case_id: site_id for _, site_id, case_id in found})
    expired: list[Delivery] = []
    for delivery_id in sorted(delivery_id for delivery_id, _, _ in found):
        current = await store.lock_delivery(work.connection, delivery_id)
        after = domain.expire(current, time=work.time, raw_time=work.raw_time)
        if after is not None:
            await _end(work, after)
            expired.append(after)
    return expired


async def _end(work: Work, delivery: Delivery) -> None:
    await store.save_delivery(work.connection, delivery)
    fact = ended(delivery)
    if fact is not None:
        work.record(delivery.case_id, delivery.site_id, fact)


def ended(delivery: Delivery) -> Message | None:
    """Returns the fact of a message's end, None while it goes on."""
    message = convert.delivery(delivery)
    match delivery.state:
        case DeliveryState.SENT:
            return notify_facts_pb2.DeliverySent(case_id=delivery.case_id, delivery=message)
        case DeliveryState.FAILED:
            return notify_facts_pb2.DeliveryFailed(case_id=delivery.case_id, delivery=message)
        case DeliveryState.UNKNOWN:
            return notify_facts_pb2.DeliveryUnknown(case_id=delivery.case_id, delivery=message)
        case _:
            return None
