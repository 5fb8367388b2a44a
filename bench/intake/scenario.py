"""A mine with many cases: made by the database itself, since registering each would take hours.

Texts are put together from places, troubles and particulars, so that some words stand in a third of
the cases, some in a few, and one in 20 of them all. One case in 33 is open, or 600 where that is
more: a page of them is full among few cases, too. One in 80 is a hazard. Nobody here exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.intake.domain.grams import grams, normalise

SITE: Final = "yuwu"
# Stands in every 3rd case, in every 40th, in every 5,000th.
COMMON: Final = "浴室"
COMMON_LONG: Final = "长期没有"
RARE: Final = "蝙蝠"
RARE_LONG: Final = "蝙蝠飞进"

_PLACES: Final = (
    "南风井浴室", "北风井食堂", "联建楼浴室", "三号宿舍楼", "矿部停车场", "副井口候车室",
    "浴室更衣间", "西翼皮带巷", "选煤厂车间", "职工活动中心", "井下等候硐室", "通勤班车站",
    "新区食堂", "维修车间", "充电柜房",
)  # fmt: skip
_TROUBLES: Final = (
    "淋浴头损坏一直漏水", "热水供应时间太短", "饭菜偏凉分量不足", "灯管不亮走廊很黑",
    "班车晚点半小时以上",
    "考勤机识别不了人脸", "洗衣机排队时间太长", "更衣柜门锁坏了关不上", "空调不制冷夜里睡不着",
    "路面坑洼雨天积水", "劳保手套发放不及时", "工资条项目看不明白", "饮水机滤芯很久没换",
    "网络信号差打不通电话", "垃圾桶满了没人清理", "加班餐没有素菜", "请假审批流程太慢",
)  # fmt: skip
_PARTICULARS: Final = (
    "已经反映过两次", "夜班人员意见较大", "希望尽快安排人修", "上周末开始出现",
    "影响正常休息", "请给个准信",
    "三班都有人遇到", "和去年一样的情况", "班组长说要等配件", "有安全隐患", "大家都在问",
)  # fmt: skip
_CATEGORIES: Final = (
    "BATHING", "CATERING", "HOUSING", "TRANSPORT", "PAY", "GEAR", "SAFETY", "OTHER"
)  # fmt: skip
UNITS: Final = 40
PEOPLE: Final = 120


@dataclass(frozen=True, slots=True)
class Sizes:
    """Cases of the small and of the large database, and calls that are timed of each kind."""

    small: int
    large: int
    calls: int


LONG: Final = Sizes(1_000, 100_000, 300)
SHORT: Final = Sizes(1_000, 2_000, 20)

_COPIED: Final = (
    "case_id", "site_id", "number", "state", "kind", "category", "channel", "post_id", "place",
    "unit_id", "text", "urgency", "reporter_kind", "confidentiality", "occurred_time",
    "record_time", "receiver", "slip_number", "steward", "accepted", "accountable", "level",
    "next_wake_time", "cycle", "cycle_start_time", "resolution", "proposed_outcome", "outcome",
    "grade", "basis", "confirmed", "resolve_time", "close_time", "due_time",
)  # fmt: skip

# What a directory published would leave: $1 is the site.
_DIRECTORY: Final = (
    "INSERT INTO sites VALUES ($1, '样例矿', 'YW', 'Asia/Shanghai', 1)",
    """
    INSERT INTO units (site_id, unit_id, name, kind, parent_id)
    SELECT $1, 'u' || n, '样例' || n || '队', 'TEAM',
        CASE WHEN n % 8 = 0 THEN '' ELSE 'u' || n / 8 * 8 END
    FROM generate_series(0, 39) AS n
    """,
    """
    INSERT INTO people (site_id, person_id, name, unit_id)
    SELECT $1, 'p' || n, '样例' || n, 'u' || n % 40
    FROM generate_series(0, 119) AS n
    """,
)
_HANGING: Final = (
    # Of the foundation: the version of each.
    "INSERT INTO subjects (subject_id, site_id, version) SELECT case_id, site_id, 6 FROM cases",
    """
    INSERT INTO receipt_codes (site_id, case_id, code_hash)
    SELECT site_id, case_id, sha256(case_id::bytea) FROM cases
    """,
    """
    INSERT INTO answers (
        case_id, answer_id, site_id, version, cycle, kind, text, promised_date, answer_time,
        answered_by, fed_back_time
    )
    SELECT
        case_id, 'a-' || owed, site_id, CASE owed WHEN 'PLAN' THEN 3 ELSE 2 END, 1, owed,
        '已安排人员到现场查看，三日内答复处理办法',
        CASE owed WHEN 'PLAN' THEN (record_time + interval '5 days')::date END,
        record_time + interval '3 hours', steward, record_time + interval '4 hours'
    FROM cases, unnest(ARRAY['FIRST_REPLY', 'PLAN']) AS owed
    WHERE state IN ('IN_PROGRESS', 'RESOLVED', 'CLOSED')
    """,
    """
    INSERT INTO feedbacks (
        case_id, version, site_id, answer_id, cycle, way, feedback_time, note, recorded_by
    )
    SELECT case_id, 4, site_id, '', 1, 'TOLD', resolve_time, '', steward
    FROM cases WHERE state IN ('RESOLVED', 'CLOSED')
    """,
    # A third of the open cases that have a plan is late with it.
    """
    INSERT INTO clocks (
        case_id, clock_id, site_id, kind, cycle, reference, start_time, due_time, state,
        provisional, breached
    )
    SELECT
        case_id, 'c-' || owed, site_id, owed, 1, '', record_time,
        CASE
            WHEN owed = 'PLAN' AND due_time IS NOT NULL THEN due_time
            ELSE record_time + interval '1 day'
        END,
        CASE
            WHEN owed = 'PLAN' AND due_time IS NOT NULL THEN 'RUNNING'
            WHEN owed = 'PLAN' AND state = 'IN_PROGRESS' THEN 'BREACHED'
            ELSE 'MET'
        END,
        false, owed = 'PLAN' AND state = 'IN_PROGRESS' AND due_time IS NULL
    FROM cases, unnest(ARRAY['FIRST_REPLY', 'PLAN', 'RESOLUTION']) AS owed
    """,
    """
    INSERT INTO flags (case_id, flag, site_id, reason, leader, flagged_by, flag_time)
    SELECT case_id, 'HAZARD', site_id, '有安全隐患', '', receiver, record_time
    FROM (SELECT *, row_number() OVER (ORDER BY case_id) AS n FROM cases) AS numbered
    WHERE n % 80 = 0
    """,
    """
    INSERT INTO work_orders (
        case_id, work_order_id, site_id, unit_id, lead, task, deadline_time, dispatch_time, state
    )
    SELECT
        case_id, 'w-' || case_id, site_id, unit_id, true, '到现场修复并拍照',
        record_time + interval '3 days', record_time + interval '5 hours',
        CASE WHEN state = 'IN_PROGRESS' THEN 'ACCEPTED' ELSE 'COMPLETED' END
    FROM cases WHERE state IN ('IN_PROGRESS', 'RESOLVED', 'CLOSED')
    """,
    """
    INSERT INTO links (case_id, linked_case_id, relation, site_id)
    SELECT later.case_id, earlier.case_id, 'RECURRENCE_OF', later.site_id
    FROM (
        SELECT case_id, site_id, row_number() OVER (ORDER BY case_id) AS n FROM cases
    ) AS later
    JOIN (
        SELECT case_id, row_number() OVER (ORDER BY case_id) AS n FROM cases
    ) AS earlier ON earlier.n = later.n - 7
    WHERE later.n % 20 = 0
    """,
    """
    INSERT INTO case_hands (case_id, person, site_id)
    SELECT case_id, receiver, site_id FROM cases
    UNION
    SELECT case_id, steward, site_id FROM cases WHERE steward <> ''
    """,
)


def text_of(number: int) -> str:
    """What the case of a number is about."""
    parts = [
        _PLACES[number * 7 % len(_PLACES)] + _TROUBLES[number * 11 % len(_TROUBLES)],
        _PARTICULARS[number * 13 % len(_PARTICULARS)],
        f"{number % 977}号",
    ]
    if number % 40 == 7:
        parts.append("长期没有答复")
    if number % 5_000 == 99 or number == 77:
        parts.append("有蝙蝠飞进来")
    return "，".join(parts) + "。"


def case_row(number: int, count: int, now: datetime) -> tuple[Any, ...]:
    """The case of a number: the newest has the highest; the last of `count` are open."""
    age = (count - number) * (365 * 86_400 / count)
    came = datetime.fromtimestamp(now.timestamp() - age - 60, UTC)
    open_count = max(count // 33, 600)
    newest = count - number
    # Open ones stand among the newest, every third of them where there are so many.
    every = min(3, count // open_count)
    is_open = newest <= every * open_count and newest % every == 0
    turn = number // 3 % 10
    state = (
        ("REGISTERED" if turn == 0 else "RESOLVED" if turn in (1, 2) else "IN_PROGRESS")
        if is_open
        else "CLOSED"
    )
    steward = "" if state == "REGISTERED" else f"p{(number + number // PEOPLE) * 17 % PEOPLE}"
    level = number // 30 % 4 if is_open and turn == 3 else 0
    accountable = steward or "position:DISPATCH_ROOM"
    later = datetime.fromtimestamp(came.timestamp() + 4 * 86_400, UTC)
    due = datetime.fromtimestamp(now.timestamp() + (number % 200 - 3) * 3_600, UTC)
    runs = is_open and state == "IN_PROGRESS" and turn not in (3, 4)
    text, place = text_of(number), _PLACES[number * 7 % len(_PLACES)]
    done = state in ("RESOLVED", "CLOSED")
    return (
        f"01930000-0000-7000-8000-{number:012x}", SITE, f"YW-{came:%Y%m%d}-{number:06}", state,
        ("REQUEST", "GRIEVANCE", "SUGGESTION")[number % 3], _CATEGORIES[number * 5 % 8],
        ("DESK", "PHONE", "SLIP")[number % 3], "", place, f"u{number * 3 % UNITS}", text, "NORMAL",
        "EMPLOYEE", "NAMED", came, came, f"p{number % 6}", "", steward, bool(steward), accountable,
        level, now if is_open else None, 1, came, "已处理" if done else "",
        "SOLVED" if done else "", "" if is_open else "SOLVED", "" if is_open else "SATISFIED",
        "" if is_open else "REPORTER", not is_open, later if done else None,
        None if is_open else later, due if runs else None,
    )  # fmt: skip


def words_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the case of a row is searched by."""
    case = dict(zip(_COPIED, row, strict=True))
    searched = f"{case['text']}{case['place']}"
    return case["case_id"], case["site_id"], normalise(searched), grams(searched)


async def fill(connection: Any, count: int, now: datetime) -> None:
    """Writes the site and its cases, as whoever owns the tables; analyses them.

    What autovacuum would do in a while is done at once: GIN's pending pieces go into the index.
    """
    for statement in _DIRECTORY:
        await connection.execute(statement, SITE)
    rows = [case_row(number, count, now) for number in range(count)]
    await connection.copy_records_to_table("cases", records=rows, columns=_COPIED)
    words = (words_row(row) for row in rows)
    await connection.copy_records_to_table("case_words", records=words)
    for statement in _HANGING:
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE")
