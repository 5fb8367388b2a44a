"""Pages of sweeps are read by their indexes, however many sweeps other sites have."""

import json
from typing import Any

import asyncpg

from chassis.actor import service_actor
from services.routing.store import sweeps as store
from tests.integration.routing.conftest import SITE, Mine

# Mostly of other sites: a site looks for those of another's case, and for others by its own.
MANY = """
    INSERT INTO sweeps
    SELECT
        gen_random_uuid(), 'mine-' || number % 50, 'case-' || number, 'mine-' || number % 40,
        'BATHING', 'x', current_date, 'x', now() - make_interval(mins => number), 'OPEN', '', '',
        NULL
    FROM generate_series(1, 20000) AS number
"""


async def test_a_page_of_sweeps_is_found_by_either_site(mine: Mine) -> None:
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    await owner.execute(MANY)
    await owner.execute("ANALYZE sweeps")
    await owner.close()
    never = (await mine.now(), "ffffffff-ffff-ffff-ffff-ffffffffffff")
    sql = f"EXPLAIN (FORMAT JSON) {store.Q.list_sweeps}"
    async with mine.database.worker.read(service_actor("routing")) as connection:
        plan = await connection.fetchval(sql, SITE, "", False, *never, 101, [])
    used = {node.get("Index Name") for node in _nodes(json.loads(plan)[0]["Plan"])}
    assert {"sweeps_newest", "sweeps_started"} <= used, plan


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(each for below in node.get("Plans", ()) for each in _nodes(below))]
