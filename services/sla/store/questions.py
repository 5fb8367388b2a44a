"""What is asked of the clocks, and the history that a backtest plays again."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from chassis.database import Connection
from chassis.queries import load_queries
from services.sla.domain.acts import Act, Logged, Moment
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import CasePause
from services.sla.domain.kinds import ClockKind, ClockState, PauseReason
from services.sla.store.files import clock_of

Q = load_queries("services.sla", "sql/questions.sql")

Reader: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Excuse:
    """A director's word on a breach."""

    reason: str
    excused_by: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which live clocks are asked for: due after a (time, clock id) key, and at `latest`.

    Empty filters let everything pass. `paused_since` keeps those that have stood still since then
    or longer, `overdue_by` those due by then and units' outreach that was reported as overdue.
    Cases about one of `callers` are left out.
    """

    site_ids: Sequence[str]
    after: tuple[datetime, str]
    latest: datetime
    states: Sequence[ClockState]
    kinds: Sequence[ClockKind] = ()
    unit_id: str = ""
    category: str = ""
    person_id: str = ""
    paused_since: datetime | None = None
    overdue_by: datetime | None = None
    callers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A live clock with whose it is. What belongs to no case has a unit alone."""

    clock: Clock
    unit_id: str
    category: str
    steward: str
    accountable: str
    pause: CasePause | None
    excuse: Excuse | None


@dataclass(frozen=True, slots=True)
class Past:
    """What people did to a case, as JSON that `logged_of` reads; cheap to hand on."""

    case_id: str
    occurred_time: datetime
    acts: str


async def list_excuses(
    connection: Connection, clock_ids: Iterable[str], given_by: datetime
) -> dict[str, Excuse]:
    """Returns the excuses that these clocks had at an instant, by clock."""
    asked = list(clock_ids)
    rows = await connection.fetch(Q.list_excuses, asked, given_by) if asked else []
    return {
        row["clock_id"]: Excuse(row["reason"], row["excused_by"], row["excuse_time"])
        for row in rows
    }


async def list_sites(connection: Connection) -> list[str]:
    """Returns the sites in sight that have live clocks."""
    return [row["site_id"] for row in await connection.fetch(Q.list_sites_with_live_clocks)]


async def list_about(connection: Connection, callers: Sequence[str]) -> frozenset[str]:
    """Returns the cases in sight that are about one of those who call."""
    return frozenset(row["case_id"] for row in await connection.fetch(Q.list_about, callers))


async def list_clocks(connection: Connection, wanted: Wanted, limit: int) -> list[Listed]:
    """Returns up to `limit` live clocks in sight, soonest deadline first."""
    rows = await connection.fetch(
        Q.list_live_clocks,
        wanted.site_ids,
        *wanted.after,
        wanted.latest,
        wanted.states,
        wanted.kinds,
        wanted.unit_id,
        wanted.category,
        wanted.person_id,
        wanted.paused_since,
        limit,
        wanted.overdue_by,
        wanted.callers,
    )
    return [_listed(row) for row in rows]


def _listed(row: Any) -> Listed:
    clock = clock_of(row)
    pause = excuse = None
    if clock.state is ClockState.PAUSED and row["pause_reason"] is not None:
        pause = CasePause(
            reason=PauseReason(row["pause_reason"]),
            words=row["pause_words"],
            approved_by=row["pause_approved_by"],
            start_time=row["pause_start_time"],
            latest_end_time=row["pause_latest_end_time"],
        )
    if row["excuse_time"] is not None:
        excuse = Excuse(row["reason"], row["excused_by"], row["excuse_time"])
    return Listed(
        clock=clock,
        unit_id=row["unit_id"],
        category=row["category"],
        steward=row["steward"],
        accountable=row["accountable"],
        pause=pause,
        excuse=excuse,
    )


# History --------------------------------------------------------------------------------------


async def count_history(
    connection: Connection, site_id: str, start: datetime, end: datetime
) -> int:
    """Returns how many cases in sight were spoken of from `start` until before `end`."""
    count: int = await connection.fetchval(Q.count_history, site_id, start, end)
    return count


async def list_history(
    connection: Connection, site_id: str, end: datetime, after: tuple[datetime, str], limit: int
) -> list[Past]:
    """Returns the next cases spoken of before `end`, after a (time, case id) key."""
    rows = await connection.fetch(Q.list_history, site_id, end, *after, limit)
    return [Past(row["case_id"], row["occurred_time"], row["acts"] or "[]") for row in rows]


def logged_of(acts: str) -> list[Logged]:
    """Returns the acts of a case's past, in their order."""
    return [
        Logged(
            act=_ACTS[kind](detail),
            moment=Moment(datetime.fromisoformat(now), datetime.fromisoformat(known), serial),
            policy_version=policy_version,
            calendar_version=calendar_version,
            actor=actor,
            cause=cause,
        )
        for (
            kind,
            detail,
            now,
            known,
            serial,
            policy_version,
            calendar_version,
            actor,
            cause,
        ) in json.loads(acts)
    ]


# Validators would do, but for their times: those have a zone of their own, and comparing one with
# any other takes twenty times as long as comparing two in UTC. Playing a case compares hundreds.


def _reader(hint: Any) -> Reader | None:
    """Returns what makes a value of this type from JSON's; None where it is the same."""
    if hint in (str, int, bool):
        return None
    if hint in (datetime, date):
        return hint.fromisoformat  # type: ignore[no-any-return]
    if is_dataclass(hint):
        return _maker(hint)
    inner = next(iter(get_args(hint)), None)
    if inner is not None:
        read = _reader(inner) or (lambda value: value)
        if get_origin(hint) is tuple:
            return lambda values: tuple(map(read, values))
        return lambda value: None if value is None else read(value)
    return TypeAdapter(hint).validate_python


def _maker(kind: Any) -> Reader:
    """Returns what makes one of this dataclass from an object of JSON."""
    hints = get_type_hints(kind)
    readers = [(name, read) for name, hint in hints.items() if (read := _reader(hint)) is not None]

    def make(values: dict[str, Any]) -> Any:
        for name, read in readers:
            if name in values:
                values[name] = read(values[name])
        return kind(**values)

    return make


_ACTS: Mapping[str, Reader] = {kind.__name__: _maker(kind) for kind in get_args(Act)}
