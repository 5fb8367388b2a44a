"""What every measure means: the one table that RPCs, reports and docs/measures.md are made of.

A period is one of local days of the site, from 00:00 of the first to 24:00 of the last. Nothing is
counted twice by being looked at twice, and what has not come to its end isn't judged: a clock is
counted in the period in which it fell due, and only once that has passed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from chassis.errors import ENGLISH


class Unit(StrEnum):
    """In what a measure is told."""

    SHARE = "%"
    HOURS = "h"
    DAYS = "d"
    COUNT = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """A title, and of what it is made; the denominator is empty for what isn't a share."""

    title: str
    numerator: str
    denominator: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """One measure. Measures of a `family` add up, or share their cases."""

    measure: str
    unit: Unit
    family: str
    zh: Wording
    en: Wording

    def wording(self, language: str) -> Wording:
        """Returns the words in ENGLISH, and in Chinese for any other language."""
        return self.en if language == ENGLISH else self.zh


_CLOCKS = (
    ("FIRST_REPLY", "初步回复", "first reply"),
    ("PLAN", "解决方案", "plan"),
    ("PROGRESS", "进度说明", "progress note"),
    ("RESOLUTION", "承诺办结", "promised resolution"),
    ("WORK_ORDER", "工单", "work order"),
    ("CONFIRMATION", "诉求人确认", "reporter's word"),
)
_STAGES = (
    (
        "FIRST_REPLY",
        "首次反馈",
        "first reply",
        "诉求首次反馈到诉求人",
        "the reporter was first told",
    ),
    ("PLAN", "方案反馈", "plan", "解决方案首次反馈", "a plan was first fed back"),
    ("RESOLUTION", "办结", "resolution", "办结", "it was resolved"),
    ("CLOSE", "销号", "close-out", "销号", "it was struck off"),
)
_BANDS = (
    ("0_3", "0–3 天", "0–3 days"),
    ("4_7", "4–7 天", "4–7 days"),
    ("8_15", "8–15 天", "8–15 days"),
    ("16_30", "16–30 天", "16–30 days"),
    ("OVER_30", "超过 30 天", "over 30 days"),
)
_TOP_LEVEL = 5

_CAME = "期内提出的诉求（按发生时间）"
_CAME_EN = "cases raised in the period (by occurred_time)"
_ENDED = "期内办结的诉求（未办结即销号的按销号时间），不含重复、撤回"
_ENDED_EN = (
    "cases resolved in the period (those struck off without a resolution: closed in it), without"
    " duplicates and withdrawn ones"
)


def _rates() -> Iterator[Definition]:
    yield Definition(
        "RESPONSE_RATE",
        Unit.SHARE,
        "FIRST_REPLY",
        Wording(
            "回复率",
            "其中在期限前已反馈到诉求人的",
            "期内到期的首次回复期限（每轮各计一次，已免责的仍计入）",
        ),
        Wording(
            "Response rate",
            "those fed back to the reporter before the deadline",
            "first replies that fell due in the period (one for each cycle; excused ones included)",
        ),
    )
    yield Definition(
        "RESOLUTION_RATE",
        Unit.SHARE,
        "RESOLUTION_RATE",
        Wording(
            "解决率",
            "其中以“已解决”办结并经有效确认的",
            f"{_ENDED}，也不含以“解释说明”结束的建议",
        ),
        Wording(
            "Resolution rate",
            "those solved, with a confirmation that counts",
            f"{_ENDED_EN}, and without suggestions that were declined with an explanation",
        ),
    )
    yield Definition(
        "ANSWERED_SHARE",
        Unit.SHARE,
        "SATISFACTION",
        Wording("评价率", "其中诉求人作出有效评价的（复核后仍不接受的视为已评价）", _ENDED),
        Wording(
            "Share that answered",
            "those whose reporter gave a grade that counts (not accepted after a review is an"
            " answer)",
            _ENDED_EN,
        ),
    )
    for name, zh, en, more_zh, more_en in (
        ("SATISFIED_SHARE", "满意", "Satisfied", "", ""),
        ("MOSTLY_SATISFIED_SHARE", "基本满意", "Mostly satisfied", "", ""),
        (
            "DISSATISFIED_SHARE",
            "不满意",
            "Dissatisfied",
            "，含复核后仍不接受的",
            ", or didn't accept the review",
        ),
    ):
        yield Definition(
            name,
            Unit.SHARE,
            "SATISFACTION",
            Wording(f"{zh}占比", f"其中评价为“{zh}”的{more_zh}", "评价率的分子"),
            Wording(
                f"{en} share",
                f"those who said “{en.lower()}”{more_en}",
                "the numerator of the share that answered",
            ),
        )


