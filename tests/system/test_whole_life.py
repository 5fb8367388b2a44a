"""What a case goes through beside its straight way, heard by all four processes."""

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl

from backstop.intake.v1 import (
    intake_finding_pb2,
    intake_handover_pb2,
    intake_life_pb2,
    intake_marks_pb2,
    intake_pb2,
    intake_registration_pb2,
    intake_service_pb2,
)
from backstop.notify.v1 import notify_service_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from deploy.local.layout import Instance
from tests.harness import Caller, Inspector, until
from tests.system.test_organisation import run_ctl

TOLD = intake_pb2.Feedback(way=intake_pb2.FEEDBACK_WAY_TOLD)
REPORTER = intake_pb2.Reporter(
    kind=intake_pb2.REPORTER_KIND_EMPLOYEE, name="样例·职工", phone="13900000001"
)


async def _resolve(caller: Caller, case_id: str, who: str = "dispatcher") -> None:
    request = intake_service_pb2.ResolveCaseRequest(
        case_id=case_id,
        resolution="已更换",
        outcome=intake_pb2.OUTCOME_SOLVED,
        feedback=TOLD,
    )
    await caller.insist(caller.intake.ResolveCase, request, who)


async def _close(caller: Caller, case_id: str) -> None:
    confirm = intake_service_pb2.ConfirmCaseRequest(
        case_id=case_id, grade=intake_pb2.GRADE_SATISFIED
    )
    await caller.ask(caller.intake.ConfirmCase, confirm, "support")
    close = intake_service_pb2.CloseCaseRequest(case_id=case_id, outcome=intake_pb2.OUTCOME_SOLVED)
    await caller.ask(caller.intake.CloseCase, close, "dispatcher")


async def test_a_closed_case_begins_again_in_all_services(
    caller: Caller, inside: Inspector
) -> None:
    registered = await caller.register("淋浴头又坏了", category="BATHING")
    case_id = registered.case.case_id
    await caller.case_when(case_id, lambda case: bool(case.steward), "assigned")
    await _resolve(caller, case_id)
    await _close(caller, case_id)
    await inside.settle()
    reopen = intake_life_pb2.ReopenCaseRequest(
        case_id=case_id, reason="第二天又坏了", receipt_code=registered.receipt_code
    )
    await caller.ask(caller.intake.ReopenCase, reopen)
    await inside.settle()
    case = await caller.case(case_id)
    assert (case.state, case.cycle, case.reopen_count) == (
        intake_pb2.CASE_STATE_IN_PROGRESS, 2, 1
    )  # fmt: skip
    assert case.steward == case.accountable == "dd13"
    found = await caller.ask(
        caller.sla.GetCaseClocks,
        sla_service_pb2.GetCaseClocksRequest(case_id=case_id),
        "dispatcher",
    )
    running = {clock.kind for clock in found.clocks if clock.state == sla_pb2.CLOCK_STATE_RUNNING}
    assert {sla_pb2.CLOCK_KIND_FIRST_REPLY, sla_pb2.CLOCK_KIND_PLAN} <= running
    route = await caller.route_when_known(case_id)
    assert (route.level, route.sealed) == (0, False)
    # And it ends again.
    await _resolve(caller, case_id)
    await _close(caller, case_id)


async def test_a_duplicates_reporter_hears_of_the_case_in_its_place(
    caller: Caller, inside: Inspector
) -> None:
    master = (await caller.register("南风井淋浴头坏了六个")).case
    duplicate = await caller.register("南风井澡堂好几个喷头不出水")
    case_id = duplicate.case.case_id
    await caller.case_when(case_id, lambda case: bool(case.steward), "assigned")
    await inside.settle()
    merge = intake_life_pb2.MergeCaseRequest(
        case_id=case_id, master_case_id=master.case_id, reason="同一件事"
    )
    merged = (await caller.insist(caller.intake.MergeCase, merge, "dispatcher")).case
    assert (merged.state, merged.outcome) == (
        intake_pb2.CASE_STATE_CLOSED, intake_pb2.OUTCOME_DUPLICATE
    )  # fmt: skip
    assert (await caller.case(master.case_id)).follower_count == 1
    await _resolve(caller, master.case_id)

    async def asked() -> bool:
        request = notify_service_pb2.ListDeliveriesRequest(case_id=case_id)
        listed = await caller.ask(caller.notify.ListDeliveries, request, "dispatcher")
        return "master_moved" in {one.template for one in listed.deliveries}

    await until(asked, "the duplicate's reporter is asked about the result")
    track = intake_service_pb2.TrackCaseRequest(receipt_code=duplicate.receipt_code)
    tracked = await caller.ask(caller.intake.TrackCase, track)
    assert tracked.master_state == intake_pb2.CASE_STATE_RESOLVED
    assert "ConfirmCase" in tracked.allowed_actions
    confirm = intake_service_pb2.ConfirmCaseRequest(
        case_id=case_id,
        grade=intake_pb2.GRADE_SATISFIED,
        receipt_code=duplicate.receipt_code,
    )
    await caller.ask(caller.intake.ConfirmCase, confirm)
    assert (await caller.case(case_id)).grade == intake_pb2.GRADE_SATISFIED


