"""Every fact of the suite as a sentence, in Chinese and English: what GetTimeline shows.

The texts stand in zh.py and en.py, one function per fact type; a test holds both to the list of
all facts that there are.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from google.protobuf.message import DecodeError, Message

from backstop.intake.v1 import intake_facts_pb2
from backstop.routing.v1 import routing_facts_pb2
from chassis.errors import ENGLISH
from services.intake.domain.values import Step
from services.intake.sentences import en, zh
from services.intake.sentences.words import Language, Words

_LANGUAGES: Mapping[str, Language] = {"zh": zh.LANGUAGE, "en": en.LANGUAGE}

# Codes are short; longer strings are texts, and no name is looked up for them.
_LONGEST_CODE = 60


class Narrator:
    """Tells steps as sentences: `codes()` first, then `tell` with the names of those codes."""

    def __init__(self, steps: Sequence[Step], language: str, zone: ZoneInfo) -> None:
        self._language = _LANGUAGES["en" if language == ENGLISH else "zh"]
        self._zone = zone
        self._steps = [(step, self._read(step)) for step in steps]

    def codes(self) -> list[str]:
        """Returns what may be a code of a person, unit, position, post or category."""
        found: set[str] = set()
        for step, message in self._steps:
            found.update((step.actor, step.acting_for))
            if message is not None:
                _collect(message, found)
        return sorted({code.rpartition(":")[2] for code in found} - {""})

    def cases(self) -> list[str]:
        """Returns the ids of other cases that the sentences call by their numbers."""
        return sorted({_other_case(message) for _, message in self._steps} - {""})

    def tell(self, names: Mapping[tuple[str, str], str]) -> list[str]:
        """Returns one sentence per step.

        `names` by (kind, code) as the site has them, and the numbers of `cases()` as ("case", id).
        """
        return [
            self._sentence(step, message, Words(names, self._zone, self._language, step.actor))
            for step, message in self._steps
        ]

    def _read(self, step: Step) -> Message | None:
        kind = self._language.types.get(step.type)
        if kind is None:
            return None
        try:
            return kind.FromString(step.payload)
        except DecodeError:
            return None

    def _sentence(self, step: Step, message: Message | None, words: Words) -> str:
        if message is None:
            return self._language.unknown(step.source, step.type.rpartition(".")[2])
        return self._language.sentences[type(message)](message, words)


def _other_case(message: Message | None) -> str:
    match message:
        case routing_facts_pb2.FixNotLasting():
            return message.again_case_id
        case intake_facts_pb2.CaseLinked():
            return message.link.case_id
        case intake_facts_pb2.CaseSplit():
            return message.new_case_id
        case (
            intake_facts_pb2.CaseClosed()
            | intake_facts_pb2.CaseConfirmed()
            | intake_facts_pb2.CaseMasterMoved()
        ):
            return message.master_case_id
        case _:
            return ""


def _collect(message: Message, found: set[str]) -> None:
    for field, value in message.ListFields():
        values = value if field.is_repeated else (value,)
        for one in values:
            if isinstance(one, Message):
                _collect(one, found)
            elif isinstance(one, str) and len(one) <= _LONGEST_CODE:
                found.add(one)
