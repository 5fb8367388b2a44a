"""The steps of sending, each a transaction of its own; docs in domain/deliveries.py.

A message goes alone, or in a digest with others of its recipient; either is a bundle.

reserve → (address and text, outside) → claim → (driver, outside) → finish. A crash before the
claim has sent nothing and is picked up by whoever comes next; a crash after it leaves a hold that
ends, and a message that is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.message import Message

from backstop.notify.v1 import notify_facts_pb2
from chassis.clock import ClockGuard
from chassis.ids import new_id
from chassis.work import Work
from services.notify import convert
from services.notify.domain import deliveries as domain
from services.notify.domain import digests
from services.notify.domain.deliveries import Channel, Delivery, DeliveryState, Result
from services.notify.domain.digests import Bundle
from services.notify.store import deliveries as store

# How long a worker may take from a reservation to its claim: asking two peers, with retries.
RESERVATION = timedelta(seconds=30)

_EXPIRED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Reserved messages in the order in which they should go, and the raw time of taking them.

    `full` tells that there may be more of them that are due.
    """

    bundles: Sequence[Bundle]
    raw_time: datetime
    full: bool


async def reserve(work: Work, *, limit: int) -> Batch:
    """Takes up to `limit` messages that are due and as many digests, urgent ones first."""
    until = work.raw_time + RESERVATION
    single = await store.reserve_deliveries(work.connection, work.raw_time, until, limit)
    bundles = list(map(digests.alone, single))
    keys = await store.list_due_digests(work.connection, work.raw_time, limit)
    for key in keys:
        # Two who come at once must not share a digest out between them.
        if await store.try_digest(work.connection, key):
            taken = await store.reserve_digest(work.connection, key, work.raw_time, until)
            if taken:
                bundles.append(digests.together(taken, key.digest_id or new_id()))
    full = limit in (len(single), len(keys))
    return Batch(digests.in_order(bundles), work.raw_time, full)


async def defer(work: Work, bundle: Bundle, *, delay: timedelta) -> None:
    """Gives a reserved bundle back for later: what it needs is away. Costs no attempt."""
    await store.defer_deliveries(work.connection, bundle.deliveries, work.raw_time + delay)


async def claim(
    work: Work, bundle: Bundle, *, channel: Channel, lease: timedelta
) -> dict[str, int] | None:
    """Takes a reserved bundle in hand by the way that is open.

    Returns the number of each message's attempt, None when the reservation ran out, or what came
    due meanwhile took the others along, and someone else has any of them.
    """
    if bundle.digest_id:
        await store.hold_digest(work.connection, digests.key_of(bundle.first))
    return await store.claim_deliveries(
        work.connection, bundle.deliveries, channel, bundle.digest_id, work.raw_time + lease
    )


async def finish(
    work: Work,
    deliveries: Sequence[Delivery],
    attempts: Mapping[str, int],
    result: Result,
    *,
    most_attempts: int,
) -> list[Delivery]:
    """Keeps what the driver said of messages; returns those whose attempt was still their own."""
    await work.lock_all({one.subject_id: one.site_id for one in deliveries})
    changed = []
    for current in await store.lock_deliveries(
        work.connection, [one.delivery_id for one in deliveries]
    ):
        after = domain.finish(
            current,
            attempts[current.delivery_id],
            result,
            time=work.time,
            raw_time=work.raw_time,
            most_attempts=most_attempts,
        )
        if after is not None:
            changed.append(after)
    await _end(work, changed)
    return changed


async def expire(work: Work, guard: ClockGuard) -> list[Delivery]:
    """Makes unknown what was in the hand of a worker whose hold is over.

    A clock that may be lying ends no hold.
    """
    if not guard.admits(work):
        return []
    found = await store.list_expired(work.connection, work.raw_time, _EXPIRED_AT_ONCE)
    if not found:
        return []
    # Subjects before their messages, in the same order as everyone.
    await work.lock_all({subject_id: site_id for _, site_id, subject_id in found})
    held = await store.lock_deliveries(work.connection, [one for one, _, _ in found])
    after = [domain.expire(one, time=work.time, raw_time=work.raw_time) for one in held]
    expired = [one for one in after if one is not None]
    await _end(work, expired)
    return expired


async def _end(work: Work, deliveries: Sequence[Delivery]) -> None:
    if not deliveries:
        return
    await store.save_deliveries(work.connection, deliveries)
    for delivery in deliveries:
        fact = ended(delivery)
        if fact is not None:
            work.record(delivery.subject_id, delivery.site_id, fact)


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