def _promises() -> Iterator[Definition]:
    yield Definition(
        "KEPT_PROMISE_RATE",
        Unit.SHARE,
        "RESOLUTION",
        Wording(
            "承诺兑现率",
            "其中在承诺日 24:00 前办结的",
            "期内到期的承诺（按现行承诺日；已免责的仍计入；按单位时归牵头单位）",
        ),
        Wording(
            "Kept-promise rate",
            "those resolved by 24:00 of the promised day",
            "promises that fell due in the period (by the date that holds; excused ones included;"
            " by unit: the leading one's)",
        ),
    )
    yield Definition(
        "MEDIAN_PROMISE_DAYS",
        Unit.DAYS,
        "PROMISE_DAYS",
        Wording("承诺天数中位数", "期内反馈的方案：从反馈日到最初承诺日的天数"),
        Wording(
            "Median promised length",
            "plans fed back in the period: days from that day to the date first promised",
        ),
    )
    yield Definition(
        "PROMISE_MOVES",
        Unit.COUNT,
        "PROMISE_MOVES",
        Wording("承诺调整次数", "期内调整承诺日的次数"),
        Wording("Moved promises", "how often a promised date was moved in the period"),
    )


def _clocks() -> Iterator[Definition]:
    for kind, zh, en in _CLOCKS:
        yield Definition(
            f"ON_TIME_{kind}",
            Unit.SHARE,
            kind,
            Wording(
                f"按时率：{zh}",
                "其中按时完成的",
                "期内到期的该类时限，不含已免责、已取消和暂停中的",
            ),
            Wording(
                f"On time: {en}",
                "those met in time",
                "such clocks that fell due in the period, without excused, cancelled and paused"
                " ones",
            ),
        )
    for kind, zh, en in _CLOCKS:
        yield Definition(
            f"EXCUSED_{kind}",
            Unit.COUNT,
            kind,
            Wording(f"免责：{zh}", "期内到期、超时而由主任免责的该类时限"),
            Wording(
                f"Excused: {en}",
                "such clocks that fell due in the period and were late, excused by the director",
            ),
        )


def _stages() -> Iterator[Definition]:
    for part, part_zh, part_en in (
        ("MEDIAN", "中位数", "median"),
        ("P90", "90 百分位", "90th percentile"),
    ):
        for name, zh, en, event_zh, event_en in _STAGES:
            yield Definition(
                f"{part}_{name}",
                Unit.HOURS,
                f"TIME_{name}",
                Wording(f"{zh}用时（{part_zh}）", f"期内{event_zh}的诉求：从提出到此刻的小时数"),
                Wording(
                    f"Time to {en} ({part_en})",
                    f"cases of which in the period {event_en}: hours from the appeal until then",
                ),
            )


def _counts() -> Iterator[Definition]:
    for name, family, zh, en in (
        (
            "REGISTERED",
            "REGISTERED",
            Wording("登记数", "期内提出的诉求（按发生时间）"),
            Wording("Registered", "cases raised in the period (by occurred_time)"),
        ),
        (
            "RESOLVED_COUNT",
            "RESOLVED_COUNT",
            Wording("办结数", "期内办结且未被退回的诉求"),
            Wording("Resolved", "cases resolved in the period, by the resolution that stands"),
        ),
        (
            "CLOSED_COUNT",
            "CLOSED_COUNT",
            Wording("销号数", "期内销号且未重新办理的诉求"),
            Wording("Closed", "cases struck off in the period, and not reopened since"),
        ),
        (
            "SOLVED_COUNT",
            "CLOSED_COUNT",
            Wording("解决数", "期内以“已解决”销号的诉求"),
            Wording("Solved", "cases struck off as solved in the period"),
        ),
        (
            "REOPENED",
            "REOPENED",
            Wording("重新办理数", "最近一次退回或重新办理在期内的诉求"),
            Wording("Reopened", "cases whose last rejection or reopening was in the period"),
        ),
        (
            "OPEN",
            "STANDING",
            Wording("在办数", "期末（期未结束则为此刻）未销号的诉求"),
            Wording("Open", "cases not struck off at the period's end, or now if that is earlier"),
        ),
        (
            "OVERDUE",
            "STANDING",
            Wording("超期数", "期末在办、至今仍未销号的诉求中，有时限在期末前已到而未完成的"),
            Wording(
                "Overdue",
                "of those open at the period's end and still open: some deadline had passed by then"
                " and is still owed",
            ),
        ),
    ):
        yield Definition(name, Unit.COUNT, family, zh, en)


