"""What hangs in the canteen names nobody, whatever people write."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.intake.domain.publishing import (
    LONGEST,
    Masker,
    SolvedCase,
    published,
    shortened,
)

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = {
    "c-1": "样例甲",
    "s-1": "张三",
    "w-7": "张三丰",
    "w-8": "欧阳样例",
    "w-9": "Li Lei",
    "10023": "王小样",
}
MASKER = Masker(PEOPLE)

# Few letters, so that names meet each other and texts are full of them.
HAN = "张王三丰小明工的"
names = st.text(HAN, min_size=1, max_size=4)
people = st.dictionaries(st.text("abc123-", min_size=1, max_size=5), names, max_size=6)
texts = st.text(HAN + "某* ·,。，：我叫师傅主任0123456789-AbYW@\u200b\n＊", max_size=60)


def folded(text: str) -> str:
    return "".join(one for one in text if one not in " ·-\u200b\n")


@given(people, texts)
def test_no_name_of_the_directory_survives(directory: dict[str, str], text: str) -> None:
    masked = Masker(directory).masked(text)
    for name in directory.values():
        assert name not in folded(masked)


@given(people, texts)
def test_what_is_masked_stays_as_it_is(directory: dict[str, str], text: str) -> None:
    masker = Masker(directory)
    masked = masker.masked(text)
    assert masker.masked(masked) == masked


@given(people, texts, st.integers(10, 40))
def test_shortening_makes_no_name(directory: dict[str, str], text: str, limit: int) -> None:
    masker = Masker(directory)
    short = shortened(masker.masked(text), limit)
    assert len(short) <= limit
    assert masker.masked(short) == short


@given(st.text(max_size=200))
def test_every_text_is_masked_somehow(text: str) -> None:
    masked = MASKER.masked(text)
    assert MASKER.masked(masked) == masked
    assert "\n" not in masked


@given(st.lists(st.integers(0, 9), min_size=5, max_size=20), st.sampled_from(["", "-", " "]))
def test_no_long_number_survives(digits: list[int], between: str) -> None:
    assume(not between or len(digits) >= 7)
    number = between.join(map(str, digits))
    masked = MASKER.masked(f"请联系{number}，谢谢")
    assert masked == "请联系***，谢谢"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("张三丰和张三说水凉", "某某和某某说水凉"),
        ("张 三 说，张·三丰也说", "某某 说，某某也说"),
        ("张\u200b三来过", "某某来过"),
        ("找张，三点钟", "找张，三点钟"),
        ("LI LEI said so, liLei too, Lily didn't", "某某 said so, 某某 too, Lily didn't"),
        ("ＬＩ ＬＥＩ说的", "某某说的"),
        ("我叫陈小样，住二楼", "我叫某某，住二楼"),
        ("联系人：陈样例 电话139 0000 1111", "联系人：某某 电话***"),
        ("张师傅修好了，王主任看过", "某师傅修好了，某主任看过"),
        ("欧阳队长到场", "某队长到场"),
        ("身份证37010219900101001X", "身份证***"),
        ("回执 1234 5678 9012 3456", "回执 ***"),
        ("编号YW-20261122-0007已办", "编号***已办"),
        ("纸条A-0001", "纸条***"),
        ("电话一三九零零零零一一一一", "电话***"),
        ("电话１３９００００１１１１", "电话***"),
        ("邮箱a.b@example.org，微信号：wx_123abc", "邮箱***，微信号：***"),
        ("工号w-7、10023", "工号***、***"),
        ("车牌鲁H12345", "车牌鲁***"),
        ("3号楼2单元，更换淋浴头12个", "3号楼2单元，更换淋浴头12个"),
        ("KT-158皮带", "KT-158皮带"),
        ("第一行\n第二行", "第一行 第二行"),
        ("\u202e倒置\x07", "倒置"),
    ],
)
def test_what_is_masked(text: str, masked: str) -> None:
    assert MASKER.masked(text) == masked


def test_a_directory_of_nobody_masks_numbers_still() -> None:
    assert Masker({}).masked("张三 13900001111") == "张三 ***"
    assert Masker({"x": "", "y": "某某"}).masked("某某说") == "某某说"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("短。", "短。"),
        ("一二三四。五六七八九十一二三", "一二三四。"),
        ("一。二三四，五六七八九十一二三", "一。二三四…"),
        ("一二三四五六七八九十一二", "一二三四五六七八九…"),
        ("一二 abcdefghijkl", "一二…"),
    ],
)
def test_texts_are_cut_where_something_ends(text: str, short: str) -> None:
    assert shortened(text, 10) == short


def test_a_solved_case_is_told_in_short() -> None:
    spoken = datetime(2026, 11, 2, 16, 30, tzinfo=UTC)
    solved = spoken + timedelta(days=3)
    case = SolvedCase(
        case_id="x",
        category_name="洗浴",
        text="张三说浴室水凉。" + "很冷，" * 100,
        resolution="已更换",
        occurred_time=spoken,
        solve_time=solved,
        close_time=solved,
    )
    made = published(case, MASKER, ZONE)
    assert made.problem.startswith("某某说浴室水凉。很冷")
    assert len(made.problem) <= LONGEST
    assert (made.category_name, made.solution) == ("洗浴", "已更换")
    # The site's days: half past midnight of the third.
    assert (made.solve_date, made.days) == (date(2026, 11, 6), 3)
