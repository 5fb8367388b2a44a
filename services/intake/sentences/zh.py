"""Chinese: what a window's people read in the history of a case."""

from collections.abc import Mapping
from typing import Any

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from services.intake.sentences.words import Language, Sentence, Words


def _case_registered(m: intake.CaseRegistered, w: Words) -> str:
    where = w.post(m.post_id) if m.post_id else m.place or w.unit(m.unit_id)
    return f"{w.who(m.receiver)}经{w.label(m, 'channel')}登记诉求 {m.number}（{where}）。"


def _case_verified(m: intake.CaseVerified, w: Words) -> str:
    told = m.verification
    return f"{w.who(told.verified_by)}到{told.place}现场核查：{told.findings}"


def _case_answered(m: intake.CaseAnswered, w: Words) -> str:
    promise = f"，承诺 {w.day(m.promised_date)} 办结" if m.HasField("promised_date") else ""
    told = f"（{_told(m, w)}）" if m.HasField("feedback") else "（尚未反馈诉求人）"
    return f"{w.actor()}给出{w.label(m, 'kind')}{promise}{told}：{m.text}"


def _case_fed_back(m: intake.CaseFedBack, w: Words) -> str:
    return f"{w.actor()}就{w.label(m, 'kind')}{_told(m, w)}。"


def _told(m: Any, w: Words) -> str:
    return w.label(m.feedback, "way")


def _escalation_requested(m: intake.CaseEscalationRequested, w: Words) -> str:
    return f"{w.who(m.requested_by)}提请上一级处理：{m.reason}"


def _case_resolved(m: intake.CaseResolved, w: Words) -> str:
    outcome = w.label(m, "proposed_outcome")
    told = f"（{_told(m, w)}）" if m.HasField("feedback") else ""
    return f"{w.actor()}办结，拟定结果：{outcome}{told}，等待诉求人确认。{m.resolution}"


def _case_confirmed(m: intake.CaseConfirmed, w: Words) -> str:
    words = f"。“{m.words}”" if m.words else ""
    effect = "" if m.counts else ",须经回访核实后才算数"
    return f"诉求人确认结果，{w.label(m, 'grade')}（{w.label(m, 'basis')}{effect}）{words}"


def _case_rejected(m: intake.CaseRejected, w: Words) -> str:
    return f"诉求人不认可结果，第 {m.reopen_count} 次重新办理（{w.label(m, 'basis')}）：{m.reason}"


def _case_closed(m: intake.CaseClosed, w: Words) -> str:
    remark = f" {m.remark}" if m.remark else ""
    return f"{w.actor()}销号，结果：{w.label(m, 'outcome')}。{remark}".rstrip()


def _case_unsealed(m: intake.CaseUnsealed, w: Words) -> str:
    return f"{w.who(m.unsealed_by)}查看了诉求人身份，理由：{m.reason}"


def _directory_published(m: routing.DirectoryPublished, _: Words) -> str:
    told = m.directory
    return f"发布{told.name}的组织信息：{len(told.units)} 个单位，{len(told.people)} 人。"


def _matrix_published(m: routing.MatrixPublished, _: Words) -> str:
    return f"发布包保责任分工表，共 {len(m.responsibilities)} 条。"


def _roster_published(m: routing.RosterPublished, _: Words) -> str:
    return f"发布值班表，共 {len(m.shifts)} 个班次。"


def _case_assigned(m: routing.CaseAssigned, w: Words) -> str:
    taken = f"（原由{w.who(m.previous)}负责）" if m.previous else ""
    steward = w.who(m.steward or m.accountable)
    also = f",同时告知{w.people(m.also_told)}" if m.also_told else ""
    return f"分派给{steward}包保{taken}，依据：{w.label(m, 'rule')}{also}。"


def _case_accepted(m: routing.CaseAccepted, w: Words) -> str:
    return f"{w.who(m.accepted_by)}接手办理。"


def _case_escalated(m: routing.CaseEscalated, w: Words) -> str:
    vacant = "（该岗位暂缺，由调度室代管）" if m.fallback else ""
    holder = "" if m.fallback else f"({w.who(m.accountable)})"
    reason = f":{m.reason}" if m.reason else "。"
    return (
        f"上报第 {m.to_level} 级 {w.position(m.position_id)}{holder}{vacant},"
        f"原因：{w.label(m, 'cause')}{reason}"
    )


