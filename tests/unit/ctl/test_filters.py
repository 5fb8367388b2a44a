"""Filters in Chinese: put into the API's words, and refused in Chinese with the place as typed."""

from pathlib import Path
from string import Formatter

import grpc
import pytest

from chassis.errors import Refused
from ctl import filter_words, filters, refusals
from ctl.choices import names_of
from ctl.failures import Answer, FieldFault
from ctl.filters import as_typed, written
from ctl.names import Names
from ctl.refusals import Told
from ctl.words import Words
from services.intake.domain.filters import FIELDS, SENTENCES, FieldKind, parse

ZH, EN = Words("zh"), Words("en")
NAMES = Names(
    people={"s-1": "样例·乙一"},
    units={"bathhouse": "澡堂队", "team 1": "综采一队"},
    posts={"south": "南风井"},
    positions={"DUTY_LEAD": "值班长"},
    categories={"BATHING": "洗浴"},
)


def _refused(typed: str) -> Answer:
    """What the service answers to a filter as it is sent."""
    condition = written(typed, NAMES)
    with pytest.raises(Refused) as caught:
        parse(condition.text)
    answer = Answer(
        "intake",
        grpc.StatusCode.INVALID_ARGUMENT,
        "as said",
        reason=caught.value.reason,
        metadata=caught.value.metadata,
        faults=tuple(FieldFault(one.field, one.description) for one in caught.value.fields),
    )
    return as_typed(answer, condition)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("", ""),
        ("类别 = 洗浴 AND 状态 = 办理中", "category = BATHING AND state = IN_PROGRESS"),
        ("状态=办理中 -未销号=否", "state=IN_PROGRESS -open=false"),
        ("NOT 超期 = 是 OR 标记:隐患", "NOT overdue = true OR flag:HAZARD"),
        ("（类别＝洗浴 OR 层级＞＝2）", "(category=BATHING OR level>=2)"),
        ("内容：“喷头 坏”", 'text:"喷头 坏"'),
        ("单位 = 澡堂队 值守点 = 南风井", "unit_id = bathhouse post_id = south"),
        ("包保人员 = 样例·乙一", "steward = s-1"),
        ("当前责任人 = 值班长", 'accountable = "position:DUTY_LEAD"'),
        ("单位 = 综采一队", 'unit_id = "team 1"'),
        ("category = bathing", "category = BATHING"),
        ("解决方案 = 已超期 时限:挂起", "plan = BREACHED clock:PAUSED"),
        (
            "状态 = 办理中 并且 类别 = 洗浴 或者 level > 1",
            "state = IN_PROGRESS AND category = BATHING OR level > 1",
        ),
        # Words that are looked for, and what stands between quotes, stay as they are.
        ("状态 洗浴", "状态 洗浴"),
        ('地点 = "状态 = 办理中"', 'place = "状态 = 办理中"'),
        ("编号:'状态=办理中'", "number:'状态=办理中'"),
        (r'"a \" 状态 = 办理中"', r'"a \" 状态 = 办理中"'),
        ("state = IN_PROGRESS", "state = IN_PROGRESS"),
        ("close_time <= 2026-11-22T08:00:00+08:00", "close_time <= 2026-11-22T08:00:00+08:00"),
        ("处室 = 洗浴", "处室 = 洗浴"),
    ],
)
def test_names_become_the_apis_words(typed: str, sent: str) -> None:
    condition = written(typed, NAMES)
    assert condition.text == sent
    assert condition.strangers == ()


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("", ""), ("期限", "due_time"), ("登记时间 倒序", "record_time desc"), ("level desc",) * 2],
)
def test_an_order_may_be_chinese(typed: str, sent: str) -> None:
    assert filters.order(typed) == sent


def test_days_ahead_are_read_where_a_time_is_compared() -> None:
    read = {"+3d": "2026-11-25"}.get
    condition = written("期限 <= +3d 内容:+3d", NAMES, lambda text: read(text, text))
    assert condition.text == "due_time <= 2026-11-25 text:+3d"


def test_names_that_the_site_does_not_know_are_told() -> None:
    condition = written("单位 = 澡糖队 OR 类别 = 洗浴", NAMES)
    assert condition.strangers == ("澡糖队",)
    assert condition.text == "unit_id = 澡糖队 OR category = BATHING"
    assert written("单位 = 澡糖队", Names()).strangers == ()


