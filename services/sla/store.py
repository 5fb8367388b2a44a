"""Rows ↔ domain, over the named statements of sql/queries.sql; the caller owns the transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from chassis.database import Connection
from chassis.ids import new_id
from chassis.queries import load_queries
from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import Clock, ClockKind, ClockState
from services.sla.domain.docket import Case, CaseState, Change, File
from services.sla.domain.policy import Policy, Terms
from services.sla.domain.seeds import announced_years

Q = load_queries("services.sla")

DEFAULT_TIME_ZONE = "Asia/Shanghai"

# Calendars by their ids, which change with their days. Hundreds of rows that hardly ever change
# would otherwise be read with every fact.
_calendars: dict[tuple[str, str], Calendar] = {}
_MOST_CALENDARS = 512


# Terms ----------------------------------------------------------------------------------------


async def load_terms(connection: Connection, *site_ids: str) -> dict[str, Terms]:
    """Returns the terms of those sites whose directory has arrived."""
    rows = await connection.fetch(Q.get_terms, sorted(set(site_ids)))
    return {
        row["site_id"]: Terms(await _load_calendar(connection, row), _policy(row)) for row in rows
    }


def default_terms() -> Terms:
    """Returns what a site begins with; a case may come before its site's directory does."""
    years = announced_years()
    return Terms(
        Calendar(
            ZoneInfo(DEFAULT_TIME_ZONE),
            frozenset(years),
            {day: working for days in years.values() for day, working in days.items()},
        ),
        Policy(),
    )


async def _load_calendar(connection: Connection, row: asyncpg.Record) -> Calendar:
    key = row["calendar_id"], row["time_zone"]
    calendar = _calendars.get(key)
    if calendar is None:
        years = await connection.fetch(Q.list_calendar_years, row["site_id"])
        days = await connection.fetch(Q.list_calendar_days, row["site_id"])
        calendar = Calendar(
            ZoneInfo(row["time_zone"]),
            frozenset(year["year"] for year in years),
            {day["day"]: day["working"] for day in days},
        )
        if len(_calendars) >= _MOST_CALENDARS:
            _calendars.pop(next(iter(_calendars)))
        _calendars[key] = calendar
    return calendar


def _policy(row: asyncpg.Record) -> Policy:
    return Policy(
        version=row["version"],
        first_reply_floor=row["first_reply_floor"],
        plan_working_days=row["plan_working_days"],
        progress_working_days=row["progress_working_days"],
        confirmation_working_days=row["confirmation_working_days"],
        work_order_grace_working_days=row["work_order_grace_working_days"],
    )


async def save_site(connection: Connection, site_id: str, name: str, time_zone: str) -> None:
    """Writes a site as its directory has it; a new one gets policy version 1."""
    policy = Policy()
    await connection.execute(
        Q.add_policy,
        site_id,
        policy.version,
        policy.first_reply_floor,
        policy.plan_working_days,
        policy.progress_working_days,
        policy.confirmation_working_days,
        policy.work_order_grace_working_days,
    )
    await connection.execute(Q.save_site, site_id, name, time_zone, new_id(), policy.version)


async def announce_years(
    connection: Connection, site_id: str, years: Mapping[int, Mapping[date, bool]]
) -> None:
    """Adds the days of years that the site's calendar doesn't have; those it has stay as edited."""
    rows = await connection.fetch(Q.add_calendar_years, site_id, sorted(years))
    days = [pair for row in rows for pair in years[row["year"]].items()]
    if not rows:
        return
    await connection.execute(
        Q.add_calendar_days, site_id, [day for day, _ in days], [working for _, working in days]
    )
    await connection.execute(Q.set_calendar, site_id, new_id())


# Cases and clocks -----------------------------------------------------------------------------


async def load_files(connection: Connection, case_ids: Sequence[str]) -> dict[str, File]:
    """Returns the files of those cases that are known, with their live clocks."""
    cases: dict[str, Case] = {}
    clocks: dict[str, list[Clock]] = {}
    for row in await connection.fetch(Q.list_files, case_ids):
        case_id = row["case_id"]
        if case_id not in cases:
            cases[case_id], clocks[case_id] = _case(row), []
        if row["clock_id"] is not None:
            clocks[case_id].append(_clock(row))
    return {case_id: File(case, tuple(clocks[case_id])) for case_id, case in cases.items()}