def _case_instructed(m: routing.CaseInstructed, w: Words) -> str:
    return f"{w.who(m.instructed_by)}批示（{w.label(m, 'kind')}）：{m.text}"


def _work_orders_dispatched(m: routing.WorkOrdersDispatched, w: Words) -> str:
    orders = "；".join(
        f"{w.unit(order.unit_id)}{'（牵头）' if order.lead else ''}"
        f"{w.instant(order.deadline_time)}前 {order.task.rstrip('。；')}"
        for order in m.work_orders
    )
    return f"派单：{orders}"


def _work_order_accepted(m: routing.WorkOrderAccepted, w: Words) -> str:
    return f"{w.unit(m.unit_id)}接单（{w.who(m.accepted_by)}）。"


def _work_order_completed(m: routing.WorkOrderCompleted, w: Words) -> str:
    return f"{w.unit(m.unit_id)}完成工单（{w.who(m.completed_by)}）：{m.result}"


def _clocks_started(m: sla.ClocksStarted, w: Words) -> str:
    clocks = "；".join(
        f"{w.label(clock, 'kind')} {w.instant(clock.due_time)} 到期"
        f"{'（暂定）' if clock.provisional else ''}"
        for clock in m.clocks
    )
    return f"开始计时：{clocks}。"


def _clock_due_soon(m: sla.ClockDueSoon, w: Words) -> str:
    return f"{w.label(m.clock, 'kind')}将于 {w.instant(m.clock.due_time)} 到期，已提醒。"


def _clock_breached(m: sla.ClockBreached, w: Words) -> str:
    due = w.instant(m.clock.due_time)
    return f"{w.label(m.clock, 'kind')}超期（{due}），处置：{w.label(m, 'consequence')}。"


def _clocks_stopped(m: sla.ClocksStopped, w: Words) -> str:
    clocks = "；".join(f"{w.label(one, 'kind')} {w.label(one, 'state')}" for one in m.clocks)
    return f"停止计时：{clocks}。"


def _deliveries_planned(m: notify.DeliveriesPlanned, w: Words) -> str:
    people = w.people(dict.fromkeys(one.recipient for one in m.deliveries))
    return f"将通知{people}。"


def _delivery_sent(m: notify.DeliverySent, w: Words) -> str:
    return f"已通知{w.who(m.delivery.recipient)}（{w.label(m.delivery, 'channel')}）。"


def _delivery_failed(m: notify.DeliveryFailed, w: Words) -> str:
    one = m.delivery
    return f"通知{w.who(one.recipient)}失败（{w.label(one, 'channel')}）：{one.problem}"


def _delivery_unknown(m: notify.DeliveryUnknown, w: Words) -> str:
    one = m.delivery
    return f"通知{w.who(one.recipient)}是否送达不明（{w.label(one, 'channel')}），不再重发。"


_SENTENCES: Mapping[Any, Sentence] = {
    intake.CaseRegistered: _case_registered,
    intake.CaseVerified: _case_verified,
    intake.CaseAnswered: _case_answered,
    intake.CaseFedBack: _case_fed_back,
    intake.CaseEscalationRequested: _escalation_requested,
    intake.CaseResolved: _case_resolved,
    intake.CaseConfirmed: _case_confirmed,
    intake.CaseRejected: _case_rejected,
    intake.CaseClosed: _case_closed,
    intake.CaseUnsealed: _case_unsealed,
    routing.DirectoryPublished: _directory_published,
    routing.MatrixPublished: _matrix_published,
    routing.RosterPublished: _roster_published,
    routing.CaseAssigned: _case_assigned,
    routing.CaseAccepted: _case_accepted,
    routing.CaseEscalated: _case_escalated,
    routing.CaseInstructed: _case_instructed,
    routing.WorkOrdersDispatched: _work_orders_dispatched,
    routing.WorkOrderAccepted: _work_order_accepted,
    routing.WorkOrderCompleted: _work_order_completed,
    sla.ClocksStarted: _clocks_started,
    sla.ClockDueSoon: _clock_due_soon,
    sla.ClockBreached: _clock_breached,
    sla.ClocksStopped: _clocks_stopped,
    notify.DeliveriesPlanned: _deliveries_planned,
    notify.DeliverySent: _delivery_sent,
    notify.DeliveryFailed: _delivery_failed,
    notify.DeliveryUnknown: _delivery_unknown,
}