@pytest.mark.parametrize(
    ("typed", "position"),
    [
        ("状态 = 办理中 AND", 13),
        ("状态 = 办理中 AND 处室 = 一", 14),
        ("类别 = 洗浴 状态 > 办理中", 12),
        ("状态 = 办结了", 6),
        ("（类别 = 洗浴", 1),
        ("类别 = 洗浴 “喷头” a,b", 15),
        ("类别 = 洗浴 -处室 = 一", 10),
    ],
)
def test_a_refusal_has_the_place_as_typed(typed: str, position: int) -> None:
    answer = _refused(typed)
    assert int(answer.metadata["position"]) == position
    assert f"第 {position} 个字符" in refusals.sentence(answer, ZH, NAMES)
    assert f"at character {position}:" in refusals.sentence(answer, EN, NAMES)


def test_a_refusal_shows_where_it_begins() -> None:
    told = refusals.sentence(_refused("类别 = 洗浴 状态 > {办理中}"), ZH, NAMES)
    assert "“状态”只能用 = != : 比较（从“> {办理中}”起）" in told


def test_a_choice_that_is_none_is_told_with_those_there_are_in_chinese() -> None:
    told = refusals.sentence(_refused("状态 = 办结了"), ZH, NAMES)
    assert "“状态”只能是：已登记、已分派、办理中、待确认、已销号" in told
    assert "是、否" in refusals.sentence(_refused("超期 = 也许"), ZH, NAMES)


def test_a_field_that_is_none_is_told_with_all_there_are_in_chinese() -> None:
    answer = _refused("处室 = 一")
    faults = refusals.faults(answer, ZH, NAMES)
    assert Told("", "整数：层级、办理轮次、重新办理次数、承诺调整次数") in faults
    assert len(faults) == len(FieldKind)
    assert all(not any(one.isascii() and one.isalpha() for one in told.words) for told in faults)
    assert refusals.faults(answer, EN, NAMES)[3].words.startswith("numbers: level")


def test_a_problem_of_a_newer_suite_keeps_its_words() -> None:
    answer = Answer(
        "intake",
        grpc.StatusCode.INVALID_ARGUMENT,
        "as said",
        reason="FILTER_INVALID",
        metadata={"position": "1", "problem": "of tomorrow", "problem_code": "TOMORROW"},
    )
    assert "of tomorrow" in refusals.sentence(answer, ZH, NAMES)


def test_other_refusals_are_left_alone() -> None:
    answer = Answer("intake", grpc.StatusCode.NOT_FOUND, "x", reason="CASE_NOT_FOUND")
    assert as_typed(answer, written("状态 = 办理中", NAMES)) is answer


def _places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_every_problem_of_a_filter_is_told_in_chinese_with_all_it_speaks_of() -> None:
    assert filter_words.PROBLEMS.keys() == {problem.value for problem in SENTENCES}
    for problem, sentence in SENTENCES.items():
        assert _places(filter_words.PROBLEMS[problem]) == _places(sentence), problem


def test_every_field_has_words_of_its_own() -> None:
    assert filter_words.FIELDS.keys() == FIELDS.keys()
    words = [word for every in filter_words.FIELDS.values() for word in every]
    assert len(set(words)) == len(words)
    assert filter_words.HEADINGS.keys() == {kind.value for kind in FieldKind}


def test_the_documentation_names_every_field() -> None:
    text = (Path(__file__).parents[3] / "docs/finding.md").read_text(encoding="utf-8")
    for name, words in filter_words.FIELDS.items():
        assert f"`{name}` {words[0]} |" in text


def test_fields_have_the_values_that_the_service_knows() -> None:
    listed = {name: field.choices for name, field in FIELDS.items() if field.choices}
    known = {
        name: {one.upper().replace("-", "_") for one in names_of(enum)}
        for name, enum in filter_words.CHOICES.items()
    }
    assert known == {name: set(values) for name, values in listed.items()}
    for kind, names in (
        (FieldKind.TRUTH, filter_words.TRUTHS),
        (FieldKind.TIME, filter_words.TIMES),
    ):
        assert names == {field.name for field in FIELDS.values() if field.kind is kind}
    codes = {f.name for f in FIELDS.values() if f.kind in (FieldKind.CODE, FieldKind.MEMBER)}
    assert codes - filter_words.NAMED.keys() == {"slip_number", "external_system"}


def test_the_lines_of_fields_are_told_as_they_come_where_they_are_new() -> None:
    assert filters.fields_line("colours: red") == "colours: red"
