"""Appeals entered again and again, and late: nothing is doubled, and it is known by whom."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_registration_pb2 as rpc
from tests.integration.intake.window import Window, appeal


def ago(hours: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(datetime.now(UTC) - timedelta(hours=hours))
    return stamp


async def test_however_often_and_by_whatever_way_it_is_sent_it_is_one_case(window: Window) -> None:
    chance = random.Random(7)
    appeals = [
        appeal(request_id=f"slip-pad-{number:04d}", text=f"样例 {number}") for number in range(8)
    ]

    async def alone() -> list[tuple[str, str, str]]:
        one = chance.choice(appeals)
        reply = await window.ask(one, "CLERK")
        return [(one.request_id, reply.case.case_id, reply.receipt_code)]

    async def together() -> list[tuple[str, str, str]]:
        some = chance.sample(appeals, 5)
        batch = rpc.BatchRegisterCasesRequest(appeals=some)
        reply = await window.ask(batch, "CLERK")
        return [
            (one.request_id, result.registered.case_id, result.registered.receipt_code)
            for one, result in zip(some, reply.results, strict=True)
        ]

    answers = await asyncio.gather(*(chance.choice([alone, together])() for _ in range(30)))
    told = {one for answer in answers for one in answer}
    assert len(told) == len({request_id for request_id, _, _ in told}) == len(appeals)
    rows = await window.rows("SELECT case_id, number FROM cases")
    assert {row["case_id"] for row in rows} == {case_id for _, case_id, _ in told}
    assert len({row["number"] for row in rows}) == len(appeals)
    assert await window.findings() == []


async def test_late_entries_are_counted_by_who_took_them(window: Window) -> None:
    for hours, receiver in ((0, "c-1"), (13, "c-1"), (30, "c-1"), (11, "s-1"), (14, "s-1")):
        await window.register(occurred_time=ago(hours), receiver=receiver)
    counted = {}
    for receiver in ("c-1", "s-1", "nobody"):
        count = finding.CountCasesRequest(
            site_id="yuwu", filter=f'late_entry = true AND receiver = "{receiver}"'
        )
        reply = await window.ask(count, "DIRECTOR")
        counted[receiver] = sum(one.count for one in reply.counts)
    assert counted == {"c-1": 2, "s-1": 1, "nobody": 0}
