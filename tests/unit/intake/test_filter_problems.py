"""Every problem of a filter has a code, a sentence, and what the sentence speaks of."""

from string import Formatter

import pytest

from chassis.errors import Refused
from services.intake.domain.filters import SENTENCES, Problem, parse, refusal

# Of each problem that a text can have, one text that has it.
EXAMPLES: dict[Problem, str] = {
    Problem.CHOICE_UNKNOWN: "state = GONE",
    Problem.CODE_MISSING: "hand = ''",
    Problem.ESCAPE_UNKNOWN: r'"a\n"',
    Problem.FIELD_QUOTED: '"state" = CLOSED',
    Problem.FIELD_UNKNOWN: "sate = CLOSED",
    Problem.FULL_WIDTH_SIGN: "state：CLOSED",
    Problem.FUNCTION: "now()",
    Problem.GROUP_AS_VALUE: "state = (CLOSED)",
    Problem.INVISIBLE_CHARACTER: "a\x00b",
    Problem.KEYWORD_AS_VALUE: "state = AND",
    Problem.KEYWORD_IN_SMALL_LETTERS: "a and b",
    Problem.MINUS_APART: "- a",
    Problem.NO_SUCH_TIME: "due_time < 2026-02-30",
    Problem.NUMBER_WANTED: "level = two",
    Problem.OPERATOR_UNFIT: "state > CLOSED",
    Problem.PARENTHESIS_NOT_CLOSED: "(a",
    Problem.PARENTHESIS_NOT_OPEN: "a)",
    Problem.PART_MISSING: "place:''",
    Problem.QUOTES_NOT_CLOSED: 'a "b',
    Problem.SIGN_WITHOUT_QUOTES: "a,b",
    Problem.SPACE_MISSING: 'a"b"',
    Problem.STAR_MISPLACED: "state = *",
    Problem.TERM_MISSING: "a AND",
    Problem.TEXT_ALWAYS_THERE: "text:*",
    Problem.TIME_OUT_OF_RANGE: "due_time < 9999-12-31",
    Problem.TIME_WANTED: "due_time < tomorrow",
    Problem.TOO_DEEP: "(" * 11 + "a" + ")" * 11,
    Problem.TOO_LONG: "a " * 1_001,
    Problem.TOO_MANY_COMPARISONS: " ".join("a" * 51),
    Problem.TRUTH_ALWAYS_THERE: "overdue:*",
    Problem.VALUE_MISSING: "state =",
    Problem.VALUE_TOO_LONG: "a" * 201,
    Problem.WORDS_MISSING: "''",
}
# Of words that hold neither letters nor digits: the normal form is the store's.
ELSEWHERE = {Problem.NOTHING_LEFT}


def parameters(template: str) -> set[str]:
    """Returns the names that a sentence has places for."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("problem", Problem)
def test_a_problem_travels_as_code_sentence_and_parameters(problem: Problem) -> None:
    if problem in ELSEWHERE:
        metadata = refusal(7, problem).metadata
    else:
        with pytest.raises(Refused) as caught:
            parse(EXAMPLES[problem])
        metadata = caught.value.metadata
    assert metadata["problem_code"] == problem
    named = {key: metadata[key] for key in parameters(SENTENCES[problem])}
    assert metadata.keys() == {"position", "problem", "problem_code"} | named.keys()
    assert metadata["problem"] == SENTENCES[problem].format_map(named)


def test_a_name_that_is_near_none_is_told_to_be_words_without_quotes() -> None:
    with pytest.raises(Refused) as caught:
        parse("12:30")
    assert caught.value.metadata["problem"].endswith("words need quotes")
    assert caught.value.metadata["near"] == ""
