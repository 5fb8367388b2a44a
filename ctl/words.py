"""The words people read: every label and every enum value, in Chinese and in English.

One table, so that a term is the same in every listing, and a test can tell that none is missing.
"""

from collections.abc import Mapping

from google.protobuf.descriptor import EnumDescriptor

ZH, EN = "zh", "en"

# Enum values by their name in the protos.
VALUES: dict[str, tuple[str, str]] = {
    "CHANNEL_PHONE": ("电话", "telephone"),
    "CHANNEL_SITE_VISIT": ("现场走访", "site visit"),
    "CHANNEL_MEETING": ("座谈", "meeting"),
    "CHANNEL_DESK": ("值守点", "desk"),
    "CHANNEL_WINDOW": ("固定窗口", "window"),
    "CHANNEL_SLIP": ("纸条", "slip"),
    "CHANNEL_SYSTEM": ("其他系统", "other system"),
    "CHANNEL_SELF_SERVICE": ("自助", "self service"),
    "CASE_KIND_GRIEVANCE": ("急难愁盼", "grievance"),
    "CASE_KIND_REQUEST": ("诉求", "request"),
    "CASE_KIND_SUGGESTION": ("合理化建议", "suggestion"),
    "CASE_KIND_INQUIRY": ("咨询", "inquiry"),
    "REPORTER_KIND_EMPLOYEE": ("职工", "employee"),
    "REPORTER_KIND_JOINT_TEAM": ("联建队组职工", "joint-team worker"),
    "REPORTER_KIND_CONTRACTOR": ("外委人员", "contractor"),
    "REPORTER_KIND_FAMILY": ("家属", "family"),
    "REPORTER_KIND_OUTSIDER": ("外部人员", "outsider"),
    "CONFIDENTIALITY_NAMED": ("实名", "named"),
    "CONFIDENTIALITY_CONFIDENTIAL": ("保密", "confidential"),
    "CONFIDENTIALITY_ANONYMOUS": ("匿名", "anonymous"),
    "URGENCY_NORMAL": ("一般", "normal"),
    "URGENCY_URGENT": ("紧急", "urgent"),
    "CASE_STATE_REGISTERED": ("已登记", "registered"),
    "CASE_STATE_ASSIGNED": ("已分派", "assigned"),
    "CASE_STATE_IN_PROGRESS": ("办理中", "in progress"),
    "CASE_STATE_RESOLVED": ("待确认", "resolved"),
    "CASE_STATE_CLOSED": ("已销号", "closed"),
    "OUTCOME_SOLVED": ("已解决", "solved"),
    "OUTCOME_EXPLAINED": ("已说明", "explained"),
    "OUTCOME_EXPLAINED_NOT_ACCEPTED": ("说明未获认可", "explained, not accepted"),
    "OUTCOME_UNCONFIRMED": ("未能确认", "unconfirmed"),
    "OUTCOME_REFERRED": ("已移交", "referred"),
    "OUTCOME_DUPLICATE": ("重复", "duplicate"),
    "OUTCOME_WITHDRAWN": ("已撤回", "withdrawn"),
    "ANSWER_KIND_FIRST_REPLY": ("初步回复", "first reply"),
    "ANSWER_KIND_PLAN": ("解决方案", "plan"),
    "ANSWER_KIND_PROGRESS": ("进度说明", "progress note"),
    "FEEDBACK_WAY_TOLD": ("当面或电话告知", "told"),
    "FEEDBACK_WAY_LEFT": ("留言", "message left"),
    "FEEDBACK_WAY_POSTED": ("凭证页公示", "posted"),
    "FEEDBACK_WAY_ATTEMPT": ("联系未果", "attempt"),
    "GRADE_SATISFIED": ("满意", "satisfied"),
    "GRADE_MOSTLY_SATISFIED": ("基本满意", "mostly satisfied"),
    "GRADE_DISSATISFIED": ("不满意", "dissatisfied"),
    "CONFIRMATION_BASIS_REPORTER": ("本人账号", "the reporter's account"),
    "CONFIRMATION_BASIS_CODE": ("凭证号", "receipt code"),
    "CONFIRMATION_BASIS_CALLBACK": ("回访", "callback"),
    "CONFIRMATION_BASIS_REPORTED": ("代为转达", "reported"),
    "RELATION_FOUND_BY_SWEEP": ("举一反三", "found by sweep"),
    "RELATION_RELATED": ("相关", "related"),
    "UNIT_KIND_DEPARTMENT": ("科室", "department"),
    "UNIT_KIND_WORKSHOP": ("车间", "workshop"),
    "UNIT_KIND_TEAM": ("队组", "team"),
    "UNIT_KIND_JOINT_TEAM": ("联建队组", "joint team"),
    "RESPONSIBILITY_ROLE_STEWARD": ("包保人员", "steward"),
    "RESPONSIBILITY_ROLE_INSTRUCTOR": ("指导员", "instructor"),
    "RESPONSIBILITY_ROLE_TECHNICIAN": ("技术员", "technician"),
    "RESPONSIBILITY_ROLE_HEAD": ("负责人", "head"),
    "ASSIGNMENT_RULE_RESPONSIBILITY": ("包保分工", "responsibility matrix"),
    "ASSIGNMENT_RULE_DUTY_LEAD": ("值班长", "duty lead"),
    "ASSIGNMENT_RULE_QUEUE": ("调度室待领", "dispatch-room queue"),
    "ASSIGNMENT_RULE_MANUAL": ("人工指定", "by hand"),
    "ASSIGNMENT_RULE_HANDOVER": ("分工变更移交", "handover"),
    "WORK_ORDER_STATE_DISPATCHED": ("已派单", "dispatched"),
    "WORK_ORDER_STATE_ACCEPTED": ("已接单", "accepted"),
    "WORK_ORDER_STATE_COMPLETED": ("已完成", "completed"),
    "INSTRUCTION_KIND_TAKE_OVER": ("接管", "take over"),
    "INSTRUCTION_KIND_ORDER": ("批办", "order"),
    "INSTRUCTION_KIND_CANNOT_BE_DONE": ("不予办理", "cannot be done"),
    "CLOCK_KIND_FIRST_REPLY": ("初步回复", "first reply"),
    "CLOCK_KIND_PLAN": ("方案或说明", "plan"),
    "CLOCK_KIND_PROGRESS": ("进度", "progress"),
    "CLOCK_KIND_RESOLUTION": ("承诺办结", "resolution"),
    "CLOCK_KIND_WORK_ORDER": ("工单", "work order"),
    "CLOCK_KIND_CONFIRMATION": ("确认", "confirmation"),
    "CLOCK_KIND_ESCALATION": ("上级批示", "escalation"),
    "CLOCK_KIND_REMINDER": ("提醒", "reminder"),
    "CLOCK_STATE_RUNNING": ("计时中", "running"),
    "CLOCK_STATE_BREACHED": ("已超期", "breached"),
    "CLOCK_STATE_MET": ("按时", "met"),
    "CLOCK_STATE_MET_LATE": ("逾期完成", "met late"),
    "CLOCK_STATE_CANCELLED": ("取消", "cancelled"),
    "DELIVERY_CHANNEL_PHONE": ("短信", "short message"),
    "DELIVERY_CHANNEL_EMAIL": ("邮件", "e-mail"),
    "DELIVERY_CHANNEL_PAPER": ("纸质", "paper"),
    "DELIVERY_STATE_PLANNED": ("待发", "planned"),
    "DELIVERY_STATE_SENDING": ("发送中", "sending"),
    "DELIVERY_STATE_SENT": ("已发", "sent"),
    "DELIVERY_STATE_FAILED": ("失败", "failed"),
    "DELIVERY_STATE_UNKNOWN": ("不明", "unknown"),
    "QUARANTINE_REASON_FAILED": ("处理五次失败", "failed five times"),
    "QUARANTINE_REASON_FORK": ("同址异文", "fork"),
    "QUARANTINE_REASON_UNREADABLE": ("无法读取", "unreadable"),
    "QUARANTINE_REASON_UNKNOWN_TYPE": ("类型不识", "unknown type"),
    "QUARANTINE_REASON_DEAD_LETTERED": ("多次投递未果", "dead-lettered"),
}

