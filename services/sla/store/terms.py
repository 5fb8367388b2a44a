"""Sites and what their deadlines are computed from: calendars, policies, the group's template.

Published documents never change, so what was read from them is remembered in the process. That
leaves one small question per transaction: which versions are in force?
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import asyncpg

from backstop.sla.v1 import sla_calendar_pb2, sla_policy_pb2
from chassis.clock import decision_time
from chassis.database import Connection
from chassis.queries import load_queries
from services.sla.convert.calendar import calendar_message, plan_of
from services.sla.convert.policy import policy_message, rules_of
from services.sla.domain.calendar import Calendar
from services.sla.domain.policy import Policy, Terms
from services.sla.domain.seeds import default_plan

Q = load_queries("services.sla", "sql/terms.sql")

DEFAULT_TIME_ZONE = "Asia/Shanghai"
# Who published what nobody published: the first versions of a new site.
PUBLISHED_BY = "sla"

V = TypeVar("V")
# A document's site and version, and when it was published: a version alone could be another
# database's.
_Key = tuple[str, int, datetime]


class _Memory(Generic[V]):
    """The latest documents that were read, at most so many."""

    def __init__(self, most: int = 512) -> None:
        self._most = most
        self._known: dict[_Key, V] = {}

    def get(self, key: _Key) -> V | None:
        return self._known.get(key)

    def put(self, key: _Key, value: V) -> V:
        while len(self._known) >= self._most:
            self._known.pop(next(iter(self._known)))
        self._known[key] = value
        return value


_calendars: _Memory[Calendar] = _Memory()
_policies: _Memory[Policy] = _Memory()


@dataclass(frozen=True, slots=True)
class Site:
    """A site as its directory has it, and the versions in force there."""

    site_id: str
    name: str
    time_zone: str
    calendar_version: int
    policy_version: int


# In force, and before ---------------------------------------------------------------------------


async def load_terms(connection: Connection, *site_ids: str) -> dict[str, Terms]:
    """Returns the terms in force at those of the sites whose directory has arrived."""
    rows = await connection.fetch(Q.get_terms, sorted(set(site_ids)))
    found = await _terms_of(connection, rows)
    return {row["site_id"]: terms for row, terms in zip(rows, found, strict=True)}


async def load_versions(
    connection: Connection, site_id: str, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Terms]:
    """Returns terms as they were once in force, {(policy version, calendar version): terms}.

    Version 0 is what `default_terms` gives. A version that never was isn't in the answer.
    """
    pairs = sorted(set(wanted))
    rows = await connection.fetch(
        Q.get_versions, site_id, [policy for policy, _ in pairs], [days for _, days in pairs]
    )
    found = await _terms_of(connection, rows)
    return {
        (row["policy_version"], row["calendar_version"]): terms
        for row, terms in zip(rows, found, strict=True)
    }


@lru_cache(maxsize=1)
def default_terms() -> Terms:
    """Returns what cases go by that come before their site's directory; version 0 of both.

    Not version 1: that is the site's own, which may have another zone and inherit a template.
    """
    return Terms(Calendar(ZoneInfo(DEFAULT_TIME_ZONE), default_plan(), 0), Policy(version=0))


async def _terms_of(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Terms]:
    """Returns the terms of rows that name versions; asks for those documents not remembered."""
    keys = [
        (
            (row["site_id"], row["calendar_version"], row["calendar_time"]),
            (row["site_id"], row["policy_version"], row["policy_time"]),
        )
        for row in rows
    ]
    begin = default_terms()
    calendars = {key: _calendars.get(key) if key[1] else begin.calendar for key, _ in keys}
    policies = {key: _policies.get(key) if key[1] else begin.policy for _, key in keys}
    unread = [key for key, calendar in calendars.items() if calendar is None]
    if unread:
        documents = await connection.fetch(Q.list_calendar_documents, *_columns(unread))
        times = {(site_id, version): time for site_id, version, time in unread}
        for row in documents:
            time = times[row["site_id"], row["version"]]
            key = (row["site_id"], row["version"], time)
            calendars[key] = _calendars.put(key, _calendar(row["version"], row["document"]))
    unread = [key for key, policy in policies.items() if policy is None]
    if unread:
        documents = await connection.fetch(Q.list_policy_documents, *_columns(unread))
        times = {(site_id, version): time for site_id, version, time in unread}
        for row in documents:
            time = times[row["site_id"], row["version"]]
            key = (row["site_id"], row["version"], time)
            policies[key] = _policies.put(key, _policy(row))
    return [_both(calendars[days], policies[rules]) for days, rules in keys]


def _both(calendar: Calendar | None, policy: Policy | None) -> Terms:
    if calendar is None or policy is None:
        raise LookupError("a version without its document")
    return Terms(calendar, policy)


def _columns(keys: Sequence[_Key]) -> tuple[list[str], list[int]]:
    return [site_id for site_id, _, _ in keys], [version for _, version, _ in keys]


def _calendar(version: int, document: bytes) -> Calendar:
    message = sla_calendar_pb2.Calendar.FromString(document)
    # The zone is kept with the version: what was counted in another one can be counted again.
    return Calendar(ZoneInfo(message.time_zone or DEFAULT_TIME_ZONE), plan_of(message), version)


def _policy(row: asyncpg.Record) -> Policy:
    template = row["template"]
    return Policy(
        version=row["version"],
        site_rules=rules_of(sla_policy_pb2.Policy.FromString(row["document"])),
        group_rules=()
        if template is None
        else rules_of(sla_policy_pb2.Policy.FromString(template)),
    )


# Sites ------------------------------------------------------------------------------------------


async def load_site(connection: Connection, site_id: str) -> Site | None:
    """Returns a site in sight, or None."""
    row = await connection.fetchrow(Q.get_site, site_id)
    return None if row is None else _site(row)


async def hold_site(connection: Connection, site_id: str) -> Site | None:
    """Returns a site whose versions in force nobody else can change until commit, or None."""
    row = await connection.fetchrow(Q.hold_site, site_id)
    return None if row is None else _site(row)


async def list_sites(connection: Connection) -> list[Site]:
    """Returns all sites in sight, in the order of their ids."""
    return [_site(row) for row in await connection.fetch(Q.list_sites)]


async def list_site_ids(connection: Connection, after: str, limit: int) -> list[str]:
    """Returns the ids of the next sites in sight."""
    return [row["site_id"] for row in await connection.fetch(Q.list_site_ids, after, limit)]


async def load_ladders(connection: Connection, site_id: str) -> dict[str, list[tuple[int, int]]]:
    """Returns (working days, seconds of working time) of each level's dwell, from level 1 up.

    The site's own ladder is under "", those of categories under theirs.
    """
    text = await connection.fetchval(Q.get_ladder, site_id)
    stored = [] if text is None else json.loads(text)
    if isinstance(stored, list):
        # As it was before categories had ladders of their own.
        stored = {"": stored}
    return {
        category: [(days, seconds) for days, seconds in dwells]
        for category, dwells in stored.items()
    }


async def load_last_payload(connection: Connection, site_id: str, kind: str) -> bytes | None:
    """Returns what a site's last job of a kind was told, done or not; None if there was none."""
    payload: bytes | None = await connection.fetchval(Q.get_last_payload, site_id, kind)
    return payload


