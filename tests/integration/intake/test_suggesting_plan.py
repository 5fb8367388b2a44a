"""However many cases a site has, only its newest are looked through, by index."""

import json
import os
import time
from datetime import timedelta
from typing import Any

import asyncpg

from chassis.actor import Actor
from services.intake.domain.lexicon import Lexicon
from services.intake.domain.suggesting import needles
from services.intake.store import suggesting as store
from tests.integration.conftest import DatabaseFor
from tests.integration.intake.many_cases import make
from tests.integration.intake.window import NOW

CLERK = Actor(subject="c-1", sites=frozenset({"yuwu"}))
TEXT = "一号楼二层浴室的花洒坏了三个，水温一会烫一会凉，高峰时要排队等半个钟头，麻烦安排人换一下"
SAME = (("淋浴头", "花洒", "喷头", "莲蓬头"), ("坏了", "损坏", "用不了", "失灵", "罢工"))


async def test_only_the_newest_are_looked_through(database_for: DatabaseFor) -> None:
    database = await database_for("intake")
    count = int(os.environ.get("CASES", "15000"))
    # All of the last 30 days, so that the limits alone bound the work.
    await make(database, "yuwu", count, NOW, timedelta(days=25).total_seconds() / count)
    owner = await asyncpg.connect(
        database.dsn("owner"), server_settings={"search_path": database.service}
    )
    await owner.execute("SELECT set_config('backstop.sites', '*', false)")
    await owner.execute(
        "INSERT INTO case_words SELECT case_id, site_id, text || place, '{}' FROM cases"
    )
    await owner.execute("VACUUM ANALYZE cases, case_words")
    await owner.close()
    wanted = store.Wanted(
        site_id="yuwu",
        callers=frozenset({"c-1"}),
        now=NOW,
        needles=needles(Lexicon(1, (), SAME), TEXT, "一号楼澡堂"),
        place="地点7",
        category="CAT3",
        unit_id="unit3",
    )
    async with database.app.read(CLERK) as connection:
        took = []
        for _ in range(10):
            start = time.perf_counter()
            found = await store.list_candidates(connection, wanted)
            took.append(time.perf_counter() - start)
        # Of so few open cases all would be read and sorted; of very many they aren't.
        await connection.execute("SET LOCAL enable_sort = off")
        plan = json.loads(
            await connection.fetchval(
                f"EXPLAIN (FORMAT JSON, ANALYZE) {store.Q.list_candidates}",
                *store.arguments(wanted),
            )
        )
    print(f"{count} cases: {sorted(took)[5] * 1000:.1f} ms, at most {max(took) * 1000:.1f} ms")
    assert len(found) == 100
    tables = {"cases", "case_words"}
    scans = [node for node in _nodes(plan[0]["Plan"]) if node.get("Relation Name") in tables]
    indexes = {"cases_open", "cases_closed", "cases_pkey", "case_words_pkey"}
    assert {node["Index Name"] for node in scans} == indexes
    assert max(node["Actual Rows"] for node in scans) <= 1_000


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    plans: list[dict[str, Any]] = node.get("Plans", [])
    return [node, *(one for below in plans for one in _nodes(below))]
