"""What is asked of many cases is read by an index, no further than it is answered."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from bench.intake import scenario
from chassis.actor import Actor
from chassis.database import Connection
from services.intake.domain.filters import parse
from services.intake.domain.finding import (
    NEWEST_FIRST,
    Order,
    OrderField,
    Wanted,
    parse_query,
)
from services.intake.domain.inbox import View
from services.intake.store import Q
from services.intake.store import finding as store
from tests.integration.databases import ServiceDatabase
from tests.integration.intake.window import Window

PAGE = 51
NOW = datetime.now(UTC)
DIRECTOR = Actor("p17", frozenset({"DIRECTOR"}), frozenset({scenario.SITE}))
READER = store.Reader(
    callers=frozenset({"p17"}),
    person="p17",
    zone=ZoneInfo("Asia/Shanghai"),
    units=("u17",),
    day_end=NOW + timedelta(hours=12),
)


def wanted(**fields: Any) -> Wanted:
    return Wanted(site_id=scenario.SITE, **fields)


async def fill(database: ServiceDatabase, count: int) -> None:
    """Makes the cases as an administrator: COPY isn't for those whom policies bind."""
    dsn = urlsplit(database.admin_dsn)._replace(path=f"/{database.name}").geturl()
    admin = await asyncpg.connect(dsn, server_settings={"search_path": "intake"})
    try:
        await admin.execute("DELETE FROM sites; DELETE FROM units; DELETE FROM people")
        await scenario.fill(admin, count, NOW)
    finally:
        await admin.close()


@pytest.mark.parametrize("count", [4_000, 12_000])
async def test_what_is_asked_costs_what_is_answered(window: Window, count: int) -> None:
    """Four times as many cases: a page reads no more of them, what asks the open ones those."""
    await fill(window.database, count)
    (row,) = await window.rows("SELECT count(*) FROM cases WHERE state <> 'CLOSED'")
    # Those of a unit are met as the unit's and by its work orders.
    all_open = 2 * row["count"]
    due = Order(OrderField.DUE_TIME, descending=False)
    closed = Order(OrderField.CLOSE_TIME, descending=True)
    level = Order(OrderField.LEVEL, descending=True)
    # name: what is asked, its order, an index that it goes by, most rows of cases that are read.
    asked: dict[str, tuple[Wanted, Order, str, int]] = {
        "newest": (wanted(), NEWEST_FIRST, "cases_newest", PAGE),
        "a unit": (wanted(unit_id="u3"), NEWEST_FIRST, "cases_unit", PAGE),
        "a steward": (
            wanted(filter=parse("steward = p17")),
            NEWEST_FIRST,
            "cases_steward_newest",
            PAGE,
        ),
        "a category": (
            wanted(filter=parse("category = BATHING")),
            NEWEST_FIRST,
            "cases_newest",
            10 * PAGE,
        ),
        "open": (wanted(filter=parse("open = true")), NEWEST_FIRST, "", all_open),
        "by deadline": (wanted(), due, "cases_due", PAGE),
        "by end": (wanted(), closed, "cases_closed", PAGE),
        "by level": (wanted(), level, "cases_level", PAGE),
        "due today": (wanted(view=View.DUE_TODAY), due, "cases_due", PAGE),
        "waiting for the reporter": (
            wanted(view=View.WAITING_FOR_REPORTER),
            NEWEST_FIRST,
            "cases_resolved",
            all_open,
        ),
        "overdue": (wanted(view=View.OVERDUE), NEWEST_FIRST, "", all_open),
        "mine": (wanted(view=View.MINE), NEWEST_FIRST, "", all_open),
        "my unit": (wanted(view=View.MY_UNIT), NEWEST_FIRST, "", all_open),
        "unassigned": (wanted(view=View.UNASSIGNED), NEWEST_FIRST, "", all_open),
        "top level": (wanted(view=View.TOP_LEVEL), NEWEST_FIRST, "", all_open),
    }
    async with window.database.app.read(DIRECTOR) as connection:
        await connection.execute(store.Q.plan_anew)
        for name, (what, order, index, most) in asked.items():
            statement = store.listing(what, READER, order, None, PAGE)[0]
            used, read = await plan(connection, statement.sql, *statement.arguments)
            assert "Seq Scan" not in used, (name, used)
            assert index in used or not index, (name, used)
            assert read <= most, (name, read, used)
        number = f"YW-{NOW:%Y%m%d}-000001"
        for name, sql, arguments, index in (
            ("file", Q.get_file, ["01930000-0000-7000-8000-000000000007"], "cases_pkey"),
            ("number", Q.find_number, [number], "cases_number"),
            ("code", Q.find_code, [b"x" * 32], "receipt_codes_pkey"),
        ):
            used, read = await plan(connection, sql, *arguments)
            assert index in used, (name, used)
            assert read <= 3, (name, read)
    async with window.database.worker.read(DIRECTOR) as connection:
        await connection.execute(store.Q.plan_anew)
        rare = wanted(words=parse_query(scenario.RARE_LONG))
        statement = store.finding(rare, READER, NEWEST_FIRST, None, PAGE)[0]
        used, read = await plan(connection, statement.sql, *statement.arguments)
        assert "case_words_grams" in used, used
        assert read <= 10, read
        # Words that every third case holds are met soon enough on the way from the newest.
        common = wanted(words=parse_query(scenario.COMMON))
        statement = store.finding(common, READER, NEWEST_FIRST, None, PAGE)[0]
        used, _ = await plan(connection, statement.sql, *statement.arguments)
        assert "Seq Scan" not in used, used


async def plan(connection: Connection, sql: str, *arguments: Any) -> tuple[set[str], float]:
    """Returns the indexes by which cases are read, "Seq Scan" among them, and rows looked at."""
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    used: set[str] = set()
    read = 0.0
    for node in _nodes(json.loads(text)[0]["Plan"]):
        if "Index Name" in node:
            used.add(node["Index Name"])
        if node.get("Relation Name") == "cases":
            if node["Node Type"] == "Seq Scan":
                used.add("Seq Scan")
            met = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            read += met * node["Actual Loops"]
    return used, read


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", []):
        yield from _nodes(part)