async def save_site(
    connection: Connection,
    site_id: str,
    name: str,
    time_zone: str,
    ladders: Mapping[str, Sequence[tuple[int, int]]],
) -> bool:
    """Writes a site as its directory has it; tells whether its days are on another zone now.

    `ladders` are of (working days, seconds of working time), by category, "" the site's own. A new
    site gets version 1 of calendar and policy: the packaged days, and what the group's template
    says. A new zone makes a new version of the calendar. By either, running clocks are to be
    amended (`publishing.zone_changed`): cases that came before their site's directory, or come
    while it does, have the default zone.
    """
    dwells = json.dumps({category: list(ladder) for category, ladder in ladders.items()})
    site = await hold_site(connection, site_id)
    if site is None:
        time = await decision_time(connection)
        calendar = Calendar(ZoneInfo(time_zone), default_plan())
        await connection.execute(Q.add_site, site_id, name, time_zone, dwells)
        await _add_calendar(connection, site_id, calendar, time, PUBLISHED_BY)
        policy = sla_policy_pb2.Policy(site_id=site_id)
        await _add_policy(connection, policy, 1, time, PUBLISHED_BY)
        return time_zone != DEFAULT_TIME_ZONE
    await connection.execute(Q.set_site, site_id, name, time_zone, dwells)
    if site.time_zone == time_zone:
        return False
    plan = (await load_terms(connection, site_id))[site_id].calendar.plan
    time = await decision_time(connection)
    calendar = Calendar(ZoneInfo(time_zone), plan, site.calendar_version + 1)
    await publish_calendar(connection, site_id, calendar, time, PUBLISHED_BY)
    return True


