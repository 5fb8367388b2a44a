"""Chinese: what a window's people read in the history of a case."""

from collections.abc import Mapping
from typing import Any

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.sla.v1 import sla_facts_pb2 as sla
from services.intake.sentences import labels, life_zh, routing_zh
from services.intake.sentences.words import Language, Sentence, Words


def _case_verified(m: intake.CaseVerified, w: Words) -> str:
    told = m.verification
    return f"{w.who(told.verified_by)}到{told.place}现场核查：{told.findings}"


def _case_answered(m: intake.CaseAnswered, w: Words) -> str:
    promise = f"，承诺 {w.day(m.promised_date)} 办结" if m.HasField("promised_date") else ""
    again = f"，下次说明 {w.day(m.next_date)}" if m.HasField("next_date") else ""
    told = f"（{_told(m, w)}）" if m.HasField("feedback") else "（尚未反馈诉求人）"
    return f"{w.actor()}给出{w.label(m, 'kind')}{promise}{again}{told}：{m.text}"


def _case_fed_back(m: intake.CaseFedBack, w: Words) -> str:
    return f"{w.actor()}就{w.label(m, 'kind')}{_told(m, w)}。"


def _told(m: Any, w: Words) -> str:
    return w.label(m.feedback, "way")


def _promise_moved(m: intake.CasePromiseMoved, w: Words) -> str:
    before, now = w.day(m.previous_promised_date), w.day(m.promised_date)
    return f"{w.who(m.approved_by)}同意承诺办结日期由 {before} 调整为 {now}，理由：{m.reason}"


def _case_flagged(m: intake.CaseFlagged, w: Words) -> str:
    flag = w.label(m, "flag")
    if not m.set:
        return f"{w.actor()}取消“{flag}”标记，理由：{m.reason}"
    leader = f"（负责领导：{w.who(m.leader)}）" if m.leader else ""
    return f"{w.actor()}标记为“{flag}”{leader}，理由：{m.reason}"


def _escalation_requested(m: intake.CaseEscalationRequested, w: Words) -> str:
    return f"{w.who(m.requested_by)}提请上一级处理：{m.reason}"


def _case_resolved(m: intake.CaseResolved, w: Words) -> str:
    outcome = w.label(m, "proposed_outcome")
    told = f"（{_told(m, w)}）" if m.HasField("feedback") else ""
    return f"{w.actor()}办结，拟定结果：{outcome}{told}，等待诉求人确认。{m.resolution}"


def _case_unsealed(m: intake.CaseUnsealed, w: Words) -> str:
    return f"{w.who(m.unsealed_by)}查看了诉求人身份，理由：{m.reason}"


def _clocks_started(m: sla.ClocksStarted, w: Words) -> str:
    clocks = "；".join(_due(clock, w) for clock in m.clocks)
    return f"开始计时：{clocks}。"


def _clock_due_soon(m: sla.ClockDueSoon, w: Words) -> str:
    return f"{w.label(m.clock, 'kind')}将于 {w.instant(m.clock.due_time)} 到期，已提醒。"


def _clock_breached(m: sla.ClockBreached, w: Words) -> str:
    due = w.instant(w.missed(m))
    return f"{w.label(m.clock, 'kind')}超期（{due}），处置：{w.label(m, 'consequence')}。"


def _clocks_stopped(m: sla.ClocksStopped, w: Words) -> str:
    clocks = "；".join(f"{w.label(one, 'kind')} {w.label(one, 'state')}" for one in m.clocks)
    return f"停止计时：{clocks}。"


def _clocks_paused(m: sla.ClocksPaused, w: Words) -> str:
    clocks = "、".join(w.label(one, "kind") for one in m.clocks)
    latest = f"，最迟 {w.instant(m.latest_end_time)} 恢复" if m.HasField("latest_end_time") else ""
    return (
        f"{w.who(m.approved_by)}同意暂停计时（{w.label(m, 'reason')}）{latest}：{clocks}。{m.words}"
    )


def _clocks_resumed(m: sla.ClocksResumed, w: Words) -> str:
    why = "暂停期满，恢复计时" if m.latest_end_reached else f"{w.actor()}恢复计时"
    clocks = "；".join(_due(clock, w) for clock in m.clocks)
    return f"{why}：{clocks}。"