_LABELS = {
    "CHANNEL_PHONE": "电话",
    "CHANNEL_SITE_VISIT": "现场走访",
    "CHANNEL_MEETING": "座谈会",
    "CHANNEL_DESK": "值守点",
    "CHANNEL_WINDOW": "固定窗口",
    "CHANNEL_SLIP": "纸条",
    "CHANNEL_SYSTEM": "其他系统",
    "CHANNEL_SELF_SERVICE": "自助",
    "ANSWER_KIND_FIRST_REPLY": "初步回复",
    "ANSWER_KIND_PLAN": "解决方案",
    "ANSWER_KIND_PROGRESS": "处理进度说明",
    "FEEDBACK_WAY_TOLD": "已当面或电话告知诉求人",
    "FEEDBACK_WAY_LEFT": "已按约定方式留言",
    "FEEDBACK_WAY_POSTED": "已在凭证页公示",
    "FEEDBACK_WAY_ATTEMPT": "联系诉求人未果",
    "OUTCOME_SOLVED": "已解决",
    "OUTCOME_EXPLAINED": "无法办理，已解释并获认可",
    "OUTCOME_EXPLAINED_NOT_ACCEPTED": "已解释，未获认可",
    "OUTCOME_UNCONFIRMED": "未能确认",
    "OUTCOME_REFERRED": "已转其他单位",
    "OUTCOME_DUPLICATE": "重复诉求",
    "OUTCOME_WITHDRAWN": "诉求人撤回",
    "GRADE_SATISFIED": "满意",
    "GRADE_MOSTLY_SATISFIED": "基本满意",
    "GRADE_DISSATISFIED": "不满意",
    "CONFIRMATION_BASIS_REPORTER": "本人账号",
    "CONFIRMATION_BASIS_CODE": "凭证号",
    "CONFIRMATION_BASIS_CALLBACK": "回访",
    "CONFIRMATION_BASIS_REPORTED": "承办人员转述",
    "ASSIGNMENT_RULE_RESPONSIBILITY": "包保责任分工表",
    "ASSIGNMENT_RULE_DUTY_LEAD": "无对应包保人员，由值班领导负责",
    "ASSIGNMENT_RULE_QUEUE": "进入调度室待办",
    "ASSIGNMENT_RULE_MANUAL": "人工指派",
    "ASSIGNMENT_RULE_HANDOVER": "分工表调整，移交",
    "ESCALATION_CAUSE_MANUAL": "提请上报",
    "ESCALATION_CAUSE_BREACH": "超期",
    "ESCALATION_CAUSE_DWELL": "上一级逾期未批示",
    "INSTRUCTION_KIND_TAKE_OVER": "接管",
    "INSTRUCTION_KIND_ORDER": "责令办理",
    "INSTRUCTION_KIND_CANNOT_BE_DONE": "确定无法办理",
    "CLOCK_KIND_FIRST_REPLY": "初步回复",
    "CLOCK_KIND_PLAN": "解决方案或进度说明",
    "CLOCK_KIND_PROGRESS": "进度说明",
    "CLOCK_KIND_RESOLUTION": "承诺办结",
    "CLOCK_KIND_WORK_ORDER": "工单",
    "CLOCK_KIND_CONFIRMATION": "诉求人确认",
    "CLOCK_KIND_ESCALATION": "上级批示",
    "CLOCK_KIND_REMINDER": "每日提醒",
    "CLOCK_STATE_RUNNING": "计时中",
    "CLOCK_STATE_BREACHED": "已超期",
    "CLOCK_STATE_MET": "按期完成",
    "CLOCK_STATE_MET_LATE": "超期完成",
    "CLOCK_STATE_CANCELLED": "不再计时",
    "CONSEQUENCE_LADDER": "上报一级",
    "CONSEQUENCE_HEAD_OF_UNIT": "告知单位负责人",
    "CONSEQUENCE_CALLBACK": "安排回访",
    "CONSEQUENCE_REMINDER": "提醒负责人",
    "CONSEQUENCE_ALERT": "只提示一次",
    "DELIVERY_CHANNEL_PHONE": "短信",
    "DELIVERY_CHANNEL_EMAIL": "邮件",
    "DELIVERY_CHANNEL_PAPER": "书面转告",
}

LANGUAGE = Language(
    sentences=_SENTENCES,
    labels=_LABELS,
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
