"""Everything that can be wrong with a filter: a code for programs, a sentence for integrators.

The code and what it speaks of travel beside the sentence, so that a client can say it in another
language. What a caller wrote is never among them, since it may be somebody's name.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from chassis.errors import FieldViolation, Refused


class Problem(StrEnum):
    """Codes are part of the interface: clients translate by them."""

    CHOICE_UNKNOWN = "CHOICE_UNKNOWN"
    CODE_MISSING = "CODE_MISSING"
    ESCAPE_UNKNOWN = "ESCAPE_UNKNOWN"
    FIELD_QUOTED = "FIELD_QUOTED"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    FULL_WIDTH_SIGN = "FULL_WIDTH_SIGN"
    FUNCTION = "FUNCTION"
    GROUP_AS_VALUE = "GROUP_AS_VALUE"
    INVISIBLE_CHARACTER = "INVISIBLE_CHARACTER"
    KEYWORD_AS_VALUE = "KEYWORD_AS_VALUE"
    KEYWORD_IN_SMALL_LETTERS = "KEYWORD_IN_SMALL_LETTERS"
    MINUS_APART = "MINUS_APART"
    NO_SUCH_TIME = "NO_SUCH_TIME"
    NOTHING_LEFT = "NOTHING_LEFT"
    NUMBER_WANTED = "NUMBER_WANTED"
    OPERATOR_UNFIT = "OPERATOR_UNFIT"
    PARENTHESIS_NOT_CLOSED = "PARENTHESIS_NOT_CLOSED"
    PARENTHESIS_NOT_OPEN = "PARENTHESIS_NOT_OPEN"
    PART_MISSING = "PART_MISSING"
    QUOTES_NOT_CLOSED = "QUOTES_NOT_CLOSED"
    SIGN_WITHOUT_QUOTES = "SIGN_WITHOUT_QUOTES"
    SPACE_MISSING = "SPACE_MISSING"
    STAR_MISPLACED = "STAR_MISPLACED"
    TERM_MISSING = "TERM_MISSING"
    TEXT_ALWAYS_THERE = "TEXT_ALWAYS_THERE"
    TIME_OUT_OF_RANGE = "TIME_OUT_OF_RANGE"
    TIME_WANTED = "TIME_WANTED"
    TOO_DEEP = "TOO_DEEP"
    TOO_LONG = "TOO_LONG"
    TOO_MANY_COMPARISONS = "TOO_MANY_COMPARISONS"
    TRUTH_ALWAYS_THERE = "TRUTH_ALWAYS_THERE"
    VALUE_MISSING = "VALUE_MISSING"
    VALUE_TOO_LONG = "VALUE_TOO_LONG"
    WORDS_MISSING = "WORDS_MISSING"


# The names in braces are the parameters of the code, and travel under them.
SENTENCES: Final[Mapping[Problem, str]] = MappingProxyType(
    {
        Problem.CHOICE_UNKNOWN: "{field} is one of {choices}",
        Problem.CODE_MISSING: "{field} wants a code; whether any: {field}:*",
        Problem.ESCAPE_UNKNOWN: "\\ stands only before a quote or another \\",
        Problem.FIELD_QUOTED: "the name of a field stands without quotes",
        Problem.FIELD_UNKNOWN: "no field of this name; near it: {near}",
        Problem.FULL_WIDTH_SIGN: (
            "a full-width sign; write it half-width, or put the words into quotes"
        ),
        Problem.FUNCTION: "there are no functions",
        Problem.GROUP_AS_VALUE: "one value is wanted here, not a group",
        Problem.INVISIBLE_CHARACTER: ("control and invisible characters have no place in a filter"),
        Problem.KEYWORD_AS_VALUE: (
            "a value is missing here; as a value, AND, OR and NOT need quotes"
        ),
        Problem.KEYWORD_IN_SMALL_LETTERS: "AND, OR and NOT are capitals; as a word, in quotes",
        Problem.MINUS_APART: "- stands right before what it negates",
        Problem.NO_SUCH_TIME: "there is no such day or time",
        Problem.NOTHING_LEFT: "nothing is left of these words that could be looked for",
        Problem.NUMBER_WANTED: "{field} is a whole number of at most nine digits",
        Problem.OPERATOR_UNFIT: "{field} is compared with {operators} only",
        Problem.PARENTHESIS_NOT_CLOSED: "this parenthesis is not closed",
        Problem.PARENTHESIS_NOT_OPEN: "no parenthesis is open here",
        Problem.PART_MISSING: "there is nothing to look for",
        Problem.QUOTES_NOT_CLOSED: "these quotes are not closed",
        Problem.SIGN_WITHOUT_QUOTES: "words with this sign need quotes",
        Problem.SPACE_MISSING: "a space is missing here",
        Problem.STAR_MISPLACED: "* stands only after a field and a colon",
        Problem.TERM_MISSING: "a term is missing here",
        Problem.TEXT_ALWAYS_THERE: "every case has a text; ask for words",
        Problem.TIME_OUT_OF_RANGE: "a time lies between 1970-01-01 and 9998-12-31",
        Problem.TIME_WANTED: (
            'a time is a day of the site such as "2026-11-22", or an instant of RFC 3339'
        ),
        Problem.TOO_DEEP: "parentheses stand at most {most} deep",
        Problem.TOO_LONG: "a filter has at most {most} characters",
        Problem.TOO_MANY_COMPARISONS: "a filter has at most {most} comparisons",
        Problem.TRUTH_ALWAYS_THERE: "{field} is always there; ask whether it is true",
        Problem.VALUE_MISSING: "a value is missing here",
        Problem.VALUE_TOO_LONG: "a value has at most {most} characters",
        Problem.WORDS_MISSING: "there are no words to look for",
    }
)
# Where no known name is near what was written as one, it was probably meant to be looked for.
_NOTHING_NEAR: Final = "no field of this name; words need quotes"


def refusal(
    position: int, problem: Problem, also: Iterable[str] = (), **parameters: str | int
) -> Refused:
    """Returns Refused FILTER_INVALID; `also` are lines that don't fit into one sentence.

    `parameters` are those of the problem's sentence, which is the metadata's `problem`; its code
    is `problem_code`. KeyError for a parameter that lacks.
    """
    template = SENTENCES[problem]
    if problem is Problem.FIELD_UNKNOWN and not parameters["near"]:
        template = _NOTHING_NEAR
    sentence = template.format_map(parameters)
    lines = tuple(also)
    told: dict[str, Any] = dict(parameters)
    return Refused(
        "FILTER_INVALID",
        fields=[FieldViolation("filter", line) for line in (sentence, *lines)] if lines else (),
        position=position,
        problem=sentence,
        problem_code=problem.value,
        **told,
    )
