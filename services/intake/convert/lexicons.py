"""A site's lexicon ↔ its message, and what is wrong with one, by its place in the request."""

from collections.abc import Sequence

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.errors import FieldViolation, Refused
from services.intake.domain.lexicon import Entry, Fault, Lexicon

_USUAL_WEIGHT = 1.0

# How many faults the sentence names; all that fit are in the fields.
_NAMED = 3

_UNKNOWN = "CATEGORY_UNKNOWN"

# Rule → where it is in the entry or the group at its index, and in words.
_RULES = {
    "TOO_MANY": ("words[{}]", "is one too many"),
    "WORD_EMPTY": ("words[{}].word", "has neither letters nor digits"),
    "WORD_TOO_LONG": ("words[{}].word", "is too long"),
    "WORD_TWICE": ("words[{}].word", "is in its category twice"),
    _UNKNOWN: ("words[{}].category", "is none of the site's"),
    "WEIGHT_OUT_OF_RANGE": ("words[{}].weight", "must be from -10 to 10"),
    "GROUPS_TOO_MANY": ("synonyms[{}]", "is one too many"),
    "GROUP_TOO_SMALL": ("synonyms[{}].words", "must be two at least"),
    "GROUP_TOO_LARGE": ("synonyms[{}].words", "are too many"),
    "GROUP_WORD_EMPTY": ("synonyms[{}].words", "have one without letters and digits"),
    "GROUP_WORD_TOO_LONG": ("synonyms[{}].words", "have one that is too long"),
    "GROUP_WORD_TWICE": ("synonyms[{}].words", "have one that is in a group before"),
}


def from_message(message: rpc.Lexicon, version: int) -> Lexicon:
    """Returns the lexicon that a message means, ready to be asked."""
    return Lexicon(version, tuple(entries_of(message)), tuple(groups_of(message)))


def with_weights(message: rpc.Lexicon) -> rpc.Lexicon:
    """Returns a lexicon with every weight said."""
    told = rpc.Lexicon()
    told.CopyFrom(message)
    for one in told.words:
        one.weight = one.weight or _USUAL_WEIGHT
    return told


def entries_of(message: rpc.Lexicon) -> list[Entry]:
    return [Entry(one.category, one.word, one.weight or _USUAL_WEIGHT) for one in message.words]


def groups_of(message: rpc.Lexicon) -> list[tuple[str, ...]]:
    return [tuple(one.words) for one in message.synonyms]


def refusal(faults: Sequence[Fault], message: rpc.Lexicon, site_id: str) -> Refused:
    """Returns the refusal of a faulty lexicon: CATEGORY_UNKNOWN where that is all there is."""
    fields = [
        FieldViolation(
            f"lexicon.{_RULES[fault.rule][0].format(fault.index)}",
            " ".join(filter(None, (fault.word, _RULES[fault.rule][1]))),
        )
        for fault in faults
    ]
    if all(fault.rule == _UNKNOWN for fault in faults):
        category = message.words[faults[0].index].category
        return Refused(_UNKNOWN, fields=fields, category=category, site_id=site_id)
    named = [one.description for one in fields[:_NAMED]]
    more = [f"+{len(fields) - _NAMED}"] if len(fields) > _NAMED else []
    return Refused("LEXICON_INVALID", fields=fields, problem="; ".join(named + more))


def lexicon_published(site_id: str, version: int, message: rpc.Lexicon) -> facts.LexiconPublished:
    return facts.LexiconPublished(site_id=site_id, version=version, lexicon=message)
