"""What the case file shows of sla's clocks, pauses and moved deadlines."""

from typing import Any

import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_measures_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from tests.integration.intake.test_read_model import clock, instant
from tests.integration.intake.window import Window


async def test_clocks_and_wake_ups_follow_sla(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    due, later = instant(5), instant(50)
    first, plan = sla_pb2.CLOCK_KIND_FIRST_REPLY, sla_pb2.CLOCK_KIND_PLAN
    await window.tell(
        "sla",
        case_id,
        "yuwu",
        sla_facts_pb2.ClocksStarted(
            case_id=case_id,
            clocks=[
                clock(first, sla_pb2.CLOCK_STATE_RUNNING, due),
                clock(plan, sla_pb2.CLOCK_STATE_RUNNING, later, provisional=True),
            ],
            next_wake_time=due,
        ),
    )
    case = await window.case(case_id)
    assert [(one.kind, one.state) for one in case.clocks] == [
        ("FIRST_REPLY", "RUNNING"),
        ("PLAN", "RUNNING"),
    ]
    assert case.clocks[1].provisional
    assert case.next_wake_time == due
    tracked = await window.ask(rpc.TrackCaseRequest(receipt_code=made.receipt_code), nobody=True)
    assert tracked.next_due_time == due
    await window.tell(
        "sla",
        case_id,
        "yuwu",
        sla_facts_pb2.ClockBreached(
            case_id=case_id,
            clock=clock(first, sla_pb2.CLOCK_STATE_BREACHED, due, breach_time=due),
            consequence=sla_pb2.CONSEQUENCE_LADDER,
            next_wake_time=later,
        ),
    )
    await window.tell(
        "sla",
        case_id,
        "yuwu",
        sla_facts_pb2.ClocksStopped(
            case_id=case_id,
            clocks=[clock(first, sla_pb2.CLOCK_STATE_MET_LATE, due)],
            next_wake_time=later,
        ),
    )
    case = await window.case(case_id)
    assert case.clocks[0].state == "MET_LATE"
    assert case.next_wake_time == later
    ledger = await window.ask(intake_measures_pb2.ListLedgerRequest(site_id="yuwu"), "LEADER")
    assert ledger.rows[0].breach_count == 1


async def clocks_of(window: Window, case_id: str, message: Message, **how: Any) -> pb.Case:
    """Sends a fact of sla, and returns the case as it is then."""
    await window.tell("sla", case_id, "yuwu", message, **how)
    return await window.case(case_id)


async def test_a_pause_shows_as_long_as_it_lasts(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    plan, first = sla_pb2.CLOCK_KIND_PLAN, sla_pb2.CLOCK_KIND_FIRST_REPLY
    due, later, latest = instant(30), instant(60), instant(48)
    running, paused = sla_pb2.CLOCK_STATE_RUNNING, sla_pb2.CLOCK_STATE_PAUSED
    await clocks_of(
        window,
        case_id,
        sla_facts_pb2.ClocksStarted(
            case_id=case_id,
            clocks=[clock(plan, running, due, reference="a-1"), clock(first, running, later)],
            next_wake_time=due,
        ),
    )
    pause = sla_facts_pb2.ClocksPaused(
        case_id=case_id,
        clocks=[clock(plan, paused, due)],
        next_wake_time=latest,
        reason=sla_pb2.PAUSE_REASON_WAITING_FOR_OUTAGE_WINDOW,
        words="等停机检修",
        approved_by="d-1",
        latest_end_time=latest,
    )
    case = await clocks_of(window, case_id, pause, actor="d-1")
    states = {one.kind: one.state for one in case.clocks}
    assert states == {"PLAN": "PAUSED", "FIRST_REPLY": "RUNNING"}
    assert {one.reference for one in case.clocks} == {"a-1", ""}
    assert case.next_wake_time == latest
    assert (case.pause.reason, case.pause.words, case.pause.approved_by) == (
        "WAITING_FOR_OUTAGE_WINDOW", "等停机检修", "d-1",
    )  # fmt: skip
    assert case.pause.latest_end_time == latest
    assert case.pause.HasField("start_time")
    track = rpc.TrackCaseRequest(receipt_code=made.receipt_code)
    tracked = await window.ask(track, nobody=True)
    assert tracked.pause.reason == "WAITING_FOR_OUTAGE_WINDOW"
    assert tracked.pause.latest_end_time == latest
    assert (tracked.pause.words, tracked.pause.approved_by) == ("", "")
    assert tracked.next_due_time == later
    # Whoever let the clocks stand still has worked on the case.
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert "d-1" in {row["person"] for row in hands}
    resumed = sla_facts_pb2.ClocksResumed(
        case_id=case_id, clocks=[clock(plan, running, later)], next_wake_time=later
    )
    case = await clocks_of(window, case_id, resumed)
    assert not case.HasField("pause")
    assert [(one.state, one.due_time) for one in case.clocks if one.kind == "PLAN"] == [
        ("RUNNING", later)
    ]
    assert not (await window.ask(track, nobody=True)).HasField("pause")
    assert await window.findings() == []


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_pause_ends_with_its_own_clock_though_none_runs_again(
    window: Window, stopped: bool
) -> None:
    case_id = (await window.register()).case.case_id
    pause = sla_facts_pb2.ClocksPaused(
        case_id=case_id,
        reason=sla_pb2.PAUSE_REASON_FORCE_MAJEURE,
        words="暴雨",
        latest_end_time=instant(48),
    )
    assert (await clocks_of(window, case_id, pause)).HasField("pause")
    kind, state = sla_pb2.CLOCK_KIND_PAUSE, sla_pb2.CLOCK_STATE_CANCELLED
    other = clock(sla_pb2.CLOCK_KIND_PLAN, state, instant(1))
    unmoved = sla_facts_pb2.ClocksStopped(case_id=case_id, clocks=[other])
    assert (await clocks_of(window, case_id, unmoved)).HasField("pause")
    own = clock(kind, state, instant(48))
    over: Message = sla_facts_pb2.ClocksStopped(case_id=case_id, clocks=[other, own])
    if not stopped:
        over = sla_facts_pb2.ClockBreached(
            case_id=case_id, clock=own, consequence=sla_pb2.CONSEQUENCE_RESUME
        )
    assert not (await clocks_of(window, case_id, over)).HasField("pause")


async def test_a_pause_of_a_case_that_is_resolved_meanwhile_does_not_show(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    pause = sla_facts_pb2.ClocksPaused(
        case_id=case_id, reason=sla_pb2.PAUSE_REASON_FORCE_MAJEURE, latest_end_time=instant(48)
    )
    assert not (await clocks_of(window, case_id, pause)).HasField("pause")
    assert await window.findings() == []


async def test_deadlines_that_are_moved_show(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    plan, running = sla_pb2.CLOCK_KIND_PLAN, sla_pb2.CLOCK_STATE_RUNNING
    due, later = instant(30), instant(60)
    started = sla_facts_pb2.ClocksStarted(case_id=case_id, clocks=[clock(plan, running, due)])
    await clocks_of(window, case_id, started)
    amended = sla_facts_pb2.ClocksAmended(
        case_id=case_id,
        clocks=[clock(plan, running, later, provisional=True)],
        previous_due_times=[due],
        cause=sla_pb2.AMENDMENT_CAUSE_CALENDAR,
        approved_by="admin",
        next_wake_time=later,
    )
    case = await clocks_of(window, case_id, amended, actor="admin")
    assert [(one.due_time, one.provisional) for one in case.clocks] == [(later, True)]
    assert case.next_wake_time == later
    # To publish a calendar is not to work on each of its cases.
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert "admin" not in {row["person"] for row in hands}
    told = await window.ask(rpc.GetTimelineRequest(case_id=case_id), "LEADER")
    assert told.entries[-1].sentence.startswith("期限调整（工作日历调整）：解决方案或进度说明")


@pytest.mark.parametrize("kind", ["REMINDER", "REVIEW", "PAUSE", "SILENCE", "CALLBACK", "PLAN"])
async def test_the_ledger_counts_what_was_missed_and_not_what_came_round(
    window: Window, kind: str
) -> None:
    case_id = (await window.register()).case.case_id
    due = instant(-1)
    late = clock(
        sla_pb2.ClockKind.Value(f"CLOCK_KIND_{kind}"), sla_pb2.CLOCK_STATE_BREACHED, due,
        breach_time=due,
    )  # fmt: skip
    await clocks_of(window, case_id, sla_facts_pb2.ClockBreached(case_id=case_id, clock=late))
    ledger = await window.ask(intake_measures_pb2.ListLedgerRequest(site_id="yuwu"), "LEADER")
    assert ledger.rows[0].breach_count == (kind in {"CALLBACK", "PLAN"})
