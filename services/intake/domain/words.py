"""Finding words of a list in what people write, slips of the pen included.

Chinese is typed by its sound: what goes wrong is a character that sounds the same (食糖 for 食堂),
and after that one too few, too many, or swapped. So a text is also read as a string of sounds, a
character each, and words are looked up in that; what was really written then tells how alike it is.
"""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Only the sound of single characters is asked for: 13 MB and 0.06 s instead of 57 MB and 0.18 s.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, lazy_pinyin

# Of a longer text only the beginning is read.
READ_LIMIT = 4_000

# Stands for everything between words: 水凉，菜贵 has no 凉菜 in it.
GAP = " "

# How much a find counts: as it is on the list, with a doubled character, of the same sound, with
# another slip. Two characters of the same sound are the more easily another word altogether.
EXACT, DOUBLED, SOUND, SHORT_SOUND, SLIP = 1.0, 0.9, 0.8, 0.5, 0.6

# From this length on a character may be missing, too many, swapped or any other.
_SLIPS_FROM = 4

# Unicode's first plane; all of it is some 10 MB.
_TABLE_LIMIT = 0x10000

_FIRST_CHINESE, _LAST_CHINESE = "\u4e00", "\u9fff"


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as words are looked for in it, and where each character stood in the original."""

    text: str
    original: str
    positions: Sequence[int]

    def written(self, start: int, end: int) -> str:
        """Returns what stood there in the original."""
        return self.original[self.positions[start] : self.positions[end - 1] + 1]


@dataclass(frozen=True, slots=True)
class Hit:
    """A word that was found from `start` to before `end` of a folded text."""

    start: int
    end: int
    word: str
    likeness: float

    @property
    def rank(self) -> tuple[float, int, int, str]:
        """The longest is the word that was meant; a slip has to explain more to be preferred.

        Of two that explain the same word, the one that leaves less of the text over.
        """
        lost = 0.0 if self.likeness == EXACT else 1.0 if self.likeness == SLIP else 0.5
        return lost - len(self.word), self.start - self.end, self.start, self.word


class _Folds(dict[int, str]):
    """What each character is folded to; learnt when first met."""

    def __missing__(self, code: int) -> str:
        kind = unicodedata.category(chr(code))
        folded = "".join(
            one if unicodedata.category(one)[0] in "LN" else GAP
            for one in unicodedata.normalize("NFKC", chr(code)).casefold()
        )
        # Marks that show nothing (zero width, direction) part nothing.
        return _learn(self, code, "" if kind in ("Cf", "Mn", "Cs") else folded)


class _Sounds(dict[int, str]):
    """The sound of each Chinese character as a character of its own; learnt when first met.

    Tones don't count, nor what many speakers don't tell apart: zh/z, ch/c, sh/s, -ng/-n after e, i.
    """

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, int] = {}

    def __missing__(self, code: int) -> str:
        if not _FIRST_CHINESE <= chr(code) <= _LAST_CHINESE:
            return _learn(self, code, chr(code))
        sound = lazy_pinyin(chr(code), style=Style.NORMAL)[0]
        if sound[:2] in ("zh", "ch", "sh"):
            sound = sound[0] + sound[2:]
        if sound.endswith(("eng", "ing")):
            sound = sound[:-1]
        number = self._numbers.setdefault(sound, len(self._numbers))
        return _learn(self, code, chr(0xE000 + number))


def _learn(table: dict[int, str], code: int, value: str) -> str:
    """Keeps what one character stands for; the rarest are worked out anew, to bound the table."""
    if code < _TABLE_LIMIT:
        table[code] = value
    return value


_FOLDS = _Folds()
_SOUNDS = _Sounds()


def fold(text: str) -> Folded:
    """Returns a text as words are looked for in it; every gap between words is a character."""
    text = text[:READ_LIMIT]
    folded = text.translate(_FOLDS)
    if len(folded) == len(text):
        return Folded(folded, text, range(len(text)))
    positions = [at for at, one in enumerate(text) for _ in _FOLDS[ord(one)]]
    return Folded(folded, text, positions)


class WordIndex:
    """A list of words, prepared for being looked up; words are taken as `fold` makes them."""

    def __init__(self, words: Iterable[str], *, slips: bool = True) -> None:
        """Without `slips` only those of the same sound are recognised, in half the time."""
        self._single: set[str] = set()
        self._heads: dict[str, list[tuple[str, str]]] = {}
        self._starts: dict[str, list[tuple[str, str]]] = {}
        self._tails: dict[str, list[tuple[str, str]]] = {}
        self._middles: dict[str, list[str]] = {}
        for word in sorted(set(words)):
            if len(word) == 1:
                self._single.add(word)
                continue
            sound = word.translate(_SOUNDS)
            self._heads.setdefault(sound[:2], []).append((word, sound))
            if not slips or not _chinese(word):
                continue
            if len(word) >= _SLIPS_FROM:
                self._starts.setdefault(sound[:2], []).append((word, sound))
                self._tails.setdefault(sound[-2:], []).append((word, sound))
            elif len(word) == 3:
                self._middles.setdefault(word[0] + word[2], []).append(word)

    def find(self, text: str) -> list[Hit]:
        """Returns the words found in a folded text, in its order, none overlapping another.

        The longest first, and of equal length the one written right.
        """
        found = self._all(text)
        plain, kept = _without_doubles(text)
        if len(plain) < len(text):
            for hit in self._all(plain):
                start, end = kept[hit.start], kept[hit.end - 1] + 1
                if end - start > hit.end - hit.start:
                    found.append(Hit(start, end, hit.word, min(hit.likeness, DOUBLED)))
        found.sort(key=lambda hit: hit.rank)
        taken = bytearray(len(text))
        chosen = []
        for hit in found:
            if not any(taken[hit.start : hit.end]):
                taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
                chosen.append(hit)
        return sorted(chosen, key=lambda hit: hit.start)

    def _all(self, text: str) -> list[Hit]:
        sounds = text.translate(_SOUNDS)
        single, heads = self._single, self._heads
        found = []
        for at, one in enumerate(text):
            if one in single and _stands_alone(text, at, at + 1):
                found.append(Hit(at, at + 1, one, EXACT))
            if (head := sounds[at : at + 2]) not in heads:
                continue
            for word, sound in heads[head]:
                if sounds.startswith(sound, at):
                    end = at + len(word)
                    likeness = _likeness(word, text[at:end])
                    if likeness and _stands_alone(text, at, end):
                        found.append(Hit(at, end, word, likeness))
        return found + self._slips(text, sounds) if self._tails or self._middles else found

    def _slips(self, text: str, sounds: str) -> list[Hit]:
        """Returns the words with one wrong character; half of each stands as it should."""
        found = []
        for at in range(len(text) - 1):
            pair = sounds[at : at + 2]
            for word, sound in self._starts.get(pair, ()):
                last = min(at + len(word) + 1, len(text))
                found += [
                    Hit(at, end, word, SLIP)
                    for end in range(at + len(word) - 1, last + 1)
                    if _one_slip(sound, sounds[at:end])
                ]
            for word, sound in self._tails.get(pair, ()):
                found += [
                    Hit(start, at + 2, word, SLIP)
                    for start in range(max(at + 1 - len(word), 0), at + 4 - len(word))
                    if _one_slip(sound, sounds[start : at + 2])
                ]
            found += [
                Hit(at, at + 3, word, SLIP)
                for word in self._middles.get(text[at] + text[at + 2 : at + 3], ())
                if text[at + 1] not in (word[1], GAP)
            ]
        return found


def _likeness(word: str, written: str) -> float:
    """Returns how alike two words of the same sound are; 0 when nothing but the sound is."""
    if word == written:
        return EXACT
    same = sum(one == other for one, other in zip(word, written, strict=True))
    if same == 0:
        return 0.0
    return SHORT_SOUND if len(word) == 2 else SOUND


def _one_slip(word: str, written: str) -> bool:
    """Tells whether one character is another, missing, too many, or swapped with its neighbour."""
    if GAP in written or word == written:
        return False
    head = 0
    while head < min(len(word), len(written)) and word[head] == written[head]:
        head += 1
    rest, other = word[head:], written[head:]
    if len(rest) == len(other):
        swapped = rest[1:2] + rest[0:1] + rest[2:]
        return rest[1:] == other[1:] or swapped == other
    return rest[1:] == other or rest == other[1:]


def _without_doubles(text: str) -> tuple[str, list[int]]:
    """Returns a text with every run of one character as one, and where each stands (its last)."""
    kept = [at for at, one in enumerate(text) if text[at + 1 : at + 2] != one]
    return "".join(text[at] for at in kept), kept


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tells that a find isn't the middle of a longer Latin word or number."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (
        (_latin(before) and _latin(text[start])) or (_latin(after) and _latin(text[end - 1]))
    )


def _latin(one: str) -> bool:
    return one.isascii() and one.isalnum()


def _chinese(word: str) -> bool:
    return all(_FIRST_CHINESE <= one <= _LAST_CHINESE for one in word)
