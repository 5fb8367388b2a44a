"""One case from the spoken appeal to the struck-off file, through the four real processes."""

from datetime import timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_measures_pb2
from backstop.intake.v1 import intake_pb2 as intake
from backstop.intake.v1 import intake_service_pb2 as intake_rpc
from backstop.notify.v1 import notify_service_pb2 as notify_rpc
from backstop.routing.v1 import routing_pb2 as routing
from backstop.routing.v1 import routing_service_pb2 as routing_rpc
from backstop.sla.v1 import sla_pb2 as sla
from backstop.sla.v1 import sla_service_pb2 as sla_rpc
from deploy.local.layout import Instance
from tests.harness import Caller, Inspector, refusal, until

TOLD = intake.Feedback(way=intake.FEEDBACK_WAY_TOLD)


async def _now(caller: Caller) -> Timestamp:
    return (await caller.flow("intake")).decision_time


def _later(time: Timestamp, **delta: float) -> Timestamp:
    later = Timestamp()
    later.FromDatetime(time.ToDatetime() + timedelta(**delta))
    return later


def _day(time: Timestamp, days: int) -> Date:
    day = (time.ToDatetime() + timedelta(hours=8, days=days)).date()
    return Date(year=day.year, month=day.month, day=day.day)


async def test_from_the_appeal_to_the_struck_off_file(caller: Caller, inside: Inspector) -> None:
    now = await _now(caller)
    registered = await caller.register("南风井澡堂淋浴头损坏,高峰期不够用", category="BATHING")
    case_id = registered.case.case_id
    assert registered.case.number.startswith("YW-")
    assert len(registered.receipt_code) == 16
    # Nobody answers yet but the dispatch room, and there is a wake-up from the first moment.
    assert registered.case.accountable == "position:DISPATCH_ROOM"
    assert registered.case.HasField("next_wake_time")

    # Routing names the steward of the unit; sla starts two clocks; both are told.
    case = await caller.case_when(
        case_id,
        lambda c: (
            c.state == intake.CASE_STATE_ASSIGNED
            and len(c.clocks) == 2
            and c.deliveries_planned >= 2
        ),
        "assigned, clocks started, deliveries planned",
    )
    assert case.steward == case.accountable == "dd13"
    assert case.first_reply_owed_by == "dd23"  # the receiver, until the steward accepts
    assert {clock.kind for clock in case.clocks} == {"FIRST_REPLY", "PLAN"}

    await caller.ask(
        caller.intake.VerifyCase,
        intake_rpc.VerifyCaseRequest(case_id=case_id, place="南风井澡堂", findings="六个喷头损坏"),
        "steward-3",
    )
    accepted = await caller.ask(
        caller.routing.AcceptCase, routing_rpc.AcceptCaseRequest(case_id=case_id), "steward-3"
    )
    # Out of the site's hours for stewards it is the receiver's still.
    owes = accepted.route.first_reply_by or "dd13"
    await inside.settle()
    case = await caller.case_when(
        case_id, lambda c: c.first_reply_owed_by == owes, "whoever is at work owes the first reply"
    )
    assert case.state == intake.CASE_STATE_IN_PROGRESS

    # An answer that was only written stops no clock; fed back, it stops FIRST_REPLY alone.
    answered = await caller.ask(
        caller.intake.AnswerCase,
        intake_rpc.AnswerCaseRequest(
            case_id=case_id, kind=intake.ANSWER_KIND_FIRST_REPLY, text="已核查,由后勤部牵头更换"
        ),
        "steward-3",
    )
    await inside.settle()
    assert _state(await caller.case(case_id), "FIRST_REPLY") == "RUNNING"
    await caller.ask(
        caller.intake.FeedBackAnswer,
        intake_rpc.FeedBackAnswerRequest(
            case_id=case_id, answer_id=answered.answer_id, feedback=TOLD
        ),
        "steward-3",
    )
    case = await caller.case_when(
        case_id, lambda c: _state(c, "FIRST_REPLY") == "MET", "FIRST_REPLY is met"
    )
    assert _state(case, "PLAN") == "RUNNING"

    # Two units, one leading; the case can't be resolved while a work order is open.
    dispatched = await caller.ask(
        caller.routing.DispatchWorkOrders,
        routing_rpc.DispatchWorkOrdersRequest(
            case_id=case_id,
            tasks=[
                routing_rpc.DispatchWorkOrdersRequest.Task(
                    unit_id="logistics",
                    task="采购喷头",
                    lead=True,
                    deadline_time=_later(now, days=9),
                ),
                routing_rpc.DispatchWorkOrdersRequest.Task(
                    unit_id="bathhouse", task="更换并疏通", deadline_time=_later(now, days=9)
                ),
            ],
            allow_rest_day=True,
        ),
        "steward-3",
    )
    first, second = dispatched.work_order_ids
    await caller.ask(
        caller.intake.AnswerCase,
        intake_rpc.AnswerCaseRequest(
            case_id=case_id,
            kind=intake.ANSWER_KIND_PLAN,
            text="半个月内全部更换",
            promised_date=_day(now, 14),
            feedback=TOLD,
        ),
        "steward-3",
    )
    case = await caller.case_when(
        case_id,
        lambda c: (
            _state(c, "PLAN") == "MET"
            and _state(c, "RESOLUTION") == "RUNNING"
            and sum(clock.kind == "WORK_ORDER" for clock in c.clocks) == 2
        ),
        "the plan is met, the promise and two work orders run",
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await _resolve(caller, case_id)
    assert refusal(refused.value) == (grpc.StatusCode.FAILED_PRECONDITION, "WORK_ORDER_OPEN")

    await caller.ask(
        caller.routing.AcceptWorkOrder,
        routing_rpc.AcceptWorkOrderRequest(case_id=case_id, work_order_id=first),
        "handler",
    )
    for who, work_order in (("handler", first), ("handler-bathhouse", second)):
        await caller.ask(
            caller.routing.CompleteWorkOrder,
            routing_rpc.CompleteWorkOrderRequest(
                case_id=case_id, work_order_id=work_order, result="完成"
            ),
            who,
        )
    await _resolve(caller, case_id)
    await caller.case_when(
        case_id, lambda c: _state(c, "CONFIRMATION") == "RUNNING", "the confirmation is awaited"
    )

    # The worker rejects by the code on the receipt: a new cycle.
    await caller.ask(
        caller.intake.RejectCase,
        intake_rpc.RejectCaseRequest(
            case_id=case_id, reason="还有两个不出水", receipt_code=registered.receipt_code
        ),
    )
    case = await caller.case_when(
        case_id,
        lambda c: (
            c.cycle == 2 and {k.kind for k in c.clocks if k.cycle == 2} == {"FIRST_REPLY", "PLAN"}
        ),
        "a second cycle of clocks",
    )
    assert case.state == intake.CASE_STATE_IN_PROGRESS
    assert case.reopen_count == 1

    await _resolve(caller, case_id, feedback=TOLD)
    # A steward's word is only reported; the code counts; only then it can be struck off.
    reported = await caller.ask(
        caller.intake.ConfirmCase,
        intake_rpc.ConfirmCaseRequest(case_id=case_id, grade=intake.GRADE_SATISFIED),
        "steward-3",
    )
    assert reported.basis == intake.CONFIRMATION_BASIS_REPORTED
    close = intake_rpc.CloseCaseRequest(case_id=case_id, outcome=intake.OUTCOME_SOLVED)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(caller.intake.CloseCase, close, "dispatcher")
    assert refusal(refused.value)[1] == "END_NOT_PROVEN"
    confirmed = await caller.ask(
        caller.intake.ConfirmCase,
        intake_rpc.ConfirmCaseRequest(
            case_id=case_id, grade=intake.GRADE_SATISFIED, receipt_code=registered.receipt_code
        ),
    )
    assert confirmed.basis == intake.CONFIRMATION_BASIS_CODE
    close.request_id = ""
    closed = await caller.ask(caller.intake.CloseCase, close, "dispatcher")
    assert closed.case.state == intake.CASE_STATE_CLOSED
    assert closed.case.outcome == intake.OUTCOME_SOLVED

    await inside.settle()
    clocks = await caller.ask(
        caller.sla.GetCaseClocks, sla_rpc.GetCaseClocksRequest(case_id=case_id), "dispatcher"
    )
    assert not [c for c in clocks.clocks if c.state == sla.CLOCK_STATE_RUNNING]
    assert not clocks.HasField("next_wake_time")
    timeline = await caller.ask(
        caller.intake.GetTimeline, intake_rpc.GetTimelineRequest(case_id=case_id), "dispatcher"
    )
    assert {entry.source for entry in timeline.entries} == {"intake", "routing", "sla", "notify"}
    assert [e.record_time.ToNanoseconds() for e in timeline.entries] == sorted(
        e.record_time.ToNanoseconds() for e in timeline.entries
    )
    assert all(entry.sentence for entry in timeline.entries)
    ledger = await caller.ask(
        caller.intake.ListLedger,
        intake_measures_pb2.ListLedgerRequest(site_id="yuwu", solved_only=True),
        "dispatcher",
    )
    assert case_id in {row.case_id for row in ledger.rows}
    deliveries = await caller.ask(
        caller.notify.ListDeliveries,
        notify_rpc.ListDeliveriesRequest(case_id=case_id),
        "dispatcher",
    )
    assert {"reporter", "dd13"} <= {delivery.recipient for delivery in deliveries.deliveries}


async def test_manual_escalation_goes_up_one_level_at_a_time(caller: Caller) -> None:
    case_id = (await caller.register("超出权限的事")).case.case_id
    await caller.case_when(case_id, lambda c: c.steward == "dd13", "assigned")
    for level, who in ((1, "steward-3"), (2, "dispatcher")):

        def climbed(case: intake.Case, level: int = level) -> bool:
            return case.level == level

        await caller.ask(
            caller.intake.EscalateCase,
            intake_rpc.EscalateCaseRequest(case_id=case_id, reason="需要协调资金"),
            who,
        )
        case = await caller.case_when(case_id, climbed, f"level {level}")
        assert case.accountable
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(
            caller.intake.EscalateCase,
            intake_rpc.EscalateCaseRequest(case_id=case_id, reason="再催一次"),
            "steward-3",
        )
    assert refusal(refused.value) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ACCOUNTABLE")
    clocks = await caller.ask(
        caller.sla.GetCaseClocks, sla_rpc.GetCaseClocksRequest(case_id=case_id), "dispatcher"
    )
    assert [c for c in clocks.clocks if c.kind == sla.CLOCK_KIND_ESCALATION]
    await caller.ask(
        caller.routing.InstructCase,
        routing_rpc.InstructCaseRequest(
            case_id=case_id, kind=routing.INSTRUCTION_KIND_ORDER, text="本周内解决"
        ),
        "director",
    )
    await caller.case_when(
        case_id,
        lambda c: not [k for k in c.clocks if k.kind == "ESCALATION" and k.state == "RUNNING"],
        "the instruction ends the dwell",
    )


async def test_a_case_without_a_unit_goes_to_the_duty_lead(caller: Caller) -> None:
    case_id = (await caller.register("没有说明单位", unit_id="", place="井口")).case.case_id
    case = await caller.case_when(case_id, lambda c: bool(c.steward), "assigned")
    assert case.steward in {"dd01", "dd02", "dd03"}
    route = await caller.route_when_known(case_id)
    assert route.rule == routing.ASSIGNMENT_RULE_DUTY_LEAD
    assert route.reasons


async def test_names_and_phones_are_nowhere_in_the_clear(
    instance: Instance, caller: Caller, inside: Inspector
) -> None:
    name, phone = "样例·金丝雀某", "13912345678"
    registered = await caller.register(
        "保密的事",
        reporter=intake.Reporter(
            kind=intake.REPORTER_KIND_EMPLOYEE,
            name=name,
            phone=phone,
            confidentiality=intake.CONFIDENTIALITY_CONFIDENTIAL,
        ),
    )
    case_id = registered.case.case_id

    async def sent() -> bool:
        return (await caller.case(case_id)).deliveries_sent >= 2

    await until(sent, "both are told")
    await inside.settle()
    for service in ("intake", "routing", "sla", "notify"):
        text = instance.log_file(service).read_text(errors="replace")
        assert name not in text
        assert phone not in text
        for canary in (name.encode(), phone.encode()):
            assert not await inside.value(
                f"SELECT count(*) FROM {service}.journal WHERE position($1::bytea IN payload) > 0",
                canary,
            )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.ask(
            caller.intake.UnsealReporter,
            intake_rpc.UnsealReporterRequest(case_id=case_id, reason="好奇"),
            "steward-3",
        )
    assert refusal(refused.value)[1] == "CASE_CONFIDENTIAL"
    unsealed = await caller.ask(
        caller.intake.UnsealReporter,
        intake_rpc.UnsealReporterRequest(case_id=case_id, reason="回访"),
        "support",
    )
    assert unsealed.reporter.name == name
    timeline = await caller.ask(
        caller.intake.GetTimeline, intake_rpc.GetTimelineRequest(case_id=case_id), "support"
    )
    assert "CaseUnsealed" in {entry.type for entry in timeline.entries}


def _state(case: intake.Case, kind: str) -> str:
    """State of the case's newest clock of a kind."""
    return next((c.state for c in reversed(case.clocks) if c.kind == kind), "")


async def _resolve(caller: Caller, case_id: str, feedback: intake.Feedback | None = None) -> None:
    await caller.ask(
        caller.intake.ResolveCase,
        intake_rpc.ResolveCaseRequest(
            case_id=case_id,
            resolution="已更换疏通",
            outcome=intake.OUTCOME_SOLVED,
            feedback=feedback,
        ),
        "steward-3",
    )
