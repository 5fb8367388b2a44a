"""A case's clocks as they are and as they were, with everything that happened to them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backstop.sla.v1 import sla_pb2
from tests.integration.sla.asking import (
    FIRST_REPLY,
    PAUSE,
    PLAN,
    Desk,
    desk_of,
    live_a_little,
    one,
    refused,
)
from tests.integration.sla.conftest import Sla, utc
from tests.integration.sla.served import HOUR, MIDNIGHT, MONDAY


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of(sla, tmp_path) as desk:
        yield desk


async def test_clocks_as_they_stood_at_any_instant(desk: Desk) -> None:
    case_id = await live_a_little(desk)

    before = await refused(desk.clocks(case_id, MONDAY - HOUR))
    assert before.reason == "CLOCKS_NOT_FOUND"

    on_monday = await desk.clocks(case_id, MONDAY + 2 * HOUR)
    assert {clock.kind: clock.state for clock in on_monday.clocks} == {
        FIRST_REPLY: sla_pb2.CLOCK_STATE_RUNNING,
        PLAN: sla_pb2.CLOCK_STATE_PAUSED,
        PAUSE: sla_pb2.CLOCK_STATE_RUNNING,
    }
    assert on_monday.pause.words == "等诉求人补照片。"
    assert utc(on_monday.next_wake_time) == MONDAY + 7.5 * HOUR
    assert utc(one(on_monday.clocks, PLAN).due_time) == MIDNIGHT[3]

    at_night = await desk.clocks(case_id, MIDNIGHT[0] + 2 * HOUR)
    assert one(at_night.clocks, FIRST_REPLY).state == sla_pb2.CLOCK_STATE_BREACHED

    at_noon = await desk.clocks(case_id, MIDNIGHT[0] + 13 * HOUR)
    first_reply = one(at_noon.clocks, FIRST_REPLY)
    assert first_reply.state == sla_pb2.CLOCK_STATE_MET_LATE
    assert not first_reply.HasField("excuse")
    assert not at_noon.HasField("pause")
    # Monday isn't counted anyway; Tuesday was touched by the pause.
    assert utc(one(at_noon.clocks, PLAN).due_time) == MIDNIGHT[4]

    now = await desk.clocks(case_id)
    assert one(now.clocks, FIRST_REPLY).excuse.reason == "全矿停电。"
    assert one(now.clocks, FIRST_REPLY).excuse.excused_by == "p-7"
    # What is stored is what follows from the acts.
    assert await desk.clocks(case_id, await desk.sla.now()) == now
    assert not now.events


async def test_everything_that_happened_is_told_with_its_words(desk: Desk) -> None:
    case_id = await live_a_little(desk)
    response = await desk.clocks(case_id, with_events=True)
    told = [
        (sla_pb2.ClockEventKind.Name(event.kind).removeprefix("CLOCK_EVENT_KIND_"), event.clock)
        for event in response.events
    ]
    assert told == [
        ("STARTED", FIRST_REPLY),
        ("STARTED", PLAN),
        ("PAUSED", PLAN),
        ("STARTED", PAUSE),
        ("BREACHED", FIRST_REPLY),
        ("STOPPED", FIRST_REPLY),
        ("STOPPED", PAUSE),
        ("RESUMED", PLAN),
        ("EXCUSED", FIRST_REPLY),
    ]
    paused, breached, stopped, excused = (response.events[number] for number in (2, 4, 5, 8))
    assert (paused.reason, paused.actor) == ("等诉求人补照片。", "p-7")
    assert breached.consequence == sla_pb2.CONSEQUENCE_LADDER
    assert (utc(breached.time), breached.state) == (MIDNIGHT[0], sla_pb2.CLOCK_STATE_BREACHED)
    assert utc(breached.record_time) > MIDNIGHT[0]
    assert (stopped.cause, utc(stopped.time)) == ("CaseAnswered", MIDNIGHT[0] + 9 * HOUR)
    assert (excused.reason, excused.cause) == ("全矿停电。", "ExcuseBreach")
    times = [utc(event.record_time) for event in response.events]
    assert times == sorted(times)
    # An instant's events are those that sla knew of by then.
    until = await desk.clocks(case_id, MIDNIGHT[0] + 2 * HOUR, with_events=True)
    assert list(until.events) == list(response.events[:5])
