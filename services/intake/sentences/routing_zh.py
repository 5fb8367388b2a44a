"""Chinese: what routing did to a case, and to the lists that cases are routed by."""

from collections.abc import Mapping
from typing import Any

from backstop.routing.v1 import routing_facts_pb2 as routing
from services.intake.sentences.words import Sentence, Words, same_hands


def _directory_published(m: routing.DirectoryPublished, _: Words) -> str:
    told = m.directory
    return f"发布{told.name}的组织信息：{len(told.units)} 个单位，{len(told.people)} 人。"


def _matrix_published(m: routing.MatrixPublished, _: Words) -> str:
    return f"发布包保责任分工表，共 {len(m.responsibilities)} 条。"


def _roster_published(m: routing.RosterPublished, _: Words) -> str:
    return f"发布值班表，共 {len(m.shifts)} 个班次。"


def _case_assigned(m: routing.CaseAssigned, w: Words) -> str:
    if same_hands(m):
        return "".join(m.reasons)
    same = ("", m.steward or m.accountable)
    taken = f"（原由{w.who(m.previous)}负责）" if m.previous not in same else ""
    steward = w.who(m.steward or m.accountable)
    by = f"（{w.who(m.assigned_by)}）" if m.assigned_by else ""
    also = f"，同时告知{w.people(m.also_told)}" if m.also_told else ""
    first = f"，初步回复由{w.who(m.first_reply_by)}负责" if m.first_reply_by else ""
    note = f"交接说明：{m.handover_note}" if m.handover_note else ""
    return f"分派给{steward}包保{taken}，依据：{w.label(m, 'rule')}{by}{also}{first}。{note}"


def _case_accepted(m: routing.CaseAccepted, w: Words) -> str:
    return f"{w.who(m.accepted_by)}接手办理。"


