"""Batches and streams of appeals: each has its own result, and one bad one harms no other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.ids import new_id
from chassis.testing import bearer, read_refusal
from services.intake import importing
from tests.integration.intake.window import Window, appeal


def named(**fields: Any) -> rpc.RegisterCaseRequest:
    return appeal(**({"request_id": new_id()} | fields))


def reason(status: status_pb2.Status) -> str:
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


def reasons(results: Sequence[rpc.RegistrationResult]) -> list[str]:
    return ["OK" if one.HasField("registered") else reason(one.refused) for one in results]


def numbers_of(tally: rpc.RegistrationTally) -> tuple[int, int, int, int]:
    return tally.received, tally.registered, tally.replayed, tally.refused


async def batch(window: Window, *appeals: rpc.RegisterCaseRequest, **how: Any) -> Any:
    role = how.pop("role", "CLERK")
    return await window.ask(rpc.BatchRegisterCasesRequest(appeals=appeals), role, **how)


async def test_each_of_a_batch_has_its_own_result(window: Window) -> None:
    taken = await window.register()
    mixed = [
        named(),
        named(text="灯\x07坏了"),
        named(text="水" * 4_001),
        named(unit_id="none"),
        named(reporter=pb.Reporter()),
        named(case_id=taken.case.case_id),
        named(request_id="short"),
        named(links=[pb.Link(case_id=taken.case.case_id, relation=pb.RELATION_DUPLICATE_OF)]),
        named(about_persons=["c-1"]),
        named(),
    ]
    reply = await batch(window, *mixed)
    assert reasons(reply.results) == [
        "OK",
        "INVALID_FIELD",
        "INVALID_FIELD",
        "UNIT_UNKNOWN",
        "REPORTER_MISSING",
        "CASE_ID_TAKEN",
        "INVALID_FIELD",
        "LINK_NOT_ALLOWED",
        "OK",
        "OK",
    ]
    assert numbers_of(reply.tally) == (10, 3, 0, 7)
    assert [one.index for one in reply.results] == list(range(10))
    assert [one.request_id for one in reply.results] == [one.request_id for one in mixed]
    # Whoever it is about may hand it in, and passes the code on to the reporter.
    codes = [one.registered.receipt_code for one in reply.results]
    assert [len(codes[0]), len(codes[8]), len(codes[9])] == [16, 16, 16]
    assert await window.findings() == []


async def test_a_refusal_says_what_the_single_call_would_have_said(window: Window) -> None:
    bad = named(text="灯\x07坏了", unit_id="")
    alone = await window.refused(bad, "CLERK", language="en")
    reply = await batch(window, bad, language="en")
    status = reply.results[0].refused
    details = {one.type_url.rpartition(".")[2]: one for one in status.details}
    request, sentence = error_details_pb2.BadRequest(), error_details_pb2.LocalizedMessage()
    assert details["BadRequest"].Unpack(request)
    assert details["LocalizedMessage"].Unpack(sentence)
    assert tuple(one.field for one in request.field_violations) == alone.fields == ("text",)
    assert (sentence.message, sentence.locale) == (alone.sentence, "en")
    assert status.code == alone.code.value[0]


async def test_a_batch_and_a_single_call_replay_each_other(window: Window) -> None:
    one, two = named(), named()
    made = await window.ask(one, "CLERK")
    reply = await batch(window, one, two, two)
    assert [done.registered.replayed for done in reply.results] == [True, False, True]
    assert reply.results[0].registered.case_id == made.case.case_id
    assert reply.results[0].registered.receipt_code == made.receipt_code
    assert numbers_of(reply.tally) == (3, 3, 2, 0)
    again = await window.ask(two, "CLERK")
    assert again.case.case_id == reply.results[1].registered.case_id
    other = named(request_id=one.request_id, text="别的")
    assert reasons((await batch(window, other)).results) == ["REQUEST_ID_REUSED"]
    assert len(await window.rows("SELECT FROM cases")) == 2


async def test_a_batch_is_of_one_site_and_of_five_hundred_at_most(window: Window) -> None:
    two = rpc.BatchRegisterCasesRequest(appeals=[named(), named(site_id="other")])
    refusal = await window.refused(two, "CLERK", sites=["yuwu", "other"])
    assert refusal.reason == "BATCH_OF_TWO_SITES"
    many = rpc.BatchRegisterCasesRequest(appeals=[appeal()] * 501)
    assert (await window.refused(many, "CLERK")).reason == "INVALID_FIELD"
    none = rpc.BatchRegisterCasesRequest()
    assert (await window.refused(none, "CLERK")).reason == "INVALID_FIELD"
    assert reasons((await batch(window, named(site_id="other"))).results) == ["SITE_UNKNOWN"]
    assert (await window.refused(two, "REPORTER")).reason == "PERMISSION_DENIED"


async def test_a_batch_of_five_hundred_shares_commits(window: Window) -> None:
    reply = await batch(window, *(named() for _ in range(500)))
    assert numbers_of(reply.tally) == (500, 500, 0, 0)
    rows = await window.rows("SELECT count(DISTINCT xmin::text) AS commits FROM cases")
    assert rows[0]["commits"] < 20


class Sender:
    """A stream of imports: counts what the server has taken off its hands."""

    def __init__(self, window: Window, *, timeout: float = 60) -> None:
        self.sent = 0
        metadata = bearer(window.keys.person("erp", ["SYSTEM"], ["yuwu", "other"]))
        self.call = window.stub.StreamRegisterCases(metadata=metadata, timeout=timeout)

    async def send(self, *appeals: rpc.RegisterCaseRequest) -> None:
        for one in appeals:
            await self.call.write(rpc.StreamRegisterCasesRequest(appeal=one))
            self.sent += 1

    async def rest(self) -> list[rpc.StreamRegisterCasesResponse]:
        found = []
        while (reply := await self.call.read()) is not grpc.aio.EOF:
            found.append(reply)
        return found


def results_of(replies: Sequence[rpc.StreamRegisterCasesResponse]) -> list[Any]:
    return [result for reply in replies for result in reply.results]


async def test_a_stream_answers_in_order_with_a_running_tally(window: Window) -> None:
    appeals = [named(site_id="other" if at % 3 else "yuwu") for at in range(300)]
    appeals[7] = named(unit_id="none")
    appeals[8] = named(text="灯\x07坏了")
    appeals[9] = appeals[0]
    sender = Sender(window)
    reading = asyncio.create_task(sender.rest())
    await sender.send(*appeals)
    await sender.call.done_writing()
    replies = await reading
    results = results_of(replies)
    assert [one.index for one in results] == list(range(300))
    assert [one.request_id for one in results] == [one.request_id for one in appeals]
    expected = ["OK"] * 300
    expected[7:9] = ["UNIT_UNKNOWN", "INVALID_FIELD"]
    assert reasons(results) == expected
    assert numbers_of(replies[-1].tally) == (300, 298, 1, 2)
    assert [reply.tally.received for reply in replies] == sorted(
        reply.tally.received for reply in replies
    )
    # Sent again whole, everything is there already.
    again = Sender(window)
    reading = asyncio.create_task(again.rest())
    await again.send(*appeals)
    await again.call.done_writing()
    assert numbers_of((await reading)[-1].tally) == (300, 298, 298, 2)
    assert len(await window.rows("SELECT FROM cases")) == 297
    assert await window.findings() == []


async def test_who_takes_no_results_is_read_no_further(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_AT_ONCE", 8)
    taken = 0

    async def counted(
        requests: AsyncIterator[rpc.RegisterCaseRequest],
    ) -> AsyncIterator[rpc.RegisterCaseRequest]:
        nonlocal taken
        async for one in requests:
            taken += 1
            yield one

    async def endless() -> AsyncIterator[rpc.RegisterCaseRequest]:
        while True:
            yield rpc.RegisterCaseRequest()

    async def at_once(_: rpc.RegisterCaseRequest) -> importing.Outcome:
        return importing.Outcome("r")

    async def never() -> bool:
        return False

    stream = importing.Import(counted(endless()), at_once, never).chunks()
    first = await anext(stream)
    for _ in range(200):
        await asyncio.sleep(0)
    assert 1 <= len(first.outcomes) <= taken == 8
    await anext(stream)
    for _ in range(200):
        await asyncio.sleep(0)
    assert 8 < taken <= 8 + len(first.outcomes)
    await stream.aclose()


async def test_an_import_waits_while_the_suite_is_behind(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No relay runs here: what was registered waits to be published until the head is moved."""
    monkeypatch.setattr(importing, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("services.intake.backlog.FRESH_SECONDS", 0.0)
    await window.register()
    await window.backdate("11 seconds")
    sender = Sender(window)
    await sender.send(named())
    reply = await sender.call.read()
    assert (reply.throttled, list(reply.results)) == (True, [])
    assert len(await window.rows("SELECT FROM cases")) == 1
    # A live case doesn't wait.
    await window.register()
    await window.backdate("0 seconds")
    while not reply.results:
        reply = await asyncio.wait_for(sender.call.read(), 10)
    assert reasons(reply.results) == ["OK"]
    await sender.call.done_writing()
    await sender.rest()


async def test_a_stream_ends_cleanly_when_the_server_stops(window: Window) -> None:
    sender = Sender(window)
    await sender.send(*(named() for _ in range(20)))
    first = await sender.call.read()
    stopping = asyncio.create_task(window.server.drain(30))
    seen = list(first.results)

    async def read_on() -> None:
        while (reply := await sender.call.read()) is not grpc.aio.EOF:
            seen.extend(reply.results)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read_on()
    async with asyncio.timeout(10):
        await stopping
    refusal = read_refusal(caught.value)
    assert (refusal.reason, refusal.retry) == ("DEPENDENCY_UNAVAILABLE", True)
    # What had been read was registered, and answered.
    rows = await window.rows("SELECT count(*) AS count FROM cases")
    assert len(seen) == rows[0]["count"] > 0


async def test_what_was_begun_is_not_lost_when_the_sender_leaves(window: Window) -> None:
    sender = Sender(window)
    appeals = [named() for _ in range(40)]
    await sender.send(*appeals)
    await sender.call.read()
    sender.call.cancel()
    reply = await batch(window, *appeals, role="SYSTEM", subject="erp")
    assert numbers_of(reply.tally)[:2] == (40, 40)
    assert len(await window.rows("SELECT FROM cases")) == 40
    assert await window.findings() == []
