"""What people see: names instead of codes, deadlines as 24:00, colours only where they mean it."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console, RenderableType

from backstop.intake.v1 import (
    intake_handover_pb2,
    intake_marks_pb2,
    intake_measures_pb2,
    intake_pb2,
    intake_registration_pb2,
    intake_service_pb2,
)
from backstop.notify.v1 import notify_pb2
from backstop.operations.v1 import operations_service_pb2
from backstop.routing.v1 import routing_pb2, routing_service_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from ctl.handover_paper import sheet_of
from ctl.names import Names
from ctl.tables import case as case_tables
from ctl.tables import deadlines, figures, operations, organisation, routing, shifts
from ctl.tables.look import Look
from ctl.words import Words

NAMES = Names(
    people={"dd11": "样例·乙一"}, units={"bathhouse": "澡堂队"}, positions={"DUTY_LEAD": "值班长"}
)


def _look(language: str = "zh") -> Look:
    return Look(Words(language), NAMES, ZoneInfo("Asia/Shanghai"))


def _text(*parts: RenderableType) -> str:
    console = Console(width=200, record=True, file=None, force_terminal=False, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        console.print(*parts)
    return capture.get()


def _at(day: int, hour: int) -> Timestamp:
    return Timestamp(seconds=int(datetime(2026, 11, day, hour, tzinfo=UTC).timestamp()))


def _case() -> intake_pb2.Case:
    return intake_pb2.Case(
        case_id="c",
        number="YW-20261123-0001",
        state=intake_pb2.CASE_STATE_IN_PROGRESS,
        text="淋浴头[坏]了",
        unit_id="bathhouse",
        steward="dd11",
        accountable="position:DUTY_LEAD",
        level=1,
        next_wake_time=_at(23, 16),
        clocks=[
            intake_pb2.ClockSummary(kind="PLAN", cycle=1, due_time=_at(26, 16), state="BREACHED")
        ],
        work_orders=[
            intake_pb2.WorkOrderSummary(unit_id="bathhouse", lead=True, task="修", state="ACCEPTED")
        ],
    )


def test_a_case_file_speaks_in_names() -> None:
    text = _text(*case_tables.case_file(_look(), _case()))
    for expected in (
        "样例·乙一",
        "值班长",
        "澡堂队",
        "办理中",
        "已接单",
        "已超期",
        "2026-11-23 24:00",
    ):
        assert expected in text
    assert "淋浴头[坏]了" in text


def test_the_same_in_english() -> None:
    text = _text(*case_tables.case_file(_look("en"), _case()))
    for expected in ("in progress", "breached", "accepted", "accountable"):
        assert expected in text


def test_what_is_too_much_to_be_listed_is_counted() -> None:
    case = _case()
    assert "未列出" not in _text(*case_tables.case_file(_look(), case))
    case.work_orders_left_off, case.clocks_left_off = 3, 12
    text = _text(*case_tables.case_file(_look(), case))
    assert text.index("还有 3 项未列出") < text.index("还有 12 项未列出")
    handover = intake_handover_pb2.ShiftHandover(
        cases=[intake_handover_pb2.HandoverCase(number="YW-1")], cases_left_off=2
    )
    assert "还有 2 项未列出" in _text(*shifts.handover(_look(), handover))
    sheet = sheet_of(_look(), handover, "样例·矿")
    assert sheet.notes == (("", "另有 2 件未列出"),)


def test_what_is_late_is_seen_in_the_list_and_on_the_file() -> None:
    case = _case()
    case.due_time.CopyFrom(_at(27, 16))
    assert "2026-11-27 24:00" in _text(case_tables.cases(_look(), [case]))
    assert "超期" not in _text(case_tables.cases(_look(), [case]))
    case.overdue = True
    assert "2026-11-27 24:00 超期" in _text(case_tables.cases(_look(), [case]))
    assert re.search("截止 +2026-11-27 24:00 超期", _text(*case_tables.case_file(_look(), case)))


def test_the_file_tells_of_repeats_of_how_the_result_was_told_and_of_samples() -> None:
    case = _case()
    case.repeat_count = 2
    case.follower_count = 3
    case.sample_ids.append("sample-1")
    case.result_feedbacks.add(way=intake_pb2.FEEDBACK_WAY_TOLD, feedback_time=_at(23, 2))
    text = _text(*case_tables.case_file(_look(), case))
    assert re.search("此人另有诉求 +2 ", text)
    assert re.search("并入本案的诉求 +3 ", text)
    assert re.search("待回访抽样 +sample-1", text)
    assert re.search("结果告知 +.*2026-11-23 10:00", text)


def test_a_list_marks_the_level() -> None:
    assert "值班长 ↑1" in _text(case_tables.cases(_look(), [_case()]))


def test_a_receipt_shows_the_code_in_groups() -> None:
    response = intake_registration_pb2.RegisterCaseResponse(
        case=_case(), receipt_code="1234567890123456", first_reply_due_time=_at(23, 16)
    )
    text = _text(case_tables.registered(_look(), response))
    assert "1234 5678 9012 3456" in text
    assert "2026-11-23 24:00" in text


def test_a_timeline_falls_back_to_the_type() -> None:
    entry = intake_pb2.TimelineEntry(
        source="sla", version=2, type="ClockBreached", actor="dd11", acting_for="position:DUTY_LEAD"
    )
    text = _text(case_tables.timeline(_look(), "N", [entry]))
    assert "ClockBreached" in text
    assert "样例·乙一 → 值班长" in text


def test_a_reporter_is_never_a_hash() -> None:
    assert "8f2c" not in NAMES.who("receipt:8f2c")
    assert "8f2c" not in NAMES.who("reporter:8f2c")


def test_coverage_shows_gaps() -> None:
    response = routing_service_pb2.GetCoverageResponse(
        units=[routing_pb2.UnitCoverage(unit_id="bathhouse", unit_name="澡堂队")],
        gaps=[
            routing_pb2.CoverageGap(
                unit_name="澡堂队", role=routing_pb2.RESPONSIBILITY_ROLE_STEWARD
            )
        ],
    )
    assert "空白" in _text(*organisation.coverage(_look(), response))


def test_a_service_that_does_not_answer_stands_in_the_flow() -> None:
    rows: dict[str, operations_service_pb2.GetFlowResponse | str] = {
        "intake": operations_service_pb2.GetFlowResponse(feed_position=7),
        "sla": "away",
    }
    rows["notify"] = "away"
    *head, last = _text(*operations.flow(_look(), rows)).strip().splitlines()
    assert "7" in "".join(head)
    assert "away" not in "".join(head)
    assert last == "sla, notify：away"


def test_linked_cases_stand_by_their_numbers_where_they_are_known() -> None:
    case = _case()
    case.links.add(relation=intake_pb2.RELATION_RELATED, case_id="c-7")
    case.links.add(relation=intake_pb2.RELATION_RECURRENCE_OF, case_id="c-8")
    text = _text(*case_tables.case_file(_look(), case, {"c-7": "YW-7"}))
    assert "YW-7" in text
    assert "c-7" not in text
    assert "c-8" in text


def test_a_reporter_is_called_so_in_one_language() -> None:
    for code in ("reporter:3f2a", "receipt:77", "reporter"):
        assert (_look().who(code), _look("en").who(code)) == ("诉求人", "reporter")


def test_a_result_that_was_rejected_is_the_last_one() -> None:
    case = _case()
    case.resolution = "换了三个"
    assert re.search("上次办理结果 +换了三个", _text(case_tables.head(_look(), case)))
    case.state = intake_pb2.CASE_STATE_RESOLVED
    text = _text(case_tables.head(_look(), case))
    assert "办理结果" in text
    assert "上次" not in text


def test_whoever_follows_a_case_sees_what_was_done() -> None:
    response = intake_service_pb2.TrackCaseResponse(
        number="N", state=intake_pb2.CASE_STATE_RESOLVED, resolution="全部更换"
    )
    assert "办理结果  全部更换" in _text(*case_tables.tracked(_look(), response))


def test_a_registration_shows_where_it_went() -> None:
    response = intake_registration_pb2.RegisterCaseResponse(
        case=intake_pb2.Case(number="N", unit_id="bathhouse", post_id="window", place="南风井")
    )
    text = _text(case_tables.registered(_look(), response))
    for expected in ("单位    澡堂队", "值守点  window", "地点    南风井"):
        assert expected in text


def test_two_clocks_of_work_orders_are_told_apart() -> None:
    response = sla_service_pb2.GetCaseClocksResponse(
        clocks=[
            sla_pb2.Clock(kind=sla_pb2.CLOCK_KIND_WORK_ORDER, reference="w1"),
            sla_pb2.Clock(kind=sla_pb2.CLOCK_KIND_ESCALATION, reference="w1"),
            sla_pb2.Clock(kind=sla_pb2.CLOCK_KIND_ESCALATION, reference="level:1"),
        ]
    )
    text = _text(*deadlines.case_clocks(_look(), response, {"w1": "bathhouse"}))
    for expected in ("工单 · 澡堂队", "工单宽限 · 澡堂队", "上级批示"):
        assert expected in text


def test_a_message_is_named_in_words() -> None:
    one = notify_pb2.Delivery(template="case_assigned", recipient="dd11")
    assert "分派" in _text(organisation.deliveries(_look(), [one]))
    assert "assigned" in _text(organisation.deliveries(_look("en"), [one]))


def test_a_task_tells_how_often_it_came_back_and_what_it_asks_for() -> None:
    order = routing_pb2.WorkOrder(
        work_order_id="wo-1",
        unit_id="bathhouse",
        task="疏通管路",
        deadline_time=_at(23, 16),
        state=routing_pb2.WORK_ORDER_STATE_DISPATCHED,
        return_count=1,
        return_reason="不归本队",
        extension=routing_pb2.ExtensionAsked(deadline_time=_at(25, 16), reason="缺配件"),
        evidence=[routing_pb2.Evidence(name="照片", reference="档案 12")],
        reopen_count=2,
    )
    shown = _text(*organisation.route(_look(), routing_pb2.Route(work_orders=[order])))
    joined = "".join(shown.split())
    for words in ("退单1次：不归本队", "申请延至", "缺配件", "重开2次", "佐证：照片"):
        assert words in joined


def test_a_decision_is_told_step_by_step() -> None:
    decision = routing_service_pb2.ExplainRouteResponse.Decision(
        accountable="dd12",
        rule=routing_pb2.ASSIGNMENT_RULE_DEPUTY,
        steps=[
            routing_pb2.RouteStep(
                outcome=routing_pb2.STEP_OUTCOME_ABSENT, sentence="包保人员请假。"
            ),
            routing_pb2.RouteStep(
                outcome=routing_pb2.STEP_OUTCOME_TAKEN, sentence="由代理人负责。"
            ),
        ],
        handover_note="移交：第 1 级",
    )
    shown = _text(
        *routing.decisions(_look(), routing_service_pb2.ExplainRouteResponse(decisions=[decision]))
    )
    assert "代理人" in shown
    assert "不在岗" in shown
    assert "由其负责" in shown
    assert "移交：第 1 级" in shown


def test_shares_are_told_in_hours_and_add_up() -> None:
    response = routing_service_pb2.GetAttributedTimeResponse(
        shares=[
            routing_service_pb2.GetAttributedTimeResponse.Share(
                holder="unit:bathhouse", working_time=Duration(seconds=3_661)
            ),
            routing_service_pb2.GetAttributedTimeResponse.Share(
                holder="reporter", working_time=Duration(seconds=59)
            ),
        ],
        working_time=Duration(seconds=3_720),
    )
    shown = _text(routing.shares(_look(), response))
    assert "1:01:01" in shown
    assert "0:00:59" in shown
    assert "1:02:00" in shown
    assert "诉求人" in shown


def test_whoever_has_the_code_reads_history_comments_and_what_may_be_done() -> None:
    tracked = intake_service_pb2.TrackCaseResponse(
        number="YW-1",
        history=[intake_service_pb2.PublicStep(occurred_time=_at(23, 1), sentence="诉求已登记。")],
        comments=[intake_marks_pb2.Comment(text="请快一点", by_reporter=True)],
        allowed_actions=["CommentCase", "WithdrawCase"],
    )
    text = _text(*case_tables.tracked(_look(), tracked))
    assert "诉求已登记。" in text
    assert "请快一点" in text
    assert "留言、撤回" in text


def test_the_file_shows_what_became_of_a_referral_and_what_was_said() -> None:
    case = intake_pb2.Case(
        referral=intake_marks_pb2.Referral(body="集团", reference="JT-1", result="已整改"),
        comments=[intake_marks_pb2.Comment(text="内部留言", written_by="dd11")],
        meetings=[
            intake_marks_pb2.CoordinationMeeting(decisions="年底更换", unit_ids=["bathhouse"])
        ],
    )
    text = _text(*case_tables.case_file(_look(), case))
    for words in ("集团 · JT-1", "已整改", "内部留言", "样例·乙一", "年底更换", "澡堂队"):
        assert words in text


def test_an_answer_shows_when_the_reporter_hears_again() -> None:
    note = intake_pb2.Answer(kind=intake_pb2.ANSWER_KIND_PROGRESS, text="等配件")
    note.next_date.year, note.next_date.month, note.next_date.day = 2026, 11, 30
    case = _case()
    case.answers.append(note)
    assert "下次说明 2026-11-30" in _text(*case_tables.case_file(_look(), case))
    tracked = intake_service_pb2.TrackCaseResponse(number="n", answers=[note])
    assert "下次说明 2026-11-30" in _text(*case_tables.tracked(_look(), tracked))


def test_a_share_is_shown_as_the_percentage_it_comes_as() -> None:
    response = intake_measures_pb2.GetMeasuresResponse(
        sets=[
            intake_measures_pb2.MeasureSet(
                measures=[
                    intake_measures_pb2.MeasureValue(
                        measure="RECURRENCE", numerator=1, denominator=16, value=6.25
                    )
                ]
            )
        ],
        definitions=[
            intake_measures_pb2.MeasureDefinition(measure="RECURRENCE", title="复发率", unit="%")
        ],
    )
    text = _text(*figures.measures(_look(), response))
    assert "6.2%" in text
    assert "1/16" in text
