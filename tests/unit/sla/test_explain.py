"""Explanations in words of both languages, one of each way of counting."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from services.sla.domain.calendar import Calendar, Closure
from services.sla.domain.clocks import Span, due
from services.sla.domain.explain import MOST_LISTED, DayReason, Explanation, explain
from services.sla.domain.kinds import ClockKind, Consequence, Counting, DayEnd
from services.sla.domain.policy import ClockRule
from services.sla.domain.seeds import default_plan
from tests.unit.sla.plans import DEFAULT, SHANGHAI, hours, local, plan


def rule(counting: Counting, amount: int = 0, **terms: object) -> ClockRule:
    return replace(ClockRule(counting, Consequence.LADDER, amount), **terms)  # type: ignore[arg-type]


def told(
    kind: ClockKind,
    terms: ClockRule,
    start: str,
    until: str = "",
    pauses: tuple[tuple[str, str], ...] = (),
    calendar: Calendar = DEFAULT,
) -> Explanation:
    began, ends = local(start), local(until) if until else None
    spans = [Span(local(since), local(end) if end else None) for since, end in pauses]
    deadline = due(terms, calendar, began, ends, spans)
    return explain(terms, calendar, began, ends, spans, deadline, kind)


def reasons(explanation: Explanation) -> list[tuple[int, str]]:
    return [(day.ordinal, day.reason.value) for day in explanation.days]


def test_three_working_days_through_national_day() -> None:
    terms = rule(Counting.WORKING_DAYS, 3, name="安全隐患")
    explanation = told(ClockKind.PLAN, terms, "2026-09-30 10:00")
    assert reasons(explanation) == [
        (0, "EVENT"),
        *[(0, "HOLIDAY")] * 7,
        (1, "WORKING_DAY"),
        (2, "WORKING_DAY"),
        (3, "MAKEUP_DAY"),
    ]
    assert {day.name for day in explanation.days} == {"", "国庆节"}
    first, holiday, *_, last = explanation.days
    assert first.zh == "9月30日（周三）：起算当日，不计入（《民法典》第二百零一条）。"
    assert first.en == "Wed 30 Sep 2026: day of the event, not counted (Civil Code, article 201)."
    assert holiday.zh == "10月1日（周四）：国庆节放假，不计。"
    assert holiday.en == "Thu 1 Oct 2026: holiday (国庆节), not counted."
    assert last.zh == "10月10日（周六）：调休上班日，第3个工作日。"
    assert last.en == "Sat 10 Oct 2026: make-up day, worked, number 3 of the working days."
    assert explanation.summary_zh == (
        "“解决方案或进度说明”时限自2026年9月30日10:00起算，依据规则“安全隐患”，计3个工作日："
        "起算当日不计入（《民法典》第二百零一条），至最后一日24:00止（《民法典》第二百零三条）。"
        "其中10月10日为调休上班日，计为工作日。不计入的有：10月1日至7日（国庆节放假）。"
        "期限为10月10日24:00。"
    )
    assert explanation.summary_en == (
        "“plan or progress note” from 10:00 on Wed 30 Sep 2026, by the rule “安全隐患”: 3 working "
        "days; the day of the event is not counted (Civil Code, article 201), the last day ends "
        "at 24:00 (article 203). Make-up days, and so counted: Sat 10 Oct 2026. Not counted: "
        "Thu 1 Oct 2026 to Wed 7 Oct 2026, holiday (国庆节). Due: end of Sat 10 Oct 2026."
    )


def test_a_deadline_that_is_provisional_and_at_close_of_business() -> None:
    terms = rule(Counting.WORKING_DAYS, 3, day_end=DayEnd.CLOSE_OF_BUSINESS)
    pauses = (("2026-12-30 10:00", "2026-12-31 00:00"),)
    explanation = told(ClockKind.PLAN, terms, "2026-12-29 10:00", pauses=pauses)
    assert explanation.due.provisional
    assert [day.provisional for day in explanation.days] == [False] * 3 + [True] * 5
    assert reasons(explanation)[:4] == [
        (0, "EVENT"),
        (0, "PAUSED"),
        (1, "WORKING_DAY"),
        (0, "HOLIDAY"),
    ]
    assert explanation.days[-1].zh == (
        "2027年1月5日（周二）：工作日，第3个工作日（该年放假调休安排尚未公布，暂定）。"
    )
    assert explanation.summary_zh == (
        "“解决方案或进度说明”时限自2026年12月29日10:00起算，依据默认规则，计3个工作日："
        "起算当日不计入（《民法典》第二百零一条），至最后一日停止业务活动时止（《民法典》第二百零三条）。"
        "不计入的有：12月30日（挂起）、2027年1月1日（元旦放假）、2027年1月2日至3日（休息日）。"
        "日历中尚无2027年的放假调休安排（国务院办公厅通常于上一年11月前后公布），"
        "本期限为暂定，公布并更新日历后重新计算。期限为2027年1月5日18:00。"
    )
    assert "make-up days of 2027 are not in the calendar" in explanation.summary_en
    assert explanation.summary_en.endswith("Due: 18:00 on Tue 5 Jan 2027.")


def test_calendar_days_whose_last_is_a_holiday() -> None:
    explanation = told(ClockKind.SILENCE, rule(Counting.CALENDAR_DAYS, 7), "2026-09-24 10:00")
    assert reasons(explanation) == [
        (0, "EVENT"),
        *[(number, "CALENDAR_DAY") for number in (1, 2, 3)],
        *[(number, "WORKING_DAY") for number in (4, 5, 6)],
        *[(0, "HOLIDAY")] * 7,
        (7, "WORKING_DAY"),
    ]
    assert explanation.days[1].zh == "9月25日（周五）：休息日（中秋），照计，第1日。"
    moved = explanation.days[7]
    assert moved.zh == "10月1日（周四）：期间最后一日遇国庆节放假，顺延（《民法典》第二百零三条）。"
    assert moved.en == (
        "Thu 1 Oct 2026: holiday (国庆节), the last day moves on (Civil Code, article 203)."
    )
    assert "最后一日遇10月1日至7日（国庆节放假），顺延至下一个工作日" in explanation.summary_zh
    assert explanation.summary_zh.endswith("期限为10月8日24:00。")


def test_calendar_days_that_end_on_a_make_up_day() -> None:
    # The make-up day of 20 September is on the way, and makes no difference.
    explanation = told(ClockKind.SILENCE, rule(Counting.CALENDAR_DAYS, 22), "2026-09-18 10:00")
    assert reasons(explanation)[-1] == (22, "MAKEUP_DAY")
    assert "其中10月10日为调休上班日，计为工作日。" in explanation.summary_zh
    assert "Make-up days, and so counted: Sat 10 Oct 2026." in explanation.summary_en


def test_working_time_with_pauses() -> None:
    pauses = (
        ("2026-11-24 10:00", "2026-11-24 11:15"),
        ("2026-11-25 00:00", "2026-11-26 00:00"),
    )
    terms = rule(Counting.WORKING_TIME, 16 * 3600)
    explanation = told(ClockKind.PLAN, terms, "2026-11-23 09:30", pauses=pauses)
    assert reasons(explanation) == [
        (1, "WORKING_DAY"),
        (2, "WORKING_DAY"),
        (0, "PAUSED"),
        (3, "WORKING_DAY"),
    ]
    minutes = [day.counted_time // timedelta(minutes=1) for day in explanation.days]
    assert minutes == [390, 405, 0, 165]
    assert explanation.days[1].zh == ("11月24日（周二）：工作日，计6小时45分钟，挂起的时间不计。")
    assert "计工作时间16小时。不计入的有：11月25日（挂起）。" in explanation.summary_zh
    assert explanation.summary_en.endswith("Due: 10:45 on Thu 26 Nov 2026.")


def test_working_time_of_an_evening_and_of_a_day_without_hours() -> None:
    closure = Closure(
        "停电",
        local("2026-11-24 09:00").date(),
        local("2026-11-24 09:00").date(),
        hours((0, 24))[0],
    )
    calendar = Calendar(SHANGHAI, replace(default_plan(), closures=(closure,)))
    terms = rule(Counting.WORKING_TIME, 3600)
    explanation = told(ClockKind.PLAN, terms, "2026-11-23 19:00", calendar=calendar)
    assert [(day.reason, day.name) for day in explanation.days] == [
        (DayReason.EVENT, ""),
        (DayReason.CLOSURE, "停电"),
        (DayReason.WORKING_DAY, ""),
    ]
    assert explanation.days[0].zh == "11月23日（周一）：起算时当日已无可计的工作时间。"
    assert explanation.days[1].zh == "11月24日（周二）：停工（停电），不计。"


@pytest.mark.parametrize(
    ("start", "why", "ends"),
    [
        ("2026-11-23 13:10", [(0, "EVENT")], "期限为11月23日24:00。"),
        ("2026-11-23 22:00", [(0, "EVENT")], "期限为11月23日24:00。"),
        (
            "2026-11-23 23:10:30",
            [(0, "EVENT"), (0, "WORKING_DAY")],
            "起算时距当日结束已不足2小时，故以满2小时为准。期限为11月24日01:10:30。",
        ),
    ],
)
def test_the_same_day(start: str, why: list[tuple[int, str]], ends: str) -> None:
    terms = rule(Counting.SAME_DAY, floor=timedelta(hours=2))
    explanation = told(ClockKind.FIRST_REPLY, terms, start)
    assert reasons(explanation) == why
    assert explanation.summary_zh.endswith(ends)
    assert ("不足" in explanation.summary_zh) == ("不足" in ends)
    assert "至当日24:00止，且自起算不少于2小时。" in explanation.summary_zh


def test_a_promise_is_as_promised_and_moves_with_pauses() -> None:
    pauses = (("2026-11-24 01:00", "2026-11-25 10:00"),)
    promised = "2026-11-26 00:00"
    terms = rule(Counting.GIVEN)
    explanation = told(ClockKind.RESOLUTION, terms, "2026-11-23 13:10", promised, pauses)
    assert reasons(explanation) == [
        (0, "EVENT"),
        (0, "PAUSED"),
        (0, "PAUSED"),
        (1, "WORKING_DAY"),
        (2, "WORKING_DAY"),
    ]
    assert explanation.days[1].zh == "11月24日（周二）：挂起，期限顺延一个工作日。"
    assert explanation.summary_zh.endswith(
        "以承诺的日期为准，即11月25日24:00。11月24日至25日挂起，期限顺延2个工作日。"
        "期限为11月27日24:00。"
    )
    assert "as promised, end of Wed 25 Nov 2026." in explanation.summary_en
    assert "moves the deadline by 2 working days." in explanation.summary_en


def test_standing_still_on_a_rest_day_that_a_promise_is_for() -> None:
    pauses = (("2026-11-28 10:00", "2026-11-29 10:00"),)
    promised = "2026-11-29 00:00"
    terms = rule(Counting.GIVEN)
    explanation = told(ClockKind.RESOLUTION, terms, "2026-11-27 09:00", promised, pauses)
    assert reasons(explanation) == [
        (0, "EVENT"),
        (0, "PAUSED"),
        (0, "REST_DAY"),
        (1, "WORKING_DAY"),
    ]
    assert explanation.summary_zh.endswith("11月28日挂起，期限顺延1个工作日。期限为11月30日24:00。")


def test_an_order_is_as_ordered_and_stays() -> None:
    explanation = told(
        ClockKind.WORK_ORDER, rule(Counting.GIVEN), "2026-11-23 13:10", "2026-11-28 17:30"
    )
    assert {day.ordinal for day in explanation.days} == {0}
    assert explanation.summary_zh.endswith(
        "以工单规定的期限为准，即11月28日17:30。期限为11月28日17:30。"
    )
    assert "as the work order says, 17:30 on Sat 28 Nov 2026." in explanation.summary_en


def test_a_promise_for_a_day_that_is_over() -> None:
    explanation = told(
        ClockKind.RESOLUTION, rule(Counting.GIVEN), "2026-11-23 13:10", "2026-11-21 00:00"
    )
    assert reasons(explanation) == [(0, "EVENT")]
    assert explanation.summary_zh.endswith("期限为11月20日24:00。")


def test_a_pause_that_lasts_is_mentioned_and_not_counted() -> None:
    explanation = told(
        ClockKind.PLAN,
        rule(Counting.WORKING_DAYS, 3),
        "2026-11-23 09:00",
        pauses=(("2026-11-24 09:00", ""),),
    )
    assert "目前仍在挂起，恢复后重新计算。" in explanation.summary_zh
    assert DayReason.PAUSED not in {day.reason for day in explanation.days}


def test_every_day_at_midnight() -> None:
    explanation = told(ClockKind.REMINDER, rule(Counting.DAILY), "2026-11-28 09:00")
    assert reasons(explanation) == [(0, "REST_DAY")]
    assert explanation.summary_zh.endswith("每日24:00提醒一次。期限为11月28日24:00。")


def test_many_days_are_told_from_both_ends() -> None:
    explanation = told(ClockKind.OUTREACH, rule(Counting.CALENDAR_DAYS, 750), "2024-01-01 09:00")
    assert len(explanation.days) == MOST_LISTED
    half = MOST_LISTED // 2
    before, after = explanation.days[half - 1], explanation.days[half]
    assert (before.ordinal, after.ordinal) == (199, 551)
    assert "2024年" not in before.zh
    assert "7月19日至2025年7月4日共351天未逐日列出，其中计入351天。" in explanation.summary_zh
    assert "351 days, 351 of them counted." in explanation.summary_en
    exactly = told(ClockKind.OUTREACH, rule(Counting.CALENDAR_DAYS, 399), "2024-03-04 09:00")
    assert len(exactly.days) == 400
    assert "未逐日列出" not in exactly.summary_zh


def test_many_rest_days_are_only_counted() -> None:
    explanation = told(ClockKind.PLAN, rule(Counting.WORKING_DAYS, 200), "2026-01-05 09:00")
    assert re.search(r"休息日\d+天。", explanation.summary_zh)
    assert re.search(r"; \d+ rest days\.", explanation.summary_en)
    assert "国庆节放假" in explanation.summary_zh


def test_other_weeks_are_told_as_they_are() -> None:
    calendar = Calendar(SHANGHAI, plan(week=(hours((8, 12)), *[()] * 6)))
    explanation = told(
        ClockKind.PLAN, rule(Counting.WORKING_DAYS, 1), "2026-11-23 09:00", calendar=calendar
    )
    assert reasons(explanation) == [(0, "EVENT"), *[(0, "REST_DAY")] * 6, (1, "WORKING_DAY")]
