"""Chinese: how a case begins, ends, begins again, and what hangs on it beside its answers."""

from collections.abc import Mapping
from typing import Any

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2
from services.intake.sentences.words import Sentence, Words


def _case_registered(m: intake.CaseRegistered, w: Words) -> str:
    where = w.post(m.post_id) if m.post_id else m.place or w.unit(m.unit_id)
    ties = dict.fromkeys(w.label(link, "relation") for link in m.links)
    linked = f"，关联：{'、'.join(ties)}" if ties else ""
    late = "（补录）" if m.late_entry else ""
    shown = f"，附材料 {len(m.attachments)} 份" if m.attachments else ""
    ref = f"，外部编号 {m.external_ref}" if m.external_ref else ""
    by = f"{w.who(m.receiver)}经{w.label(m, 'channel')}"
    return f"{by}登记诉求 {m.number}（{where}）{late}{linked}{ref}{shown}。"


def _case_amended(m: intake.CaseAmended, w: Words) -> str:
    changes = "；".join(_change(one, w) for one in m.amendments)
    return f"{w.who(m.amended_by)}更正登记内容（{changes}），理由：{m.reason}"


def _change(one: marks.Amendment, w: Words) -> str:
    name, before, now = w.field(one.field), *w.amended(one)
    # What was said, and about whom, stands on the file.
    if not (before or now):
        return name
    return f"{name}由“{before}”改为“{now}”" if before else f"{name}补为“{now}”"


def _case_withdrawn(m: intake.CaseWithdrawn, w: Words) -> str:
    effect = "" if m.counts else "，须经回访核实后才算数"
    return f"诉求人撤回诉求（{w.label(m, 'basis')}{effect}）：{m.reason}"


def _case_reopened(m: intake.CaseReopened, w: Words) -> str:
    before = f"原以“{w.label(m, 'previous_outcome')}”销号"
    if m.basis == intake_pb2.CONFIRMATION_BASIS_UNSPECIFIED:
        return f"{w.actor()}恢复办理，{before}，第 {m.reopen_count} 次重新办理：{m.reason}"
    basis = w.label(m, "basis")
    return f"诉求人要求恢复办理（{basis}），{before}，第 {m.reopen_count} 次重新办理：{m.reason}"


def _case_referred(m: intake.CaseReferred, w: Words) -> str:
    told = m.referral
    return f"{w.who(told.referred_by)}转办至{told.body}（对方编号 {told.reference}）：{told.reason}"


def _referral_resulted(m: intake.CaseReferralResulted, w: Words) -> str:
    told = m.referral
    return f"{w.who(told.result_recorded_by)}登记{told.body}的办理结果：{told.result}"


def _case_reviewed(m: intake.CaseReviewed, w: Words) -> str:
    told = m.review
    by = f"（{w.who(told.verified_by)}独立核查）"
    return f"{w.who(told.reviewed_by)}复核{by}，结论：{w.label(told, 'decision')}。{told.findings}"


def _case_linked(m: intake.CaseLinked, w: Words) -> str:
    number = w.case(m.link.case_id)
    other = f"诉求 {number}" if number else "另一诉求"
    what = "关联" if m.set else "取消关联"
    return f"{w.actor()}{what}{other}（{w.label(m.link, 'relation')}），理由：{m.reason}"


def _case_split(m: intake.CaseSplit, w: Words) -> str:
    number = w.case(m.new_case_id)
    other = f"另立诉求 {number}" if number else "另立诉求"
    return f"{w.who(m.split_by)}拆出其中另一事项，{other}，理由：{m.reason}"


def _case_commented(m: intake.CaseCommented, w: Words) -> str:
    told = m.comment
    if told.by_reporter:
        return f"诉求人补充：{told.text}"
    if told.visibility == marks.COMMENT_VISIBILITY_REPORTER:
        return f"{w.who(told.written_by)}留言给诉求人：{told.text}"
    # The history is read by reporters, too; the words are on the file, for those who may.
    return f"{w.who(told.written_by)}写了内部备注。"


def _meeting_recorded(m: intake.CaseMeetingRecorded, w: Words) -> str:
    told = m.meeting
    again = f"，下次 {w.day(told.next_date)} 再议" if told.HasField("next_date") else ""
    chair = f"{w.who(told.chaired_by)}主持"
    return f"{chair}协调会（{w.units(told.unit_ids)}参加{again}）：{told.decisions}"


def _code_reissued(m: intake.CaseCodeReissued, w: Words) -> str:
    return f"{w.who(m.issued_by)}补发凭证号（第 {m.attempt} 次），原号作废，理由：{m.reason}"


