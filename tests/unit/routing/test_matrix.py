"""The rows of a matrix are checked against the directory and one another before they count."""

from datetime import date, timedelta

from services.routing.domain.days import Days
from services.routing.domain.directory import Person, Unit
from services.routing.domain.matrix import Responsibility, check
from services.routing.domain.roles import Role, UnitKind

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
UNITS = (Unit("team", "一队", UnitKind.TEAM), Unit("joint", "联建一队", UnitKind.JOINT_TEAM))
PEOPLE = (
    Person("p1", ""),
    Person("p2", ""),
    Person("gone", "", days=Days(None, TODAY - DAY)),
    Person("leaving", "", days=Days(None, TODAY + DAY)),
    Person("coming", "", days=Days(TODAY + DAY, None)),
)


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


def faults(*rows: Responsibility) -> list[str]:
    return [fault.field for fault in check(rows, UNITS, PEOPLE, TODAY)]


def test_overlaps_are_refused_per_unit_and_role() -> None:
    one = row("p1", TODAY, date(2026, 12, 1))
    assert faults(one, row("p2", date(2026, 12, 1))) == ["responsibilities[1].start_date"]
    (told,) = check([row("p2", date(2026, 12, 1)), one], UNITS, PEOPLE, TODAY)
    # By its person and first day: a row has no number where people read it.
    assert f"与 p1 自 {TODAY} 起的一行重叠" in told.zh
    assert f"overlaps with the row of p1 from {TODAY}" in told.en
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
    assert faults(row("p1", TODAY, TODAY - DAY)) == ["responsibilities[0].end_date"]


def test_whoever_has_left_or_not_begun_cant_have_a_row() -> None:
    assert faults(row("gone")) == ["responsibilities[0].person_id"]
    assert faults(row("coming")) == ["responsibilities[0].person_id"]
    assert faults(row("coming", TODAY + DAY)) == []
    assert faults(row("leaving", TODAY, TODAY + DAY)) == []
    assert faults(row("leaving", TODAY + 2 * DAY)) == ["responsibilities[0].person_id"]


def test_rows_that_are_over_are_history_and_may_name_whoever_has_left() -> None:
    assert faults(row("gone", TODAY - 9 * DAY, TODAY - DAY)) == []
    assert faults(row("gone", TODAY - 9 * DAY, TODAY)) == ["responsibilities[0].person_id"]


def test_a_deputy_is_somebody_else_who_is_there_some_day() -> None:
    assert faults(row("p1", deputy="p2")) == []
    assert faults(row("p1", deputy="p1")) == ["responsibilities[0].deputy"]
    assert faults(row("p1", deputy="p9")) == ["responsibilities[0].deputy"]
    assert faults(row("p1", deputy="gone")) == ["responsibilities[0].deputy"]
    assert faults(row("p1", deputy="coming")) == []
    assert faults(row("p1", TODAY, TODAY, deputy="coming")) == ["responsibilities[0].deputy"]
