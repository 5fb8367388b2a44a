"""Registrations that come together share a commit, not each other's faults."""

import asyncio

import grpc
import pytest

from backstop.intake.v1 import intake_registration_pb2
from chassis.testing import read_refusal
from tests.integration.intake.window import Window, appeal


async def test_many_at_once_are_numbered_without_gaps_in_few_commits(window: Window) -> None:
    made = await asyncio.gather(*(window.register() for _ in range(50)))
    numbers = sorted(one.case.number for one in made)
    assert [number[-4:] for number in numbers] == [f"{n:04d}" for n in range(1, 51)]
    rows = await window.rows("SELECT count(DISTINCT xmin::text) AS commits FROM cases")
    assert rows[0]["commits"] < 25
    assert await window.findings() == []


async def test_only_the_guilty_caller_is_refused(window: Window) -> None:
    await window.register(slip_number="A-1")

    async def outcome(**fields: object) -> str:
        try:
            reply: intake_registration_pb2.RegisterCaseResponse = await window.ask(
                appeal(**fields), "CLERK"
            )
        except grpc.aio.AioRpcError as error:
            return read_refusal(error).reason
        return "OK" if reply.case.number else "no case"

    outcomes = await asyncio.gather(
        *(outcome() for _ in range(8)),
        outcome(unit_id="none"),
        outcome(slip_number="A-1"),
        *(outcome(slip_number="A-2") for _ in range(3)),
        *(outcome() for _ in range(8)),
    )
    assert outcomes[:8] == outcomes[13:] == ["OK"] * 8
    assert outcomes[8:10] == ["UNIT_UNKNOWN", "SLIP_IN_USE"]
    assert sorted(outcomes[10:13]) == ["OK", "SLIP_IN_USE", "SLIP_IN_USE"]
    assert await window.findings() == []


@pytest.mark.parametrize(
    ("bad", "reason", "commits"),
    [({"unit_id": "none"}, "UNIT_UNKNOWN", 5), ({"slip_number": "A-1"}, "SLIP_IN_USE", 20)],
)
async def test_a_faulty_one_leaves_the_others_together(
    window: Window, bad: dict[str, str], reason: str, commits: int
) -> None:
    await window.register(slip_number="A-1")
    appeals = [appeal(request_id=f"request-{at}") for at in range(64)]
    for at in (5, 40):
        appeals[at] = appeal(request_id=f"request-{at}", **bad)
    batch = intake_registration_pb2.BatchRegisterCasesRequest(appeals=appeals)
    reply = await window.ask(batch, "CLERK")
    refused = [one.index for one in reply.results if one.HasField("refused")]
    assert refused == [5, 40]
    assert all(reason.encode() in reply.results[at].refused.details[0].value for at in refused)
    rows = await window.rows("SELECT count(DISTINCT xmin::text) AS commits FROM cases")
    assert rows[0]["commits"] <= commits
    assert await window.findings() == []


async def test_a_live_call_goes_before_the_rest_of_a_batch(window: Window) -> None:
    batch = intake_registration_pb2.BatchRegisterCasesRequest(
        appeals=[appeal(request_id=f"request-{at}") for at in range(500)]
    )
    coming = asyncio.create_task(window.ask(batch, "CLERK"))
    while not await window.rows("SELECT FROM cases LIMIT 1"):
        assert not coming.done()
    live = await window.register()
    assert int(live.case.number[-4:]) < 400
    assert (await coming).tally.registered == 500


async def test_twins_of_one_request_make_one_case(window: Window) -> None:
    others = [window.register() for _ in range(5)]
    twins = [window.ask(appeal(request_id="twin-request"), "CLERK") for _ in range(6)]
    made = await asyncio.gather(*others, *twins)
    assert len({one.case.case_id for one in made[5:]}) == 1
    assert len({one.receipt_code for one in made[5:]}) == 1
    rows = await window.rows("SELECT count(*) AS count FROM cases")
    assert rows[0]["count"] == 6


async def test_callers_of_a_group_stay_who_they_are(window: Window) -> None:
    await asyncio.gather(
        *(window.register("CLERK", subject=f"c-{n}") for n in range(10)),
        window.register("CLERK", subject="far", site_id="other", sites=("other",)),
    )
    rows = await window.rows(
        "SELECT journal.actor, cases.receiver FROM journal JOIN cases ON case_id = subject_id"
    )
    assert len({row["actor"] for row in rows}) == 11
    assert all(row["actor"] == row["receiver"] for row in rows)
