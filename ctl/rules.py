"""What is wrong with a field, in Chinese: the suite describes its fields' rules in English."""

import re
from typing import Final

# In order: the first that fits the whole text is taken.
_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"must be at least 1 characters?", "不能为空"),
        (r"must be at least (\d+) characters?", "至少 {} 个字符"),
        (r"must be at most (\d+) characters?", "最多 {} 个字符"),
        (r"must be (\d+) characters?", "应为 {} 个字符"),
        (r"value is required", "必须填写"),
        (r"value is empty, which is not a valid UUID", "不能为空"),
        (r"must be a valid UUID", "不是有效的 id（UUID）"),
        (r"does not match regex pattern `\^\[A-Za-z0-9-\]\*\$`", "只能用字母、数字和连字符"),
        (r"does not match regex pattern `\^\(?\[0-9\]\{16\}\)?\??\$`", "应为 16 位数字"),
        (r"does not match regex pattern `(.*)`", "格式不对，应符合 {}"),
        (r"must not be in list \[0\]", "必须指明"),
        (r"value must be one of the defined enum values", "不是可选的值"),
        (r"must (?:not )?be in list \[.*\]", "不是可选的值"),
        (r"must contain no more than (\d+) item\(s\)", "最多 {} 项"),
        (r"must contain at least (\d+) item\(s\)", "至少 {} 项"),
        (r"exactly one field is required in oneof", "必须且只能写其中一项"),
        (
            r"must be greater than or equal to (\S+) and less than or equal to (\S+)",
            "应在 {} 到 {} 之间",
        ),
        (r"must be greater than or equal to (\S+)", "不能小于 {}"),
        (r"must be less than or equal to (\S+)", "不能大于 {}"),
        (r"must be greater than (\S+)", "应大于 {}"),
        (r"must be less than (\S+)", "应小于 {}"),
        (r"must not be negative", "不能为负"),
        # Rules of the suite's own.
        (r"one of place, post_id, unit_id is needed", "地点、值守点、单位至少写一项"),
        (
            r"a plan, and only a plan, has a promised_date",
            "解决方案须有承诺日期，其他答复不能有",
        ),
        (r"must not hold control characters", "含有控制字符"),
        (r"must not be blank", "不能只有空格"),
        (r"must not be before the appeal itself", "不能早于诉求提出之时"),
        (r"must be within five years", "须在五年之内"),
        (r"more than ten years away", "不能超过十年"),
        (r"before the dispatch", "不能早于派单"),
        (r"smaller than the present offset", "业务时间只能往前拨"),
        (r"must be later than the present deadline", "须晚于现在的期限"),
        (r"a task that is upheld stays with its unit", "维持的工单仍由原单位办理"),
        (
            r"only a LONG_STANDING case that is marked has a leader",
            "只有标为疑难积案的诉求才有包案领导",
        ),
        (r"a reporter's own account has none", "本人登记的不用写"),
        (r"a reporter's own account speaks for itself", "本人登记的不能由他人代办"),
        (r'must be one of (.*), with or without " desc"', "应为 {} 之一，可加 desc"),
        (r"must hold a letter or digit", "至少有一个字或数字"),
        (r"can only go from NAMED to CONFIDENTIAL", "只能由实名改为保密"),
        (r"is the one who goes", "不能是交班人自己"),
        (r"only a long-standing case has a leader", "疑难积案才有包案领导"),
        (r"only a reporter who was reached has a grade", "接通了才有评价"),
        (r"another rule has this name", "另一条规则已用此名"),
        (
            r"another rule sets it for some of the same cases, and neither is narrower",
            "另一条规则也对其中部分诉求作了规定，且互不从属",
        ),
        (r"can't be counted so", "不能这样计算"),
        (r"can't be paused", "不能挂起"),
        (r"can't be switched off", "不能关闭"),
        (r"can't have this consequence", "超时不能有此后果"),
        (r"contradicts (\S+)", "与 {} 矛盾"),
        (r"has no last day whose hour could be chosen", "没有可以选择钟点的最后一日"),
        (r"is in this rule before", "在本规则里已经写过"),
        (r"would warn before it starts", "提醒会早于起算"),
        (r"must be whole minutes from 00:00 to 24:00", "须为 00:00 到 24:00 的整分钟"),
        (r"must be within (\d+) days", "须在 {} 天之内"),
        (r"must be within (\d+) years", "须在 {} 年之内"),
        (r"must be in the years (\d+) to (\d+)", "须在 {} 年到 {} 年之间"),
        (r"must not be before start_(?:time|date)", "不能早于起始"),
        (r"must not be before what it follows, (\S+)", "不能早于此前的事项（{}）"),
        (r"a (?:time|day) outside the years (\d+) to (\d+)", "须在 {} 年到 {} 年之间"),
        (r"no such time of day", "没有这个钟点"),
        (r"a version or an instant, not both", "版本和时刻只能写其中一项"),
        (r"a (?:shift|window) can't start at 24:00", "不能从 24:00 开始"),
        (r"exactly one of post_id and position_id is set", "值守点和岗位须且只能写其中一项"),
        (r"exactly one of unit_id and unit_ids is set", "一个单位和多个单位须且只能写其中一项"),
        (r"the one who has the shift already", "本来就是该班次的值班人"),
        (r"the person who is away", "不能是请假人本人"),
        (r"either this, or working_days", "期限和工作日数只能写其中一项"),
        (r"comes with an order only", "只有责令办理时才能写"),
        (r"is required with a deadline", "写了期限就须写明单位"),
        (r"is required with a unit", "写了单位就须写明期限"),
        (
            r"a joint meeting follows the second return, and has a call of its own",
            "联席会议在第二次退单之后另行召开，不由裁定决定",
        ),
        (r"the leading unit takes part in the meeting", "牵头单位须参加联席会议"),
        (r"say why not", "不同意的须说明理由"),
        (r"before it was opened again", "不能早于重开工单之时"),
        (r"is required with PLANNED, and only then", "列入计划的须写，其他结果不能写"),
        (r"the category (\S+) is no longer in the table", "类别 {} 已不在类别表中"),
        (r"is nobody of the site's directory", "不是本矿的人员"),
        (r"(\S+) is nobody of the site's directory", "{} 不是本矿的人员"),
        (r"(\S+) may not have the case in hand", "{} 应当回避本诉求"),
        (r"(.*) ?has neither letters nor digits", "{}没有字或数字"),
        (r"(.*) is too long", "{}太长"),
        (r"(.*) is in its category twice", "{}在该类别里重复"),
        (r"(.*) is none of the site's", "{}不是本矿的类别"),
        (r"(.*) must be from -10 to 10", "{}分量应在 -10 到 10 之间"),
        (r"is one too many", "太多了"),
        (r"must be two at least", "一组至少两个词"),
        (r"are too many", "一组词太多"),
        (r"have one without letters and digits", "组里有空词"),
        (r"have one that is too long", "组里有词太长"),
        (r"(.*) have one that is in a group before", "{}已在另一组里"),
        (r"may not have the case in hand", "应当回避本诉求"),
        (r"24:00 is no time to start at", "不能从 24:00 开始"),
        (r"a duration out of range", "时长超出范围"),
        (r"hours have both a start and an end", "起止时刻都要写"),
        (r"leads farther than days can be counted", "超出可以计算的日期"),
        (r"must be the site that is asked about", "须是所查询的矿"),
        (r"must not be after end_time", "不能晚于截止"),
        (
            r"must not be before the one before it, nor before start_time",
            "不能早于前一个时刻，也不能早于起始",
        ),
        (r"no such day", "没有这一天"),
        (r"says nothing", "没有写内容"),
    )
)


def in_chinese(description: str) -> str:
    """Returns the Chinese words of a rule's text; the text itself when it isn't a known one."""
    for pattern, words in _RULES:
        match = pattern.fullmatch(description.strip().removesuffix("."))
        if match is not None:
            return words.format(*match.groups())
    return description