def _master_moved(m: intake.CaseMasterMoved, w: Words) -> str:
    number = w.case(m.master_case_id)
    master = f"所并入的诉求 {number} " if number else "所并入的诉求"
    state = w.label(m, "master_state")
    if m.master_state == intake_pb2.CASE_STATE_RESOLVED:
        return f"{master}已办结，请诉求人确认其结果。{m.resolution}"
    outcome = f"，结果：{w.label(m, 'outcome')}" if m.outcome else ""
    return f"{master}有变化：{state}{outcome}。"


def _case_called_back(m: intake.CaseCalledBack, w: Words) -> str:
    words = f"：{m.words}" if m.words else "。"
    sampled = "抽样" if m.sample_id else ""
    if m.reached:
        grade = f"，{w.label(m, 'grade')}" if m.grade else ""
        return f"{w.who(m.called_by)}{sampled}回访诉求人，已联系上{grade}{words}"
    days = "" if sampled else f"，本轮共 {m.unanswered_days} 天未联系上"
    return f"{w.who(m.called_by)}{sampled}回访诉求人未联系上{days}{words}"


def _case_confirmed(m: intake.CaseConfirmed, w: Words) -> str:
    words = f"。“{m.words}”" if m.words else ""
    effect = "" if m.counts else "，须经回访核实后才算数"
    number = w.case(m.master_case_id)
    what = "结果"
    if m.master_case_id:
        what = f"所并入诉求 {number} 的结果" if number else "所并入诉求的结果"
    return f"诉求人确认{what}，{w.label(m, 'grade')}（{w.label(m, 'basis')}{effect}）{words}"


def _case_rejected(m: intake.CaseRejected, w: Words) -> str:
    return f"诉求人不认可结果，第 {m.reopen_count} 次重新办理（{w.label(m, 'basis')}）：{m.reason}"


def _case_closed(m: intake.CaseClosed, w: Words) -> str:
    number = w.case(m.master_case_id)
    master = f"，并入诉求 {number}" if number else ""
    remark = f" {m.remark}" if m.remark else ""
    appeal = f"向集团反映的途径：{m.appeal_words}" if m.appeal_words else ""
    return f"{w.actor()}销号，结果：{w.label(m, 'outcome')}{master}。{remark}{appeal}".rstrip()


def _lexicon_published(m: intake.LexiconPublished, _: Words) -> str:
    return f"发布诉求用语词表第 {m.version} 版，共 {len(m.lexicon.words)} 个词。"


def _rules_published(m: intake.WindowRulesPublished, _: Words) -> str:
    return f"发布窗口规则第 {m.version} 版。"


def _slip_pad_issued(m: intake.SlipPadIssued, w: Words) -> str:
    numbers = f"{m.first_slip_number} 至 {m.last_slip_number}"
    return f"{w.who(m.issued_by)}发放凭条本 {numbers} 。"


def _sample_drawn(m: intake.CallbackSampleDrawn, w: Words) -> str:
    days = f"{w.day(m.start_date)} 至 {w.day(m.end_date)}"
    drawn = f"{m.population_count} 件中抽取 {len(m.case_ids)} 件"
    return f"{w.actor()}从 {days} 销号的 {drawn}抽样回访。"


def _handover_prepared(m: intake.ShiftHandoverPrepared, w: Words) -> str:
    counts = f"在办 {m.open_count} 件，临期 {m.at_risk_count} 件"
    return f"{w.who(m.outgoing)}向{w.who(m.incoming)}交班：{counts}。"


def _handover_signed(m: intake.ShiftHandoverSigned, w: Words) -> str:
    return f"{w.who(m.incoming)}接班签字。"


SENTENCES: Mapping[Any, Sentence] = {
    intake.CaseRegistered: _case_registered,
    intake.CaseAmended: _case_amended,
    intake.CaseWithdrawn: _case_withdrawn,
    intake.CaseReopened: _case_reopened,
    intake.CaseReferred: _case_referred,
    intake.CaseReferralResulted: _referral_resulted,
    intake.CaseReviewed: _case_reviewed,
    intake.CaseLinked: _case_linked,
    intake.CaseSplit: _case_split,
    intake.CaseCommented: _case_commented,
    intake.CaseMeetingRecorded: _meeting_recorded,
    intake.CaseCodeReissued: _code_reissued,
    intake.CaseMasterMoved: _master_moved,
    intake.CaseCalledBack: _case_called_back,
    intake.CaseConfirmed: _case_confirmed,
    intake.CaseRejected: _case_rejected,
    intake.CaseClosed: _case_closed,
    intake.LexiconPublished: _lexicon_published,
    intake.WindowRulesPublished: _rules_published,
    intake.SlipPadIssued: _slip_pad_issued,
    intake.CallbackSampleDrawn: _sample_drawn,
    intake.ShiftHandoverPrepared: _handover_prepared,
    intake.ShiftHandoverSigned: _handover_signed,
}
