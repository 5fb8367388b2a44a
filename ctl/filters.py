"""Filters as a Chinese clerk types them, put into the words of the API, and refusals of them back.

Names of fields and of values become intake's wherever a comparison has them; what stands between
quotes is left alone, and so is what isn't known here: intake says what is wrong with it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from ctl import choices
from ctl.failures import Answer
from ctl.filter_words import (
    CHOICES,
    FIELDS,
    HEADINGS,
    NAMED,
    NOTHING_NEAR,
    PROBLEMS,
    TIMES,
    TRUTHS,
)
from ctl.names import Names
from ctl.values import VALUES

# As intake's grammar parts a filter; signs that a keyboard set to Chinese writes are taken for
# those of the grammar.
_FULL_WIDTH: Final = str.maketrans("＝＜＞！：（）＊＂", '=<>!:()*"')
_WORD: Final = r"""[^\s()"'“”<>=!:,*（）：＝＜＞！＊＂]+"""
_TOKEN: Final = re.compile(
    rf"""
      (?P<quoted> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
    | (?P<chinese_quotes> “[^“”"\\]*” )
    | (?P<field> -?{_WORD} ) (?P<operator> \s* (?: [<>!＜＞！][=＝] | [=<>:＝＜＞：] ) \s* )
      (?P<value> {_WORD} )?
    | (?P<word> {_WORD} )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BY_CHINESE: Final = {word: name for name, words in FIELDS.items() for word in words}
_JOINING: Final = {"并且": "AND", "或者": "OR"}
_YES_NO: Final = {"是": "true", "否": "false"}
# What a value can be without quotes.
_BARE: Final = re.compile(_WORD)
# Characters of a filter that are repeated to show the place.
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Written:
    """A filter in the API's words.

    `pieces` tell where each of its parts begins, here and as typed; `strangers` are the values that
    should be a name or code of the site's and are none.
    """

    typed: str
    text: str
    pieces: tuple[tuple[int, int], ...] = ()
    strangers: tuple[str, ...] = ()

    def place(self, position: int) -> int:
        """Returns where in the filter as typed a position of this one is; both count from 1."""
        if position > len(self.text):
            return len(self.typed) + 1
        here, there = max(piece for piece in self.pieces if piece[0] < position)
        return there + position - here


def written(typed: str, names: Names, day_of: Callable[[str], str] = str) -> Written:
    """Returns a filter in the API's words; `day_of` reads the days of its times ("+3d")."""
    parts: list[tuple[str, int]] = []
    strangers: list[str] = []
    for match in _TOKEN.finditer(typed):
        if match["chinese_quotes"]:
            parts.append((f'"{match["chinese_quotes"][1:-1]}"', match.start()))
        elif match["field"]:
            field = _field(match["field"])
            operator = match["operator"].translate(_FULL_WIDTH)
            parts += ((field, match.start()), (operator, match.start("operator")))
            if match["value"]:
                value = _value(field.removeprefix("-"), match["value"], names, day_of)
                parts.append((value or match["value"], match.start("value")))
                strangers += [] if value else [match["value"]]
        else:
            plain = match["other"] or _JOINING.get(match[0], match[0])
            parts.append((plain.translate(_FULL_WIDTH) if match["other"] else plain, match.start()))
    starts = accumulate((len(text) for text, _ in parts), initial=0)
    return Written(
        typed,
        "".join(text for text, _ in parts),
        tuple((here, there) for here, (_, there) in zip(starts, parts, strict=False)),
        tuple(strangers),
    )


def order(typed: str) -> str:
    """Returns an order in the API's words: "期限 倒序" is "due_time desc"."""
    name, _, direction = typed.strip().partition(" ")
    way = "desc" if direction.strip() == "倒序" else direction.strip()
    return f"{_BY_CHINESE.get(name, name)} {way}".strip()


def _field(text: str) -> str:
    minus, name = ("-", text[1:]) if text.startswith("-") else ("", text)
    return minus + _BY_CHINESE.get(name, name)


def _value(field: str, text: str, names: Names, day_of: Callable[[str], str]) -> str:
    """Returns a value in the API's words; nothing for what should be a name and is none."""
    if field in CHOICES:
        enum = CHOICES[field]
        name = choices.name_of(enum, text)
        return name.removeprefix(choices.prefix_of(enum)) if name else text
    if field in TRUTHS:
        return _YES_NO.get(text, text)
    if field in TIMES:
        return day_of(text)
    if field == "accountable" and text in names.positions.values():
        return _quoted(f"position:{names.code_of('positions', text)}")
    if field in NAMED:
        kind = NAMED[field]
        code = names.category_of(text) if kind == "categories" else names.code_of(kind, text)
        known = names.table(kind)
        # Where no names could be had, nobody is a stranger.
        return "" if known and code not in known else _quoted(code)
    return text


def _quoted(code: str) -> str:
    return code if _BARE.fullmatch(code) else f'"{code}"'


def as_typed(answer: Answer, condition: Written | None) -> Answer:
    """Returns a refusal of a filter with its place in what was typed; any other as it is."""
    if condition is None or answer.reason != "FILTER_INVALID":
        return answer
    position = condition.place(int(answer.metadata["position"]))
    here = condition.typed[position - 1 :][:_SHOWN]
    metadata = answer.metadata | {"position": str(position), "here": here}
    return replace(answer, metadata=metadata)


def problem(metadata: Mapping[str, str]) -> str:
    """Returns in Chinese what is wrong with a filter; intake's own words for what is new here."""
    template = PROBLEMS.get(metadata.get("problem_code", ""))
    if template is None:
        return metadata.get("problem", "")
    if metadata.get("near") == "":
        template = NOTHING_NEAR
    field = metadata.get("field", "")
    told = dict(metadata)
    for key in told.keys() & {"field", "near"}:
        told[key] = _names(told[key])
    if "choices" in told:
        told["choices"] = _choices(field, told["choices"])
    if here := metadata.get("here"):
        template += f"（从“{_escaped(here)}”起）"
    return template.format_map(told)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def fields_line(line: str) -> str:
    """Returns in Chinese a line of intake's list of fields: "times: due_time, close_time"."""
    heading, _, fields = line.partition(": ")
    if heading not in HEADINGS:
        return line
    return f"{HEADINGS[heading]}：{_names(fields)}"


def _names(fields: str) -> str:
    return "、".join(FIELDS.get(one, (one,))[0] for one in fields.split(", "))


def _choices(field: str, listed: str) -> str:
    if field in TRUTHS:
        return "是、否"
    prefix = choices.prefix_of(CHOICES[field])
    return "、".join(VALUES[f"{prefix}{one}"][0] for one in listed.split(", "))
