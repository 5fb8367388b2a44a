"""Clocks that other terms would touch: those that run, and those of the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from chassis.database import Connection
from services.sla.domain.clocks import Clock
from services.sla.domain.policy import Profile
from services.sla.domain.preview import NO_PROFILE, Running, Stretches
from services.sla.store.files import clock_of
from services.sla.store.terms import Q

# Before all keys there are.
FIRST_CLOCK = (datetime(1, 1, 2, tzinfo=UTC), "00000000-0000-0000-0000-000000000000")
FIRST_CASE = (datetime(1, 1, 2, tzinfo=UTC), "")

# A unit's outreach has no case.
_NO_CASE = (NO_PROFILE, False)


@dataclass(frozen=True, slots=True)
class Count:
    """How many clocks run; how many within some stretches of time, and of how many subjects."""

    clocks: int
    touched: int
    subjects: int


async def count_running(connection: Connection, site_id: str, within: Stretches) -> Count:
    """Counts a site's clocks that run or stand still."""
    (row,) = await connection.fetch(Q.count_running, site_id, *_columns(within))
    return Count(row["clock_count"], row["touched_count"], row["subject_count"])


async def list_running_subjects(
    connection: Connection, site_id: str, within: Stretches, after: str, limit: int
) -> list[str]:
    """Returns the next subjects, by id, with clocks that run or stand still within stretches."""
    rows = await connection.fetch(Q.list_running_subjects, site_id, *_columns(within), after, limit)
    return [row["subject_id"] for row in rows]


async def list_running_clocks(
    connection: Connection,
    site_id: str,
    within: Stretches,
    after: tuple[datetime, str],
    limit: int,
) -> list[Clock]:
    """Returns the next clocks that run or stand still within stretches, by (deadline, id)."""
    rows = await connection.fetch(Q.list_running_clocks, site_id, *_columns(within), *after, limit)
    return [clock_of(row) for row in rows]


async def with_profiles(connection: Connection, clocks: Sequence[Clock]) -> list[Running]:
    """Returns running clocks with what a policy looks at in their cases."""
    rows = await connection.fetch(Q.list_profiles, list({clock.subject_id for clock in clocks}))
    cases = {
        row["case_id"]: (Profile(row["category"], row["kind"], row["urgency"]), row["promised"])
        for row in rows
    }
    return [Running(clock, *cases.get(clock.subject_id, _NO_CASE)) for clock in clocks]


async def count_past_cases(connection: Connection, site_id: str, before: datetime) -> int:
    """Counts a site's cases that were spoken of before an instant."""
    count: int = await connection.fetchval(Q.count_past_cases, site_id, before)
    return count


async def list_past_cases(
    connection: Connection,
    site_id: str,
    before: datetime,
    after: tuple[datetime, str],
    limit: int,
) -> list[tuple[datetime, str]]:
    """Returns the next cases spoken of before an instant, as (when, id), in this order."""
    rows = await connection.fetch(Q.list_past_cases, site_id, before, *after, limit)
    return [(row["occurred_time"], row["case_id"]) for row in rows]


async def list_units_heard_of(connection: Connection, site_id: str) -> list[str]:
    """Returns the outreach subjects of a site's units."""
    return [row["subject_id"] for row in await connection.fetch(Q.list_units_heard_of, site_id)]


async def list_ended_clocks(
    connection: Connection, subject_ids: Sequence[str], within: Stretches
) -> list[Clock]:
    """Returns clocks of these subjects that are over, or breached, within the stretches."""
    rows = await connection.fetch(Q.list_ended_clocks, subject_ids, *_columns(within))
    return [clock_of(row) for row in rows]


async def list_writers(connection: Connection) -> list[str]:
    """Returns the names of transactions under way that may store clocks, this one apart."""
    return [row["virtualtransaction"] for row in await connection.fetch(Q.list_writers)]


async def add_year_warning(connection: Connection, site_id: str, year: int, week: date) -> bool:
    """Notes that a site is warned of a year in a week; tells whether it hadn't been."""
    return await connection.fetchval(Q.add_year_warning, site_id, year, week) is not None


def _columns(stretches: Stretches) -> tuple[list[datetime], list[datetime]]:
    return [since for since, _ in stretches], [until for _, until in stretches]
