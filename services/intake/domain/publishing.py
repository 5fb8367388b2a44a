"""What of a solved case may hang in the canteen (公示): masked, shortened, nobody named.

Rather too much is masked than too little: a name that is also a word, a date among the numbers.
What can't be known is a name that stands in no directory; those after a phrase that introduces one
(我叫…, 联系人：…) go, and a surname before somebody's title.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.intake.domain.times import local_day

LONGEST = 80

SOMEBODY = "某某"
SOMETHING = "***"
_MASKS = frozenset(SOMEBODY + SOMETHING)

# Between the characters of a name these hide it from a search, not from a reader.
_BETWEEN_NAMES = frozenset("·•・‧.-_—–")
_SENTENCE_ENDS = "。！？；!?;"
_PAUSES = "，、,："

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]+", re.ASCII)
# Letters and digits together with four digits or more: case and slip numbers, plates, accounts.
_CODE = re.compile(r"(?<![\w-])(?=[\w-]*[A-Za-z])(?=(?:[A-Za-z_-]*\d){4})[\w-]+", re.ASCII)
# Five digits together, or seven with what people put between the digits of a phone number.
_NUMBER = re.compile(r"\+?\d{5,}[Xx]?|\+?\d(?:[\s().（）+–—-]{0,2}\d){6,}[Xx]?")
_SPELT_NUMBER = re.compile(r"[零〇一二两三四五六七八九幺]{7,}")
_ACCOUNT = re.compile(r"(微信|QQ|VX|vx|qq)(号)?([:：\s]*)[A-Za-z0-9_-]{4,}")
_INTRODUCED = re.compile(
    rf"(我叫|姓名[:：是为]?\s*|联系人[:：是为]?\s*|诉求人[:：]\s*|反映人[:：]\s*)(?!某)[{_HAN}]{{2,3}}"
)
_TITLES = (
    "师傅|队长|班长|组长|主任|科长|区长|矿长|书记|经理|厂长|部长|处长|主席|总工|老师|同志|先生|女士"
)


@dataclass(frozen=True, slots=True)
class SolvedCase:
    """A solved case as it is on file."""

    case_id: str
    category_name: str
    text: str
    resolution: str
    occurred_time: datetime
    solve_time: datetime
    close_time: datetime


@dataclass(frozen=True, slots=True)
class SolvedProblem:
    """A solved case as everybody may read it; `days` don't count the first."""

    category_name: str
    problem: str
    solution: str
    solve_date: date
    days: int


class Masker:
    """Takes the people of a site, {code: name}, out of texts, and with them numbers and codes."""

    def __init__(self, people: Mapping[str, str]) -> None:
        folded = {"".join(one for one, _ in _fold(name)) for name in people.values()}
        # A name of mask characters alone can't be masked, and tells nobody.
        self._names = {name for name in folded if not _MASKS.issuperset(name)}
        self._lengths = sorted({len(name) for name in self._names}, reverse=True)
        self._codes = frozenset(code.casefold() for code in people if code)
        surnames = {surname for name in self._names for surname in _surnames(name)}
        self._titled = (
            re.compile(rf"(?:{'|'.join(sorted(surnames, reverse=True))})(?={_TITLES})")
            if surnames
            else None
        )

    def masked(self, text: str) -> str:
        """Returns a text in one line that names nobody of the directory.

        What is masked already stays as it is.
        """
        text = _one_line(text)
        # What stands behind a mask may be a name together with it; each round takes something out.
        while (fewer := self._round(text)) != text:
            text = fewer
        return text

    def _round(self, text: str) -> str:
        text = _EMAIL.sub(SOMETHING, text)
        text = _ACCOUNT.sub(rf"\1\2\3{SOMETHING}", text)
        text = _CODE.sub(SOMETHING, text)
        text = _NUMBER.sub(SOMETHING, text)
        text = _SPELT_NUMBER.sub(SOMETHING, text)
        text = _WORD.sub(self._known_code, text)
        text = self._nameless(text)
        text = _INTRODUCED.sub(rf"\1{SOMEBODY}", text)
        if self._titled is not None:
            text = self._titled.sub("某", text)
        return text

    def _known_code(self, match: re.Match[str]) -> str:
        return SOMETHING if match[0].casefold() in self._codes else match[0]

    def _nameless(self, text: str) -> str:
        """Masks names however they are written: in capitals, full width, with spaces in them."""
        folded = list(_fold(text))
        letters = "".join(one for one, _ in folded)
        kept: list[str] = []
        done = at = 0
        while at < len(letters):
            length = self._name_at(text, letters, folded, at)
            if not length:
                at += 1
                continue
            start, end = folded[at][1], folded[at + length - 1][1] + 1
            kept += text[done:start], SOMEBODY
            done, at = end, at + length
            # One character may fold to several: what is left of it is gone as well.
            while at < len(letters) and folded[at][1] < done:
                at += 1
        return "".join(kept) + text[done:]

    def _name_at(self, text: str, letters: str, folded: list[tuple[str, int]], at: int) -> int:
        """Returns the length of the longest name that begins here; 0 without one.

        A name of Latin letters is one only as a whole word.
        """
        for length in self._lengths:
            if at + length > len(letters) or letters[at : at + length] not in self._names:
                continue
            start, end = folded[at][1], folded[at + length - 1][1]
            if not (_joined(text, start - 1, start) or _joined(text, end, end + 1)):
                return length
        return 0


