"""Filters over cases, in the words of AIP-160: from a caller's text to a checked condition.

`OR` binds tighter than `AND`: `a AND b OR c` is a and one of b and c. Terms side by side are
joined like `AND`, and bind tighter than it, which comes to the same. `NOT x` and `-x` negate one
term. A word or string alone is looked for in the text of the case.

A field is compared with `=`, `!=`, `<`, `<=`, `>`, `>=`; `:` looks for a part of `number` and
`place`, for one among several in `flag`, `link`, `hand` and the like, and is `=` elsewhere.
`field:*` asks whether there is anything. A day ("2026-11-22") is the site's: `=` is within it, `<`
before it begins, `>` after it has ended, `<=` and `>=` take it in. What a case doesn't have is
neither equal to a value nor different from it, and `NOT` of either is true; for a field of several
values `!=` is `NOT` of `=`. A field of a clock (`plan`) has the states of all clocks of that kind
in the present cycle, `clock` those of every counted clock of any cycle.
"""

from services.intake.domain.filters.fields import FIELDS, Field, FieldKind
from services.intake.domain.filters.grammar import parse
from services.intake.domain.filters.problems import SENTENCES, Problem, refusal
from services.intake.domain.filters.tree import (
    And,
    Comparison,
    Filter,
    Has,
    Is,
    Node,
    Not,
    Operator,
    Or,
    Present,
    Search,
    mentions_text,
)

__all__ = [
    "FIELDS",
    "SENTENCES",
    "And",
    "Comparison",
    "Field",
    "FieldKind",
    "Filter",
    "Has",
    "Is",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Present",
    "Problem",
    "Search",
    "mentions_text",
    "parse",
    "refusal",
]
