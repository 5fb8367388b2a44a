"""Cases, their clocks, and the acts that both follow from."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, get_args

import asyncpg
from pydantic import TypeAdapter

from chassis.database import Connection
from chassis.queries import load_queries
from services.sla.domain.acts import Act, Logged, Moment
from services.sla.domain.clocks import Clock, Span
from services.sla.domain.docket import Case, CasePause, Change, File
from services.sla.domain.kinds import CaseState, ClockKind, ClockState, PauseReason
from services.sla.domain.policy import ClockRule, Profile

Q = load_queries("services.sla")

# Looked up by the thousand: calling an enum costs ten times as much.
_CASE_STATES = {str(state): state for state in CaseState}
_KINDS = {str(kind): kind for kind in ClockKind}
_STATES = {str(state): state for state in ClockState}

_RULE = TypeAdapter(ClockRule)
_ACTS: Mapping[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Act)}


async def load_files(connection: Connection, case_ids: Sequence[str]) -> dict[str, File]:
    """Returns the files of those cases that are known, with their live clocks."""
    cases: dict[str, Case] = {}
    clocks: dict[str, list[Clock]] = {}
    for row in await connection.fetch(Q.list_files, case_ids):
        case_id = row["case_id"]
        if case_id not in cases:
            cases[case_id], clocks[case_id] = _case(row), []
        if row["clock_id"] is not None:
            clocks[case_id].append(clock_of(row))
    return {case_id: File(case, tuple(clocks[case_id])) for case_id, case in cases.items()}


async def load_case(connection: Connection, case_id: str, callers: Sequence[str]) -> Case | None:
    """Returns a case in sight, or None; it is in nobody's whom it is about."""
    row = await connection.fetchrow(Q.get_case, case_id, callers)
    return None if row is None else _case(row)


async def load_all_clocks(connection: Connection, subject_id: str) -> list[Clock]:
    """Returns all clocks of a case or a unit, of all cycles, in the order of their start."""
    return [clock_of(row) for row in await connection.fetch(Q.list_clocks, subject_id)]


async def load_clock(connection: Connection, clock_id: str, callers: Sequence[str]) -> Clock | None:
    """Returns a clock in sight, or None; it is in nobody's whom its case is about."""
    row = await connection.fetchrow(Q.get_clock, clock_id, callers)
    return None if row is None else clock_of(row)


async def load_live_clocks(
    connection: Connection, subject_ids: Sequence[str]
) -> dict[str, list[Clock]]:
    """Returns the clocks of these subjects to which something can still happen, by subject."""
    found: dict[str, list[Clock]] = {}
    for row in await connection.fetch(Q.list_live_clocks, subject_ids):
        found.setdefault(row["subject_id"], []).append(clock_of(row))
    return found


async def load_acts(connection: Connection, case_ids: Sequence[str]) -> dict[str, list[Logged]]:
    """Returns everything that was applied to these cases, in its order."""
    found: dict[str, list[Logged]] = {case_id: [] for case_id in case_ids}
    for row in await connection.fetch(Q.list_acts, case_ids):
        found[row["case_id"]].append(_logged(row))
    return found


async def save_about(connection: Connection, case_id: str, persons: Sequence[str]) -> None:
    """Keeps whom a case is about, which moves no clock of it."""
    await connection.execute(Q.save_about, case_id, persons)


async def save(connection: Connection, changes: Sequence[tuple[Change, Logged]]) -> None:
    """Writes cases and clocks as they stand after their changes, and adds the acts; in one
    statement, in which each case may be there once."""
    cases = [change.case for change, _ in changes]
    clocks = [clock for change, _ in changes for clock in change.clocks]
    await _save(connection, cases, clocks, [logged for _, logged in changes])


async def save_clocks(connection: Connection, clocks: Sequence[Clock]) -> None:
    """Writes clocks of no case."""
    await _save(connection, [], clocks, [])


