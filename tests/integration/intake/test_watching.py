"""Whoever watches misses nothing, can prove it, and comes back where they were."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from backstop.intake.v1 import intake_finding_pb2 as rpc
from chassis import feed
from chassis.journal import GENESIS, chain_hash
from chassis.testing import bearer, read_refusal
from services.intake.rpc import watching
from tests.integration.intake.window import Window


@asynccontextmanager
async def stamper(window: Window) -> AsyncIterator[Any]:
    """Gives facts their places when asked, as the relay does."""
    connection = await window.database.worker.dedicated()
    assert await feed.try_lock(connection, "intake")

    async def stamp() -> None:
        while await feed.stamp(connection, "intake"):
            pass
        window.database.worker.wake(feed.STAMPED)

    try:
        yield stamp
    finally:
        connection.terminate()


def watch(window: Window, role: str = "DISPATCHER", subject: str = "d-1", **fields: Any) -> Any:
    metadata = (
        ("accept-language", "zh-CN"),
        *bearer(window.keys.person(subject, (role,), fields.pop("sites", ("yuwu",)))),
    )
    request = rpc.WatchCasesRequest(site_id="yuwu", **fields)
    return window.stub.WatchCases(request, timeout=30, metadata=metadata)


async def take(stream: Any, count: int) -> list[rpc.CaseEvent]:
    events: list[rpc.CaseEvent] = []
    while len(events) < count:
        piece = await stream.read()
        assert piece is not grpc.aio.EOF
        events.extend(piece.events)
    return events


async def test_events_come_in_order_and_each_hash_follows_from_the_one_before(
    window: Window,
) -> None:
    async with stamper(window) as stamp:
        first = (await window.register()).case.case_id
        second = (await window.resolved()).case.case_id
        await stamp()
        stream = watch(window)
        events = await take(stream, 3)
        assert [one.sequence for one in events] == [1, 2, 3]
        assert [(one.case_id, one.type) for one in events] == [
            (first, "CaseRegistered"),
            (second, "CaseRegistered"),
            (second, "CaseResolved"),
        ]
        assert all(one.sentence for one in events)
        hashes = [row["hash"] for row in await window.rows("SELECT hash FROM journal ORDER BY id")]
        digest = GENESIS
        for event, fact_hash in zip(events, hashes, strict=True):
            digest = chain_hash(digest, event.sequence, fact_hash)
            assert event.hash == digest.hex()
        # What comes next comes by itself.
        third = (await window.register()).case.case_id
        await stamp()
        (event,) = await take(stream, 1)
        assert (event.sequence, event.case_id) == (4, third)
        stream.cancel()


async def test_a_reader_comes_back_after_what_they_have(window: Window) -> None:
    async with stamper(window) as stamp:
        for _ in range(3):
            await window.register()
        await stamp()
        events = await take(watch(window), 3)
        again = watch(window, after_sequence=2, after_hash=events[1].hash)
        assert [one.sequence for one in await take(again, 1)] == [3]
        newest = watch(window, from_now=True)
        piece = None
        await window.register()
        await stamp()
        piece = await newest.read()
        assert [one.sequence for one in piece.events] in ([], [4])
        for stream in (again, newest):
            stream.cancel()


@pytest.mark.parametrize(
    "fields",
    [{"after_sequence": 99}, {"after_sequence": 1, "after_hash": hashlib.sha256(b"x").hexdigest()}],
)
async def test_a_reader_of_another_history_is_told(window: Window, fields: dict[str, Any]) -> None:
    async with stamper(window) as stamp:
        await window.register()
        await stamp()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await watch(window, **fields).read()
        assert read_refusal(caught.value).reason == "SEQUENCE_UNKNOWN"


async def test_another_mine_is_not_watched(window: Window) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await watch(window, sites=("other",)).read()
    assert read_refusal(caught.value).reason == "SITE_UNKNOWN"


async def test_of_a_case_about_the_watcher_only_its_place_is_seen(window: Window) -> None:
    async with stamper(window) as stamp:
        made = await window.register(about_persons=["s-1"])
        await window.register()
        await stamp()
        hidden, shown = await take(watch(window, "STEWARD", "s-1"), 2)
        assert hidden == rpc.CaseEvent(sequence=1, hash=hidden.hash)
        assert len(hidden.hash) == 64
        assert shown.type == "CaseRegistered"
        (seen, _) = await take(watch(window), 2)
        assert seen.case_id == made.case.case_id


async def test_silence_has_a_heartbeat(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "HEARTBEAT_SECONDS", 0.0)
    async with stamper(window) as stamp:
        await window.register()
        await stamp()
        stream = watch(window, after_sequence=1)
        piece = await stream.read()
        assert (list(piece.events), piece.head_sequence, piece.cut) == ([], 1, False)
        stream.cancel()


async def test_a_slow_reader_is_cut_and_told_so(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", -1.0)
    async with stamper(window) as stamp:
        await window.register()
        await stamp()
        stream = watch(window)
        first, last = await stream.read(), await stream.read()
        assert ([one.sequence for one in first.events], first.cut) == ([1], False)
        assert last.cut
        assert await stream.read() is grpc.aio.EOF


async def test_whoever_starts_from_now_is_told_at_once_from_where(window: Window) -> None:
    async with stamper(window) as stamp:
        await window.register()
        await stamp()
        stream = watch(window, from_now=True)
        first = await asyncio.wait_for(stream.read(), watching.HEARTBEAT_SECONDS / 2)
        assert (list(first.events), first.head_sequence) == ([], 1)
        await window.register()
        await stamp()
        assert [one.sequence for one in await take(stream, 1)] == [2]
