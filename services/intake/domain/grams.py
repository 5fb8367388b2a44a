"""What a text is found by: its normalised form and the short pieces an index holds of it.

PostgreSQL's own trigram search (pg_trgm) won't do here. It needs three characters of a word to
have anything to look for, and most Chinese words have two; and it asks the locale what a letter
is, so that under the C locale it sees no Chinese at all. So the pieces are made here, and the
database only keeps them in an array under a GIN index: every pair of neighbouring characters,
every Chinese character alone (people do search for one, 鼠 or 灯), and every three neighbours in a
run of Latin letters and digits, whose pairs tell little apart.

A text contains a query only if it has all the query's pieces. The reverse isn't so: whoever
searches looks for the normalised query in the normalised text afterwards, among the few that are
left.
"""

import re
import unicodedata

# Of a longer text only the beginning counts. Intake takes 4,000 characters; 10 MB isn't worked on.
TEXT_LIMIT = 8_000

# As many as 4,000 characters can have, were no two alike; a real text of that length has half.
GRAMS_LIMIT = 8_000

_RUN = re.compile(r"[a-z0-9]+")


def normalise(text: str) -> str:
    """Returns a text as it is compared: letters and digits of every script, and nothing else.

    Compatibility forms and cases are one (NFKC, casefold); whitespace, punctuation, emoji, control
    and direction marks are gone. At most TEXT_LIMIT characters; what is normalised stays as it is.
    """
    text = text[:TEXT_LIMIT]
    while (folded := _fold(text)) != text:
        text = folded
    return text


def grams(text: str, *, limit: int = GRAMS_LIMIT) -> list[str]:
    """Returns the pieces a text is indexed by: distinct, sorted, at most `limit`.

    Where there are more, those of the beginning are kept.
    """
    return sorted(_pieces(normalise(text), limit))


def query_grams(query: str) -> list[str]:
    """Returns the pieces that a text must have to contain the query: distinct, sorted.

    One Chinese character is a piece by itself. Empty where the index can't help: for a query
    without letters and digits, which nothing contains in a meaningful way, and for a single Latin
    letter or digit, which nearly everything does. Then the search is refused or goes without.
    """
    wanted = normalise(query)
    if len(wanted) == 1:
        return [wanted] if _alone(wanted) else []
    # Two Chinese characters are contained in their pair, three Latin ones in theirs: the longer
    # piece is the rarer one, and each piece left out is a list that needn't be read.
    covered = {
        run.start() + at
        for run in _RUN.finditer(wanted)
        if run.end() - run.start() > 2
        for at in range(run.end() - run.start() - 1)
    }
    found = {wanted[at : at + 2] for at in range(len(wanted) - 1) if at not in covered}
    found.update(_triples(wanted))
    return sorted(found)


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    # L: letters, N: numbers. Marks are gone too, unless NFKC has made one character of them.
    return "".join(one for one in folded if unicodedata.category(one)[0] in "LN")[:TEXT_LIMIT]


def _pieces(text: str, limit: int) -> set[str]:
    found: set[str] = set()
    for at, one in enumerate(text):
        if len(found) >= limit:
            return set(sorted(found)[:limit])
        if _alone(one) or len(text) == 1:
            found.add(one)
        if at + 1 < len(text):
            found.add(text[at : at + 2])
        if at + 2 < len(text) and _RUN.fullmatch(text, at, at + 3):
            found.add(text[at : at + 3])
    return found


def _triples(text: str) -> set[str]:
    return {
        text[at : at + 3] for run in _RUN.finditer(text) for at in range(run.start(), run.end() - 2)
    }


def _alone(one: str) -> bool:
    """Tells whether a character is a word by itself: those of Latin and its like aren't."""
    return one >= "\u2e80"
