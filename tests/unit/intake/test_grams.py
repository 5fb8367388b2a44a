"""What a text is normalised to, and that the index's pieces never lose what the text contains."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.domain.grams import GRAMS_LIMIT, TEXT_LIMIT, grams, normalise, query_grams

MIXED = st.text(st.sampled_from("洗澡堂水凉菜贵门2026ywab -，。\u200b\n"), max_size=60)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("南风井　澡堂，水凉！", "南风井澡堂水凉"),
        ("ＹＷ－２０２６１１２２", "yw20261122"),
        ("水\u202e凉\u0000了\U0001f62d", "水凉了"),
        ("WiFi 连不上", "wifi连不上"),
        ("…！", ""),
    ],
)
def test_only_letters_and_digits_are_left(text: str, normalised: str) -> None:
    assert normalise(text) == normalised


@given(st.text(max_size=200))
@example("\ufdfa" * 1_000)
@example("ͅΐ")
@example("\u1100\u200b\u1161")  # one syllable, once the mark between is gone
def test_what_is_normalised_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert len(once) <= TEXT_LIMIT


@given(st.one_of(MIXED, st.text(max_size=60)), st.data())
def test_a_text_has_the_pieces_of_all_it_contains(text: str, data: st.DataObject) -> None:
    whole = normalise(text)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    assert set(query_grams(whole[start:end])) <= set(grams(text))


def test_a_text_as_long_as_intake_takes_keeps_all_its_pieces() -> None:
    text = "".join(chr(0x4E00 + at) for at in range(4_000))
    assert len(grams(text)) == 7_999
    assert set(query_grams(text[3_990:])) <= set(grams(text))


def test_pieces_of_chinese_are_pairs_and_characters_of_latin_pairs_and_triples() -> None:
    assert grams("洗澡水") == sorted(["洗", "澡", "水", "洗澡", "澡水"])
    assert grams("b0042") == sorted(["b0", "00", "04", "42", "b00", "004", "042"])


@pytest.mark.parametrize(
    ("query", "pieces"),
    [
        ("水", ["水"]),
        ("a", []),
        ("7", []),
        ("，", []),
        ("", []),
        ("澡堂", ["澡堂"]),
        ("3楼", ["3楼"]),
        ("0042", ["004", "042"]),
        ("B0042门", ["004", "042", "2门", "b00"]),
    ],
)
def test_a_query_asks_for_the_longest_pieces_it_has(query: str, pieces: list[str]) -> None:
    assert query_grams(query) == pieces


def test_the_number_of_pieces_is_bounded_and_the_beginning_is_kept() -> None:
    text = "".join(chr(0x4E00 + at) for at in range(20_000))
    assert len(grams(text)) == GRAMS_LIMIT
    assert grams(text, limit=3) == sorted(["一", "丁", "一丁"])
    assert len(grams("水" * 10_000_000)) == 2
