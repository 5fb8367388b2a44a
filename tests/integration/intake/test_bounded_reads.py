"""What a case is shown with costs the same, however much its reporter has raised beside it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.actor import Actor
from services.intake.store import Q, cases
from tests.integration.conftest import DatabaseFor
from tests.integration.intake.many_cases import make
from tests.integration.intake.ties import made, tie
from tests.integration.intake.window import NOW, Window

NAMED = pb.Reporter(name="样例丙", person_code="w-7", confidentiality=pb.CONFIDENTIALITY_NAMED)


@contextmanager
def queries(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Lists what is asked of the database meanwhile."""
    asked: list[str] = []
    execute: Any = vars(asyncpg.Connection)["_execute"]

    async def listed(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        asked.append(query)
        return await execute(self, query, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "_execute", listed)
        yield asked


async def test_a_reporters_history_asks_no_more_for_more_cases(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = await made(window, reporter=NAMED)
    reads = (Q.get_file, Q.get_case, Q.is_own_case, Q.list_numbers, Q.list_own_numbers)

    async def asked() -> int:
        request = rpc.GetTimelineRequest(case_id=case_id)
        with queries(monkeypatch) as found:
            await window.ask(request, "REPORTER", subject="w-7")
        return sum(found.count(one) for one in reads)

    await window.ask(tie(case_id, await made(window, reporter=NAMED)), "DISPATCHER")
    one = await asked()
    for _ in range(3):
        await window.ask(tie(case_id, await made(window, reporter=NAMED)), "DISPATCHER")
    assert await asked() == one > 0


async def test_repeats_are_read_only_where_a_case_is_shown(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await window.register(reporter=NAMED)
    hidden = pb.Reporter(
        name="样例", person_code="w-7", confidentiality=pb.CONFIDENTIALITY_CONFIDENTIAL
    )
    codeless = pb.Reporter(name="样例")
    other = await made(window, reporter=NAMED)
    nobody = [await made(window, reporter=one) for one in (hidden, codeless)]

    async def counts(request: Any, *roles: str, **how: Any) -> int:
        with queries(monkeypatch) as found:
            await window.ask(request, *roles, **how)
        return found.count(Q.count_repeats)

    assert await counts(rpc.GetCaseRequest(case_id=other), "DISPATCHER") == 1
    for case_id in nobody:
        assert await counts(rpc.GetCaseRequest(case_id=case_id), "DISPATCHER") == 0
    track = rpc.TrackCaseRequest(receipt_code=first.receipt_code)
    assert await counts(track, nobody=True) == 0
    word = life.CommentCaseRequest(
        case_id=first.case.case_id, text="谢谢", receipt_code=first.receipt_code
    )
    assert await counts(word, nobody=True) == 0
    assert await counts(rpc.GetTimelineRequest(case_id=other), "DISPATCHER") == 0


async def test_no_more_repeats_are_counted_than_the_limit(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "REPEATS_COUNTED", 2)
    ids = [await made(window, reporter=NAMED) for _ in range(4)]
    assert (await window.case(ids[0])).repeat_count == 2


async def test_a_count_reads_no_more_cases_than_it_may_count(database_for: DatabaseFor) -> None:
    database = await database_for("intake")
    await make(database, "yuwu", 15_000, NOW, timedelta(days=60).total_seconds() / 15_000)
    owner = await asyncpg.connect(
        database.dsn("owner"), server_settings={"search_path": database.service}
    )
    await owner.execute("SELECT set_config('backstop.sites', '*', false)")
    await owner.execute(
        """
        -- Every third case is of one person, the others of a thousand.
        UPDATE reporters
        SET person_hash = sha256((CASE WHEN n % 3 = 0 THEN 0 ELSE n % 1000 END)::text::bytea)
        FROM (SELECT case_id, row_number() OVER (ORDER BY case_id) AS n FROM reporters) AS numbered
        WHERE numbered.case_id = reporters.case_id
        """
    )
    await owner.execute("VACUUM ANALYZE cases, reporters")
    await owner.close()
    sites = Actor(subject="c-1", sites=frozenset({"yuwu"}))
    async with database.app.read(sites) as connection:
        case_id = await connection.fetchval(
            "SELECT case_id FROM reporters WHERE person_hash = sha256('0') LIMIT 1"
        )
        spread = NOW - timedelta(days=90), NOW + timedelta(days=90)
        arguments = case_id, *spread, ["c-1"], cases.REPEATS_COUNTED
        assert await connection.fetchval(Q.count_repeats, *arguments) == cases.REPEATS_COUNTED
        plan = json.loads(
            await connection.fetchval(
                f"EXPLAIN (FORMAT JSON, ANALYZE) {Q.count_repeats}", *arguments
            )
        )
    scans = [node for node in _nodes(plan[0]["Plan"]) if "Relation Name" in node]
    assert len(scans) == 3
    read = [node["Actual Rows"] * node["Actual Loops"] for node in scans]
    print(read, [node.get("Index Name") for node in scans])
    assert max(read) <= 2 * cases.REPEATS_COUNTED


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(one for plan in node.get("Plans", ()) for one in _nodes(plan))]
