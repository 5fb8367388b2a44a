"""What an appeal is about, by the site's own list of words, and which of them decided.

A list of words that a clerk can edit, instead of a model: the clerk who is shown a category is
shown why, and whoever finds it wrong knows which word to add. Nothing is decided here; the
suggestion is accepted or overruled at the desk.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from services.intake.domain.words import GAP, Folded, Hit, WordIndex, fold

ENTRIES_LIMIT = 5_000
GROUPS_LIMIT = 1_000
GROUP_WORDS_LIMIT = 50
WORD_LENGTH = 30
WEIGHT_LIMIT = 10.0
SUGGESTIONS = 3

# A word of the place tells where, and what only mostly: what is told of in a bathhouse is about
# bathing unless its own words say otherwise; the lamp at the canteen's door isn't about eating.
_PLACE_SHARE = 0.8
# What is less than the weakest usual word (1, written right) isn't worth showing.
_FLOOR = 0.5
# Holds the score of a single weak word down; two strong ones without opposition reach 0.8.
_DOUBT = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A word that speaks for a category, or against it: weights from -10 to 10, and never 0."""

    category_id: str
    word: str
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """A site's words; `same` are groups of words that mean the same when cases are compared.

    Take it once and keep it: making it prepares the words for being looked up.
    """

    version: int
    entries: tuple[Entry, ...]
    same: tuple[tuple[str, ...], ...] = ()
    _by_word: dict[str, tuple[Entry, ...]] = field(init=False, repr=False)
    _deciding: WordIndex = field(init=False, repr=False)
    _comparing: WordIndex = field(init=False, repr=False)
    _group_of: dict[str, str] = field(init=False, repr=False)
    _said: dict[str, tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_word: dict[str, tuple[Entry, ...]] = {}
        for entry in self.entries:
            if word := _folded(entry.word):
                by_word[word] = (*by_word.get(word, ()), entry)
        groups = [[word for one in group if (word := _folded(one))] for group in self.same]
        group_of = {word: group[0] for group in reversed(groups) for word in group}
        object.__setattr__(self, "_by_word", by_word)
        object.__setattr__(self, "_deciding", WordIndex(by_word))
        longer = (word for word in by_word if len(word) > 1)
        object.__setattr__(self, "_comparing", WordIndex((*group_of, *longer), slips=False))
        object.__setattr__(self, "_group_of", group_of)
        said: dict[str, tuple[str, ...]] = {}
        for word, meaning in group_of.items():
            said[meaning] = (*said.get(meaning, ()), word)
        object.__setattr__(self, "_said", said)

    def deciding(self, text: Folded) -> list[tuple[Hit, tuple[Entry, ...]]]:
        """Returns the words of a text that speak for or against something, in its order."""
        return [(hit, self._by_word[hit.word]) for hit in self._deciding.find(text.text)]

    def meanings(self, text: Folded) -> list[tuple[Hit, str]]:
        """Returns the words of a text, each with one that stands for all that mean the same."""
        hits = self._comparing.find(text.text)
        return [(hit, self._group_of.get(hit.word, hit.word)) for hit in hits]

    def said(self, meaning: str) -> tuple[str, ...]:
        """Returns all words that mean the same as one that `meanings` has returned."""
        return self._said.get(meaning, (meaning,))


@dataclass(frozen=True, slots=True)
class DecidingWord:
    """A word of the lexicon, as it stood in the text or the place, and what it counted there."""

    word: str
    found: str
    weight: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`score` is from 0 to 1; `words` the heaviest first, those against it included."""

    category_id: str
    score: float
    words: tuple[DecidingWord, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the entry or the group at `index`; `rule` is a constant name."""

    index: int
    rule: str
    word: str


def suggest(lexicon: Lexicon, text: str, place: str = "") -> list[Suggestion]:
    """Returns what the appeal may be about, the likeliest first, at most SUGGESTIONS.

    Each word counts once, however often it is said; one of the place counts four fifths. Of
    equal sums that with the heaviest single word is first. Empty when nothing speaks for any.
    Raises nothing, whatever the text; of a longer one READ_LIMIT characters are read.
    """
    words: dict[str, dict[str, DecidingWord]] = {}
    for source, share in ((fold(text), 1.0), (fold(place), _PLACE_SHARE)):
        for hit, entries in lexicon.deciding(source):
            found = source.written(hit.start, hit.end)
            for entry in entries:
                weight = round(entry.weight * hit.likeness * share, 3)
                known = words.setdefault(entry.category_id, {})
                if abs(weight) > abs(known[hit.word].weight if hit.word in known else 0.0):
                    known[hit.word] = DecidingWord(entry.word, found, weight)
    sums = {category: sum(one.weight for one in words[category].values()) for category in words}
    positive = {category: total for category, total in sums.items() if total >= _FLOOR}
    everything = sum(positive.values()) + _DOUBT
    heaviest = {one: max(word.weight for word in words[one].values()) for one in positive}
    best = sorted(positive, key=lambda one: (-positive[one], -heaviest[one], one))
    return [
        Suggestion(
            category,
            round(positive[category] / everything, 3),
            tuple(sorted(words[category].values(), key=lambda one: (-one.weight, one.word))),
        )
        for category in best[:SUGGESTIONS]
    ]


def check_lexicon(
    entries: Iterable[Entry],
    categories: Collection[str],
    same: Iterable[Iterable[str]] = (),
) -> list[Fault]:
    """Returns what is wrong with a lexicon before it is taken; empty when nothing is.

    Rules: TOO_MANY, WORD_EMPTY, WORD_TOO_LONG, WORD_TWICE, CATEGORY_UNKNOWN, WEIGHT_OUT_OF_RANGE
    for entries; GROUPS_TOO_MANY, GROUP_TOO_SMALL, GROUP_TOO_LARGE, GROUP_WORD_EMPTY,
    GROUP_WORD_TOO_LONG and GROUP_WORD_TWICE for groups.
    """
    faults = []
    seen: Counter[tuple[str, str]] = Counter()
    for index, entry in enumerate(entries):
        if index >= ENTRIES_LIMIT:
            faults.append(Fault(index, "TOO_MANY", ""))
            break
        word = _folded(entry.word)
        seen[entry.category_id, word] += 1
        broken = {
            "WORD_EMPTY": not word,
            "WORD_TOO_LONG": len(entry.word) > WORD_LENGTH,
            "WORD_TWICE": bool(word) and seen[entry.category_id, word] > 1,
            "CATEGORY_UNKNOWN": entry.category_id not in categories,
            # Written so that what is no number is out of range, too.
            "WEIGHT_OUT_OF_RANGE": not 0 < abs(entry.weight) <= WEIGHT_LIMIT,
        }
        faults += [Fault(index, rule, entry.word) for rule, so in broken.items() if so]
    return faults + _check_groups(same)


def _check_groups(same: Iterable[Iterable[str]]) -> list[Fault]:
    faults = []
    seen: set[str] = set()
    for index, words in enumerate(same):
        if index >= GROUPS_LIMIT:
            faults.append(Fault(index, "GROUPS_TOO_MANY", ""))
            break
        group = list(words)
        if len(group) < 2:
            faults.append(Fault(index, "GROUP_TOO_SMALL", "".join(group)))
        if len(group) > GROUP_WORDS_LIMIT:
            faults.append(Fault(index, "GROUP_TOO_LARGE", group[0]))
        for word in group[:GROUP_WORDS_LIMIT]:
            folded = _folded(word)
            broken = {
                "GROUP_WORD_EMPTY": not folded,
                "GROUP_WORD_TOO_LONG": len(word) > WORD_LENGTH,
                "GROUP_WORD_TWICE": bool(folded) and folded in seen,
            }
            seen.add(folded)
            faults += [Fault(index, rule, word) for rule, so in broken.items() if so]
    return faults


def _folded(word: str) -> str:
    """Returns a word as it is looked for; empty when it has neither letters nor digits."""
    return fold(word).text.strip(GAP)
