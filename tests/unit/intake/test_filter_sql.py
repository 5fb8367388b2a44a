"""A filter becomes a condition of constant pieces; what the caller wrote is only an argument."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from chassis.queries import load_queries
from services.intake.domain.filters import FIELDS, Filter, Node, parse
from services.intake.store.filters import Argument, Compiled, compile_filter
from tests.unit.intake.examples import ZONE
from tests.unit.intake.filter_examples import CONDITIONS

COUNTED = "clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')"


def grams(words: str) -> tuple[str, list[str]]:
    """Pairs of letters, as some index has them; a word of one letter has none."""
    normal = words.strip().lower()
    return normal, [normal[at : at + 2] for at in range(len(normal) - 1)]


def compiled(text: str, first: int = 1) -> Compiled:
    """Compiles a filter, its white space made even."""
    made = compile_filter(parse(text), first, ZONE, grams)
    return Compiled(re.sub(r"\s+", " ", made.sql), made.arguments)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


START, END = local("2026-11-22 00:00"), local("2026-11-23 00:00")


@pytest.mark.parametrize(
    ("text", "sql", "arguments"),
    [
        ("", "true", []),
        ("state = CLOSED", "cases.state = $1", ["CLOSED"]),
        ("confirmation_basis != CODE", "cases.basis <> $1", ["CODE"]),
        ("steward = ''", "cases.steward = $1", [""]),
        ("level >= 2", "cases.level >= $1", [2]),
        ("place:浴室", "position($1::text in cases.place) > 0", ["浴室"]),
        ("grade:*", "cases.grade NOT IN ('', 'UNSPECIFIED')", []),
        ("slip_number:*", "cases.slip_number <> ''", []),
        ("promise_move_count:*", "cases.promise_move_count <> 0", []),
        ("close_time:*", "cases.close_time IS NOT NULL", []),
        ("due_time:*", "cases.due_time IS NOT NULL", []),
        ("open = true", "cases.state <> 'CLOSED'", []),
        ("open = false", "((cases.state <> 'CLOSED') IS NOT TRUE)", []),
        (
            "hand:s-1",
            (
                "EXISTS ( SELECT FROM case_hands"
                " WHERE case_hands.case_id = cases.case_id AND case_hands.person = $1 )"
            ),
            ["s-1"],
        ),
        (
            "plan != MET",
            (
                "((EXISTS ( SELECT FROM clocks WHERE clocks.case_id = cases.case_id"
                " AND clocks.cycle = cases.cycle AND clocks.kind = $1 AND clocks.state = $2 ))"
                " IS NOT TRUE)"
            ),
            ["PLAN", "MET"],
        ),
        (
            "first_reply:*",
            (
                "EXISTS ( SELECT FROM clocks WHERE clocks.case_id = cases.case_id"
                " AND clocks.cycle = cases.cycle AND clocks.kind = $1 )"
            ),
            ["FIRST_REPLY"],
        ),
        (
            "clock:BREACHED",
            (
                "EXISTS ( SELECT FROM clocks WHERE clocks.case_id = cases.case_id"
                f" AND clocks.state = $1 AND {COUNTED} )"
            ),
            ["BREACHED"],
        ),
        (
            "flag:*",
            "EXISTS (SELECT FROM flags WHERE flags.case_id = cases.case_id)",
            [],
        ),
        (
            "淋浴头",
            (
                "EXISTS ( SELECT FROM case_words WHERE case_words.case_id = cases.case_id"
                " AND case_words.grams @> $1::text[]"
                " AND position($2::text in case_words.normal_text) > 0 )"
            ),
            [["淋浴", "浴头"], "淋浴头"],
        ),
        (
            "text:水",
            (
                "EXISTS ( SELECT FROM case_words WHERE case_words.case_id = cases.case_id"
                " AND position($1::text in case_words.normal_text) > 0 )"
            ),
            ["水"],
        ),
        (
            "level = 1 AND (state = CLOSED OR NOT channel = DESK)",
            "(cases.level = $1 AND (cases.state = $2 OR ((cases.channel = $3) IS NOT TRUE)))",
            [1, "CLOSED", "DESK"],
        ),
    ],
)
def test_a_filter_becomes_a_condition(text: str, sql: str, arguments: list[Argument]) -> None:
    assert compiled(text) == Compiled(sql, tuple(arguments))


@pytest.mark.parametrize(
    ("operator", "sql", "arguments"),
    [
        ("=", "(cases.close_time >= $1 AND cases.close_time < $2)", (START, END)),
        (":", "(cases.close_time >= $1 AND cases.close_time < $2)", (START, END)),
        ("!=", "(cases.close_time < $1 OR cases.close_time >= $2)", (START, END)),
        ("<", "cases.close_time < $1", (START,)),
        (">=", "cases.close_time >= $1", (START,)),
        ("<=", "cases.close_time < $1", (END,)),
        (">", "cases.close_time >= $1", (END,)),
    ],
)
def test_a_day_is_the_sites_from_its_start_to_its_end(
    operator: str, sql: str, arguments: tuple[datetime, ...]
) -> None:
    assert compiled(f"close_time {operator} 2026-11-22") == Compiled(sql, arguments)


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
def test_an_instant_is_itself(operator: str) -> None:
    said = operator.replace("!=", "<>")
    made = compiled(f"close_time {operator} 2026-11-22T00:00:00+08:00")
    assert made == Compiled(f"cases.close_time {said} $1", (START,))


def test_placeholders_go_on_from_where_the_statement_ends() -> None:
    made = compiled("steward = s-1 淋浴头", first=7)
    assert made.sql.startswith("(cases.steward = $7 AND EXISTS (")
    assert "case_words.grams @> $8::text[]" in made.sql
    assert "position($9::text in case_words.normal_text)" in made.sql


def test_words_of_which_nothing_is_left_are_refused_where_they_stand() -> None:
    with pytest.raises(Refused) as caught:
        compile_filter(parse('open = true "……"'), 1, ZONE, lambda _: ("", []))
    assert caught.value.reason == "FILTER_INVALID"
    assert caught.value.metadata["position"] == "13"


def test_every_field_has_its_piece_and_every_piece_its_use() -> None:
    pieces = {piece.name for piece in load_queries("services.intake", "sql/filters.sql")}
    used: set[str] = set()
    for name, field in FIELDS.items():
        match field.kind.name:
            case "TEXT" | "CLOCK":
                continue
            case "MARK" | "MEMBER":
                used |= {name, f"any_{name}"}
            case _:
                used.add(name)
    assert used <= pieces
    joints = {"everything", "says", "says_briefly", "clock_of_kind", "any_clock_of_kind"}
    compared = {f"is_{how}" for how in "equal different less at_most more at_least".split()}
    holding = {f"has_{what}" for what in "part choice string number time".split()}
    assert pieces - used == joints | compared | holding | {"is_within", "is_outside"}


@given(CONDITIONS, st.integers(1, 20))
def test_nothing_of_the_caller_stands_in_the_sql(condition: Node, first: int) -> None:
    made = compile_filter(Filter(condition), first, ZONE, grams)
    placeholders = [int(number) for number in re.findall(r"\$(\d+)", made.sql)]
    # A day's bounds stand once each, an operand that is used twice has no placeholder.
    assert placeholders == list(range(first, first + len(made.arguments)))
    left = made.sql
    pieces = load_queries("services.intake", "sql/filters.sql")
    # The longest first, since it may hold a shorter one.
    for piece in sorted(pieces, key=lambda one: len(one.sql), reverse=True):
        body = piece.sql.removeprefix(f"/* {piece.name} */ ")
        left = re.sub(_pattern(body), " ", left)
    assert re.sub(r"\$\d+|cases\.\w+|\bAND\b|\bOR\b|IS NOT TRUE|[()\s]", "", left) == ""


def _pattern(body: str) -> str:
    """Returns what a piece looks like with any operand or placeholder as its part."""
    return re.sub(r"\\\$\d", r"(?:\\$\\d+|cases\\.\\w+|\\s)", re.escape(body))