def _case_escalated(m: routing.CaseEscalated, w: Words) -> str:
    vacant = "（该岗位暂缺，由调度室代管）" if m.fallback else ""
    holder = "" if m.fallback else f"（{w.who(m.accountable)}）"
    reason = f"：{m.reason}" if m.reason else "。"
    return (
        f"上报第 {m.to_level} 级 {w.position(m.position_id)}{holder}{vacant}，"
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
    by = f"（{w.who(m.completed_by)}）"
    return f"{w.unit(m.unit_id)}完成工单{by}{_shown(m)}：{m.result}"


def _work_order_returned(m: routing.WorkOrderReturned, w: Words) -> str:
    by = f"（{w.who(m.returned_by)}，第 {m.ordinal} 次）"
    return f"{w.unit(m.unit_id)}退回工单{by}，理由：{m.reason}"


def _work_order_ruled(m: routing.WorkOrderRuled, w: Words) -> str:
    due = f"，期限 {w.instant(m.deadline_time)}" if m.HasField("deadline_time") else ""
    ruling = f"{w.who(m.ruled_by)}裁定退单（{w.label(m, 'kind')}）"
    met = f"，参加会商：{w.units(m.meeting_unit_ids)}" if m.meeting_unit_ids else ""
    return f"{ruling}：由{w.unit(m.unit_id)}办理{due}{met}。{m.text}"


def _work_order_extended(m: routing.WorkOrderExtended, w: Words) -> str:
    before, now = w.instant(m.previous_deadline_time), w.instant(m.deadline_time)
    return f"{w.who(m.approved_by)}同意工单期限由 {before} 延至 {now}，理由：{m.reason}"


def _outreach_recorded(m: routing.OutreachRecorded, w: Words) -> str:
    place = f"（{m.place}）" if m.place else ""
    return f"{w.who(m.done_by)}到{w.unit(m.unit_id)}{w.label(m, 'form')}{place}：{m.heard}"


def _group_template_published(m: routing.GroupTemplatePublished, _: Words) -> str:
    return f"发布集团模板，共 {len(m.template.categories)} 个类别。"


def _person_transferred(m: routing.PersonTransferred, w: Words) -> str:
    return (
        f"{w.who(m.person_id)}自 {w.day(m.start_date)} 起由 {m.from_site_id} 调往 {m.to_site_id}。"
    )


def _absence_recorded(m: routing.AbsenceRecorded, w: Words) -> str:
    one = m.absence
    deputy = f"，由{w.who(one.deputy)}代理" if one.deputy else ""
    days = f"{w.day(one.start_date)} 至 {w.day(one.end_date)} "
    return f"{w.who(one.recorded_by)}登记{w.who(one.person_id)} {days}不在岗{deputy}：{one.reason}"


def _absence_cancelled(m: routing.AbsenceCancelled, w: Words) -> str:
    one = m.absence
    return f"{w.actor()}取消{w.who(one.person_id)}自 {w.day(one.start_date)} 起的不在岗登记。"


def _shift_swapped(m: routing.ShiftSwapped, w: Words) -> str:
    swap = m.swap
    shift = f"{w.who(swap.from_person_id)} {w.day(swap.date)} 的班次"
    change = f"由{w.who(swap.to_person_id)}代班，理由：{swap.reason}"
    return f"{w.who(swap.approved_by)}同意{shift}{change}"


def _person_recused(m: routing.PersonRecused, w: Words) -> str:
    if m.asked_by_reporter:
        asked = f"{w.who(m.recorded_by)}应诉求人要求，登记{w.who(m.person_id)}"
    elif m.recorded_by in ("", m.person_id):
        asked = f"{w.who(m.person_id)}申请"
    else:
        asked = f"{w.who(m.recorded_by)}登记{w.who(m.person_id)}"
    return f"{asked}回避本诉求，理由：{m.reason}"


def _case_deescalated(m: routing.CaseDeescalated, w: Words) -> str:
    if m.to_level:
        holder = "（该岗位暂缺）" if m.fallback else f"（{w.who(m.accountable)}）"
        to = f"第 {m.to_level} 级 {w.position(m.position_id)}{holder}"
    else:
        to = f"包保人员（{w.who(m.accountable)}）"
    return f"{w.who(m.decided_by)}将诉求由第 {m.from_level} 级交回{to}，理由：{m.reason}"


def _work_order_reopened(m: routing.WorkOrderReopened, w: Words) -> str:
    order = m.work_order
    due = f"，期限 {w.instant(order.deadline_time)}" if order.HasField("deadline_time") else ""
    return f"{w.who(m.reopened_by)}重开{w.unit(order.unit_id)}的工单{due}，理由：{m.reason}"


def _extension_asked(m: routing.WorkOrderExtensionAsked, w: Words) -> str:
    before, asked = w.instant(m.deadline_time), w.instant(m.asked_deadline_time)
    times = f"由 {before} 延至 {asked}"
    return f"{w.unit(m.unit_id)}申请工单期限{times}（{w.who(m.asked_by)}），理由：{m.reason}"


def _extension_declined(m: routing.WorkOrderExtensionDeclined, w: Words) -> str:
    words = f"：{m.words}" if m.words else "。"
    return f"{w.who(m.declined_by)}不同意{w.unit(m.unit_id)}的工单延期申请{words}"


def _joint_survey_recorded(m: routing.JointSurveyRecorded, w: Words) -> str:
    units = w.units(m.unit_ids)
    return f"{units}到{m.place}联合查勘（{w.who(m.recorded_by)}记录）{_shown(m)}：{m.findings}"


def _category_proposed(m: routing.CategoryProposed, w: Words) -> str:
    one = m.proposal
    whose = f"类别{w.category(one.category_id)}宜由{w.unit(one.unit_id)}主办"
    return f"裁定表明{whose}，建议调整对照表。"


def _category_proposal_decided(m: routing.CategoryProposalDecided, w: Words) -> str:
    one = m.proposal
    what = f"类别{w.category(one.category_id)}改由{w.unit(one.unit_id)}主办的建议"
    words = f"：{m.reason}" if m.reason else "。"
    return f"{w.who(m.decided_by)}{'采纳' if m.taken_over else '未采纳'}{what}{words}"


def _sweep_opened(m: routing.SweepOpened, w: Words) -> str:
    units = w.units(dict.fromkeys(task.unit_id for task in m.tasks))
    due = f"{w.day(m.due_date)} 前反馈"
    return f"{w.who(m.opened_by)}发起举一反三排查，由{units}在 {due}：{m.defect}"


def _sweep_task_answered(m: routing.SweepTaskAnswered, w: Words) -> str:
    task = m.task
    planned = f"，计划 {w.day(task.planned_date)} 完成" if task.HasField("planned_date") else ""
    finding = f"（{w.label(task, 'finding')}{planned}）"
    return f"{w.unit(task.unit_id)}反馈排查结果{finding}{_shown(task)}：{task.words}"


def _sweep_closed(m: routing.SweepClosed, w: Words) -> str:
    if not m.reason:
        return "各单位均已反馈，举一反三排查结束。"
    return f"{w.who(m.closed_by)}结束举一反三排查，理由：{m.reason}"


def _fix_not_lasting(m: routing.FixNotLasting, w: Words) -> str:
    number = w.case(m.again_case_id)
    again = f"（诉求 {number}）" if number else ""
    return f"整改未能持久：{m.days} 天后同一问题再次出现{again}。"


def _shown(m: Any) -> str:
    """Tells that something shows it; the case file has what."""
    return f"，附材料 {len(m.evidence)} 份" if m.evidence else ""


SENTENCES: Mapping[Any, Sentence] = {
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
    routing.WorkOrderReturned: _work_order_returned,
    routing.WorkOrderRuled: _work_order_ruled,
    routing.WorkOrderExtended: _work_order_extended,
    routing.OutreachRecorded: _outreach_recorded,
    routing.GroupTemplatePublished: _group_template_published,
    routing.PersonTransferred: _person_transferred,
    routing.AbsenceRecorded: _absence_recorded,
    routing.AbsenceCancelled: _absence_cancelled,
    routing.ShiftSwapped: _shift_swapped,
    routing.PersonRecused: _person_recused,
    routing.CaseDeescalated: _case_deescalated,
    routing.WorkOrderReopened: _work_order_reopened,
    routing.WorkOrderExtensionAsked: _extension_asked,
    routing.WorkOrderExtensionDeclined: _extension_declined,
    routing.JointSurveyRecorded: _joint_survey_recorded,
    routing.CategoryProposed: _category_proposed,
    routing.CategoryProposalDecided: _category_proposal_decided,
    routing.SweepOpened: _sweep_opened,
    routing.SweepTaskAnswered: _sweep_task_answered,
    routing.SweepClosed: _sweep_closed,
    routing.FixNotLasting: _fix_not_lasting,
}
