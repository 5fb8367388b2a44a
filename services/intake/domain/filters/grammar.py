"""The grammar of filters, read from left to right in one pass over the text.

    expression = sequence {"AND" sequence}
    sequence   = factor {factor}
    factor     = term {"OR" term}
    term       = ["NOT" | "-"] simple
    simple     = field operator value | word | string | "(" expression ")"

A parser of our own, since what matters here is that each refusal tells its place and what is
wrong there, and that no text whatever costs more than its length.
"""

import re
import unicodedata

from chassis.errors import Refused
from services.intake.domain.filters import fields
from services.intake.domain.filters.fields import Literal
from services.intake.domain.filters.problems import Problem, refusal
from services.intake.domain.filters.tree import And, Filter, Node, Not, Operator, Or

LONGEST_FILTER = 2_000
LONGEST_LITERAL = 200
MOST_COMPARISONS = 50
DEEPEST = 10

_KEYWORDS = ("AND", "OR", "NOT")
# Where these stand outside quotes, somebody's keyboard was set to Chinese and means the grammar.
_FULL_WIDTH = "（）：＝＜＞！＊“”＂"

_SPACES = re.compile(r"\s*")
_WORD = re.compile(rf"""[^\s()"'<>=!:,*{_FULL_WIDTH}]+""")
_OPERATOR = re.compile(r"<=|>=|!=|[=<>:]")
_STRING = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_ESCAPE = re.compile(r"\\(.)")
# Bare, although a word holds no colon.
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.+Zz-]*")
# Format characters turn text around or hide in it; surrogates are no characters.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def parse(text: str) -> Filter:
    """Returns the checked filter of a text; an empty or blank one lets everything pass.

    Raises Refused FILTER_INVALID with the `position` of what is wrong, in characters counted from
    1, the `problem` in English and its code: whatever the text is, and for nothing else.
    """
    if len(text) > LONGEST_FILTER:
        raise refusal(LONGEST_FILTER + 1, Problem.TOO_LONG, most=LONGEST_FILTER)
    for index, character in enumerate(text):
        if unicodedata.category(character) in _INVISIBLE:
            raise refusal(index + 1, Problem.INVISIBLE_CHARACTER)
    parser = _Parser(text)
    if parser.at_end():
        return Filter(None)
    condition = parser.expression()
    if not parser.at_end():
        raise parser.refused(Problem.PARENTHESIS_NOT_OPEN)
    return Filter(condition)


