"""Which category a text speaks for, which words decided, and what slips of the pen are forgiven."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.lexicon import (
    ENTRIES_LIMIT,
    GROUP_WORDS_LIMIT,
    GROUPS_LIMIT,
    SUGGESTIONS,
    WORD_LENGTH,
    DecidingWord,
    Entry,
    Lexicon,
    Suggestion,
    check_lexicon,
    suggest,
)
from services.intake.domain.words import fold

SITE = Path(__file__).parents[3] / "deploy/samples/yuwu"
CATEGORIES = {"DINING", "BATHING", "LODGING", "OTHER"}
LEXICON = Lexicon(
    1,
    (
        Entry("DINING", "食堂", 3.0),
        Entry("DINING", "饭", 2.0),
        Entry("DINING", "凉菜", 4.0),
        Entry("BATHING", "淋浴头", 4.0),
        Entry("BATHING", "忽冷忽热", 4.0),
        Entry("BATHING", "洗", 1.0),
        Entry("LODGING", "洗衣机", 4.0),
        Entry("LODGING", "食堂", -2.0),
        Entry("LODGING", "宿舍", 3.0),
        Entry("OTHER", "WiFi", 3.0),
    ),
)


def sample(name: str) -> Any:
    return yaml.safe_load((SITE / name).read_text())


def sample_entries() -> Iterator[Entry]:
    for category, weights in sample("lexicon.yaml")["words"].items():
        for weight, words in weights.items():
            yield from (Entry(category, word, float(weight)) for word in words)


@pytest.fixture(scope="module")
def yuwu() -> Lexicon:
    same = sample("lexicon.yaml")["same"]
    return Lexicon(1, tuple(sample_entries()), tuple(tuple(group) for group in same))


def found(text: str, place: str = "") -> list[tuple[str, str, str]]:
    return [
        (one.category_id, word.word, word.found)
        for one in suggest(LEXICON, text, place)
        for word in one.words
    ]


# Suggesting ---------------------------------------------------------------------------------------


def test_the_category_with_the_heaviest_words_is_first_and_tells_which_they_were() -> None:
    first, second = suggest(LEXICON, "食堂的饭凉了，宿舍也冷，饭又贵")
    assert first == Suggestion(
        "DINING",
        0.625,  # 5 of 5 + 1, and 2 of doubt
        (DecidingWord("食堂", "食堂", 3.0), DecidingWord("饭", "饭", 2.0)),
    )
    assert second.category_id == "LODGING"
    assert [word.weight for word in second.words] == [3.0, -2.0]


def test_nothing_is_suggested_when_nothing_speaks_for_it() -> None:
    assert suggest(LEXICON, "想问个事") == []
    assert suggest(LEXICON, "") == []
    assert suggest(Lexicon(1, ()), "食堂") == []


def test_the_longest_word_wins_over_those_inside_it() -> None:
    assert found("洗衣机坏了") == [("LODGING", "洗衣机", "洗衣机")]


def test_no_word_reaches_over_punctuation() -> None:
    assert found("水凉，菜贵") == []


def test_a_word_of_the_place_counts_less_and_not_twice() -> None:
    assert suggest(LEXICON, "水小", "宿舍")[0].words == (DecidingWord("宿舍", "宿舍", 2.4),)
    assert suggest(LEXICON, "宿舍水小", "宿舍")[0].words == (DecidingWord("宿舍", "宿舍", 3.0),)


def test_of_equal_sums_the_one_with_the_heaviest_word_is_first() -> None:
    lexicon = Lexicon(
        1, (Entry("A", "更衣室", 4.0), Entry("A", "插座", 3.0), Entry("Z", "冒火花", 7.0))
    )
    found = suggest(lexicon, "更衣室插座冒火花")
    assert [(one.category_id, one.score) for one in found] == [("Z", 0.438), ("A", 0.438)]


def test_words_that_mean_the_same_are_told() -> None:
    lexicon = Lexicon(1, (), (("花洒", "喷头", "淋浴头"), ("坏", "损坏")))
    (shower, broken) = lexicon.meanings(fold("喷头损坏"))
    assert set(lexicon.said(shower[1])) == {"花洒", "喷头", "淋浴头"}
    assert set(lexicon.said(broken[1])) == {"坏", "损坏"}
    assert lexicon.said("食堂") == ("食堂",)


@pytest.mark.parametrize(
    ("text", "word", "written"),
    [
        ("去食糖打卡", "食堂", "食糖"),  # of the same sound
        ("宿设冷", "宿舍", "宿设"),
        ("淋裕头坏了", "淋浴头", "淋裕头"),
        ("林浴斗坏了", "", ""),  # another sound
        ("淋浴浴头坏了", "淋浴头", "淋浴浴头"),  # doubled
        ("淋谷头坏了", "淋浴头", "淋谷头"),  # another character
        ("忽冷热的水", "忽冷忽热", "忽冷热"),  # missing
        ("忽冷忽又热", "忽冷忽热", "忽冷忽又热"),  # too many
        ("忽冷热忽", "忽冷忽热", "忽冷热忽"),  # swapped
        ("忽冷，热", "", ""),  # two clauses
        ("实糖", "", ""),  # nothing but the sound
        ("ＷＩＦＩ连不上", "WiFi", "ＷＩＦＩ"),
        ("食\u200b堂", "食堂", "食\u200b堂"),
        ("abcwifix", "", ""),  # inside another word
    ],
)
def test_slips_are_recognised_and_shown_as_written(text: str, word: str, written: str) -> None:
    shown = [(one, as_written) for _, one, as_written in found(text)]
    assert ((word, written) in shown) if word else shown == []


def test_what_is_written_right_counts_more() -> None:
    (right,), (wrong,) = suggest(LEXICON, "淋浴头"), suggest(LEXICON, "淋裕头")
    assert right.score > wrong.score > 0


@given(st.one_of(st.text(), st.text(st.sampled_from("食堂淋浴浴头忽冷热洗衣机，wifi \ufdfa"))))
def test_any_text_is_taken(text: str) -> None:
    suggestions = suggest(LEXICON, text, text[:50])
    assert suggestions == suggest(LEXICON, text, text[:50])
    assert len(suggestions) <= SUGGESTIONS
    scores = [one.score for one in suggestions]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    for one in suggestions:
        assert all(word.found in text for word in one.words)


@given(st.text(max_size=40))
def test_every_folded_character_knows_where_it_stood(text: str) -> None:
    folded = fold(text)
    assert len(folded.positions) == len(folded.text)
    assert list(folded.positions) == sorted(folded.positions)


def test_of_ten_million_characters_the_beginning_is_read() -> None:
    before = time.process_time()
    suggestions = suggest(LEXICON, "食堂" + "东西" * 5_000_000 + "淋浴头")
    assert [one.category_id for one in suggestions] == ["DINING"]
    assert time.process_time() - before < 5


# Checking -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (Entry("DINING", " ，", 1.0), "WORD_EMPTY"),
        (Entry("DINING", "饭" * (WORD_LENGTH + 1), 1.0), "WORD_TOO_LONG"),
        (Entry("DINING", "食 堂 ", 1.0), ""),
        (Entry("DINING", "食堂。", 1.0), "WORD_TWICE"),
        (Entry("BATHING", "食堂", 1.0), ""),
        (Entry("PARKING", "车", 1.0), "CATEGORY_UNKNOWN"),
        (Entry("DINING", "车", 0.0), "WEIGHT_OUT_OF_RANGE"),
        (Entry("DINING", "车", -10.5), "WEIGHT_OUT_OF_RANGE"),
        (Entry("DINING", "车", math.nan), "WEIGHT_OUT_OF_RANGE"),
        (Entry("DINING", "车", -10.0), ""),
    ],
)
def test_a_bad_entry_is_named(entry: Entry, rule: str) -> None:
    faults = check_lexicon([Entry("DINING", "食堂", 3.0), entry], CATEGORIES)
    assert [(fault.index, fault.rule) for fault in faults] == ([(1, rule)] if rule else [])


@pytest.mark.parametrize(
    ("group", "rule"),
    [
        (["花洒", "喷头"], ""),
        (["花洒"], "GROUP_TOO_SMALL"),
        (["花洒", "！"], "GROUP_WORD_EMPTY"),
        (["花洒", "饭堂"], "GROUP_WORD_TWICE"),
        (["花洒", "头" * (WORD_LENGTH + 1)], "GROUP_WORD_TOO_LONG"),
        ([f"词{at}" for at in range(GROUP_WORDS_LIMIT + 1)], "GROUP_TOO_LARGE"),
    ],
)
def test_a_bad_group_is_named(group: list[str], rule: str) -> None:
    faults = check_lexicon([], CATEGORIES, [["食堂", "饭堂"], group])
    assert [(fault.index, fault.rule) for fault in faults] == ([(1, rule)] if rule else [])


def test_too_many_are_refused_without_reading_on() -> None:
    entries = (Entry("DINING", f"词{at}", 1.0) for at in range(10**9))
    assert [it.rule for it in check_lexicon(entries, CATEGORIES)] == ["TOO_MANY"]
    assert next(entries).word == f"词{ENTRIES_LIMIT + 1}"
    groups = ([f"甲{at}", f"乙{at}"] for at in range(10**9))
    assert [it.rule for it in check_lexicon([], CATEGORIES, groups)] == ["GROUPS_TOO_MANY"]
    assert next(groups)[0] == f"甲{GROUPS_LIMIT + 1}"


# The sample site ----------------------------------------------------------------------------------


def test_the_sample_site_s_lexicon_is_sound() -> None:
    categories = {one["category_id"] for one in sample("directory.yaml")["categories"]}
    entries = list(sample_entries())
    assert check_lexicon(entries, categories, sample("lexicon.yaml")["same"]) == []
    assert {entry.category_id for entry in entries} == categories


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("DINING", "食堂的碗筷旧了，有的碗沿磕了口，能不能换一批。"),
        ("DINING", "生日蛋糕卡能换的面包种类太少。"),
        ("LODGING", "睡上铺没地方充电，能不能加个口。"),
        ("LODGING", "宿舍门旧了，关不严还不隔音，上夜班的白天睡不好。"),
        ("BATHING", "身上的泡沫还没冲掉，水就没了"),
        ("COMMUTING", "骑电动自行车的人多了，充电桩只有中央区有，南风井也要装。"),
        ("WELFARE", "建议下班后提供免费中医理疗，腰腿不好的人多。"),
        ("WORKPLACE", "皮带头那里灰大得对面看不见人"),
        ("HAZARD", "宿舍插座一插就冒火花"),
        ("OTHER", "上个月的加班费怎么没给算"),
    ],
)
def test_what_the_sample_site_s_workers_say(yuwu: Lexicon, category: str, text: str) -> None:
    assert suggest(yuwu, text)[0].category_id == category
