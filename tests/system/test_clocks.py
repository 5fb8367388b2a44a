"""Clocks across the four processes: pausing, another calendar, a backtest."""

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_pb2
from backstop.notify.v1 import notify_service_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from tests.harness import SITE, Caller, Inspector, refusal, until

DAY = 24 * 60 * 60


async def _now(caller: Caller) -> int:
    return int((await caller.flow("sla")).decision_time.seconds)


def _plan(case: intake_pb2.Case) -> intake_pb2.ClockSummary | None:
    return next((clock for clock in case.clocks if clock.kind == "PLAN"), None)


async def test_a_pause_is_seen_on_the_case_file_and_moves_the_deadline(caller: Caller) -> None:
    case_id = (await caller.register("等检修窗口")).case.case_id
    before = await caller.case_when(case_id, lambda case: _plan(case) is not None, "its clocks")
    started = _plan(before)
    assert started is not None
    request = sla_service_pb2.PauseClocksRequest(
        case_id=case_id,
        reason=sla_pb2.PAUSE_REASON_WAITING_FOR_OUTAGE_WINDOW,
        words="等周末检修窗口",
        latest_end_time=Timestamp(seconds=await _now(caller) + 5 * DAY),
    )
    await caller.ask(caller.sla.PauseClocks, request, "director")
    paused = await caller.case_when(case_id, lambda case: case.HasField("pause"), "the pause")
    clock = _plan(paused)
    assert clock is not None
    assert clock.state == "PAUSED"
    assert paused.pause.reason == "WAITING_FOR_OUTAGE_WINDOW"
    request.request_id = ""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.ask(caller.sla.PauseClocks, request, "director")
    assert refusal(caught.value) == (grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_PAUSED")

    resume = sla_service_pb2.ResumeClocksRequest(case_id=case_id)
    await caller.ask(caller.sla.ResumeClocks, resume, "dispatcher")
    resumed = await caller.case_when(
        case_id, lambda case: not case.HasField("pause"), "the end of the pause"
    )
    clock = _plan(resumed)
    assert clock is not None
    assert clock.state == "RUNNING"
    assert clock.due_time.seconds >= started.due_time.seconds
    explained = await caller.ask(
        caller.sla.ExplainDeadline,
        sla_service_pb2.ExplainDeadlineRequest(clock_id=clock.clock_id),
        "steward-3",
    )
    assert explained.due_time == clock.due_time
    assert explained.summary_zh
    assert explained.summary_en


async def test_another_calendar_moves_what_runs_and_nobody_is_told_twice(
    caller: Caller, inside: Inspector
) -> None:
    case_id = (await caller.register("停工期间的诉求")).case.case_id
    before = await caller.case_when(case_id, lambda case: bool(case.steward), "a steward")
    await inside.settle()
    calendar = (
        await caller.ask(
            caller.sla.GetCalendar, sla_service_pb2.GetCalendarRequest(site_id=SITE), "director"
        )
    ).calendar
    plan = _plan(await caller.case(case_id))
    assert plan is not None
    # The last day of the plan, whose 24:00 is the deadline.
    last = Timestamp(seconds=plan.due_time.seconds - 1).ToDatetime()
    closed = sla_service_pb2.PublishCalendarRequest()
    closed.calendar.CopyFrom(calendar)
    closed.calendar.closures.add(
        name="停工", start_date=Date(year=last.year, month=last.month, day=last.day)
    )
    preview = sla_service_pb2.PreviewCalendarRequest(calendar=closed.calendar)
    metadata = (("authorization", f"Bearer {caller.token('director')}"),)
    moved = {
        piece.event.moved.clock.clock_id: piece.event.moved.due_time
        async for piece in caller.sla.PreviewCalendar(preview, timeout=30, metadata=metadata)
        if piece.event.HasField("moved")
    }
    try:
        published = await caller.ask(caller.sla.PublishCalendar, closed, "director")
        assert published.job_id

        def has_moved(case: intake_pb2.Case) -> bool:
            now = _plan(case)
            return now is not None and now.due_time == moved[plan.clock_id]

        await caller.case_when(case_id, has_moved, "the deadline that was previewed")
        await inside.settle()
        # The same again is no other version, and moves nothing.
        again = await caller.ask(caller.sla.PublishCalendar, _as_new(closed), "director")
        assert again.calendar.version == published.calendar.version
        assert not again.job_id

        async def told() -> int:
            found = await caller.ask(
                caller.notify.ListDeliveries,
                notify_service_pb2.ListDeliveriesRequest(case_id=case_id),
                "dispatcher",
            )
            count = sum(one.template == "clocks_amended" for one in found.deliveries)
            return int(count)

        assert before.steward
        assert await until(told, "the amendment is told") == 1
    finally:
        # Other tests count by the ordinary week.
        restored = sla_service_pb2.PublishCalendarRequest(calendar=calendar)
        await caller.ask(caller.sla.PublishCalendar, restored, "director")
        await inside.settle()


def _as_new(
    request: sla_service_pb2.PublishCalendarRequest,
) -> sla_service_pb2.PublishCalendarRequest:
    copy = sla_service_pb2.PublishCalendarRequest()
    copy.CopyFrom(request)
    copy.request_id = ""
    return copy


async def test_a_backtest_of_the_same_rules_finds_nothing(caller: Caller) -> None:
    case_id = (await caller.register("回测")).case.case_id
    await caller.case_when(case_id, lambda case: _plan(case) is not None, "its clocks")
    today = Timestamp(seconds=await _now(caller)).ToDatetime()
    policy = (
        await caller.ask(
            caller.sla.GetPolicy, sla_service_pb2.GetPolicyRequest(site_id=SITE), "director"
        )
    ).policy
    request = sla_service_pb2.BacktestPolicyRequest(
        site_id=SITE,
        start_date=Date(year=today.year, month=1, day=1),
        end_date=Date(year=today.year, month=12, day=31),
        policy=policy,
    )
    metadata = (("authorization", f"Bearer {caller.token('director')}"),)
    pieces = [
        piece async for piece in caller.sla.BacktestPolicy(request, timeout=60, metadata=metadata)
    ]
    summary = pieces[-1].summary
    assert summary.cases >= 1
    assert summary.differences == 0
    assert not any(piece.HasField("difference") for piece in pieces)
