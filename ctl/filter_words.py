"""The Chinese words of filters: what their fields are called, and what can be wrong with one.

Fields and codes of problems are intake's; a test keeps the two together.
"""

from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import EnumDescriptor

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_pb2
from ctl.names import Kind

# The first word is the one that is shown; the others are taken, too.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "state": ("状态",),
    "outcome": ("结果",),
    "kind": ("种类", "诉求种类"),
    "channel": ("渠道",),
    "urgency": ("紧急程度",),
    "confidentiality": ("保密程度",),
    "reporter_kind": ("诉求人身份",),
    "grade": ("评价",),
    "confirmation_basis": ("确认依据",),
    "category": ("类别",),
    "unit_id": ("单位",),
    "post_id": ("值守点",),
    "steward": ("包保人员",),
    "accountable": ("当前责任人", "责任人"),
    "receiver": ("首接人",),
    "slip_number": ("纸条号", "凭条号"),
    "external_system": ("来源系统",),
    "number": ("编号",),
    "place": ("地点",),
    "level": ("层级",),
    "cycle": ("办理轮次",),
    "reopen_count": ("重新办理次数",),
    "promise_move_count": ("承诺调整次数",),
    "occurred_time": ("提出时间",),
    "record_time": ("登记时间",),
    "resolve_time": ("办结时间",),
    "close_time": ("销号时间",),
    "due_time": ("期限", "到期"),
    "overdue": ("超期",),
    "paused": ("挂起",),
    "late_entry": ("迟录", "补录"),
    "hazard": ("隐患",),
    "open": ("未销号", "在办"),
    "work_order_unit": ("工单单位", "承办单位"),
    "hand": ("经手人",),
    "text": ("内容",),
    "flag": ("标记",),
    "link": ("关联",),
    "clock": ("时限",),
    "first_reply": ("初步回复",),
    "plan": ("方案或说明", "解决方案"),
    "progress": ("进度", "进度说明"),
    "resolution": ("承诺办结",),
    "confirmation": ("确认",),
    "escalation": ("上级批示",),
}

_CLOCK: Final = sla_pb2.ClockState.DESCRIPTOR
# The enum whose words are a field's values.
CHOICES: Final[Mapping[str, EnumDescriptor]] = {
    "state": intake_pb2.CaseState.DESCRIPTOR,
    "outcome": intake_pb2.Outcome.DESCRIPTOR,
    "kind": intake_pb2.CaseKind.DESCRIPTOR,
    "channel": intake_pb2.Channel.DESCRIPTOR,
    "urgency": intake_pb2.Urgency.DESCRIPTOR,
    "confidentiality": intake_pb2.Confidentiality.DESCRIPTOR,
    "reporter_kind": intake_pb2.ReporterKind.DESCRIPTOR,
    "grade": intake_pb2.Grade.DESCRIPTOR,
    "confirmation_basis": intake_pb2.ConfirmationBasis.DESCRIPTOR,
    "flag": intake_pb2.CaseFlag.DESCRIPTOR,
    "link": intake_pb2.Relation.DESCRIPTOR,
    "clock": _CLOCK,
    "first_reply": _CLOCK,
    "plan": _CLOCK,
    "progress": _CLOCK,
    "resolution": _CLOCK,
    "confirmation": _CLOCK,
    "escalation": _CLOCK,
}
TRUTHS: Final = frozenset({"overdue", "paused", "late_entry", "hazard", "open"})
TIMES: Final = frozenset({"occurred_time", "record_time", "resolve_time", "close_time", "due_time"})
# Which names of the site's are a field's values.
NAMED: Final[Mapping[str, Kind]] = {
    "category": "categories",
    "unit_id": "units",
    "work_order_unit": "units",
    "post_id": "posts",
    "steward": "people",
    "accountable": "people",
    "receiver": "people",
    "hand": "people",
}

# By intake's codes, with the parameters of its sentences.
PROBLEMS: Final[Mapping[str, str]] = {
    "CHOICE_UNKNOWN": "“{field}”只能是：{choices}",
    "CODE_MISSING": "“{field}”后要写代码或名称；问有没有，写作“{field}:*”",
    "ESCAPE_UNKNOWN": "反斜杠 \\ 只能写在引号或另一个 \\ 之前",
    "FIELD_QUOTED": "字段名不加引号",
    "FIELD_UNKNOWN": "没有这个字段；相近的有：{near}",
    "FULL_WIDTH_SIGN": "全角符号请改用半角；若是要查找的文字，请加引号",
    "FUNCTION": "词后紧跟括号，这里没有函数；若是要查找的文字，请加引号",
    "GROUP_AS_VALUE": "这里只能写一个值，不能写括号",
    "INVISIBLE_CHARACTER": "含有控制字符或看不见的字符",
    "KEYWORD_AS_VALUE": "缺少值；AND、OR、NOT 若是要比较的文字，请加引号",
    "KEYWORD_IN_SMALL_LETTERS": "AND、OR、NOT 须大写；若是要查找的文字，请加引号",
    "MINUS_APART": "减号须紧靠它所否定的条件",
    "NO_SUCH_TIME": "没有这个日期或时刻",
    "NOTHING_LEFT": "要查找的词里没有字、字母或数字",
    "NUMBER_WANTED": "“{field}”应为整数，最多九位",
    "OPERATOR_UNFIT": "“{field}”只能用 {operators} 比较",
    "PARENTHESIS_NOT_CLOSED": "括号没有闭合",
    "PARENTHESIS_NOT_OPEN": "多了一个右括号",
    "PART_MISSING": "没有写要查找的文字",
    "QUOTES_NOT_CLOSED": "引号没有闭合",
    "SIGN_WITHOUT_QUOTES": "含有这个符号的文字须加引号",
    "SPACE_MISSING": "这里缺一个空格",
    "STAR_MISPLACED": "星号只能写在“字段:”之后",
    "TERM_MISSING": "这里缺少一个条件",
    "TEXT_ALWAYS_THERE": "每件诉求都有内容；请写要查找的词",
    "TIME_OUT_OF_RANGE": "时间须在 1970-01-01 到 9998-12-31 之间",
    "TIME_WANTED": "时间应写作日期，如 2026-11-22，或带时区的时刻",
    "TOO_DEEP": "括号最多 {most} 层",
    "TOO_LONG": "筛选条件最多 {most} 个字符",
    "TOO_MANY_COMPARISONS": "最多 {most} 个条件",
    "TRUTH_ALWAYS_THERE": "“{field}”只有是和否；请写“{field} = 是”",
    "VALUE_MISSING": "缺少值",
    "VALUE_TOO_LONG": "一个值最多 {most} 个字符",
    "WORDS_MISSING": "没有写要查找的词",
}
NOTHING_NEAR: Final = "没有这个字段；若是要查找的文字，请加引号"

# How intake heads its list of fields where a name is none's.
HEADINGS: Final[Mapping[str, str]] = {
    "one of a list": "取值固定的字段",
    "codes": "代码或名称",
    "texts of which a part may be asked": "文字，可查其中一部分",
    "numbers": "整数",
    "times": "时间",
    "true or false": "是或否",
    "several of a list": "取值固定，可有几个",
    "clocks of this cycle": "本轮的时限",
    "several codes": "代码或名称，可有几个",
    "words": "要查找的词",
}
