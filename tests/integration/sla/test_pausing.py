"""Pausing and resuming a case's clocks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.sla.conftest import Sla, fed_back, utc
from tests.integration.sla.desk import (
    BREACHED,
    FIRST_REPLY,
    PAUSED,
    PLAN,
    RUNNING,
    WAITING,
    Desk,
    of_kind,
    opened,
    reasons,
    refusal,
)
from tests.integration.sla.served import DAY, HOUR, MIDNIGHT, MONDAY


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(sla, tmp_path) as desk:
        yield desk


@pytest.fixture
async def case_id(desk: Desk) -> str:
    """A case of that Monday: its PLAN is due at 24:00 of Thursday."""
    (case_id,) = await desk.sla.register(MONDAY)
    return case_id


async def test_a_pause_holds_what_the_policy_lets_it(desk: Desk, case_id: str) -> None:
    response = await desk.pause(case_id)
    plan = of_kind(response.clocks, PLAN)
    assert (plan.state, utc(plan.due_time)) == (PAUSED, MIDNIGHT[3])
    (span,) = plan.pauses
    assert not span.HasField("end_time")
    assert utc(span.start_time) >= MONDAY
    # The same-day answer waits for nobody.
    assert of_kind(response.clocks, FIRST_REPLY).state == RUNNING
    latest = of_kind(response.clocks, sla_pb2.CLOCK_KIND_PAUSE)
    assert (latest.state, utc(latest.due_time)) == (RUNNING, MIDNIGHT[20])
    pause = response.pause
    assert (pause.reason, pause.words, pause.approved_by) == (WAITING, "等诉求人提供材料。", "p-7")
    assert (pause.start_time, utc(pause.latest_end_time)) == (span.start_time, MIDNIGHT[20])
    shown = await desk.case(case_id)
    assert (list(shown.clocks), shown.pause) == (list(response.clocks), pause)


async def test_what_a_pause_and_its_end_make_known(desk: Desk, case_id: str) -> None:
    response = await desk.pause(case_id)
    paused, started = (
        (await desk.facts(case_id, sla_facts_pb2.ClocksPaused)),
        (await desk.facts(case_id, sla_facts_pb2.ClocksStarted))[1:],
    )
    assert [[clock.kind for clock in fact.clocks] for fact in paused] == [[PLAN]]
    assert (paused[0].reason, paused[0].words) == (WAITING, "等诉求人提供材料。")
    assert (paused[0].approved_by, utc(paused[0].latest_end_time)) == ("p-7", MIDNIGHT[20])
    assert [[c.kind for c in fact.clocks] for fact in started] == [[sla_pb2.CLOCK_KIND_PAUSE]]
    resumed = await desk.resume(case_id)
    assert resumed.version > response.version
    (fact,) = await desk.facts(case_id, sla_facts_pb2.ClocksResumed)
    assert [clock.kind for clock in fact.clocks] == [PLAN]
    assert not fact.latest_end_reached
    (fact,) = await desk.facts(case_id, sla_facts_pb2.ClocksStopped)
    assert [(clock.kind, clock.state) for clock in fact.clocks] == [
        (sla_pb2.CLOCK_KIND_PAUSE, sla_pb2.CLOCK_STATE_MET)
    ]
    rows = await desk.sla.rows("SELECT version FROM subjects WHERE subject_id = $1", case_id)
    assert resumed.version == rows[0]["version"]


async def test_days_touched_by_the_pause_are_not_counted(desk: Desk, case_id: str) -> None:
    await desk.pause(case_id)
    await desk.move_to(MONDAY + 2 * DAY)
    assert (await desk.clock(case_id, PLAN)).state == PAUSED
    response = await desk.resume(case_id)
    # Resumed on Wednesday: Thursday, Friday and the next Monday are the three.
    plan = of_kind(response.clocks, PLAN)
    assert (plan.state, utc(plan.due_time)) == (RUNNING, MIDNIGHT[7])
    assert not (await desk.case(case_id)).HasField("pause")
    await desk.move_to(MIDNIGHT[7] - HOUR)
    assert (await desk.clock(case_id, PLAN)).state == RUNNING
    await desk.move_to(MIDNIGHT[7] + HOUR)
    assert (await desk.clock(case_id, PLAN)).state == BREACHED


async def test_both_stand_in_the_history_with_who_did_them(desk: Desk, case_id: str) -> None:
    await desk.pause(case_id)
    await desk.resume(case_id)
    assert (await desk.acts(case_id))[1:] == [
        ("Paused", "p-7", "PauseClocks"),
        ("Resumed", "p-8", "ResumeClocks"),
    ]
    events = (await desk.case(case_id, with_events=True)).events
    assert [
        (event.kind, event.actor, event.reason)
        for event in events
        if event.clock == PLAN and event.kind != sla_pb2.CLOCK_EVENT_KIND_STARTED
    ] == [
        (sla_pb2.CLOCK_EVENT_KIND_PAUSED, "p-7", "等诉求人提供材料。"),
        (sla_pb2.CLOCK_EVENT_KIND_RESUMED, "p-8", ""),
    ]


async def test_what_starts_meanwhile_stands_still_with_the_others(desk: Desk, case_id: str) -> None:
    await desk.pause(case_id)
    await desk.move_to(MONDAY + HOUR)
    told = MONDAY + HOUR / 2
    await desk.sla.tell(fed_back(case_id, intake_pb2.ANSWER_KIND_PLAN, told), told)
    progress = await desk.clock(case_id, sla_pb2.CLOCK_KIND_PROGRESS)
    assert (progress.state, len(progress.pauses)) == (PAUSED, 1)
    assert (await desk.clock(case_id, PLAN)).state == sla_pb2.CLOCK_STATE_MET
    await desk.move_to(MONDAY + DAY)
    progress = of_kind((await desk.resume(case_id)).clocks, sla_pb2.CLOCK_KIND_PROGRESS)
    # Five working days from Wednesday on.
    assert (progress.state, utc(progress.due_time)) == (RUNNING, MIDNIGHT[8])


async def test_the_latest_end_ends_a_pause_by_itself(desk: Desk, case_id: str) -> None:
    latest_end = MONDAY + 2 * DAY + HOUR
    await desk.pause(case_id, latest_end)
    await desk.move_to(latest_end - HOUR / 2)
    assert (await desk.clock(case_id, PLAN)).state == PAUSED
    await desk.move_to(latest_end + 20 * HOUR)
    shown = await desk.case(case_id)
    assert not shown.HasField("pause")
    plan = of_kind(shown.clocks, PLAN)
    assert (plan.state, utc(plan.due_time)) == (RUNNING, MIDNIGHT[7])
    # Since the latest end, however late that was noticed.
    assert utc(plan.pauses[0].end_time) == latest_end
    (fact,) = await desk.facts(case_id, sla_facts_pb2.ClocksResumed)
    assert fact.latest_end_reached
    assert (await refusal(desk.resume(case_id))).reason == "NOT_PAUSED"


async def test_a_pause_ended_by_hand_after_its_latest_end_lasted_no_longer(
    desk: Desk, case_id: str
) -> None:
    latest_end = MONDAY + 2 * DAY
    await desk.pause(case_id, latest_end)
    await desk.move_to(latest_end + DAY, fire=False)
    plan = of_kind((await desk.resume(case_id)).clocks, PLAN)
    assert utc(plan.pauses[0].end_time) == latest_end
    assert utc(plan.due_time) == MIDNIGHT[7]
    await desk.sla.fire()


async def test_a_case_can_be_paused_again(desk: Desk, case_id: str) -> None:
    await desk.pause(case_id)
    await desk.resume(case_id)
    await desk.move_to(MONDAY + 2 * DAY)
    await desk.pause(case_id)
    plan = of_kind((await desk.resume(case_id)).clocks, PLAN)
    assert len(plan.pauses) == 2
    # Tuesday, Thursday, Friday.
    assert utc(plan.due_time) == MIDNIGHT[4]


# Refusals -------------------------------------------------------------------------------------


async def test_only_an_open_case_is_paused(desk: Desk) -> None:
    ids = await desk.sla.register(MONDAY, count=2)
    now = MONDAY + timedelta(seconds=1)
    await desk.sla.tell(
        intake_facts_pb2.CaseResolved(case_id=ids[0], resolve_time=to_timestamp(now)), now
    )
    await desk.sla.tell(
        intake_facts_pb2.CaseClosed(case_id=ids[1], close_time=to_timestamp(now)), now
    )
    for case_id in ids:
        before = await desk.state(case_id)
        answer = await refusal(desk.pause(case_id))
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "CASE_NOT_IN_HAND",
        )
        assert await desk.state(case_id) == before


async def test_paused_twice_and_resumed_twice(desk: Desk, case_id: str) -> None:
    assert (await refusal(desk.resume(case_id))).reason == "NOT_PAUSED"
    await desk.pause(case_id)
    before = await desk.state(case_id)
    answer = await refusal(desk.pause(case_id, reason=sla_pb2.PAUSE_REASON_FORCE_MAJEURE))
    assert (answer.reason, answer.fields) == ("ALREADY_PAUSED", ("case_id",))
    assert await desk.state(case_id) == before
    await desk.resume(case_id)
    before = await desk.state(case_id)
    assert (await refusal(desk.resume(case_id))).reason == "NOT_PAUSED"
    assert await desk.state(case_id) == before


async def test_nothing_to_pause(desk: Desk, case_id: str) -> None:
    # Friday: the plan is late, and what is late does not stand still.
    await desk.move_to(MIDNIGHT[3] + 10 * HOUR)
    before = await desk.state(case_id)
    answer = await refusal(desk.pause(case_id))
    assert answer.reason == "NOTHING_TO_PAUSE"
    assert answer.metadata == {"reason": "WAITING_FOR_REPORTER"}
    assert await desk.state(case_id) == before
    # A work order may wait for the maintenance window, but not for the reporter.
    now = await desk.sla.now()
    await desk.sla.dispatch([(case_id, now + 3 * DAY)], now)
    assert (await refusal(desk.pause(case_id))).reason == "NOTHING_TO_PAUSE"
    window = sla_pb2.PAUSE_REASON_WAITING_FOR_OUTAGE_WINDOW
    response = await desk.pause(case_id, reason=window)
    assert of_kind(response.clocks, sla_pb2.CLOCK_KIND_WORK_ORDER).state == PAUSED


@pytest.mark.parametrize("after", [-DAY, timedelta(0), 366 * DAY + HOUR, 2000 * 365 * DAY])
async def test_a_latest_end_is_to_come_and_within_a_year(
    desk: Desk, case_id: str, after: timedelta
) -> None:
    before = await desk.state(case_id)
    answer = await refusal(desk.pause(case_id, MONDAY + after))
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("latest_end_time",))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert await desk.state(case_id) == before


async def test_a_pause_may_last_for_a_leap_year(desk: Desk, case_id: str) -> None:
    response = await desk.pause(case_id, MONDAY + 366 * DAY)
    assert utc(response.pause.latest_end_time) == MONDAY + 366 * DAY


async def test_a_version_that_is_not_the_callers_is_refused(desk: Desk, case_id: str) -> None:
    version = (await desk.sla.rows("SELECT version FROM subjects WHERE subject_id = $1", case_id))[
        0
    ]["version"]
    answer = await refusal(desk.pause(case_id, expected_version=version + 1))
    assert answer.reason == "VERSION_MISMATCH"
    assert answer.metadata == {"expected": str(version + 1), "actual": str(version)}
    response = await desk.pause(case_id, expected_version=version)
    assert response.version > version
    answer = await refusal(desk.resume(case_id, expected_version=version))
    assert answer.reason == "VERSION_MISMATCH"
    await desk.resume(case_id, expected_version=response.version)


async def test_another_sites_case_is_no_case(desk: Desk, case_id: str) -> None:
    director = desk.caller("DIRECTOR", site="elsewhere")
    await desk.move_to(MONDAY + DAY)
    clock_id = (await desk.clock(case_id, FIRST_REPLY)).clock_id
    before = await desk.state(case_id)
    for attempt, known, reason in (
        (desk.pause, case_id, "CLOCKS_NOT_FOUND"),
        (desk.resume, case_id, "CLOCKS_NOT_FOUND"),
        (desk.excuse, clock_id, "CLOCK_NOT_FOUND"),
    ):
        answers = []
        for asked in (known, new_id()):
            answer = await refusal(attempt(asked, metadata=director))
            assert answer.code is grpc.StatusCode.NOT_FOUND
            answers.append((answer.reason, answer.sentence.replace(asked, ""), answer.fields))
        assert answers[0] == answers[1]
        assert answers[0][0] == reason
    assert await desk.state(case_id) == before


async def test_who_may(desk: Desk, case_id: str) -> None:
    denied = grpc.StatusCode.PERMISSION_DENIED
    for role in ("STEWARD", "LEADER", "ADMINISTRATOR", "REPORTER"):
        answer = await refusal(desk.pause(case_id, metadata=desk.caller(role)))
        assert answer.code is denied
    await desk.pause(case_id, metadata=desk.caller("DIRECTOR"))
    for role in ("CLERK", "LEADER", "ADMINISTRATOR", "REPORTER"):
        answer = await refusal(desk.resume(case_id, metadata=desk.caller(role)))
        assert answer.code is denied
    await desk.resume(case_id, metadata=desk.caller("STEWARD"))
    for role in ("STEWARD", "DISPATCHER", "LEADER", "ADMINISTRATOR"):
        answer = await refusal(desk.excuse(new_id(), metadata=desk.caller(role)))
        assert answer.code is denied


# Again, and at once ---------------------------------------------------------------------------


async def test_a_repeated_request_does_nothing_and_is_answered_alike(
    desk: Desk, case_id: str
) -> None:
    first = await desk.pause(case_id, request_id="pause-0001")
    before = await desk.state(case_id)
    assert await desk.pause(case_id, request_id="pause-0001") == first
    assert await desk.state(case_id) == before
    answer = await refusal(desk.pause(case_id, request_id="pause-0001", words="别的话。"))
    assert answer.reason == "REQUEST_ID_REUSED"
    resumed = await desk.resume(case_id, request_id="resume-0001")
    before = await desk.state(case_id)
    assert await desk.resume(case_id, request_id="resume-0001") == resumed
    # What is there by now, at the version that the pause left.
    again = await desk.pause(case_id, request_id="pause-0001")
    assert (again.version, list(again.clocks)) == (first.version, list(resumed.clocks))
    assert not again.HasField("pause")
    assert await desk.state(case_id) == before


async def test_a_repeated_request_of_one_who_may_not_look_any_more(
    desk: Desk, case_id: str
) -> None:
    await desk.pause(case_id, request_id="pause-0001")
    lost = desk.caller("DISPATCHER", site="elsewhere")
    answer = await refusal(desk.pause(case_id, request_id="pause-0001", metadata=lost))
    assert answer.reason == "CLOCKS_NOT_FOUND"


async def test_two_at_once_pause_it_once(desk: Desk, case_id: str) -> None:
    answers = await asyncio.gather(*(desk.pause(case_id) for _ in range(4)), return_exceptions=True)
    assert reasons(answers) == ["ALREADY_PAUSED"] * 3
    assert len(await desk.facts(case_id, sla_facts_pb2.ClocksPaused)) == 1
    others = await asyncio.gather(*(desk.resume(case_id) for _ in range(4)), return_exceptions=True)
    assert reasons(others) == ["NOT_PAUSED"] * 3
    assert len(await desk.facts(case_id, sla_facts_pb2.ClocksResumed)) == 1


async def test_the_same_request_twice_at_once_is_one(desk: Desk, case_id: str) -> None:
    first, second = await asyncio.gather(
        *(desk.pause(case_id, request_id="pause-0001") for _ in range(2))
    )
    assert first == second
    assert len(await desk.facts(case_id, sla_facts_pb2.ClocksPaused)) == 1
    one, other = await asyncio.gather(
        *(desk.resume(case_id, request_id="resume-0001") for _ in range(2))
    )
    assert one == other
    assert len(await desk.facts(case_id, sla_facts_pb2.ClocksResumed)) == 1
