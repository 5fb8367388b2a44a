"""What is looked for on file: words with what means the same, then pairs of characters."""

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.grams import normalise
from services.intake.domain.lexicon import Entry, Lexicon
from services.intake.domain.suggesting import Needle, needles

LEXICON = Lexicon(1, (Entry("DINING", "食堂", 3.0),), (("花洒", "喷头", "LED灯"), ("坏", "损坏")))


def test_words_come_with_what_means_the_same_before_pairs() -> None:
    found = needles(LEXICON, "喷头坏", "食堂")
    assert {one.piece for one in found if one.meaning == "=花洒"} == {"花洒", "喷头", "led灯"}
    assert {one.piece for one in found if one.meaning == "=坏"} == {"坏", "损坏"}
    assert {one.piece for one in found if one.meaning == "=食堂"} == {"食堂"}
    assert found[-1] == Needle("头坏", "头坏")
    assert len({one.piece for one in found}) == len(found)


def test_a_site_without_words_looks_for_pairs() -> None:
    assert [one.piece for one in needles(Lexicon(0, ()), "水太凉", "")] == ["太凉", "水太"]


def test_emoji_alone_look_for_nothing() -> None:
    assert needles(LEXICON, "😀🚿", "?!") == []


@given(st.text(max_size=500), st.text(max_size=300))
def test_needles_are_few_and_as_texts_are_kept(text: str, place: str) -> None:
    found = needles(LEXICON, text, place)
    assert len(found) <= 120
    assert all(one.piece and normalise(one.piece) == one.piece for one in found)
