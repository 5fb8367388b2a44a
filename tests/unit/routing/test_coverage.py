"""No blind spot (无盲区、全覆盖): who holds what, and where nobody does, to the day.

The gaps are checked against a second reckoning that looks at one day after the other.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.absences import Absence
from services.routing.domain.coverage import (
    Gap,
    Held,
    Organisation,
    Span,
    gaps,
    held_on,
    missing_on,
    spans,
)
from services.routing.domain.days import Days
from services.routing.domain.directory import Person, Requirement, Unit
from services.routing.domain.matrix import Responsibility, check
from services.routing.domain.roles import DEFAULT_REQUIREMENTS, Role, UnitKind

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
TEAM = Unit("team", "一队", UnitKind.TEAM)
JOINT = Unit("joint", "联建一队", UnitKind.JOINT_TEAM)
PEOPLE = tuple(Person(f"p{number}", "") for number in range(1, 6))


def row(
    person: str,
    start: date = TODAY,
    end: date | None = None,
    *,
    unit: str = "team",
    role: Role = Role.STEWARD,
    deputy: str = "",
) -> Responsibility:
    return Responsibility(unit, role, person, start, end, deputy)


def away(person: str, first: date, last: date, deputy: str = "") -> Absence:
    return Absence(f"{person}{first}", "yuwu", person, first, last, deputy)


def team(
    *rows: Responsibility,
    people: Sequence[Person] = PEOPLE,
    absences: Sequence[Absence] = (),
    unit: Unit = TEAM,
) -> Organisation:
    return Organisation((unit,), people, (), rows, absences)


def gap(start: date, end: date | None, person: str = "") -> Gap:
    return Gap("team", "一队", Role.STEWARD, start, end, person)


def test_an_open_row_from_today_covers_a_team() -> None:
    assert gaps(team(row("p1")), TODAY) == []


def test_a_unit_without_a_row_has_a_gap_without_end() -> None:
    assert gaps(team(), TODAY) == [gap(TODAY, None)]


def test_a_joint_team_needs_instructor_and_technician_too() -> None:
    held = [row("p1", unit="joint"), row("p2", unit="joint", role=Role.TECHNICIAN)]
    assert [g.role for g in gaps(team(*held, unit=JOINT), TODAY)] == [Role.INSTRUCTOR]


def test_a_site_may_require_other_roles() -> None:
    heads = Requirement(UnitKind.TEAM, (Role.STEWARD, Role.HEAD))
    organisation = Organisation((TEAM,), PEOPLE, (heads,), [row("p1")])
    assert [g.role for g in gaps(organisation, TODAY)] == [Role.HEAD]


def test_a_head_is_nowhere_required_and_replaces_nobody() -> None:
    assert [g.role for g in gaps(team(row("p1", role=Role.HEAD)), TODAY)] == [Role.STEWARD]


def test_days_between_rows_and_after_the_last_are_gaps() -> None:
    rows = [
        row("p2", date(2026, 12, 5), date(2026, 12, 31)),
        row("p1", date(2026, 1, 1), date(2026, 12, 1)),
    ]
    assert gaps(team(*rows), TODAY) == [
        gap(date(2026, 12, 2), date(2026, 12, 4)),
        gap(date(2027, 1, 1), None),
    ]
    assert gaps(team(*rows), TODAY, date(2026, 12, 3)) == [
        gap(date(2026, 12, 2), date(2026, 12, 3))
    ]


def test_rows_that_meet_leave_no_gap_and_the_past_asks_for_none() -> None:
    rows = [row("p1", TODAY, date(2026, 12, 1)), row("p2", date(2026, 12, 2))]
    assert gaps(team(*rows), TODAY) == []


def test_the_last_day_of_the_calendar_is_as_good_as_open() -> None:
    assert gaps(team(row("p1", TODAY, date.max)), TODAY) == []


def test_a_unit_needs_nobody_before_it_is_there_and_after() -> None:
    unit = Unit("team", "一队", UnitKind.TEAM, days=Days(TODAY + DAY, TODAY + 3 * DAY))
    assert gaps(team(unit=unit), TODAY) == [gap(TODAY + DAY, TODAY + 3 * DAY)]
    assert gaps(team(row("p1", TODAY + DAY, TODAY + 3 * DAY), unit=unit), TODAY) == []
    assert held_on(team(row("p1"), unit=unit), TODAY) == {}


def test_whoever_leaves_leaves_a_gap_that_bears_their_name_and_no_deputy_inherits_it() -> None:
    people = (Person("p1", "", days=Days(None, TODAY + DAY)), Person("p2", ""))
    organisation = team(row("p1", deputy="p2"), people=people)
    assert gaps(organisation, TODAY) == [gap(TODAY + 2 * DAY, None, "p1")]
    assert held_on(organisation, TODAY + DAY) == {"team": (Held(Role.STEWARD, "p1"),)}
    assert held_on(organisation, TODAY + 2 * DAY) == {}


def test_a_stranger_holds_nothing() -> None:
    assert gaps(team(row("nobody")), TODAY) == [gap(TODAY, None, "nobody")]


def test_a_deputy_stands_in_for_the_days_of_an_absence_only() -> None:
    absence = away("p1", TODAY + DAY, TODAY + 2 * DAY)
    organisation = team(row("p1", deputy="p2"), absences=[absence])
    assert gaps(organisation, TODAY) == []
    held = [held_on(organisation, TODAY + ahead * DAY)["team"][0] for ahead in range(4)]
    assert held == [
        Held(Role.STEWARD, "p1"),
        Held(Role.STEWARD, "p2", "p1"),
        Held(Role.STEWARD, "p2", "p1"),
        Held(Role.STEWARD, "p1"),
    ]


def test_the_deputy_of_the_absence_goes_before_the_one_of_the_row() -> None:
    absence = away("p1", TODAY, TODAY, "p3")
    organisation = team(row("p1", deputy="p2"), absences=[absence])
    assert held_on(organisation, TODAY) == {"team": (Held(Role.STEWARD, "p3", "p1"),)}


def test_an_absence_without_a_deputy_who_is_there_is_a_gap() -> None:
    last = TODAY + 4 * DAY
    alone = away("p1", TODAY, last)
    assert gaps(team(row("p1"), absences=[alone]), TODAY) == [gap(TODAY, last, "p1")]
    both = [alone, away("p2", TODAY + 2 * DAY, TODAY + 9 * DAY)]
    assert gaps(team(row("p1", deputy="p2"), absences=both), TODAY) == [
        gap(TODAY + 2 * DAY, last, "p1")
    ]


def test_gaps_of_two_people_are_told_apart_and_those_of_one_together() -> None:
    rows = [row("p1", TODAY, TODAY + DAY), row("p2", TODAY + 2 * DAY)]
    absences = [
        away("p1", TODAY, TODAY),
        away("p1", TODAY + DAY, TODAY + DAY),
        away("p2", TODAY + 2 * DAY, TODAY + 2 * DAY),
    ]
    assert gaps(team(*rows, absences=absences), TODAY) == [
        gap(TODAY, TODAY + DAY, "p1"),
        gap(TODAY + 2 * DAY, TODAY + 2 * DAY, "p2"),
    ]


def test_a_gap_is_told_in_both_languages_with_whoever_leaves_it() -> None:
    words = gap(TODAY, TODAY + DAY, "p1").words
    assert "一队(team)" in words
    assert "没有包保人员（p1 不在岗）" in words
    assert "team has no STEWARD from 2026-11-23 to 2026-11-24, p1 is away or gone" in words
    assert "p1" not in gap(TODAY, None).words


def test_gaps_open_on_a_day_are_told_to_their_end() -> None:
    organisation = team(row("p1", TODAY + 3 * DAY))
    assert missing_on(organisation, TODAY + DAY) == [gap(TODAY + DAY, TODAY + 2 * DAY)]
    assert missing_on(organisation, TODAY + 3 * DAY) == []


def test_holders_are_told_in_the_order_of_roles_and_the_first_row_counts() -> None:
    rows = [
        row("p2", unit="joint", role=Role.TECHNICIAN),
        row("p1", unit="joint"),
        row("p4", unit="joint"),
        row("p3", TODAY + DAY),
    ]
    held = held_on(Organisation((TEAM, JOINT), PEOPLE, (), rows), TODAY)
    assert held == {"joint": (Held(Role.STEWARD, "p1"), Held(Role.TECHNICIAN, "p2"))}


def test_spans_count_units_of_stewards_and_of_those_who_stand_in() -> None:
    units = tuple(Unit(f"u{n}", "", UnitKind.TEAM) for n in range(4))
    rows = [
        row("p1", unit="u0"),
        row("p1", unit="u1"),
        row("p2", unit="u2"),
        row("p3", unit="u3", deputy="p1"),
        row("p3", unit="u2", role=Role.HEAD),
    ]
    absences = [away("p3", TODAY, TODAY)]
    organisation = Organisation(units, PEOPLE, (), rows, absences)
    assert spans(organisation, TODAY, 2) == [Span("p1", 3, True), Span("p2", 1)]
    assert spans(organisation, TODAY + DAY, 0) == [
        Span("p1", 2),
        Span("p2", 1),
        Span("p3", 1),
    ]


# A second reckoning ----------------------------------------------------------------------------

HORIZON = 45
near = st.integers(-10, 40).map(lambda ahead: TODAY + timedelta(days=ahead))
lengths = st.integers(0, 20).map(lambda days: timedelta(days=days))
people_ids = st.sampled_from(["p0", "p1", "p2", "p3"])
deputies = st.one_of(st.just(""), people_ids)


@st.composite
def days(draw: st.DrawFn) -> Days:
    start = draw(st.one_of(st.none(), near))
    length = draw(st.one_of(st.none(), lengths))
    if start is None or length is None:
        return Days(start, None)
    return Days(start, start + length)


@st.composite
def absences(draw: st.DrawFn) -> list[Absence]:
    """Nobody is away twice at once, as the database sees to."""
    found: list[Absence] = []
    for _ in range(draw(st.integers(0, 5))):
        person, first, length = draw(people_ids), draw(near), draw(lengths)
        last = first + length
        if not any(
            a.person_id == person and a.start_date <= last and first <= a.end_date for a in found
        ):
            found.append(away(person, first, last, draw(deputies)))
    return found


@st.composite
def rows_of(draw: st.DrawFn, unit: str, role: Role) -> list[Responsibility]:
    """Rows without overlaps: each begins after the one before."""
    found = []
    start = draw(near)
    for _ in range(draw(st.integers(0, 3))):
        end = draw(st.one_of(st.none(), lengths.map(start.__add__)))
        found.append(row(draw(people_ids), start, end, unit=unit, role=role, deputy=draw(deputies)))
        if end is None:
            break
        start = end + timedelta(days=draw(st.integers(1, 4)))
    return found


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    units = tuple(
        Unit(f"u{number}", f"{number}队", draw(st.sampled_from(UnitKind)), days=draw(days()))
        for number in range(draw(st.integers(1, 3)))
    )
    people = tuple(Person(f"p{n}", "", days=draw(days())) for n in range(draw(st.integers(1, 4))))
    requirements: tuple[Requirement, ...] = ()
    if draw(st.booleans()):
        requirements = (Requirement(UnitKind.TEAM, (Role.STEWARD, Role.HEAD)),)
    rows = [each for unit in units for role in Role for each in draw(rows_of(unit.unit_id, role))]
    return Organisation(units, people, requirements, rows, draw(absences()))


def holder(organisation: Organisation, unit: Unit, role: Role, day: date) -> str | None:
    """Who holds a role on a day, told from the rules word by word; None for nobody."""
    there = {p.person_id for p in organisation.people if p.days.holds(day)}
    away_now = {a.person_id: a for a in organisation.absences if a.holds(day)}
    for each in organisation.rows:
        if (each.unit_id, each.role) != (unit.unit_id, role) or not each.holds_on(day):
            continue
        if each.person_id not in there:
            return None
        if each.person_id not in away_now:
            return each.person_id
        deputy = away_now[each.person_id].deputy or each.deputy
        return deputy if deputy in there and deputy not in away_now else None
    return None


def uncovered(organisation: Organisation, day: date) -> set[tuple[str, Role]]:
    required = dict(DEFAULT_REQUIREMENTS)
    required.update({each.kind: each.roles for each in organisation.requirements})
    return {
        (unit.unit_id, role)
        for unit in organisation.units
        if unit.days.holds(day)
        for role in required[unit.kind]
        if holder(organisation, unit, role, day) is None
    }


@given(organisations())
def test_gaps_agree_with_looking_at_every_day(organisation: Organisation) -> None:
    found = gaps(organisation, TODAY)
    for ahead in range(HORIZON + 60):
        day = TODAY + timedelta(days=ahead)
        told = [
            (g.unit_id, g.role)
            for g in found
            if g.start_date <= day and (g.end_date is None or day <= g.end_date)
        ]
        assert len(told) == len(set(told))
        assert set(told) == uncovered(organisation, day)


@given(organisations(), st.integers(0, 30), st.integers(0, 30))
def test_gaps_of_a_period_are_the_gaps_within_it(
    organisation: Organisation, ahead: int, length: int
) -> None:
    first = TODAY + timedelta(days=ahead)
    last = first + timedelta(days=length)
    expected = set()
    for each in gaps(organisation, TODAY):
        start = max(each.start_date, first)
        end = min(each.end_date or last, last)
        if start <= end:
            expected.add(each._replace(start_date=start, end_date=end))
    assert set(gaps(organisation, first, last)) == expected


@given(organisations(), near)
def test_holders_agree_with_the_rules_word_by_word(organisation: Organisation, day: date) -> None:
    held = held_on(organisation, day)
    for unit in organisation.units:
        told = {each.role: each.person_id for each in held.get(unit.unit_id, ())}
        for role in Role:
            expected = holder(organisation, unit, role, day) if unit.days.holds(day) else None
            assert told.get(role) == expected


@given(organisations())
def test_what_is_accepted_leaves_no_active_unit_uncovered_on_any_day(
    organisation: Organisation,
) -> None:
    if check(organisation.rows, organisation.units, organisation.people, TODAY):
        return
    open_from = {g.unit_id for g in gaps(organisation, TODAY)}
    covered = tuple(unit for unit in organisation.units if unit.unit_id not in open_from)
    accepted = Organisation(
        covered,
        organisation.people,
        organisation.requirements,
        organisation.rows,
        organisation.absences,
    )
    assert gaps(accepted, TODAY) == []
    for ahead in range(HORIZON + 60):
        assert uncovered(accepted, TODAY + timedelta(days=ahead)) == set()
