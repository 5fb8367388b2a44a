"""Rows ↔ domain, over the statements of sql/queries.sql. Who calls it owns the transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from backstop.fact.v1 import fact_pb2
from chassis.database import Connection
from chassis.queries import load_queries
from services.notify.domain.cases import CaseState, CaseView
from services.notify.domain.deliveries import Channel, Context, Delivery, DeliveryState
from services.notify.domain.digests import DigestKey
from services.notify.domain.names import Code, NameKind, Site
from services.notify.domain.work_order_plans import WorkOrderHolder, WorkOrderView

Q = load_queries("services.notify")


# Directory ---------------------------------------------------------------------------------------


async def save_site(connection: Connection, site: Site, names: Mapping[Code, str]) -> None:
    """Keeps a site and what its codes are called, in place of all it had before."""
    await connection.execute(Q.save_site, site.site_id, site.name, site.time_zone)
    await connection.execute(Q.clear_names, site.site_id)
    await connection.execute(
        Q.insert_names,
        site.site_id,
        [code.kind.value for code in names],
        [code.code for code in names],
        list(names.values()),
    )


async def load_site(connection: Connection, site_id: str) -> Site | None:
    """Returns a site, None when its directory has not come yet."""
    row = await connection.fetchrow(Q.load_site, site_id)
    return None if row is None else Site(row["site_id"], row["name"], row["time_zone"])


async def list_names(
    connection: Connection, site_id: str, codes: Sequence[Code]
) -> dict[Code, str]:
    """Returns what codes of a site are called; unknown ones are left out."""
    rows = await connection.fetch(
        Q.list_names, site_id, [code.kind.value for code in codes], [code.code for code in codes]
    )
    return {Code(NameKind(row["kind"]), row["code"]): row["name"] for row in rows}


# Contacts ----------------------------------------------------------------------------------------


async def save_contacts(
    connection: Connection,
    site_id: str,
    contacts: Mapping[str, fact_pb2.Sealed],
    time: datetime,
) -> None:
    """Keeps sealed contacts, {person: contact}, in place of the same people's older ones."""
    await connection.execute(
        Q.save_contacts,
        site_id,
        list(contacts),
        [sealed.key_id for sealed in contacts.values()],
        [sealed.nonce for sealed in contacts.values()],
        [sealed.ciphertext for sealed in contacts.values()],
        time,
    )


async def load_contact(
    connection: Connection, site_id: str, person_id: str
) -> fact_pb2.Sealed | None:
    """Returns a person's sealed contact, None when there is none."""
    row = await connection.fetchrow(Q.load_contact, site_id, person_id)
    if row is None:
        return None
    return fact_pb2.Sealed(key_id=row["key_id"], nonce=row["nonce"], ciphertext=row["ciphertext"])


# Cases -------------------------------------------------------------------------------------------


async def insert_case(connection: Connection, case: CaseView) -> None:
    """Begins to follow a case."""
    await connection.execute(
        Q.insert_case,
        case.case_id,
        case.site_id,
        case.number,
        case.category,
        case.place,
        case.unit_id,
        case.urgent,
        case.confidentiality,
        case.has_phone,
        case.has_email,
        case.receiver,
        case.steward,
        case.accountable,
        case.leader,
        case.accepted,
        case.level,
        case.cycle,
        case.state.value,
        case.first_reply_by,
        sorted(case.shielded),
    )


async def load_case(connection: Connection, case_id: str) -> CaseView:
    """Returns what is known of a case.

    LookupError when nothing is: a fact came before the one it follows from, which is a fault.
    """
    case = await find_case(connection, case_id)
    if case is None:
        raise LookupError(f"the case {case_id} is not known")
    return case


async def find_case(connection: Connection, case_id: str) -> CaseView | None:
    """Returns what is known of a case, None when nothing is."""
    row = await connection.fetchrow(Q.load_case, case_id) if case_id else None
    if row is None:
        return None
    given = {"state": CaseState(row["state"]), "shielded": frozenset(row["shielded"])}
    return CaseView(**{**row, **given})


async def save_case(connection: Connection, case: CaseView) -> None:
    """Keeps what a fact changed about a case."""
    await connection.execute(
        Q.save_case,
        case.case_id,
        case.steward,
        case.accountable,
        case.leader,
        case.accepted,
        case.level,
        case.cycle,
        case.state.value,
        case.late_until,
        case.late_by,
        case.first_reply_by,
        sorted(case.shielded),
    )


async def amend_case(connection: Connection, case: CaseView, about_persons: Iterable[str]) -> None:
    """Keeps what was amended of a case, and whom it is about as well from now on."""
    await connection.execute(
        Q.amend_case,
        case.case_id,
        case.category,
        case.place,
        case.unit_id,
        case.urgent,
        case.has_phone,
        case.has_email,
        sorted(about_persons),
        sorted(case.shielded),
    )


async def insert_work_orders(
    connection: Connection, case: CaseView, work_orders: Sequence[WorkOrderView]
) -> None:
    """Keeps whose the work orders of a case are."""
    await connection.execute(
        Q.insert_work_orders,
        case.case_id,
        case.site_id,
        [order.work_order_id for order in work_orders],
        [order.unit_id for order in work_orders],
        [order.head for order in work_orders],
    )


async def rule_work_order(
    connection: Connection, case_id: str, work_order_id: str, unit_id: str, head: str
) -> None:
    """Keeps whose a work order is now; without a head that of another unit is not known."""
    await connection.execute(Q.rule_work_order, work_order_id, case_id, unit_id, head)


async def save_extension_asked(
    connection: Connection, case_id: str, work_order_id: str, asked_by: str
) -> None:
    """Keeps who has asked for more time; empty once it was decided."""
    await connection.execute(Q.save_extension_asked, work_order_id, case_id, asked_by)


async def load_work_order(
    connection: Connection, case_id: str, work_order_id: str
) -> WorkOrderHolder:
    """Returns whose a work order is; nobody's when it is not known."""
    row = await connection.fetchrow(Q.load_work_order, work_order_id, case_id)
    return WorkOrderHolder() if row is None else WorkOrderHolder(**row)


async def list_heads(
    connection: Connection, case_id: str, unit_ids: Sequence[str]
) -> Sequence[str]:
    """Returns the heads of units that have work orders of the case, as far as they are known."""
    rows = await connection.fetch(Q.list_heads, case_id, list(unit_ids))
    return [row["head"] for row in rows]


# Messages ----------------------------------------------------------------------------------------


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