def _standing() -> Iterator[Definition]:
    for band, zh, en in _BANDS:
        yield Definition(
            f"AGEING_{band}",
            Unit.COUNT,
            "STANDING",
            Wording(f"在办时长 {zh}", f"期末在办、距提出之日 {zh} 的诉求（按当地日）"),
            Wording(
                f"Age {en}", f"cases open at the period's end, {en} after the day of the appeal"
            ),
        )
    for level in range(_TOP_LEVEL + 1):
        more_zh, more_en = ("及以上", " or above") if level == _TOP_LEVEL else ("", "")
        yield Definition(
            f"LEVEL_{level}",
            Unit.COUNT,
            "STANDING",
            Wording(f"层级 {level}{more_zh}", f"期末在办、现处于第 {level} 级{more_zh}的诉求"),
            Wording(
                f"Level {level}{more_en}",
                f"cases open at the period's end that are on level {level}{more_en} now",
            ),
        )
    yield Definition(
        "FALLBACK",
        Unit.COUNT,
        "STANDING",
        Wording("兜底数", "期末在办、现由岗位（而非具体人员）兜底负责的诉求"),
        Wording(
            "With a fallback owner",
            "cases open at the period's end that a position, and no person, answers for now",
        ),
    )
    yield Definition(
        "FALLBACK_OVERLONG",
        Unit.COUNT,
        "STANDING",
        Wording(
            "兜底超一个工作日",
            "其中到期末（或此刻）已由岗位兜底超过一个工作日的：自每日提醒开始之日的次日起算，"
            "按本矿工作日历；查不到日历时不显示",
        ),
        Wording(
            "Fallback owner over a working day",
            "of those: by the period's end, or now, there for more than one working day after the"
            " day on which the daily reminder began, by the site's calendar; nothing is shown while"
            " the calendar can't be asked",
        ),
    )


def _marks() -> Iterator[Definition]:
    yield Definition(
        "REPEAT_REPORTERS",
        Unit.COUNT,
        "REPEAT_REPORTERS",
        Wording("重复诉求人", "期内提出诉求、且在本矿规定天数内此前已提出过的人数（不含无代码者）"),
        Wording(
            "Repeat reporters",
            "persons who raised a case in the period and another within the site's days before it"
            " (without those who gave no code)",
        ),
    )
    for name, family, zh, en, of_zh, of_en, whole_zh, whole_en in (
        (
            "RECURRENCE",
            "REGISTERED",
            "复发率",
            "Recurrence",
            "其中关联为此前问题复发的",
            "those tied to an earlier case as its recurrence",
            _CAME,
            _CAME_EN,
        ),
        (
            "LATE_ENTRIES",
            "REGISTERED",
            "迟录率",
            "Late entries",
            "其中在当班结束后才录入的",
            "those entered after the end of the shift",
            _CAME,
            _CAME_EN,
        ),
        (
            "SUGGESTIONS_ACCEPTED",
            "SUGGESTIONS",
            "分类建议采纳率",
            "Category suggestions accepted",
            "其中采纳系统建议分类的",
            "those registered as suggested",
            "期内提出、系统给出分类建议的诉求",
            "cases raised in the period for which the lexicon had an idea",
        ),
        (
            "SUGGESTIONS_OVERRULED",
            "SUGGESTIONS",
            "分类建议否决率",
            "Category suggestions overruled",
            "其中改用其他分类的",
            "those registered otherwise",
            "期内提出、系统给出分类建议的诉求",
            "cases raised in the period for which the lexicon had an idea",
        ),
        (
            "DUPLICATES_ACCEPTED",
            "DUPLICATES",
            "重复建议采纳率",
            "Duplicate suggestions accepted",
            "其中被认定为重复的",
            "those that were taken for duplicates",
            "期内登记时系统提示的疑似重复",
            "likely duplicates shown for cases raised in the period",
        ),
    ):
        yield Definition(
            name, Unit.SHARE, family, Wording(zh, of_zh, whole_zh), Wording(en, of_en, whole_en)
        )


DEFINITIONS: tuple[Definition, ...] = (
    *_rates(),
    *_promises(),
    *_clocks(),
    *_stages(),
    *_counts(),
    *_standing(),
    *_marks(),
)

BY_NAME: Mapping[str, Definition] = MappingProxyType({one.measure: one for one in DEFINITIONS})