LABELS: dict[str, tuple[str, str]] = {
    "accountable": ("当前责任人", "accountable"),
    "actor": ("经办", "by"),
    "all_covered": ("全部覆盖，无空白", "everything is covered"),
    "answers": ("答复", "answers"),
    "basis": ("确认依据", "confirmed by"),
    "basis_document": ("依据", "basis"),
    "breaches": ("超期", "breaches"),
    "case": ("诉求", "case"),
    "category": ("类别", "category"),
    "channel": ("渠道", "channel"),
    "check": ("检查", "check"),
    "colon": ("：", ": "),
    "clean": ("{count} 项检查，未发现问题", "{count} checks, nothing found"),
    "clocks": ("时限", "clocks"),
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
    "contacts_stored": ("已存 {count} 人的联系方式", "contacts of {count} people stored"),
    "coverage": ("包保覆盖", "coverage"),
    "cut_off": (
        "与 {service} 的连接中断，没有收到答复",
        "the connection to {service} broke before it answered",
    ),
    "cycle": ("轮次", "cycle"),
    "deadline": ("期限", "deadline"),
    "decision_time": ("业务时间", "decision time"),
    "deliveries": ("通知", "messages"),
    "detail": ("说明", "detail"),
    "due": ("截止", "due"),
    "dropped": ("已放弃 {id}", "{id} dropped"),
    "fact_type": ("类型", "type"),
    "fault": ("系统内部错误", "fault of the suite"),
    "fed_back": ("已反馈", "fed back"),
    "feed": ("末位", "feed"),
    "field": ("字段", "field"),
    "findings": ("核查内容", "findings"),
    "findings_found": ("{count} 处问题", "{count} findings"),
    "first_reply_owed_by": ("初步回复责任人", "owes the first reply"),
    "flow": ("事实流", "flow of facts"),
    "from": ("起", "from"),
    "gaps": ("空白", "gaps"),
    "grade": ("评价", "grade"),
    "grace": ("工单宽限", "grace after the work order"),
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
    "more": ("还有更多，可加大 --limit", "there are more; raise --limit"),
    "moved": ("业务时间已拨到 {time}", "decision time is now {time}"),
    "name": ("名称", "name"),
    "next_due": ("下一时限", "next deadline"),
    "next_wake_time": ("下次提醒不晚于", "next wake-up"),
    "nobody": ("无人", "nobody"),
    "not_a_unit": (
        "未匹配到单位，按地点登记，转调度室值班长。",
        "No unit of that name: registered as a place, with the dispatch room's duty lead.",
    ),
    "not_running": ("{service} 未运行：先 make up", "{service} isn't running: `make up` first"),
    "number": ("编号", "number"),
    "occurred_time": ("提出时间", "spoken"),
    "outcome": ("结果", "outcome"),
    "parked": ("等待", "parked"),
    "place": ("地点", "place"),
    "perhaps": ("是否指：{names}？", "Did you mean: {names}?"),
    "position": ("位置", "position"),
    "post": ("值守点", "post"),
    "promised": ("承诺日期", "promised"),
    "provisional": ("暂定", "provisional"),
    "published": ("{what} 已发布，第 {version} 版", "{what} published, version {version}"),
    "quarantine": ("隔离区", "quarantine"),
    "quarantined": ("隔离", "quarantined"),
    "reason": ("原因", "reason"),
    "receiver": ("首接人", "receiver"),
    "recipient": ("收件人", "to"),
    "record_time": ("登记时间", "recorded"),
    "refused": ("未予办理", "refused"),
    "relay": ("已发", "relayed"),
    "reopened": ("重办", "reopened"),
    "repeat": (
        "可能已经办成；请加 --request-id {id} 重复同一命令。",
        "It may have been done; repeat the same command with --request-id {id}.",
    ),
    "replayed": ("已处理 {count} 条", "{count} facts applied"),
    "reporter": ("诉求人", "reporter"),
    "resolution": ("办理结果", "result"),
    "resolve_time": ("办结时间", "resolved"),
    "rewound": ("将重发 {count} 条", "{count} facts will be published again"),
    "role": ("职责", "role"),
    "roster": ("值班表", "roster"),
    "rule": ("分派依据", "assigned by"),
    "sentence": ("事项", "what happened"),
    "service": ("服务", "service"),
    "site": ("矿", "site"),
    "slip": ("纸条号", "slip"),
    "solved_list": ("问题解决汇总清单", "list of solved problems"),
    "source": ("来源", "source"),
    "the_suite": ("系统", "the suite"),
    "standing": ("常任", "standing holder"),
    "state": ("状态", "state"),
    "steward": ("包保人员", "steward"),
    "stop": ("停止", "stopped"),
    "subject": ("对象", "subject"),
    "supporting_office": ("配合", "supported by"),
    "task": ("任务", "task"),
    "template": ("内容", "about"),
    "text": ("内容", "what was said"),
    "time": ("时间", "time"),
    "timeline": ("全程记录", "timeline"),
    "too_slow": ("{service} 未在期限内答复", "{service} did not answer in time"),
    "unavailable": ("暂时无法办理", "not available"),
    "unit": ("单位", "unit"),
    "unstamped": ("未编号", "unstamped"),
    "until": ("止", "until"),
    "urgency": ("紧急程度", "urgency"),
    "verifications": ("现场核查", "verifications"),
    "version": ("版本", "version"),
    "warned": ("已提醒", "warned"),
    "waited": ("各服务均已就绪", "all services know it"),
    "work_order": ("工单", "work order"),
    "work_orders": ("工单", "work orders"),
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
        pair = VALUES.get(f"{prefix}_{name}")
        return pair[self._index] if pair else name