async def load_case(connection: Connection, case_id: str) -> Case | None:
    """Returns a case in sight, or None."""
    row = await connection.fetchrow(Q.get_case, case_id)
    return None if row is None else _case(row)


async def list_clocks(connection: Connection, case_id: str) -> list[Clock]:
    """Returns all clocks of a case, in the order of their start."""
    return [_clock(row) for row in await connection.fetch(Q.list_clocks, case_id)]


async def save_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Writes the cases and clocks of some changes; each case may be there once."""
    if not changes:
        return
    cases = [change.case for change in changes]
    clocks = [clock for change in changes for clock in change.clocks]
    await connection.execute(
        Q.save_files,
        [case.case_id for case in cases],
        [case.site_id for case in cases],
        [case.state for case in cases],
        [case.cycle for case in cases],
        [case.on_queue for case in cases],
        [case.no_steward for case in cases],
        [case.level_time for case in cases],
        [case.at_ladder_end for case in cases],
        [case.next_wake_time for case in cases],
        [clock.clock_id for clock in clocks],
        [clock.case_id for clock in clocks],
        [clock.site_id for clock in clocks],
        [clock.kind for clock in clocks],
        [clock.cycle for clock in clocks],
        [clock.reference for clock in clocks],
        [clock.start_time for clock in clocks],
        [clock.due_time for clock in clocks],
        [clock.state for clock in clocks],
        [clock.provisional for clock in clocks],
        [clock.policy_version for clock in clocks],
        [clock.warn_time for clock in clocks],
        [clock.warned_time for clock in clocks],
        [clock.breach_time for clock in clocks],
        [clock.stop_time for clock in clocks],
        [clock.born_breached for clock in clocks],
        [clock.next_fire_time for clock in clocks],
    )


def _case(row: asyncpg.Record) -> Case:
    return Case(
        case_id=row["case_id"],
        site_id=row["site_id"],
        state=CaseState(row["state"]),
        cycle=row["cycle"],
        on_queue=row["on_queue"],
        no_steward=row["no_steward"],
        level_time=row["level_time"],
        at_ladder_end=row["at_ladder_end"],
        next_wake_time=row["next_wake_time"],
    )


def _clock(row: asyncpg.Record) -> Clock:
    return Clock(
        clock_id=row["clock_id"],
        case_id=row["case_id"],
        site_id=row["site_id"],
        kind=ClockKind(row["kind"]),
        cycle=row["clock_cycle"],
        reference=row["reference"],
        start_time=row["start_time"],
        due_time=row["due_time"],
        state=ClockState(row["clock_state"]),
        provisional=row["provisional"],
        policy_version=row["policy_version"],
        warn_time=row["warn_time"],
        warned_time=row["warned_time"],
        breach_time=row["breach_time"],
        stop_time=row["stop_time"],
        born_breached=row["born_breached"],
    )


# Timers ---------------------------------------------------------------------------------------


async def list_due(
    connection: Connection, time: datetime, limit: int, aside: Sequence[str] = ()
) -> dict[str, datetime]:
    """Returns the cases of the `limit` clocks that have been due longest, and since when.

    In that order; without those set aside.
    """
    found: dict[str, datetime] = {}
    for row in await connection.fetch(Q.list_due, time, limit, aside):
        found.setdefault(row["case_id"], row["next_fire_time"])
    return found


async def lock_free(connection: Connection, case_ids: Iterable[str]) -> list[str]:
    """Locks those of the cases' subjects that nobody else holds; returns them."""
    rows = await connection.fetch(Q.lock_free_subjects, sorted(case_ids))
    return [row["subject_id"] for row in rows]


async def time_to_next(connection: Connection, aside: Sequence[str] = ()) -> timedelta | None:
    """Returns how long until the next clock fires, zero or less when one is due, else None.

    Cases set aside don't count.
    """
    row = await connection.fetchrow(Q.next_fire_time, aside)
    if row is None or row["next_fire_time"] is None:
        return None
    left: timedelta = row["next_fire_time"] - row["decision_time"]
    return left