async def test_another_unit_has_another_steward(caller: Caller, inside: Inspector) -> None:
    case_id = (await caller.register("三楼宿舍门关不严", unit_id="bathhouse")).case.case_id
    await caller.case_when(case_id, lambda case: case.steward == "dd13", "the bathhouse's steward")
    answers = (await caller.route_when_known(case_id)).steward
    amend = intake_life_pb2.AmendCaseRequest(
        case_id=case_id, reason="登记时单位选错", unit_id="mining-reserve"
    )
    await caller.ask(caller.intake.AmendCase, amend, "clerk-south")
    await caller.case_when(case_id, lambda case: case.steward == "dd11", "the other steward")
    assert answers != (await caller.route_when_known(case_id)).steward
    # Turned out to be about the steward: gone from their sight at once.
    about = intake_life_pb2.AmendCaseRequest(
        case_id=case_id, reason="补记", add_about_persons=["dd11"]
    )
    await caller.ask(caller.intake.AmendCase, about, "dispatcher")
    moved = await caller.case_when(
        case_id, lambda case: case.steward not in ("", "dd11"), "somebody else"
    )
    assert "dd11" not in (moved.accountable, moved.steward, moved.first_reply_owed_by)
    await inside.settle()


async def test_a_pad_of_slips_is_typed_in_and_followed_by_its_codes(caller: Caller) -> None:
    prefix = f"S{uuid.uuid4().hex[:6].upper()}"
    issue = intake_registration_pb2.IssueSlipPadRequest(site_id="yuwu", prefix=prefix, count=3)
    pad = await caller.ask(caller.intake.IssueSlipPad, issue, "dispatcher")
    appeals = [
        intake_registration_pb2.RegisterCaseRequest(
            request_id=str(uuid.uuid4()),
            site_id="yuwu",
            text=text,
            channel=intake_pb2.CHANNEL_SLIP,
            unit_id="bathhouse",
            slip_number=slip.slip_number.lower(),
            reporter=REPORTER,
        )
        for slip, text in zip(pad.slips, ("候车点没热水", "矿灯房排队", ""), strict=True)
    ]
    batch = intake_registration_pb2.BatchRegisterCasesRequest(appeals=appeals)
    done = await caller.ask(caller.intake.BatchRegisterCases, batch, "clerk")
    assert (done.tally.registered, done.tally.refused) == (2, 1)
    assert done.results[2].HasField("refused")
    for slip, result in zip(pad.slips[:2], done.results, strict=False):
        track = intake_service_pb2.TrackCaseRequest(receipt_code=slip.receipt_code)
        tracked = await caller.ask(caller.intake.TrackCase, track)
        assert tracked.number == result.registered.number
    # The same sheet again doubles nothing.
    again = await caller.ask(caller.intake.BatchRegisterCases, batch, "clerk")
    assert (again.tally.registered, again.tally.replayed) == (2, 2)


async def test_whoever_watches_sees_it_happen(caller: Caller) -> None:
    metadata = (("authorization", f"Bearer {caller.token('dispatcher')}"),)
    stream = caller.intake.WatchCases(
        intake_finding_pb2.WatchCasesRequest(site_id="yuwu", from_now=True),
        timeout=60,
        metadata=metadata,
    )
    # From here on everything is seen.
    first: Any = await stream.read()
    seen: list[intake_finding_pb2.CaseEvent] = list(first.events)
    case_id = (await caller.register("有人在看")).case.case_id
    while not any(event.case_id == case_id for event in seen):
        piece: Any = await stream.read()
        seen.extend(piece.events)
    sequences = [event.sequence for event in seen]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert first.events or sequences[0] == first.head_sequence + 1
    stream.cancel()


async def test_the_past_is_as_it_stood(caller: Caller) -> None:
    registered = (await caller.register("先记下当时的样子")).case
    await caller.case_when(registered.case_id, lambda case: bool(case.steward), "assigned")
    moment = registered.record_time.ToDatetime() + timedelta(microseconds=1)
    request = intake_service_pb2.GetCaseRequest(case_id=registered.case_id)
    request.as_of_time.FromDatetime(moment)
    past = (await caller.ask(caller.intake.GetCase, request, "dispatcher")).case
    assert (past.state, past.steward) == (intake_pb2.CASE_STATE_REGISTERED, "")
    assert past.text == "先记下当时的样子"


