"""Which cases an appeal may repeat: other words for the same, and nothing for a mere likeness."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.duplicates import CANDIDATES_LIMIT, TEXT_LIMIT, Candidate, Likely, rank
from services.intake.domain.lexicon import Lexicon

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LEXICON = Lexicon(
    1,
    (),
    (
        ("淋浴头", "喷头", "花洒"),
        ("坏", "不出水", "用不了"),
        ("澡堂", "浴室"),
        ("不够用", "排队"),
    ),
)


def candidate(
    case_id: str,
    text: str,
    place: str = "",
    *,
    unit_id: str = "",
    category: str = "",
    occurred_time: datetime = NOW,
) -> Candidate:
    return Candidate(case_id, text, place, unit_id, category, occurred_time)


FILE = (
    candidate("showers", "澡堂好些淋浴头坏了，高峰不够用"),
    candidate("bowls", "食堂的碗筷旧了，碗沿磕了口"),
    candidate("bus", "班车在锦福苑没有站"),
    candidate("doors", "宿舍门关不严，走廊里说话听得见"),
)


def ranked(
    text: str,
    file: tuple[Candidate, ...] = FILE,
    *,
    place: str = "",
    unit_id: str = "",
    category: str = "",
) -> list[Likely]:
    return rank(text, place, unit_id, category, NOW, file, LEXICON)


def test_other_words_for_the_same_are_found_by_their_meaning() -> None:
    (first,) = ranked("浴室花洒用不了，得排队")
    assert first.case_id == "showers"
    assert set(first.shared) == {"浴室", "花洒", "用不了", "排队"}
    told = "浴室花洒用不了，得排队"
    assert rank(told, "", "", "", NOW, FILE) == []


def test_a_word_of_the_same_sound_means_the_same() -> None:
    assert [one.case_id for one in ranked("淋裕头坏了")] == ["showers"]


def test_nothing_is_suggested_where_no_word_is_shared() -> None:
    near = candidate("near", "工资没发", "南风井", unit_id="u-1", category="OTHER")
    where = {"place": "南风井", "unit_id": "u-1", "category": "OTHER"}
    assert ranked("澡堂水凉", (near,), **where) == []
    assert ranked("", FILE) == []
    assert ranked("澡堂", ()) == []


def test_place_category_unit_and_time_decide_between_like_texts() -> None:
    text = "淋浴头坏了"
    here = {"place": "南风井", "unit_id": "u-1", "category": "BATHING"}
    other = candidate("other", text, "中央区", unit_id="u-2", category="DINING")
    for better in (
        candidate("better", text, "南风井澡堂", unit_id="u-2", category="DINING"),
        candidate("better", text, "中央区", unit_id="u-1", category="DINING"),
        candidate("better", text, "中央区", unit_id="u-2", category="BATHING"),
    ):
        assert ranked(text, (other, better), **here)[0].case_id == "better"
    old = candidate("old", text, occurred_time=NOW - timedelta(days=40))
    new = candidate("new", text, occurred_time=NOW - timedelta(days=1))
    assert [one.case_id for one in ranked(text, (old, new))] == ["new", "old"]


def test_the_rarer_word_tells_more() -> None:
    common = tuple(candidate(f"c-{at}", "锦福苑") for at in range(10))
    rare = candidate("rare", "欧亚镇")
    assert ranked("锦福苑欧亚镇", (*common, rare))[0].case_id == "rare"


def test_only_the_beginning_of_a_long_text_is_compared() -> None:
    late = candidate("late", "东" * TEXT_LIMIT + "淋浴头坏了")
    assert ranked("淋浴头坏了", (late,)) == []
    early = candidate("early", "淋浴头坏了" + "东" * TEXT_LIMIT)
    assert [one.case_id for one in ranked("淋浴头坏了", (late, early))] == ["early"]


def test_the_same_text_at_the_same_time_and_place_is_as_like_as_can_be() -> None:
    twin = candidate("twin", "淋浴头坏了", "南风井", unit_id="u-1", category="BATHING")
    (one,) = ranked("淋浴头坏了", (twin,), place="南风井", unit_id="u-1", category="BATHING")
    assert one.score == 1.0


@given(
    st.text(st.sampled_from("淋浴头花洒坏了，食堂 a1"), max_size=30),
    st.lists(st.text(st.sampled_from("淋浴头花洒坏了，食堂 a1"), max_size=30), max_size=8),
    st.integers(0, 5),
    st.randoms(),
)
def test_the_order_of_the_candidates_doesn_t_matter(
    text: str, texts: list[str], count: int, random: Random
) -> None:
    file = [candidate(f"c-{at}", one) for at, one in enumerate(texts)]
    likely = rank(text, "", "", "", NOW, file, LEXICON, count)
    random.shuffle(file)
    assert rank(text, "", "", "", NOW, file, LEXICON, count) == likely
    assert len(likely) <= count
    assert all(0 < one.score <= 1 and one.shared for one in likely)
    assert [one.score for one in likely] == sorted((one.score for one in likely), reverse=True)


def test_only_so_many_candidates_are_looked_at() -> None:
    file = tuple(candidate(f"c-{at}", "食堂") for at in range(CANDIDATES_LIMIT))
    assert ranked("淋浴头坏了", (*file, FILE[0])) == []
    assert ranked("淋浴头坏了", (*file[1:], FILE[0])) != []


def test_of_one_category_at_one_place_no_word_need_be_shared() -> None:
    file = (
        candidate("fee", "水表读错三月", "西楼", category="LODGING"),
        candidate("other", "水表读错三月", "西楼", category="OTHER"),
        candidate("elsewhere", "水表读错三月", "锅炉房", category="LODGING"),
    )
    how = {"place": "西楼", "category": "LODGING"}
    assert [one.case_id for one in ranked("马桶溢", file, **how)] == ["fee"]
    assert ranked("马桶溢", file, **how)[0].shared == ()
    assert ranked("马桶溢", file, place="西楼", category="OTHER") == []
    assert ranked("马桶溢", file, place="", category="LODGING") == []


def test_what_shares_words_is_before_what_shares_the_place() -> None:
    file = (
        candidate("place", "水表读错三月", "西楼", category="LODGING"),
        candidate("words", "马桶堵，溢得满地", "西楼", category="LODGING"),
    )
    found = ranked("马桶堵了，溢到走廊", file, place="西楼", category="LODGING")
    assert [one.case_id for one in found] == ["words", "place"]
