"""Excusing breaches, which stay on record."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import to_timestamp
from tests.integration.sla.conftest import SITE, Sla, fed_back, utc
from tests.integration.sla.desk import (
    BREACHED,
    FIRST_REPLY,
    PLAN,
    RUNNING,
    Desk,
    opened,
    reasons,
    refusal,
)
from tests.integration.sla.served import DAY, HOUR, MONDAY


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(sla, tmp_path) as desk:
        yield desk


@pytest.fixture
async def case_id(desk: Desk) -> str:
    """A case of that Monday: its PLAN is due at 24:00 of Thursday."""
    (case_id,) = await desk.sla.register(MONDAY)
    return case_id


async def test_an_excused_breach_stays_one(desk: Desk, case_id: str) -> None:
    await desk.move_to(MONDAY + DAY)
    late = await desk.clock(case_id, FIRST_REPLY)
    assert late.state == BREACHED
    before = await desk.state(case_id)
    clock = await desk.excuse(late.clock_id)
    excuse = clock.excuse
    assert (excuse.reason, excuse.excused_by) == ("全矿停电。", "p-9")
    assert utc(excuse.excuse_time) >= MONDAY + DAY
    clock.ClearField("excuse")
    assert clock == late
    shown = await desk.clock(case_id, FIRST_REPLY)
    assert shown.excuse == excuse
    (fact,) = await desk.facts(case_id, sla_facts_pb2.BreachExcused)
    assert (fact.case_id, fact.reason, fact.excused_by) == (case_id, "全矿停电。", "p-9")
    assert fact.clock == shown
    cases, clocks, *_ = await desk.state(case_id)
    assert [cases, clocks] == before[:2]
    assert (await desk.acts(case_id))[-1] == ("Excused", "p-9", "ExcuseBreach")
    event = (await desk.case(case_id, with_events=True)).events[-1]
    assert (event.kind, event.clock_id) == (sla_pb2.CLOCK_EVENT_KIND_EXCUSED, late.clock_id)
    assert (event.actor, event.reason) == ("p-9", "全矿停电。")


async def test_a_breach_is_excused_whatever_came_after(desk: Desk) -> None:
    ids = await desk.sla.register(MONDAY, count=3)
    await desk.move_to(MONDAY + DAY)
    # Answered late; answered in time and heard of late; never answered, and the case is closed.
    for case_id, told in ((ids[0], MONDAY + DAY), (ids[1], MONDAY + HOUR)):
        answer = fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, told)
        await desk.sla.tell(answer, MONDAY + DAY)
    closed = intake_facts_pb2.CaseClosed(case_id=ids[2], close_time=to_timestamp(MONDAY + DAY))
    await desk.sla.tell(closed, MONDAY + DAY)
    states = (sla_pb2.CLOCK_STATE_MET_LATE, sla_pb2.CLOCK_STATE_MET, BREACHED)
    for case_id, state in zip(ids, states, strict=True):
        clock = await desk.clock(case_id, FIRST_REPLY)
        assert clock.state == state
        excused = await desk.excuse(clock.clock_id)
        assert (excused.state, excused.HasField("excuse")) == (state, True)


async def test_only_what_breached_is_excused(desk: Desk, case_id: str) -> None:
    running = await desk.clock(case_id, FIRST_REPLY)
    told = MONDAY + timedelta(milliseconds=1)
    (met_in_time,) = await desk.sla.register(MONDAY)
    await desk.sla.tell(fed_back(met_in_time, intake_pb2.ANSWER_KIND_FIRST_REPLY, told), told)
    met = await desk.clock(met_in_time, FIRST_REPLY)
    assert met.state == sla_pb2.CLOCK_STATE_MET
    # On the queue it is reminded of daily; that is no breach of anybody's.
    (queued,) = await desk.sla.register(MONDAY)
    await desk.sla.tell(
        routing_facts_pb2.CaseAssigned(case_id=queued, accountable="position:DISPATCH_ROOM"),
        MONDAY,
    )
    await desk.move_to(MONDAY + DAY)
    reminder = await desk.clock(queued, sla_pb2.CLOCK_KIND_REMINDER)
    assert (reminder.state, reminder.HasField("breach_time")) == (RUNNING, True)
    plan = await desk.clock(case_id, PLAN)
    for clock in (plan, met, reminder):
        answer = await refusal(desk.excuse(clock.clock_id))
        assert (answer.reason, answer.fields) == ("NOT_BREACHED", ("clock_id",))
    assert (await desk.excuse(running.clock_id)).HasField("excuse")


async def test_the_first_word_on_a_breach_stands(desk: Desk, case_id: str) -> None:
    await desk.move_to(MONDAY + DAY)
    clock_id = (await desk.clock(case_id, FIRST_REPLY)).clock_id
    first = await desk.excuse(clock_id, request_id="excuse-0001")
    before = await desk.state(case_id)
    assert await desk.excuse(clock_id, request_id="excuse-0001") == first
    answer = await refusal(desk.excuse(clock_id, metadata=desk.caller("DIRECTOR")))
    assert (answer.reason, answer.fields) == ("ALREADY_EXCUSED", ("clock_id",))
    assert await desk.state(case_id) == before


async def test_two_at_once_excuse_it_once(desk: Desk, case_id: str) -> None:
    await desk.move_to(MONDAY + DAY)
    clock_id = (await desk.clock(case_id, FIRST_REPLY)).clock_id
    answers = await asyncio.gather(
        *(desk.excuse(clock_id) for _ in range(4)), return_exceptions=True
    )
    assert reasons(answers) == ["ALREADY_EXCUSED"] * 3
    assert len(await desk.facts(case_id, sla_facts_pb2.BreachExcused)) == 1


async def test_a_units_outreach_is_excused_without_a_case(desk: Desk) -> None:
    await desk.sla.publish_directory(units=["bathhouse"])
    await desk.sla.work_jobs()
    subject = f"outreach/{SITE}/bathhouse"
    await desk.move_to(MONDAY + 40 * DAY)
    (row,) = await desk.sla.rows(
        "SELECT clock_id::text, state, breach_time FROM clocks WHERE subject_id = $1", subject
    )
    assert row["state"] == "RUNNING"
    assert row["breach_time"] is not None
    clock = await desk.excuse(row["clock_id"])
    assert (clock.kind, clock.case_id) == (sla_pb2.CLOCK_KIND_OUTREACH, "")
    (fact,) = await desk.facts(subject, sla_facts_pb2.BreachExcused)
    assert (fact.case_id, fact.clock) == ("", clock)
    assert await desk.acts(subject) == []