async def _save(
    connection: Connection,
    cases: Sequence[Case],
    clocks: Sequence[Clock],
    logged: Sequence[Logged],
) -> None:
    if not (cases or clocks):
        return
    pauses = [case.pause for case in cases]
    moments = [one.moment for one in logged]
    await connection.execute(
        Q.save_files,
        [case.case_id for case in cases],
        [case.site_id for case in cases],
        [case.state for case in cases],
        [case.cycle for case in cases],
        [case.occurred_time for case in cases],
        [case.profile.category for case in cases],
        [case.profile.kind for case in cases],
        [case.profile.urgency for case in cases],
        [case.unit_id for case in cases],
        [case.anonymous for case in cases],
        [case.long_standing for case in cases],
        [case.steward for case in cases],
        [case.accountable for case in cases],
        [case.level for case in cases],
        [case.level_time for case in cases],
        [case.at_ladder_end for case in cases],
        [pause and pause.reason for pause in pauses],
        [pause.words if pause else "" for pause in pauses],
        [pause.approved_by if pause else "" for pause in pauses],
        [pause and pause.start_time for pause in pauses],
        [pause and pause.latest_end_time for pause in pauses],
        [case.next_wake_time for case in cases],
        [clock.clock_id for clock in clocks],
        [clock.subject_id for clock in clocks],
        [clock.site_id for clock in clocks],
        [clock.kind for clock in clocks],
        [clock.cycle for clock in clocks],
        [clock.reference for clock in clocks],
        [clock.start_time for clock in clocks],
        [clock.due_time for clock in clocks],
        [clock.state for clock in clocks],
        [clock.provisional for clock in clocks],
        [clock.policy_version for clock in clocks],
        [clock.calendar_version for clock in clocks],
        [_rule_text(clock.rule) for clock in clocks],
        [clock.given for clock in clocks],
        [_spans_text(clock.pauses) for clock in clocks],
        [clock.warn_time for clock in clocks],
        [clock.warned_count for clock in clocks],
        [clock.warned_time for clock in clocks],
        [clock.breach_time for clock in clocks],
        [clock.stop_time for clock in clocks],
        [clock.born_breached for clock in clocks],
        [clock.next_fire_time for clock in clocks],
        [type(one.act).__name__ for one in logged],
        [_act_text(one.act) for one in logged],
        [moment.now for moment in moments],
        [moment.known for moment in moments],
        [moment.serial for moment in moments],
        [one.policy_version for one in logged],
        [one.calendar_version for one in logged],
        [one.actor for one in logged],
        [one.cause for one in logged],
        [case.fallback for case in cases],
    )


# Rows → domain --------------------------------------------------------------------------------


def _case(row: asyncpg.Record) -> Case:
    return Case(
        case_id=row["case_id"],
        site_id=row["site_id"],
        state=_CASE_STATES[row["state"]],
        cycle=row["cycle"],
        occurred_time=row["occurred_time"],
        profile=Profile(row["category"], row["kind"], row["urgency"]),
        unit_id=row["unit_id"],
        anonymous=row["anonymous"],
        long_standing=row["long_standing"],
        steward=row["steward"],
        accountable=row["accountable"],
        fallback=row["fallback"],
        level=row["level"],
        level_time=row["level_time"],
        at_ladder_end=row["at_ladder_end"],
        pause=_pause(row),
        next_wake_time=row["next_wake_time"],
    )


def _pause(row: asyncpg.Record) -> CasePause | None:
    if row["pause_reason"] is None:
        return None
    return CasePause(
        reason=PauseReason(row["pause_reason"]),
        words=row["pause_words"],
        approved_by=row["pause_approved_by"],
        start_time=row["pause_start_time"],
        latest_end_time=row["pause_latest_end_time"],
    )


def clock_of(row: asyncpg.Record) -> Clock:
    """Returns the clock of a row that has the columns of `get_clock`."""
    return Clock(
        clock_id=row["clock_id"],
        subject_id=row["subject_id"],
        site_id=row["clock_site_id"],
        kind=_KINDS[row["clock_kind"]],
        cycle=row["clock_cycle"],
        reference=row["reference"],
        start_time=row["start_time"],
        due_time=row["due_time"],
        state=_STATES[row["clock_state"]],
        provisional=row["provisional"],
        policy_version=row["policy_version"],
        calendar_version=row["calendar_version"],
        rule=_rule(row["rule"]),
        given=row["given"],
        pauses=_spans(row["pauses"]),
        warn_time=row["warn_time"],
        warned_count=row["warned_count"],
        warned_time=row["warned_time"],
        breach_time=row["breach_time"],
        stop_time=row["stop_time"],
        born_breached=row["born_breached"],
    )


def _logged(row: asyncpg.Record) -> Logged:
    return Logged(
        act=_ACTS[row["kind"]].validate_json(row["detail"]),
        moment=Moment(row["apply_time"], row["known_time"], row["serial"]),
        policy_version=row["policy_version"],
        calendar_version=row["calendar_version"],
        actor=row["actor"],
        cause=row["cause"],
    )


# Values that are kept as JSON -----------------------------------------------------------------


# There are as many rules as policies give; a clock's is decoded or written thousands of times.
@lru_cache(maxsize=4096)
def _rule(text: str) -> ClockRule:
    return _RULE.validate_json(text)


@lru_cache(maxsize=4096)
def _rule_text(rule: ClockRule) -> str:
    return _RULE.dump_json(rule).decode()


def _act_text(act: Act) -> str:
    return _ACTS[type(act).__name__].dump_json(act).decode()


def _spans(text: str) -> tuple[Span, ...]:
    if not text:
        return ()
    return tuple(
        Span(datetime.fromisoformat(start), None if end is None else datetime.fromisoformat(end))
        for start, end in json.loads(text)
    )


def _spans_text(spans: Sequence[Span]) -> str:
    if not spans:
        return ""
    return json.dumps(
        [[span.start.isoformat(), span.end and span.end.isoformat()] for span in spans]
    )