def published(case: SolvedCase, masker: Masker, zone: ZoneInfo) -> SolvedProblem:
    """Returns a solved case as everybody may read it; days are those of `zone`."""
    solved = local_day(case.solve_time, zone)
    return SolvedProblem(
        category_name=case.category_name,
        problem=shortened(masker.masked(case.text)),
        solution=shortened(masker.masked(case.resolution)),
        solve_date=solved,
        days=max(0, (solved - local_day(case.occurred_time, zone)).days),
    )


def shortened(text: str, limit: int = LONGEST) -> str:
    """Returns a text of at most `limit` characters, cut where a sentence ends if one does.

    Otherwise at a comma, else anywhere but within a word of Latin letters; then … follows.
    """
    if len(text) <= limit:
        return text
    # An end in the first third says too little.
    end = _last(text, _SENTENCE_ENDS, limit // 3, limit)
    if end:
        return text[:end]
    end = _last(text, _PAUSES, limit // 2, limit - 1)
    if end:
        return text[: end - 1].rstrip() + "…"
    end = limit - 1
    while end and _joined(text, end - 1, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _last(text: str, marks: str, start: int, limit: int) -> int:
    """Returns where the text ends behind the last of the marks in [start, limit); 0 without one."""
    return max(text.rfind(mark, start, limit) for mark in marks) + 1


_WORD = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?(?![A-Za-z0-9_-])")


def _one_line(text: str) -> str:
    """Returns a text without line breaks, and without what can't be seen."""
    seen = "".join(one for one in text if one.isspace() or unicodedata.category(one)[0] != "C")
    return " ".join(seen.split())


def _fold(text: str) -> Iterable[tuple[str, int]]:
    """Yields the characters of a text as names are compared, each with where it stands."""
    for index, one in enumerate(text):
        if one.isspace() or one in _BETWEEN_NAMES:
            continue
        for folded in unicodedata.normalize("NFKC", one).casefold():
            if folded not in _BETWEEN_NAMES and unicodedata.category(folded)[0] not in "CMZ":
                yield folded, index


def _joined(text: str, left: int, right: int) -> bool:
    """Tells whether two places hold letters or digits of one word that isn't Chinese."""
    if left < 0 or right >= len(text):
        return False
    return all(text[at].isalnum() and text[at] < "\u2e80" for at in (left, right))


def _surnames(name: str) -> list[str]:
    """Returns what a name is likely called by before a title; a double surname where it fits."""
    if not re.fullmatch(rf"[{_HAN}]{{2,4}}", name):
        return []
    return [name[:1], name[:2]] if len(name) > 2 else [name[:1]]