def _site(row: asyncpg.Record) -> Site:
    return Site(
        site_id=row["site_id"],
        name=row["name"],
        time_zone=row["time_zone"],
        calendar_version=row["calendar_version"],
        policy_version=row["policy_version"],
    )


# Documents --------------------------------------------------------------------------------------


async def load_calendar_document(
    connection: Connection, site_id: str, version: int
) -> sla_calendar_pb2.Calendar | None:
    """Returns a version of a site's calendar as it was published, or None."""
    row = await connection.fetchrow(Q.get_calendar, site_id, version)
    return None if row is None else sla_calendar_pb2.Calendar.FromString(row["document"])


async def publish_calendar(
    connection: Connection, site_id: str, calendar: Calendar, time: datetime, published_by: str
) -> sla_calendar_pb2.Calendar:
    """Puts a new version of a held site's calendar in force; returns it as published."""
    message = await _add_calendar(connection, site_id, calendar, time, published_by)
    await connection.execute(Q.set_calendar_version, site_id, calendar.version)
    return message


async def _add_calendar(
    connection: Connection, site_id: str, calendar: Calendar, time: datetime, published_by: str
) -> sla_calendar_pb2.Calendar:
    message = calendar_message(site_id, calendar, time, published_by)
    document = message.SerializeToString(deterministic=True)
    await connection.execute(
        Q.add_calendar, site_id, calendar.version, document, time, published_by
    )
    return message


async def load_policy_document(
    connection: Connection, site_id: str, version: int
) -> sla_policy_pb2.Policy | None:
    """Returns a version of a site's policy as it was published, or None."""
    row = await connection.fetchrow(Q.get_policy, site_id, version)
    return None if row is None else sla_policy_pb2.Policy.FromString(row["document"])


async def load_template(connection: Connection, version: int = 0) -> sla_policy_pb2.Policy | None:
    """Returns a version of the group's template, the newest with 0; None if there is none."""
    row = await connection.fetchrow(Q.get_template, version)
    return None if row is None else sla_policy_pb2.Policy.FromString(row["document"])


async def publish_policy(
    connection: Connection,
    policy: sla_policy_pb2.Policy,
    version: int,
    time: datetime,
    published_by: str,
) -> sla_policy_pb2.Policy:
    """Puts a new version of a held site's policy in force, on the newest template.

    Returns it as published.
    """
    message = await _add_policy(connection, policy, version, time, published_by)
    await connection.execute(Q.set_policy_version, policy.site_id, version)
    return message


async def publish_template(
    connection: Connection,
    policy: sla_policy_pb2.Policy,
    version: int,
    time: datetime,
    published_by: str,
) -> sla_policy_pb2.Policy:
    """Adds a version of the group's template; returns it as published."""
    message = policy_message(policy, version, time, published_by)
    document = message.SerializeToString(deterministic=True)
    await connection.execute(Q.add_template, version, document, time, published_by)
    return message


async def _add_policy(
    connection: Connection,
    policy: sla_policy_pb2.Policy,
    version: int,
    time: datetime,
    published_by: str,
) -> sla_policy_pb2.Policy:
    template = None if policy.detached else await load_template(connection)
    inherited = 0 if template is None else template.version
    message = policy_message(policy, version, time, published_by, inherited)
    await connection.execute(
        Q.add_policy,
        message.site_id,
        version,
        message.SerializeToString(deterministic=True),
        inherited,
        time,
        published_by,
    )
    return message
