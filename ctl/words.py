"""The words people read: every label and every enum value, in Chinese and in English.

One table, so that a term is the same in every listing, and a test can tell that none is missing.
"""

from collections.abc import Mapping

from google.protobuf.descriptor import EnumDescriptor

from ctl.values import VALUES

ZH, EN = "zh", "en"

LABELS: dict[str, tuple[str, str]] = {
    "absence": ("请假 id", "absence"),
    "absence_cancelled": ("已销假", "the absence counts no longer"),
    "absences": ("请假", "absences"),
    "accountable": ("当前责任人", "accountable"),
    "actor": ("经办", "by"),
    "after": ("现在", "after"),
    "all_covered": ("全部覆盖，无空白", "everything is covered"),
    "all_of_it": ("全部", "all"),
    "amending": ("在办诉求的时限随后更新，作业 {job}", "running clocks follow, job {job}"),
    "answers": ("答复", "answers"),
    "as_given": ("按承诺或工单", "as given"),
    "at_the_latest": ("最迟至 {time}", "until {time} at the latest"),
    "attributed_time": ("在谁手里多久（工作时间）", "working time by holder"),
    "backtest": ("回测", "backtest"),
    "backtest_summary": (
        "{cases} 件诉求，{differences} 处不同",
        "{cases} cases, {differences} differences",
    ),
    "basis": ("确认依据", "confirmed by"),
    "basis_document": ("依据", "basis"),
    "before": ("原来", "before"),
    "born_breached": ("登记时已超期", "late when registered"),
    "breaches": ("超期", "breaches"),
    "breaches_at_once": ("立即超期", "breaches at once"),
    "by_matrix": ("按分工", "by the matrix"),
    "calendar": ("日历", "calendar"),
    "calendar_days": ("{count} 个自然日", "{count} calendar days"),
    "callbacks": ("回访", "callbacks"),
    "case": ("诉求", "case"),
    "cases": ("诉求", "cases"),
    "category": ("类别", "category"),
    "category_proposals": ("类别表建议", "proposals for the category table"),
    "change": ("变化", "change"),
    "changes": ("变化", "changes"),
    "channel": ("渠道", "channel"),
    "check": ("检查", "check"),
    "clean": ("{count} 项检查，未发现问题", "{count} checks, nothing found"),
    "clock": ("时限 id", "clock"),
    "clock_events": ("时限的每一步", "what happened to the clocks"),
    "clock_kind": ("时限", "clock"),
    "clocks": ("时限", "clocks"),
    "close_of_business": ("至下班", "till close of business"),
    "close_time": ("销号时间", "closed"),
    "code": ("凭证号", "receipt code"),
    "code_kept": (
        "凭证号只显示这一次，请交给诉求人。",
        "The receipt code is shown only this once; give it to the reporter.",
    ),
    "code_of_slip": (
        "凭证号就是纸条 {slip} 上印的号码，属于这张纸条。",
        "The receipt code belongs to slip {slip}: it is the one printed on it.",
    ),
    "colon": ("：", ": "),
    "contacts": ("联系次数", "contacts"),
    "contacts_stored": ("已存 {count} 人的联系方式", "contacts of {count} people stored"),
    "counting": ("计算", "counted"),
    "coverage": ("包保覆盖", "coverage"),
    "cut_off": (
        "与 {service} 的连接中断，没有收到答复",
        "the connection to {service} broke before it answered",
    ),
    "cycle": ("轮次", "cycle"),
    "day": ("日期", "day"),
    "days": ("逐日", "days"),
    "days_off": ("假日、调休与停工", "days off and make-up days"),
    "days_there": ("已代管工作日", "working days"),
    "deadline": ("期限", "deadline"),
    "decision_time": ("业务时间", "decision time"),
    "defect": ("排查内容", "defect"),
    "deliveries": ("通知", "messages"),
    "deputy": ("代理人", "deputy"),
    "detail": ("说明", "detail"),
    "differences": ("不同之处", "differences"),
    "dropped": ("已放弃 {id}", "{id} dropped"),
    "due": ("截止", "due"),
    "ended": ("已恢复", "ended"),
    "entry": ("条目", "entry"),
    "escalations": ("上报", "escalations"),
    "every_site": ("面向全部矿的权限", "a right to all sites"),
    "evidence": ("佐证：{names}", "evidence: {names}"),
    "excused": ("已免责", "excused"),
    "expired": ("期满恢复", "came to its latest end"),
    "extension_asked": ("申请延至 {time}：{reason}", "asks for {time}: {reason}"),
    "fact_type": ("类型", "type"),
    "fallbacks": ("由兜底人代管的诉求", "cases with owners of last resort"),
    "fault": ("系统内部错误", "fault of the suite"),
    "fed_back": ("已反馈", "fed back"),
    "feed": ("末位", "feed"),
    "field": ("字段", "field"),
    "finding": ("排查结果", "finding"),
    "findings": ("核查内容", "findings"),
    "findings_found": ("{count} 处问题", "{count} findings"),
    "first_reply_by": ("首接人须先答复", "first reply owed by"),
    "first_reply_owed_by": ("初步回复责任人", "owes the first reply"),
    "flag": ("标记", "flag"),
    "flipped": (
        "结论会不同的既往时限（结论不变）",
        "verdicts that would have been others; they stay",
    ),
    "flow": ("事实流", "flow of facts"),
    "form": ("方式", "form"),
    "from": ("起", "from"),
    "gaps": ("空白", "gaps"),
    "grace": ("工单宽限", "grace after the work order"),
    "grade": ("评价", "grade"),
    "heard": ("听到的情况", "what was heard"),
    "heard_count": ("听取人数", "heard"),
    "holder": ("在谁手里", "holder"),
    "hours_there": ("工作时间", "working time"),
    "import_faults": ("有 {count} 处错误，未发布", "{count} faults; nothing was published"),
    "import_published": (
        "{site} 的组织信息已发布为第 {version} 版",
        "{site}: directory version {version} published",
    ),
    "import_unchanged": (
        "与现行各表相同，没有发布。",
        "The same as what is in force; nothing was published.",
    ),
    "in_vain": ("未接通", "not reached"),
    "in_working_time": ("工作时间 {time}", "{time} of working time"),
    "invalid": ("命令有误", "the command is wrong"),
    "jobs": ("批量", "jobs"),
    "kind": ("种类", "kind"),
    "lag": ("积压", "lag"),
    "last_resolution": ("上次办理结果", "last result"),
    "lead": ("牵头", "leads"),
    "leading_office": ("牵头", "led by"),
    "ledger": ("台账", "ledger"),
    "level": ("上报层级", "level"),
    "links": ("关联", "linked to"),
    "log_id": ("日志编号", "in the log as"),
    "makeup_days": ("调休上班", "make-up days"),
    "marked_provisional": ("（暂定）", " (provisional)"),
    "may_pause": ("可挂起", "may be paused"),
    "more": ("还有更多，可加大 --limit", "there are more; raise --limit"),
    "moved": ("业务时间已拨到 {time}", "decision time is now {time}"),
    "moved_clocks": ("会变的期限", "deadlines that would move"),
    "name": ("名称", "name"),
    "new_due": ("新的截止", "new deadline"),
    "new_state": ("会是", "would be"),
    "next_due": ("下一时限", "next deadline"),
    "next_wake_time": ("下次提醒不晚于", "next wake-up"),
    "nobody": ("无人", "nobody"),
    "not_a_unit": (
        "未匹配到单位，按地点登记，转调度室值班长。",
        "No unit of that name: registered as a place, with the dispatch room's duty lead.",
    ),
    "not_lasting": ("修复未能持久", "did not last"),
    "not_running": ("{service} 未运行：先 make up", "{service} isn't running: `make up` first"),
    "number": ("编号", "number"),
    "occurred_time": ("提出时间", "spoken"),
    "off_while_promised": (
        "{count} 个工作日；有承诺日期时不计",
        "{count} working days; off while a promise runs",
    ),
    "on_breach": ("超期", "on breach"),
    "open_count": ("在办", "open"),
    "ordinal": ("第几日", "counted"),
    "outcome": ("结果", "outcome"),
    "outreach": ("走访联系", "contacts with units"),
    "parked": ("等待", "parked"),
    "part": ("部分", "part"),
    "paused": ("挂起", "paused"),
    "paused_until": (
        "挂起：{reason}（{words}），最迟至 {time}",
        "paused: {reason} ({words}), until {time} at the latest",
    ),
    "perhaps": ("是否指：{names}？", "Did you mean: {names}?"),
    "person": ("人员", "person"),
    "place": ("地点", "place"),
    "planned_date": ("计划完成", "planned by"),
    "policy": ("时限规则", "policy"),
    "policy_rule": ("规则", "rule"),
    "position": ("位置", "position"),
    "post": ("值守点", "post"),
    "post_gaps": ("值守点无人", "posts without anybody"),
    "preview_summary": (
        (
            "{clocks} 个时限：延后 {later}，提前 {earlier}，转为确定 {settled}，"
            "立即超期 {breaching}；既往结论不同 {flipped}"
        ),
        (
            "{clocks} clocks: {later} later, {earlier} earlier, {settled} no longer provisional, "
            "{breaching} breaching at once; {flipped} past verdicts differ"
        ),
    ),
    "progress": ("进度", "progress"),
    "promised": ("承诺日期", "promised"),
    "proposal": ("建议 id", "proposal"),
    "proposal_decided": ("已作决定", "decided"),
    "proposed_stewards": ("可任包保人员", "possible stewards"),
    "proposed_unit": ("裁定的单位", "ruled to"),
    "proposed_units": ("建议派给", "proposed units"),
    "provisional": ("暂定", "provisional"),
    "publications": ("历次发布", "publications"),
    "published": ("{what} 已发布，第 {version} 版", "{what} published, version {version}"),
    "quarantine": ("隔离区", "quarantine"),
    "quarantined": ("隔离", "quarantined"),
    "reached": ("接通", "reached"),
    "reason": ("原因", "reason"),
    "receiver": ("首接人", "receiver"),
    "recipient": ("收件人", "to"),
    "record_time": ("登记时间", "recorded"),
    "refused": ("未予办理", "refused"),
    "relay": ("已发", "relayed"),
    "reopened": ("重办", "reopened"),
    "reopened_times": ("重开 {count} 次", "reopened {count}×"),
    "repeat": (
        "可能已经办成；请加 --request-id {id} 重复同一命令。",
        "It may have been done; repeat the same command with --request-id {id}.",
    ),
    "replayed": ("已处理 {count} 条", "{count} facts applied"),
    "reporter": ("诉求人", "reporter"),
    "resolution": ("办理结果", "result"),
    "resolve_time": ("办结时间", "resolved"),
    "returned": ("退单 {count} 次：{reason}", "returned {count}×: {reason}"),
    "rewound": ("将重发 {count} 条", "{count} facts will be published again"),
    "role": ("职责", "role"),
    "roster": ("值班表", "roster"),
    "rule": ("分派依据", "assigned by"),
    "same_day": ("当日，至少 {floor}", "the same day, {floor} at least"),
    "sentence": ("事项", "what happened"),
    "service": ("服务", "service"),
    "share_of_working_time": ("工作时间的 {share}", "{share} of the working time"),
    "shielded": ("应回避", "kept away"),
    "site": ("矿", "site"),
    "slip": ("纸条号", "slip"),
    "solved_list": ("问题解决汇总清单", "list of solved problems"),
    "source": ("来源", "source"),
    "spans": ("包保跨度", "span of control"),
    "standing": ("常任", "standing holder"),
    "stands_in_for": ("代 {name}", "for {name}"),
    "state": ("状态", "state"),
    "step": ("经过", "step"),
    "steward": ("包保人员", "steward"),
    "stop": ("停止", "stopped"),
    "subject": ("对象", "subject"),
    "sum": ("合计", "sum"),
    "supporting_office": ("配合", "supported by"),
    "swapped": ("{date} {time} 的班由 {person} 值", "{person} takes the shift of {date} {time}"),
    "sweep": ("排查 id", "sweep"),
    "sweeps": ("排查", "sweeps"),
    "switched_off": ("不计", "off"),
    "table_unit": ("类别表的单位", "in the table"),
    "task": ("任务", "task"),
    "tasks": ("任务", "tasks"),
    "template": ("内容", "about"),
    "template_published": (
        "集团模板第 {version} 版，{count} 个矿随后更新",
        "template version {version}; {count} sites follow",
    ),
    "text": ("内容", "what was said"),
    "the_suite": ("系统", "the suite"),
    "time": ("时间", "time"),
    "time_zone": ("时区", "time zone"),
    "timeline": ("全程记录", "timeline"),
    "too_slow": ("{service} 未在期限内答复", "{service} did not answer in time"),
    "transferred": ("{person} 已调往 {site}", "{person} goes to {site}"),
    "unanswered_days": ("已在 {count} 天里未接通", "called in vain on {count} days"),
    "unassigned": ("未分派", "unassigned"),
    "unavailable": ("暂时无法办理", "not available"),
    "unit": ("单位", "unit"),
    "unit_not_there": (
        "此单位当时不在册，无须有人包保。",
        "The unit isn't there at that moment; nobody needs to answer for it.",
    ),
    "units": ("单位数", "units"),
    "unstamped": ("未编号", "unstamped"),
    "until": ("止", "until"),
    "urgency": ("紧急程度", "urgency"),
    "verifications": ("现场核查", "verifications"),
    "version": ("版本", "version"),
    "waited": ("各服务均已就绪", "all services know it"),
    "warned": ("已提醒", "warned"),
    "warnings": ("提醒", "warnings"),
    "words": ("情况", "words"),
    "work_order": ("工单", "work order"),
    "work_orders": ("工单", "work orders"),
    "working_days": ("{count} 个工作日", "{count} working days"),
    "working_days_before": ("提前 {count} 个工作日", "{count} working days before"),
    "working_time": (
        "工作时间 {time}，工作日 {days} 天",
        "{time} of working time, {days} working days",
    ),
    "year": ("年", "year"),
    "year_missing": (
        "{year} 年的放假安排尚未导入，相关期限为暂定。",
        "The notice for {year} has not been taken over; deadlines in it are provisional.",
    ),
}


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._index = 1 if language == EN else 0

    def __call__(self, key: str, /, **values: object) -> str:
        """Returns a label, filled in; KeyError for one that isn't in the table."""
        text = LABELS[key][self._index]
        return text.format(**values) if values else text

    def value(self, enum: EnumDescriptor, number: int) -> str:
        """Returns an enum value's word; empty for unspecified, its number when unknown."""
        if number == 0:
            return ""
        known = enum.values_by_number.get(number)
        if known is None:
            return str(number)
        pair = VALUES.get(known.name)
        return pair[self._index] if pair else known.name

    def pick(self, table: Mapping[str, tuple[str, str]], name: str) -> str:
        """Returns the word of a name from one of the tables of `vocabulary`, else the name."""
        pair = table.get(name)
        return pair[self._index] if pair else name

    def named(self, prefix: str, name: str) -> str:
        """Returns the word of a value that travels as a string without its prefix."""
        pair = VALUES.get(f"{prefix}_{name}" if prefix else name)
        return pair[self._index] if pair else name
