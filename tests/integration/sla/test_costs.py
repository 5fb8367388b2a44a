"""What is asked of many clocks and cases is read by an index, no further than it is answered."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from chassis.actor import Actor
from chassis.ids import new_id
from services.sla.store.questions import Q
from tests.integration.sla.conftest import SITE, Sla

DAY = timedelta(days=1)
MONDAY = datetime(2025, 3, 3, 1, tzinfo=UTC)

_CASES = """
INSERT INTO cases (
    case_id, site_id, state, cycle, occurred_time, category, kind, urgency, unit_id, anonymous,
    long_standing, steward, accountable, level, at_ladder_end, pause_words, pause_approved_by,
    next_wake_time
)
SELECT
    'case-' || n, CASE WHEN n % 4 = 0 THEN 'elsewhere' ELSE $1 END,
    CASE WHEN n % 3 = 0 THEN 'OPEN' ELSE 'CLOSED' END, 1, $2::timestamptz + n * interval '1 min',
    '', '', '', 'unit-' || n % 10, false, false, 'p-3', 'p-3', 0, false, '', '',
    CASE WHEN n % 3 = 0 THEN $2::timestamptz + interval '9 days' END
FROM generate_series(1, 20000) AS n
"""
_CLOCKS = """
INSERT INTO clocks (
    clock_id, subject_id, site_id, kind, cycle, reference, start_time, due_time, state,
    provisional, policy_version, calendar_version, rule, pauses, warned_count, stop_time,
    born_breached, next_fire_time
)
SELECT
    gen_random_uuid(), case_id, site_id, 'PLAN', 1, '', occurred_time,
    occurred_time + interval '9 days', CASE state WHEN 'OPEN' THEN 'RUNNING' ELSE 'CANCELLED' END,
    false, 1, 1, '{}', '', 0, CASE state WHEN 'OPEN' THEN NULL ELSE occurred_time END, false,
    CASE state WHEN 'OPEN' THEN occurred_time + interval '9 days' END
FROM cases
"""
_ACTS = """
INSERT INTO acts (
    case_id, site_id, kind, detail, apply_time, known_time, serial, policy_version,
    calendar_version, actor, cause
)
SELECT case_id, site_id, 'Registered', '{}', occurred_time, occurred_time, n, 1, 1, 'p-1', ''
FROM cases, generate_series(1, 3) AS n
"""


async def test_what_is_asked_costs_what_is_answered(sla: Sla) -> None:
    """Twenty thousand cases of two sites, of which one in three is open."""
    async with sla.database.worker.connection() as connection:
        await connection.execute(_CASES, SITE, MONDAY)
        await connection.execute(_CLOCKS)
        await connection.execute(_ACTS)
    # What autovacuum would do in a minute.
    owner = await asyncpg.connect(sla.database.dsn("owner"))
    await owner.execute("ANALYZE sla.cases, sla.clocks, sla.acts")
    await owner.close()
    latest = datetime(9999, 12, 30, tzinfo=UTC)
    first = datetime(1, 1, 2, tzinfo=UTC), "00000000-0000-0000-0000-000000000000"
    live = ["RUNNING", "PAUSED", "BREACHED"]
    page: list[Any] = [[SITE], *first, latest, live, [], "", "", "", None, 51, None, ["p-7"]]
    history = [SITE, MONDAY + 7 * DAY, MONDAY + DAY, "", 250]
    asked: dict[str, tuple[list[Any], dict[str, str], int]] = {
        # name: arguments, the index that each table is read by, and most rows read of clocks.
        "list_live_clocks": (page, {"clocks": "clocks_live", "cases": "cases_pkey"}, 51),
        "list_sites_with_live_clocks": ([], {"clocks": "clocks_live"}, 3),
        "list_excuses": ([[new_id()], latest], {"excuses": "excuses_pkey"}, 0),
        "count_history": (
            [SITE, MONDAY, MONDAY + DAY],
            {"cases": "cases_occurred"},
            0,
        ),
        "list_history": (history, {"cases": "cases_occurred", "acts": "acts_pkey"}, 0),
    }
    caller = Actor("p-7", frozenset({"DIRECTOR"}), frozenset({SITE, "elsewhere"}))
    for name, (arguments, indexes, most) in asked.items():
        async with sla.database.app.read(caller) as connection:
            text = await connection.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {getattr(Q, name)}", *arguments
            )
        scans = list(_scans(json.loads(text)[0]["Plan"]))
        used = {scan["Relation Name"]: _index(scan) for scan in scans}
        assert {table: used[table] for table in indexes} == indexes, name
        read = sum(
            scan["Actual Rows"] * scan["Actual Loops"]
            for scan in scans
            if scan["Relation Name"] == "clocks"
        )
        assert read <= most, name


def _scans(plan: dict[str, Any]) -> list[dict[str, Any]]:
    found = [plan] if "Relation Name" in plan else []
    for part in plan.get("Plans", []):
        found += _scans(part)
    return found


def _index(scan: dict[str, Any]) -> str:
    """Returns the index that a table is read by; the kind of the scan where there is none."""
    by_bitmap = [part["Index Name"] for part in scan.get("Plans", []) if "Index Name" in part]
    return str(next(iter(by_bitmap), scan.get("Index Name", scan["Node Type"])))