async def test_one_shift_hands_over_to_the_next(caller: Caller, inside: Inspector) -> None:
    listed = intake_handover_pb2.ListShiftHandoversRequest(site_id="yuwu", page_size=1)
    for last in (
        await caller.ask(caller.intake.ListShiftHandovers, listed, "dispatcher")
    ).handovers:
        waiting = intake_handover_pb2.SignShiftHandoverRequest(handover_id=last.handover_id)
        await caller.ask(caller.intake.SignShiftHandover, waiting, "dispatcher-2")
    case_id = (await caller.register("交给下一班")).case.case_id
    prepare = intake_handover_pb2.PrepareShiftHandoverRequest(site_id="yuwu", incoming="dd02")
    prepared = (
        await caller.ask(caller.intake.PrepareShiftHandover, prepare, "dispatcher")
    ).handover
    assert prepared.reckoning.balanced
    assert case_id in {one.case_id for one in prepared.cases}

    async def told() -> bool:
        sql = "SELECT count(*) FROM notify.deliveries WHERE template = $1 AND recipient = $2"
        return bool(await inside.value(sql, "shift_handover", "dd02"))

    await until(told, "who comes on shift is told")
    sign = intake_handover_pb2.SignShiftHandoverRequest(handover_id=prepared.handover_id)
    signed = (await caller.ask(caller.intake.SignShiftHandover, sign, "dispatcher-2")).handover
    assert signed.HasField("incoming_sign_time")


async def test_a_hazard_is_telephoned_at_once(caller: Caller) -> None:
    registered = await caller.register("井口护栏松了", hazard=True)
    assert registered.hazard_notice.text
    assert registered.hazard_notice.phone_number
    await caller.case_when(
        registered.case.case_id,
        lambda case: [mark.flag for mark in case.flags] == [intake_pb2.CASE_FLAG_HAZARD],
        "the flag",
    )


async def test_the_books_come_as_files(caller: Caller, instance: Instance, tmp_path: Path) -> None:
    await caller.register("进台账的一件")
    ledger = tmp_path / "ledger.xlsx"
    code, out, err = await run_ctl(instance, "--as", "dispatcher", "ledger", "--file", str(ledger))
    assert code == 0, err
    assert str(ledger) in out
    book = openpyxl.load_workbook(ledger)
    assert any("进台账的一件" in str(cell.value) for sheet in book for row in sheet for cell in row)
    month = (await caller.flow("intake")).decision_time.ToDatetime() + timedelta(hours=8)
    report = tmp_path / "report.html"
    code, _, err = await run_ctl(
        instance, "--as", "director", "report", f"{month:%Y-%m}", str(report)
    )
    assert code == 0, err
    assert "<svg" in report.read_text(encoding="utf-8")
    for arguments in (
        ("inbox",),
        ("count", "--by", "category"),
        ("measures", "--from", f"{month:%Y-%m}-01", "--to", f"{month:%Y-%m-%d}"),
        ("suggest", "--what", "澡堂喷头不出水", "--where", "bathhouse"),
        ("case", "list", "--filter", "category = BATHING OR overdue = true", "--order", "due_time"),
        ("solved",),
        ("rules", "show"),
        ("lexicon", "show"),
    ):
        code, _, err = await run_ctl(instance, "--as", "director", *arguments)
        assert code == 0, (arguments, err)


async def test_a_comment_for_the_reporter_reaches_them(caller: Caller) -> None:
    registered = await caller.register("有话要说")
    case_id = registered.case.case_id
    say = intake_life_pb2.CommentCaseRequest(
        case_id=case_id,
        text="明天上午去看，请留门",
        visibility=intake_marks_pb2.COMMENT_VISIBILITY_REPORTER,
    )
    await caller.ask(caller.intake.CommentCase, say, "clerk-south")
    track = intake_service_pb2.TrackCaseRequest(receipt_code=registered.receipt_code)
    (comment,) = (await caller.ask(caller.intake.TrackCase, track)).comments
    assert (comment.text, comment.written_by) == ("明天上午去看，请留门", "")

    async def told() -> bool:
        request = notify_service_pb2.ListDeliveriesRequest(case_id=case_id)
        listed = await caller.ask(caller.notify.ListDeliveries, request, "dispatcher")
        return "case_comment" in {one.template for one in listed.deliveries}

    await until(told, "the reporter is told")
