"""A filter means what AIP-160 says, or is refused with the place and what is wrong there."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backstop.sla.v1 import sla_pb2
from chassis.errors import Refused
from services.intake.domain.filters import (
    FIELDS,
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
    parse,
)
from tests.unit.intake.filter_examples import CONDITIONS, write

A, B, C, D = (Search(word) for word in "abcd")
CLOSED = Comparison("state", Operator.EQUAL, "CLOSED")
DAY = date(2026, 11, 22)


def refused(text: str) -> tuple[int, str]:
    """Returns where and why a filter is refused."""
    with pytest.raises(Refused) as caught:
        parse(text)
    assert caught.value.reason == "FILTER_INVALID"
    return int(caught.value.metadata["position"]), caught.value.metadata["problem"]


@pytest.mark.parametrize("text", ["", "   ", "\u3000"])
def test_an_empty_filter_asks_for_nothing(text: str) -> None:
    assert parse(text) == Filter(None)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("a", A),
        ('"a b"', Search("a b")),
        ("a b", And((A, B))),
        ("a AND b AND c", And((A, B, C))),
        ("a b AND c", And((A, B, C))),
        ("a OR b OR c", Or((A, B, C))),
        # OR binds tighter than AND, and than standing side by side.
        ("a AND b OR c", And((A, Or((B, C))))),
        ("a OR b AND c", And((Or((A, B)), C))),
        ("a b OR c d", And((A, Or((B, C)), D))),
        ("(a AND b) OR c", Or((And((A, B)), C))),
        ("NOT a OR b", Or((Not(A), B))),
        ("NOT(a OR b)", Not(Or((A, B)))),
        ("-a b", And((Not(A), B))),
        ("-(a b) c", And((Not(And((A, B))), C))),
        ('-"a"', Not(A)),
        ("a-b", Search("a-b")),
        ("(((a)))", A),
        ("a (b)", And((A, B))),
        ("淋浴头\u3000坏了", And((Search("淋浴头"), Search("坏了")))),
    ],
)
def test_terms_are_joined_as_aip_160_says(text: str, condition: Node) -> None:
    assert parse(text).condition == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("state=closed", CLOSED),
        ("state : CLOSED", CLOSED),
        ('state = "Closed"', CLOSED),
        ("state != CLOSED", Comparison("state", Operator.DIFFERENT, "CLOSED")),
        ('steward = ""', Comparison("steward", Operator.EQUAL, "")),
        ("steward:s-1", Comparison("steward", Operator.EQUAL, "s-1")),
        ("number:20261122", Comparison("number", Operator.HAS, "20261122")),
        ("number = YW-20261122-0007", Comparison("number", Operator.EQUAL, "YW-20261122-0007")),
        ("place:'浴室 二楼'", Comparison("place", Operator.HAS, "浴室 二楼")),
        ('place = "*"', Comparison("place", Operator.EQUAL, "*")),
        ("level>=2", Comparison("level", Operator.AT_LEAST, 2)),
        ("level > -1", Comparison("level", Operator.MORE, -1)),
        ("reopen_count:0", Comparison("reopen_count", Operator.EQUAL, 0)),
        ("due_time < 2026-11-22", Comparison("due_time", Operator.LESS, DAY)),
        ('record_time:"2026-11-22"', Comparison("record_time", Operator.EQUAL, DAY)),
        (
            "close_time <= 2026-11-22T08:00:00+08:00",
            Comparison("close_time", Operator.AT_MOST, datetime(2026, 11, 22, tzinfo=UTC)),
        ),
        (
            "close_time <= '2026-11-22t00:00:00.5z'",
            Comparison(
                "close_time", Operator.AT_MOST, datetime(2026, 11, 22, 0, 0, 0, 500_000, tzinfo=UTC)
            ),
        ),
        ("overdue = true", Is("overdue")),
        ("open:False", Not(Is("open"))),
        ("open != false", Is("open")),
        ("open != true", Not(Is("open"))),
        ("flag:HAZARD", Has("flag", "HAZARD")),
        ("flag = long_standing", Has("flag", "LONG_STANDING")),
        ("flag != HAZARD", Not(Has("flag", "HAZARD"))),
        ("link:RELATED", Has("link", "RELATED")),
        ("clock:BREACHED", Has("clock", "BREACHED")),
        ("plan = MET_LATE", Has("plan", "MET_LATE")),
        ("hand:s-1", Has("hand", "s-1")),
        ("work_order_unit = bath", Has("work_order_unit", "bath")),
        ("outcome:*", Present("outcome")),
        ("-due_time:*", Not(Present("due_time"))),
        ('text:"淋浴"', Search("淋浴")),
        (r'"say \"a\" \\ b"', Search(r'say "a" \ b')),
        (r"'it\'s'", Search("it's")),
    ],
)
def test_a_comparison_is_read_by_the_type_of_its_field(text: str, condition: Node) -> None:
    assert parse(text).condition == condition


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("a AND", 6, "a term is missing"),
        ("OR a", 1, "a term is missing"),
        ("a AND OR b", 7, "a term is missing"),
        ("()", 2, "a term is missing"),
        ("NOT NOT a", 5, "a term is missing"),
        ("--a", 2, "a term is missing"),
        ("- a", 2, "right before what it negates"),
        ("a and b", 3, "capitals"),
        ("a Or b", 3, "capitals"),
        ("(a", 1, "not closed"),
        ("a)", 2, "no parenthesis is open"),
        ('a "b', 3, "quotes are not closed"),
        ("'", 1, "quotes are not closed"),
        (r'"a\n"', 3, "\\ stands only before"),
        ('a"b"', 2, "a space is missing"),
        ('"a""b"', 4, "a space is missing"),
        ("(a)b", 4, "a space is missing"),
        ("a,b", 2, "with this sign need quotes"),
        ("a!", 2, "with this sign need quotes"),
        ("a* b", 2, "* stands only after"),
        ("state = *", 9, "* stands only after"),
        ("state:C*", 8, "* stands only after"),
        ("state：CLOSED", 6, "full-width"),
        ("（a）", 1, "full-width"),
        ("“a”", 1, "full-width"),
        ("state =", 8, "a value is missing"),
        ("state = AND", 9, "a value is missing"),
        ("state = = CLOSED", 9, "a value is missing"),
        ("state = CLOSED = CLOSED", 16, "a term is missing"),
        ("state = (CLOSED OR RESOLVED)", 9, "not a group"),
        ('"state" = CLOSED', 1, "without quotes"),
        ("now()", 1, "no functions"),
        ("record_time > duration(3d)", 15, "no functions"),
        ("sate = CLOSED", 1, "near it: state"),
        ("State = CLOSED", 1, "near it: state"),
        ("cases.state = CLOSED", 1, "no field of this name"),
        ("12:30", 1, "no field of this name"),
        ("state = GONE", 9, "REGISTERED, ASSIGNED, IN_PROGRESS, RESOLVED, CLOSED"),
        ("reporter_kind = UNSPECIFIED", 17, "EMPLOYEE, JOINT_TEAM"),
        ("outcome = ''", 11, "outcome is one of SOLVED"),
        ("state > CLOSED", 7, "compared with = != : only"),
        ("overdue < true", 9, "compared with = != : only"),
        ("text = a", 6, "compared with : only"),
        ("flag:NONE", 6, "HAZARD, LONG_STANDING"),
        ("plan = LATE", 8, "RUNNING, PAUSED, MET"),
        ("overdue = maybe", 11, "TRUE, FALSE"),
        ("overdue:*", 9, "always there"),
        ("text:*", 6, "ask for words"),
        ("level = two", 9, "whole number"),
        ("level = 1234567890", 9, "nine digits"),
        ("level = ２", 9, "whole number"),
        ("level = 1.5", 9, "whole number"),
        ("due_time < tomorrow", 12, "RFC 3339"),
        ("due_time < 2026-11-22T08:00:00", 12, "RFC 3339"),
        ("due_time < 2026-02-30", 12, "no such day"),
        ("due_time < 2026-11-22T25:00:00Z", 12, "no such day"),
        ("due_time < 9999-12-31", 12, "between 1970"),
        ("due_time < 0001-01-01T00:00:00+14:00", 12, "between 1970"),
        ("hand = ''", 8, "hand:*"),
        ("place:''", 7, "nothing to look for"),
        ("''", 1, "no words"),
        ('text:" "', 6, "no words"),
        ("a\x00b", 2, "control"),
        ("a\tb", 2, "control"),
        ("a \u202eb", 3, "invisible"),
        ("a\ud800", 2, "invisible"),
        ("a " * 1_000 + "b", 2_001, "at most 2000"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, position: int, problem: str) -> None:
    assert refused(text)[0] == position
    assert problem in refused(text)[1]


def test_bounds_let_exactly_as_much_pass() -> None:
    parse(" ".join(["a"] * 50))
    assert refused(" ".join(["a"] * 51)) == (101, "a filter has at most 50 comparisons")
    parse("(" * 10 + "a" + ")" * 10)
    assert refused("(" * 11 + "a" + ")" * 11)[0] == 11
    parse("(" * 10 + "a" + ")" * 10 + " (b)")
    parse("a" * 200)
    parse('place = "' + "\\\\" * 200 + '"')
    assert refused("b " + "a" * 201) == (3, "a value has at most 200 characters")
    assert refused('place = "' + "a" * 201 + '"')[0] == 9
    parse("a" + " " * 1_999)


def test_an_unknown_field_is_refused_with_all_that_are_known() -> None:
    with pytest.raises(Refused) as caught:
        parse("nonsense = 1")
    said = " ".join(one.description for one in caught.value.fields)
    assert [name for name in FIELDS if name not in said.replace(",", " ").split()] == []
    # A longer description, or a longer problem, would be cut on its way to the caller.
    assert all(len(one.description) <= 200 for one in caught.value.fields)


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.choices])
def test_a_refusal_has_room_for_every_value(name: str) -> None:
    _, problem = refused(f"{name} = NOTHING")
    assert problem.endswith(FIELDS[name].choices[-1])


@pytest.mark.parametrize("text", ["张三样例 = 1", "state = 张三样例", "level = 张三样例"])
def test_a_refusal_does_not_repeat_what_was_written(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(text)
    told = [str(caught.value), *(one.description for one in caught.value.fields)]
    assert "张三" not in " ".join(told)


def test_words_remember_where_they_stand() -> None:
    assert parse("  a").condition == A
    found = parse("  a").condition
    assert isinstance(found, Search)
    assert found.position == 3


def test_clocks_have_the_states_and_kinds_that_sla_gives_them() -> None:
    states = {
        name.removeprefix("CLOCK_STATE_") for name in sla_pb2.ClockState.DESCRIPTOR.values_by_name
    }
    assert set(FIELDS["clock"].choices) == states - {"UNSPECIFIED"}
    kinds = {
        name.removeprefix("CLOCK_KIND_") for name in sla_pb2.ClockKind.DESCRIPTOR.values_by_name
    }
    own = {name.upper() for name, field in FIELDS.items() if field.kind.name == "CLOCK"}
    assert own < kinds


@given(st.data(), CONDITIONS)
def test_however_a_condition_is_written_it_is_read_as_it_was_meant(
    data: st.DataObject, condition: Node
) -> None:
    text = write(condition, lambda way: data.draw(st.booleans(), label=way))
    assert parse(text) == Filter(condition)


# Pieces of the grammar meet more often than any text of single characters would let them.
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *"()-:=<>!*\"'\\,. ",
                *["AND", " AND ", " OR ", "NOT ", "state", "CLOSED", "due_time", "2026-11-22"],
                *["T08:00:00Z", "level", "-1", "text", "flag", "overdue", "true", "淋浴", "："],
            ]
        ),
        st.text(max_size=3),
    ),
    max_size=30,
).map("".join)


@given(st.one_of(PIECES, st.text(), st.text(st.characters(), max_size=50)))
@example("(" * 2_000)
@example("-" * 2_000)
@example("NOT " * 500)
@example('"' + "\\" * 1_999)
def test_any_text_is_a_filter_or_is_refused_with_a_place_in_it(text: str) -> None:
    refusal = None
    try:
        parse(text)
    except Refused as caught:
        refusal = caught
    if refusal is not None:
        assert refusal.reason == "FILTER_INVALID"
        assert 1 <= int(refusal.metadata["position"]) <= len(text) + 1
        assert refusal.metadata["problem"]
