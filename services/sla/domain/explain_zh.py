"""A deadline's account in Chinese."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from services.sla.domain.explain_days import Account, DayReason, Moment, Part, Reckoned, Run, runs
from services.sla.domain.kinds import ClockKind, Counting, DayEnd

_KINDS: Mapping[ClockKind, str] = {
    ClockKind.FIRST_REPLY: "初步回复",
    ClockKind.PLAN: "解决方案或进度说明",
    ClockKind.PROGRESS: "进度说明",
    ClockKind.RESOLUTION: "承诺办结",
    ClockKind.WORK_ORDER: "工单",
    ClockKind.CONFIRMATION: "诉求人确认",
    ClockKind.ESCALATION: "上级批示",
    ClockKind.REMINDER: "每日提醒",
    ClockKind.RULING: "退回工单裁定",
    ClockKind.OUTREACH: "走访联系",
    ClockKind.PAUSE: "挂起",
    ClockKind.CALLBACK: "再次回访",
    ClockKind.SILENCE: "匿名诉求静默期",
    ClockKind.REVIEW: "长期未决诉求复核",
}

_GIVEN: Mapping[ClockKind, str] = {
    ClockKind.RESOLUTION: "承诺的日期",
    ClockKind.WORK_ORDER: "工单规定的期限",
    ClockKind.PAUSE: "挂起时定下的最迟结束时间",
}

_REASONS: Mapping[DayReason, str] = {
    DayReason.WORKING_DAY: "工作日",
    DayReason.MAKEUP_DAY: "调休上班日",
    DayReason.EVENT: "起算当日",
    DayReason.REST_DAY: "休息日",
    DayReason.HOLIDAY: "放假",
    DayReason.CLOSURE: "停工",
    DayReason.PAUSED: "挂起",
    DayReason.CALENDAR_DAY: "休息日",
}

_WEEKDAYS = "一二三四五六日"

# Runs of days that are named one by one; more are only counted.
_MOST_RUNS = 12


def day(account: Account, reckoned: Reckoned) -> str:
    """Returns the sentence of a day."""
    weekday = _WEEKDAYS[reckoned.date.weekday()]
    unknown = "（该年放假调休安排尚未公布，暂定）" if reckoned.provisional else ""
    head = f"{_day(reckoned.date, account)}（周{weekday}）"
    return f"{head}：{_what(account, reckoned)}{unknown}。"


def _what(account: Account, day: Reckoned) -> str:
    reason, counting = _reason(day.reason, day.name), account.rule.counting
    match counting:
        case Counting.WORKING_TIME if day.ordinal:
            still = "，挂起的时间不计" if day.part_paused else ""
            return f"{reason}，计{duration(day.counted_time)}{still}"
        case Counting.WORKING_TIME if day.reason is DayReason.EVENT:
            return "起算时当日已无可计的工作时间"
        case Counting.WORKING_DAYS if day.ordinal:
            return f"{reason}，第{day.ordinal}个工作日"
        case Counting.CALENDAR_DAYS if day.ordinal:
            still_counted = "照计，" if day.reason is DayReason.CALENDAR_DAY else ""
            return f"{reason}，{still_counted}第{day.ordinal}日"
        case Counting.WORKING_DAYS | Counting.CALENDAR_DAYS if day.reason is DayReason.EVENT:
            return "起算当日，不计入（《民法典》第二百零一条）"
        case Counting.SAME_DAY if day.part is Part.DUE and day.reason is DayReason.EVENT:
            return "起算当日，即为期限之日"
        case Counting.SAME_DAY if day.part is Part.DUE:
            return f"{reason}，自起算满{duration(account.rule.floor)}之日"
        case Counting.GIVEN if day.ordinal:
            return f"{reason}，顺延的第{day.ordinal}个工作日"
        case Counting.GIVEN if day.part is Part.DEFERS:
            return "挂起，期限顺延一个工作日"
        case Counting.GIVEN if day.reason is DayReason.PAUSED:
            return "挂起，不作为顺延之日"
        case Counting.GIVEN | Counting.DAILY | Counting.SAME_DAY:
            return reason
    if day.part is Part.MOVED_ON:
        return f"期间最后一日遇{reason}，顺延（《民法典》第二百零三条）"
    return f"{reason}，不计"


def summary(account: Account, omitted: tuple[Reckoned, ...]) -> str:
    """Returns the whole in sentences; `omitted` are the days that are told nowhere else."""
    parts = [_begin(account), *_notes(account)]
    if omitted:
        counted = sum(1 for day in omitted if day.ordinal)
        of_them = f"，其中计入{counted}天" if counted else ""
        span = _span(omitted[0].date, omitted[-1].date, account)
        parts.append(f"{span}共{len(omitted)}天未逐日列出{of_them}。")
    if account.paused_now:
        parts.append("目前仍在挂起，恢复后重新计算。")
    if account.provisional:
        years = "、".join(f"{year}年" for year in account.unknown_years)
        parts.append(
            f"日历中尚无{years}的放假调休安排（国务院办公厅通常于上一年11月前后公布），"
            "本期限为暂定，公布并更新日历后重新计算。"
        )
    parts.append(f"期限为{_deadline(account.due, account)}。")
    return "".join(parts)


def _begin(account: Account) -> str:
    rule = account.rule
    by = f"规则“{rule.name}”" if rule.name else "默认规则"
    start = account.start.local
    since = f"{start.year}年{start.month}月{start.day}日{_clock(start)}"
    return f"“{_KINDS[account.kind]}”时限自{since}起算，依据{by}，{_counting(account)}。"


def _counting(account: Account) -> str:
    rule = account.rule
    close = rule.day_end is DayEnd.CLOSE_OF_BUSINESS
    end = "停止业务活动时" if close else "24:00"
    period = (
        f"起算当日不计入（《民法典》第二百零一条），至最后一日{end}止（《民法典》第二百零三条）"
    )
    match rule.counting:
        case Counting.WORKING_DAYS:
            return f"计{rule.amount}个工作日：{period}"
        case Counting.CALENDAR_DAYS:
            return f"计{rule.amount}日，含休息日：{period}"
        case Counting.WORKING_TIME:
            return f"计工作时间{duration(timedelta(seconds=rule.amount))}"
        case Counting.SAME_DAY:
            floor = f"，且自起算不少于{duration(rule.floor)}" if rule.floor else ""
            return f"至当日{end}止{floor}"
        case Counting.GIVEN if account.given is not None:
            given = _GIVEN.get(account.kind, "给定的时间")
            return f"以{given}为准，即{_deadline(account.given, account)}"
        case _:
            return "每日24:00提醒一次"


def _notes(account: Account) -> Iterable[str]:
    rule, days = account.rule, account.days
    # Of calendar days it only matters whether the last one is worked.
    looked_at = days[-1:] if rule.counting is Counting.CALENDAR_DAYS else days
    if makeup := [d for d in looked_at if d.ordinal and d.reason is DayReason.MAKEUP_DAY]:
        yield f"其中{_listed(runs(makeup), account, reasons=False)}为调休上班日，计为工作日。"
    match rule.counting:
        case Counting.WORKING_DAYS | Counting.CALENDAR_DAYS | Counting.WORKING_TIME:
            skipped = [
                d
                for d in days
                if d.part is Part.PASSED and not d.ordinal and d.reason is not DayReason.EVENT
            ]
            if skipped:
                yield f"不计入的有：{_listed(runs(skipped), account)}。"
            if moved := [d for d in days if d.part is Part.MOVED_ON]:
                listed = _listed(runs(moved), account)
                yield f"最后一日遇{listed}，顺延至下一个工作日（《民法典》第二百零三条）。"
            if partly := [d for d in days if d.part_paused]:
                yield f"{_listed(runs(partly), account, reasons=False)}挂起的时间不计。"
        case Counting.SAME_DAY if account.by_floor:
            floor = duration(rule.floor)
            yield f"起算时距当日结束已不足{floor}，故以满{floor}为准。"
        case Counting.GIVEN:
            if deferring := [d for d in days if d.part is Part.DEFERS]:
                listed = _listed(runs(deferring), account, reasons=False)
                yield f"{listed}挂起，期限顺延{len(deferring)}个工作日。"
        case _:
            return


def _reason(reason: DayReason, name: str) -> str:
    """Returns why a day is counted or not, with the name of its holiday or closure."""
    if not name:
        return _REASONS[reason]
    if reason is DayReason.HOLIDAY:
        return f"{name}放假"
    return f"{_REASONS[reason]}（{name}）"


def _listed(found: list[Run], account: Account, *, reasons: bool = True) -> str:
    """Returns runs of days by name; the rest days only by number where they are many."""
    rest = [run for run in found if run.reason is DayReason.REST_DAY]
    named = [run for run in found if run.reason is not DayReason.REST_DAY]
    words = []
    if len(rest) <= _MOST_RUNS:
        named, rest = found, []
    for run in named[:_MOST_RUNS]:
        why = f"（{_reason(run.reason, run.name)}）" if reasons else ""
        words.append(f"{_span(run.first, run.last, account)}{why}")
    if rest:
        words.append(f"休息日{sum(run.length for run in rest)}天")
    more = sum(run.length for run in named[_MOST_RUNS:])
    return "、".join(words) + (f"，以及另外{more}天" if more else "")


def _span(first: date, last: date, account: Account) -> str:
    if first == last:
        return _day(first, account)
    if (first.year, first.month) == (last.year, last.month):
        return f"{_day(first, account)}至{last.day}日"
    return f"{_day(first, account)}至{_day(last, account)}"


def _day(day: date, account: Account) -> str:
    year = f"{day.year}年" if day.year != account.start.local.year else ""
    return f"{year}{day.month}月{day.day}日"


def _deadline(moment: Moment, account: Account) -> str:
    if moment.ends is not None:
        return f"{_day(moment.ends, account)}24:00"
    return f"{_day(moment.local.date(), account)}{_clock(moment.local)}"


def _clock(local: datetime) -> str:
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def duration(length: timedelta) -> str:
    """Returns a length of time in hours, minutes and seconds."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "小时"), (minutes, "分钟"), (seconds, "秒")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0分钟"
