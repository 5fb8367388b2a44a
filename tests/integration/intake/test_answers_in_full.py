"""Answers as they should be: with what may be done, of a bounded size, to who may see them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_handover_pb2 as handover
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.intake.v1.intake_rules_pb2 import PublishWindowRulesRequest, WindowRules
from chassis.convert import to_date_message
from tests.integration.intake.test_ledger import closed
from tests.integration.intake.test_talking import FOR_REPORTER
from tests.integration.intake.test_watching import stamper, take, watch
from tests.integration.intake.window import Window


async def test_whoever_reissues_a_code_is_told_what_they_may_do(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    request = registration.ReissueReceiptCodeRequest(case_id=case_id, reason="遗失")
    reply = await window.ask(request, "CLERK", subject="c-9")
    assert {"AnswerCase", "CommentCase"} <= set(reply.case.allowed_actions)


async def test_a_feed_of_long_words_comes_in_messages_that_can_be_sent(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = (await window.register()).case.case_id
    for _ in range(6):
        words = life.CommentCaseRequest(case_id=case_id, text="水" * 100, visibility=FOR_REPORTER)
        await window.ask(words, "CLERK")
    async with stamper(window) as stamp:
        await stamp()
        whole = watch(window)
        events = await take(whole, 7)
        whole.cancel()
        monkeypatch.setattr("chassis.pages.PAGE_BYTES", 1_000)
        stream = watch(window)
        pieces: list[list[finding.CaseEvent]] = []
        while sum(len(piece) for piece in pieces) < 7:
            pieces.append(list((await stream.read()).events))
        stream.cancel()
    assert len(pieces) > 2
    assert [one for piece in pieces for one in piece] == events


async def test_a_repeated_pad_shows_nothing_to_who_has_lost_the_site(window: Window) -> None:
    pad = registration.IssueSlipPadRequest(
        site_id="yuwu", prefix="A", count=10, request_id="kept-request"
    )
    assert len((await window.ask(pad, "DISPATCHER")).slips) == 10
    answer = await window.refused(pad, "DISPATCHER", sites=("other",))
    assert answer.reason == "SITE_UNKNOWN"


async def test_a_repeated_code_shows_nothing_to_who_has_lost_the_site(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    requests = (
        registration.ReissueReceiptCodeRequest(
            case_id=case_id, reason="遗失", request_id="kept-code"
        ),
        life.SplitCaseRequest(
            case_id=case_id, text="早饭太凉", reason="两件事", request_id="kept-split"
        ),
    )
    for request in requests:
        await window.ask(request, "DISPATCHER")
        answer = await window.refused(request, "DISPATCHER", sites=("other",))
        assert answer.reason == "CASE_NOT_FOUND", type(request).__name__


@pytest.mark.parametrize(("flag", "is_set"), [("HAZARD", True), ("HAZARD", False), ("OLD", True)])
async def test_a_hazard_that_is_marked_says_what_must_be_done_at_once(
    window: Window, flag: str, is_set: bool
) -> None:
    rules = WindowRules(hazard_phone="0351-7000")
    publish = PublishWindowRulesRequest(site_id="yuwu", rules=rules)
    await window.ask(publish, "DIRECTOR")
    kind = pb.CASE_FLAG_HAZARD if flag == "HAZARD" else pb.CASE_FLAG_LONG_STANDING
    case_id = (await window.register(hazard=True)).case.case_id
    request = rpc.FlagCaseRequest(case_id=case_id, flag=kind, remove=not is_set, reason="漏电")
    reply = await window.ask(request, "DISPATCHER")
    # Also where it was marked before: whoever marks it may not have heard.
    assert reply.HasField("hazard_notice") is (flag == "HAZARD" and is_set)
    if reply.HasField("hazard_notice"):
        assert reply.hazard_notice.phone_number == "0351-7000"
        assert "0351-7000" in reply.hazard_notice.text


async def test_a_call_for_a_sample_names_it(window: Window) -> None:
    case_id = (await closed(window)).case_id
    today = to_date_message(datetime.now(ZoneInfo("Asia/Shanghai")).date())
    draw = life.DrawCallbackSampleRequest(
        site_id="yuwu", start_date=today, end_date=today, count=1, seed=1
    )
    sample_id = (await window.ask(draw, "DIRECTOR")).sample.sample_id
    call = rpc.RecordCallbackRequest(case_id=case_id, reached=True, sample_id=sample_id)
    await window.ask(call, "SUPPORT")
    look = life.GetCallbackSampleRequest(sample_id=sample_id)
    (drawn,) = (await window.ask(look, "SUPPORT")).sample.cases
    assert drawn.callback.sample_id == sample_id
    assert [one.sample_id for one in (await window.case(case_id)).callbacks] == [sample_id]


async def test_a_handover_of_very_many_cases_shows_those_at_risk_and_counts_the_rest(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await window.register()
    prepare = handover.PrepareShiftHandoverRequest(site_id="yuwu", incoming="s-1")
    whole = (await window.ask(prepare, "CLERK")).handover
    assert (len(whole.cases), whole.cases_left_off) == (5, 0)
    monkeypatch.setattr("services.intake.convert.shifts.LINES_SHOWN", 3)
    look = handover.GetShiftHandoverRequest(handover_id=whole.handover_id)
    cut = (await window.ask(look, "CLERK")).handover
    assert list(cut.cases) == list(whole.cases)[:3]
    assert (cut.cases_left_off, cut.reckoning) == (2, whole.reckoning)