class _Parser:
    """A place in a text; each method reads one thing from there, and leaves the spaces after it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._index = 0
        self._depth = 0
        self._comparisons = 0

    def at_end(self) -> bool:
        """Skips spaces and tells whether that was all."""
        self._skip_spaces()
        return self._index == len(self._text)

    def refused(self, problem: Problem) -> Refused:
        """Returns a refusal for what stands here."""
        return refusal(self._index + 1, problem)

    def expression(self) -> Node:
        operands = self._sequence()
        while self._take_keyword("AND"):
            operands += self._sequence()
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _sequence(self) -> list[Node]:
        factors = [self._factor()]
        while not self.at_end() and self._here() != ")" and self._keyword() != "AND":
            factors.append(self._factor())
        return factors

    def _factor(self) -> Node:
        terms = [self._term()]
        while self._take_keyword("OR"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _term(self) -> Node:
        self._skip_spaces()
        negated = self._take_keyword("NOT")
        if not negated and self._here() == "-":
            self._index += 1
            negated = True
            if self._here().isspace():
                raise self.refused(Problem.MINUS_APART)
        self._skip_spaces()
        simple = self._group() if self._here() == "(" else self._restriction()
        self._check_parted()
        return Not(simple) if negated else simple

    def _group(self) -> Node:
        if self._depth == DEEPEST:
            raise refusal(self._index + 1, Problem.TOO_DEEP, most=DEEPEST)
        opened = self._index
        self._index += 1
        self._depth += 1
        inner = self.expression()
        if self._here() != ")":
            raise refusal(opened + 1, Problem.PARENTHESIS_NOT_CLOSED)
        self._index += 1
        self._depth -= 1
        return inner

    def _restriction(self) -> Node:
        """Reads a comparison, or a word or string that the text is searched for."""
        if self._keyword() or self._here() == "-":
            raise self.refused(Problem.TERM_MISSING)
        left = self._literal(Problem.TERM_MISSING)
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise refusal(left.position, Problem.TOO_MANY_COMPARISONS, most=MOST_COMPARISONS)
        if self._here() == "(" and not left.quoted:
            raise refusal(left.position, Problem.FUNCTION)
        after = self._index
        self._skip_spaces()
        operator_position = self._index + 1
        match = _OPERATOR.match(self._text, self._index)
        if match is None:
            self._index = after
            if not left.quoted and left.text.upper() in _KEYWORDS:
                raise refusal(left.position, Problem.KEYWORD_IN_SMALL_LETTERS)
            return fields.search(left.text, left.position)
        if left.quoted:
            raise refusal(left.position, Problem.FIELD_QUOTED)
        field = fields.find_field(left.text, left.position)
        self._index = match.end()
        value = self._value()
        self._check_parted()
        return fields.compare(field, Operator(match[0]), value, operator_position)

    def _value(self) -> Literal:
        self._skip_spaces()
        start = self._index
        if self._here() == "*":
            self._index += 1
            return Literal("*", quoted=False, position=start + 1)
        if self._here() == "(":
            raise self.refused(Problem.GROUP_AS_VALUE)
        if self._keyword():
            raise self.refused(Problem.KEYWORD_AS_VALUE)
        match = _INSTANT.match(self._text, start)
        if match is not None:
            self._index = match.end()
            return self._bounded(match[0], start, quoted=False)
        value = self._literal(Problem.VALUE_MISSING)
        if self._here() == "(" and not value.quoted:
            raise refusal(value.position, Problem.FUNCTION)
        return value

    def _literal(self, missing: Problem) -> Literal:
        """Reads a word or a string; `missing` is the problem where neither stands."""
        start = self._index
        match = _WORD.match(self._text, start)
        if match is not None:
            self._index = match.end()
            return self._bounded(match[0], start, quoted=False)
        match = _STRING.match(self._text, start)
        if match is None:
            raise self.refused(self._unexpected(missing))
        for escape in _ESCAPE.finditer(self._text, start + 1, match.end() - 1):
            if escape[1] not in "\"'\\":
                raise refusal(escape.start() + 1, Problem.ESCAPE_UNKNOWN)
        self._index = match.end()
        return self._bounded(_ESCAPE.sub(r"\1", match[0][1:-1]), start, quoted=True)

    def _bounded(self, text: str, start: int, *, quoted: bool) -> Literal:
        if len(text) > LONGEST_LITERAL:
            raise refusal(start + 1, Problem.VALUE_TOO_LONG, most=LONGEST_LITERAL)
        return Literal(text, quoted, start + 1)

    def _check_parted(self) -> None:
        """Raises Refused where something else follows without a space."""
        if self._here() not in ("", "(", ")") and not self._here().isspace():
            raise self.refused(self._unexpected(Problem.SPACE_MISSING))

    def _unexpected(self, otherwise: Problem) -> Problem:
        """Returns what is wrong with the character that stands here."""
        here = self._here()
        if here and here in "\"'" and not _STRING.match(self._text, self._index):
            return Problem.QUOTES_NOT_CLOSED
        if here and here in _FULL_WIDTH:
            return Problem.FULL_WIDTH_SIGN
        if here == "*":
            return Problem.STAR_MISPLACED
        if here and here in ",!":
            return Problem.SIGN_WITHOUT_QUOTES
        return otherwise

    def _skip_spaces(self) -> None:
        match = _SPACES.match(self._text, self._index)
        self._index = match.end() if match else self._index

    def _here(self) -> str:
        """Returns the character that stands here; nothing at the end."""
        return self._text[self._index : self._index + 1]

    def _keyword(self) -> str:
        """Returns AND, OR or NOT if it stands here, and reads nothing."""
        match = _WORD.match(self._text, self._index)
        return match[0] if match and match[0] in _KEYWORDS else ""

    def _take_keyword(self, keyword: str) -> bool:
        self._skip_spaces()
        if self._keyword() != keyword:
            return False
        self._index += len(keyword)
        return True
