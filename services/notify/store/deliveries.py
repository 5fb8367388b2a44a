"""Messages: planned, taken up, told together, sent."""

import json
from collections.abc import Sequence
from datetime import datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.notify.domain.deliveries import Channel, Context, Delivery, DeliveryState
from services.notify.domain.digests import DigestKey

Q = load_queries("services.notify", "sql/deliveries.sql")


async def insert_deliveries(
    connection: Connection, source: str, version: int, deliveries: Sequence[Delivery]
) -> None:
    """Plans the messages that follow from one fact of one subject, alone or for digests."""
    first = deliveries[0]
    await connection.execute(
        Q.insert_deliveries,
        first.site_id,
        first.subject_id,
        first.case_id,
        source,
        version,
        first.plan_time,
        first.next_time,
        first.digest,
        [delivery.delivery_id for delivery in deliveries],
        [delivery.recipient for delivery in deliveries],
        [delivery.channel.value for delivery in deliveries],
        [delivery.template for delivery in deliveries],
        [delivery.reference for delivery in deliveries],
        [delivery.urgent for delivery in deliveries],
        [_to_json(delivery.context) for delivery in deliveries],
    )


async def list_deliveries(
    connection: Connection,
    case_id: str,
    after: tuple[datetime, str],
    limit: int,
    callers: Sequence[str],
) -> list[Delivery]:
    """Returns messages about a case, oldest first, after a (plan time, id) key.

    None for callers whom it is about.
    """
    rows = await connection.fetch(Q.list_deliveries, case_id, *after, limit, list(callers))
    return [_delivery(row) for row in rows]


async def reserve_deliveries(
    connection: Connection, raw_time: datetime, until: datetime, limit: int
) -> list[Delivery]:
    """Takes up messages that are due and go out alone; nobody else does before `until`.

    A reservation is no claim: whoever dies with it has sent nothing.
    """
    rows = await connection.fetch(Q.reserve_deliveries, raw_time, until, limit)
    return [_delivery(row) for row in rows]


async def list_due_digests(
    connection: Connection, raw_time: datetime, limit: int
) -> list[DigestKey]:
    """Returns what is told together and is due, without taking it up."""
    rows = await connection.fetch(Q.list_due_digests, raw_time, limit)
    return [
        DigestKey(row["site_id"], row["recipient"], Channel(row["channel"]), row["digest_id"] or "")
        for row in rows
    ]


async def try_digest(connection: Connection, key: DigestKey) -> bool:
    """Keeps others off what is told together until the commit; False where one was there before.

    What is read after it is what they have left.
    """
    held: bool = await connection.fetchval(Q.try_digest, "/".join(key))
    return held


async def hold_digest(connection: Connection, key: DigestKey) -> None:
    """Keeps others off what is told together until the commit, once they are off it."""
    await connection.execute(Q.hold_digest, "/".join(key))


async def reserve_digest(
    connection: Connection, key: DigestKey, raw_time: datetime, until: datetime
) -> list[Delivery]:
    """Takes up what is told together: all of it, due or not, if any is due still.

    As with `reserve_deliveries`.
    """
    rows = await connection.fetch(
        Q.reserve_digest,
        raw_time,
        until,
        key.site_id,
        key.recipient,
        key.channel.value,
        key.digest_id or None,
    )
    return [_delivery(row) for row in rows]


async def defer_deliveries(
    connection: Connection, deliveries: Sequence[Delivery], next_time: datetime
) -> None:
    """Gives messages that were reserved together back, not to be tried before `next_time`."""
    await connection.execute(
        Q.defer_deliveries, _ids(deliveries), deliveries[0].next_time, next_time
    )


async def claim_deliveries(
    connection: Connection,
    deliveries: Sequence[Delivery],
    channel: Channel,
    digest_id: str,
    lease_time: datetime,
) -> dict[str, int] | None:
    """Takes messages in hand that were reserved together, all of them or none.

    Returns the number of each one's attempt, None when it is too late for any of them.
    """
    rows = await connection.fetch(
        Q.claim_deliveries,
        _ids(deliveries),
        deliveries[0].next_time,
        channel.value,
        digest_id or None,
        lease_time,
    )
    return {row["delivery_id"]: row["attempt_count"] for row in rows} or None


async def lock_deliveries(connection: Connection, delivery_ids: Sequence[str]) -> list[Delivery]:
    """Returns messages, in the order of their ids, and locks them; their subjects come before."""
    rows = await connection.fetch(Q.lock_deliveries, list(delivery_ids))
    if len(rows) != len(delivery_ids):
        raise LookupError("a delivery has gone")
    return [_delivery(row) for row in rows]


async def save_deliveries(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Keeps what became of messages."""
    await connection.execute(
        Q.save_deliveries,
        _ids(deliveries),
        [delivery.state.value for delivery in deliveries],
        [delivery.problem for delivery in deliveries],
        [delivery.finish_time for delivery in deliveries],
        [delivery.next_time for delivery in deliveries],
        [delivery.lease_time for delivery in deliveries],
    )


async def list_expired(
    connection: Connection, raw_time: datetime, limit: int
) -> list[tuple[str, str, str]]:
    """Returns (delivery, site, subject) of messages whose worker's hold is over."""
    rows = await connection.fetch(Q.list_expired, raw_time, limit)
    return [(row["delivery_id"], row["site_id"], row["subject_id"]) for row in rows]


async def next_delivery(connection: Connection, raw_time: datetime) -> float | None:
    """Returns the seconds until something is due; None when nothing waits."""
    seconds: float | None = await connection.fetchval(Q.next_delivery, raw_time)
    return seconds


async def count_waiting(connection: Connection) -> int:
    """Returns how many messages are planned and not in hand."""
    count: int = await connection.fetchval(Q.count_waiting)
    return count


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        delivery_id=row["delivery_id"],
        subject_id=row["subject_id"],
        case_id=row["case_id"] or "",
        site_id=row["site_id"],
        recipient=row["recipient"],
        channel=Channel(row["channel"]),
        template=row["template"],
        state=DeliveryState(row["state"]),
        attempt_count=row["attempt_count"],
        plan_time=row["plan_time"],
        finish_time=row["finish_time"],
        problem=row["problem"],
        reference=row["reference"],
        urgent=row["urgent"],
        digest=row["digest"],
        digest_id=row["digest_id"] or "",
        next_time=row["next_time"],
        lease_time=row["lease_time"],
        context=json.loads(row["context"]),
    )


def _ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.delivery_id for delivery in deliveries]


def _to_json(context: Context) -> str:
    return json.dumps(context, ensure_ascii=False)
