"""Which of the cases on file a new appeal may tell of again.

Two people tell of one defect in different words, so that what they share is mostly what the words
mean: groups of words in the site's lexicon make 花洒 and 淋浴头 one. What is left is compared by
its characters and their pairs; the rarer among the candidates, the more it tells. Where, whose and
when only add to it: two appeals of one place on one day aren't the same for that. Only what is of
one category at one place is shown even where no word is shared.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import log, sqrt

from services.intake.domain.lexicon import Lexicon
from services.intake.domain.values import OTHER_CATEGORY
from services.intake.domain.words import GAP, fold

COUNT = 3

# The most candidates that are looked at; the caller puts the likeliest first.
CANDIDATES_LIMIT = 300

# What is the matter is said at the beginning; of a longer text the rest isn't compared.
TEXT_LIMIT = 300

# What a piece tells: a word that means something, a pair of characters, a character.
_WORD, _PAIR, _SINGLE = 2.0, 0.8, 0.35

# How the score of 1 is made up; the words have to reach _WORDS_FLOOR, all together _FLOOR.
_WORDS_SHARE, _PLACE_SHARE, _CATEGORY_SHARE, _UNIT_SHARE, _TIME_SHARE = 0.60, 0.20, 0.10, 0.04, 0.06
# But of one category at one place the words may fail altogether: two people who tell of one defect
# need not have a word in common, and a clerk sees at a glance what else is open there.
_WORDS_FLOOR = 0.05
_SAME_PLACE = 0.8
_FLOOR = 0.15

# After this many days what time adds is half.
_DAYS = 10.0

_SHARED_SHOWN = 5

# Characters that are in every appeal and tell nothing of it.
_EMPTY = frozenset(
    "的了是在我你他她它们这那有没不也都就还很太又再和与跟把被给让去来到上下里个些点能会要想请"
    "吗呢吧啊呀哦嘛么什怎为啥因所以但而且如果可着过得地之其人大家每天日时候老总一二两三几多少"
    "说看做用对从向等于及或者希望建议反映解决问题领导尽快麻烦现情况咱俺"
)

_Pieces = dict[str, tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case on file that an appeal may repeat."""

    case_id: str
    text: str
    place: str
    unit_id: str
    category: str
    occurred_time: datetime


@dataclass(frozen=True, slots=True)
class Likely:
    """`score` from _FLOOR to 1; `shared` are the new appeal's words that the case has, too."""

    case_id: str
    score: float
    shared: tuple[str, ...]


def rank(
    text: str,
    place: str,
    unit_id: str,
    category: str,
    occurred_time: datetime,
    candidates: Sequence[Candidate],
    lexicon: Lexicon | None = None,
    count: int = COUNT,
) -> list[Likely]:
    """Returns the cases that the appeal may repeat, the likeliest first, at most `count`.

    Those too far from it aren't among them, so it may be empty. Of equal ones the newest is first.
    Looks at CANDIDATES_LIMIT candidates at most, and at TEXT_LIMIT characters of each.
    """
    candidates = candidates[:CANDIDATES_LIMIT]
    asked = _pieces(text, lexicon)
    # Many cases are of one place: each is read once.
    places = {where: _place(where, lexicon) for where in {place, *(it.place for it in candidates)}}
    told = [_pieces(one.text, lexicon) for one in candidates]
    rarity = _rarity([asked, *told])
    length = _length(asked, rarity)
    likely = []
    for one, pieces in zip(candidates, told, strict=True):
        shared = sorted(asked.keys() & pieces.keys())
        words = _cosine(shared, asked, pieces, rarity, length)
        place_share = _overlap(places[place], places[one.place])
        same_matter = category not in ("", OTHER_CATEGORY) and category == one.category
        if words < _WORDS_FLOOR and not (same_matter and place_share >= _SAME_PLACE):
            continue
        days = abs((occurred_time - one.occurred_time).total_seconds()) / 86_400
        score = (
            _WORDS_SHARE * words
            + _PLACE_SHARE * place_share
            + _CATEGORY_SHARE * (category != "" and category == one.category)
            + _UNIT_SHARE * (unit_id != "" and unit_id == one.unit_id)
            + _TIME_SHARE * _DAYS / (_DAYS + days)
        )
        if score >= _FLOOR:
            likely.append((score, one, shared))
    likely.sort(key=lambda it: (-it[0], -it[1].occurred_time.timestamp(), it[1].case_id))
    return [
        Likely(one.case_id, round(score, 3), _shown(shared, asked, rarity))
        for score, one, shared in likely[: max(0, count)]
    ]


def _pieces(text: str, lexicon: Lexicon | None) -> _Pieces:
    """Returns what a text is compared by: each piece with its weight, and as it was written."""
    folded = fold(text[:TEXT_LIMIT])
    found: _Pieces = {}
    rest = list(folded.text)
    for hit, meaning in lexicon.meanings(folded) if lexicon else ():
        found[f"={meaning}"] = (_WORD * hit.likeness, folded.written(hit.start, hit.end))
        rest[hit.start : hit.end] = GAP * (hit.end - hit.start)
    for one in folded.text:
        if one != GAP and one not in _EMPTY:
            found.setdefault(one, (_SINGLE, one))
    left = "".join(rest)
    for pair in map("".join, pairwise(left)):
        if GAP not in pair and not (pair[0] in _EMPTY and pair[1] in _EMPTY):
            found.setdefault(pair, (_PAIR, pair))
    return found


def _place(place: str, lexicon: Lexicon | None) -> frozenset[str]:
    return frozenset(_pieces(place, lexicon))


def _rarity(texts: list[_Pieces]) -> dict[str, float]:
    """Returns how much each piece tells these texts apart."""
    counts = Counter(piece for pieces in texts for piece in pieces)
    return {piece: log(1 + len(texts) / count) for piece, count in counts.items()}


def _length(pieces: _Pieces, rarity: dict[str, float]) -> float:
    return sqrt(sum((weight * rarity[piece]) ** 2 for piece, (weight, _) in pieces.items()))


def _cosine(
    shared: list[str],
    asked: _Pieces,
    told: _Pieces,
    rarity: dict[str, float],
    length: float,
) -> float:
    if not shared:
        return 0.0
    product = sum(asked[piece][0] * told[piece][0] * rarity[piece] ** 2 for piece in shared)
    return product / (length * _length(told, rarity))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Returns what share of the shorter place's pieces the other has: 南风井 is in 南风井澡堂."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def _shown(shared: list[str], asked: _Pieces, rarity: dict[str, float]) -> tuple[str, ...]:
    """Returns the pieces that told most, without those that are part of another."""
    words: list[str] = []
    for piece in sorted(shared, key=lambda it: (-asked[it][0] * rarity[it], it)):
        word = asked[piece][1]
        if not any(word in other for other in words):
            words.append(word)
    return tuple(words[:_SHARED_SHOWN])
