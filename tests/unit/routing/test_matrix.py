"""No blind spot (无盲区、全覆盖): gaps are found to the day, overlaps and strangers refused."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.directory import Unit, UnitKind
from services.routing.domain.matrix import Gap, Responsibility, Role, check, gaps, holders_on

TODAY = date(2026, 11, 23)
TEAM = Unit("team", "一队", UnitKind.TEAM)
JOINT = Unit("joint", "联建一队", UnitKind.JOINT_TEAM)


def row(
    person: str,
    start: date = TODAY,
    end: date | None = None,
    *,
    unit: str = "team",
    role: Role = Role.STEWARD,
) -> Responsibility:
    return Responsibility(unit, role, person, start, end)


def faults(*rows: Responsibility) -> list[str]:
    return [fault.field for fault in check(rows, ["team", "joint"], ["p1", "p2"])]


def test_an_open_row_from_today_covers_a_team() -> None:
    assert gaps([TEAM], [row("p1")], TODAY) == []


def test_a_unit_without_a_row_has_a_gap_without_end() -> None:
    assert gaps([TEAM], [], TODAY) == [Gap("team", "一队", Role.STEWARD, TODAY, None)]


def test_a_joint_team_needs_instructor_and_technician_too() -> None:
    held = [row("p1", unit="joint"), row("p2", unit="joint", role=Role.TECHNICIAN)]
    assert [gap.role for gap in gaps([JOINT], held, TODAY)] == [Role.INSTRUCTOR]


def test_a_head_is_nowhere_required_and_replaces_nobody() -> None:
    assert [g.role for g in gaps([TEAM], [row("p1", role=Role.HEAD)], TODAY)] == [Role.STEWARD]


def test_days_between_rows_and_after_the_last_are_gaps() -> None:
    rows = [
        row("p2", date(2026, 12, 5), date(2026, 12, 31)),
        row("p1", date(2026, 1, 1), date(2026, 12, 1)),
    ]
    assert gaps([TEAM], rows, TODAY) == [
        Gap("team", "一队", Role.STEWARD, date(2026, 12, 2), date(2026, 12, 4)),
        Gap("team", "一队", Role.STEWARD, date(2027, 1, 1), None),
    ]


def test_rows_that_meet_leave_no_gap_and_the_past_asks_for_none() -> None:
    rows = [row("p1", TODAY, date(2026, 12, 1)), row("p2", date(2026, 12, 2))]
    assert gaps([TEAM], rows, TODAY) == []


def test_the_last_day_of_the_calendar_is_as_good_as_open() -> None:
    assert gaps([TEAM], [row("p1", TODAY, date.max)], TODAY) == []


def test_overlaps_are_refused_per_unit_and_role() -> None:
    one = row("p1", TODAY, date(2026, 12, 1))
    assert faults(one, row("p2", date(2026, 12, 1))) == ["responsibilities[1].start_date"]
    assert faults(one, row("p2", date(2026, 12, 2))) == []
    assert faults(one, row("p2", role=Role.HEAD)) == []
    assert faults(one, row("p2", unit="joint")) == []
    # A row inside a long one, and one after it that the long one still covers.
    long = row("p1", TODAY, date(2027, 12, 31))
    inside, later = row("p2", date(2026, 12, 1), date(2026, 12, 2)), row("p2", date(2027, 1, 1))
    assert faults(long, inside, later) == [
        "responsibilities[1].start_date",
        "responsibilities[2].start_date",
    ]


def test_strangers_and_backward_rows_are_refused() -> None:
    assert faults(row("p9")) == ["responsibilities[0].person_id"]
    assert faults(row("p1", unit="gone")) == ["responsibilities[0].unit_id"]
    assert faults(row("p1", TODAY, TODAY - timedelta(days=1))) == ["responsibilities[0].end_date"]


def test_holders_are_told_in_the_order_of_roles_and_the_first_row_counts() -> None:
    rows = [
        row("p2", unit="joint", role=Role.TECHNICIAN),
        row("p1", unit="joint"),
        row("p9", unit="joint"),
        row("p3", TODAY + timedelta(days=1)),
    ]
    assert holders_on(rows, TODAY) == {"joint": ((Role.STEWARD, "p1"), (Role.TECHNICIAN, "p2"))}


days = st.integers(min_value=-20, max_value=40)
spans = st.lists(st.tuples(days, st.one_of(st.none(), st.integers(0, 30))), max_size=8)


@given(spans)
def test_gaps_agree_with_looking_at_every_day(given_spans: list[tuple[int, int | None]]) -> None:
    rows = [
        row(
            "p1",
            TODAY + timedelta(days=start),
            None if length is None else TODAY + timedelta(days=start + length),
        )
        for start, length in given_spans
    ]
    found = gaps([TEAM], rows, TODAY)
    for ahead in range(100):
        day = TODAY + timedelta(days=ahead)
        uncovered = not any(r.holds_on(day) for r in rows)
        told = [g for g in found if g.start_date <= day and (not g.end_date or day <= g.end_date)]
        assert len(told) == uncovered
