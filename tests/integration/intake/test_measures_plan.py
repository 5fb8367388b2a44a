"""The plan of the measures among many cases: a month costs what the month holds."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chassis.actor import Actor
from services.intake.domain.measures import Group, Period
from services.intake.domain.rules import DEFAULTS
from services.intake.store import measures as store
from tests.integration.intake import many_cases
from tests.integration.intake.window import Window

MONTH = Period(date(2026, 10, 1), date(2026, 10, 31))
NOW = datetime(2026, 11, 1, tzinfo=UTC)


async def test_a_month_is_found_by_its_deadlines_and_not_by_reading_every_clock(
    window: Window,
) -> None:
    # A year and a half of them.
    await many_cases.make(window.database, "yuwu", 20_000, NOW, 2400.0)
    start, end = MONTH.instants(ZoneInfo("Asia/Shanghai"))
    caller = Actor(subject="x", roles=frozenset({"DIRECTOR"}), sites=frozenset({"yuwu"}))
    async with window.database.app.read(caller) as connection:
        sites = [
            store.Measured(site, DEFAULTS) for site in await store.list_sites(connection, ["yuwu"])
        ]
        (found,) = await store.list_measures(connection, sites, MONTH, Group.NONE, NOW, ["x"])
        assert 1_000 < found["REGISTERED"].numerator < 1_200
        assert await connection.fetchval("SHOW jit") == "off"
        plan: list[Any] = await connection.fetch(
            "EXPLAIN " + store.Q.list_measures,
            *("NONE", False, ["yuwu"], [start], [end], [90], NOW, ["x"], [start]),
        )
    text = "\n".join(row[0] for row in plan)
    assert "clocks_due" in text
    assert "Seq Scan on clocks" not in text
