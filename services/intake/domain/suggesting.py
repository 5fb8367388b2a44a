"""What is looked for in the cases on file before the likeliest of them are compared closely.

Comparing costs a tenth of a millisecond for each case, so that only some can be: those that say
the same as the appeal, in its words or in others of the site's lexicon, or that are about the same
place, unit or category. PostgreSQL picks them from the newest of the site by what is made here.
"""

from dataclasses import dataclass
from datetime import timedelta

from services.intake.domain.grams import normalise, query_grams
from services.intake.domain.lexicon import Lexicon
from services.intake.domain.words import fold

# Of the newest open and recently closed cases this many are looked through, and the best compared.
POOL, COMPARED = 1_000, 100

# What was closed longer ago is no duplicate: it would be the matter coming back.
RECENT = timedelta(days=30)

# What is the matter is said at the beginning; of a longer text the rest isn't looked for.
TEXT_LIMIT = 200
_NEEDLES_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Needle:
    """A piece of text to look for; all needles of one meaning count once."""

    piece: str
    meaning: str


def needles(lexicon: Lexicon, text: str, place: str = "") -> list[Needle]:
    """Returns what a case may have in common with an appeal; empty for emoji alone.

    Words of the lexicon come with all that mean the same, and then the pairs of neighbouring
    characters, of the text before those of the place.
    """
    found: dict[str, str] = {}
    text, place = text[:TEXT_LIMIT], place[:TEXT_LIMIT]
    for part in (text, place):
        for _, meaning in lexicon.meanings(fold(part)):
            for word in lexicon.said(meaning):
                if piece := normalise(word):
                    found.setdefault(piece, f"={meaning}")
    for part in (text, place):
        for piece in query_grams(part):
            found.setdefault(piece, piece)
    return [Needle(piece, meaning) for piece, meaning in found.items()][:_NEEDLES_LIMIT]