def _clocks_amended(m: sla.ClocksAmended, w: Words) -> str:
    before = [w.instant(one) for one in m.previous_due_times]
    clocks = "；".join(
        _due(clock, w) if w.instant(clock.due_time) == was else f"{_due(clock, w)}（原 {was}）"
        for clock, was in zip(m.clocks, before, strict=False)
    )
    reason = f"理由：{m.reason}" if m.reason else ""
    return f"期限调整（{w.label(m, 'cause')}）：{clocks}。{reason}"


def _due(clock: Any, w: Words) -> str:
    provisional = "（暂定）" if clock.provisional else ""
    return f"{w.label(clock, 'kind')} {w.instant(clock.due_time)} 到期{provisional}"


def _breach_excused(m: sla.BreachExcused, w: Words) -> str:
    late = f"{w.label(m.clock, 'kind')}超期（{w.instant(m.clock.due_time)}）"
    return f"{w.who(m.excused_by)}认定{late}可免责，超期记录保留，理由：{m.reason}"


def _calendar_published(m: sla.CalendarPublished, _: Words) -> str:
    return f"发布工作日历第 {m.calendar.version} 版。"


def _calendar_year_missing(m: sla.CalendarYearMissing, _: Words) -> str:
    return f"工作日历尚无 {m.year} 年的放假调休安排，该年的期限为暂定。"


def _policy_published(m: sla.PolicyPublished, _: Words) -> str:
    basis = f"，依据：{m.policy.basis_document}" if m.policy.basis_document else ""
    return f"发布时限规则第 {m.policy.version} 版{basis}。"


def _deliveries_planned(m: notify.DeliveriesPlanned, w: Words) -> str:
    people = w.people(dict.fromkeys(one.recipient for one in m.deliveries))
    return f"将通知{people}。"


def _delivery_sent(m: notify.DeliverySent, w: Words) -> str:
    return f"已通知{w.who(m.delivery.recipient)}（{w.label(m.delivery, 'channel')}）。"


def _delivery_failed(m: notify.DeliveryFailed, w: Words) -> str:
    one = m.delivery
    return f"通知{w.who(one.recipient)}失败（{w.label(one, 'channel')}）：{w.problem(one.problem)}"


def _delivery_unknown(m: notify.DeliveryUnknown, w: Words) -> str:
    one = m.delivery
    return f"通知{w.who(one.recipient)}是否送达不明（{w.label(one, 'channel')}），不再重发。"


_SENTENCES: Mapping[Any, Sentence] = {
    **life_zh.SENTENCES,
    intake.CaseVerified: _case_verified,
    intake.CaseAnswered: _case_answered,
    intake.CaseFedBack: _case_fed_back,
    intake.CasePromiseMoved: _promise_moved,
    intake.CaseFlagged: _case_flagged,
    intake.CaseEscalationRequested: _escalation_requested,
    intake.CaseResolved: _case_resolved,
    intake.CaseUnsealed: _case_unsealed,
    **routing_zh.SENTENCES,
    sla.ClocksStarted: _clocks_started,
    sla.ClockDueSoon: _clock_due_soon,
    sla.ClockBreached: _clock_breached,
    sla.ClocksStopped: _clocks_stopped,
    sla.ClocksPaused: _clocks_paused,
    sla.ClocksResumed: _clocks_resumed,
    sla.ClocksAmended: _clocks_amended,
    sla.BreachExcused: _breach_excused,
    sla.CalendarPublished: _calendar_published,
    sla.CalendarYearMissing: _calendar_year_missing,
    sla.PolicyPublished: _policy_published,
    notify.DeliveriesPlanned: _deliveries_planned,
    notify.DeliverySent: _delivery_sent,
    notify.DeliveryFailed: _delivery_failed,
    notify.DeliveryUnknown: _delivery_unknown,
}

LANGUAGE = Language(
    sentences=_SENTENCES,
    labels=labels.CHINESE,
    roles={
        "reporter": "诉求人",
        "receipt": "凭证持有人",
        "service": "系统",
        "system": "其他系统",
        "position:DISPATCH_ROOM": "调度室",
        "position:DUTY_LEAD": "值班领导",
    },
    instant=lambda local, clock: f"{local.year}年{local.month}月{local.day}日 {clock}",
    day=lambda day: f"{day.year}年{day.month}月{day.day}日",
    joiner="、",
    nobody="无人",
    unknown=lambda source, kind: f"{source} 记录了 {kind}。",
)
